"""Runbooks: Markdown that comes with the program, as pages.

The renderer knows headings, paragraphs, lists, tables, fenced code, `code`, **bold** and [links](address). All else is
text: there is no way to write HTML in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from importlib.resources import files

from monitor.web.markup import document

_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_ADDRESS = re.compile(r"(https?://|/(?!/)|#)[^\s\"'<>]*\Z|[A-Za-z0-9_-]+\Z")
_ITEM = re.compile(r"(?:[-*]|\d{1,3}[.)]) +(.*)")


def load() -> dict[str, str]:
    """All runbooks by the name of their alert."""
    room = files("monitor") / "runbooks"
    if not room.is_dir():
        return {}
    found = (file for file in room.iterdir() if file.name.endswith(".md"))
    return {file.name.removesuffix(".md"): file.read_text(encoding="utf-8") for file in found}


def runbook_page(name: str, text: str) -> str:
    """One of them."""
    blocks = "\n".join(html(text))
    return document(name, f'<article>\n{blocks}\n</article>\n<p><a href="/runbooks/">All runbooks</a></p>')


def index_page(books: Mapping[str, str]) -> str:
    """All of them, by name."""
    items = "".join(f'<li><a href="/runbooks/{escape(name)}">{escape(name)}</a></li>\n' for name in sorted(books))
    main = f"<h2>Runbooks</h2>\n<ul>\n{items}</ul>" if items else '<p class="soft">There are none.</p>'
    return document("runbooks", main)


def html(text: str) -> Iterator[str]:
    """The blocks of a text."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            end = _next(lines, at + 1, lambda each: each.startswith("```"))
            yield f"<pre>{escape(chr(10).join(lines[at + 1 : end]))}</pre>"
            at = end + 1
        elif not line.strip():
            at += 1
        elif line.startswith("#"):
            marks = len(line) - len(line.lstrip("#"))
            level = min(marks + 1, 4)
            yield f"<h{level}>{_inline(line[marks:].strip())}</h{level}>"
            at += 1
        else:
            end = _next(lines, at, lambda each: not each.strip() or each.startswith(("#", "```")))
            yield _block(lines[at:end])
            at = end


def _next(lines: list[str], start: int, ends: Callable[[str], bool]) -> int:
    return next((place for place in range(start, len(lines)) if ends(lines[place])), len(lines))


def _block(lines: list[str]) -> str:
    """Lines without an empty one between them: a table, a list, or a paragraph and perhaps a list after it."""
    if lines[0].lstrip().startswith("|"):
        return _table(lines)
    first = next((place for place, line in enumerate(lines) if _ITEM.match(line.strip())), len(lines))
    paragraph = f"<p>{_inline(' '.join(map(str.strip, lines[:first])))}</p>" if first else ""
    return paragraph + (_list(lines[first:]) if lines[first:] else "")


def _list(lines: list[str]) -> str:
    """Items; a line that begins none goes on with the one before."""
    items: list[str] = []
    for line in lines:
        item = _ITEM.match(line.strip())
        if item is None:
            items[-1] += f" {line.strip()}"
        else:
            items.append(item[1])
    kind = "ul" if lines[0].strip()[0] in "-*" else "ol"
    return f"<{kind}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{kind}>"


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    shown = [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]
    texts = []
    for number, row in enumerate(shown):
        kind = "td" if number else "th"
        texts.append(f"<tr>{''.join(f'<{kind}>{_inline(cell)}</{kind}>' for cell in row)}</tr>")
    return f'<div class="card"><table>{"".join(texts)}</table></div>'


def _inline(text: str) -> str:
    """What stands in a line; code is not looked into."""
    parts = _CODE.split(text)
    return "".join(f"<code>{escape(part)}</code>" if odd % 2 else _worded(part) for odd, part in enumerate(parts))


def _worded(text: str) -> str:
    parts: list[str] = []
    end = 0
    for link in _LINK.finditer(text):
        parts.append(_bold(text[end : link.start()]))
        words, address = link.groups()
        if _ADDRESS.match(address):
            parts.append(f'<a href="{escape(address)}" rel="noreferrer">{_bold(words)}</a>')
        else:
            parts.append(_bold(words))
        end = link.end()
    return "".join(parts) + _bold(text[end:])


def _bold(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", escape(text))
