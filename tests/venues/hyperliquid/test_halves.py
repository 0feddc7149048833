"""Halves of an account that belong to two moments, or that cannot be read whole: what must not be believed of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import AccountSnapshot
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.hyperliquid.assembly import DRAINED_STATES, Assembly
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.offline import read
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    T0,
    VENUE,
    Row,
    coin,
    cross,
    decoded,
    dex,
    folder_of,
    frame,
    isolated,
    meta,
    perp,
    spot,
)

METAS = [meta(perp("BTC", 40), perp("ETH", 25))]


class Stream:
    """The engine behind an address that was read once and then pushes, each frame some seconds later."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.now = T0
        self.engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
        self.assembly = Assembly(ACCOUNT)
        self.engine.step(read(files, ACCOUNT, T0).events, T0)

    def states(self, state: Row) -> None:
        self._say("allDexsClearinghouseState", {"clearinghouseStates": [["", {**state, "time": self._stamp()}]]})

    def spot(self, state: Row) -> None:
        self._say("spotState", {"spotState": state})

    def _stamp(self) -> int:
        return int((self.now + 3.0) * 1000)

    def _say(self, channel: str, data: Row) -> None:
        self.now += 3.0
        heard: Any = decoded(frame(channel, {"user": ADDRESS, **data}))
        told = self.assembly.put(replace(heard, received=self.now))
        self.engine.step(told.events, self.now)

    @property
    def report(self) -> AccountReport:
        return self.engine.reports()[0]

    def liquidatable(self) -> bool:
        return any(pool.ratio.state is State.LIQUIDATABLE for pool in self.report.pools)

    def held(self) -> set[str]:
        return {one.symbol for pool in self.report.pools for one in pool.positions}

    def equity(self, pool: str = "cross:USDC") -> float | None:
        return next((one.equity_usd for one in self.report.pools if one.key.pool == pool), None)


LONG = cross("BTC", 1.0, 60000.0, 60000.0)
OPEN = dex(5000.0, LONG, maintenance=750.0)
UNIFIED_OPEN = dex(0.0, LONG, maintenance=750.0)


def pooled(total: float | str) -> Row:
    return spot(coin("USDC", total), available={"USDC": 4250.0})


def standard() -> Stream:
    stream = Stream(folder_of({"": OPEN}, metas=METAS))
    stream.states(OPEN)
    stream.spot(spot())
    return stream


def unified(state: Row = UNIFIED_OPEN, total: float = 5000.0) -> Stream:
    stream = Stream(folder_of({"": state}, mode="unifiedAccount", money=pooled(total), metas=METAS))
    stream.states(state)
    stream.spot(pooled(total))
    return stream


def test_states_and_then_balances_are_one_witness_that_a_position_is_gone() -> None:
    stream = standard()
    stream.states(dex(5000.0))
    stream.spot(spot())
    assert stream.held() == {"BTC"}, "the same states told twice"
    stream.states(dex(5000.0))
    assert stream.held() == set()
    stream.spot(spot(coin("USDC", 7.0)))
    assert stream.equity("spot:USDC") == pytest.approx(7.0), "balances are told again"


def test_balances_of_a_pooled_account_are_not_computed_by_the_standard_that_was_read() -> None:
    stream = standard()
    stream.spot(pooled(5000.0))
    assert stream.report.quality is Quality.UNKNOWN
    assert any("disagree" in why for why in stream.report.reasons)


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_balances_of_a_standard_account_are_not_computed_by_a_pooled_mode_that_was_read(mode: str) -> None:
    stream = Stream(folder_of({"": UNIFIED_OPEN}, mode=mode, money=pooled(5000.0), metas=METAS))
    stream.states(OPEN)
    stream.spot(spot(coin("USDC", 9.0)))
    assert stream.report.quality is Quality.UNKNOWN
    assert any("disagree" in why for why in stream.report.reasons)


def test_money_that_leaves_a_dex_while_all_stays_open_is_another_mode_and_no_liquidation() -> None:
    """The account is unified by now: its dexs say 0, and neither its mode nor its balances were heard yet."""
    stream = standard()
    stream.states(UNIFIED_OPEN)
    assert not stream.liquidatable()
    assert stream.report.quality is not Quality.LIVE
    assert any("went while all stayed open" in why for why in stream.report.reasons)


def test_what_is_told_again_and_again_is_believed() -> None:
    stream = standard()
    for _ in range(DRAINED_STATES):
        stream.states(UNIFIED_OPEN)
        assert not stream.liquidatable()
    stream.states(UNIFIED_OPEN)
    assert stream.liquidatable()


def test_a_fall_of_prices_to_liquidation_is_told_at_once() -> None:
    stream = standard()
    fallen = cross("BTC", 1.0, 60000.0, 55500.0)
    stream.states(dex(500.0, fallen, maintenance=693.75))
    assert stream.report.pools[0].equity_usd == pytest.approx(5000.0), "prices come by another way"
    assert not any("went while" in why for why in stream.report.reasons)


def test_margin_added_to_an_isolated_position_is_not_counted_twice() -> None:
    """A total of 5000, of which 400 are the isolated one's. 1000 are added to it before the balances come again."""
    alone = isolated("ETH", 1.0, 3000.0, 3000.0, -2600.0)
    stream = unified(dex(0.0, LONG, alone, maintenance=750.0))
    assert stream.equity() == pytest.approx(4600.0)
    stream.states(dex(0.0, LONG, isolated("ETH", 1.0, 3000.0, 3000.0, -1600.0), maintenance=750.0))
    assert stream.equity("isolated:ETH:long") == pytest.approx(1400.0)
    assert stream.equity() == pytest.approx(3600.0)
    (pool,) = [one for one in stream.report.pools if one.key.pool == "cross:USDC"]
    # What was left before, and the maintenance, less what went since: 4250 + 750 - 1000.
    assert pool.drift["equity"] == pytest.approx(3600.0 / 4000.0 - 1.0)


def test_a_position_that_turns_isolated_takes_its_margin_along_at_once() -> None:
    stream = unified()
    stream.states(dex(0.0, isolated("BTC", 1.0, 60000.0, 60000.0, -56000.0), maintenance=0.0))
    assert stream.equity("isolated:BTC:long") == pytest.approx(4000.0)
    assert stream.equity() == pytest.approx(1000.0)


@pytest.mark.parametrize("state", [OPEN, UNIFIED_OPEN], ids=["standard", "unified"])
def test_a_position_that_cannot_be_read_does_not_take_what_it_cost_from_the_money(state: Row) -> None:
    """Bought at 50 000 and worth 60 000: without its row the cash leg alone would be far below zero."""
    row = cross("BTC", 1.0, 50000.0, 60000.0)
    open_ = {**dex(15000.0 if state is OPEN else 0.0, row, maintenance=750.0)}
    mode, money = ("default", spot()) if state is OPEN else ("unifiedAccount", pooled(15000.0))
    stream = Stream(folder_of({"": open_}, mode=mode, money=money, metas=METAS))
    stream.spot(money)
    assert stream.equity() == pytest.approx(15000.0)
    bad = {**open_, "assetPositions": [{"position": {**row["position"], "entryPx": "?"}}]}
    for _ in range(3):
        stream.states(bad)
    assert stream.held() == {"BTC"}
    assert stream.equity() == pytest.approx(15000.0)
    assert stream.report.quality is not Quality.LIVE


@pytest.mark.parametrize("money", [pooled("many"), spot(available={}), spot(coin("HYPE", 3), available={})])
def test_a_balance_that_is_bad_or_not_told_is_not_nothing(money: Row) -> None:
    stream = unified()
    stream.spot(money)
    assert not stream.liquidatable()
    assert stream.equity() == pytest.approx(5000.0)
    stream.states(UNIFIED_OPEN)
    assert not stream.liquidatable()


def test_equity_by_what_is_left_goes_by_the_maintenance_of_its_own_moment() -> None:
    """Twice the price asks for twice the maintenance, but what was left was left after that of before."""
    stream = unified()
    moved = cross("BTC", 1.0, 60000.0, 66000.0)
    heard: Any = decoded(
        frame(
            "allDexsClearinghouseState",
            {"user": ADDRESS, "clearinghouseStates": [["", dex(0.0, moved, maintenance=825.0)]]},
        )
    )
    (snapshot,) = stream.assembly.put(heard).events
    assert isinstance(snapshot, AccountSnapshot)
    (usdc,) = snapshot.balances
    assert usdc.venue_margin_balance == pytest.approx(4250.0 + 750.0 + 6000.0)
    assert usdc.venue_maintenance_margin == pytest.approx(825.0)


def test_a_bad_balance_of_portfolio_margin_is_not_nothing_either() -> None:
    lent = coin("HYPE", 0.0, ltv="0.65")
    money = spot(coin("USDC", 5000, ltv="0.0"), lent, available={"USDC": 4250.0})
    stream = Stream(folder_of({"": UNIFIED_OPEN}, mode="portfolioMargin", money=money, metas=METAS))
    stream.states(UNIFIED_OPEN)
    before = stream.equity("portfolio-margin")
    stream.spot(spot(coin("USDC", "many", ltv="0.0"), lent, available={"USDC": 4250.0}))
    assert before is not None
    assert stream.equity("portfolio-margin") == pytest.approx(before)
    assert stream.report.quality is not Quality.LIVE


def test_a_pool_that_is_worth_less_than_nothing_has_no_ratio_of_the_venues() -> None:
    state = dex(-100.0, cross("BTC", 1.0, 60000.0, 60000.0), maintenance=750.0)
    stream = Stream(folder_of({"": state}, metas=METAS))
    assert stream.liquidatable()
    assert not any(pool.drift.get("ratio") for pool in stream.report.pools)


def test_what_an_isolated_position_is_worth_is_compared_with_what_the_venue_says() -> None:
    row = isolated("BTC", 1.0, 58000.0, 60000.0, -50000.0)
    row["position"]["marginUsed"] = "11000.0"
    stream = Stream(folder_of({"": dex(0.0, row)}, metas=METAS))
    (pool,) = [one for one in stream.report.pools if one.key.pool == "isolated:BTC:long"]
    assert pool.drift["equity"] == pytest.approx(10000.0 / 11000.0 - 1.0)
    assert any("equity" in why for why in pool.reasons)
