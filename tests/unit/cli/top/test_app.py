"""The terminal driven by keys: what it shows, when it turns grey, and what it tells the monitor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.cli.codes import NotAllowed
from monitor.cli.top.painted import Line
from monitor.cli.top.picture import SILENCE_SECONDS, Row
from monitor.cli.top.pools import Pools
from monitor.cli.top.views import Scene
from monitor.domain.alerts import AlertState
from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey
from tests.sample_reports import NOW, account, pool, view
from tests.unit.cli.top.rig import Fake, opened, watching
from tests.unit.cli.top.scenes import LEVELS, calm, document
from tests.unit.cli.top.test_plot import answer
from tests.unit.web.staging import alert

MANY = calm(
    accounts=(
        account(pool("cross:USDT", ratio=Ratio.of(0.3)), pool("cross:USDC", ratio=Ratio.of(0.7))),
        account(pool("isolated:SOLUSDT:long", ratio=Ratio.of(0.5)), key=AccountKey("okx", "desk")),
    )
)


async def test_pools_are_listed_the_most_dangerous_first() -> None:
    async with watching(MANY) as (screen, _):
        text = await screen.shows("cross:USDC", "cross:USDT", "SOLUSDT:long", "1 critical")
        assert text.index("cross:USDC") < text.index("SOLUSDT:long") < text.index("cross:USDT")


async def test_a_row_that_was_chosen_stays_so_wherever_it_goes_and_home_follows_the_first_again() -> None:
    async with watching(MANY) as (screen, monitor):
        await screen.press("down")
        await screen.until(lambda: any("reverse" in style for style in screen.styles_of("SOLUSDT:long")))
        first, second = MANY.accounts
        worse = account(pool("isolated:SOLUSDT:long", ratio=Ratio.of(0.9)), key=second.key)
        monitor.says(replace(MANY, at=NOW + 1, accounts=(first, worse)))
        await screen.shows("90.0 %")
        assert any("reverse" in style for style in screen.styles_of("SOLUSDT:long"))

        await screen.press("down", "home")
        monitor.says(replace(MANY, at=NOW + 2, accounts=(first, second)))
        await screen.until(lambda: any("reverse" in style for style in screen.styles_of("cross:USDC")))


async def test_enter_opens_a_pool_and_esc_goes_back() -> None:
    async with watching(MANY, curve=answer()) as (screen, _):
        await screen.press("enter")
        await screen.shows("Health curve of BTC", "margin used  70.0 %", "esc back")
        await screen.shows("▼ orders cancelled, liquidation -18.0 %")
        await screen.press("escape")
        await screen.shows("cross:USDC", "SOLUSDT:long", "enter open")


async def test_c_draws_the_curve_of_what_moves_next() -> None:
    async with watching(MANY, curve=answer(), size=(160, 45)) as (screen, monitor):
        await screen.shows("Health curve of BTC", "┤")
        await screen.press("c")
        await screen.shows("Health curve of all coins", "if all coins fall")
        assert [query["of"] for _, path, query in monitor.asked if path == "/api/v1/curve"][-1] == "market"


async def test_where_there_is_room_list_and_details_stand_beside_each_other() -> None:
    async with watching(MANY, size=(160, 45)) as (screen, _):
        await screen.shows("cross:USDC", "SOLUSDT:long", "margin used", "The curve cannot be drawn: no curve here")
        await screen.press("down")
        await screen.shows("margin used  50.0 %")


async def test_the_line_of_keys_and_tabs_leads_to_alerts_feeds_and_groups() -> None:
    async with watching(MANY) as (screen, _):
        await screen.press("2")
        await screen.shows("main cross:USDT: 85.0% of the way", "acknowledge")
        await screen.press("enter")
        await screen.shows("MarginwatchMarginRatio", "Add 900 USD.")
        await screen.press("3")
        await screen.shows("binance marks", "1,234")
        await screen.press("4")
        await screen.shows("no account belongs to a group")
        await screen.press("question_mark")
        await screen.shows("health curve of another coin", "not known, or too old to be believed")
        await screen.press("escape")
        await screen.shows("no account belongs to a group")


async def test_a_filter_shows_what_holds_its_words_until_esc() -> None:
    async with watching(MANY) as (screen, _):
        await screen.press("slash", *"sol", "enter")
        await screen.shows("SOLUSDT:long", "/sol (1)")
        await screen.shows_no("cross:USDC")
        await screen.press("escape")
        await screen.shows("cross:USDC")
        await screen.press("slash", *"nothing", "enter")
        await screen.shows("nothing holds these words")


async def test_silence_of_ten_seconds_turns_all_grey_and_says_since_when() -> None:
    async with watching(MANY) as (screen, monitor):
        screen.clock.now += SILENCE_SECONDS + 1
        text = await screen.shows("not live since", "(11 s)", "its time stands still")
        assert "70.0 %" in text, "the last figures stay, grey"
        assert "LIVE" not in text
        assert "not now" in text
        assert set(screen.styles_of("70.0 %")) == {"dim"}

        monitor.says(replace(MANY, at=NOW + 12))
        await screen.shows_no("not live")
        assert "dim" not in screen.styles_of("70.0 %")[0]


async def test_a_lost_connection_turns_all_grey_at_once_and_the_reason_is_told() -> None:
    async with watching(MANY) as (screen, monitor):
        monitor.hangs_up("the cable is out")
        await screen.shows("not live since", "(0 s)", "the cable is out")
        assert set(screen.styles_of("70.0 %")) == {"dim"}
        monitor.says(replace(MANY, at=NOW + 3))
        await screen.shows_no("not live")


async def test_without_a_monitor_it_waits_and_says_for_whom_and_why() -> None:
    monitor = Fake()
    async with opened(monitor) as screen:
        await screen.shows("Asking http://monitor.test")
        monitor.hangs_up("nobody answers")
        await screen.shows("Waiting for the monitor at http://monitor.test", "nobody answers", "marginwatch demo")
        monitor.says(MANY)
        await screen.shows("cross:USDC")


async def test_somebody_else_in_its_place_is_told_and_changes_nothing() -> None:
    async with watching(MANY) as (screen, monitor):
        monitor._events.put_nowait(("snapshot", {"schema": 7}))
        await screen.shows("not live", "version 7")
        assert "70.0 %" in screen.text()


async def test_an_alert_is_acknowledged_for_this_incident() -> None:
    async with watching(MANY) as (screen, monitor):
        await screen.press("2", "a")
        await screen.shows("Acknowledge: «I take care of it»", "ann")
        await screen.press(*"adding", "enter")
        fired = MANY.alerts[0]
        await screen.shows("Done: acknowledged.")
        assert monitor.told() == [
            (
                "POST",
                f"/api/v1/alerts/{fired.fingerprint}/ack",
                {"author": "ann", "comment": "adding", "via": "cli", "incident": fired.incident},
            )
        ]
        monitor.says(replace(MANY, at=NOW + 1, alerts=(alert(state=AlertState.ACKNOWLEDGED, by="ann", note="adding"),)))
        await screen.shows("acknowledged", "no alert")


async def test_an_acknowledgement_is_taken_back_by_the_same_key() -> None:
    taken = calm(alerts=(alert(state=AlertState.ACKNOWLEDGED, by="ann"),))
    async with watching(taken) as (screen, monitor):
        await screen.press("2", "a")
        await screen.shows("Take the acknowledgement back")
        await screen.press("enter")
        await screen.shows("Done: withdrawn.")
        assert [method for method, _, _ in monitor.told()] == ["DELETE"]


async def test_a_silence_says_how_long_and_of_what() -> None:
    async with watching(MANY) as (screen, monitor):
        await screen.press("2", "s")
        await screen.shows("rule=margin_ratio, venue=binance, account=main, pool=cross:USDT")
        await screen.press("backspace", "x", "enter")
        await screen.shows("write 30m, 2h, 1h30m or 7d")
        assert monitor.told() == []
        await screen.press("backspace", "h", "enter")
        await screen.shows("Done: silent for 2.0 h.")
        ((_, path, body),) = monitor.told()
        assert (path, body["seconds"], body["author"]) == ("/api/v1/silences", 7200.0, "ann")
        assert body["matchers"][0] == {"name": "rule", "value": "margin_ratio", "regex": False, "negative": False}


async def test_esc_tells_the_monitor_nothing() -> None:
    async with watching(MANY) as (screen, monitor):
        await screen.press("2", "a")
        await screen.shows("Acknowledge:")
        await screen.press("escape")
        await screen.shows_no("Acknowledge:")
        assert monitor.told() == []


async def test_in_a_pool_the_first_alert_about_it_is_meant() -> None:
    async with watching() as (screen, _):
        await screen.press("enter", "a")
        await screen.shows("Acknowledge:", "85.0% of the way")


async def test_without_a_token_where_one_is_wanted_it_says_what_to_start_with() -> None:
    session = {"may_change": False, "login": True, "why_not": "Log in.", "levels": LEVELS}
    async with watching(MANY, session=session) as (screen, monitor):
        await screen.until(lambda: any(path == "/api/v1/session" for _, path, _ in monitor.asked))
        await screen.press("2", "a")
        await screen.shows("takes no changes", "--token-file")
        assert monitor.told() == []


async def test_what_the_monitor_refuses_is_said() -> None:
    async with watching(MANY, refusal=NotAllowed("Authorization: is not the token [red]of this monitor")) as (
        screen,
        _,
    ):
        await screen.press("2", "a")
        await screen.shows("Acknowledge:")
        await screen.press("enter")
        await screen.shows("Not done.", "[red]of")


async def test_thresholds_are_those_of_the_monitor() -> None:
    strict = {
        "margin_ratio": {"warning": 0.1, "critical": 0.29},
        "distance_ratio": {"warning": 0.01, "critical": 0.001},
    }
    session = {"may_change": True, "levels": strict}
    async with watching(MANY, session=session) as (screen, _):
        await screen.until(lambda: all("red" in style for style in screen.styles_of("30.0 %")))


async def test_it_stays_the_same_list_in_any_size() -> None:
    async with watching(MANY, size=(160, 45)) as (screen, _):
        for size in ((80, 24), (40, 10), (200, 60), (20, 5), (100, 30)):
            await screen.pilot.resize_terminal(*size)
            await screen.shows("70.0 %")
        assert max(map(len, screen.text().splitlines())) <= 100


async def test_two_thousand_pools_are_one_widget_of_which_only_what_is_seen_is_painted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    painted: list[Row] = []
    whole = Pools.row

    def row(self: Pools, item: Row, scene: Scene, *, chosen: bool) -> Line:
        painted.append(item)
        return whole(self, item, scene, chosen=chosen)

    monkeypatch.setattr(Pools, "row", row)
    pools = tuple(pool(f"isolated:C{number}USDT:long", ratio=Ratio.of(number / 4000)) for number in range(2000))
    async with watching(view(account(*pools))) as (screen, _):
        await screen.shows("C1999USDT", "2,000")
        assert len(list(screen.app.query("*"))) < 20
        painted.clear()
        await screen.press("end")
        await screen.shows("C0USDT")
        assert len({item.key for item in painted}) <= 60


async def test_keys_reach_the_list_when_a_wide_screen_becomes_narrow() -> None:
    async with watching(MANY, size=(160, 45)) as (screen, _):
        await screen.press("tab")
        await screen.pilot.resize_terminal(80, 24)
        await screen.shows("cross:USDC", "enter open")
        await screen.press("down", "enter")
        await screen.shows("margin used  50.0 %")


async def test_a_monitor_of_another_version_is_shown_as_far_as_it_goes() -> None:
    async with watching(MANY, size=(160, 45)) as (screen, monitor):
        name, change = monitor.teller.tell(replace(MANY, at=NOW + 1, accounts=(MANY.accounts[0],)))
        for each in change.setdefault("accounts", [document(MANY)["accounts"][0]]):
            for told in each["pools"]:
                del told["as_of"], told["equity_usd"]
        monitor._events.put_nowait((name, change))
        await screen.shows("cannot be shown", "KeyError")
        monitor.says(replace(MANY, at=NOW + 2))
        await screen.shows("live")
