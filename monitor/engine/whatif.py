"""What if: accounts are edited, prices move, funding is paid; the same pools, described and computed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from monitor.domain.errors import BadRequest, ConfigError
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.domain.quality import worst
from monitor.domain.reports import AccountReport, PoolReport
from monitor.domain.whatif import (
    AccountChange,
    Edit,
    GroupChange,
    Liquidation,
    NextLiquidation,
    Paid,
    Transfer,
    WhatIf,
    WhatIfReport,
)
from monitor.engine.picture import Believed, Picture
from monitor.engine.report import account_ratio
from monitor.engine.whatif_draft import Draft
from monitor.engine.whatif_edits import make
from monitor.engine.whatif_funding import funded
from monitor.engine.whatif_notes import moves_told, notes_of
from monitor.engine.whatif_orders import beyond_equity
from monitor.engine.whatif_prices import moved, moves_of
from monitor.engine.whatif_reports import Stand, groups_of, left_unadvised, reports_of
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.shocks import Shock, shocked


@dataclass(frozen=True, slots=True)
class _Supposed:
    """Pools and prices after the edits, after the moves, and after funding."""

    edited: Mapping[AccountKey, tuple[Pool, ...]]
    there: Mapping[AccountKey, tuple[Pool, ...]]
    prices: Prices
    moves: Mapping[Asset, float]
    paid: tuple[Paid, ...]


def what_if(picture: Picture, request: WhatIf) -> WhatIfReport:
    """Before and after. Raises BadRequest, with the key of each mistake, where an edit fits nothing."""
    draft = Draft(picture)
    _make_all(draft, request.edits)
    _check_pegs(picture, request)
    chosen = _chosen(picture, request, draft)
    supposed = _supposed(picture, request, draft, chosen)
    beyond = beyond_equity(picture, {key: supposed.edited[key] for key in draft.edited})
    before = _before(picture, chosen)
    after = _after(picture, draft, supposed, chosen)
    changes = tuple(
        AccountChange(
            before=before[key],
            after=after[key],
            notes=(*draft.edited[key].notes, *beyond[key]) if key in draft.edited else (),
        )
        for key in chosen
    )
    groups = tuple(GroupChange(before=was, after=now) for was, now in groups_of(picture, before, after))
    liquidations = _liquidations(picture, supposed, before, after)
    reports = list(after.values())
    return WhatIfReport(
        at=picture.at,
        quality=worst(*(report.quality for report in reports)),
        done=(*draft.done, *moves_told(request)),
        accounts=changes,
        groups=groups,
        liquidations=liquidations,
        next=_next(reports, {each.pool for each in liquidations}),
        funding=supposed.paid,
        notes=(
            *notes_of(picture, request, draft.notes, [pool for its in supposed.there.values() for pool in its]),
            *left_unadvised(reports),
        ),
        worst_before=_worst(list(before.values())),
        worst_after=_worst(reports),
    )


def _make_all(draft: Draft, edits: Sequence[Edit]) -> None:
    """Make all edits. Raises BadRequest with all mistakes; what follows upon an edit that is one is not tried."""
    mistakes: list[ConfigError] = []
    spoiled: set[AccountKey] = set()
    for number, edit in enumerate(edits):
        touched = {edit.account, edit.to} if isinstance(edit, Transfer) else {edit.account}
        if touched & spoiled:
            spoiled |= touched
            continue
        try:
            make(draft, edit, f"edits[{number}]")
        except BadRequest as refused:
            mistakes += refused.mistakes
            spoiled |= touched
    if mistakes:
        raise BadRequest(tuple(mistakes))


def _check_pegs(picture: Picture, request: WhatIf) -> None:
    """Raises BadRequest where what is no stablecoin is put to a price."""
    cure = "no stablecoin here (see engine.stablecoins): say by how much it moves"
    wrong = [asset for asset in request.pegs if asset not in picture.stablecoins]
    if wrong:
        raise BadRequest(tuple(ConfigError(f"pegs.{asset}", request.pegs[asset], cure) for asset in wrong))


def _chosen(picture: Picture, request: WhatIf, draft: Draft) -> tuple[AccountKey, ...]:
    """Whose reports are told: those asked for and those that are edited; all that move where prices or time do."""
    for number, key in enumerate(request.accounts):
        draft.believed(key, f"accounts[{number}]")
    edited = {each.account for each in request.edits} | set(draft.edited)
    wanted = set(request.accounts) | edited
    if not request.accounts and (request.moves_prices or request.funding_days or not request.edits):
        wanted = set(picture.accounts)
    return tuple(key for key in picture.accounts if key in wanted)


def _supposed(picture: Picture, request: WhatIf, draft: Draft, chosen: Sequence[AccountKey]) -> _Supposed:
    edited: dict[AccountKey, tuple[Pool, ...]] = {}
    for key in chosen:
        if key in draft.edited:
            edited[key] = draft.edited[key].pools()
        elif picture.accounts[key].account is not None:
            edited[key] = picture.accounts[key].pools
    pools = [pool for its in edited.values() for pool in its]
    moves = moves_of(picture, request, pools) if request.moves_prices else {}
    prices, repriced = (
        moved(picture.prices, pools, moves, request.pegs, picture.stablecoins) if moves else (picture.prices, {})
    )
    there = {key: tuple(repriced.get(pool.key, pool) for pool in its) for key, its in edited.items()}
    paid: tuple[Paid, ...] = ()
    if request.funding_days:
        there, paid = funded(picture, there, prices, request.funding_days)
    return _Supposed(edited, there, prices, moves, paid)


def _before(picture: Picture, chosen: Sequence[AccountKey]) -> dict[AccountKey, AccountReport]:
    stands = []
    for key in chosen:
        found = picture.accounts[key]
        if found.account is not None:
            stand = Stand(
                believed=found,
                account=found.account,
                tables=found.tables,
                pools=found.pools,
                dark={},
                supposed=False,
            )
            stands.append(stand)
    computed = reports_of(picture, stands, picture.prices)
    return {key: computed.get(key, picture.accounts[key].report) for key in chosen}


def _after(
    picture: Picture, draft: Draft, supposed: _Supposed, chosen: Sequence[AccountKey]
) -> dict[AccountKey, AccountReport]:
    stands = []
    partly = {each.pool: each.reasons for each in supposed.paid}
    for key, pools in supposed.there.items():
        found: Believed = picture.accounts[key]
        edited = draft.edited.get(key)
        account = found.account if edited is None else edited.account
        assert account is not None  # those of which nothing can be supposed have no pools here
        stand = Stand(
            believed=found,
            account=account,
            tables=found.tables,
            pools=pools,
            dark={} if edited is None else edited.dark,
            partly=partly,
        )
        stands.append(stand)
    computed = reports_of(picture, stands, supposed.prices)
    return {key: computed.get(key, picture.accounts[key].report) for key in chosen}


def _liquidations(
    picture: Picture,
    supposed: _Supposed,
    before: Mapping[AccountKey, AccountReport],
    after: Mapping[AccountKey, AccountReport],
) -> tuple[Liquidation, ...]:
    """The pools that are liquidated, in the order in which they are."""
    already = {pool.key for pool in _pools(before.values()) if pool.ratio.state is State.LIQUIDATABLE}
    begins: dict[PoolKey, tuple[float, float | None]] = {}
    pools = [pool for its in supposed.edited.values() for pool in its]
    if supposed.moves and pools:
        _, (found,) = shocked(
            pools, picture.prices, [Shock(supposed.moves)], stablecoins=frozenset(picture.stablecoins)
        )
        begins = {key: (each.begins, each.left_usd) for key, each in found.items() if each.begins is not None}
    told: list[tuple[float, float, Liquidation]] = []
    for pool in _pools(after.values()):
        over = pool.ratio.state is State.LIQUIDATABLE
        if pool.key not in begins and not over:
            continue
        at, takes = begins.get(pool.key, (1.0 if supposed.moves or supposed.paid else 0.0, pool.funds_at_risk_usd))
        liquidation = Liquidation(
            pool=pool.key,
            begins=at,
            takes_usd=takes,
            symbols=tuple(dict.fromkeys(position.symbol for position in pool.positions)),
            already=pool.key in already,
        )
        told.append((at, -(pool.ratio.value or 0.0), liquidation))
    return tuple(each for _, _, each in sorted(told, key=lambda row: (row[0], row[1], row[2].pool)))


def _pools(reports: Iterable[AccountReport]) -> list[PoolReport]:
    return [pool for report in reports for pool in report.pools]


def _next(reports: Sequence[AccountReport], gone: set[PoolKey]) -> NextLiquidation | None:
    """The nearest line of all pools that are not liquidated by then."""
    best: tuple[float, PoolReport, Asset, Direction, Line] | None = None
    for pool in _pools(reports):
        if pool.key in gone:
            continue
        for of, sides in (*pool.coins.items(), *pool.depegs.items(), ("", pool.market)):
            for direction, line in sides.items():
                distance = inf if line.distance_ratio is None else line.distance_ratio
                if line.state is State.AT and (best is None or distance < best[0]):
                    best = distance, pool, of, direction, line
    if best is None:
        return None
    _, pool, of, direction, line = best
    return NextLiquidation(
        pool=pool.key,
        line=line,
        of=of,
        direction=direction,
        takes_usd=pool.funds_at_risk_usd,
        symbols=tuple(dict.fromkeys(position.symbol for position in pool.positions)),
    )


def _worst(reports: Sequence[AccountReport]) -> Ratio:
    return account_ratio(_pools(reports))
