"""Tables for what is held: which are asked for, when again, and what one refusal costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from monitor.domain.errors import MalformedAnswer, Refused
from monitor.domain.events import (
    AssetTick,
    CandlesLoaded,
    CollateralLoaded,
    Event,
    InstrumentsLoaded,
    PollFailed,
    Tick,
    TiersLoaded,
)
from monitor.domain.frames import Frame
from monitor.venues.okx.needs import Needs, TierKey
from monitor.venues.okx.tables import PublicReadings
from monitor.venues.settings import Timings
from tests.unit.venues.okx.asked import Venue

SWAP = TierKey("SWAP", "BTC-USDT", "cross")
BTC = Needs(frozenset({"BTC-USDT-SWAP"}), frozenset({SWAP}), frozenset({"BTC", "USDT"}))


class Tables:
    """Public readings whose needs a test sets."""

    def __init__(self, needs: Needs = BTC) -> None:
        self.venue = Venue(
            says={
                "instruments": lambda params: [instrument(params)],
                "position-tiers": lambda params: [{**TIER, "instFamily": params.get("instFamily", "")}],
                "discount-rate-interest-free-quota": [
                    {"ccy": "BTC", "details": [{"minAmt": "0", "maxAmt": "", "discountRate": "0.98"}]}
                ],
            }
        )
        self.needs, self.events = needs, list[Event]()
        self.misread: list[str] = []
        self.readings = PublicReadings(
            self.venue,  # type: ignore[arg-type]  # it stands where the client does
            self._emit,
            self.venue.clock,
            Timings(),
            lambda: self.needs,
            lambda stream, problems, _: self.misread.extend(stream for _ in problems),
        )

    def _emit(self, event: Event, frame: Frame | None = None, /) -> None:
        self.events.append(event)

    def all(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.events if isinstance(one, kind)]


def instrument(params: Mapping[str, object]) -> dict[str, Any]:
    kind = str(params["instType"])
    name = {"SPOT": "BTC-USDT", "MARGIN": "BTC-USDT", "SWAP": "BTC-USDT-SWAP", "FUTURES": "BTC-USDT-261225"}
    return {
        "instId": name.get(kind, f"{params.get('instFamily')}-261225-50000-C"),
        "instType": kind,
        "instFamily": str(params.get("instFamily") or "BTC-USDT"),
        "baseCcy": "BTC",
        "quoteCcy": "USDT",
        "settleCcy": "USDT",
        "ctVal": "0.01",
        "ctMult": "1",
        "ctType": "linear",
        "tickSz": "0.1",
        "stk": "50000",
        "optType": "C",
        "state": "live",
    }


TIER = {"minSz": "0", "maxSz": "1000", "mmr": "0.005", "imr": "0.01", "tier": "1"}


async def test_all_kinds_but_options_are_listed_and_options_by_family_held() -> None:
    tables = Tables(Needs(symbols=frozenset({"BTC-USD-261225-50000-C"})))
    await tables.readings.instruments()
    asked = [params for name, params in tables.venue.asked if name == "instruments"]
    assert [one["instType"] for one in asked] == ["SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"]
    assert asked[-1]["instFamily"] == "BTC-USD"
    (loaded,) = tables.all(InstrumentsLoaded)
    assert len(loaded.instruments) == 4


async def test_a_new_family_costs_one_request_and_a_contract_listed_since_the_whole_list() -> None:
    tables = Tables()
    await tables.readings.instruments()
    assert not tables.readings.lacks_instruments(BTC)
    tables.needs = BTC | Needs(symbols=frozenset({"ETH-USD-261225-50000-C"}))
    tables.venue.says["instruments"] = lambda params: [instrument(params)]
    assert tables.readings.lacks_instruments(tables.needs)
    before = tables.venue.times("instruments")
    tables.readings._listed_since = False  # as if only the family were new
    await tables.readings.instruments()
    assert tables.venue.times("instruments") == before + 1
    tables.needs = BTC | Needs(symbols=frozenset({"NEW-USDT-SWAP"}))
    assert tables.readings.lacks_instruments(tables.needs)
    await tables.readings.instruments()
    assert tables.venue.times("instruments") == before + 1 + 4


async def test_tiers_wait_for_instruments_and_are_told_by_symbol() -> None:
    tables = Tables()
    await tables.readings.tiers()
    assert not tables.all(TiersLoaded), "nobody knows yet which symbols a family has"
    await tables.readings.instruments()
    (loaded,) = tables.all(TiersLoaded)
    assert [symbol for symbol, _ in loaded.tiers] == ["BTC-USDT-SWAP"]
    assert loaded.account is None


async def test_only_new_tables_of_tiers_are_asked_for() -> None:
    tables = Tables()
    await tables.readings.instruments()
    await tables.readings.tiers()
    isolated = TierKey("SWAP", "BTC-USDT", "isolated")
    tables.needs = BTC | Needs(tiers=frozenset({isolated}))
    assert tables.readings.lacks_tiers(tables.needs)
    await tables.readings.tiers()
    assert [params["tdMode"] for name, params in tables.venue.asked if name == "position-tiers"] == [
        "cross",
        "isolated",
    ]
    assert tables.all(TiersLoaded)[-1].isolated


async def test_nothing_held_needs_no_tiers() -> None:
    tables = Tables(Needs())
    await tables.readings.instruments()
    await tables.readings.tiers()
    assert not tables.all(TiersLoaded)
    assert tables.readings.rows["tiers"].phase == "idle"


async def test_what_was_held_last_is_kept_fresh_while_nothing_is() -> None:
    tables = Tables()
    await tables.readings.instruments()
    await tables.readings.tiers()
    tables.needs = Needs()
    tables.venue.clock.at += Timings().tiers_every_seconds
    await tables.readings.tiers()
    assert tables.all(TiersLoaded)[-1].received == tables.venue.clock.at
    assert tables.venue.times("position-tiers") == 2


async def test_a_family_that_is_refused_costs_no_other_and_is_told() -> None:
    odd = TierKey("SWAP", "ODD-USDT", "cross")
    tables = Tables(BTC | Needs(tiers=frozenset({odd})))

    def say(params: Mapping[str, object]) -> list[Any]:
        if params.get("instFamily") == "ODD-USDT":
            raise Refused("okx", "tiers", "the venue refused", "51000")
        return [{**TIER, "instFamily": params["instFamily"]}]

    tables.venue.says["position-tiers"] = say
    await tables.readings.instruments()
    await tables.readings.tiers()
    assert [symbol for symbol, _ in tables.all(TiersLoaded)[-1].tiers] == ["BTC-USDT-SWAP"]
    assert [one.reason for one in tables.all(PollFailed)] == ["in part: the venue refused"]
    assert not tables.readings.rows["tiers"].status().up
    assert tables.readings.lacks_tiers(tables.needs), "it is asked for once more"
    assert not tables.readings.lacks_tiers(tables.needs), "and then rarely"


async def test_collateral_is_the_discounts_and_a_table_for_each_asset_owed() -> None:
    tables = Tables(BTC | Needs(lent=frozenset({"ETH"})))
    await tables.readings.collateral()
    (loaded,) = tables.all(CollateralLoaded)
    assert {asset for asset, _ in loaded.terms} == {"BTC", "ETH"}
    assert ("position-tiers", {"instType": "MARGIN", "tdMode": "cross", "ccy": "ETH"}) in tables.venue.asked
    assert not tables.readings.lacks_collateral(tables.needs)
    assert tables.readings.lacks_collateral(tables.needs | Needs(lent=frozenset({"SOL"})))


async def test_in_the_streams_place_only_what_is_needed_is_told() -> None:
    tables = Tables()
    tables.venue.says["mark-price"] = [
        {"instId": "BTC-USDT-SWAP", "markPx": "100000", "ts": "1790000000000"},
        {"instId": "ETH-USDT-SWAP", "markPx": "4000", "ts": "1790000000000"},
        {"instId": "BAD-USDT-SWAP", "markPx": "", "ts": "1790000000000"},
    ]
    tables.venue.says["index-tickers"] = [
        {"instId": "BTC-USD", "idxPx": "100000", "ts": "1790000000000"},
        {"instId": "XRP-USD", "idxPx": "2", "ts": "1790000000000"},
    ]
    await tables.readings.marks()
    await tables.readings.assets()
    await tables.readings.options()
    assert [one.symbol for one in tables.all(Tick)] == ["BTC-USDT-SWAP"]
    assert [one.asset for one in tables.all(AssetTick)] == ["BTC"]
    assert tables.misread == ["marks"]
    assert [params for name, params in tables.venue.asked if name != "instruments"] == [
        {"instType": "SWAP"},
        {"quoteCcy": "USD"},
    ]


def candles(rows: int) -> Any:
    def page(params: Mapping[str, object]) -> list[Any]:
        before = int(str(params.get("after", 1_789_999_980_000)))  # when the one that is still open began
        first = 1_789_999_980_000 - 60_000 * rows
        times = list(range(before - 60_000, first - 1, -60_000))[: int(str(params["limit"]))]
        return [[str(at), "1", "1", "1", str(at // 60_000), "1"] for at in times]

    return page


async def test_candles_are_read_page_by_page_into_one_series() -> None:
    tables = Tables()
    tables.venue.says["mark-price-candles"] = candles(1000)
    await tables.readings.candles("BTC-USDT-SWAP", 250)
    (loaded,) = tables.all(CandlesLoaded)
    assert tables.venue.times("mark-price-candles") == 3
    assert len(loaded.closes) == 250
    assert list(loaded.closes) == sorted(loaded.closes)


async def test_a_young_contract_has_as_many_candles_as_it_has() -> None:
    tables = Tables()
    tables.venue.says["mark-price-candles"] = candles(30)
    await tables.readings.candles("BTC-USDT-SWAP", 720)
    assert tables.venue.times("mark-price-candles") == 1
    assert len(tables.all(CandlesLoaded)[0].closes) == 30


async def test_no_candles_at_all_is_a_bad_answer() -> None:
    tables = Tables()
    with pytest.raises(MalformedAnswer):
        await tables.readings.candles("BTC-USDT-SWAP", 720)
