"""The rooms of the venues, by name: all that the rest of the program needs of one. A room is loaded when it is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from monitor.app import settings
from monitor.app.config import Loaded
from monitor.domain.clock import Clock
from monitor.domain.names import AccountKey, Venue
from monitor.domain.recording import Recorder
from monitor.margin.pool import Describe
from monitor.venues.offline import Offline
from monitor.venues.session import Put, Session

Captured = tuple[dict[str, bytes], float]
LeftOut = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One venue.

    `describe` turns an account into pools; `session` makes its session of the configuration; `read` turns a folder's
    answers into events, at the time when they were captured; `capture` asks for an account's answers (by file name,
    with the time of the first) and names in words what it leaves out; `redact` takes out of an answer, by its name,
    what tells whose it is.
    """

    describe: Describe
    session: Callable[[Loaded, Put, Clock, Recorder], Session]
    read: Callable[[Mapping[str, bytes], AccountKey, float], Offline]
    capture: Callable[[Loaded, str, Clock, LeftOut], Awaitable[Captured]]
    redact: Callable[[str, bytes], bytes]


S = TypeVar("S")


def _room(
    told: Callable[[Loaded], S],
    describe: Describe,
    session: Callable[[S, Put, Clock, Recorder], Session],
    read: Callable[[Mapping[str, bytes], AccountKey, float], Offline],
    capture: Callable[[S, str, Clock, LeftOut], Awaitable[Captured]],
    redact: Callable[[str, bytes], bytes],
) -> Room:
    """A room whose parts take its own settings, which `told` makes of the configuration."""
    return Room(
        describe=describe,
        session=lambda loaded, emit, clock, recorder: session(told(loaded), emit, clock, recorder),
        read=read,
        capture=lambda loaded, account, clock, left_out: capture(told(loaded), account, clock, left_out),
        redact=redact,
    )


def _binance() -> Room:
    from monitor.venues.binance import capture, margin, offline, redact, session

    return _room(
        settings.binance, margin.describe, session.BinanceSession, offline.read, capture.capture, redact.redact
    )


def _bybit() -> Room:
    from monitor.venues.bybit import capture, margin, offline, redact, session

    return _room(settings.bybit, margin.describe, session.BybitSession, offline.read, capture.capture, redact.redact)


def _okx() -> Room:
    from monitor.venues.okx import capture, margin, offline, redact, session

    return _room(settings.okx, margin.describe, session.OkxSession, offline.read, capture.capture, redact.redact)


def _kucoin() -> Room:
    from monitor.venues.kucoin import capture, margin, offline, redact, session

    return _room(settings.kucoin, margin.describe, session.KucoinSession, offline.read, capture.capture, redact.redact)


def _hyperliquid() -> Room:
    from monitor.venues.hyperliquid import capture, margin, offline, redact, session

    return _room(
        settings.hyperliquid, margin.describe, session.HyperliquidSession, offline.read, capture.capture, redact.redact
    )


_ROOMS: Mapping[Venue, Callable[[], Room]] = {
    "binance": _binance,
    "bybit": _bybit,
    "okx": _okx,
    "kucoin": _kucoin,
    "hyperliquid": _hyperliquid,
}
VENUES: tuple[Venue, ...] = tuple(_ROOMS)


def room(venue: Venue) -> Room:
    """The room of a venue. KeyError for one that there is not: the configuration lets no other name in."""
    return _ROOMS[venue]()


def describes(venues: Iterable[Venue]) -> dict[Venue, Describe]:
    """What turns the accounts of these venues into pools."""
    return {venue: room(venue).describe for venue in venues}


def redactor(venues: Iterable[Venue]) -> Callable[[Venue, str, bytes], bytes]:
    """What takes out of a text of one of these venues, by its name, whatever tells whose it is."""
    by_venue = {venue: room(venue).redact for venue in venues}
    return lambda venue, name, raw: by_venue[venue](name, raw)


def planned(venue: Venue, loaded: Loaded) -> float:
    """How many times over the readings of a venue's accounts would fill what we may ask of it. Loads no session."""
    match venue:
        case "binance":
            from monitor.venues.binance import polls as binance

            return binance.planned(settings.binance(loaded))
        case "bybit":
            from monitor.venues.bybit import polls as bybit

            there = settings.bybit(loaded)
            asked = bybit.planned_requests(len(there.accounts), there)
            return asked / (there.requests_per_minute * there.weight_share)
        case "okx":
            from monitor.venues.okx import polls as okx

            told = settings.okx(loaded)
            return okx.planned_requests(len(told.accounts), told) / (told.requests_per_minute * told.weight_share)
        case "kucoin":
            from monitor.venues.kucoin import polls as kucoin

            return kucoin.planned(settings.kucoin(loaded))
        case _:
            from monitor.venues.hyperliquid import polls as hyperliquid

            return hyperliquid.planned(settings.hyperliquid(loaded))
