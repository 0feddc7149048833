"""The JSON document of reports as text for people: used by `status`, `assess` and the demo. Pure.

A word is never a number in disguise: «unknown», «never» and «NOW» (liquidatable) stand where there is no price.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.domain import danger
from monitor.domain.quality import Quality

MARGIN_RATIO = "margin ratio"  #: a name that says nothing new
Json = Mapping[str, Any]
FAR_RATIO = 10.0  #: from eleven times the price on
BEYOND_RATIO = 1000.0  #: from here on nobody needs to know how far


def by_danger(document: Json) -> list[tuple[Json, Json]]:
    """(account, pool) of the whole document, the most dangerous pool first, in the order of `domain.danger`."""
    pairs = [(account, pool) for account in document["accounts"] for pool in account["pools"]]
    return sorted(pairs, key=lambda pair: (place(pair[1]), pair[0]["venue"], pair[0]["account"], pair[1]["pool"]))


def place(report: Json) -> danger.Place:
    """Of a pool, or of an account without one, in the order of `domain.danger`."""
    ratio = report["margin_ratio"]
    return danger.place(ratio["state"], ratio.get("value"), Quality(report["quality"]), _lines(report))


def _lines(report: Json) -> Iterator[tuple[str, float | None]]:
    """State and distance of all lines; an account has none of its own."""
    for table in (report.get("coins", {}), report.get("depegs", {})):
        for sides in table.values():
            yield from ((each["state"], each.get("distance_ratio")) for each in sides.values())
    yield from ((each["state"], each.get("distance_ratio")) for each in report.get("market", {}).values())
    for position in report.get("positions", ()):
        yield position["liquidation"]["state"], position["liquidation"].get("distance_ratio")


def account_place(account: Json) -> tuple[danger.Place, str, str]:
    """Sorts accounts by their most dangerous pool; one without a pool by its own ratio and quality."""
    return (min(map(place, account["pools"] or [account])), account["venue"], account["account"])


def believed(report: Json) -> bool:
    """Whether the figures are fresh enough to be read as true now."""
    return Quality(report["quality"]).figures_shown


def ratio(value: Json) -> str:
    """A margin ratio, 1 being liquidation."""
    match value["state"]:
        case "at":
            return f"{value['value']:.4f}"
        case "liquidatable":
            return f"{value['value']:.4f} NOW" if "value" in value else "no equity, NOW"
    return str(value["state"])


def line(value: Json, *, falling: bool | None = None) -> str:
    """A line: its price and how far it is; the sign says on which side it lies, where that is known."""
    if value["state"] == "at":
        if value["distance_ratio"] >= BEYOND_RATIO:
            return f"> {BEYOND_RATIO:.0f} × the price"
        far = _far(value["distance_ratio"], falling)
        # A line on which many prices move, or one whose price is not known, has a distance only.
        return far if value.get("price") is None else f"{price(value['price'])} ({far})"
    return {"liquidatable": "NOW"}.get(value["state"], str(value["state"]))


def _far(distance: float, falling: bool | None) -> str:
    """A distance: in per cent, and as a multiple of the price where per cents say nothing any more."""
    if distance >= FAR_RATIO:
        return f"{distance + 1:,.0f} times"
    sign = "" if falling is None else "-" if falling else "+"
    return f"{sign}{distance * 100:.1f} %"


def price(value: float | None) -> str:
    """A price with six digits that matter; «unknown» without one."""
    if value is None:
        return "unknown"
    return f"{value:.0f}" if 1e6 <= abs(value) < 1e9 else f"{value:.6g}"


def usd(value: float | None) -> str:
    """An amount in USD."""
    return "unknown" if value is None else f"{value:,.2f}"


def signed_percent(value: float) -> str:
    """A signed ratio as a percentage."""
    return f"{value * 100:+.3f} %"


def age(at: float | None, now: float) -> str:
    """How old something is."""
    if at is None:
        return "never read"
    seconds = max(0.0, now - at)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def account_lines(account: Json, now: float) -> Iterator[str]:
    """An account with its pools, the most dangerous first; figures without a number are named unknown."""
    mode = account["mode"]
    hedge = {True: "hedge", False: "one-way", None: "position mode unknown"}[mode["hedge"]]
    hedge = "hedge or one-way by symbol" if mode.get("hedge_by_symbol") else hedge
    kind = f" ({mode['kind']})" if mode.get("kind") else ""
    collateral = mode["collateral"] or "collateral mode unknown"
    yield f"{account['venue']}/{account['account']}  {account['quality']}  {collateral}{kind}, {hedge}"
    yield f"  ratio {ratio(account['margin_ratio'])}  equity {usd(account['equity_usd'])} USD"
    own = own_reasons(account)
    yield from (f"  ! {reason}" for reason in own)
    for _, pool in by_danger({"accounts": [account]}):
        yield from pool_lines(pool, now, told=own)
    if not account["pools"]:
        yield "  no pools"


def own_reasons(account: Json) -> list[str]:
    """What speaks against the account as a whole; what is only a pool's stands with the pool."""
    names = tuple(f"{pool['pool']}: " for pool in account["pools"])
    return [reason for reason in account["reasons"] if not reason.startswith(names)]


def pool_lines(pool: Json, now: float, told: Sequence[str] = ()) -> Iterator[str]:
    """One pool: figures, lines, positions, and how they compare with the venue's own; without the reasons in `told`."""
    shown = "" if believed(pool) else f"  (last known, {age(pool['as_of'], now)} old)"
    yield (
        f"  {pool['pool']}  {pool['quality']}  ratio {ratio(pool['margin_ratio'])}"
        + _beside(pool)
        + f"  equity {usd(pool['equity_usd'])}  maintenance {usd(pool['maintenance_margin_usd'])} USD{shown}"
    )
    yield from (f"    ! {reason}" for reason in pool["reasons"] if reason not in told)
    for coin, sides in pool["coins"].items():
        yield f"    {coin} alone: {_sides(sides)}"
    if pool["market"] and len(pool["coins"]) > 1:
        yield f"    market: {_sides(pool['market'])}"
    for asset, sides in pool["depegs"].items():
        yield f"    {asset} alone: {_sides(sides)}"
    for position in pool["positions"]:
        yield f"    {position_line(position, pool['backstop'])}"
    if pool["drift"]:
        drifts = (f"{figure} {signed_percent(value)}" for figure, value in pool["drift"].items() if value is not None)
        yield f"    ours against the venue's: {', '.join(drifts)}"
    if pool["advice"]["text"]:
        yield f"    {pool['advice']['text']}"


def _beside(pool: Json) -> str:
    """The venue's own ratio, by its own name: some are of another scale, such as debts over assets. Some venues print
    equity over requirement, so that 50 is calm: said where ours tells.
    """
    ours, venue = pool["margin_ratio"].get("value"), pool["venue_ratio"].get("value")
    if venue is None:
        return ""
    said = pool["venue_ratio"].get("name") or MARGIN_RATIO
    name = "" if said == MARGIN_RATIO else f"{said} "
    if ours is None:
        return f" (the venue's own {name or 'figure '}{venue:.4f})"
    turned = venue > 0.0 and abs(1.0 / venue - ours) < abs(venue - ours)
    return f" (venue {name}{venue:.4f}{', where more is safer' if turned else ''})"


def position_line(position: Json, backstop: str | None = None) -> str:
    """One position with its line, the venue's, and the drift between them; `backstop` is the pool that tops it up."""
    liquidation = position["liquidation"]
    text = (
        f"{position['symbol']} {position['side']} {_plain(position['quantity'])} @ {price(position['entry_price'])}"
        f"  mark {price(position['mark_price'])}"
        f"  liquidation {line(liquidation, falling=falling(position, liquidation))}"
    )
    behind = backed(position)
    if behind is not None:
        text += f", with {backstop or 'a backstop'} behind it {behind}"
    venue = position["venue_liquidation"]
    if venue["state"] in ("at", "never"):
        text += f"  venue {price(venue['price']) if venue['state'] == 'at' else 'never'}"
    if position["drift_ratio"] is not None:
        text += f"  drift {signed_percent(position['drift_ratio'])}"
    return text + ("  SUSPECT: missing from the last reading" if position["suspect"] else "")


def falling(position: Json, where: Json) -> bool | None:
    """Whether a line of a position lies below its mark: in a pool that is long as a whole also that of a short does.

    The position's side only decides where the line has no price to compare; None: not known.
    """
    at, mark = where.get("price"), position["mark_price"]
    if at is not None and mark is not None:
        return bool(at < mark)
    return None if at is not None else position["side"] == "long"


def backed(position: Json) -> str | None:
    """The line of a position whose pool is topped up by itself, with all that may be added; None where it is not."""
    where = position.get("liquidation_with_backstop")
    return None if where is None else line(where, falling=falling(position, where))


def _sides(sides: Json) -> str:
    return "  ".join(f"{direction} {line(value, falling=direction == 'down')}" for direction, value in sides.items())


def _plain(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.10g}"


def group_lines(group: Json) -> Iterator[str]:
    """A group: what it comes to with its worst pool beside it, what it holds, what may be moved, and its hedges."""
    members = ", ".join(f"{each['venue']}/{each['account']}" for each in group["members"])
    yield (
        f"group {group['name']}  {group['quality']}  ratio {ratio(group['margin_ratio'])}"
        f"  equity {usd(group['equity_usd'])}  required {usd(group['required_usd'])} USD  ({members})"
    )
    yield from (f"  ! {reason}" for reason in group["reasons"])
    if worst := group["worst"]:
        yield f"  worst pool: {_pool(worst)}  ratio {ratio(worst['margin_ratio'])}  nearest {line(worst['nearest'])}"
    for exposure in group["exposures"]:
        yield f"  {_exposure(exposure)}"
    for name, sides in (("market", group["market"]), *group["coins"].items()):
        near = [
            f"{direction} {line(each['line'], falling=direction == 'down')} ({_pool(each)})"
            for direction, each in sides.items()
            if each["line"]["state"] != "never"
        ]
        if near:
            yield f"  {name}: {'  '.join(near)}"
    for free in group["free"]:
        why = f" ({free['reason']})" if free["reason"] else ""
        yield f"  may leave {free['venue']}/{free['account']}: {usd(free['usd'])} USD{why}"
    for need in group["needs"]:
        yield f"  needed: {usd(need['add_usd'])} USD in {_pool(need)}"
    for hedge in group["hedges"]:
        yield f"  hedge {hedge['name']}: {hedge['state'].upper()}  {hedge['text']}"


def _pool(key: Json) -> str:
    return f"{key['venue']}/{key['account']} {key['pool']}"


def _exposure(exposure: Json) -> str:
    """What a group holds of one coin."""
    net, gross = exposure["net_base"], exposure["gross_base"]
    coins = "" if net is None or gross is None else f" ({_plain(net)} of {_plain(gross)} {exposure['coin']})"
    held = exposure["held_usd"]
    beside = "" if held == 0.0 else f"  held {usd(held)}"
    return f"{exposure['coin']}: net {usd(exposure['net_usd'])}  gross {usd(exposure['gross_usd'])} USD{coins}{beside}"
