"""The monitor's kernel against the simulator's own arithmetic at every account level of OKX.

An account that trades at random is read through the venue's words (its raw answers) and computed by the engine: two
programs that share no formula agree on equity, maintenance, ratio and line of every pool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.traders import SWAPS, RandomTrader
from tests.sim.okx.clients import still
from tests.sim.okx.reading import Folder
from tests.sim.still import clock_of, pass_time

MORE = ("BTC-USD-SWAP", "BTC-USDC-SWAP", "ETH-USD-SWAP")
LEVELS: dict[str, dict[str, Any]] = {
    "futures mode": {"level": 2, "wallets": {"USDT": 20_000.0, "USDC": 6_000.0, "BTC": 0.2}},
    "futures mode, long and short": {"level": 2, "hedge": True, "wallets": {"USDT": 20_000.0, "ETH": 3.0}},
    "multi-currency": {"level": 3, "wallets": {"USDT": 9_000.0, "BTC": 0.15, "ETH": 2.0}},
    "multi-currency, long and short": {"level": 3, "hedge": True, "wallets": {"USDC": 9_000.0, "BTC": 0.3}},
    "portfolio margin": {"level": 4, "wallets": {"USDT": 20_000.0, "BTC": 0.2}},
    "spot mode that borrows": {"level": 1, "borrows": True, "wallets": {"USDT": 20_000.0, "BTC": 0.2}},
}
EXACT = 1e-6


OF_FEES = 5e-3
"""In USD the venue takes the fees of orders off the whole equity; the kernel off the currency, discount and all."""


def traded(level: str, seed: int) -> tuple[SimOkx, SimAccount]:
    """A venue with an account that has traded at random for four hours."""
    sim = still(quiet=False, limited=False, seed=seed)
    account = sim.add_account("main", **LEVELS[level])
    dated = tuple(name for _, name in sim.board.instruments if name.count("-") == 2 and name[-1].isdigit())
    few = ("BTC-USDT-SWAP", "BTC-USD-SWAP", "ETH-USDT-SWAP")  # grids are long to walk
    symbols = few if account.level is Level.PORTFOLIO else SWAPS + MORE + dated
    trader = RandomTrader(account=account, seed=seed, eagerness=0.5, symbols=symbols)
    sim.traders.append(trader)
    for _ in range(48):
        pass_time(sim, 300.0)
    return sim, account


def agrees(report: AccountReport) -> None:
    """No figure of any pool is off by more, and no line of the venue's is contradicted."""
    for pool in report.pools:
        resting = pool.stages["orders-cancelled"] != pool.stages["liquidation"]
        whole = pool.key.pool == "multi-assets"
        for figure, drift in pool.drift.items():
            off = OF_FEES if resting and whole and figure in ("equity", "ratio") else EXACT
            assert abs(drift) <= off, (pool.key.pool, figure, drift)
        assert not pool.contradictions, pool.contradictions
        for position in pool.positions:
            assert not position.disagreement, (position.symbol, position.side, position.disagreement)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_agrees_with_the_venues(level: str, seed: int) -> None:
    sim, account = traded(level, seed)
    report = Folder(sim, "main").report()
    held = len(account.positions)
    assert held or level.startswith("spot"), "a seed without positions proves nothing"
    assert sum(len(pool.positions) for pool in report.pools) == held
    if not level.startswith("spot"):  # where resting spot orders are named as not counted
        assert report.quality is Quality.LIVE, report.reasons
    assert any(pool.drift for pool in report.pools)
    agrees(report)


def options_of(sim: SimOkx, coin: str, *, in_usd: bool = False) -> list[str]:
    listed = sim.board.instruments.values()
    return [each.name for each in listed if each.strike and each.coin == coin and each.in_usd is in_usd]


def lend_long_and_short(sim: SimOkx, account: SimAccount) -> None:
    account.borrow("ETH-USDT", 1_000.0, long=False, lever=3.0).interest = 0.01
    account.borrow("BTC-USDT", 0.05).interest = 5.0


def write_options(sim: SimOkx, account: SimAccount) -> None:
    for name in options_of(sim, "BTC"):
        account.trade(name, -5.0)
    account.trade(options_of(sim, "ETH")[0], 3.0)


def write_options_in_usd(sim: SimOkx, account: SimAccount) -> None:
    for name in options_of(sim, "BTC", in_usd=True):
        account.trade(name, -5.0)
    account.trade(options_of(sim, "ETH", in_usd=True)[0], 3.0)


def hold_the_unified_family(sim: SimOkx, account: SimAccount) -> None:
    account.trade("BTC-USD_UM-SWAP", -30.0)
    account.place("BTC-USD_UM-SWAP", -10.0, 120_000.0)


def owe_a_stablecoin(sim: SimOkx, account: SimAccount) -> None:
    account.trade_spot("ETH-USDT", 20.0)
    account.trade("BTC-USDT-SWAP", 20.0)


def owe_without_all_collateral(sim: SimOkx, account: SimAccount) -> None:
    owe_a_stablecoin(sim, account)
    account.set_collateral("ETH", on=False)


def rest_into_the_next_tier(sim: SimOkx, account: SimAccount) -> None:
    account.trade("BTC-USDT-SWAP", 600.0)
    account.place("BTC-USDT-SWAP", 600.0, 90_000.0)


def cover_calls(sim: SimOkx, account: SimAccount) -> None:
    for name in options_of(sim, "BTC"):
        account.trade(name, -20.0)
    account.trade("BTC-USDT-SWAP", 100.0)


SITUATIONS: dict[str, tuple[dict[str, Any], Callable[[SimOkx, SimAccount], None]]] = {
    "isolated loans of both sides": (
        {"level": 2, "wallets": {"USDT": 2_000.0, "BTC": 0.1}},
        lend_long_and_short,
    ),
    "options in multi-currency": ({"level": 3, "wallets": {"BTC": 1.0, "ETH": 3.0}}, write_options),
    "the unified family": ({"level": 2, "wallets": {"USDC": 5_000.0}}, hold_the_unified_family),
    "the unified family in multi-currency": ({"level": 3, "wallets": {"BTC": 1.0}}, hold_the_unified_family),
    "options in USD in futures mode": ({"level": 2, "wallets": {"USDC": 40_000.0}}, write_options_in_usd),
    "options in USD in multi-currency": ({"level": 3, "wallets": {"BTC": 1.0}}, write_options_in_usd),
    "options in futures mode": ({"level": 2, "wallets": {"BTC": 1.0, "ETH": 3.0}}, write_options),
    "a debt in multi-currency": ({"level": 3, "wallets": {"BTC": 1.0}}, owe_a_stablecoin),
    "a coin that backs nothing": ({"level": 3, "wallets": {"BTC": 1.0}}, owe_without_all_collateral),
    "orders that reach the next tier": ({"level": 3, "wallets": {"USDT": 100_000.0}}, rest_into_the_next_tier),
    "a debt in portfolio margin": ({"level": 4, "wallets": {"BTC": 1.0}}, owe_a_stablecoin),
    "options in portfolio margin": ({"level": 4, "wallets": {"USDT": 20_000.0, "BTC": 1.0}}, cover_calls),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_situation_that_random_trading_does_not_reach_agrees_too(situation: str) -> None:
    wanted, happens = SITUATIONS[situation]
    sim = still(limited=False)
    happens(sim, sim.add_account("main", **wanted))
    for coin, share in (("BTC", 1.01), ("ETH", 0.98)):
        sim.market.set_asset(coin, sim.market.asset_usd(coin) * share)
    pass_time(sim, 1.0)
    report = Folder(sim, "main").report()
    assert report.quality is Quality.LIVE, report.reasons
    agrees(report)


def test_kernel_liquidates_where_the_venue_does() -> None:
    sim = still(limited=False)
    account = sim.add_account("main", wallets={"USDT": 5_000.0})
    account.trade("ETH-USDT-SWAP", 200.0)
    line = Folder(sim, "main").report().pools[0].positions[0].line
    assert line.state is State.AT
    assert line.price is not None
    sim.set_mark("ETH-USDT-SWAP", line.price + 0.01)
    pass_time(sim, 1.0)
    assert account.positions
    sim.set_mark("ETH-USDT-SWAP", line.price - 0.01)
    pass_time(sim, 1.0)
    assert account.positions == {}
    assert clock_of(sim).now() > 0.0
