"""The kernel against the simulated Hyperliquid, whose arithmetic shares no line with it: accounts that were traded at
random, in every mode, read from their raw answers.
"""

from __future__ import annotations

import json

import pytest

from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode, SimAccount
from monitor.sim.hyperliquid.reading import Reading
from monitor.sim.hyperliquid.traders import RandomTrader
from monitor.venues import folder
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.offline import read
from tests.sim.hyperliquid.clients import answer, still
from tests.sim.still import NOON, pass_time

MAIN = AccountKey("hyperliquid", "main")
TOLERANCE = 1e-8  #: the venue prints ten decimals
OF_ALL = ("perpDexs", "allPerpMetas", "spotMeta", "allBorrowLendReserveStates", "spotMetaAndAssetCtxs")
OF_ONE = ("spotClearinghouseState", "userAbstraction")


def report(sim: SimHyperliquid, account: SimAccount) -> AccountReport:
    """What `assess` says of a folder of the account's answers."""
    answers = {folder.name("/info", {"type": kind}): answer(sim, kind) for kind in OF_ALL}
    answers |= {folder.name("/info", {"type": kind}): answer(sim, kind, account) for kind in OF_ONE}
    for dex in sim.board.dexs:
        named = {"dex": dex} if dex else {}
        for kind, owner in (("clearinghouseState", account), ("metaAndAssetCtxs", None)):
            answers[folder.name("/info", {"type": kind, **named})] = answer(sim, kind, owner, **named)
    offline = read({name: json.dumps(body).encode() for name, body in answers.items()}, MAIN, NOON)
    assert not offline.problems
    engine = Engine({"hyperliquid": describe}, EngineSettings(accounts=(MAIN,)))
    engine.step(offline.events, NOON)
    return engine.reports()[0]


def traded(mode: Mode, seed: int) -> tuple[SimHyperliquid, SimAccount]:
    sim = still(seed=seed, quiet=False, limited=False)
    account = sim.add_account("main", mode=mode, wallets={"USDC": 20_000.0, "HYPE": 60.0, "USDE": 3_000.0})
    if not account.pooled:
        account.move_to_dex(3_000.0, "xyz")
    trader = RandomTrader(account=account, seed=seed, eagerness=1.0, most_usd=20_000.0)
    for _ in range(25):
        trader()
        pass_time(sim, 60.0)
    return sim, account


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mode", [Mode.STANDARD, Mode.UNIFIED, Mode.PORTFOLIO], ids=str)
def test_our_figures_are_the_venues(mode: Mode, seed: int) -> None:
    sim, account = traded(mode, seed)
    said = report(sim, account)
    assert said.quality is not Quality.UNKNOWN, said.reasons
    held = {position.symbol for pool in said.pools for position in pool.positions}
    assert held == account.positions.keys()
    for pool in said.pools:
        assert not pool.contradictions
        assert all(abs(drift) <= TOLERANCE for drift in pool.drift.values()), (pool.key.pool, pool.drift)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", [Mode.STANDARD, Mode.UNIFIED], ids=str)
def test_at_our_line_the_venue_would_liquidate(mode: Mode, seed: int) -> None:
    """Our price of a cross position, put into the venue's own ratio."""
    sim, account = traded(mode, seed)
    tried = 0
    for pool in report(sim, account).pools:
        for position in pool.positions:
            if position.line.price is None or account.positions[position.symbol].leg is not None:
                continue
            dex = sim.board.perps[position.symbol].dex
            at_line = Reading(account, {position.symbol: position.line.price})
            assert at_line.ratio(dex) == pytest.approx(1.0, rel=1e-6)
            tried += 1
    assert tried


@pytest.mark.parametrize("seed", range(4))
def test_at_our_line_portfolio_margin_stands_at_0_95(seed: int) -> None:
    sim, account = traded(Mode.PORTFOLIO, seed)
    (pool,) = [one for one in report(sim, account).pools if one.key.pool == "portfolio-margin"]
    for position in pool.positions:
        if position.line.price is not None:
            at_line = Reading(account, {position.symbol: position.line.price})
            assert at_line.portfolio_ratio() == pytest.approx(0.95, rel=1e-6)
