"""Runbooks as pages: Markdown as people write it, and no way to write HTML in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.web import runbooks
from monitor.web.runbooks import html, index_page
from tests.unit.web.staging import staged, tags


def rendered(text: str) -> str:
    return "".join(html(text))


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("# One\n## Two\n##### Deep", "<h2>One</h2><h3>Two</h3><h4>Deep</h4>"),
        ("one\ntwo\n\nthree", "<p>one two</p><p>three</p>"),
        ("- one\n  goes on\n- two", "<ul><li>one goes on</li><li>two</li></ul>"),
        ("1. one\n2) two", "<ol><li>one</li><li>two</li></ol>"),
        ("Do:\n- this", "<p>Do:</p><ul><li>this</li></ul>"),
        ("```sh\na < b\n\n# no heading\n```\nafter", "<pre>a &lt; b\n\n# no heading</pre><p>after</p>"),
        ("```\nnever closed", "<pre>never closed</pre>"),
        ("use `a < **b**` and **c**", "<p>use <code>a &lt; **b**</code> and <b>c</b></p>"),
        ("[here](/metrics)", '<p><a href="/metrics" rel="noreferrer">here</a></p>'),
        ("[it](MarginwatchDrift).", '<p><a href="MarginwatchDrift" rel="noreferrer">it</a>.</p>'),
        ("[a **b**](https://e.org/?x&y)", '<p><a href="https://e.org/?x&amp;y" rel="noreferrer">a <b>b</b></a></p>'),
        ("a < b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
        (
            "| a | b |\n|---|:-:|\n| 1 | `2` |",
            '<div class="card"><table><tr><th>a</th><th>b</th></tr>'
            "<tr><td>1</td><td><code>2</code></td></tr></table></div>",
        ),
        ("", ""),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_shown(text: str, markup: str) -> None:
    assert rendered(text) == markup


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x", "JAVASCRIPT:x", 'x"onclick="y'],
)
def test_an_address_that_is_not_one_of_a_page_is_no_link(address: str) -> None:
    text = rendered(f"[here]({address})")

    assert "<a" not in text
    assert "here" in text


@given(st.text("<>a&\"'`*[]()|-# \n1.:/", max_size=80))
def test_whatever_is_written_only_our_own_elements_come_out(text: str) -> None:
    ours = {"h2", "h3", "h4", "p", "ul", "ol", "li", "pre", "code", "b", "a", "div", "table", "tr", "th", "td"}

    assert tags(rendered(text)) <= ours


async def test_each_is_served_by_the_name_of_its_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runbooks, "load", lambda: {"MarginwatchDrift": "# Drift\n\nCompare."})
    async with staged() as stage:
        book = await stage.ask("GET", "/runbooks/MarginwatchDrift")
        every = await stage.ask("GET", "/runbooks/")
        short = await stage.ask("GET", "/runbooks")
        none = await stage.ask("GET", "/runbooks/Marginwatch")
        outside = await stage.ask("GET", "/runbooks/..%2f..%2fpyproject")

    assert (book.status, book.content_type, "<p>Compare.</p>" in await book.text()) == (200, "text/html", True)
    assert '<a href="/runbooks/MarginwatchDrift">' in await every.text()
    assert await short.text() == await every.text()
    assert (none.status, outside.status) == (404, 404)


def test_without_any_the_list_says_so() -> None:
    assert "There are none." in index_page({})


def test_those_that_come_with_the_program_can_be_read() -> None:
    assert all(name.startswith("Marginwatch") and rendered(text) for name, text in runbooks.load().items())
