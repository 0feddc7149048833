"""What a change of the venue's list of contracts means for those who hold one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.domain.instruments import Instrument
from monitor.domain.names import Symbol
from monitor.domain.times import utc


def terms(instrument: Instrument) -> object:
    """What of a contract an owner must know of when it changes."""
    return (
        instrument.trading,
        instrument.delivery_time,
        instrument.tick_size,
        instrument.contract_size,
        instrument.coin_multiplier,
        instrument.settle,
    )


def contract_changes(
    before: Mapping[Symbol, Instrument], after: Mapping[Symbol, Instrument]
) -> Iterator[tuple[Symbol, str]]:
    """Each contract that was listed and is another one now, or none, with the change in words."""
    for symbol, old in before.items():
        new = after.get(symbol)
        if new is None:
            yield symbol, f"{symbol} is delisted: it is not among the venue's contracts any more{_was_due(old)}"
        elif terms(old) != terms(new):
            yield symbol, f"{symbol}: {'; '.join(_changed(old, new))}"


def day(seconds: float) -> str:
    """A moment in words: «2026-12-25 08:00 UTC»."""
    return utc(seconds)


def _was_due(old: Instrument) -> str:
    return "" if old.delivery_time is None else f" (delivery was due {day(old.delivery_time)})"


def _changed(old: Instrument, new: Instrument) -> Iterator[str]:
    if old.delivery_time != new.delivery_time:
        if new.delivery_time is None:
            yield "it is not to be delivered any more"
        elif old.delivery_time is None:
            yield f"it will be delivered or delisted on {day(new.delivery_time)}, and closed then at the venue's price"
        else:
            yield f"its delivery moved from {day(old.delivery_time)} to {day(new.delivery_time)}"
    if old.trading is not new.trading:
        yield "it trades again" if new.trading else "it does not trade any more"
    for what, was, now in (
        ("tick size", old.tick_size, new.tick_size),
        ("contract size", old.contract_size, new.contract_size),
        ("number of coins in one unit", old.coin_multiplier, new.coin_multiplier),
    ):
        if was != now:
            yield f"its {what} changed from {_number(was)} to {_number(now)}"
    if old.settle != new.settle:
        yield f"it settles in {new.settle} instead of {old.settle}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.10g}"
