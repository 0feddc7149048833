"""The accounts of Binance's further products, for wire tests: how each is made, moved, and compared with the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from monitor.domain.accounts import Balance
from monitor.domain.events import AccountSnapshot
from monitor.domain.names import AccountKey
from monitor.sim.binance import SimBinance
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.binance.paths import COINM, ISOLATED_MARGIN, MARGIN, PORTFOLIO, PORTFOLIO_PRO
from tests.wire.harness import Wired

Held = dict[str, float]
NAME = "main"


@dataclass(frozen=True, slots=True)
class Kind:
    """One product. `move` has its owner do something that changes what is held, the more often the more."""

    product: str
    make: Callable[[SimBinance], Any]
    move: Callable[[Any, int], None]
    truth: Callable[[Any], Held]
    paths: tuple[str, ...]  #: what a snapshot asks
    routes: tuple[str, ...]  #: of the simulator, on which its streams are
    rows: tuple[str, ...] = ("user",)

    def __str__(self) -> str:
        return self.product


def _coinm(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="coinm", wallets={"BTC": 5.0})
    account.trade("BTCUSD_PERP", 10)
    return account


def _cross(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="margin", wallets={"USDT": 10_000_000.0})
    account.trade("BTCUSDT", 0.1)
    account.borrow("ETH", 1.0)
    return account


def _isolated(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="isolated-margin", wallets={"SOLUSDT": {"USDT": 10_000_000.0}})
    account.trade("SOLUSDT", 10.0)
    return account


def _retail(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="portfolio-margin", wallets={"BTC": 1.0}, um_wallets={"USDT": 100_000.0})
    account.trade("BTCUSDT", 0.1)
    return account


def _pro(sim: SimBinance) -> Any:
    account = sim.add_account(
        NAME, product="portfolio-margin-pro", wallets={"BTC": 1.0}, um_wallets={"USDT": 100_000.0}
    )
    account.trade("BTCUSDT", 0.1)
    return account


def _move_isolated(account: Any, number: int) -> None:
    account.trade("SOLUSDT", 1.0 + number)


def _move_portfolio(account: Any, number: int) -> None:
    account.trade(("BTCUSDT", "ETHUSDT")[number % 2], 0.01 + number / 100.0)


def _positions(account: Any) -> Held:
    return {one.symbol: one.quantity for one in account.open_positions()}


def _amounts(purse: Purse, prefix: str = "") -> Held:
    rows = purse.holdings.items()
    held = {f"{prefix}{asset}": one.total for asset, one in rows if one.total}
    return held | {f"{prefix}{asset} owed": one.debt for asset, one in rows if one.debt}


def _pairs(account: Any) -> Held:
    amounts: Held = {}
    for pair, purse in account.purses.items():
        amounts |= _amounts(purse, f"{pair} ")
    return amounts


KINDS = (
    Kind(
        COINM,
        _coinm,
        lambda account, number: account.trade("BTCUSD_PERP", 1 + number),
        _positions,
        ("/dapi/v1/account", "/dapi/v1/positionRisk"),
        ("coinm",),
    ),
    Kind(
        MARGIN,
        _cross,
        lambda account, number: account.trade("BTCUSDT", 0.01 * (1 + number)),
        lambda account: _amounts(account.purse),
        ("/sapi/v1/margin/account",),
        ("socket-api", "margin"),
        ("user", "warnings"),
    ),
    Kind(
        ISOLATED_MARGIN,
        _isolated,
        _move_isolated,
        _pairs,
        ("/sapi/v1/margin/isolated/account",),
        ("socket-api",),
    ),
    Kind(
        PORTFOLIO,
        _retail,
        _move_portfolio,
        lambda account: _positions(account.um) | _positions(account.cm),
        ("/papi/v1/account", "/papi/v1/balance", "/papi/v1/um/positionRisk", "/papi/v1/cm/positionRisk"),
        ("pm",),
    ),
    Kind(
        PORTFOLIO_PRO,
        _pro,
        _move_portfolio,
        lambda account: _positions(account.um) | _positions(account.cm),
        ("/sapi/v1/portfolio/account", "/sapi/v1/portfolio/balance", "/fapi/v3/positionRisk", "/dapi/v1/positionRisk"),
        ("pm-classic", "private", "coinm"),
        ("user", "user-usdm", "user-coinm"),
    ),
)


def briefly(kinds: Iterable[Kind], *products: str) -> list[Any]:
    """The kinds for a test that is as long for each of them: `products` always, the others in the long run."""
    return [kind if kind.product in products else pytest.param(kind, marks=pytest.mark.soak) for kind in kinds]


def said(wire: Wired, kind: Kind) -> Held:
    """What the session said last, as the kind's truth is told."""
    snapshots = [one for one in wire.all(AccountSnapshot) if one.account == AccountKey("binance", NAME)]
    if not snapshots:
        return {}
    last = snapshots[-1]
    if kind.product == MARGIN:
        return _told({one.asset: one for one in last.balances})
    if kind.product == ISOLATED_MARGIN:
        pairs = (_told(wallet.balances, f"{wallet.name} ") for wallet in last.wallets)
        return {name: amount for pair in pairs for name, amount in pair.items()}
    return {one.symbol: one.quantity for one in last.positions}


def _told(balances: Mapping[str, Balance], prefix: str = "") -> Held:
    debts = {asset: round(one.borrowed + one.interest, 8) for asset, one in balances.items()}
    there = {asset: round(one.wallet + debts[asset], 8) for asset, one in balances.items()}
    held = {f"{prefix}{asset}": amount for asset, amount in there.items() if amount}
    return held | {f"{prefix}{asset} owed": debt for asset, debt in debts.items() if debt}
