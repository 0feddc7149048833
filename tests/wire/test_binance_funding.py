"""Funding on its way from the venue: out of the stream, out of the answer that stands in for it, and how often."""

from __future__ import annotations

import pytest

from monitor.domain.events import FundingIntervals, FundingRates
from tests.wire.harness import simulator, until, wired


async def test_rates_come_with_the_marks_and_intervals_with_the_contracts() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.market.set_funding_rate("BTCUSDT", -0.000321)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(FundingRates) and wire.all(FundingIntervals), what="funding")
            told = wire.all(FundingRates)[-1]
            rows = {
                symbol: (rate, at) for symbol, rate, at in zip(told.symbols, told.rates, told.next_times, strict=True)
            }
            assert rows["BTCUSDT"][0] == pytest.approx(-0.000321)
            due = sim.next_funding_ms() / 1000.0
            assert rows["BTCUSDT"][1] == pytest.approx(due, abs=60.0)
            seconds = dict(
                zip(wire.all(FundingIntervals)[0].symbols, wire.all(FundingIntervals)[0].intervals_seconds, strict=True)
            )
            assert seconds["ADAUSDT"] == 8 * 3600.0
