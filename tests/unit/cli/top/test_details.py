"""An opened pool, alert, feed and group: everything is told, at each width, and no text of strangers is markup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.cli.top import paint
from monitor.cli.top.alerts_view import Alerts, same_kind
from monitor.cli.top.feeds_view import Feeds
from monitor.cli.top.groups_view import Groups
from monitor.cli.top.painted import Role, length
from monitor.cli.top.pools import Pools
from monitor.cli.top.views import Curve
from monitor.domain.alerts import AlertState
from monitor.domain.lines import Ratio
from monitor.domain.quality import Quality
from tests.sample_groups import dark, group, strained
from tests.sample_reports import account, feed, paying, pool, position, view
from tests.unit.cli.top.scenes import calm, picture, scene, written
from tests.unit.web.staging import alert

NASTY = "[red]\x1b[31m\x07\x1b]0;title\x07‮ reversed"
VIEWS: list[Any] = [Pools(), Alerts(), Feeds(), Groups()]


def opened(view_: Any, shown: Any, columns: int = 100, **more: Any) -> list[Any]:
    held = picture(shown)
    found: list[Any] = view_.details(view_.items(held, "")[0], scene(held, columns, **more))
    return found


def everything() -> Any:
    return replace(view(paying()), alerts=(alert(),), groups=(group(), dark(), strained()))


@pytest.mark.parametrize("view_", VIEWS, ids=lambda each: each.title)
@pytest.mark.parametrize("columns", [30, 60, 78, 100, 160])
def test_no_line_of_details_or_lists_is_wider_than_the_screen(view_: Any, columns: int) -> None:
    held = picture(everything())
    for item in view_.items(held, ""):
        assert paint.strip(view_.row(item, scene(held, columns), chosen=True), columns).cell_length == columns
        assert all(length(line) <= columns for line in view_.details(item, scene(held, columns)))


def test_a_pool_tells_all_its_parts() -> None:
    text = written(opened(Pools(), everything()))
    for part in (
        "Health curve", "Positions", "Liquidation lines", "Stages", "Collateral", "Funding and interest",
        "Against the venue's own figures", "Account",
    ):  # fmt: skip
        assert part in text
    for figure in (
        "margin used  20.0 %",
        "BTCUSDT long",
        "45000",
        "8.5σ",
        "costs 18 USD",
        "45010",
        "-0.017 %",
        "required 500",
    ):
        assert figure in text, figure


def test_advice_alerts_reasons_and_disagreements_stand_in_a_pool() -> None:
    leg = position(disagreement="the venue's line is 3 % away, ours 25 %", suspect=True)
    shown = pool(
        quality=Quality.PARTIAL, reasons=("tiers are old",), advice_text="add 900 USDT", positions=(leg,),
        contradictions={"equity": "our equity differs"},
    )  # fmt: skip
    text = written(opened(Pools(), calm(accounts=(account(shown),))))
    for said in ("! tiers are old", "do: add 900 USDT", "our equity differs", "3 % away, ours", "SUSPECT", "CRITICAL"):
        assert said in text, said


def test_figures_that_are_not_believed_are_called_the_last_known() -> None:
    old = calm(
        accounts=(account(pool(quality=Quality.STALE, reasons=("marks are old",), ratio=Ratio.of(0.1))),), alerts=()
    )
    lines = opened(Pools(), old)
    assert "the last known, not of now" in written(lines)
    assert not {Role.CALM, Role.BADGE_CALM} & {role for line in lines[:8] for _, role in line}


def test_where_there_is_no_curve_it_says_so() -> None:
    asked = opened(Pools(), everything(), curve=Curve("BTC", ("BTC", "market")))
    assert "asking the monitor" in written(asked)
    assert "c shows it for all coins" in written(asked)
    ill = opened(Pools(), everything(), curve=Curve("BTC", ("BTC",), None, "no such pool"))
    assert "The curve cannot be drawn: no such pool" in written(ill)


def test_an_alert_tells_its_text_who_has_it_and_what_may_be_done() -> None:
    taken = alert(state=AlertState.ACKNOWLEDGED, by="ann", note="adding")
    text = written(opened(Alerts(), calm(alerts=(taken,))))
    for said in (
        "CRITICAL MarginwatchMarginRatio",
        "acknowledged by ann: adding",
        "Add 900 USD.",
        "takes the ack",
        "pool  ",
    ):
        assert said in text, said


def test_an_alert_says_why_nothing_can_be_done_from_here() -> None:
    text = written(opened(Alerts(), calm(), may_change=False, why_not="it wants its token"))
    assert "Nothing can be acknowledged or silenced from here: it wants its token" in text


def test_a_silence_is_of_the_rule_with_the_labels_of_the_alert() -> None:
    found = same_kind({"rule": "margin_ratio", "labels": {"venue": "okx", "coin": ""}})
    assert [(each["name"], each["value"]) for each in found] == [("rule", "margin_ratio"), ("venue", "okx")]


def test_feeds_that_do_not_deliver_come_first_and_say_why() -> None:
    down = feed("user", up=False, phase="down", reason="the venue closed it (1006)", account="main")
    held = picture(calm(feeds=(feed(), down)))
    first = Feeds().items(held, "")[0]
    assert first["stream"] == "user"
    text = written(Feeds().details(first, scene(held)))
    for said in ("the venue closed it (1006)", "1,234", "12.5 %", "-12 ms"):
        assert said in text, said


@pytest.mark.parametrize("live", [True, False])
def test_nothing_that_strangers_wrote_moves_the_cursor_or_is_markup(live: bool) -> None:
    nasty = calm(
        accounts=(account(pool(reasons=(NASTY,), quality=Quality.STALE, advice_text=NASTY), reasons=(NASTY,)),),
        alerts=(alert(summary=NASTY, text=NASTY, by=NASTY, note=NASTY),),
        feeds=(feed(NASTY, reason=NASTY, up=False),),
    )
    held = picture(nasty)
    for view_ in VIEWS[:3]:
        for item in view_.items(held, ""):
            lines = [view_.row(item, scene(held), chosen=False), *view_.details(item, scene(held))]
            text = "".join(segment.text for line in lines for segment in paint.strip(line, 100, live=live))
            assert text.isprintable()
            assert "[red]" in text
