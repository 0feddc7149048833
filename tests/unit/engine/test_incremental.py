"""The engine remembers: after any events its reports are those of a new one that is told the final state."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.accounts import AccountMode, Order, Position
from monitor.domain.events import AccountSnapshot, Elapsed, Event
from monitor.domain.quality import Quality
from monitor.domain.tiers import TierTable, flat
from tests.unit.engine.likeness import assert_same
from tests.unit.engine.situations import (
    ISOLATED,
    MAIN,
    MULTI,
    ONE_WAY,
    OTHER,
    TIERS,
    UNREADABLE,
    T,
    asset,
    config,
    engine,
    held,
    instruments,
    order,
    ordered,
    paid,
    pushed,
    reading,
    tick,
    tiers,
    usdt,
)

SYMBOLS = ("BTCUSDT", "ETHUSDT")
TABLES: tuple[dict[str, TierTable], ...] = (TIERS, {"BTCUSDT": flat(0.01), "ETHUSDT": flat(0.02, 5.0)})


@dataclass
class Truth:
    """The account as its venue knows it, and the events by which it says so."""

    now: float = T
    marks: dict[str, float] = field(default_factory=lambda: {"BTCUSDT": 60_000.0, "ETHUSDT": 3_000.0})
    positions: dict[str, Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    wallet: float = 10_000.0
    table: int = 0
    mode: AccountMode = ONE_WAY
    asked: float = T

    def beginning(self) -> list[Event]:
        """All that is needed to know the state of now."""
        prices: list[Event] = [tick(symbol, mark, self.now) for symbol, mark in self.marks.items()]
        prices += [asset("USDT", 1.0, self.now), asset("BTC", self.marks["BTCUSDT"], self.now)]
        tables: list[Event] = [instruments(), tiers(T, None, **TABLES[self.table])]
        other: list[Event] = [config(account=OTHER), reading(held("ETHUSDT", 1.0, 3_000.0), account=OTHER)]
        return [*tables, *prices, config(self.mode, asked=self.asked), self.read(), *other]

    def read(self, *, without: str = "", problems: tuple[str, ...] = ()) -> AccountSnapshot:
        """A reading of the account as it stands."""
        rows = [position for symbol, position in self.positions.items() if symbol != without]
        resting = [] if without else list(self.orders.values())
        return reading(*rows, balances=[usdt(self.wallet)], asked=self.asked, problems=problems, orders=resting)

    def moved(self, symbol: str, factor: float) -> list[Event]:
        self.marks[symbol] *= factor
        return [tick(symbol, self.marks[symbol], self.now)]

    def traded(self, symbol: str, quantity: float, wallet: float | None) -> list[Event]:
        entry = self.marks[symbol]
        if not quantity:
            self.positions.pop(symbol, None)
            return [pushed(symbol, 0.0, at=self.now)]
        position = held(symbol, quantity, entry, isolated=wallet, at=self.now)
        self.positions[symbol] = position
        return [pushed(symbol, quantity, entry, at=self.now, mode=position.margin_mode, wallet=wallet)]

    def after(self, what: str, symbol: str, number: float, isolated: bool) -> list[Event]:
        """One thing that happens, and what is heard of it."""
        before, self.now = self.now, self.now + 1.0
        match what:
            case "moves":
                return self.moved(symbol, math.exp(number * 0.3))
            case "trades":
                margin_wallet = abs(number) * 5_000.0 if isolated and self.mode is ONE_WAY else None
                return self.traded(symbol, number * 60_000.0 / self.marks[symbol], margin_wallet)
            case "closes":
                return self.traded(symbol, 0.0, None)
            case "orders":
                resting = order(symbol, round(number, 1), self.marks["BTCUSDT"] * (1.0 - number / 9.0), at=self.now)
                self.orders[symbol] = resting
                if not resting.quantity:
                    del self.orders[symbol]
                return [ordered(resting, at=self.now)]
            case "is ordered late":
                return [ordered(order(symbol, 9.0, at=T - 100.0), at=T - 100.0, received=self.now)]
            case "pays":
                self.wallet = 10_000.0 * (1.0 + number)
                return [paid("USDT", self.wallet, at=self.now, cross=self.wallet)]
            case "is read":
                self.asked = self.now
                return [self.read()]
            case "is half read":
                self.asked = self.now
                return [self.read(without=symbol, problems=(f"{symbol}: no quantity",))]
            case "is read with a hole":
                self.asked = self.now
                return [self.read(without=symbol)]
            case "is read late":
                return [reading(asked=before - 100.0)]
            case "is pushed late":
                return [pushed(symbol, 9.0, 1.0, at=T - 100.0, received=self.now)]
            case "jumps":
                return [tick(symbol, self.marks[symbol] / 10.0, self.now), Elapsed(self.now)]
            case "gets other tiers":
                self.table = 1 - self.table
                return [tiers(T, None, **TABLES[self.table])]
            case "changes its mode":
                if any(position.margin_mode is ISOLATED for position in self.positions.values()):
                    return []
                self.mode = MULTI if self.mode is ONE_WAY else ONE_WAY
                return [config(self.mode, asked=self.now)]
            case "hides its mode":
                return [config(UNREADABLE, asked=self.now)]
        return [Elapsed(self.now)]


FEWER = settings(max_examples=settings().max_examples // 2)  # each example is the life of two engines
HAPPENINGS = st.tuples(
    st.sampled_from(
        [
            "moves",
            "trades",
            "closes",
            "orders",
            "is ordered late",
            "pays",
            "is read",
            "is half read",
            "is read with a hole",
            "is read late",
            "is pushed late",
            "jumps",
            "gets other tiers",
            "changes its mode",
            "hides its mode",
            "waits",
        ]
    ),
    st.sampled_from(SYMBOLS),
    st.floats(-0.9, 0.9).map(lambda value: round(value, 3)).filter(bool),
    st.booleans(),
)


@FEWER
@given(
    happenings=st.lists(st.lists(HAPPENINGS, min_size=1, max_size=3), max_size=12), every=st.sampled_from([0.0, 2.5])
)
def test_the_reports_are_those_of_a_new_engine(
    happenings: list[list[tuple[str, str, float, bool]]], every: float
) -> None:
    truth = Truth()
    lived = engine(MAIN, OTHER, lines_every_seconds=every)
    lived.step(truth.beginning(), truth.now)
    for together in happenings:
        batch = [event for one in together for event in truth.after(*one)]
        lived.step(batch, truth.now)
    final: list[Event] = [tick(symbol, mark, truth.now) for symbol, mark in truth.marks.items()]
    for _ in range(2):  # what was missing from a reading is believed gone after a second one
        truth.now += 5.0
        truth.asked = truth.now
        final += [*truth.beginning(), Elapsed(truth.now)]
        lived.step(final, truth.now)
        final = []
    told = engine(MAIN, OTHER)
    told.step(truth.beginning(), truth.now)
    assert_same(lived, told)
    assert {found.quality for found in lived.reports()} == {Quality.LIVE}


@FEWER
@given(happenings=st.lists(HAPPENINGS, max_size=12))
def test_nothing_depends_on_how_the_events_were_batched(happenings: list[tuple[str, str, float, bool]]) -> None:
    events: list[Event] = []
    truth = Truth()
    beginning = truth.beginning()
    for one in happenings:
        events += truth.after(*one)
    whole, one_by_one = engine(MAIN, OTHER), engine(MAIN, OTHER)
    for each in (whole, one_by_one):
        each.step(beginning, T)
    whole.step([*events, Elapsed(truth.now)], truth.now)
    for event in [*events, Elapsed(truth.now)]:
        one_by_one.step([event], truth.now)
    assert_same(whole, one_by_one)
