"""The groups on the landing page: what each comes to, its worst pool, what it holds, and how its hedges stand. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from monitor.domain.group_reports import CoinExposure, GroupReport, HedgeReport, HedgeState
from monitor.domain.names import PoolKey
from monitor.domain.view import View
from monitor.web.figures import QUALITY_CLASS, line_text, money, ratio_text

GROUPS_SHOWN = 50
COINS_SHOWN, HEDGES_SHOWN = 12, 20  #: of one group, the largest coins first

_STATE_CLASS = {
    HedgeState.HELD: "calm", HedgeState.NEAR: "warn", HedgeState.SHRANK: "warn", HedgeState.BROKEN: "danger",
    HedgeState.FLAT: "quiet", HedgeState.UNKNOWN: "blind",
}  # fmt: skip


def groups(view: View) -> Iterator[str]:
    """All groups, a piece each; nothing where none is configured."""
    if not view.groups:
        return
    yield """<h2>Groups</h2>
<div class="card"><table>
<tr><th>Group</th><th>Together</th><th>Worst pool</th><th>Exposure, USD</th><th>Hedges</th><th>Quality</th></tr>
"""
    for group in view.groups[:GROUPS_SHOWN]:
        yield _group(group)
    more = len(view.groups) - GROUPS_SHOWN
    yield "</table></div>\n" + (f'<p class="soft">and {more} more: see /api/v1/pools</p>\n' if more > 0 else "")


def _group(group: GroupReport) -> str:
    members = ", ".join(f"{key.venue} {key.account}" for key in group.members)
    reasons = f'<span class="soft">{escape("; ".join(group.reasons))}</span>' if group.reasons else ""
    return (
        f'<tr><td>{escape(group.name)}<span class="soft">{escape(members)}</span></td>'
        f"<td>{ratio_text(group.ratio)}{_sums(group)}</td><td>{_worst(group)}{_moving(group)}</td>"
        f"<td>{_exposures(group)}</td><td>{_hedges(group)}</td>"
        f'<td><span class="tag {QUALITY_CLASS[group.quality]}">{group.quality}</span>{reasons}</td></tr>\n'
    )


def _sums(group: GroupReport) -> str:
    lines = [f"equity {money(group.equity_usd)}", f"required {money(group.required_usd)}"]
    if (nearest := group.nearest_market) is not None:
        lines.append(f"market {nearest.direction} {line_text(nearest.line)}: {_pool(nearest.pool)}")
    if (coin := group.nearest_coin) is not None:
        lines.append(f"{coin.coin} {coin.direction} {line_text(coin.line)}: {_pool(coin.pool)}")
    return _soft(lines)


def _worst(group: GroupReport) -> str:
    worst = group.worst
    if worst is None:
        return '<span class="soft">no pool</span>'
    return f"{ratio_text(worst.ratio)}{_soft([_pool(worst.key), f'nearest line {line_text(worst.nearest)}'])}"


def _moving(group: GroupReport) -> str:
    """What may leave each account, and where it is needed."""
    lines = [
        f"{each.account.account}: {money(each.usd)} may leave" + (f" ({each.reason})" if each.usd is None else "")
        for each in group.free
    ]
    lines += [
        f"{_pool(need.pool)} needs " + ("collateral" if need.add_usd is None else money(need.add_usd))
        for need in group.needs
    ]
    return _soft(lines)


def _exposures(group: GroupReport) -> str:
    largest = sorted(group.exposures, key=lambda each: (-(each.gross_usd or 0.0), each.coin))
    lines = [_exposure(each) for each in largest[:COINS_SHOWN]]
    if len(largest) > COINS_SHOWN:
        lines.append(f"and {len(largest) - COINS_SHOWN} more")
    return _soft(lines)


def _exposure(exposure: CoinExposure) -> str:
    held = f", held {money(exposure.held_usd)}" if exposure.held_usd or exposure.held_usd is None else ""
    return f"{exposure.coin} net {money(exposure.net_usd)}, gross {money(exposure.gross_usd)}{held}"


def _hedges(group: GroupReport) -> str:
    shown = "".join(_hedge(hedge) for hedge in group.hedges[:HEDGES_SHOWN])
    more = len(group.hedges) - HEDGES_SHOWN
    return shown + (_soft([f"and {more} more"]) if more > 0 else "")


def _hedge(hedge: HedgeReport) -> str:
    tag = f'<span class="tag {_STATE_CLASS[hedge.state]}">{hedge.state}</span>'
    return f"<div>{tag} {escape(hedge.name)}{_soft([hedge.text])}</div>"


def _pool(pool: PoolKey) -> str:
    return f"{pool.account} {pool.pool}"


def _soft(lines: list[str]) -> str:
    return "".join(f'<span class="soft">{escape(line)}</span>' for line in lines)
