"""What is read of an account, and when it is read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode, Permissions
from monitor.domain.errors import AuthRejected, FeedLost, KeyTooPowerful
from monitor.domain.events import AccountConfig, AccountSnapshot, CashFlowsRead, PermissionsRead, PollFailed
from monitor.venues.okx.needs import Needs
from monitor.venues.okx.polls import INCOME_PAGES, newest_change, planned_requests, powers
from monitor.venues.okx.settings import OkxSettings
from monitor.venues.rest import Answer
from monitor.venues.settings import PermissionPolicy, Timings
from tests.unit.venues.okx.asked import BALANCE, CONFIG, desk, order, position

NOW_MS = 1_790_000_000_000


def never(_: float) -> bool:
    return False


# One reading


async def test_balance_positions_and_orders_make_one_snapshot() -> None:
    at = desk(positions=[position()], orders_pending=[order(1)])
    snapshot = await at.readings.account_whole(never)
    assert [one.symbol for one in snapshot.positions] == ["BTC-USDT-SWAP"]
    assert [one.asset for one in snapshot.balances] == ["USDT"]
    assert [one.id for one in snapshot.orders] == ["1"]
    assert snapshot.problems == ()
    assert at.events == [snapshot]
    assert {name for name, _ in at.venue.asked} == {"balance", "positions", "orders-pending"}


async def test_a_push_that_fell_in_between_has_it_read_again() -> None:
    at, told = desk(positions=[position()]), iter([True, False])
    snapshot = await at.readings.account_whole(lambda _: next(told))
    assert at.venue.times("balance") == 2
    assert snapshot.problems == ()


async def test_a_change_stamped_after_we_asked_has_it_read_again_until_it_rests() -> None:
    stamps = iter([NOW_MS + 1000, NOW_MS - 1000])
    at = desk(positions=lambda _: [position(at=str(next(stamps)))])
    snapshot = await at.readings.account_whole(never)
    assert at.venue.times("positions") == 2
    assert snapshot.problems == ()


async def test_an_account_that_never_rests_is_told_with_the_problem_after_bounded_tries() -> None:
    at = desk(positions=[position(at=str(NOW_MS + 10_000))])
    snapshot = await at.readings.account_whole(never)
    assert at.venue.times("positions") == Timings().snapshot_tries
    assert "changed while it was read, in each of 3 readings" in snapshot.problems[0]


async def test_the_time_of_the_answer_itself_is_no_change() -> None:
    assert newest_change(b'{"data":[{"uTime":"1790000009999","details":[{"uTime":"5000"}]}]}', b'{"data":[]}') == 5.0
    assert newest_change(b"<html>", b"[]") == 0.0
    assert newest_change(b'{"data":[{"details":[{"uTime":""}]}]}', b'{"data":[{"uTime":"x"}]}') == 0.0


def paged(rows: int) -> Any:
    """As the venue gives them: a hundred a page, newest first, on after the last one."""

    def page(params: Mapping[str, object]) -> list[Any]:
        first = int(str(params.get("after", rows + 1))) - 1
        return [order(number) for number in range(first, max(0, first - 100), -1)]

    return page


async def test_orders_are_read_page_by_page() -> None:
    at = desk(positions=[position()], orders_pending=paged(250))
    snapshot = await at.readings.account_whole(never)
    assert len(snapshot.orders) == 250
    assert at.venue.times("orders-pending") == 3


async def test_more_orders_than_are_read_are_a_problem_in_words() -> None:
    at = desk(orders_pending=paged(1001))
    snapshot = await at.readings.account_whole(never)
    assert at.venue.times("orders-pending") == 10
    assert "more than 1000 resting orders" in snapshot.problems[0]


async def test_one_answer_that_fails_fails_the_reading_and_tells_nothing() -> None:
    at = desk(positions=FeedLost("okx", "account", "gone"))
    with pytest.raises(FeedLost):
        await at.readings.account_whole(never)
    assert not at.events


# Modes, fees, what may leave


async def test_the_configuration_brings_modes_fees_and_what_may_be_withdrawn() -> None:
    fee = {"instType": "SPOT", "feeGroup": [{"groupId": "1", "taker": "-0.001"}]}
    at = desk(trade_fee=[fee], max_withdrawal=[{"ccy": "USDT", "maxWd": "12.5"}])
    assert await at.readings.config() is False
    (config,) = at.events
    assert isinstance(config, AccountConfig)
    assert config.mode.collateral is CollateralMode.SINGLE_ASSET
    assert dict(config.fees)["SPOT:1"] == 0.001
    snapshot = await at.readings.account_whole(never)
    assert snapshot.balances[0].withdrawable == 12.5


async def test_what_may_leave_is_asked_for_no_more_often_than_the_interval_says() -> None:
    at = desk()
    await at.readings.config()
    await at.readings.config()
    assert at.venue.times("max-withdrawal") == 1
    at.venue.clock.at += Timings().config_every_seconds
    await at.readings.config()
    assert at.venue.times("max-withdrawal") == 2


async def test_fees_are_kept_and_asked_for_of_each_kind_once() -> None:
    at = desk()
    await at.readings.config()
    await at.readings.config()
    assert [params for name, params in at.venue.asked if name == "trade-fee"] == [{"instType": "SPOT"}]
    at.readings.needs = Needs(symbols=frozenset({"BTC-USDT-SWAP", "BTC-USDT"}))
    assert at.readings.lacks_fees()
    await at.readings.config()
    assert not at.readings.lacks_fees()
    assert [params["instType"] for name, params in at.venue.asked if name == "trade-fee"] == ["SPOT", "SWAP"]
    at.venue.clock.at += 7 * 3600
    await at.readings.config()
    assert at.venue.times("trade-fee") == 4


async def test_modes_are_told_although_fees_and_withdrawals_cannot_be_read() -> None:
    gone = FeedLost("okx", "config", "gone")
    at = desk(trade_fee=gone, max_withdrawal=gone)
    await at.readings.config()
    (config,) = at.events
    assert isinstance(config, AccountConfig)
    assert config.fees == ()


async def test_fees_that_the_venue_does_not_tell_are_not_asked_for_in_a_hurry() -> None:
    at = desk(trade_fee=FeedLost("okx", "config", "gone"))
    assert at.readings.lacks_fees()
    await at.readings.config()
    assert not at.readings.lacks_fees(), "the next reading of the configuration tries again"
    await at.readings.config()
    assert at.venue.times("trade-fee") == 2


async def test_a_key_that_is_refused_is_refused_whatever_is_asked() -> None:
    at = desk(trade_fee=AuthRejected("okx", "config", "no"))
    with pytest.raises(AuthRejected):
        await at.readings.config()


async def test_a_changed_level_has_the_account_read_again() -> None:
    at = desk()
    await at.readings.config()
    at.venue.says["config"] = [{**CONFIG, "acctLv": "3"}]
    assert await at.readings.config() is True
    assert at.readings.mode is CollateralMode.MULTI_ASSETS


# The key


@pytest.mark.parametrize(
    ("perm", "words"),
    [("read_only,withdraw", "withdraw"), ("read_only,trade", "trade"), ("trade,withdraw", "trade")],
)
async def test_a_key_that_may_do_more_than_read_is_refused(perm: str, words: str) -> None:
    at = desk(config=[{**CONFIG, "perm": perm}])
    with pytest.raises(KeyTooPowerful, match=words):
        await at.readings.permissions()
    assert isinstance(at.events[0], PermissionsRead), "the engine is told"


@pytest.mark.parametrize("perm", ["read_only", "", None])
async def test_a_key_that_can_only_read_or_says_nothing_is_used(perm: str | None) -> None:
    at = desk(config=[{**CONFIG, "perm": perm}])
    await at.readings.permissions()
    assert len(at.events) == 1


async def test_by_the_users_wish_a_powerful_key_is_used() -> None:
    at = desk(PermissionPolicy.WARN, config=[{**CONFIG, "perm": "trade"}])
    await at.readings.permissions()
    assert len(at.events) == 1


def test_the_venue_grants_reading_by_itself_so_that_trading_is_too_much() -> None:
    assert powers(Permissions(can_trade=True)) == ("trade",)
    assert powers(Permissions(can_read=True, can_trade=False)) == ()


# Scenarios

BUILDER = {
    "riskUnitData": [
        {
            "riskUnit": "BTC",
            "mmr": "120",
            "imr": "156",
            "indexUsd": "100000",
            "mr1Scenarios": {"volSame": {"-0.12": "-100", "0": "0", "0.12": "80"}},
        }
    ]
}
GRAPH = {"type": "mmr", "mmrData": [{"shockFactor": "-0.5", "mmrRatio": "0.5"}, {"shockFactor": "0", "mmrRatio": "4"}]}


async def test_scenarios_are_asked_only_in_portfolio_margin() -> None:
    at = desk()
    await at.readings.config()
    assert await at.readings.risk() is False
    assert at.readings.rows["risk"].phase == "idle"
    assert at.venue.times("position-builder") == 0


async def test_scenarios_come_with_the_next_snapshot_and_end_with_the_mode() -> None:
    at = desk(config=[{**CONFIG, "acctLv": "4"}], position_builder=[BUILDER], position_builder_graph=[GRAPH])
    await at.readings.config()
    assert await at.readings.risk() is True
    assert at.venue.asked[-2:] == [
        ("position-builder", {"inclRealPosAndEq": True, "acctLv": "4"}),
        ("position-builder-graph", {"inclRealPosAndEq": True, "type": "mmr", "mmrConfig": {"acctLv": "4"}}),
    ]
    snapshot = await at.readings.account_whole(never)
    assert [unit.asset for unit in snapshot.venue.risk_units] == ["BTC"]
    assert snapshot.venue.market_curve == ((-0.5, 2.0), (0.0, 0.25))
    assert snapshot.venue.risk_asked == at.venue.clock.at
    at.venue.says["config"] = [CONFIG]
    await at.readings.config()
    snapshot = await at.readings.account_whole(never)
    assert snapshot.venue.risk_units == ()
    assert snapshot.venue.risk_asked is None


# Cash flows


def bill(number: int) -> dict[str, Any]:
    at = NOW_MS - 1_000_000 + 1000 * number
    return {"billId": str(number), "ccy": "USDT", "type": "8", "balChg": "-1", "ts": str(at), "instId": "BTC-USDT-SWAP"}


def bills(rows: int) -> Any:
    def page(params: Mapping[str, object]) -> list[Any]:
        first = int(str(params.get("after", rows + 1))) - 1
        return [bill(number) for number in range(first, max(0, first - 100), -1)]

    return page


async def test_the_history_is_read_back_to_where_it_was_asked_from() -> None:
    at, since = desk(bills=bills(150)), NOW_MS / 1000 - 1_000
    await at.readings.income(since)
    (read,) = at.events
    assert isinstance(read, CashFlowsRead)
    assert at.venue.times("bills") == 2
    assert read.since == since
    assert read.until == at.venue.clock.at - 1.0
    times = [flow.venue_time for flow in read.flows]
    assert times == sorted(times)
    assert len(times) == 150


async def test_a_history_too_long_is_whole_only_from_where_it_was_read() -> None:
    at, since = desk(bills=bills(900)), NOW_MS / 1000 - 1_000
    await at.readings.income(since)
    (read,) = at.events
    assert isinstance(read, CashFlowsRead)
    assert at.venue.times("bills") == INCOME_PAGES
    assert read.since > since
    assert len(read.flows) == 399, "the oldest may have others of its moment before it"


async def test_a_bill_that_cannot_be_read_makes_nothing_whole() -> None:
    at = desk(bills=[bill(5), {"billId": "4", "ccy": "USDT", "type": "8", "balChg": "-1", "ts": "soon"}])
    await at.readings.income(NOW_MS / 1000 - 1_000)
    (read,) = at.events
    assert isinstance(read, CashFlowsRead)
    assert read.since == read.until
    assert read.flows == ()


# What it costs


def test_one_account_costs_14_requests_a_minute_and_more_where_it_is_blind_or_simulated() -> None:
    settings = OkxSettings()
    assert planned_requests(1, settings) == pytest.approx(14.0)
    assert planned_requests(50, settings) == pytest.approx(700.0)
    assert planned_requests(1, settings, blind_accounts=1) == pytest.approx(38.0)
    assert planned_requests(1, settings, simulated=1) == pytest.approx(22.0)
    assert planned_requests(0, settings, bridging=3) == pytest.approx(60.0)


def test_fifty_accounts_fit_what_we_may_ask() -> None:
    settings = OkxSettings()
    assert planned_requests(50, settings) <= settings.requests_per_minute * settings.weight_share


async def test_a_snapshot_that_is_empty_is_told_as_it_came() -> None:
    """Whether it is believed is for the engine, which asks once more."""
    at = desk(balance=[{**BALANCE, "details": []}], positions=[])
    snapshot = await at.readings.account_whole(never)
    assert isinstance(snapshot, AccountSnapshot)
    assert (snapshot.positions, snapshot.balances, snapshot.problems) == ((), (), ())


async def test_a_reading_that_waits_says_so_once() -> None:
    """Its three requests wait for the same room."""
    at = desk()
    told: list[Callable[[str], None]] = []
    ask = at.venue.ask

    async def busy(*args: Any, waits: Callable[[str], None], **more: Any) -> Answer:
        waits("the readings wait")
        told.append(waits)
        return await ask(*args, **more)

    at.venue.ask = busy  # type: ignore[method-assign]  # for this test
    await at.readings.account_whole(never)
    waiting = [one for one in at.events if isinstance(one, PollFailed)]
    assert len(told) == 3
    assert [(one.what, one.waiting) for one in waiting] == [("account", True)]
