"""A folder of raw answers as events: what `assess` feeds to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.domain.accounts import AccountMode
from monitor.domain.errors import InputMissing
from monitor.domain.events import AccountConfig, Event, Tick, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues import folder
from monitor.venues.binance import answers as words
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.endpoints import (
    ACCOUNT,
    ACCOUNT_CONFIG,
    API_RESTRICTIONS,
    ASSET_INDEX,
    CAPTURED,
    EXCHANGE_INFO,
    LEVERAGE_BRACKET,
    POSITION_RISK,
    PREMIUM_INDEX,
    REQUIRED,
    SYMBOL_CONFIG,
)
from monitor.venues.offline import Offline

OPTIONAL_MEANING = {
    ACCOUNT_CONFIG.path: "the account's modes are unknown, so nothing can be computed",
    SYMBOL_CONFIG.path: "no leverage and no margin type: initial margin is unknown",
    LEVERAGE_BRACKET.path: "no maintenance tiers: margin ratios and lines are unknown",
    ASSET_INDEX.path: "no USD prices of assets and no collateral rates",
    PREMIUM_INDEX.path: "mark prices only of the positions themselves",
    EXCHANGE_INFO.path: "base and quote are taken from the symbols' names",
    API_RESTRICTIONS.path: "what the key may do is unknown",
}
"""What it costs when an optional file is missing."""


def read(answers: Mapping[str, bytes], account: AccountKey, time: float) -> Offline:
    """Answers by file name (`folder.name`) to events. `time` is when they were captured, seconds since 1970.

    InputMissing if `account` or `positionRisk` is not there, MalformedAnswer if a file is not what its name says. A
    file may hold the answer for one symbol: all of an endpoint are read.
    """
    found: dict[str, list[bytes]] = {}
    paths = [endpoint.path for endpoint in CAPTURED]
    for file_name in sorted(answers):
        try:
            request = folder.parse(file_name, paths)
        except ValueError:
            continue  # not the name of an answer: a note that somebody put beside them
        found.setdefault(request.path, []).append(answers[file_name])
    absent = [folder.name(endpoint.path) for endpoint in REQUIRED if endpoint.path not in found]
    if absent:
        raise InputMissing(f"{', '.join(absent)}: not in the folder; without it there is nothing to assess")
    missing = tuple(one.path for one in CAPTURED if one not in REQUIRED and one.path not in found)
    reading = _Reading(found, account.venue, account, time, tuple(without(path) for path in missing))
    names = {folder.name(path): without(path) for path in missing}
    return Offline(reading.events(), names, tuple(f"{bad.row}: {bad.why}" for bad in reading.problems))


def without(path: str) -> str:
    """In words, that an optional file is missing and what that costs."""
    return f"{folder.name(path)} is missing: {OPTIONAL_MEANING[path]}"


class _Reading:
    def __init__(
        self,
        found: Mapping[str, list[bytes]],
        venue: Venue,
        account: AccountKey,
        time: float,
        missing: tuple[str, ...],
    ) -> None:
        self._found, self._venue, self._account, self._time, self._missing = found, venue, account, time, missing
        self.problems: list[RowProblem] = []

    def events(self) -> tuple[Event, ...]:
        venue, account, time = self._venue, self._account, self._time
        events: list[Event] = []
        for raw in self._all(EXCHANGE_INFO):
            events.append(words.instruments(raw, venue, time, self.problems))
        if self._all(LEVERAGE_BRACKET):
            loaded = [words.tiers(raw, venue, account, time, self.problems) for raw in self._all(LEVERAGE_BRACKET)]
            events.append(TiersLoaded(venue, account, tuple(row for one in loaded for row in one.tiers), time))
        for raw in self._all(ASSET_INDEX):
            events += words.asset_index(raw, venue, time, self.problems)
        for raw in self._all(API_RESTRICTIONS):
            events.append(words.permissions(raw, account, time))
        config = self._config()
        events.append(config)
        snapshot = words.account_snapshot(
            self._all(ACCOUNT)[0],
            self._all(POSITION_RISK)[0],
            account,
            time,
            time,
            {setting.symbol: setting for setting in config.symbols},
        )
        events += self._marks(snapshot.marks)
        events.append(snapshot)
        return tuple(events)

    def _all(self, endpoint: Endpoint) -> list[bytes]:
        return self._found.get(endpoint.path, [])

    def _config(self) -> AccountConfig:
        """The configuration. What is missing is its problem: it lowers the quality, and the snapshot stays whole, so
        that it is still compared with the venue's figures.
        """
        modes, settings = self._all(ACCOUNT_CONFIG), self._all(SYMBOL_CONFIG)
        if modes:
            config = words.account_config(
                modes[0], settings[0] if settings else None, self._account, self._time, self._time
            )
            return replace(config, problems=(*self._missing, *config.problems))
        return AccountConfig(
            account=self._account,
            mode=AccountMode(collateral=None, hedge=None),
            symbols=(),
            asked=self._time,
            received=self._time,
            problems=self._missing,
        )

    def _marks(self, in_snapshot: tuple[tuple[str, float], ...]) -> list[Event]:
        """Marks of premiumIndex; where it has none, those that the positions were computed with."""
        ticks = [
            tick
            for raw in self._all(PREMIUM_INDEX)
            for tick in words.marks(raw, self._venue, self._time, self.problems)
        ]
        there = {tick.symbol for tick in ticks}
        own = [
            Tick(self._venue, symbol, mark, self._time, self._time)
            for symbol, mark in in_snapshot
            if symbol not in there
        ]
        return [*ticks, *own]
