"""A contract that the venue no longer has costs no other one its price."""

from __future__ import annotations

import asyncio

from monitor.domain.events import FeedDown, Tick
from monitor.domain.quality import Quality
from monitor.engine.settings import Limits
from monitor.sim.okx import SimOkx
from tests.wire.harness import until
from tests.wire.okx import SHORT, SWAP, Watched, Wired, simulator, wired


async def _asked_again(wire: Wired, sim: SimOkx) -> None:
    """A new connection, on which everything is asked for anew."""
    before = wire.status("marks").reconnects
    sim.drop("public")
    await until(lambda: wire.status("marks").reconnects > before and wire.up("assets"), what="another connection")


async def _ticks_on(wire: Wired) -> None:
    mark = len(wire.events)
    await until(lambda: any(tick.symbol == SWAP for tick in wire.since(mark, Tick)), what="the other contract's price")


async def test_a_delisted_contract_that_nobody_holds_any_more_is_let_go() -> None:
    async with simulator() as sim:
        account, new = sim.add_account("main"), sim.enlist("Z7", 2.0)
        account.trade(SWAP, 5.0)
        account.trade(new, 50.0)
        async with wired(sim) as wire:
            await wire.all_up()
            monitor = Watched(wire)
            await until(lambda: monitor.live(SWAP, new), what="everything known")
            mark = len(wire.events)
            sim.delist(new)
            await until(lambda: monitor.live(SWAP), what="its position is settled")
            await asyncio.sleep(1.5 * SHORT.marks_silent_seconds)
            assert not wire.since(mark, FeedDown), "nobody misses what nobody holds"

            await _asked_again(wire, sim)
            await until(lambda: wire.up("marks"), what="marks are up")
            await _ticks_on(wire)
            assert f"mark-price:{new}" not in wire.session._market.ledger.wanted(), "refused, and not asked for again"
            await until(lambda: monitor.live(SWAP), what="everything known again")
        assert not wire.ended


async def test_a_held_contract_that_the_venue_refuses_is_named_and_what_rests_on_others_is_known() -> None:
    async with simulator() as sim:
        account, new = sim.add_account("main"), sim.enlist("Z8", 2.0)
        other = sim.add_account("other")
        account.trade(SWAP, 5.0)
        other.trade(new, 50.0)
        async with wired(sim) as wire:
            await wire.all_up()
            monitor = Watched(wire, "main", "other", limits=Limits(mark_seconds=2.0))
            await until(lambda: monitor.live(SWAP) and monitor.live(new, account="other"), what="everything known")
            # It is still held, and its price is nowhere: neither streamed nor read.
            sim.board.instruments.pop(next(key for key in sim.board.instruments if key[1] == new))
            await _asked_again(wire, sim)
            await until(lambda: wire.up("marks") and "refused" in wire.status("marks").reason, what="it is named")
            assert f"mark-price:{new}" in wire.status("marks").reason
            assert "BTC" not in wire.status("marks").reason
            await _ticks_on(wire)
            await until(lambda: monitor.live(SWAP), what="who holds another contract knows everything")
            await until(lambda: monitor.report("other").quality is Quality.STALE, 10.0, "its price is old")
            assert f"mark of {new}" in str(monitor.report("other").pools[0].reasons)
            assert monitor.live(SWAP)
        assert not wire.ended
