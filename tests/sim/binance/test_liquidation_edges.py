"""The simulated Binance liquidates at the line that the monitor draws, and not before: just above it an account stands,
just below it is taken. Nothing of the arithmetic is shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.domain.lines import Direction, State
from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from tests.sim.binance.reading import NOW, assessed

NEAR = 1e-5  #: of the way: how near to the line on either side


def coin(sim: SimBinance) -> Any:
    account = sim.add_account("main", product="coinm", wallets={"BTC": 0.3})
    account.trade("BTCUSD_PERP", 600.0)
    return account


def cross(sim: SimBinance, *, pro: bool = False) -> Any:
    account = sim.add_account("main", product="margin", wallets={"USDT": 10_000.0, "ETH": 0.5}, pro=pro)
    account.trade("BTCUSDT", 0.35, borrow=True)
    account.trade("SOLUSDT", -20.0, borrow=True)
    return account


def cross_pro(sim: SimBinance) -> Any:
    account = cross(sim, pro=True)
    account.order("USDT", 100.0, loss_usdt=25.0)
    return account


def pair(sim: SimBinance) -> Any:
    account = sim.add_account("main", product="isolated-margin", wallets={"BTCUSDT": {"USDT": 5_000.0}})
    account.trade("BTCUSDT", 0.3, borrow=True)
    return account


def whole(sim: SimBinance, product: Any = "portfolio-margin") -> Any:
    account = sim.add_account("main", product=product, wallets={"BTC": 0.2}, um_wallets={"USDT": 10_000.0})
    account.trade("BTCUSDT", 1.0)
    account.trade("ETHUSDT", -3.0)
    account.trade("BTCUSD_PERP", 100.0)
    account.borrow("ETH", 0.5)
    return account


def whole_pro(sim: SimBinance) -> Any:
    return whole(sim, "portfolio-margin-pro")


def taken(account: Any) -> bool:
    """Whether nothing is open and nothing owed any more."""
    parts = [account.um, account.cm] if hasattr(account, "um") else [account] if hasattr(account, "wallets") else []
    purses = account.purses.values() if hasattr(account, "purses") else [account.purse] if not parts else []
    return not any(part.open_positions() for part in parts) and not any(purse.owes() for purse in purses)


@pytest.mark.parametrize("opened", [coin, cross, cross_pro, pair, whole, whole_pro], ids=lambda one: one.__name__)
def test_an_account_stands_above_its_line_and_is_taken_below_it(opened: Callable[[SimBinance], Any]) -> None:
    sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = opened(sim)
    (pool,) = [pool for pool in assessed(sim).pools if pool.coins]
    line = pool.coins["BTC"][Direction.DOWN]
    assert line.state is State.AT, line
    assert line.distance_ratio is not None
    before = sim.market.asset_usd("BTC")
    for share, gone in ((1.0 - NEAR, False), (1.0 + NEAR, True)):
        sim.market.set_asset("BTC", before * (1.0 - line.distance_ratio * share))
        sim.tick(1e-9)
        assert taken(account) is gone
