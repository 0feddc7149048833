"""Prices of everybody's: marks of a dex, funding, dollar tokens, candles, and the venue's clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick, CandlesLoaded, FundingIntervals, FundingRates, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.names import Asset, Symbol, Venue
from monitor.venues.fields import BadField, Loose, optional, optional_positive, positive, seconds
from monitor.venues.hyperliquid.names import USDC_TOKEN, Universe
from monitor.venues.hyperliquid.reading import value
from monitor.venues.rows import each, shown

HOUR_SECONDS = 3600.0  #: between two payments of funding, on every perpetual
DOLLARS = "USD"  #: how the names of dollar tokens begin


class _Context(msgspec.Struct, gc=False):
    markPx: Loose = None
    oraclePx: Loose = None
    midPx: Loose = None
    funding: Loose = None


class _NamedAsset(msgspec.Struct, gc=False):
    name: str


class _NamedMeta(msgspec.Struct, gc=False):
    universe: list[_NamedAsset]


def marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[Tick, ...]:
    """metaAndAssetCtxs of one dex. The answer has no time of its own: it is as old as its receipt."""
    return tuple(
        Tick(venue, symbol, mark, received, received, index=optional_positive(row.oraclePx))
        for symbol, row in _contexts(raw, venue, problems)
        if (mark := optional_positive(row.markPx)) is not None
    )


def funding(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> FundingRates | None:
    """metaAndAssetCtxs again: the rate that is paid at the next full hour; None without one good row."""
    found = [(symbol, optional(row.funding)) for symbol, row in _contexts(raw, venue, problems)]
    return funding_rates([(symbol, rate) for symbol, rate in found if rate is not None], venue, received)


def funding_rates(found: Iterable[tuple[Symbol, float]], venue: Venue, received: float) -> FundingRates | None:
    """Rates as one event, due at the next full hour; None without any."""
    rates = list(found)
    if not rates:
        return None
    due = (received // HOUR_SECONDS + 1.0) * HOUR_SECONDS
    symbols, numbers = zip(*rates, strict=True)
    return FundingRates(venue, symbols, numbers, (due,) * len(rates), received)


def funding_intervals(known: Universe, venue: Venue, received: float) -> FundingIntervals:
    """How often perpetuals pay: each hour, all of them, as the venue's documents say."""
    symbols = tuple(symbol for dex in known.dexs for symbol in dex.symbols)
    return FundingIntervals(venue, symbols, (HOUR_SECONDS,) * len(symbols), received)


def _contexts(raw: bytes | str, venue: Venue, problems: list[RowProblem] | None) -> list[tuple[Symbol, _Context]]:
    meta, raws = value(raw, tuple[_NamedMeta, list[msgspec.Raw]], venue, "metaAndAssetCtxs")
    if len(raws) != len(meta.universe):
        raise MalformedAnswer(venue, "metaAndAssetCtxs", "as many contexts as perpetuals are promised")
    found: list[tuple[Symbol, _Context]] = []
    for asset, row in zip(meta.universe, raws, strict=True):
        try:
            context = msgspec.json.decode(row, type=_Context)
            positive("markPx", context.markPx)
        except (ValueError, RecursionError) as error:
            if problems is not None:
                problems.append(RowProblem(f"context of {asset.name}", str(error)[:200], shown(row)))
            continue
        found.append((asset.name, context))
    return found


class _SpotToken(msgspec.Struct, gc=False):
    name: str
    index: int


class _Pair(msgspec.Struct, gc=False):
    name: str
    tokens: tuple[int, int]


class _SpotMeta(msgspec.Struct, gc=False):
    tokens: list[_SpotToken]
    universe: list[_Pair]


class _SpotContext(msgspec.Struct, gc=False):
    coin: str = ""
    markPx: Loose = None
    midPx: Loose = None


def asset_prices(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[AssetTick, ...]:
    """spotMetaAndAssetCtxs: what the dollar tokens that may back a dex cost in USDC, of those that have a pair with it.

    USDC stands for a dollar here: what it costs itself, the reserves say (`reserve_prices`). Coins are priced by
    oracles, not by pairs.
    """
    meta, contexts = value(raw, tuple[_SpotMeta, list[_SpotContext]], venue, "spotMetaAndAssetCtxs")
    names = {token.index: token.name for token in meta.tokens}
    by_name = {context.coin: context for context in contexts if context.coin}
    found: dict[Asset, AssetTick] = {}
    for number, pair in enumerate(meta.universe):
        base, quote = pair.tokens
        context = by_name.get(pair.name) or (contexts[number] if number < len(contexts) and not by_name else None)
        if quote != USDC_TOKEN or not names.get(base, "").startswith(DOLLARS) or context is None:
            continue
        price = optional_positive(context.midPx) or optional_positive(context.markPx)
        if price is None:
            if problems is not None:
                problems.append(RowProblem(f"pair {pair.name}", "no price"))
            continue
        asset = names[base]
        found.setdefault(asset, AssetTick(venue, asset, price, received, received))
    return tuple(found.values())


class _Candle(msgspec.Struct, gc=False):
    t: Loose = None
    c: Loose = None


def candles(
    raw: bytes | str,
    venue: Venue,
    symbol: Symbol,
    at: float,
    interval_seconds: float = 60.0,
    problems: list[RowProblem] | None = None,
) -> CandlesLoaded:
    """candleSnapshot: closing prices in rising order. The venue has no candles of marks: these are of trades.

    A candle that is still open is left out. A gap ends the series: only what is after the last gap is given.
    """

    def made(row: _Candle) -> tuple[float, float]:
        return seconds("t", row.t), positive("c", row.c)

    rows = each(value(raw, list[msgspec.Raw], venue, "candleSnapshot"), _Candle, made, "candle", problems)
    closes = {start: close for start, close in rows if start + interval_seconds <= at}
    series: list[float] = []
    before = -inf
    for start in sorted(closes):
        if abs(start - before - interval_seconds) > 1e-3:
            series.clear()
        series.append(closes[start])
        before = start
    return CandlesLoaded(venue, symbol, tuple(series), interval_seconds, at)


class _Status(msgspec.Struct, gc=False):
    time: Loose = None


def server_time(raw: bytes | str, venue: Venue = "hyperliquid") -> float:
    """exchangeStatus: the venue's clock, seconds since 1970."""
    try:
        return seconds("time", value(raw, _Status, venue, "exchangeStatus").time)
    except BadField as error:
        raise MalformedAnswer(venue, "exchangeStatus", str(error)) from None
