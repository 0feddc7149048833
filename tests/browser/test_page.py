"""The live page in a real browser: what a crash looks like, alerts, keys, a monitor that goes away and comes back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.rig import DESKTOP, PATIENCE_MS, PHONE, WALL, Demo, free_port, tab

expect.set_options(timeout=PATIENCE_MS)
OPTION = "#pools [role=option]"
#: The browser's own words, when nobody answers any more.
NOBODY_ANSWERS = r"Failed to load resource: net::ERR_|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING"


def test_the_page_shows_pools_at_once_and_says_that_it_is_live(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        one.open()
        expect(one.page.locator("#live")).to_have_attribute("data-live", "true")
        expect(one.page.locator(OPTION)).to_have_count(6)
        named = [row.get_attribute("data-pool") for row in one.page.locator(OPTION).all()]
        assert "binance/main/cross:USDT" in named


@pytest.mark.parametrize("size", [PHONE, (768, 1024), DESKTOP, WALL], ids=["phone", "tablet", "desktop", "wall"])
def test_the_page_is_never_wider_than_its_window(browser: Browser, demo: Demo, size: tuple[int, int]) -> None:
    with tab(browser, demo.url, size) as one:
        one.open()
        assert one.wider_than_itself() <= 0
        one.picture(f"page {size[0]} light")


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
        page.keyboard.type("multi-assets")
        expect(page.locator(OPTION)).to_have_count(2)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()


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


def test_a_crash_is_shown_and_acknowledged_and_a_monitor_that_goes_away_comes_back(
    browser: Browser, tmp_path: Path
) -> None:
    """One story, because a demo whose market has yet to fall costs a start and half a minute."""
    first = Demo(free_port(), tmp_path / "log").ready()
    second = None
    try:
        with tab(browser, first.url, theme="dark", expected=NOBODY_ANSWERS) as one:
            page = one.open().page
            fallen = page.locator(f'{OPTION}[data-pool="binance/main/cross:USDT"]')
            expect(fallen).to_have_attribute("data-level", "critical", timeout=60_000)
            expect(page.locator("#verdict")).to_have_attribute("data-level", "critical")
            one.picture("crash dark")
            acknowledged(page, first.url)

            first.stop()
            expect(page.locator("#live")).to_have_attribute("data-live", "false")
            expect(page.locator("#live")).to_contain_text("not live")
            expect(page.locator("#verdict")).to_have_attribute("data-level", "old")
            expect(page.locator("body")).to_have_attribute("data-old", "true")
            one.picture("monitor gone")

            second = Demo(first.port, tmp_path / "log").ready()
            expect(page.locator("#live")).to_have_attribute("data-live", "true", timeout=60_000)
            expect(page.locator("body")).to_have_attribute("data-old", "false")
            expect(page.locator("#verdict")).not_to_have_attribute("data-level", "old")
    finally:
        first.stop()
        if second is not None:
            second.stop()


def acknowledged(page: Page, url: str) -> None:
    """Acknowledge a critical alert by its button; the monitor must know of it."""
    alert = page.locator("#alerts li[data-level=critical]").first
    fingerprint = alert.get_attribute("data-fingerprint")
    this = page.locator(f'#alerts li[data-fingerprint="{fingerprint}"]')
    this.get_by_role("button", name="Acknowledge").click()
    this.locator("form input:not([type=checkbox])").first.fill("Ada")
    this.locator("form button:not(.quiet)").first.click()
    expect(this).to_have_attribute("data-state", "acknowledged")
    stored = page.request.get(url + "/api/v1/alerts").json()["alerts"]
    assert [each["state"] for each in stored if each["fingerprint"] == fingerprint] == ["acknowledged"]
