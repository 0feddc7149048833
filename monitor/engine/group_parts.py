"""What one account brings into its group, worked out once a report of it. Pure, and the same in whatever order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, inf

from monitor.domain.danger import Place, by_danger, danger, nearest_line
from monitor.domain.group_reports import AccountExposure, FreeCollateral, GroupLine, Need, WorstPool
from monitor.domain.lines import Line, Ratio, State, nearer
from monitor.domain.names import AccountKey, Asset, PoolKey, PositionKey, Side, Symbol
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, PositionReport

NOT_READ = "not read yet"
ALL_COINS: Asset = ""  #: where a coin is named: the market line


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One open position as its hedge sees it. `base` and `usd` are signed; `unknown` says why it is not to be believed.
    Not `sized`: nobody could know what it moves with, as of an option.

    `ratio` is that of its pool (None: unknown), `line` the nearest of the pool's lines on its coin and of its own.
    """

    account: AccountKey
    symbol: Symbol
    side: Side
    coin: Asset
    base: float | None
    usd: float | None
    pool: PoolKey
    ratio: float | None
    line: Line
    unknown: tuple[str, ...] = ()
    sized: bool = True

    @property
    def key(self) -> tuple[AccountKey, PositionKey]:
        """Account, symbol and side."""
        return self.account, PositionKey(self.symbol, self.side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of the primary pools of an account, in USD; None where one is unknown. `exposed`: something is open or owed."""

    equity: float | None
    maintenance: float | None
    required: float | None
    exposed: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """What one account brings. `reasons` say in words what speaks against it, `dark` that nothing of it may be said.

    `present`: what it holds is known, so that what is missing is gone. `lines` are the nearest of its pools by coin and
    direction, `collateral` the coins that back its pools or are owed (amount, USD). `worst_place` is that of its worst
    pool in the order of danger.
    """

    key: AccountKey
    quality: Quality
    reasons: tuple[str, ...]
    dark: bool
    present: bool
    sums: Sums
    held: tuple[Held, ...] = ()
    exposures: Mapping[Asset, AccountExposure] = field(default_factory=dict)
    doubts: Mapping[Asset, tuple[str, ...]] = field(default_factory=dict)
    collateral: Mapping[Asset, tuple[float | None, float | None]] = field(default_factory=dict)
    lines: tuple[GroupLine, ...] = ()
    worst: WorstPool | None = None
    worst_place: Place = (0, 0.0, 0.0)
    needs: tuple[Need, ...] = ()
    free: FreeCollateral


def name_of(account: AccountKey) -> str:
    """An account in reasons."""
    return f"{account.venue}/{account.account}"


def missing_part(key: AccountKey) -> Part:
    """An account of which there is no report yet."""
    return Part(
        key=key,
        quality=Quality.UNKNOWN,
        reasons=(NOT_READ,),
        dark=True,
        present=False,
        sums=Sums(equity=None, maintenance=None, required=None, exposed=False),
        free=FreeCollateral(account=key, usd=None, reason=NOT_READ),
    )


def part_of(report: AccountReport) -> Part:
    """What the account of a report brings."""
    primary = [pool for pool in report.pools if pool.primary]
    dark = report.quality is Quality.UNKNOWN
    exposures, doubts = _exposures(report.key, primary)
    worst = next(iter(by_danger(primary)), None)
    return Part(
        key=report.key,
        quality=report.quality,
        reasons=report.reasons or ((NOT_READ,) if dark else ()),
        dark=dark,
        present=report.up or any(pool.quality.figures_shown for pool in report.pools),
        sums=_sums(primary),
        held=tuple(_held(report.key, pool, position) for pool in primary for position in pool.positions),
        exposures=exposures,
        doubts=doubts,
        collateral=_collateral(primary),
        lines=nearest_lines(line for pool in primary for line in _lines(pool)),
        worst=None if worst is None else WorstPool(key=worst.key, ratio=worst.ratio, nearest=nearest_line(worst)),
        worst_place=(0, 0.0, 0.0) if worst is None else danger(worst),
        needs=tuple(
            Need(pool=pool.key, nearest=nearest_line(pool), add_usd=pool.advice_add_usd)
            for pool in primary
            if pool.advice_add_usd is not None or nearest_line(pool).state is State.LIQUIDATABLE
        ),
        free=_free(report, dark=dark),
    )


def _free(report: AccountReport, *, dark: bool) -> FreeCollateral:
    if dark:
        return FreeCollateral(account=report.key, usd=None, reason="the account is not known now")
    return FreeCollateral(account=report.key, usd=report.withdrawable_usd, reason=report.withdrawable_reason)


def _sums(primary: Sequence[PoolReport]) -> Sums:
    reasons = []
    for pool in primary:
        missing = [
            words
            for words, figure in (
                ("equity", pool.equity_usd),
                ("maintenance margin", pool.maintenance_margin_usd),
                ("requirement", pool.required_usd),
            )
            if figure is None
        ]
        if missing:
            reasons.append(f"{pool.key.pool}: its {', '.join(missing)} in USD is not known")
    return Sums(
        equity=total(pool.equity_usd for pool in primary),
        maintenance=total(pool.maintenance_margin_usd for pool in primary),
        required=total(pool.required_usd for pool in primary),
        exposed=any(pool.positions or pool.ratio.value for pool in primary),
        reasons=tuple(reasons),
    )


def total(values: Iterable[float | None]) -> float | None:
    """The sum, the same in whatever order; None where one is unknown."""
    known = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return fsum(known)


def summed_ratio(equity: float, required: float, *, exposed: bool) -> Ratio:
    """The requirement of all over the equity of all: 1 where their capital, if it moved by itself, would be used up."""
    if equity > 0.0:
        return Ratio.of(required / equity)
    return Ratio.of(inf if exposed else 0.0)


def magnitudes(values: Iterable[float | None]) -> Iterator[float | None]:
    """Without their signs."""
    return (None if value is None else abs(value) for value in values)


def _exposures(
    account: AccountKey, primary: Sequence[PoolReport]
) -> tuple[Mapping[Asset, AccountExposure], Mapping[Asset, tuple[str, ...]]]:
    """What the account holds of each coin, and why that is not known where it is not."""
    by_coin: dict[Asset, list[PositionReport]] = {}
    for pool in primary:
        for position in pool.positions:
            by_coin.setdefault(position.coin, []).append(position)
    found: dict[Asset, AccountExposure] = {}
    doubts: dict[Asset, tuple[str, ...]] = {}
    for coin, positions in by_coin.items():
        usd, base = [each.exposure_usd for each in positions], [each.exposure_base for each in positions]
        found[coin] = AccountExposure(
            account=account,
            net_usd=total(usd),
            gross_usd=total(magnitudes(usd)),
            net_base=total(base),
            gross_base=total(magnitudes(base)),
        )
        unknown = [
            f"what {each.symbol} {each.side} moves with {coin} is not known"
            for each in positions
            if each.exposure_usd is None or each.exposure_base is None
        ]
        if unknown:
            doubts[coin] = tuple(sorted(unknown))
    return found, doubts


def _collateral(primary: Sequence[PoolReport]) -> Mapping[Asset, tuple[float | None, float | None]]:
    """Coins, not stablecoins, that back pools or are owed: how many, and what they are worth without any haircut."""
    found: dict[Asset, list[tuple[float, float | None]]] = {}
    for pool in primary:
        for part in pool.collateral:
            if not part.stable:
                usd = None if part.price_usd is None else part.amount * part.price_usd
                found.setdefault(part.asset, []).append((part.amount, usd))
    return {
        asset: (total(amount for amount, _ in parts), total(usd for _, usd in parts)) for asset, parts in found.items()
    }


def _lines(pool: PoolReport) -> Iterator[GroupLine]:
    for direction, line in pool.market.items():
        yield GroupLine(pool=pool.key, coin=ALL_COINS, direction=direction, line=line)
    for coin, sides in pool.coins.items():
        for direction, line in sides.items():
            yield GroupLine(pool=pool.key, coin=coin, direction=direction, line=line)


def nearest_lines(lines: Iterable[GroupLine]) -> tuple[GroupLine, ...]:
    """The nearest of each coin and direction that is known; one that is not stands only where no other does."""
    found: dict[tuple[Asset, str], GroupLine] = {}
    for each in lines:
        key = (each.coin, each.direction)
        known = found.get(key)
        if known is None or _place(each) < _place(known):
            found[key] = each
    return tuple(found[key] for key in sorted(found))


def _place(line: GroupLine) -> tuple[bool, float, PoolKey]:
    distance = line.line.distance_ratio
    return (distance is None, inf if distance is None else distance, line.pool)


def _held(account: AccountKey, pool: PoolReport, position: PositionReport) -> Held:
    unknown: tuple[str, ...] = ()
    if not pool.quality.figures_shown:
        unknown = pool.reasons or (f"{pool.key.pool} is {pool.quality}",)
    elif position.exposure_usd is None:
        unknown = (f"what {position.symbol} {position.side} moves with {position.coin} is not known",)
    return Held(
        account=account,
        symbol=position.symbol,
        side=position.side,
        coin=position.coin,
        base=position.exposure_base,
        usd=position.exposure_usd,
        pool=pool.key,
        ratio=pool.ratio.value,
        line=nearer(position.line, *pool.coins.get(position.coin, {}).values()),
        unknown=unknown,
        sized=not pool.quality.figures_shown or position.exposure_usd is not None,
    )
