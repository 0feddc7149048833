"""One browser and one demo for all pages that are looked at; a test that stops its demo starts its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.rig import Demo, chromium, free_port


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose market falls within half a minute."""
    one = Demo(free_port(), tmp_path_factory.mktemp("demo") / "log")
    try:
        yield one.ready()
    finally:
        one.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. It ends with this package: a running one would bar other tests of this process from having a loop."""
    with sync_playwright() as playwright:
        one = chromium(playwright)
        try:
            yield one
        finally:
            one.close()
