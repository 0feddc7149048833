"""What other tools misread in an account, through OKX's words and the engine: answers and pushes in, reports out.

5 Bruce188/FundingRateArb#399 («» where there is no price); 10 nautilus_trader#4009 (collateral counted more than once);
12 ccxt#16737 (one leg of a hedge lost), nautilus_trader#4110 (margin grows with the number of fills), ccxt#16488 (the
side of spot margin); 13 trading-gpt#103 (a position that was never asked for taken for none).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import pytest

from monitor.domain.events import Event
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.okx import endpoints
from monitor.venues.okx.answers_account import account_snapshot
from monitor.venues.okx.codec import Paged
from monitor.venues.okx.margin import describe
from monitor.venues.okx.offline import read
from monitor.venues.okx.pages import Pages
from tests.venues.okx.support import (
    ACCOUNT,
    T0,
    VENUE,
    Row,
    answer,
    balance,
    coin,
    config,
    contract,
    decoded,
    folder_of,
    frame,
    named,
    pair,
    swap,
    tier,
    tiers_file,
)

MONEY = coin("USDT", "50000", coinUsdPrice="1")
RATES = {tiers_file("SWAP", "cross", "BTC-USDT"): [tier("0", "100000", "0.004", instFamily="BTC-USDT")]}


class Watched:
    """A futures account with 50 000 USDT that is read, and that pushes on one connection."""

    def __init__(self, *rows: Row, mode: str = "net_mode", loans: Mapping[str, list[Row]] | None = None) -> None:
        self.now = T0
        self._engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
        self._pages = Pages()
        self.doubts: list[str] = []
        files = folder_of(
            setup=config("2", mode),
            money=balance(MONEY),
            positions=rows,
            listed=[contract("BTC-USDT-SWAP", "0.01"), pair("BTC-USDT")],
            tiers={**RATES, **(loans or {})},
        )
        files[named(endpoints.MARK_PRICE, instType="SWAP")] = answer(
            {"instId": "BTC-USDT-SWAP", "markPx": "100000", "ts": str(int(T0 * 1000))},
            {"instId": "BTC-USDT", "markPx": "100000", "ts": str(int(T0 * 1000))},
        )
        self.take(read(files, ACCOUNT, T0).events)

    def take(self, events: tuple[Event, ...]) -> None:
        self._engine.step(events, self.now)

    def read(self, *rows: Row) -> None:
        """A reading of the account, some seconds later."""
        self.now += 10.0
        self.take((account_snapshot(balance(MONEY), answer(*rows), [], ACCOUNT, self.now, self.now),))

    def hear(self, *rows: Row, whole: bool = False) -> None:
        """A push of positions, a millisecond later."""
        self.take(self.heard(*rows, whole=whole))

    def heard(self, *rows: Row, whole: bool = False) -> tuple[Event, ...]:
        """What such a push tells."""
        self.now += 0.001
        stamp = str(int(self.now * 1000))
        stamped = [row | {"uTime": stamp, "pTime": stamp} for row in rows]
        said = frame("positions", *stamped, eventType="snapshot" if whole else "event_update", arg={"instType": "ANY"})
        found = self._pages.put(decoded(said))
        if isinstance(found, Paged) and found.doubt:
            self.doubts.append(found.doubt)
        return found.events

    @property
    def report(self) -> AccountReport:
        (report,) = self._engine.reports()
        return report

    def pool(self, name: str = "cross:USDT") -> PoolReport:
        return next(pool for pool in self.report.pools if pool.key.pool == name)

    def held(self) -> dict[tuple[str, str], PositionReport]:
        return {(one.symbol, one.side.value): one for pool in self.report.pools for one in pool.positions}


def leg(contracts: float, side: str = "net", **more: object) -> Row:
    entry = "100000" if contracts else ""
    return swap("BTC-USDT-SWAP", f"{contracts:g}", entry, "100000", posSide=side, ccy="USDT") | more


@pytest.mark.parametrize("text", ["", "0", None], ids=["empty", "0", "null"])
def test_complaint_5_no_way_to_print_none_becomes_a_distance_of_the_venues(text: str | None) -> None:
    watched = Watched(leg(200, liqPx=text))
    (held,) = watched.held().values()
    assert held.venue_line.state is State.UNKNOWN
    assert held.venue_line.price is None
    assert held.drift_ratio is None
    assert 0.0 < (held.line.distance_ratio or inf) < 1.0, "ours does not wait for the venue's"


def test_complaint_10_each_currency_backs_its_own_positions_once() -> None:
    watched = Watched(leg(200))
    assert watched.report.equity_usd == pytest.approx(50_000.0)
    assert [pool.key.pool for pool in watched.report.pools] == ["cross:USDT"]


def test_complaint_12_both_legs_of_a_hedge_survive_a_reading_an_update_and_the_close_of_one() -> None:
    watched = Watched(leg(20, "long"), leg(10, "short"), mode="long_short_mode")
    assert {key: one.quantity for key, one in watched.held().items()} == {
        ("BTC-USDT-SWAP", "long"): pytest.approx(0.2),
        ("BTC-USDT-SWAP", "short"): pytest.approx(-0.1),
    }
    watched.hear(leg(30, "long"))
    assert watched.held()["BTC-USDT-SWAP", "long"].quantity == pytest.approx(0.3)
    assert watched.held()["BTC-USDT-SWAP", "short"].quantity == pytest.approx(-0.1)
    watched.hear(leg(0, "long"))
    assert set(watched.held()) == {("BTC-USDT-SWAP", "short")}
    watched.read(leg(10, "short"))
    assert set(watched.held()) == {("BTC-USDT-SWAP", "short")}


def test_complaint_12_a_position_that_turns_round_in_net_mode_is_one() -> None:
    watched = Watched(leg(20))
    watched.hear(leg(-5))
    assert {key: one.quantity for key, one in watched.held().items()} == {
        ("BTC-USDT-SWAP", "short"): pytest.approx(-0.05)
    }


def test_complaint_12_a_thousand_fills_leave_the_margin_that_one_leaves() -> None:
    many, one = Watched(), Watched()
    for burst in range(20):
        events: list[Event] = []
        for number in range(50 * burst + 1, 50 * burst + 51):
            events += many.heard(leg(number / 10))
        many.take(tuple(events))
    one.hear(leg(100))
    assert many.held()["BTC-USDT-SWAP", "long"].quantity == pytest.approx(1.0)
    for figure in ("maintenance_margin_usd", "initial_margin_usd", "equity_usd", "gross_notional_usd"):
        found = getattr(many.pool(), figure)
        assert found == pytest.approx(getattr(one.pool(), figure), rel=1e-12), figure
        assert found > 0.0


LOANS = {
    tiers_file("MARGIN", "isolated", "BTC-USDT"): [
        tier("0", "50", "0.02", instId="BTC-USDT", baseMaxLoan="50", quoteMaxLoan="5000000")
    ]
}


def loan(held: str) -> Row:
    size, owed = ("1", "80000") if held == "BTC" else ("120000", "1")
    return swap("BTC-USDT", size, "100000", "100000", instType="MARGIN", mgnMode="isolated", margin="0.2") | {
        "posCcy": held,
        "ccy": held,
        "liab": f"-{owed}",
        "liabCcy": "USDT" if held == "BTC" else "BTC",
        "interest": "0",
        "upl": "0",
    }


@pytest.mark.parametrize("mode", ["net_mode", "long_short_mode"])
def test_complaint_12_spot_margin_is_held_on_both_sides_at_once_in_either_position_mode(mode: str) -> None:
    watched = Watched(loan("BTC"), loan("USDT"), mode=mode, loans=LOANS)
    assert {key: one.line.state for key, one in watched.held().items()} == {
        ("BTC-USDT", "long"): State.AT,
        ("BTC-USDT", "short"): State.AT,
    }
    below, above = watched.held()["BTC-USDT", "long"].line.price, watched.held()["BTC-USDT", "short"].line.price
    assert below is not None
    assert above is not None
    assert below < 100_000 < above
    watched.hear(loan("BTC") | {"pos": "0", "liab": "", "margin": ""})
    assert set(watched.held()) == {("BTC-USDT", "short")}


def test_complaint_12_a_swap_kept_apart_in_net_mode_is_told_and_makes_the_account_unknown() -> None:
    watched = Watched(loan("BTC"), loan("USDT"), leg(5), loans=LOANS)
    assert set(watched.held()) >= {("BTC-USDT-SWAP", "long")}  # figures are shown, so that the account is not unknown
    watched.hear(leg(20, "long"))
    assert watched.report.quality is Quality.UNKNOWN
    assert any("contradiction: the account is in one-way mode" in reason for reason in watched.report.reasons)


def test_complaint_13_an_empty_answer_is_no_flat_account_until_a_second_one_says_so() -> None:
    watched = Watched(leg(20))
    watched.read()
    assert set(watched.held()) == {("BTC-USDT-SWAP", "long")}
    assert any("BTC-USDT-SWAP long" in reason for reason in watched.report.reasons)
    watched.read()
    assert watched.held() == {}


def test_complaint_13_an_empty_snapshot_on_the_socket_is_a_reason_to_read_and_no_more() -> None:
    watched = Watched(leg(20))
    watched.hear(leg(20), whole=True)
    watched.hear(whole=True)
    assert set(watched.held()) == {("BTC-USDT-SWAP", "long")}
    assert watched.doubts == ["an empty snapshot of positions"]


def test_an_instrument_held_cross_and_isolated_at_once_makes_the_account_unknown_and_not_wrong() -> None:
    watched = Watched(leg(20), leg(5, mgnMode="isolated", margin="1000"))
    assert watched.report.quality is Quality.UNKNOWN
