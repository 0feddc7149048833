"""Stress of a picture: what each scenario does to its pools, accounts and groups. Pure; it runs beside the loop.

What a report does not believe is not believed here either: a pool that is UNKNOWN is unknown in every scenario.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan

from monitor.domain.danger import by_danger
from monitor.domain.errors import BadPool, BadRequest, ConfigError
from monitor.domain.lines import Ratio, State
from monitor.domain.names import USD, AccountKey, Asset, PoolKey
from monitor.domain.quality import Quality, worst
from monitor.domain.reports import PoolReport
from monitor.domain.stress import (
    Family,
    PoolNow,
    PoolStress,
    Scenario,
    ScenarioStress,
    StressReport,
    StressRequest,
)
from monitor.domain.stress_scenarios import WRAPPED, Stakes, move_of, percent, scenarios
from monitor.engine.group_parts import total
from monitor.engine.picture import Believed, Picture
from monitor.engine.stressed_sums import NOT_REPORTED, Subject, Sums
from monitor.engine.valuation import touching
from monitor.margin.checks import check
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.shocks import Shock, Shocked, shocked

NO_ORDER_BOOK = (
    "order books are not used: a liquidation is told, and not what it does to prices, nor what is paid above what the "
    "pool has left"
)
ALONE = "each pool stands alone: what one of them loses takes nothing from another, and no other one tops it up"


ROUNDING = 1e-9  #: of a move


def stress(picture: Picture, request: StressRequest) -> StressReport:
    """All scenarios of a request. Raises BadRequest where it names an account or a scenario that is not there."""
    _named(request)
    believed = _chosen(picture, request.accounts)
    subjects = [subject for each in believed.values() for subject in _subjects(each)]
    order = {key: place for place, key in enumerate(_by_danger(believed.values()))}
    subjects.sort(key=lambda subject: order.get(subject.now.key, len(order)))
    pools = [subject.pool for subject in subjects if subject.pool is not None]
    wanted, notes = scenarios(request, _stakes(picture, pools, believed.values()))
    assets = sorted({asset for pool in pools for asset in touching(pool)} - {USD})
    moves = [
        {asset: move for asset in assets if (move := move_of(scenario, asset, picture.stablecoins))}
        for scenario in wanted
    ]
    shocks = [Shock(move, scenario.gap) for scenario, move in zip(wanted, moves, strict=True)]
    _, found = shocked(pools, picture.prices, shocks, stablecoins=picture.stablecoins)
    sums = Sums(believed, picture.settings.groups, subjects)
    before = [_unmoved(subject) for subject in subjects]
    return StressReport(
        at=picture.at,
        quality=worst(*(each.report.quality for each in believed.values())),
        pools=tuple(subject.now for subject in subjects),
        accounts=sums.accounts(before),
        groups=sums.groups(before),
        members={account: group for account, group in picture.settings.groups.items() if account in believed},
        scenarios=tuple(
            _scenario(scenario, move, subjects, result, sums, picture.prices)
            for scenario, move, result in zip(wanted, moves, found, strict=True)
        ),
        notes=(NO_ORDER_BOOK, ALONE, *notes, *_assumed(pools, picture)),
    )


def _named(request: StressRequest) -> None:
    known = [scenario.name for scenario in (*request.named, *request.crashes)]
    missing = [name for name in request.names if name not in known]
    if missing:
        cure = f"no such scenario; there are: {', '.join(known) or 'none'}"
        raise BadRequest(tuple(ConfigError("names", name, cure) for name in missing))


def _chosen(picture: Picture, accounts: Sequence[AccountKey]) -> Mapping[AccountKey, Believed]:
    missing = [account for account in accounts if account not in picture.accounts]
    if missing:
        known = ", ".join("/".join(key) for key in picture.accounts) or "none"
        raise BadRequest(
            tuple(ConfigError("accounts", "/".join(key), f"no such account; there are: {known}") for key in missing)
        )
    return {key: each for key, each in picture.accounts.items() if not accounts or key in accounts}


def _by_danger(believed: Iterable[Believed]) -> list[PoolKey]:
    return [pool.key for pool in by_danger(pool for each in believed for pool in each.report.pools)]


def _subjects(believed: Believed) -> Iterator[Subject]:
    """The pools of an account: those described, and those that are only reported to be unknown."""
    reports = {pool.key: pool for pool in believed.report.pools}
    described = {pool.key: pool for pool in believed.pools}
    for key in dict.fromkeys((*reports, *described)):
        pool, report = described.get(key), reports.get(key)
        why = _doubts(believed, pool, report)
        primary = report.primary if report is not None else pool is None or pool.primary
        now = PoolNow(
            key=key,
            quality=Quality.UNKNOWN if why or report is None else report.quality,
            reasons=why or (() if report is None else report.reasons),
            ratio=Ratio.unknown(*why) if why or report is None else report.ratio,
            equity_usd=None if why or report is None else report.equity_usd,
            required_usd=None if why or report is None else report.required_usd,
            primary=primary,
        )
        holds = pool is not None and any(not leg.order for leg in pool.legs)
        yield Subject(now, None if why else pool, holds)


def _doubts(believed: Believed, pool: Pool | None, report: PoolReport | None) -> tuple[str, ...]:
    """Why nothing can be supposed of a pool; () where something can."""
    if believed.unknown:
        return believed.unknown
    if report is None or pool is None:
        return (NOT_REPORTED,)
    if report.quality is Quality.UNKNOWN:
        return report.reasons or (NOT_REPORTED,)
    try:
        check(pool)
    except BadPool as error:
        return (str(error),)
    return ()


def _stakes(picture: Picture, pools: Sequence[Pool], believed: Iterable[Believed]) -> Stakes:
    """What is held, and how much each coin moves in a day: the largest estimate of those that venues' marks give."""
    sizes: dict[Asset, float] = {}
    for pool in pools:
        for asset in touching(pool):
            sizes.setdefault(asset, 0.0)
    sigmas: dict[Asset, float] = {}
    for each in believed:
        for report in each.report.pools:
            for position in report.positions:
                if position.coin in sizes:
                    sizes[position.coin] += position.notional_usd or 0.0
            for coin, sigma in report.coin_sigmas.items():
                sigmas[coin] = max(sigma, sigmas.get(coin, 0.0))
    stable = picture.stablecoins
    by_size = sorted(sizes, key=lambda asset: (-sizes[asset], asset))
    return Stakes(
        coins=tuple(asset for asset in by_size if asset not in stable and asset != USD),
        stablecoins=tuple(sorted(asset for asset in sizes if asset in stable)),
        sigmas=sigmas,
    )


def _unmoved(subject: Subject) -> PoolStress:
    now = subject.now
    begins = 0.0 if now.ratio.state is State.LIQUIDATABLE else None
    return PoolStress(
        key=now.key,
        ratio=now.ratio,
        equity_usd=now.equity_usd,
        required_usd=now.required_usd,
        begins=begins,
        loss_usd=None if now.equity_usd is None else 0.0,
    )


def _scenario(
    scenario: Scenario,
    moves: Mapping[Asset, float],
    subjects: Sequence[Subject],
    found: Mapping[PoolKey, Shocked],
    sums: Sums,
    prices: Prices,
) -> ScenarioStress:
    rows = [_pool(subject, found.get(subject.now.key), moves, prices) for subject in subjects]
    gone = [(row, subject) for row, subject in zip(rows, subjects, strict=True) if row.begins is not None]
    gone.sort(key=lambda each: (each[0].begins, each[0].key))
    primary = [row for row, subject in zip(rows, subjects, strict=True) if subject.now.primary]
    return ScenarioStress(
        scenario=scenario,
        moves=moves,
        pools=tuple(rows),
        accounts=sums.accounts(rows),
        groups=sums.groups(rows),
        order=tuple(row.key for row, _ in gone),
        takes_usd=total(row.takes_usd for row, subject in gone if subject.now.primary),
        loss_usd=total(row.loss_usd for row in primary),
        notes=(*_guessed(scenario, moves), *_idle(scenario, moves)),
    )


def _pool(subject: Subject, found: Shocked | None, moves: Mapping[Asset, float], prices: Prices) -> PoolStress:
    now = subject.now
    if found is None or subject.pool is None:
        return PoolStress(key=now.key, ratio=now.ratio)
    loss = None
    if now.equity_usd is not None:
        if found.begins is not None:
            loss = max(now.equity_usd, 0.0)
        elif found.equity_usd is not None and found.ratio.value is not None:
            loss = now.equity_usd - found.equity_usd
    return PoolStress(
        key=now.key,
        ratio=found.ratio,
        equity_usd=found.equity_usd,
        required_usd=found.required_usd,
        begins=found.begins,
        takes_usd=found.left_usd,
        loss_usd=loss,
        reasons=tuple(_beyond(subject.pool, moves, prices)),
    )


def _beyond(pool: Pool, moves: Mapping[Asset, float], prices: Prices) -> Iterator[str]:
    """Where a scenario goes farther than the figures that its venue gave."""
    for grid in pool.grids:
        price = prices.asset(pool.key.venue, grid.asset)
        there = price * (1.0 + moves.get(grid.asset, 0.0)) / grid.reference_price - 1.0
        if there < grid.moves[0] - ROUNDING or there > grid.moves[-1] + ROUNDING:
            known = f"{percent(grid.moves[0])} to {percent(grid.moves[-1])}"
            yield f"{grid.asset} goes farther than the venue's own figure ({known}): what is required is guessed"


def _guessed(scenario: Scenario, moves: Mapping[Asset, float]) -> tuple[str, ...]:
    """Which coins a crash has no figure for."""
    if not scenario.source:
        return ()
    others = [asset for asset, move in moves.items() if asset not in scenario.moves and move == scenario.others]
    if not others:
        return ()
    return (f"without a figure of their own, and moved by {percent(scenario.others)}: {', '.join(others)}",)


def _idle(scenario: Scenario, moves: Mapping[Asset, float]) -> Iterator[str]:
    """Which coins a scenario that somebody wrote down names, and nothing depends on: a name may be mistyped."""
    if scenario.family not in (Family.OWN, Family.NAMED):
        return
    moved = {each for asset in moves for each in (asset, WRAPPED.get(asset, asset))}
    idle = [asset for asset, move in scenario.moves.items() if move and asset not in moved]
    if idle:
        yield f"nothing that is looked at depends on {', '.join(idle)}"


def _assumed(pools: Sequence[Pool], picture: Picture) -> Iterator[str]:
    """What is true of all scenarios, in words."""
    if any(leg.option is not None for pool in pools for leg in pool.legs):
        yield "options are valued by a model at the volatility of now, which a crash would raise"
    for pool in pools:
        for grid in pool.grids:
            low, high = percent(grid.moves[0]), percent(grid.moves[-1])
            own = f"what {grid.asset} requires is its venue's own figure, given for {low} to {high}, and guessed beyond"
            yield f"{'/'.join(pool.key)}: {own}"
    held = {(pool.key.venue, pool.numeraire) for pool in pools if pool.numeraire in picture.stablecoins}
    for venue, asset in sorted(held):
        if isnan(picture.prices.asset(venue, asset)):
            yield f"{asset} at {venue} is counted as 1 USD before it moves: no index price of it"
