"""What other tools misread in an account, through Bybit's words and the engine: answers and pushes in, reports out.

5 Bruce188/FundingRateArb#399 (the venue's word for «no price» taken for a price); 12 ccxt#16737 (one leg of a hedge
lost), nautilus_trader#4110 (margin grows with the number of fills); 13 BitMEX/api-connectors#277 (an empty answer taken
for a flat account).
"""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.events import Event
from monitor.domain.lines import State
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.bybit.account_answers import account_snapshot
from monitor.venues.bybit.margin import describe
from monitor.venues.bybit.offline import read
from tests.venues.bybit.support import (
    ACCOUNT,
    T0,
    VENUE,
    account_folder,
    coin,
    contract,
    decoded,
    frame,
    limits,
    listing,
    position,
    wallet,
)

FEE = "0.00055"


class Watched:
    """An account with 50 000 USDT that is read, and that pushes."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.now = T0
        self._engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
        files = account_folder(
            "REGULAR_MARGIN",
            wallet(coin("USDT", 50_000)),
            positions={"USDT": rows},
            contracts=[contract("BTCUSDT", "BTC")],
            tiers=limits("BTCUSDT", (2e6, 0.005, ""), (1e9, 0.01, "10000")),
        )
        files["v5_market_tickers__category=linear.json"] = listing({"symbol": "BTCUSDT", "markPrice": "100000"})
        self.take(read(files, ACCOUNT, T0).events)

    def take(self, events: tuple[Event, ...]) -> None:
        self._engine.step(events, self.now)

    def read(self, *rows: dict[str, Any]) -> None:
        """A reading of the account."""
        self.now += 10.0
        answers = [listing(*rows, category="linear")]
        self.take((account_snapshot(wallet(coin("USDT", 50_000)), answers, [], ACCOUNT, self.now, self.now),))

    def hear(self, topic: str, *rows: dict[str, Any]) -> None:
        """A push, a millisecond later."""
        self.take(self.heard(topic, *rows))

    def heard(self, topic: str, *rows: dict[str, Any]) -> tuple[Event, ...]:
        """What such a push tells."""
        self.now += 0.001
        stamped = [row | {"updatedTime": str(int(self.now * 1000)), "category": "linear"} for row in rows]
        body = {"topic": topic, "creationTime": self.now * 1000, "data": stamped}
        return decoded(frame(body)).events

    @property
    def report(self) -> AccountReport:
        (report,) = self._engine.reports()
        return report

    @property
    def pool(self) -> PoolReport:
        (pool,) = self.report.pools
        return pool

    def held(self) -> dict[tuple[str, str], PositionReport]:
        return {(one.symbol, one.side.value): one for one in self.pool.positions}


def leg(quantity: float, index: int, **more: Any) -> dict[str, Any]:
    return position("BTCUSDT", quantity, "100000", "100000", positionIdx=index, entryPrice="100000", **more)


@pytest.mark.parametrize("text", ["", "0", None], ids=["empty", "0", "null"])
def test_complaint_5_no_way_to_print_none_becomes_a_distance_of_the_venues(text: str | None) -> None:
    watched = Watched(leg(2.0, 0) | {"liqPrice": text})
    (held,) = watched.held().values()
    assert held.venue_line.state is (State.UNKNOWN if text != "" else State.NEVER)
    assert held.venue_line.price is None
    assert held.drift_ratio is None
    assert held.line.price == pytest.approx(150_110 / 1.99, rel=1e-3), "ours does not wait for the venue's"


def test_complaint_12_both_legs_of_a_hedge_survive_a_reading_an_update_and_the_close_of_one() -> None:
    watched = Watched(leg(0.2, 1), leg(-0.1, 2))
    assert {key: one.quantity for key, one in watched.held().items()} == {
        ("BTCUSDT", "long"): 0.2,
        ("BTCUSDT", "short"): -0.1,
    }
    watched.hear("position", leg(0.3, 1))
    assert watched.held()["BTCUSDT", "long"].quantity == 0.3
    assert watched.held()["BTCUSDT", "short"].quantity == -0.1
    watched.hear("position", leg(0.0, 1, liqPrice="0", positionIM=""))
    assert set(watched.held()) == {("BTCUSDT", "short")}
    watched.read(leg(0.0, 1), leg(-0.1, 2))
    assert set(watched.held()) == {("BTCUSDT", "short")}


def test_complaint_12_a_thousand_fills_leave_the_margin_that_one_leaves() -> None:
    many, one = Watched(), Watched()
    fill = {"symbol": "BTCUSDT", "side": "Buy", "execType": "Trade", "execFee": "0", "execPnl": "0"}
    for burst in range(20):
        events: list[Event] = []
        for number in range(50 * burst + 1, 50 * burst + 51):
            events += many.heard("execution", fill | {"execQty": "0.001", "execTime": str(int(many.now * 1000))})
            events += many.heard("position", leg(number / 1000, 0))
        many.take(tuple(events))
    assert many.held()["BTCUSDT", "long"].quantity == 1.0
    one.hear("position", leg(1.0, 0))
    for figure in ("maintenance_margin_usd", "initial_margin_usd", "equity_usd", "gross_notional_usd"):
        found = getattr(many.pool, figure)
        assert found == pytest.approx(getattr(one.pool, figure), rel=1e-12), figure
        assert found > 0.0


def test_complaint_13_an_empty_answer_is_no_flat_account_until_a_second_one_says_so() -> None:
    watched = Watched(leg(0.2, 0))
    watched.read()
    assert set(watched.held()) == {("BTCUSDT", "long")}
    assert any("BTCUSDT long" in reason for reason in watched.report.reasons)
    watched.read(leg(0.2, 0))
    watched.read()
    assert set(watched.held()) == {("BTCUSDT", "long")}
    watched.read()
    assert watched.held() == {}


def test_complaint_10_the_documented_wallets_coins_add_up_to_its_equity() -> None:
    # The venue's sample of 2022: what counts nothing as collateral has a value of 0 and no price.
    coins = (
        coin("USDC", "201.34882644", equity="200.62572554", usdValue="200.62572554", unrealisedPnl="74.2768991"),
        coin("BTC", "0.06488393", equity="0.06488393", usdValue="1023.08402268"),
        coin("ETH", "0", equity="0", usdValue="0"),
        coin("USDT", "11728.54414904", equity="11726.64664904", usdValue="11613.58597018", unrealisedPnl="-1.8975"),
        coin("EOS3L", "215.0570412", equity="215.0570412", usdValue="0"),
        coin("BIT", "1.82", equity="1.82", usdValue="0.48758257"),
    )
    snapshot = account_snapshot(wallet(*coins, totalEquity="12837.78330098"), [], [], ACCOUNT, T0, T0)
    counted = [one for one in snapshot.balances if one.price_usd is not None]
    assert [one.asset for one in counted] == ["USDC", "BTC", "USDT", "BIT"]
    total = sum((one.venue_equity or 0.0) * (one.price_usd or 0.0) for one in counted)
    assert total == pytest.approx(12837.78330098, rel=1e-9)
    (usdc, _, usdt, _) = counted
    assert usdc.option_value == pytest.approx(-75.0, abs=1e-6)  # what its options are worth
    assert usdt.option_value == pytest.approx(0.0, abs=1e-6)
