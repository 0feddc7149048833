"""What alerts on groups and hedges say. How a hedge stands is said by the engine, in words of its own."""

from __future__ import annotations

from math import inf

from monitor.alerts.reading import Words
from monitor.alerts.texts import say
from monitor.alerts.words import because, message, money, percent, price_text
from monitor.domain.group_reports import GroupLine, GroupReport, HedgeReport, HedgeState
from monitor.domain.lines import Line, Ratio, State
from monitor.domain.names import AccountKey, PoolKey


def group_ratio(report: GroupReport, now: float) -> Words:
    """The capital of all accounts together."""
    del now
    return _told(report, _ratio(report.ratio), _sums(report), _worst(report), _moving(report))


def group_unknown(report: GroupReport, now: float) -> Words:
    """A member is not known."""
    del now
    if report.ratio.state is not State.UNKNOWN:
        return _told(report, _ratio(report.ratio), _sums(report))
    return _told(report, _ratio(report.ratio), say("group.unknown.do"))


def group_line(report: GroupReport, line: GroupLine, now: float) -> Words:
    """The nearest line of its kind in the group."""
    del now
    what = line.coin or say("name.coins")
    direction, pool = say(f"direction.{line.direction}"), _pool(line.pool)
    match line.line.state:
        case State.LIQUIDATABLE:
            told = say("group.line.liquidatable", pool=pool)
        case State.NEVER:
            told = say("line.never", what=what, direction=direction)
        case State.AT if line.line.distance_ratio is not None:
            told = say(
                "group.line.at", what=what, distance=percent(line.line.distance_ratio), direction=direction, pool=pool,
                price=_at_price(line.line),
            )  # fmt: skip
        case _:
            told = say("line.unknown", what=what, direction=direction, because=because(line.line.reasons))
    return _told(report, told, _worst(report), _moving(report))


def hedge_broken(report: GroupReport, hedge: HedgeReport, now: float) -> Words:
    """Something is unhedged."""
    del now
    net, told = hedge.net_usd, say("hedge.held")
    if hedge.state is HedgeState.FLAT:
        told = say("hedge.flat")
    elif hedge.state is HedgeState.UNKNOWN:
        told = say("hedge.unknown", because=because(hedge.reasons))
    elif net is not None and hedge.state is HedgeState.BROKEN:
        told = say("hedge.broken", usd=money(abs(net)), side=_side(net))
    elif net is not None and hedge.state is HedgeState.SHRANK:
        told = say("hedge.shrank", share=percent(hedge.hedged_ratio or 0.0), usd=money(abs(net)), side=_side(net))
    return _hedge(report, hedge, told, say("hedge.broken.do"))


def hedge_leg_near(report: GroupReport, hedge: HedgeReport, now: float) -> Words:
    """A leg may be liquidated, which leaves the others naked."""
    del now
    leg = next(iter(hedge.near), None)
    if leg is None or leg.pool is None:
        return _hedge(report, hedge, say("hedge.far"), say("hedge.near.do"))
    told = say("hedge.near", pool=_pool(leg.pool))
    if leg.naked_usd:
        naked = money(abs(leg.naked_usd))
        told = say("hedge.near.naked", pool=_pool(leg.pool), usd=naked, side=_side(leg.naked_usd))
    return _hedge(report, hedge, told, say("hedge.near.do"))


def _hedge(report: GroupReport, hedge: HedgeReport, told: str, do: str) -> Words:
    """How it stands, below, in the engine's words."""
    name = say("name.hedge", hedge=hedge.name, group=report.name)
    text = f"{hedge.text[:1].upper()}{hedge.text[1:]}."
    return message(say("what", name=name, what=told), text, do, _moving(report))


def _side(usd: float) -> str:
    return say("side.long" if usd > 0.0 else "side.short")


def _told(report: GroupReport, what: str, *lines: str) -> Words:
    name = say("name.group", group=report.name)
    told = because(report.reasons)
    surety = "" if told and told in what else say("group.sure", quality=report.quality.value, because=told)
    return message(say("what", name=name, what=what), *lines, surety)


def _ratio(ratio: Ratio) -> str:
    if ratio.state is State.UNKNOWN or ratio.value is None:
        return say("group.ratio.unknown", because=because(ratio.reasons))
    if ratio.value == inf:
        return say("group.ratio.broke")
    return say("group.ratio", ratio=percent(ratio.value))


def _sums(report: GroupReport) -> str:
    """What all of it comes to."""
    if report.equity_usd is None or report.required_usd is None:
        return ""
    equity, required = money(report.equity_usd), money(report.required_usd)
    return say("group.sums", equity=equity, count=len(report.members), required=required)


def _worst(report: GroupReport) -> str:
    """The pool that goes first: capital does not move to it by itself."""
    worst = report.worst
    if worst is None:
        return ""
    ratio = say("group.worst.unknown") if worst.ratio.value is None else percent(worst.ratio.value)
    nearest = say("group.nearest.unknown")
    match worst.nearest.state:
        case State.LIQUIDATABLE:
            nearest = say("line.liquidatable")
        case State.NEVER:
            nearest = say("group.nearest.never")
        case State.AT if worst.nearest.distance_ratio is not None:
            nearest = say("group.nearest", distance=percent(worst.nearest.distance_ratio))
    return say("group.worst", pool=_pool(worst.key), ratio=ratio, nearest=nearest)


def _moving(report: GroupReport) -> str:
    """Where collateral is needed, and from where it could come."""
    need = next(iter(report.needs), None)
    if need is None:
        return ""
    free = say("and").join(
        say("group.free", account=_account(each.account), usd=money(each.usd))
        for each in report.free
        if each.usd and each.account != need.pool.owner
    )
    usd = say("group.need.unknown") if need.add_usd is None else money(need.add_usd)
    return say("group.need", usd=usd, pool=_pool(need.pool), free=free or say("group.free.none"))


def _at_price(line: Line) -> str:
    return "" if line.price is None else say("line.at_price", price=price_text(line.price))


def _pool(pool: PoolKey) -> str:
    return say("name.pool", account=pool.account, pool=pool.pool)


def _account(account: AccountKey) -> str:
    return say("name.account", account=account.account, venue=account.venue)
