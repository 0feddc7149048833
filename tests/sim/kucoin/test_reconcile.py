"""The monitor's kernel against the simulator's own arithmetic at every kind of account at KuCoin.

An account that trades at random is read through the venue's words (its raw answers) and computed by the engine: two
programs that share no formula agree on equity, maintenance, ratio and line of every pool.
"""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.lines import State
from monitor.domain.reports import AccountReport
from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.holdings import ISOLATED
from monitor.sim.kucoin.scripts import move_to_ratio
from monitor.sim.kucoin.traders import SYMBOLS, RandomTrader
from monitor.venues.kucoin.settings import FUTURES, ISOLATED_MARGIN, MARGIN
from tests.sim.kucoin.clients import still
from tests.sim.kucoin.reading import Folder
from tests.sim.still import pass_time

WALLETS = {"USDT": 20_000.0, "BTC": 0.2}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "classic": (FUTURES, {"wallets": WALLETS}),
    "classic, hedged": (FUTURES, {"wallets": WALLETS, "hedge": True}),
    "unified": (FUTURES, {"wallets": WALLETS, "kind": "unified"}),
    "cross margin": (MARGIN, {"margin": {"USDT": 20_000.0}}),
    "isolated margin": (ISOLATED_MARGIN, {"isolated": {"BTC-USDT": {"USDT": 9_000.0}, "ETH-USDT": {"USDT": 9_000.0}}}),
}
EXACT = 1e-6
OF_FOUR_DECIMALS = 5e-5  #: of a debt ratio, as it is printed
OF_INVERSE_ORDERS = 5e-3  #: an inverse contract's rate is not known for sizes other than that held


def traded(kind: str, seed: int) -> tuple[SimKucoin, SimAccount, str]:
    """A venue with an account that has traded at random for four hours, and which of its products is meant."""
    product, options = KINDS[kind]
    sim = still(quiet=False, limited=False, seed=seed)
    account = sim.add_account("main", **options)
    symbols = (*SYMBOLS, "XBTUSDM")
    sim.traders.append(RandomTrader(account=account, seed=seed, eagerness=0.5, symbols=symbols))
    for _ in range(48):
        pass_time(sim, 300.0)
    return sim, account, product


def agrees(report: AccountReport, product: str) -> None:
    """No figure of any pool is off by more than what the venue rounds away."""
    for pool in report.pools:
        inverse = pool.key.pool == "cross:BTC"
        for figure, drift in pool.drift.items():
            if figure == "line":
                continue  # see below
            allowed = OF_INVERSE_ORDERS if inverse and figure == "ratio" else EXACT
            if product != FUTURES:
                allowed = OF_FOUR_DECIMALS / (pool.venue_ratio or 1.0)
            assert abs(drift) <= max(allowed, 2e-6), (pool.key.pool, figure, drift)
        if pool.isolated and product == FUTURES:
            assert abs(pool.drift["line"]) <= 1e-4, pool.key.pool


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_agrees_with_the_venues(kind: str, seed: int) -> None:
    sim, account, product = traded(kind, seed)
    for order in [each for each in account.orders.values() if each.mode == ISOLATED]:
        account.cancel(order.id)  # what they hold is in no field of its own
    report = Folder(sim, "main", product).report()
    if product == FUTURES:
        assert account.open_positions(), "a seed without positions proves nothing"
        assert sum(len(pool.positions) for pool in report.pools) == len(account.open_positions())
    else:
        assert report.pools
    agrees(report, product)


@pytest.mark.parametrize("lots", [200.0, -200.0])
def test_a_single_cross_positions_line_is_the_venues(lots: float) -> None:
    sim = still()
    account = sim.add_account("a")
    account.trade("XBTUSDTM", lots, leverage=10.0)
    pool = next(each for each in Folder(sim, "a").report().pools if each.positions)
    assert abs(pool.drift["line"]) <= 1e-5
    assert not pool.positions[0].disagreement


@pytest.mark.parametrize("lots", [50_000.0, -200_000.0])
def test_a_single_inverse_positions_line_is_the_venues(lots: float) -> None:
    sim = still()
    account = sim.add_account("a", wallets={"BTC": 1.0})
    account.trade("XBTUSDM", lots, leverage=10.0)
    pool = next(each for each in Folder(sim, "a").report().pools if each.positions)
    assert abs(pool.drift.get("line", 0.0)) <= 1e-5
    assert abs(pool.drift["maintenance_margin"]) <= EXACT


@pytest.mark.parametrize("kind", ["classic", "unified"])
def test_our_market_line_is_where_the_venue_liquidates(kind: str) -> None:
    """Moved there by our own number, the venue's ratio is 1."""
    sim = still()
    account = sim.add_account("a", kind=kind, wallets={"USDT": 9_000.0, "BTC": 0.05} if kind == "unified" else None)
    account.trade("XBTUSDTM", 500.0, leverage=10.0)
    account.trade("ETHUSDTM", 300.0, leverage=10.0)
    pool = next(each for each in Folder(sim, "a").report().pools if each.positions)
    line = next(line for direction, line in pool.market.items() if direction.value == "down")
    assert line.state is State.AT
    assert line.distance_ratio is not None
    moved = sim.board.prices.all_moved(-line.distance_ratio)
    ratio = account.unified(moved).risk_ratio if kind == "unified" else account.futures("USDT", moved).risk_ratio
    assert ratio == pytest.approx(1.0, abs=1e-3)
    assert move_to_ratio(account, 1.0) == pytest.approx(-line.distance_ratio, rel=1e-4)


@pytest.mark.parametrize("pair", [None, "BTC-USDT"])
def test_our_line_of_a_loan_is_where_the_venue_liquidates(pair: str | None) -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 10_000.0}, isolated={"BTC-USDT": {"USDT": 10_000.0}})
    account.trade_margin("BTC-USDT", -0.3, isolated=pair is not None)
    report = Folder(sim, "a", MARGIN if pair is None else ISOLATED_MARGIN).report()
    pool = next(each for each in report.pools if each.coins)
    line = next(line for direction, line in pool.coins["BTC"].items() if direction.value == "up")
    assert line.state is State.AT
    assert line.distance_ratio is not None
    moved = sim.board.prices.moved({"BTC": 1.0 + line.distance_ratio})
    assert account.debt_ratio(pair, moved) == pytest.approx(0.97, abs=1e-4)


@pytest.mark.parametrize("lots", [20.0, -20.0])
def test_an_isolated_position_of_a_unified_account_agrees(lots: float) -> None:
    sim = still()
    account = sim.add_account("u", kind="unified")
    position = account.trade("XBTUSDTM", lots, mode="ISOLATED", leverage=10.0)
    sim.set_mark("XBTUSDTM", 97_000.0)
    report = Folder(sim, "u").report()
    pool = next(each for each in report.pools if each.isolated)
    figures = account.alone(position)
    assert pool.maintenance_margin_usd == pytest.approx(figures.maintenance, rel=1e-6)
    assert pool.equity_usd == pytest.approx(figures.margin, rel=1e-6)
    assert pool.positions[0].line.price == pytest.approx(figures.lines.liquidation, rel=1e-6)


def test_what_a_unified_account_owes_is_taken_off_once() -> None:
    sim = still()
    account = sim.add_account("u", kind="unified", wallets={"BTC": 1.0})
    account.trade("XBTUSDTM", 100.0, leverage=10.0)
    sim.set_mark("XBTUSDTM", 0.95 * sim.board.prices.mark("XBTUSDTM"))
    account.close("XBTUSDTM")
    account.trade("XBTUSDTM", 50.0, leverage=10.0)
    figures = account.unified()
    assert figures.liability > 0.0
    (pool,) = Folder(sim, "u").report().pools
    assert pool.equity_usd == pytest.approx(figures.adjusted, rel=1e-9)
    assert all(abs(drift) <= EXACT for drift in pool.drift.values())


@pytest.mark.parametrize("lots", [200_000.0, 400_000.0, -900_000.0])
def test_an_inverse_position_of_a_unified_account_is_in_the_tier_of_its_dollars(lots: float) -> None:
    sim = still()
    account = sim.add_account("u", kind="unified", wallets={"BTC": 10.0})
    account.trade("XBTUSDM", lots, leverage=10.0)
    (pool,) = Folder(sim, "u").report().pools
    assert pool.maintenance_margin_usd is not None
    assert all(abs(drift) <= EXACT for drift in pool.drift.values())
    assert not any("as it stands" in why for why in pool.reasons)
