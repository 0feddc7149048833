"""The data of market channels: marks, indices, what options are priced with, funding. Part of the codec, and pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import msgspec

from monitor.domain.events import AssetTick, Event, FundingIntervals, FundingRates, OptionMarks, Tick
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import USD, AccountKey, Venue
from monitor.venues.fields import Loose, optional, optional_seconds, positive, seconds, word
from monitor.venues.okx.endpoints import FUNDING_RATE, INDEX_PRICES, MARK_PRICES, OPTION_SUMMARIES
from monitor.venues.okx.reading import reason
from monitor.venues.rows import SHOWN, Made, Row, shown


@dataclass(frozen=True, slots=True)
class Context:
    """Whose frame it is, and when we had it."""

    venue: Venue
    account: AccountKey | None
    received: float


class _MarkRow(msgspec.Struct, gc=False):
    instId: str
    markPx: Loose = None
    ts: Loose = None


class _MarkArg(msgspec.Struct, gc=False):
    channel: str
    instId: str
    instType: str = ""


class _MarkText(msgspec.Struct, gc=False):
    instId: str
    markPx: str
    ts: str


class _MarkFrame(msgspec.Struct, gc=False):
    """A mark alone in its frame, as the venue writes it."""

    arg: _MarkArg
    data: list[_MarkText]


class _IndexRow(msgspec.Struct, gc=False):
    instId: str
    idxPx: Loose = None
    ts: Loose = None


class _OptionRow(msgspec.Struct, gc=False):
    instId: str
    markVol: Loose = None
    fwdPx: Loose = None
    ts: Loose = None


class _FundingRow(msgspec.Struct, gc=False):
    instId: str
    fundingRate: Loose = None
    fundingTime: Loose = None
    nextFundingTime: Loose = None


_mark_frame = msgspec.json.Decoder(_MarkFrame)


def alone(text: bytes, venue: Venue, received: float) -> Decoded | None:
    """One mark alone in its frame; None where that is not what it is."""
    try:
        frame = _mark_frame.decode(text)
        (row,) = frame.data
        mark, at = float(row.markPx), float(row.ts) / 1000.0
    except (ValueError, RecursionError):
        return None
    if not (0.0 < mark < inf and 0.0 <= at < inf and row.instId) or "_" in row.markPx or "_" in row.ts:
        return None  # float() would also read "1_0", which no sender means
    if frame.arg.channel != MARK_PRICES or frame.arg.instType:
        return None
    stream = f"{MARK_PRICES}:{frame.arg.instId}"[:SHOWN]
    tick = Tick(venue, row.instId, mark, at, received)
    return Decoded(FrameKind.DATA, MARK_PRICES, stream, (tick,), venue_time=at)


def _marks(data: Sequence[msgspec.Raw], context: Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    def made(row: _MarkRow) -> Event:
        return Tick(
            context.venue,
            word("instId", row.instId),
            positive("markPx", row.markPx),
            seconds("ts", row.ts),
            context.received,
        )

    return _rows(data, _MarkRow, made, bad, times)


def _indices(data: Sequence[msgspec.Raw], context: Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    def made(row: _IndexRow) -> Event | None:
        price, at = positive("idxPx", row.idxPx), seconds("ts", row.ts)
        asset = usd_index(word("instId", row.instId))
        return None if asset is None else AssetTick(context.venue, asset, price, at, context.received)

    return _rows(data, _IndexRow, made, bad, times)


def _options(data: Sequence[msgspec.Raw], context: Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    def made(row: _OptionRow) -> tuple[str, float, float]:
        return word("instId", row.instId), positive("markVol", row.markVol), positive("fwdPx", row.fwdPx)

    found = _rows(data, _OptionRow, made, bad, times)
    if not found:
        return []
    symbols, volatilities, underlyings = zip(*found, strict=True)
    return [OptionMarks(context.venue, symbols, volatilities, underlyings, context.received)]


def _funding(data: Sequence[msgspec.Raw], context: Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    # `fundingTime` is when the rate is paid that is told here; `nextFundingTime` is one interval later.
    def made(row: _FundingRow) -> _FundingRow | None:
        return row if word("instId", row.instId) and optional(row.fundingRate) is not None else None

    found = _rows(data, _FundingRow, made, bad, times)
    if not found:
        return []
    due = [optional_seconds(row.fundingTime) for row in found]
    after = [optional_seconds(row.nextFundingTime) for row in found]
    rates = FundingRates(
        context.venue,
        tuple(row.instId for row in found),
        tuple(optional(row.fundingRate) or 0.0 for row in found),
        tuple(due),
        context.received,
    )
    spans = [
        (row.instId, later - at)
        for row, at, later in zip(found, due, after, strict=True)
        if at is not None and later is not None and later > at
    ]
    if not spans:
        return [rates]
    symbols, seconds_between = zip(*spans, strict=True)
    return [rates, FundingIntervals(context.venue, symbols, seconds_between, context.received)]


def usd_index(index: str) -> str | None:
    """The asset whose USD price an index tells («BTC-USD»: BTC); None for an index in another asset («BTC-USDT»)."""
    asset, _, quote = index.partition("-")
    return asset if asset and quote == USD else None


def _rows(
    data: Sequence[msgspec.Raw],
    kind: type[Row],
    make: Callable[[Row], Made | None],
    bad: list[RowProblem],
    times: list[float],
) -> list[Made]:
    """What is made of each row; bad rows are named by their instrument."""
    found: list[Made] = []
    for number, raw in enumerate(data):
        try:
            row = msgspec.json.decode(raw, type=kind)
            one = make(row)
        except (ValueError, OverflowError, RecursionError) as error:  # msgspec's errors and BadField
            bad.append(RowProblem(f"row {number}", reason(error), shown(raw)))
            continue
        at = optional_seconds(getattr(row, "ts", None))
        times += [] if at is None else [at]
        if one is not None:
            found.append(one)
    return found


KINDS: dict[str, Callable[[Sequence[msgspec.Raw], Context, list[RowProblem], list[float]], list[Event]]] = {
    MARK_PRICES: _marks,
    INDEX_PRICES: _indices,
    OPTION_SUMMARIES: _options,
    FUNDING_RATE: _funding,
}
