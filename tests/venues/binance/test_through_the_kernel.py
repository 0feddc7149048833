"""Descriptions computed: the FAQ's account to the digits that it prints, and every mode without a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import SymbolConfig
from monitor.domain.events import Tick
from monitor.domain.lines import State
from monitor.domain.names import PoolKey
from monitor.domain.tables import AssetRates
from monitor.domain.tiers import flat
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.venues.binance.margin import describe
from tests.venues.binance.support import VENUE
from tests.venues.binance.test_margin import TABLES, account, isolated, position
from tests.venues.binance.test_offline import described, read


def computed(pools: tuple[Pool, ...], marks: dict[str, float], assets: dict[str, float]) -> dict[str, PoolResult]:
    prices = Prices()
    for symbol, mark in marks.items():
        prices.set_mark(VENUE, symbol, mark)
    for asset, price in assets.items():
        prices.set_asset(VENUE, asset, price)
    book = Book(prices)
    book.replace(pools[0].key.owner, pools)
    return {key.pool: result for key, result in evaluate(book).items()}


def test_the_faqs_liquidation_prices_and_margin_ratio() -> None:
    found = read()
    marks = {event.symbol: event.mark for event in found.events if isinstance(event, Tick)}
    result = computed(described(found).pools, marks, {"USDT": 1.0})["cross:USDT"]
    lines = {position.symbol: position.line for position in result.positions}
    assert round(lines["ETHUSDT"].price or 0.0, 2) == 1153.26
    assert round(lines["BTCUSDT"].price or 0.0, 2) == 26316.89
    assert result.ratio.value == pytest.approx(0.4149, abs=5e-5)
    assert result.maintenance_margin == pytest.approx(result.equity * 0.41489491046786475 if result.equity else 0.0)
    assert [(line.disagree, abs(line.drift_ratio or 0.0) < 1e-9) for line in result.venue_lines] == [(False, True)] * 2


MARKS = dict.fromkeys(TABLES.instruments, 100000.0)
ASSETS = {"USDT": 0.9996, "USDC": 0.9999, "BTC": 100_000.0}
AUTO = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", auto_add_margin=True, leverage=10.0)}
ACCOUNTS = {
    "one-way cross": account(position("BTCUSDT", 0.1), position("ETHUSDT", -0.1)),
    "hedge cross": account(position("BTCUSDT", 0.1, hedge=True), position("BTCUSDT", -0.2, hedge=True), hedge=True),
    "isolated with auto-add": account(isolated("BTCUSDT", 0.05), position("ETHUSDT", 0.1), symbols=AUTO),
    "two margin assets": account(
        position("BTCUSDT", 0.1), position("BTCUSDC", -0.1), balances={"USDT": 2000.0, "USDC": 3000.0}
    ),
    "multi-assets": account(
        position("BTCUSDT", 0.1), position("BTCUSDC", -0.2), multi=True, balances={"BTC": 0.3, "USDT": -200.0}
    ),
    "credits": account(position("BTCUSDT", 0.1), position("BTCUSDC", -0.2), balances={"BNFCR": 5000.0}),
    "credits in multi-assets": account(position("BTCUSDT", 0.1), multi=True, balances={"BNFCR": -50.0, "BTC": 0.1}),
    "calendar": account(position("BTCUSDT", 0.1), position("BTCUSDT_261225", -0.1)),
    "a thousand of a coin": account(position("1000SHIBUSDT", 0.1)),
    "balances alone": account(balances={"USDT": 10.0, "USDC": -3.0}),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_mode_is_computed(name: str) -> None:
    description = describe(ACCOUNTS[name], TABLES)
    assert description.pools
    for result in computed(description.pools, MARKS, ASSETS).values():
        assert result.unknown == ()
        assert result.ratio.state is not State.UNKNOWN
        assert result.equity_usd is not None
        assert all(position.line.state is not State.UNKNOWN for position in result.positions)


def test_balances_without_positions_have_ratio_0_and_a_deficit_is_told() -> None:
    results = computed(describe(ACCOUNTS["balances alone"], TABLES).pools, MARKS, ASSETS)
    assert [result.ratio.value for result in results.values()] == [0.0, 0.0]
    assert results["cross:USDC"].deficit_usd == pytest.approx(3.0 * 0.9999)


def test_credits_count_as_dollars_and_profit_in_either_coin_as_credits() -> None:
    result = computed(describe(ACCOUNTS["credits"], TABLES).pools, MARKS, ASSETS)["cross:BNFCR"]
    assert result.equity == result.equity_usd == pytest.approx(5000.0)
    assert not result.usd_assumed
    assert PoolKey("binance", "main", "cross:BNFCR") == result.key


def test_the_documented_multi_assets_account() -> None:
    # FAQ c983a9268cfa4e70a4916c276bb3b7bc: USDT index 0.99 (bid 0.9801, ask 0.99495), USDC 1;
    # 0.5 BTCUSDT at 20 000 (0.8 %), 20 ETHUSDC at 600 (1 %). It prints 416.02, 199.596 and, cut off, 0.47977.
    tables = replace(
        TABLES,
        instruments={
            **TABLES.instruments,
            "ETHUSDC": replace(TABLES.instruments["BTCUSDC"], symbol="ETHUSDC", base="ETH", coin="ETH"),
        },
        tiers={"BTCUSDT": flat(0.008), "ETHUSDC": flat(0.01)},
        rates={
            "USDT": AssetRates(positive_rate=0.99, negative_rate=1.005, requirement_rate=1.005),
            "USDC": AssetRates(positive_rate=1.0, negative_rate=1.0, requirement_rate=1.0),
        },
    )
    described_account = account(
        position("BTCUSDT", 0.5, entry_price=20_000.0),
        position("ETHUSDC", 20.0, entry_price=600.0),
        multi=True,
        balances={"USDT": 200.0, "USDC": 220.0},
    )
    result = computed(
        describe(described_account, tables).pools, {"BTCUSDT": 20_000.0, "ETHUSDC": 600.0}, {"USDT": 0.99, "USDC": 1.0}
    )["multi-assets"]
    assert result.equity == pytest.approx(416.02)
    assert result.maintenance_margin == pytest.approx(199.596)
    assert result.ratio.value == pytest.approx(0.47977, abs=1e-5)
