"""A health curve: equity and requirement of one pool along one ray, with the places where each of its stages begins.

Asked for by name (`CurveRequest`), answered in columns that go by `moves`; a figure that is not known is None there and
null in JSON, never zero. Its lines are those of the pool's report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from monitor.domain.errors import MarginwatchError
from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import Asset, PoolKey
from monitor.domain.quality import Quality
from monitor.domain.schema import SCHEMA_VERSION, Json, line_json, number, ratio_json

MARKET = "market"  #: as what is asked for: all but stablecoins move together
LOWEST_MOVE, HIGHEST_MOVE = -1.0, 10.0  #: price zero, and eleven times the price
FEWEST_POINTS, MOST_POINTS = 2, 1001
DEFAULT_BEGIN, DEFAULT_END, DEFAULT_POINTS = -0.6, 0.6, 121
_LONGEST = 120  #: characters of a name that is asked for


class CurveRefused(MarginwatchError):
    """A curve that cannot be drawn: which part of the request is wrong, its value, and the cure."""

    def __init__(self, key: str, value: object, cure: str, *, missing: bool = False) -> None:
        super().__init__(f"{key} = {value!r}: {cure}")
        self.key, self.value, self.cure = key, value, cure
        self.missing = missing  #: no such account, pool or coin, as opposed to a request that makes no sense


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveRequest:
    """Along which ray: `of` is a coin, a stablecoin, or None for the market. `begin` < `end` are moves of its price (a
    ratio, -1: to zero), between which `points` lie evenly spaced.
    """

    pool: PoolKey
    of: Asset | None = None
    begin: float = DEFAULT_BEGIN
    end: float = DEFAULT_END
    points: int = DEFAULT_POINTS

    def moves(self) -> tuple[float, ...]:
        """The places, rising. Today's price is exactly 0 where it is one of them."""
        step = (self.end - self.begin) / (self.points - 1)
        inner = (self.begin + place * step for place in range(1, self.points - 1))
        return (self.begin, *(0.0 if abs(move) < 1e-9 * step else move for move in inner), self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLines:
    """One stage of a pool: its ratio now (1: it has begun), and where along the ray it begins in both directions."""

    name: str
    ratio: Ratio
    lines: Mapping[Direction, Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveReport:
    """The curve. Columns go by `moves`; None is unknown.

    `required_usd` is what the liquidation stage requires over its threshold: where equity is not above it, the pool is
    liquidated. `price_now` and `prices` are those of what moves, None for the market, which has none. `sigma_ratio` is
    its daily standard deviation. `lines` are those that the pool's report shows along this ray. `stable`: what moves is
    a stablecoin. `notes` say in words what was assumed.
    """

    pool: PoolKey
    of: Asset | None
    stable: bool
    at: float
    quality: Quality
    reasons: tuple[str, ...]
    price_now: float | None
    sigma_ratio: float | None
    moves: tuple[float, ...]
    prices: tuple[float | None, ...]
    equity_usd: tuple[float | None, ...]
    required_usd: tuple[float | None, ...]
    stages: tuple[StageLines, ...]
    lines: Mapping[Direction, Line]
    notes: tuple[str, ...] = ()


def asked(query: Mapping[str, str]) -> CurveRequest:
    """A request as an address holds it: `venue`, `account`, `pool`, and maybe `of`, `from`, `to`, `points`.

    Raises CurveRefused for the first part that makes no sense.
    """
    for mistake in _mistakes(query):
        raise mistake
    of = query.get("of", MARKET)
    request = CurveRequest(
        pool=PoolKey(query["venue"], query["account"], query["pool"]),
        of=None if of == MARKET else of,
        begin=float(query.get("from", DEFAULT_BEGIN)),
        end=float(query.get("to", DEFAULT_END)),
        points=int(query.get("points", DEFAULT_POINTS)),
    )
    if not request.begin < request.end:
        raise CurveRefused("from", request.begin, f"must be below «to», which is {request.end:g}")
    return request


_KEYS = ("venue", "account", "pool", "of", "from", "to", "points")


def _mistakes(query: Mapping[str, str]) -> Iterator[CurveRefused]:
    for key, value in query.items():
        if key not in _KEYS:
            yield CurveRefused(key[:_LONGEST], value[:_LONGEST], f"no such key; there are: {', '.join(_KEYS)}")
        if len(value) > _LONGEST:
            yield CurveRefused(key, value[:_LONGEST] + "…", f"at most {_LONGEST} characters")
    for key in ("venue", "account", "pool"):
        if not query.get(key):
            yield CurveRefused(key, "", "must be given, as /api/v1/pools names it")
    if not query.get("of", MARKET):
        yield CurveRefused("of", "", "must be a coin such as BTC, or «market»")
    for key in ("from", "to"):
        if key in query and not _lies_between(query[key], LOWEST_MOVE, HIGHEST_MOVE):
            yield CurveRefused(
                key, query[key], f"must be a move as a ratio from {LOWEST_MOVE:g} (to zero) to {HIGHEST_MOVE:g}"
            )
    points = query.get("points", str(DEFAULT_POINTS))
    if not (points.isascii() and points.isdigit() and FEWEST_POINTS <= int(points) <= MOST_POINTS):
        yield CurveRefused("points", points, f"must be a whole number from {FEWEST_POINTS} to {MOST_POINTS}")


def _lies_between(text: str, lowest: float, highest: float) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return isfinite(value) and lowest <= value <= highest


def curve_json(curve: CurveReport) -> Json:
    """The document of `/api/v1/curve`: see docs/api.md."""
    return {
        "schema": SCHEMA_VERSION,
        "at": number(curve.at),
        "venue": curve.pool.venue,
        "account": curve.pool.account,
        "pool": curve.pool.pool,
        "of": MARKET if curve.of is None else curve.of,
        "kind": MARKET if curve.of is None else "depeg" if curve.stable else "coin",
        "quality": curve.quality.value,
        "reasons": list(curve.reasons),
        "price_now": number(curve.price_now),
        "sigma_ratio": number(curve.sigma_ratio),
        "move": list(curve.moves),
        "price": [number(each) for each in curve.prices],
        "equity_usd": [number(each) for each in curve.equity_usd],
        "requirement_usd": [number(each) for each in curve.required_usd],
        "line": _lines_json(curve.lines),
        "stages": [
            {"name": stage.name, "margin_ratio": ratio_json(stage.ratio)} | _lines_json(stage.lines)
            for stage in curve.stages
        ],
        "notes": list(curve.notes),
    }


def _lines_json(lines: Mapping[Direction, Line]) -> Json:
    return {direction.value: line_json(line) for direction, line in lines.items()}
