"""The live page in a real browser: what a crash looks like, alerts, keys, a monitor that goes away and comes back.

The demo goes through its story meanwhile: no test but those of the story may care how far it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.rig import DESKTOP, PATIENCE_MS, PHONE, WALL, Demo, free_port, tab

expect.set_options(timeout=PATIENCE_MS)
OPTION = "#pools [role=option]"
POOL = "binance/main/cross:USDT"
#: The browser's own words, when nobody answers any more.
NOBODY_ANSWERS = r"Failed to load resource: net::ERR_|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING"


def test_the_page_shows_pools_at_once_and_is_never_wider_than_its_window(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        one.open()
        expect(one.page.locator("#live")).to_have_attribute("data-live", "true")
        expect(one.page.locator(f'{OPTION}[data-pool="{POOL}"]')).to_be_visible()
        for size in (PHONE, (768, 1024), DESKTOP, WALL):
            one.page.set_viewport_size({"width": size[0], "height": size[1]})
            assert one.wider_than_itself() <= 0, size
            one.picture(f"page {size[0]} light")


def test_rows_stand_in_the_document_as_on_the_screen(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        one.open()
        expect(one.page.locator(OPTION).first).to_be_visible()
        order = one.page.locator(OPTION).evaluate_all("all => all.map(each => Number(each.ariaPosInSet))")
        assert order == sorted(order)


def test_keys_go_through_the_list_open_a_pool_find_one_and_close_it(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page
        page.keyboard.press("j")
        page.keyboard.press("j")
        chosen = page.locator(f"{OPTION}[aria-selected=true]").get_attribute("data-pool")
        page.keyboard.press("Enter")
        expect(page.locator("#detail")).to_have_attribute("data-pool", str(chosen))
        expect(page.locator("#detail")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#detail")).to_be_hidden()
        page.keyboard.press("/")
        page.keyboard.type("binance multi-assets")
        expect(page.locator(OPTION)).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator("#pools")).to_be_focused()
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()


def test_a_drawer_keeps_the_focus_and_gives_it_back(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page
        page.locator("#stress-open").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#stress")).to_be_focused()
        for _ in range(30):
            page.keyboard.press("Tab")
            inside = page.evaluate(
                "document.activeElement === document.body || document.activeElement.closest('#stress') !== null"
            )
            assert inside, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        page.keyboard.press("Escape")
        expect(page.locator("#stress-open")).to_be_focused()


def test_the_address_opens_a_section_a_drawer_or_a_pool_and_says_what_is_open(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, PHONE) as one:
        page = one.open("/#alerts").page
        expect(page.locator("[data-panel=alerts]")).to_be_visible()
        expect(page.locator("[data-panel=pools]")).to_be_hidden()
        for name in ("groups", "feeds", "pools"):
            page.evaluate(f"location.hash = '{name}'")
            expect(page.locator(f"[data-panel={name}]")).to_be_visible()
        for name in ("whatif", "stress"):
            page.evaluate(f"location.hash = '{name}'")
            expect(page.locator(f"#{name}")).to_be_visible()
        page.evaluate(f"location.hash = 'pool={POOL.replace(':', '%3A')}'")
        expect(page.locator("#detail")).to_have_attribute("data-pool", POOL)
        assert page.evaluate("location.hash") == f"#pool={POOL}"
        page.evaluate("location.hash = 'pool=no/such/pool'")
        expect(page.locator("#notices")).to_contain_text("There is no pool no/such/pool")


def test_the_chosen_theme_is_kept_and_the_system_s_is_the_first(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, theme="dark") as one:
        page = one.open().page
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.locator("#theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_policy_forbids_what_the_page_does_not_need(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, expected="Content Security Policy|Refused") as one:
        page = one.open().page
        broken = page.evaluate(
            """() => new Promise((resolve) => {
              document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
              const script = document.createElement("script");
              script.textContent = "globalThis.broken = true";
              document.head.append(script);
            })"""
        )
        assert broken == "script-src-elem"
        assert page.evaluate("globalThis.broken") is None
        policy = page.request.get(demo.url + "/").headers["content-security-policy"]
        assert "unsafe" not in policy
        assert re.search(r"frame-ancestors 'none'", policy)


def test_without_scripts_the_page_leads_to_one_that_needs_none(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(demo.url + "/")
        page.locator("noscript a, .noscript a").first.click()
        page.wait_for_url("**/plain")
        assert "cross:USDT" in page.locator("body").inner_text()
    finally:
        context.close()


def test_a_monitor_that_goes_away_is_said_and_one_that_comes_back_is_followed(browser: Browser, tmp_path: Path) -> None:
    first = Demo(free_port(), tmp_path / "log").ready()
    second = None
    try:
        with tab(browser, first.url, expected=NOBODY_ANSWERS) as one:
            page = one.open().page
            expect(page.locator("#live")).to_have_attribute("data-live", "true")
            first.stop()
            expect(page.locator("#live")).to_have_attribute("data-live", "false")
            expect(page.locator("#verdict")).to_have_attribute("data-level", "old")
            expect(page.locator("#verdict")).to_contain_text("Not live since")
            expect(page.locator("body")).to_have_attribute("data-old", "true")
            one.picture("monitor gone")

            second = Demo(first.port, tmp_path / "log").ready()
            expect(page.locator("#live")).to_have_attribute("data-live", "true")
            expect(page.locator("body")).to_have_attribute("data-old", "false")
            expect(page.locator("#verdict")).not_to_have_attribute("data-level", "old")
    finally:
        first.stop()
        if second is not None:
            second.stop()


def test_a_crash_is_shown_and_its_alert_acknowledged(browser: Browser, demo: Demo) -> None:
    """The last one here: until now the demo's market has fallen, or nearly so."""
    with tab(browser, demo.url, theme="dark") as one:
        page = one.open().page
        expect(page.locator("#alerts li[data-level=critical][data-state=firing]").first).to_be_visible(timeout=60_000)
        expect(page.locator("#verdict")).to_have_attribute("data-level", "critical")
        one.picture("crash dark")
        acknowledged(page, demo.url)


def acknowledged(page: Page, url: str) -> None:
    """Acknowledge a critical alert by its key and its form; the monitor must know of it."""
    page.keyboard.press("a")
    form = page.locator("#alerts form")
    fingerprint = page.locator("#alerts li:has(form)").get_attribute("data-fingerprint")
    this = page.locator(f'#alerts li[data-fingerprint="{fingerprint}"]')
    form.get_by_label("Your name").fill("Ada")
    form.get_by_role("button", name="Acknowledge").click()
    expect(this).to_have_attribute("data-state", "acknowledged")
    stored = page.request.get(url + "/api/v1/alerts").json()["alerts"]
    assert [each["state"] for each in stored if each["fingerprint"] == fingerprint] == ["acknowledged"]


@pytest.mark.soak
def test_the_whole_fall_brings_a_pool_near_liquidation(browser: Browser, tmp_path: Path) -> None:
    own = Demo(free_port(), tmp_path / "log").ready()
    try:
        with tab(browser, own.url, theme="dark") as one:
            fallen = one.open().page.locator(f'{OPTION}[data-pool="{POOL}"]')
            expect(fallen).to_have_attribute("data-level", "critical", timeout=90_000)
            expect(one.page.locator("#verdict")).to_have_attribute("data-level", "critical")
    finally:
        own.stop()
