"""A group's report from what its members bring: sums, the cross-account ratio, exposures, the nearest lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from monitor.domain.group_reports import CoinExposure, GroupLine, GroupReport, HedgeReport, Need, WorstPool
from monitor.domain.lines import Direction, Ratio
from monitor.domain.names import AccountKey, Asset
from monitor.domain.quality import Quality, worst
from monitor.engine.group_parts import ALL_COINS, Part, Sums, name_of, nearest_lines, summed_ratio, total


def group_report(name: str, parts: Mapping[AccountKey, Part], hedges: Sequence[HedgeReport], now: float) -> GroupReport:
    """The report of a group whose members, sorted, bring these parts."""
    members = [parts[key] for key in sorted(parts)]
    dark = any(part.dark for part in members)
    sums = [part.sums for part in members]
    unknown = tuple(
        f"{name_of(part.key)}: {why}" for part in members for why in (part.reasons if part.dark else part.sums.reasons)
    )
    equity = None if dark else total(each.equity for each in sums)
    required = None if dark else total(each.required for each in sums)
    market, coins = _lines(members)
    return GroupReport(
        name=name,
        at=now,
        members=tuple(part.key for part in members),
        quality=_quality(members, equity, required),
        reasons=tuple(dict.fromkeys((*unknown, *_reasons(members)))),
        ratio=_ratio(equity, required, sums, unknown),
        equity_usd=equity,
        maintenance_margin_usd=None if dark else total(each.maintenance for each in sums),
        required_usd=required,
        worst=_worst(members),
        market=market,
        coins=coins,
        exposures=_exposures(members, unknown if dark else ()),
        free=tuple(part.free for part in members),
        needs=tuple(sorted((need for part in members for need in part.needs), key=_urgency)),
        hedges=tuple(hedges),
    )


def _quality(members: Sequence[Part], equity: float | None, required: float | None) -> Quality:
    """That of the worst member; UNKNOWN also where a sum is not known though each member is believed."""
    known = Quality.LIVE if equity is not None and required is not None else Quality.UNKNOWN
    return worst(known, *(part.quality for part in members))


def _reasons(members: Sequence[Part]) -> list[str]:
    return [f"{name_of(part.key)}: {why}" for part in members for why in part.reasons]


def _ratio(equity: float | None, required: float | None, sums: Sequence[Sums], unknown: tuple[str, ...]) -> Ratio:
    if equity is None or required is None:
        return Ratio.unknown(*dict.fromkeys(unknown))
    return summed_ratio(equity, required, exposed=any(each.exposed for each in sums))


def _worst(members: Sequence[Part]) -> WorstPool | None:
    """The pool to look at first, in the order in which all lists show pools."""
    known = [(part.worst_place, part.worst.key, part.worst) for part in members if part.worst is not None]
    return min(known, key=lambda each: each[:2])[2] if known else None


def _urgency(need: Need) -> tuple[float, tuple[str, ...]]:
    distance = need.nearest.distance_ratio
    return (inf if distance is None else distance, need.pool)


def _lines(
    members: Sequence[Part],
) -> tuple[Mapping[Direction, GroupLine], Mapping[Asset, Mapping[Direction, GroupLine]]]:
    """The nearest market lines, and the nearest lines of each coin."""
    market: dict[Direction, GroupLine] = {}
    coins: dict[Asset, dict[Direction, GroupLine]] = {}
    for line in nearest_lines(line for part in members for line in part.lines):
        if line.coin == ALL_COINS:
            market[line.direction] = line
        else:
            coins.setdefault(line.coin, {})[line.direction] = line
    return market, coins


def _exposures(members: Sequence[Part], unknown: tuple[str, ...]) -> tuple[CoinExposure, ...]:
    """What the group holds of each coin. Where a member is not known, no sum is."""
    coins = sorted({coin for part in members for coin in (*part.exposures, *part.collateral)})
    found = []
    for coin in coins:
        accounts = tuple(part.exposures[coin] for part in members if coin in part.exposures)
        held = [part.collateral[coin] for part in members if coin in part.collateral]
        doubts = tuple(
            f"{name_of(part.key)}: {why}" for part in members if not part.dark for why in part.doubts.get(coin, ())
        )
        found.append(
            CoinExposure(
                coin=coin,
                net_usd=None if unknown else total(each.net_usd for each in accounts),
                gross_usd=None if unknown else total(each.gross_usd for each in accounts),
                net_base=None if unknown else total(each.net_base for each in accounts),
                gross_base=None if unknown else total(each.gross_base for each in accounts),
                by_account=accounts,
                held_base=None if unknown else total(amount for amount, _ in held),
                held_usd=None if unknown else total(usd for _, usd in held),
                reasons=(*unknown, *doubts),
            )
        )
    return tuple(found)
