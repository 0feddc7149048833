"""Daily standard deviations of marks: the unit in which a distance tells how soon a line may be reached."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.domain.events import CandlesLoaded
from monitor.domain.lines import Line, State
from monitor.domain.names import Symbol, Venue
from monitor.engine.settings import VolatilitySettings

DAY_SECONDS = 86_400.0


@dataclass(slots=True)
class _Track:
    """Weighted sum of squared log returns (each scaled to one sample), their weight, and where the next one starts."""

    price: float
    at: float
    squares: float = 0.0
    weight: float = 0.0
    samples: int = 0


class Volatility:
    """One exponentially weighted estimate an instrument, fed by its marks and seeded by its candles.

    A return over a gap of n samples counts once, scaled by 1/n, and ages what came before by n samples: an outage
    neither looks like a shock nor keeps old samples young.
    """

    def __init__(self, settings: VolatilitySettings) -> None:
        self._settings = settings
        self._decay = 0.5 ** (settings.sample_seconds / settings.half_life_seconds)
        self._tracks: dict[tuple[Venue, Symbol], _Track] = {}

    def observe(self, venue: Venue, symbol: Symbol, mark: float, at: float) -> None:
        """Take a believed mark; only one in `sample_seconds` is a sample."""
        track = self._tracks.get((venue, symbol))
        if track is None:
            self._tracks[venue, symbol] = _Track(mark, at)
        elif at - track.at >= self._settings.sample_seconds:
            self._add(track, mark, at - track.at)
            track.price, track.at = mark, at

    def seed(self, candles: CandlesLoaded) -> None:
        """Start from past closes, unless enough samples of our own are there already."""
        track = self._tracks.get((candles.venue, candles.symbol))
        if not candles.closes or (track is not None and track.samples >= self._settings.minimum_samples):
            return
        seeded = _Track(candles.closes[0], candles.at)
        for close in candles.closes[1:]:
            self._add(seeded, close, candles.interval_seconds)
            seeded.price = close
        self._tracks[candles.venue, candles.symbol] = seeded

    def daily_sigma(self, venue: Venue, symbol: Symbol) -> float | None:
        """The standard deviation of a day's log return; None before enough samples, or if the mark never moved."""
        track = self._tracks.get((venue, symbol))
        if track is None or track.samples < self._settings.minimum_samples or track.squares <= 0.0:
            return None
        return math.sqrt(track.squares / track.weight * DAY_SECONDS / self._settings.sample_seconds)

    def _add(self, track: _Track, price: float, seconds: float) -> None:
        samples = seconds / self._settings.sample_seconds
        aged = self._decay**samples
        track.squares = track.squares * aged + math.log(price / track.price) ** 2 / samples
        track.weight = track.weight * aged + 1.0
        track.samples += 1


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
