"""What the venue changes by itself, and what the session then asks for: tiers, fees, scenarios."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from monitor.domain.events import AccountConfig, AccountSnapshot, TiersLoaded
from monitor.domain.names import AccountKey
from monitor.sim.okx import tables
from monitor.venues.okx import endpoints
from tests.wire.harness import until
from tests.wire.okx import ETHER, SHORT, SWAP, Watched, simulator, wired

RARE = replace(SHORT, account_every_seconds=60.0, config_every_seconds=60.0)


@pytest.fixture(autouse=True)
def own_tiers() -> Iterator[None]:
    """The simulator keeps its tables: they are forgotten before and after a test that changes them."""
    yield
    tables.derivative_tiers.cache_clear()


@pytest.mark.parametrize("mode", ["cross", "isolated"])
async def test_tiers_that_the_venue_changed_are_read_anew(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 5.0, mode=mode)
        account.trade(ETHER, 5.0)
        async with wired(sim) as wire:
            monitor = Watched(wire)
            await until(lambda: monitor.live(SWAP, ETHER), what="everything known")
            monkeypatch.setitem(tables._RATES, "BTC", tuple(3.0 * rate for rate in tables._RATES["BTC"]))
            tables.derivative_tiers.cache_clear()

            def rates() -> set[float]:
                loaded = wire.all(TiersLoaded)[-1]
                table = dict(loaded.isolated if mode == "isolated" else loaded.tiers)[SWAP]
                return {tier.rate for tier in table.tiers}

            await until(lambda: 3.0 * 0.004 in rates(), what="the new tiers")
            await until(lambda: monitor.live(SWAP, ETHER), what="everything known again")
        assert not wire.ended


async def test_after_a_fill_in_portfolio_margin_the_scenarios_are_soon_those_of_what_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoints, "POSITION_BUILDER_GRAPH", replace(endpoints.POSITION_BUILDER_GRAPH, seconds=0.2))
    async with simulator() as sim:
        account = sim.add_account("main", level=4)
        account.trade(SWAP, 5.0)
        async with wired(sim, timings=RARE, simulate_every_seconds=60.0) as wire:
            monitor = Watched(wire)
            await until(lambda: monitor.live(SWAP), what="everything known")
            before = max(one.venue.risk_asked or 0.0 for one in wire.all(AccountSnapshot))
            account.trade(SWAP, 5.0)
            await until(lambda: wire.all(AccountSnapshot)[-1].venue.risk_asked != before, what="new scenarios")
            await until(lambda: monitor.live(SWAP), what="everything known again")
        assert not wire.ended


async def test_the_fees_of_a_kind_that_is_first_held_are_asked_for_and_nothing_else_with_them() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, timings=RARE) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountConfig), what="the modes")
            account.trade(SWAP, 1.0)
            kinds = {name.partition(":")[0] for name, _ in wire.all(AccountConfig)[-1].fees}
            assert "SWAP" not in kinds
            await until(
                lambda: any(name.startswith("SWAP") for name, _ in wire.all(AccountConfig)[-1].fees), what="its fees"
            )
            monitor = Watched(wire)
            await until(lambda: monitor.live(SWAP), what="everything known")


async def test_who_wants_the_modes_alone_has_the_account_left_alone() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim, timings=RARE) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountConfig) and wire.all(AccountSnapshot), what="modes and account")
            await asyncio.sleep(0.3)  # what the stream's beginning asked for is read
            mark = len(wire.events)
            wire.session.resync(AccountKey("okx", "main"), "a test", config=True)
            await until(lambda: wire.since(mark, AccountConfig), what="the modes")
            await asyncio.sleep(0.2)
            assert not wire.since(mark, AccountSnapshot)
            wire.session.resync(AccountKey("okx", "main"), "a test")
            await until(lambda: wire.since(mark, AccountSnapshot), what="the account")
            assert len(wire.since(mark, AccountConfig)) == 1
