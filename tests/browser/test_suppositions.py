"""Health curve, what-if and stress on the page: drawn, read by keyboard, and the same figures as the API's."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.rig import PATIENCE_MS, PHONE, Demo, tab

expect.set_options(timeout=PATIENCE_MS)
POOL = "binance/main/cross:USDT"


def opened(page: Page) -> None:
    """Open a pool that has two coins."""
    page.locator(f'#pools [role=option][data-pool="{POOL}"]').click()
    expect(page.locator("#detail .curve-plot canvas")).to_be_visible()


def test_an_opened_pool_draws_its_curve_and_says_it_in_words(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page
        opened(page)
        expect(page.locator(".curve-summary li").first).to_contain_text("iquidated")
        drawn = page.evaluate(
            """() => { const canvas = document.querySelector(".curve-plot canvas");
              const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              const colours = new Set();
              for (let place = 0; place < all.length; place += 4)
                if (all[place + 3] > 250) colours.add(all.slice(place, place + 3).join());
              return colours.size; }"""
        )
        assert drawn > 10, "axes, lines, bands and labels have colours of their own"
        one.picture("curve light")


def test_the_curve_is_read_by_keyboard_and_as_a_table_for_any_coin(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, PHONE) as one:
        page = one.open().page
        opened(page)
        page.locator(".curve-tools select").first.select_option("BTC")
        expect(page.locator(".curve-reading")).to_contain_text("Today at")
        slider = page.locator(".curve input[type=range]")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".curve-reading")).to_contain_text("BTC −")
        assert slider.get_attribute("aria-valuetext") == page.locator(".curve-reading").inner_text()
        page.locator(".curve details summary").click()
        expect(page.locator(".curve-table thead th")).to_have_text(
            ["Move", "Price", "Equity, USD", "Required, USD", "Liquidated"]
        )
        rows = page.locator(".curve-table tbody tr")
        assert "yes" in rows.first.inner_text(), "far down it is liquidated"
        assert "no" in rows.last.inner_text()
        assert one.wider_than_itself() <= 0
        one.picture("curve phone")


def test_a_curve_that_cannot_be_had_is_said_and_no_old_one_stays(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, expected="503") as one:
        page = one.open().page
        opened(page)
        page.route("**/api/v1/curve?**", lambda route: route.fulfill(status=503, json={"error": {"cure": "try again"}}))
        page.locator(".curve-tools select").first.select_option("BTC")
        expect(page.locator(".curve .trouble")).to_contain_text("try again")
        expect(page.locator(".curve-plot")).to_be_hidden()


@pytest.mark.soak
def test_unknown_points_of_a_curve_are_gaps_and_read_as_unknown(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page

        def blind(route: Route) -> None:
            answer = page.request.get(route.request.url).json()
            nothing = [None] * len(answer["move"])
            answer |= {"equity_usd": nothing, "requirement_usd": nothing, "quality": "UNKNOWN", "reasons": ["no mark"]}
            answer["line"] = {side: {"state": "unknown", "reasons": ["no mark"]} for side in ("down", "up")}
            route.fulfill(json=answer)

        page.route("**/api/v1/curve?**", blind)
        page.locator(f'#pools [role=option][data-pool="{POOL}"]').click()
        expect(page.locator(".curve-summary")).to_contain_text("Quality UNKNOWN: no mark.")
        expect(page.locator(".curve-summary")).to_contain_text("not known if")
        expect(page.locator(".curve-plot")).to_be_hidden()


def test_a_supposed_fall_names_what_is_liquidated_first(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page
        page.keyboard.press("w")
        page.get_by_label("All coins move, %").fill("-60")
        expect(page.locator(".outcome")).to_have_attribute("data-level", "critical")
        expect(page.locator(".outcome-text")).to_contain_text("would be liquidated")
        expect(page.locator("#whatif ol.order li").first).to_contain_text("takes")
        one.picture("whatif fall")
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(".outcome")).to_have_count(0)


@pytest.mark.soak
def test_collateral_is_added_and_before_and_after_stand_side_by_side(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page
        opened(page)
        page.keyboard.press("w")
        drawer = page.locator("#whatif")
        drawer.get_by_role("button", name="+ collateral").click()
        edit = drawer.locator("[data-do=collateral]").last
        expect(edit.get_by_label("Account")).to_have_value("binance/main")
        edit.get_by_label("Amount").fill("5000")
        for unwanted in drawer.locator("[data-do=close] .remove").all():
            unwanted.click()
        expect(drawer.locator(".answer")).to_contain_text("becomes")
        expect(drawer.locator(".answer")).to_contain_text("cross:USDT")
        expect(drawer.locator(".answer")).to_contain_text("What was assumed")
        one.picture("whatif light")


@pytest.mark.soak
def test_a_mistake_is_named_and_nothing_is_shown_for_it(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, expected="400") as one:
        page = one.open().page
        page.keyboard.press("w")
        page.get_by_label("Single coins, %").fill("BTC minus twelve")
        expect(page.locator("#whatif .trouble")).to_contain_text("write it as BTC -12")
        page.get_by_label("Single coins, %").fill("BTC -250")
        expect(page.locator("#whatif .trouble")).to_contain_text("moves.BTC")


def test_the_stress_map_says_in_each_cell_what_its_colour_means(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url) as one:
        page = one.open().page
        page.keyboard.press("s")
        expect(page.locator(".heat-map tbody tr").first).to_be_visible()
        cells = page.locator(".heat-map td")
        assert all(text.strip() for text in cells.all_inner_texts())
        gone = page.locator(".heat-map td[data-heat=gone]")
        assert gone.count() > 0, "half of all prices liquidates something"
        assert "liquidated" in (gone.first.text_content() or "")
        page.locator(".heat-head").first.click()
        expect(page.locator(".scenario h3")).to_have_text("market \u221250%")
        expect(page.locator(".scenario .order li").first).to_contain_text("takes")
        one.picture("stress light")


@pytest.mark.soak
def test_crashes_that_happened_name_their_source_and_fit_a_phone(browser: Browser, demo: Demo) -> None:
    with tab(browser, demo.url, PHONE) as one:
        page = one.open().page
        page.keyboard.press("s")
        page.get_by_role("button", name="Crashes that happened").click()
        page.locator(".heat-head", has_text="2020-03-12").click()
        expect(page.locator(".scenario")).to_contain_text("Source:")
        page.get_by_role("button", name="groups", exact=True).click()
        expect(page.locator(".heat-map tbody tr")).to_have_count(1)
        assert one.wider_than_itself() <= 0
        one.picture("stress phone")
