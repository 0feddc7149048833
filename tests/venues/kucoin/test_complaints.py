"""What other tools misread in an account, through KuCoin's words and the engine: answers and pushes in, reports out.

5 ccxt#8311, #14747 («no price» in its many spellings); 8 rabby-mobile#1678 (a price past the mark where nothing is
left); 12 ccxt#16737 (one leg of a hedge lost), nautilus_trader#4110 (margin grows with the number of fills);
13 trading-gpt#103 (a position missing from one answer taken for none); 19 (messages that nobody has heard of).
"""

from __future__ import annotations

from math import inf

import pytest

from monitor.domain.events import Event, Tick
from monitor.domain.lines import State
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.kucoin.answers_account import classic_snapshot
from monitor.venues.kucoin.margin import describe
from monitor.venues.kucoin.offline import read
from tests.venues.kucoin.support import (
    ACCOUNT,
    MS,
    T0,
    VENUE,
    Row,
    answer,
    classic,
    contract,
    decoded,
    frame,
    overview,
    position,
)

MONEY = overview("USDT", 5000.0)


def held(lots: float, mark: float = 60000.0, **more: object) -> Row:
    return position("XBTUSDTM", lots, 60000.0, mark, **more)


class Watched:
    """A classic account with 5000 USDT that is read, and that pushes."""

    def __init__(self, *rows: Row, hedge: bool = False) -> None:
        self.now = T0
        self._engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
        self.take(read(classic(rows, [MONEY], [contract("XBTUSDTM", 0.001)], hedge=hedge), ACCOUNT, T0).events)

    def take(self, events: tuple[Event, ...]) -> None:
        self._engine.step(events, self.now)

    def read(self, *rows: Row) -> None:
        """A reading of the account, some seconds later."""
        self.now += 10.0
        stamped = [{**row, "currentTimestamp": int(self.now * 1000)} for row in rows]
        self.take((classic_snapshot(answer(stamped), [answer(MONEY)], [], ACCOUNT, self.now, self.now),))

    def hear(self, row: Row, topic: str = "/contract/positionAll") -> None:
        """A push, a second later."""
        self.now += 1.0
        found = decoded(frame(topic, "position.change", {**row, "currentTimestamp": int(self.now * 1000)}))
        self.take(found.events)

    @property
    def report(self) -> AccountReport:
        (report,) = self._engine.reports()
        return report

    @property
    def pool(self) -> PoolReport:
        return next(pool for pool in self.report.pools if pool.key.pool == "cross:USDT")

    @property
    def positions(self) -> list[PositionReport]:
        return [one for pool in self.report.pools for one in pool.positions]


@pytest.mark.parametrize("written", [0, "0", "", None, -1, 1_000_000.0, "absent"])
def test_5_no_price_of_the_venue_is_neither_a_price_nor_a_distance_of_nothing(written: object) -> None:
    row = held(-1, liquidationPrice=written)
    if written == "absent":
        del row["liquidationPrice"]
    (one,) = Watched(row).positions
    assert one.line.state is State.AT
    assert one.line.price == pytest.approx(60000.0 + 5000.0 / 0.001, rel=0.01)
    assert one.venue_line.price is None


def test_8_below_maintenance_is_liquidatable_and_no_price_is_printed() -> None:
    watched = Watched(held(1000))
    watched.take((Tick(VENUE, "XBTUSDTM", 55_200.0, watched.now, watched.now),))
    assert watched.pool.ratio.state is State.LIQUIDATABLE
    watched.take((Tick(VENUE, "XBTUSDTM", 54_000.0, watched.now, watched.now),))
    assert watched.pool.ratio.value == inf
    (one,) = watched.positions
    assert (one.line.state, one.line.price, one.line.distance_ratio) == (State.LIQUIDATABLE, None, 0.0)


def test_12_both_legs_of_a_hedge_survive_readings_pushes_and_the_end_of_one() -> None:
    long, short = held(3, positionSide="LONG"), held(-2, positionSide="SHORT")
    watched = Watched(long, short, hedge=True)
    assert [one.quantity for one in watched.positions] == [0.003, -0.002]
    watched.hear({**long, "currentQty": 5})
    watched.read({**long, "currentQty": 5}, short)
    assert [one.quantity for one in watched.positions] == [0.005, -0.002]
    watched.hear({**short, "currentQty": 0})
    assert [one.quantity for one in watched.positions] == [0.005]


def test_12_hundreds_of_pushes_of_the_same_position_ask_for_no_more_than_one() -> None:
    watched = Watched(held(100))
    before = watched.pool.maintenance_margin_usd
    for _ in range(300):
        watched.hear(held(100))
    assert watched.pool.maintenance_margin_usd == before


def test_13_a_position_missing_from_one_reading_is_kept_until_a_second_one_agrees() -> None:
    watched = Watched(held(100))
    watched.read()
    assert len(watched.positions) == 1
    watched.read()
    assert watched.positions == []


def test_partial_pushes_change_no_position_and_make_no_reading_look_old() -> None:
    """A mark that moves each second must not undo what is read, nor be taken for a position of nothing."""
    watched = Watched(held(100))
    for number in range(5):
        watched.hear({"markPrice": 60000.0 + number, "markValue": 6000.0}, "/contract/position:XBTUSDTM")
        watched.read(held(120))
    (one,) = watched.positions
    assert one.quantity == pytest.approx(0.12)
    assert not any("reading" in why for why in watched.pool.reasons)


def test_19_what_nobody_has_heard_of_changes_nothing() -> None:
    watched = Watched(held(100))
    before = watched.report
    for text in (frame("/contract/new", "new.subject", {"a": 1}), {"T": "new.FUTURES", "P": MS, "d": {}}, b"\xff"):
        watched.take(decoded(text).events)
    assert watched.positions == [one for pool in before.pools for one in pool.positions]
