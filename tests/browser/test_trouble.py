"""What a page does that is told nonsense, strange names, nothing at all, or that it may not do something."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.rig import PATIENCE_MS, PHONE, Demo, tab

expect.set_options(timeout=PATIENCE_MS)
MARKUP = '<img src=x onerror="globalThis.broken=1"><script>globalThis.broken=1</script>'
HUGE, TINY = 1.234e12, 1e-9
UNKNOWN = {"state": "unknown", "reasons": [f"no mark of {MARKUP}"]}


def test_names_are_text_and_what_is_not_known_is_never_nought(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, PHONE, expected="status of 40[04]") as one:  # there is no curve of such a pool
        document = one.said()
        account = next(each for each in document["accounts"] if each["pools"])
        pool = account["pools"][0]
        account["account"], pool["pool"] = f"\u202e{MARKUP}", f"isolated:{MARKUP * 3}"
        pool |= {"quality": "UNKNOWN", "reasons": [MARKUP], "margin_ratio": UNKNOWN, "equity_usd": None}
        pool |= {"required_usd": None, "funds_at_risk_usd": None, "effective_leverage": UNKNOWN}
        pool["coins"] = {MARKUP: {"down": UNKNOWN, "up": UNKNOWN}}
        pool["market"] = {"down": UNKNOWN, "up": UNKNOWN}
        for position in pool["positions"]:
            position |= {"symbol": MARKUP, "liquidation": UNKNOWN, "mark_price": None, "notional_usd": None}
            position |= {"quantity": TINY, "entry_price": HUGE, "unrealized_pnl_usd": None, "leverage": None}
        one.tell_documents(document | {"accounts": [account], "alerts": [], "groups": []})
        page = one.open().page
        row = page.locator("#pools [role=option]").first
        expect(row).to_have_attribute("data-level", "blind")
        assert "unknown" in row.inner_text()
        row.click()
        expect(page.locator("#detail-title")).to_contain_text(MARKUP)
        assert "unknown" in page.locator("#detail .glance").inner_text()
        assert page.locator("#detail img, #pools img, #verdict img, #pools script").count() == 0
        assert page.evaluate("globalThis.broken") is None
        assert one.wider_than_itself() <= 0


def test_a_stream_of_garbage_is_said_and_asking_takes_its_place(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        garbage = ("event: snapshot\ndata: {", 'event: change\ndata: {"accounts": 7}', "event: snapshot\ndata: []")
        one.tell(*garbage)
        page = one.open().page
        expect(page.locator("#notices")).to_contain_text("events of the stream could not be read")
        expect(page.locator("#live")).to_have_attribute("data-live", "true")
        expect(page.locator("#pools [role=option]").first).to_be_visible()


def test_a_monitor_of_another_version_offers_its_own_page(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        document = one.said()
        later = document | {"version": "99.0", "started": document["started"] + 1}
        one.tell_documents(document, later)
        page = one.open().page
        expect(page.locator("#notices")).to_contain_text("The monitor is now version 99.0")
        expect(page.locator("#notices").get_by_role("button", name="Reload")).to_be_visible()


def test_who_may_not_change_anything_sees_no_buttons_and_why(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        why = "changes are made on the monitor's own machine"
        one.page.route(
            "**/api/v1/session",
            lambda route: route.fulfill(json={"may_change": False, "nonce": "", "login": False, "why_not": why}),
        )
        document = one.said()
        alert = {
            "rule": "margin_ratio",
            "severity": "critical",
            "labels": {},
            "since": document["at"],
            "state": "firing",
        }
        alert |= {"summary": "near liquidation", "text": "near", "fingerprint": "abc", "name": "MarginwatchMarginRatio"}
        one.tell_documents(document | {"alerts": [alert]})
        page = one.open().page
        expect(page.locator("#may")).to_have_text(why)
        expect(page.locator("#alerts li")).to_contain_text("near liquidation")
        expect(page.locator("#alerts").get_by_role("button", name="Acknowledge")).to_have_count(0)
        expect(page.locator("#alerts").get_by_role("button", name="Silence")).to_have_count(0)
        page.keyboard.press("a")
        expect(page.locator("#notices")).to_contain_text(why)


def test_a_monitor_without_accounts_says_that_nothing_is_open(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        nothing: dict[str, object] = {"accounts": [], "alerts": [], "groups": [], "feeds": [], "ready": True}
        one.tell_documents(one.said() | nothing)
        page = one.open().page
        expect(page.locator("#verdict")).to_contain_text("No open pool")
        expect(page.locator("#pools-empty")).to_have_text("No pool is open.")
        expect(page.locator("#alerts-empty")).to_be_visible()


def test_whose_login_has_ended_is_led_to_the_form(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, expected="status of 401|status of 404") as one:  # the form has no icon
        page = one.page
        refused = {"status": 401, "headers": {"WWW-Authenticate": 'Bearer realm="marginwatch"'}, "body": "{}"}
        for path in ("stream", "pools"):
            page.route(f"**/api/v1/{path}", lambda route: route.fulfill(**refused))
        page.goto(one.url)
        page.wait_for_url(f"{one.url}/login?next=/")
