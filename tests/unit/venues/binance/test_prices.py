"""Which source prices a coin: the venue's own index, the index beside a mark, or a question."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.errors import AuthRejected, MalformedAnswer, Refused
from monitor.domain.events import AssetTick, Event
from monitor.domain.names import AccountKey
from monitor.venues.binance.loans import endpoints
from monitor.venues.binance.portfolio import endpoints as portfolio_endpoints
from monitor.venues.binance.prices import MarketSpeech, Prices
from monitor.venues.rest import Answer
from monitor.venues.settings import NO_KEY, Timings

MAIN, OTHER = AccountKey("binance", "main"), AccountKey("binance", "other")


class Bench:
    """Prices with a client that answers what the test says."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.emitted: list[Event] = []
        self.asked: list[str] = []
        self.pairs: dict[str, float] = {}
        self.dead = 0  #: so many questions are answered with a word about the key
        self.prices = Prices(self, self.emitted.append, self, Timings())  # type: ignore[arg-type]  # it asks and tells the time

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def ask(
        self, endpoint: Any, params: dict[str, str], credentials: Any, *, weight: int | None = None
    ) -> Answer:
        assert credentials is NO_KEY
        if endpoint is portfolio_endpoints.ASSET_INDEX:
            assert weight == 1
            self.asked.append(params["asset"])
            row = {"asset": params["asset"], "assetIndexPrice": "7.5", "time": 998_000}
            return Answer(200, {}, json.dumps([row]).encode(), self.time, self.time)
        assert endpoint is endpoints.PRICE_INDEX
        pair = params["symbol"]
        self.asked.append(pair)
        if self.dead:
            self.dead -= 1
            raise AuthRejected("binance", "assets", "the key is not valid", -2015)
        if pair not in self.pairs:
            raise Refused("binance", "assets", "no such pair", -1121)
        body = {"symbol": pair, "price": str(self.pairs[pair]), "calcTime": 999_000}
        return Answer(200, {}, json.dumps(body).encode(), self.time, self.time)

    def array(self, *rows: dict[str, Any]) -> dict[str, float]:
        raw = json.dumps({"stream": "!markPrice@arr@1s", "data": rows}, separators=(",", ":")).encode()
        return {tick.asset: tick.price_usd for tick in self.prices.beside_marks(raw, self.time)}


def row(symbol: str, index: Any, **more: Any) -> dict[str, Any]:
    return {"e": "markPriceUpdate", "E": 999_500, "s": symbol, "p": "1", "i": index, **more}


def test_only_what_somebody_holds_is_priced() -> None:
    bench = Bench()
    assert bench.array(row("SOLUSDT", "150")) == {}
    bench.prices.hold(MAIN, NO_KEY, ["SOL", "USDT"])
    assert bench.array(row("SOLUSDT", "150"), row("BTCUSDT", "100000")) == {"SOL": 150.0}
    bench.prices.hold(OTHER, NO_KEY, ["BTC"])
    assert bench.array(row("SOLUSDT", "150"), row("BTCUSDT", "100000")) == {"SOL": 150.0, "BTC": 100_000.0}
    bench.prices.hold(MAIN, NO_KEY, [])
    assert bench.array(row("SOLUSDT", "150"), row("BTCUSDT", "100000")) == {"BTC": 100_000.0}


def test_a_contract_on_a_thousand_coins_prices_one() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["SHIB", "MOG"])
    said = bench.array(row("1000SHIBUSDT", "0.02"), row("1000000MOGUSDT", "1.5"))
    assert said == pytest.approx({"SHIB": 0.00002, "MOG": 0.0000015})


def test_the_index_counts_in_dollars_when_tether_is_none() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["SOL"])
    bench.prices.told([AssetTick("binance", "USDT", 0.98, 999.0, 999.0)])
    assert bench.array(row("SOLUSDT", "100")) == {"SOL": pytest.approx(98.0)}


def test_the_venues_own_index_is_better_while_it_comes() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["BTC"])
    bench.prices.told([AssetTick("binance", "BTC", 100_000.0, 999.0, 999.0)])
    assert bench.array(row("BTCUSDT", "100050")) == {}
    bench.time += Timings().assets_silent_seconds
    assert bench.array(row("BTCUSDT", "100050")) == {"BTC": 100_050.0}


@pytest.mark.parametrize("index", [None, "", "0", "nan", "-1", "inf", [1]])
def test_an_index_that_is_no_price_prices_nothing(index: Any) -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["SOL", "ETH"])
    assert bench.array(row("SOLUSDT", index), row("ETHUSDT", "3500")) in ({"ETH": 3500.0}, {})


@pytest.mark.parametrize("raw", [b"", b"{", b'{"stream":"!markPrice@arr', b'{"stream":"!markPrice@arr","data":5}'])
def test_frames_that_cannot_be_read_are_left_to_the_codec(raw: bytes) -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["SOL"])
    assert bench.prices.beside_marks(raw, 1.0) == ()


async def test_what_no_stream_tells_is_asked_for_and_tether_is_not() -> None:
    bench = Bench()
    bench.pairs["FET"] = 0.5
    bench.prices.hold(MAIN, NO_KEY, ["FET", "SOL", "USDT"])
    assert bench.prices.missing() == ("FET", "SOL")
    bench.array(row("SOLUSDT", "150"))
    assert bench.prices.missing() == ("FET",)
    bench.pairs = {"FETUSDT": 0.5}
    await bench.prices.read()
    assert bench.asked == ["FETUSDT"]
    (tick,) = bench.emitted
    assert isinstance(tick, AssetTick)
    assert (tick.asset, tick.price_usd, tick.venue_time) == ("FET", 0.5, 999.0)
    assert bench.prices.missing() == ("FET",), "an answer is no stream: it is asked for again"


async def test_portfolio_margin_has_index_prices_of_its_own() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["FET"], portfolio=True)
    await bench.prices.read()
    assert bench.asked == ["FET"]
    (tick,) = bench.emitted
    assert isinstance(tick, AssetTick)
    assert (tick.asset, tick.price_usd, tick.venue_time) == ("FET", 7.5, 998.0)


async def test_a_stablecoin_is_worth_what_its_pair_tells() -> None:
    bench = Bench()
    bench.pairs = {"TUSDUSDT": 0.93}
    bench.prices.hold(MAIN, NO_KEY, ["TUSD"])
    await bench.prices.read()
    assert [one.price_usd for one in bench.emitted if isinstance(one, AssetTick)] == [0.93]


async def test_a_stablecoin_that_the_venue_does_not_price_counts_a_dollar_again_and_again() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["USD1"])
    for _ in range(3):
        await bench.prices.read()
        bench.time += 3.0
    told = [one for one in bench.emitted if isinstance(one, AssetTick)]
    assert [(one.asset, one.price_usd, one.venue_time) for one in told] == [
        ("USD1", 1.0, 1_000.0), ("USD1", 1.0, 1_003.0), ("USD1", 1.0, 1_006.0),
    ]  # fmt: skip
    assert bench.asked == ["USD1USDT"]


async def test_a_dead_key_takes_no_price_from_another_account() -> None:
    bench = Bench()
    bench.pairs = {"FETUSDT": 0.5}
    bench.dead = 1
    bench.prices.hold(MAIN, NO_KEY, ["FET"])
    bench.prices.hold(OTHER, NO_KEY, ["FET"])
    await bench.prices.read()
    assert bench.asked == ["FETUSDT", "FETUSDT"]
    assert [one.price_usd for one in bench.emitted if isinstance(one, AssetTick)] == [0.5]


async def test_an_answer_that_cannot_be_read_costs_the_coins_after_it_nothing() -> None:
    bench = Bench()
    bench.pairs = {"FETUSDT": -1.0, "GRTUSDT": 0.25}
    bench.prices.hold(MAIN, NO_KEY, ["FET", "GRT"])
    with pytest.raises(MalformedAnswer):
        await bench.prices.read()
    assert [one.asset for one in bench.emitted if isinstance(one, AssetTick)] == ["GRT"]
    assert "FET" in bench.prices.missing(), "it is asked for again"


async def test_a_coin_without_a_pair_is_let_be_for_a_while() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["XYZ"])
    await bench.prices.read()
    await bench.prices.read()
    assert bench.asked == ["XYZUSDT"]
    bench.time += Timings().refused_every_seconds
    await bench.prices.read()
    assert len(bench.asked) == 2


def test_prices_beside_an_account_stand_in_where_no_stream_tells() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["SOL", "BTC"])
    bench.prices.told([AssetTick("binance", "BTC", 100_000.0, 999.0, 999.0)])
    bench.prices.stand_in(AssetTick("binance", coin, 1.0, 999.0, 999.0) for coin in ("SOL", "BTC", "ADA"))
    assert [one.asset for one in bench.emitted if isinstance(one, AssetTick)] == ["SOL"]


def test_the_markets_frames_carry_both() -> None:
    bench = Bench()
    bench.prices.hold(MAIN, NO_KEY, ["SOL"])
    frame = {"stream": "!markPrice@arr@1s", "data": [row("SOLUSDT", "150", p="151")]}
    decoded = MarketSpeech(bench.prices).decode(json.dumps(frame, separators=(",", ":")).encode(), 1_000.0)
    assert [type(one).__name__ for one in decoded.events] == ["Ticks", "AssetTick"]
