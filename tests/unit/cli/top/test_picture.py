"""What the monitor said last: changes lead where a snapshot would, and what is silent is not live."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.cli import words
from monitor.cli.top.painted import Role
from monitor.cli.top.picture import SILENCE_SECONDS, Picture, Strange
from monitor.domain.alerts import AlertState
from monitor.domain.lines import Ratio, State
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.view import View
from tests.sample_reports import MAIN, NOW, account, feed, pool, view
from tests.unit.cli.top.scenes import Teller, calm, document, picture
from tests.unit.web.staging import alert

OTHER = AccountKey("okx", "desk")
KEY = ("binance", "main", "cross:USDT")


def told(*views: View) -> Picture:
    """What is held after all of these were told one after the other."""
    teller, held = Teller(), Picture()
    for number, each in enumerate(views):
        name, body = teller.tell(each)
        (held.take if name == "snapshot" else held.change)(body, float(number))
    return held


def contents(held: Picture) -> tuple[Any, ...]:
    return held.frame, held.accounts, held.feeds, held.groups, held.alerts, [row.key for row in held.rows()]


def test_changes_lead_where_a_snapshot_would() -> None:
    first = calm()
    more = replace(first, at=NOW + 1, accounts=(*first.accounts, account(pool("cross:USDC"), key=OTHER)))
    fewer = replace(
        more, at=NOW + 2, accounts=more.accounts[1:], alerts=(alert(state=AlertState.ACKNOWLEDGED, by="ann"),)
    )
    gone = replace(fewer, at=NOW + 3, feeds=(feed(),), ready=False, not_ready=("feeds are down",))

    held = told(first, more, fewer, gone)
    assert held.frame is not None
    after = picture(gone)
    assert after.frame is not None
    held.frame.pop("at"), after.frame.pop("at")
    assert contents(held) == contents(after)
    assert held.at == NOW + 3


def test_pools_stand_in_the_order_of_danger_as_status_tells_them() -> None:
    shown = view(
        account(
            pool("cross:USDT", ratio=Ratio.of(0.2)),
            pool("cross:USDC", ratio=Ratio.of(0.7)),
            pool("isolated:BTCUSDT:long", ratio=Ratio.of(0.1), quality=Quality.STALE, reasons=("old",)),
            pool("isolated:ETHUSDT:long", ratio=Ratio(State.UNKNOWN), quality=Quality.UNKNOWN, reasons=("no tiers",)),
            pool("isolated:SOLUSDT:long", ratio=Ratio.of(1.2)),
        ),
    )
    order = [row.key[2] for row in picture(shown).rows()]
    assert order == [pool["pool"] for _, pool in words.by_danger(document(shown))]
    assert order[:3] == ["isolated:SOLUSDT:long", "isolated:ETHUSDT:long", "isolated:BTCUSDT:long"]


def test_an_account_that_is_not_known_stands_before_pools_that_are_safe() -> None:
    dark = account(
        key=OTHER, up=False, quality=Quality.UNKNOWN, reasons=("keys are refused",), ratio=Ratio(State.UNKNOWN)
    )
    first = picture(view(account(pool()), dark)).rows()[0]
    assert (first.key, first.pool) == (("okx", "desk", ""), None)


def test_nothing_is_live_before_the_monitor_was_heard() -> None:
    assert not Picture().live(0.0)


def test_it_is_live_as_long_as_the_monitors_own_time_goes_on() -> None:
    held = picture(now=100.0)
    assert held.live(100.0 + SILENCE_SECONDS - 0.01)
    assert not held.live(100.0 + SILENCE_SECONDS)

    held.change({"at": NOW}, 109.0)  # a word of life whose time stands still is none
    assert not held.live(110.0)
    held.change({"at": NOW + 2.0}, 111.0)
    assert held.live(111.0)
    assert held.time(113.0) == NOW + 4.0


def test_it_is_not_live_without_a_connection_however_fresh() -> None:
    held = picture(now=100.0)
    held.lost("nobody answers")
    assert not held.live(100.1)
    assert held.silent(103.0) == 3.0


def test_the_worst_that_nobody_takes_care_of_comes_first() -> None:
    alerts = (
        alert("a", "warning"),
        alert("b", "critical", state=AlertState.ACKNOWLEDGED),
        alert("c", "info"),
        alert("d", "critical"),
    )
    held = picture(calm(alerts=alerts))
    assert [each["rule"] for each in held.alerts] == ["d", "a", "c", "b"]
    assert held.alerted(KEY) is Role.CRITICAL
    assert len(held.alerts_of(KEY)) == 4


def test_alerts_are_of_one_pool_and_of_no_other() -> None:
    held = picture(calm(alerts=(alert(labels={"venue": "binance", "account": "main", "pool": "cross:USDC"}),)))
    assert held.alerted(KEY) is Role.PLAIN
    assert held.alerts_of(KEY) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schema": 99},
        {"schema": 1, "accounts": "none", "feeds": [], "alerts": [], "at": NOW},
        {"schema": 1, "accounts": [{"venue": MAIN.venue}], "feeds": [], "alerts": [], "at": NOW},
    ],
)
def test_what_no_monitor_says_is_refused_and_changes_nothing(body: dict[str, Any]) -> None:
    held = picture()
    before = contents(held)
    with pytest.raises(Strange):
        held.take(body, 1.0)
    assert contents(held) == before


def test_a_change_of_nothing_is_refused() -> None:
    with pytest.raises(Strange):
        Picture().change({"at": NOW}, 0.0)
