"""The lives of all venues of a world at once: each has its own people and mishaps, and one market crashes for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from typing import Any

from monitor.domain.names import Venue
from monitor.sim import binance, bybit, hyperliquid, kucoin, okx
from monitor.sim.binance.days import Days as DaysAtBinance
from monitor.sim.bybit.days import Days as DaysAtBybit
from monitor.sim.hyperliquid.days import Days as DaysAtHyperliquid
from monitor.sim.kucoin.days import Days as DaysAtKucoin
from monitor.sim.okx.days import Days as DaysAtOkx
from monitor.sim.rounds import USUAL, Pace, Rounds, Say
from monitor.sim.world import World


def slower(pace: Pace, times: float) -> Pace:
    """The same life with so many times as long between two deeds; contracts come and go as often as before."""
    return replace(
        pace,
        trade_seconds=pace.trade_seconds * times,
        deed_seconds=pace.deed_seconds * times,
        mishap_seconds=pace.mishap_seconds * times,
    )


def _days(world: World, seed: int, say: Callable[[Venue], Say]) -> Iterator[Rounds[Any]]:
    """Together they are as busy as one alone: nobody reads what happens at five at once."""
    moving = slower(USUAL, len(world.names))
    moved = replace(moving, crash_market_seconds=inf)  # another one moves their coins
    for venue in world.venues:
        match venue:
            case binance.SimBinance():
                yield DaysAtBinance(venue, seed=seed, pace=moving, say=say("binance"))
            case bybit.SimBybit():
                yield DaysAtBybit(venue, seed=seed, pace=moved, say=say("bybit"))
            case okx.SimOkx():
                yield DaysAtOkx(venue, seed=seed, pace=moved, say=say("okx"))
            case kucoin.SimKucoin():
                yield DaysAtKucoin(venue, seed=seed, pace=moved, say=say("kucoin"))
            case hyperliquid.SimHyperliquid():
                yield DaysAtHyperliquid(venue, seed=seed, pace=moved, say=say("hyperliquid"))


async def live(world: World, *, seed: int, say: Say) -> None:
    """Go on for ever; `say` gets each line with its venue's name before it."""

    def named(venue: Venue) -> Say:
        return lambda text: say(f"{venue}: {text}")

    async with asyncio.TaskGroup() as tasks:
        for days in _days(world, seed, named):
            tasks.create_task(days.live())
