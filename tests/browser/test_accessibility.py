"""What axe finds in the page: nothing serious, in either theme, on a phone and on a desktop, whatever is open."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.rig import DESKTOP, PATIENCE_MS, PHONE, Demo, tab

expect.set_options(timeout=PATIENCE_MS)
#: Both sizes and both themes; all pairs but one in the long run.
LOOKS = [
    pytest.param(PHONE, "dark", id="phone dark"),
    pytest.param(PHONE, "light", id="phone light", marks=pytest.mark.soak),
    pytest.param(DESKTOP, "dark", id="desktop dark", marks=pytest.mark.soak),
    pytest.param(DESKTOP, "light", id="desktop light", marks=pytest.mark.soak),
]


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_nothing_serious_is_wrong_with_the_page_a_pool_what_if_and_stress(
    browser: Browser, demo: Demo, size: tuple[int, int], theme: str
) -> None:
    with tab(browser, demo.url, size, theme) as one:
        page = one.open().page
        found = {"page": one.faults()}
        one.picture(f"page {size[0]} {theme}")
        page.locator("#pools [role=option]").first.click()
        expect(page.locator(".curve-plot canvas")).to_be_visible()
        page.locator(".curve details summary").click()
        one.picture(f"pool {size[0]} {theme}")
        found["pool"] = one.faults(within="#detail")
        page.keyboard.press("w")
        page.get_by_label("All coins move, %").fill("-30")
        expect(page.locator(".outcome")).to_be_visible()
        one.picture(f"whatif {size[0]} {theme}")
        found["what if"] = one.faults(within="#whatif")
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        expect(page.locator(".heat-map")).to_be_visible()
        one.picture(f"stress {size[0]} {theme}")
        found["stress"] = one.faults(within="#stress")
        assert found == {"page": [], "pool": [], "what if": [], "stress": []}
