"""Tiers of isolated pairs are asked pair by pair: what one pair's answer lacks costs the others nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.errors import AuthRejected, FeedLost, Refused
from monitor.domain.events import Event, TiersLoaded
from monitor.venues.binance.loans.polls import IsolatedReadings
from monitor.venues.rest import Answer
from monitor.venues.settings import NO_KEY, AccountSettings, Timings

ROW = {"tier": 1, "effectiveMultiple": "10", "initialRiskRatio": "1.11", "liquidationRiskRatio": "1.05"}


class Bench:
    """The readings of an account with three pairs, and a client that answers what the test says."""

    def __init__(self) -> None:
        self.emitted: list[Event] = []
        self.answers: dict[str, Any] = {}
        settings = AccountSettings(venue="binance", name="main", credentials=NO_KEY, product="isolated-margin")
        self.readings = IsolatedReadings(
            settings, self, self.emitted.append, self, Timings(), lambda ticks: None, dict  # type: ignore[arg-type]  # it asks and tells the time
        )  # fmt: skip
        self.readings.pairs = ("ADAUSDT", "BTCUSDT", "ETHUSDT")

    def now(self) -> float:
        return 1_000.0

    def monotonic(self) -> float:
        return 1_000.0

    async def ask(self, endpoint: Any, params: dict[str, str], credentials: Any, **more: Any) -> Answer:
        said = self.answers.get(params["symbol"], [{**ROW, "symbol": params["symbol"]}])
        if isinstance(said, Exception):
            raise said
        return Answer(200, {}, json.dumps(said).encode(), 1_000.0, 1_000.0)

    async def levels(self) -> dict[str, list[float]]:
        await self.readings.tiers()
        read = self.emitted[-1]
        assert isinstance(read, TiersLoaded)
        return {pair: [tier.liquidation_level for tier in tiers] for pair, tiers in read.loans}


ALL = {"ADAUSDT": [1.05], "BTCUSDT": [1.05], "ETHUSDT": [1.05]}


async def test_every_pair_is_asked_for() -> None:
    assert await Bench().levels() == ALL


@pytest.mark.parametrize("said", [Refused("binance", "tiers", "no such pair", -11001), [], [{**ROW, "symbol": "X"}]])
async def test_a_pair_that_the_venue_tells_nothing_of_has_no_tiers_and_the_others_have_theirs(said: object) -> None:
    bench = Bench()
    bench.answers["ADAUSDT"] = said
    assert await bench.levels() == {**ALL, "ADAUSDT": []}
    assert "ADAUSDT" not in bench.readings.tiered
    assert "BTCUSDT" in bench.readings.tiered


@pytest.mark.parametrize("said", [Refused("binance", "tiers", "no such pair", -11001), []])
async def test_tiers_that_were_told_before_go_on(said: object) -> None:
    bench = Bench()
    await bench.levels()
    bench.answers["ADAUSDT"] = said
    assert await bench.levels() == ALL


@pytest.mark.parametrize("error", [AuthRejected("binance", "tiers", "no", -2015), FeedLost("binance", "tiers", "gone")])
async def test_what_is_no_word_on_a_pair_ends_the_reading(error: Exception) -> None:
    bench = Bench()
    bench.answers["ADAUSDT"] = error
    with pytest.raises(type(error)):
        await bench.readings.tiers()
    assert bench.emitted == []
