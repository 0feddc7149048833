"""Every page of the documentation leads only to what is there: files, and headings of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "monitor/venues/*/README.md", "tests/complaints/*.md", "deploy/**/*.md")
    for page in ROOT.glob(pattern)
    if "node_modules" not in page.parts
)
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+\s+(.+?)\s*$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Of all headings, as GitHub and site generators make them."""
    text = _CODE.sub("", page.read_text())
    words = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text))
    return set(words)


def test_the_readme_and_the_documentation_are_looked_at() -> None:
    assert {"README.md", "docs/alerts.md", "monitor/venues/binance/README.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_to_a_file_and_a_heading_that_are_there(page: str) -> None:
    astray = []
    for link in _LINK.findall(_CODE.sub("", (ROOT / page).read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            astray.append(link)
    assert astray == []
