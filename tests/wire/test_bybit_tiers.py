"""Tiers that the venue changes under a position: they are read again at once, not with the next reading of all."""

from __future__ import annotations

from monitor.domain.events import TiersLoaded
from tests.wire.bybit import Wired, simulator, wired
from tests.wire.harness import until

WALLETS = {"USDT": 10_000.0}


def first_rate(wire: Wired) -> float:
    tables = dict(wire.all(TiersLoaded)[-1].tiers)
    return tables["BTCUSDT"].tiers[0].rate


async def test_tiers_that_the_venue_changes_under_a_position_are_read_again() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.tiered() == {"BTCUSDT"}, what="its tiers")
            assert first_rate(wire) == 0.005
            sim.change_risk_limits("BTCUSDT", [(2e6, 0.01), (1e9, 0.05)])
            await until(lambda: first_rate(wire) == 0.01, what="the new tiers")
            asked = len(wire.all(TiersLoaded))
            seen = len(wire.events)
            await until(lambda: len(wire.since(seen, type(wire.last()))) > 2, what="further readings")
            assert len(wire.all(TiersLoaded)) <= asked + 1, "once is enough"


async def test_tiers_that_only_a_position_shows_to_be_others_are_read_again() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.tiered() == {"BTCUSDT"}, what="its tiers")
            sim.change_risk_limits("BTCUSDT", [(1e6, 0.02), (1e9, 0.05)])
            for position in account.open_positions():
                position.rates_changed_ms = None  # no word of when
            await until(lambda: first_rate(wire) == 0.02, what="the new tiers")
