"""The health curve of one pool of a picture. Pure; it runs beside the loop."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from monitor.domain.curve import MARKET, CurveRefused, CurveReport, CurveRequest, StageLines
from monitor.domain.errors import MarginwatchError
from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import Asset
from monitor.domain.quality import Quality
from monitor.domain.reports import PoolReport
from monitor.engine.picture import Believed, Picture
from monitor.margin.curve import Curve, StageOnRay, curve
from monitor.margin.pool import Pool
from monitor.margin.results import Sides

ALONE = "the pool stands alone: no other one tops it up"
NO_LINE = Line.unknown("the report shows no line along it yet")


def health_curve(picture: Picture, request: CurveRequest) -> CurveReport:
    """The curve that is asked for. Raises CurveRefused where there is no such account, pool or coin in it."""
    believed, report = _found(picture, request)
    pool = next((pool for pool in believed.pools if pool.key == request.pool), None)
    moves = request.moves()
    why = believed.unknown or (report.reasons if report.quality is Quality.UNKNOWN else ())
    if pool is None or why or report.quality is Quality.UNKNOWN:
        return _dark(picture, request, report, why or ("it was not described yet",), pool)
    betas, stable = picture.settings.betas, picture.stablecoins
    try:
        found = curve(pool, picture.prices, request.of, moves, betas=betas, stablecoins=stable)
    except MarginwatchError as error:
        return _dark(picture, request, report, (str(error),), pool)
    if request.of is not None and request.of not in found.movers:
        moving = ", ".join(sorted(found.movers)) or "none"
        raise CurveRefused("of", request.of, f"does not move this pool; these do: {moving}, {MARKET}", missing=True)
    now = None if isnan(found.price_now) else found.price_now
    return CurveReport(
        pool=pool.key,
        of=request.of,
        stable=request.of in stable,
        at=picture.at,
        quality=report.quality,
        reasons=report.reasons,
        price_now=now,
        sigma_ratio=_sigma(report, request.of),
        moves=moves,
        prices=tuple(None if now is None else max(0.0, now * (1.0 + move)) for move in moves),
        equity_usd=tuple(map(_known, found.equity_usd.tolist())),
        required_usd=tuple(map(_known, found.required_usd.tolist())),
        stages=tuple(map(_stage, found.stages)),
        lines=_shown(report, request.of),
        notes=_notes(pool, picture, request.of, found),
    )


def _found(picture: Picture, request: CurveRequest) -> tuple[Believed, PoolReport]:
    key = request.pool
    believed = picture.accounts.get(key.owner)
    if believed is None:
        known = ", ".join("/".join(each) for each in picture.accounts) or "none"
        raise CurveRefused("account", "/".join(key.owner), f"no such account; there are: {known}", missing=True)
    for report in believed.report.pools:
        if report.key == key:
            return believed, report
    known = ", ".join(report.key.pool for report in believed.report.pools) or "none"
    raise CurveRefused("pool", key.pool, f"no such pool in the account; there are: {known}", missing=True)


def _dark(
    picture: Picture, request: CurveRequest, report: PoolReport, why: tuple[str, ...], pool: Pool | None
) -> CurveReport:
    """A pool that is there, and of which nothing may be said."""
    moves = request.moves()
    nothing: tuple[float | None, ...] = (None,) * len(moves)
    dark = Line.unknown(*why)
    sides = {Direction.DOWN: dark, Direction.UP: dark}
    names = [stage.name for stage in pool.stages] if pool is not None else list(report.stages)
    return CurveReport(
        pool=request.pool,
        of=request.of,
        stable=request.of in picture.stablecoins,
        at=picture.at,
        quality=Quality.UNKNOWN,
        reasons=report.reasons or why,
        price_now=None,
        sigma_ratio=None,
        moves=moves,
        prices=nothing,
        equity_usd=nothing,
        required_usd=nothing,
        stages=tuple(StageLines(name=name, ratio=Ratio.unknown(*why), lines=sides) for name in names),
        lines=sides,
    )


def _stage(stage: StageOnRay) -> StageLines:
    return StageLines(name=stage.name, ratio=stage.ratio, lines=_directions(stage.sides))


def _directions(sides: Sides) -> Mapping[Direction, Line]:
    return {Direction.DOWN: sides.down, Direction.UP: sides.up}


def _shown(report: PoolReport, of: Asset | None) -> Mapping[Direction, Line]:
    """The lines of the report along the same ray."""
    if of is None:
        return report.market
    missing = {Direction.DOWN: NO_LINE, Direction.UP: NO_LINE}
    return report.coins.get(of) or report.depegs.get(of) or missing


def _sigma(report: PoolReport, of: Asset | None) -> float | None:
    return report.market_sigma if of is None else report.coin_sigmas.get(of)


def _notes(pool: Pool, picture: Picture, of: Asset | None, found: Curve) -> tuple[str, ...]:
    notes = [ALONE] if pool.backstop is not None else []
    if any(leg.option is not None for leg in pool.legs):
        notes.append("options are valued by a model at the volatility of now")
    for grid in pool.grids:
        low, high = grid.moves[0], grid.moves[-1]
        notes.append(
            f"what {grid.asset} requires is its venue's own figure, given for moves of {low:+.0%} to {high:+.0%}"
        )
    if pool.numeraire in picture.stablecoins and isnan(picture.prices.asset(pool.key.venue, pool.numeraire)):
        notes.append(f"{pool.numeraire} is counted as 1 USD: no index price of it")
    if of is not None and isnan(found.price_now):
        notes.append(f"no price of {of} is known: the curve tells moves only")
    return tuple(notes)


def _known(value: float) -> float | None:
    return None if isnan(value) else value
