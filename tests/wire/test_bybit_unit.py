"""The USD price of USDT, which no stream tells: it is read out of a wallet that has enough of it to tell one."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.events import AssetTick
from tests.wire.bybit import SHORT, Wired, simulator, wired
from tests.wire.harness import until

RARELY = replace(SHORT, account_every_seconds=60.0)


def told(wire: Wired) -> int:
    return sum(tick.asset == "USDT" for tick in wire.all(AssetTick))


async def test_a_wallet_without_usdt_does_not_keep_the_price_of_the_others_from_being_read() -> None:
    async with simulator() as sim:
        poor = sim.add_account("coins", wallets={"BTC": 1.0})
        poor.place_order("BTCUSDT", 0.1, 50_000.0)
        sim.add_account("main", wallets={"USDT": 10_000.0})
        async with wired(sim, timings=RARELY) as wire:
            await wire.all_up()
            first = told(wire)
            await until(lambda: told(wire) > first + 1, seconds=6.0, what="the price again")
