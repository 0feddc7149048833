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

            def rows_told() -> dict[str, tuple[float, float | None]]:
                return {
                    symbol: (rate, at)
                    for told in wire.all(FundingRates)  # a frame holds those that changed
                    for symbol, rate, at in zip(told.symbols, told.rates, told.next_times, strict=True)
                }

            await until(lambda: "BTCUSDT" in rows_told() and wire.all(FundingIntervals), what="funding")
            rows = rows_told()
            assert rows["BTCUSDT"][0] == pytest.approx(-0.000321)
            due = sim.next_funding_ms() / 1000.0
            assert rows["BTCUSDT"][1] == pytest.approx(due, abs=60.0)
            seconds = dict(
                zip(wire.all(FundingIntervals)[0].symbols, wire.all(FundingIntervals)[0].intervals_seconds, strict=True)
            )
            assert seconds["ADAUSDT"] == 8 * 3600.0
