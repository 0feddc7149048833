"""How a hedge stands, in words: what holds what, what is gone or smaller, and what is naked then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.domain.group_reports import HedgeLegReport, HedgeReport, HedgeState
from monitor.domain.lines import State
from monitor.engine.group_parts import Held, name_of

MEANWHILE = "while the monitor was not running"
SAME_RATIO = 0.001  #: a leg that is nearer to what it was than this ratio did not change


def near_words(open_now: Sequence[Held], near_ratio: float, near_distance_ratio: float) -> str:
    """Why the pool of a leg is near liquidation; "" where it is not, or nobody knows."""
    for held in open_now:
        if held.unknown:
            continue
        found = []
        if held.ratio is not None and held.ratio >= near_ratio:
            found.append(f"margin ratio {_percent(held.ratio)}")
        if held.line.state is State.LIQUIDATABLE:
            found.append("liquidatable now")
        elif held.line.state is State.AT and (held.line.distance_ratio or 0.0) <= near_distance_ratio:
            found.append(f"a line {_percent(held.line.distance_ratio or 0.0)} away")
        if found:
            return f"{held.pool.pool} at {name_of(held.account)} is near liquidation ({', '.join(found)})"
    return ""


def told(report: HedgeReport, *, meanwhile: bool) -> str:
    """How the hedge stands. `meanwhile`: what it was is from before the start."""
    match report.state:
        case HedgeState.UNKNOWN:
            return f"unknown: {'; '.join(report.reasons)}"
        case HedgeState.FLAT:
            return "no leg is open"
        case HedgeState.BROKEN:
            parts = [*_gone(report, meanwhile=meanwhile), *_changed(report), _naked(report)]
        case HedgeState.SHRANK:
            parts = [f"{_percent(report.hedged_ratio or 0.0)} hedged", *_changed(report), _naked(report)]
        case _:
            parts = [_sides(report)]
    return "; ".join([*parts, *_near(report)])


def _gone(report: HedgeReport, *, meanwhile: bool) -> Iterator[str]:
    for leg in report.legs:
        if leg.pool is None:
            was = f" (was {_size(leg.whole_base, None, report.coin)})" if leg.whole_base else ""
            when = f": it was closed {MEANWHILE}" if meanwhile and leg.whole_base is not None else ""
            yield f"{_name(leg)} is {'gone' if leg.whole_base is not None else 'not open'}{was}{when}"


def _changed(report: HedgeReport) -> Iterator[str]:
    """The legs that are open and another size than when the hedge was whole."""
    for leg in report.legs:
        if leg.pool is None or leg.base is None or leg.whole_base is None:
            continue
        now, then = abs(leg.base), abs(leg.whole_base)
        if abs(now - then) > SAME_RATIO * then:
            yield f"{_name(leg)} went from {then:.6g} to {now:.6g}"


def _naked(report: HedgeReport) -> str:
    side = "long" if (report.net_usd or 0.0) > 0.0 else "short"
    return f"{_size(report.net_base, report.net_usd, report.coin)} {side} unhedged"


def _sides(report: HedgeReport) -> str:
    longs = [leg for leg in report.legs if (leg.usd or 0.0) > 0.0]
    shorts = [leg for leg in report.legs if (leg.usd or 0.0) < 0.0]
    return f"{', '.join(map(_sized, longs))} against {', '.join(map(_sized, shorts))}"


def _near(report: HedgeReport) -> Iterator[str]:
    """What would be left if the pool of a leg were liquidated."""
    for leg in report.near:
        naked = leg.naked_usd or 0.0
        others = ", ".join(_name(each) for each in report.legs if each.pool is not None and each is not leg)
        side = "long" if naked > 0.0 else "short"
        yield f"{leg.near}: {others} would be left naked, {abs(naked):,.0f} USD {side}"


def _sized(leg: HedgeLegReport) -> str:
    usd = "" if leg.usd is None else f" {abs(leg.usd):,.0f} USD"
    return f"{_name(leg)}{usd}"


def _name(leg: HedgeLegReport) -> str:
    side = "" if leg.side is None else f" {leg.side}"
    return f"{leg.symbol}{side} at {name_of(leg.account)}"


def _size(base: float | None, usd: float | None, coin: str) -> str:
    """An amount of a coin, of USD, or both."""
    if base is None or not coin:
        return f"{abs(usd or 0.0):,.0f} USD"
    return f"{abs(base):.6g} {coin}" + ("" if usd is None else f" ({abs(usd):,.0f} USD)")


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.3g} %"
