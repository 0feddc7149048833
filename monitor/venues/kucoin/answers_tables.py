"""KuCoin's tables as events: maintenance rates, loans' levels, how coins count as collateral. Pure.

Three kinds of maintenance: a rate that grows with size (classic cross, out of the contract itself), the levels of risk
that a user chooses from (classic isolated), and tiers by notional (unified account).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from monitor.domain.events import CollateralLoaded, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.domain.tables import CollateralTerms, LoanTier
from monitor.domain.tiers import Tier, TierBy, TierTable
from monitor.venues.fields import BadField, Loose, finite, optional_positive, positive, word
from monitor.venues.kucoin.names import asset_of
from monitor.venues.kucoin.reading import result, rows
from monitor.venues.rows import each

ENDLESS = 1e15  #: a band that ends here or beyond has no end: the venue writes 99999999999999999


class _CurveRow(msgspec.Struct, gc=False):
    symbol: str
    m: Loose = None
    mmrLevConstant: Loose = None
    mmrLimit: Loose = None


class _LevelRow(msgspec.Struct, gc=False):
    symbol: str
    level: Loose = None
    minRiskLimit: Loose = None
    maxRiskLimit: Loose = None
    maintainMargin: Loose = None


class _UnifiedRow(msgspec.Struct, gc=False):
    symbol: str
    minSize: Loose = None
    maxSize: Loose = None
    maintainMarginRate: Loose = None


class _Discount(msgspec.Struct, gc=False):
    min: Loose = None
    max: Loose = None
    cdr: Loose = None


class _DiscountRow(msgspec.Struct, gc=False):
    currency: str
    cdrConfigs: list[_Discount] = []


class _CoefficientRow(msgspec.Struct, gc=False):
    currency: str | None = None
    marginCoefficient: Loose = None


class _LoanConfig(msgspec.Struct, gc=False):
    maxLeverage: Loose = None
    warningDebtRatio: Loose = None
    liqDebtRatio: Loose = None


class _PairRow(msgspec.Struct, gc=False):
    symbol: str
    maxLeverage: Loose = None
    flDebtRatio: Loose = None


def tiers(
    contracts_raw: bytes | str,
    risk_limits: Mapping[Symbol, bytes],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> TiersLoaded:
    """contracts/active, and contracts/risk-limit of what is held isolated.

    `tiers` are the growing rates of cross margin, (1 + Q / m) / (2 * mmrLevConstant), Q in base, and mmrLimit from
    where they reach it. What Q counts of inverse contracts is not known: `margin_legs` looks theirs up by coins.
    `isolated` are the levels of risk limit by the value at mark: a user's own level may be a higher one.
    """
    curves = each(rows(contracts_raw, venue, "contracts"), _CurveRow, _curve, "contract's rate", problems)
    return TiersLoaded(
        venue,
        None,
        tuple(one for one in curves if one is not None),
        received,
        isolated=tuple(
            (symbol, table)
            for symbol, raw in sorted(risk_limits.items())
            if (table := _levels(raw, symbol, venue, problems)) is not None
        ),
    )


def _curve(row: _CurveRow) -> tuple[Symbol, TierTable] | None:
    growth, constant = optional_positive(row.m), optional_positive(row.mmrLevConstant)
    if growth is None or constant is None:
        return None
    lowest, limit = 1.0 / (2.0 * constant), optional_positive(row.mmrLimit)
    grows = Tier(0.0, lowest, 0.0, lowest / growth)
    if limit is None:
        return row.symbol, TierTable((grows,), by=TierBy.BASE)
    capped_from = growth * (limit / lowest - 1.0)
    if capped_from <= 0.0:
        return row.symbol, TierTable((Tier(0.0, limit),), by=TierBy.BASE)
    return row.symbol, TierTable((grows, Tier(capped_from, limit)), by=TierBy.BASE)


def _levels(raw: bytes, symbol: Symbol, venue: Venue, problems: list[RowProblem] | None) -> TierTable | None:
    def made(row: _LevelRow) -> tuple[float, float]:
        floor, rate = finite("minRiskLimit", row.minRiskLimit), positive("maintainMargin", row.maintainMargin)
        if floor < 0.0 or rate >= 1.0:
            raise BadField("a level below zero, or a rate of 1 and more")
        return floor, rate

    return _table(each(rows(raw, venue, "risk limits"), _LevelRow, made, f"{symbol} risk level", problems))


def _table(found: Iterable[tuple[float, float]]) -> TierTable | None:
    """Floors and rates as a table without deductions; None where its beginning is missing."""
    steps = sorted(dict(found).items())
    if not steps or steps[0][0] != 0.0:
        return None
    return TierTable(tuple(Tier(floor, rate) for floor, rate in steps))


def unified_tiers(
    raws: Iterable[bytes], account: AccountKey, received: float, problems: list[RowProblem] | None = None
) -> TiersLoaded:
    """position-tiers of the unified account: rates by the notional of positions and orders together, for the whole."""
    found: dict[Symbol, list[tuple[float, float]]] = {}

    def made(row: _UnifiedRow) -> tuple[Symbol, float, float]:
        rate = positive("maintainMarginRate", row.maintainMarginRate)
        return word("symbol", row.symbol), finite("minSize", row.minSize), rate

    for raw in raws:
        for symbol, floor, rate in each(
            rows(raw, account.venue, "position tiers"), _UnifiedRow, made, "tier", problems
        ):
            found.setdefault(symbol, []).append((floor, rate))
    tables = ((symbol, _table(steps)) for symbol, steps in sorted(found.items()))
    whole = tuple((symbol, table) for symbol, table in tables if table is not None)
    return TiersLoaded(account.venue, account, whole, received)


def loans(
    config_raw: bytes | str | None,
    isolated_symbols_raw: bytes | str | None,
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> TiersLoaded:
    """margin/config (under "", for cross margin and pairs without their own) and isolated/symbols: the debt ratios at
    which loans are liquidated and warned of, as assets over debts.
    """
    found: dict[Symbol, tuple[LoanTier, ...]] = {}
    warning: float | None = None
    if config_raw is not None:
        config = result(config_raw, _LoanConfig, venue, "margin config")
        level, warning = _level(config.liqDebtRatio), _level(config.warningDebtRatio)
        if level is not None:
            multiple = optional_positive(config.maxLeverage) or 1.0
            found[""] = (LoanTier(multiple=multiple, liquidation_level=level, margin_call_level=warning),)

    def made(row: _PairRow) -> tuple[Symbol, LoanTier] | None:
        level = _level(row.flDebtRatio)
        if level is None:
            return None
        multiple = optional_positive(row.maxLeverage) or 1.0
        tier = LoanTier(multiple=multiple, liquidation_level=level, margin_call_level=warning)
        return word("symbol", row.symbol), tier

    if isolated_symbols_raw is not None:
        pairs = each(rows(isolated_symbols_raw, venue, "isolated symbols"), _PairRow, made, "pair", problems)
        found |= {one[0]: (one[1],) for one in pairs if one is not None}
    return TiersLoaded(venue, None, (), received, loans=tuple(found.items()))


def _level(debt_ratio: Loose) -> float | None:
    """Assets over debts at a debt ratio; None where it is none between 0 and 1."""
    ratio = optional_positive(debt_ratio)
    return 1.0 / ratio if ratio is not None and ratio < 1.0 else None


def collateral(
    discount_raw: bytes | str | None,
    currencies_raw: bytes | str | None,
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
    account: AccountKey | None = None,
) -> CollateralLoaded:
    """How coins count: collateral-discount-ratio (unified account, by amount of the coin) or margin/currencies (spot
    loans, one coefficient a coin). The two are of different accounts: give the `account` that it is for.
    """
    found: dict[Asset, CollateralTerms] = {}
    if currencies_raw is not None:
        said = each(
            rows(currencies_raw, venue, "margin currencies"), _CoefficientRow, _coefficient, "currency", problems
        )
        found |= dict(one for one in said if one is not None)
    if discount_raw is not None:
        found |= dict(each(rows(discount_raw, venue, "discount ratios"), _DiscountRow, _discount, "discount", problems))
    return CollateralLoaded(venue, account, tuple(found.items()), received)


def _coefficient(row: _CoefficientRow) -> tuple[Asset, CollateralTerms] | None:
    if not row.currency or row.marginCoefficient is None:
        return None
    rate = finite("marginCoefficient", row.marginCoefficient)
    if not 0.0 <= rate <= 1.0:
        raise BadField("marginCoefficient is not between 0 and 1")
    return asset_of(row.currency), CollateralTerms(steps=((0.0, rate),))


def _discount(row: _DiscountRow) -> tuple[Asset, CollateralTerms]:
    bands = sorted(
        (finite("min", one.min), optional_positive(one.max), finite("cdr", one.cdr)) for one in row.cdrConfigs
    )
    if not bands or bands[0][0] != 0.0 or any(not 0.0 <= rate <= 1.0 for _, _, rate in bands):
        raise BadField("its bands do not begin at 0, or a rate is not between 0 and 1")
    last = bands[-1][1]
    steps = tuple((floor, rate) for floor, _, rate in bands)
    # What lies beyond the last band counts nothing, where it has an end.
    beyond = () if last is None or last >= ENDLESS else ((last, 0.0),)
    return asset_of(word("currency", row.currency)), CollateralTerms(steps=(*steps, *beyond))
