"""Daily standard deviations of marks: the unit in which a distance tells how soon a line may be reached."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.domain.events import CandlesLoaded
from monitor.domain.lines import Line, State
from monitor.domain.memory import VolatilityFact
from monitor.domain.names import Symbol, Venue
from monitor.engine.settings import VolatilitySettings
from monitor.margin.arrays import Floats, Ints

DAY_SECONDS = 86_400.0
FORGOTTEN_HALF_LIVES = 3.0  #: an estimate that was saved longer ago says nothing any more


@dataclass(slots=True)
class _Track:
    """Weighted sum of squared log returns (each scaled to one sample), their weight, and where the next one starts."""

    price: float
    squares: float = 0.0
    weight: float = 0.0
    samples: int = 0
    restored: bool = False  #: not all of it was observed since the start


class Volatility:
    """One exponentially weighted estimate an instrument (by its place), fed by its marks and seeded by its candles.

    A return over a gap of n samples counts once, scaled by 1/n, and ages what came before by n samples: an outage
    neither looks like a shock nor keeps old samples young. `version` counts what was taken: while it stands, so do all
    estimates.
    """

    def __init__(self, settings: VolatilitySettings) -> None:
        self.version = 0
        self._settings = settings
        self._decay = 0.5 ** (settings.sample_seconds / settings.half_life_seconds)
        self._tracks: dict[int, _Track] = {}
        self._sampled: Floats = np.zeros(0)  #: by place, when the last sample was; -inf: never

    def observe(self, place: int, mark: float, at: float) -> None:
        """Take a believed mark; only one in `sample_seconds` is a sample."""
        self._make_room(place + 1)
        seconds = at - self._sampled.item(place)
        if seconds >= self._settings.sample_seconds:
            track = self._tracks.get(place)
            if track is None:
                self._tracks[place] = _Track(mark)
            else:
                self._add(track, mark, seconds)
            self._sampled[place] = at
            self.version += 1

    def observe_all(self, places: Ints, marks: Floats, at: Floats) -> None:
        """Take many believed marks, each at its own time: the same as `observe`, row by row."""
        self._make_room(int(places.max(initial=-1)) + 1)
        due = np.flatnonzero(at - self._sampled[places] >= self._settings.sample_seconds)
        for place, mark, when in zip(places[due].tolist(), marks[due].tolist(), at[due].tolist(), strict=True):
            self.observe(place, mark, when)

    def seed(self, place: int, candles: CandlesLoaded) -> None:
        """Start from past closes, unless enough samples of our own, or of before the start, are there already."""
        track = self._tracks.get(place)
        enough = track is not None and track.samples >= self._settings.minimum_samples
        if not candles.closes or (track is not None and enough and not track.restored):
            return
        seeded = _Track(candles.closes[0])
        for close in candles.closes[1:]:
            self._add(seeded, close, candles.interval_seconds)
        if track is not None and enough and track.weight >= seeded.weight:
            return
        self._make_room(place + 1)
        self._tracks[place], self._sampled[place] = seeded, candles.at
        self.version += 1

    def restore(self, place: int, fact: VolatilityFact, now: float) -> None:
        """Go on with an estimate that was saved: it is aged by what has passed, and forgotten if that is long."""
        age = max(0.0, now - fact.at)
        old = age > FORGOTTEN_HALF_LIVES * self._settings.half_life_seconds
        if old or place in self._tracks or not (fact.price > 0.0 and fact.weight > 0.0 and fact.variance >= 0.0):
            return
        squares = fact.variance * self._settings.sample_seconds * fact.weight
        self._make_room(place + 1)
        self._tracks[place] = _Track(fact.price, squares, fact.weight, fact.samples, restored=True)
        self._sampled[place] = fact.at
        self.version += 1

    def places(self) -> tuple[int, ...]:
        """Where there are estimates."""
        return tuple(place for place, track in self._tracks.items() if track.weight > 0.0)

    def fact(self, place: int, venue: Venue, symbol: Symbol) -> VolatilityFact:
        """One estimate (of `places`), for saving."""
        track = self._tracks[place]
        return VolatilityFact(
            venue=venue,
            symbol=symbol,
            variance=track.squares / track.weight / self._settings.sample_seconds,
            weight=track.weight,
            samples=track.samples,
            price=track.price,
            at=self._sampled.item(place),
        )

    def daily_sigma(self, place: int) -> float | None:
        """The standard deviation of a day's log return; None before enough samples, or if the mark never moved."""
        track = self._tracks.get(place)
        if track is None or track.samples < self._settings.minimum_samples or track.squares <= 0.0:
            return None
        return math.sqrt(track.squares / track.weight * DAY_SECONDS / self._settings.sample_seconds)

    def daily_sigmas(self) -> dict[int, float]:
        """All of them that are known, by place."""
        found = {place: self.daily_sigma(place) for place in self._tracks}
        return {place: sigma for place, sigma in found.items() if sigma is not None}

    def _add(self, track: _Track, price: float, seconds: float) -> None:
        samples = seconds / self._settings.sample_seconds
        aged = self._decay**samples
        track.squares = track.squares * aged + math.log(price / track.price) ** 2 / samples
        track.weight = track.weight * aged + 1.0
        track.samples += 1
        track.price = price

    def _make_room(self, count: int) -> None:
        have = len(self._sampled)
        if count > have:
            more = np.full(max(count, 2 * have) - have, -math.inf)
            self._sampled = np.concatenate([self._sampled, more])


def distance_in_sigmas(line: Line, mark: float | None, sigma: float | None) -> float | None:
    """How many daily sigmas of log return lie between mark and line; 0 and +inf as the line's distance; else None."""
    if sigma is None or line.distance_ratio is None:
        return None
    if line.state is State.LIQUIDATABLE:
        return 0.0
    if line.price is None or not line.price > 0.0:
        return math.inf
    if mark is None or not mark > 0.0:
        return None
    return abs(math.log(line.price / mark)) / sigma
