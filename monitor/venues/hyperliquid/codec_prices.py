"""Frames of marks: all perpetuals of all dexs in the order of their universes, or one by its name. Part of the codec.

No frame has a time of the venue's: a mark is as old as its receipt. It comes about every three seconds.
"""

from __future__ import annotations

from math import inf

import msgspec

from monitor.domain.events import AssetTick, Event, Ticks
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import Symbol, Venue
from monitor.venues.fields import Loose, optional, optional_positive, positive, word
from monitor.venues.hyperliquid.answers_prices import funding_rates
from monitor.venues.hyperliquid.endpoints import ALL_CTXS, COIN_CTX, Topic
from monitor.venues.hyperliquid.names import FIRST_DEX, TOKENS, USDC, Universe
from monitor.venues.hyperliquid.oracles import Contexts

STALE_UNIVERSE = "the perpetuals of a dex are others than those that were read"
BACKING = frozenset(TOKENS.values()) - {USDC}
"""Coins that may back an account of portfolio margin: their oracle prices are told."""


class _Context(msgspec.Struct, gc=False):
    markPx: Loose = None
    oraclePx: Loose = None
    funding: Loose = None


class _All(msgspec.Struct, gc=False):
    ctxs: list[tuple[str, list[_Context]]]


class _One(msgspec.Struct, gc=False):
    coin: str
    ctx: _Context


_all = msgspec.json.Decoder(_All)
_one = msgspec.json.Decoder(_One)


def all_contexts(data: msgspec.Raw, venue: Venue, received: float, known: Universe) -> Decoded:
    """allDexsAssetCtxs: marks as one event. A dex that does not fit the universe is left out, and said.

    A delisted perpetual goes on having a mark; one without is a bad row.
    """
    listed = {dex.name: dex.symbols for dex in known.dexs}
    symbols: list[Symbol] = []
    marks: list[float] = []
    rates: list[tuple[Symbol, float]] = []
    problems: list[RowProblem] = []
    events: list[Event] = []
    oracles: dict[str, tuple[float | None, ...]] = {}
    why = ""
    for dex, rows in _all.decode(data).ctxs:
        names = listed.get(dex, ())
        if len(names) != len(rows):
            why = STALE_UNIVERSE
            problems.append(RowProblem("universe", f"dex {dex[:12] or 'first'} has {len(rows)}, we know {len(names)}"))
            continue
        prices: list[float | None] = []
        for symbol, row in zip(names, rows, strict=True):
            mark = _price(row.markPx)
            if mark is None:
                problems.append(RowProblem(f"mark of {symbol}", "markPx is not above zero"))
                continue
            symbols.append(symbol)
            marks.append(mark)
            oracle = _price(row.oraclePx)
            if dex != FIRST_DEX:
                prices.append(oracle)
            elif oracle is not None and symbol in BACKING:
                events.append(AssetTick(venue, symbol, oracle, received, received))
            rate = optional(row.funding)
            if rate is not None:
                rates.append((symbol, rate))
        if prices:
            oracles[dex] = tuple(prices)
    if symbols:
        events.insert(0, Ticks(venue, tuple(symbols), tuple(marks), (received,) * len(symbols), received))
    paid = funding_rates(rates, venue, received)
    events += [] if paid is None else [paid]
    return Contexts(
        FrameKind.DATA if events or why else FrameKind.MALFORMED,
        ALL_CTXS,
        Topic(ALL_CTXS).text,
        tuple(events),
        tuple(problems),
        why=why or ("" if events else "not one good mark"),
        oracles=oracles,
    )


def one_context(data: msgspec.Raw, venue: Venue, received: float) -> Decoded:
    """activeAssetCtx: the mark of one perpetual."""
    frame = _one.decode(data)
    symbol, mark = word("coin", frame.coin), positive("markPx", frame.ctx.markPx)
    events: list[Event] = [Ticks(venue, (symbol,), (mark,), (received,), received)]
    oracle, rate = optional_positive(frame.ctx.oraclePx), optional(frame.ctx.funding)
    if oracle is not None and symbol in BACKING:
        events.append(AssetTick(venue, symbol, oracle, received, received))
    paid = funding_rates([] if rate is None else [(symbol, rate)], venue, received)
    events += [] if paid is None else [paid]
    return Decoded(FrameKind.DATA, COIN_CTX, Topic(COIN_CTX, coin=symbol).text, tuple(events))


def _price(said: Loose) -> float | None:
    """A price, by the short way: hundreds come in each frame."""
    if type(said) is not str:
        return optional_positive(said)
    try:
        number = float(said)
    except ValueError:
        return None
    # float() would also read "1_0", which no sender means.
    return number if 0.0 < number < inf and "_" not in said else None
