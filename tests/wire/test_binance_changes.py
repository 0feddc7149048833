"""What the venue changes by itself, through the session and the engine: dates, rates, ranks."""

from __future__ import annotations

from monitor.domain.events import AccountSnapshot, AssetTick, InstrumentsLoaded
from monitor.domain.names import AccountKey
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.binance.margin import describe
from tests.wire.harness import simulator, until, wired

KEY = AccountKey("binance", "main")


async def test_a_perpetual_that_will_be_delisted_says_when() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade("ETHUSDT", 1.0)
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot) and wire.all(InstrumentsLoaded))
            engine = Engine({"binance": describe}, EngineSettings(accounts=(KEY,)))
            now = wire.clock.now()
            engine.step(list(wire.events), now)
            sim.schedule_delivery("ETHUSDT", 1_900_000_000.0)
            await wire.session._readings.instruments()
            (notice,) = engine.step([wire.all(InstrumentsLoaded)[-1]], now + 1.0).notices
            assert (notice.kind, notice.key) == ("contract_changed", "ETHUSDT")
            assert "will be delivered or delisted on 2030-03-17 17:46 UTC" in notice.text


async def test_collateral_that_counts_less_says_what_that_does() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1_000.0, "BTC": 0.5}, multi_assets=True)
        account.trade("ETHUSDT", 2.0)
        account.adl_ranks["ETHUSDT"] = 4
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountSnapshot) and wire.all(AssetTick) and wire.all(InstrumentsLoaded))
            assert [row.venue.adl for row in wire.all(AccountSnapshot)[-1].positions] == [4]
            await until(lambda: wire.up("tiers", "main") and wire.up("config", "main"))
            engine = Engine({"binance": describe}, EngineSettings(accounts=(KEY,)))
            engine.step(list(wire.events), wire.clock.now())
            mark = len(wire.events)
            sim.set_buffers("BTC", 0.2, 0.2)
            await until(lambda: any(one.asset == "BTC" for one in wire.since(mark, AssetTick)[12:]))
            notices = engine.step(wire.events[mark:], wire.clock.now()).notices
            (text,) = [notice.text for notice in notices if notice.kind == "collateral_changed"]
            assert text.startswith("BTC counts 0.8 of its price instead of 0.95; multi-assets: the margin ratio from ")
