"""The monitor's kernel against the simulator's own arithmetic, for COIN-M, spot margin and portfolio margin.

Accounts that trade and borrow at random are read through the venue's words; the drift of each figure is no more than
what the venue's eight decimals leave open.
"""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.sim.binance import SimBinance
from monitor.sim.binance.traders import COIN_SYMBOLS, RandomBorrower, RandomTrader
from monitor.sim.clock import ManualClock
from tests.sim.binance.reading import NOW, assessed

SEEDS = (1, 2, 3, 4)


def venue(seed: int) -> SimBinance:
    return SimBinance(clock=ManualClock(NOW), seed=seed, paced=False, network=False)


def live(sim: SimBinance) -> None:
    """Four hours of market."""
    for _ in range(48):
        sim.tick(300.0)


def printed_lines_agree(report: AccountReport, relative: float) -> int:
    """Each line of ours and the venue's beside it; returns how many there are."""
    lines = 0
    for pool in report.pools:
        for position in pool.positions:
            ours, theirs = position.line, position.venue_line
            assert ours.state == theirs.state, (position.symbol, position.side, ours, theirs)
            if ours.state is State.AT:
                lines += 1
                assert ours.price == pytest.approx(theirs.price, rel=relative, abs=6e-9), position.symbol
    return lines


@pytest.mark.parametrize("hedge", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_coin_margined_pools_agree(seed: int, hedge: bool) -> None:
    sim = venue(seed)
    account = sim.add_account("main", product="coinm", wallets={"BTC": 1.0, "ETH": 20.0}, hedge=hedge)
    dated = next(s for s in sim.market.contracts if s.startswith("BTCUSD_2"))
    trader = RandomTrader(
        account, seed=seed, eagerness=0.5, most_notional=20_000.0, symbols=(*COIN_SYMBOLS, dated), isolated_share=0.3
    )
    sim.traders.append(trader)
    live(sim)
    assert account.open_positions(), "a seed without positions proves nothing"
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    assert sum(len(pool.positions) for pool in report.pools) == len(account.open_positions())
    # eight decimals of a coin are a ten-thousandth of a small requirement
    printed_lines_agree(report, 1e-5)
    for pool in report.pools:
        for figure in ("equity", "maintenance_margin", "ratio"):
            assert abs(pool.drift.get(figure, 0.0)) < 1e-3, (pool.key.pool, figure)


@pytest.mark.parametrize("pro", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_levels_of_cross_margin_agree(seed: int, pro: bool) -> None:
    sim = venue(seed)
    account = sim.add_account("main", product="margin", wallets={"USDT": 6_000.0, "BTC": 0.05}, pro=pro)
    sim.traders.append(RandomBorrower(account, seed=seed, eagerness=0.8))
    live(sim)
    account.order("USDT", min(10.0, account.purse.of("USDT").free), loss_usdt=3.0)
    assert account.purse.owes(), "a seed without debts proves nothing"
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    (pool,) = report.pools
    assert pool.venue_ratio == pytest.approx(account.level(), rel=1e-6)
    assert abs(pool.drift["ratio"]) < 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_levels_and_lines_of_pairs_agree(seed: int) -> None:
    sim = venue(seed)
    wallets = {"SOLUSDT": {"USDT": 3_000.0}, "ETHBTC": {"BTC": 0.05}, "BTCUSDT": {"BTC": 0.05}}
    account = sim.add_account("main", product="isolated-margin", wallets=wallets)
    sim.traders.append(RandomBorrower(account, seed=seed, eagerness=1.0))
    live(sim)
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    owing = {f"margin:{pair}" for pair, purse in account.purses.items() if purse.owes()}
    assert owing, "a seed without debts proves nothing"
    assert owing <= {pool.key.pool for pool in report.pools}
    for pool in report.pools:
        assert abs(pool.drift.get("ratio", 0.0)) < 1e-5, pool.key
        assert abs(pool.drift.get("line", 0.0)) < 1e-6, pool.key


def test_a_pair_whose_index_differs_from_its_prices_in_btc_is_within_what_is_declared() -> None:
    sim = venue(1)
    account = sim.add_account("main", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 4_000.0}})
    account.trade("SOLUSDT", 60.0, borrow=True)
    account.offsets["SOLUSDT"] = 0.002
    report = assessed(sim)
    (pool,) = report.pools
    assert 1e-4 < abs(pool.drift["ratio"]) < 0.05
    assert report.quality is Quality.LIVE, report.reasons


@pytest.mark.parametrize("product", ["portfolio-margin", "portfolio-margin-pro"])
@pytest.mark.parametrize("seed", SEEDS)
def test_portfolio_margin_agrees(seed: int, product: str) -> None:
    sim = venue(seed)
    account = sim.add_account(
        "main",
        product=product,  # type: ignore[call-overload]  # either of both
        wallets={"BTC": 0.2, "USDT": 2_000.0},
        um_wallets={"USDT": 10_000.0, "USDC": 2_000.0},
        cm_wallets={"ETH": 2.0},
        hedge=seed % 2 == 0,
    )
    sim.traders += [
        RandomTrader(account.um, seed=seed, eagerness=0.5, most_notional=8_000.0, isolated_share=0.0),
        RandomTrader(account.cm, seed=seed, eagerness=0.5, isolated_share=0.0, symbols=COIN_SYMBOLS),
        RandomBorrower(account, seed=seed, eagerness=0.4),
    ]
    live(sim)
    assert account.um.open_positions()
    report = assessed(sim)
    # loans make it partial: what they require is not published
    assert report.quality is (Quality.PARTIAL if account.purse.owes() else Quality.LIVE), report.reasons
    (pool,) = report.pools
    for figure in ("equity", "maintenance_margin", "ratio"):
        assert abs(pool.drift[figure]) < 1e-6, figure
    assert printed_lines_agree(report, 1e-6)


def test_span_carries_the_venues_own_requirement() -> None:
    sim = venue(1)
    account = sim.add_account(
        "main", product="portfolio-margin-pro", wallets={"BTC": 1.0}, um_wallets={"USDT": 5_000.0}, span=True
    )
    account.trade("BTCUSDT", -2.0)
    report = assessed(sim)
    (pool,) = report.pools
    assert report.quality is Quality.PARTIAL
    assert any("SPAN" in reason for reason in pool.reasons)
    assert abs(pool.drift["ratio"]) < 1e-6
