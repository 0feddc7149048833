"""The answer to «what if» as text: before → after, in 80 columns. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from monitor.cli import words

WIDE = 80
ARROW = "→"
Json = Mapping[str, Any]


def answer_lines(answer: Json) -> Iterator[str]:
    """All of it: what is done, what becomes of accounts and groups, what is liquidated, what was assumed."""
    for text in answer["done"]:
        yield from _wrapped(text, "")
    worst = answer["worst"]
    yield f"worst ratio  {_change(words.ratio(worst['before']), words.ratio(worst['after']))}  {answer['quality']}"
    yield from liquidation_lines(answer)
    for account in answer["accounts"]:
        yield ""
        yield from _account_lines(account)
    for group in answer["groups"]:
        yield ""
        yield from _group_lines(group)
    for row in answer["funding"]:
        yield from _funding_lines(row)
    if answer["notes"]:
        yield ""
    for note in answer["notes"]:
        yield from _wrapped(note, "* ")


def liquidation_lines(answer: Json) -> Iterator[str]:
    """What is liquidated, in order; else what would be first."""
    rows = answer["liquidations"]
    for place, each in enumerate(rows, 1):
        when = _when(each)
        text = f"LIQUIDATED {place}. {_pool(each)} {when}: takes {words.usd(each['takes_usd'])} USD"
        yield from _wrapped(text + (f" ({', '.join(each['symbols'])})" if each["symbols"] else ""), "")
    first = answer["next"]
    if first is not None:
        line = words.line(first["line"], falling=first["direction"] == "down")
        of = f"{first['of']} at" if first["of"] else "all coins by"
        taken = words.usd(first["takes_usd"])
        yield from _wrapped(f"next to be liquidated: {_pool(first)}, {of} {line}: {taken} USD at stake", "")
    elif not rows:
        yield "nothing is liquidated by any one price"


def _when(each: Json) -> str:
    if each["already"]:
        return "already, before any of this"
    begins = each["begins"]
    if begins is None:
        return "at a place that is not known"
    return "at once" if begins == 0.0 else f"when prices have gone {begins:.0%} of the way"


def _pool(key: Json) -> str:
    return f"{key['venue']}/{key['account']} {key['pool']}"


def _account_lines(account: Json) -> Iterator[str]:
    before, after = account["before"], account["after"]
    name = f"{account['venue']}/{account['account']}"
    yield f"{name}  {_quality(before, after)}  equity {_usd(before, after, 'equity_usd')} USD"
    yield from _reasons(before, after, "  ")
    was = {pool["pool"]: pool for pool in before["pools"]}
    now = {pool["pool"]: pool for pool in after["pools"]}
    for pool in [*now, *(name for name in was if name not in now)]:
        yield from _pool_lines(pool, was.get(pool), now.get(pool))
    for note in account["notes"]:
        yield from _wrapped(note, "  * ")


def _reasons(before: Json, after: Json, indent: str) -> Iterator[str]:
    """What speaks against the figures after it, where that did not speak against those of before."""
    for reason in words.own_reasons(after) if "pools" in after else after["reasons"]:
        known = words.own_reasons(before) if "pools" in before else before["reasons"]
        if reason not in known:
            yield from _wrapped(reason, f"{indent}! ")


def _pool_lines(name: str, before: Json | None, after: Json | None) -> Iterator[str]:
    if after is None:
        yield f"  {name}  gone"
        return
    ratio = words.ratio(after["margin_ratio"])
    if before is None:
        yield f"  {name}  new  ratio {ratio}"
        needed = words.usd(after["maintenance_margin_usd"])
        yield f"    equity {words.usd(after['equity_usd'])}  maintenance {needed} USD"
    else:
        yield f"  {name}  ratio {_change(words.ratio(before['margin_ratio']), ratio)}"
        equity, needed = _usd(before, after, "equity_usd"), _usd(before, after, "maintenance_margin_usd")
        yield f"    equity {equity}  maintenance {needed} USD"
        yield from _reasons(before, after, "    ")
    for kind in ("coins", "depegs"):
        names = dict.fromkeys([*(before[kind] if before else ()), *after[kind]])
        for of in names:
            was = None if before is None else before[kind].get(of)
            yield from _sides(of, was, after[kind].get(of))
    if len(after["coins"]) > 1 or (before is not None and len(before["coins"]) > 1):
        yield from _sides("market", None if before is None else before["market"], after["market"])
    if after["advice"]["text"]:
        yield from _wrapped(after["advice"]["text"], "    ")


def _sides(of: str, before: Json | None, after: Json | None) -> Iterator[str]:
    """A line in both directions; those that are never reached, before and after, are left out."""
    for direction in ("down", "up"):
        was = None if not before else before[direction]
        now = None if not after else after[direction]
        if {"never"} >= {each["state"] for each in (was, now) if each is not None}:
            continue
        falling = direction == "down"
        told = [
            "none" if each is None else words.line(each, falling=falling)
            for each in ((was, now) if before is not None else (now,))
        ]
        yield f"    {of} {direction}  {_change(*told)}"


def _group_lines(group: Json) -> Iterator[str]:
    before, after = group["before"], group["after"]
    ratio = _change(words.ratio(before["margin_ratio"]), words.ratio(after["margin_ratio"]))
    yield f"group {group['name']}  ratio {ratio}  equity {_usd(before, after, 'equity_usd')} USD"
    yield from _reasons(before, after, "  ")
    was = {row["coin"]: row for row in before["exposures"]}
    for row in after["exposures"]:
        old = was.get(row["coin"])
        net = words.usd(row["net_usd"])
        yield f"  {row['coin']} net {_change(words.usd(old['net_usd']), net) if old else net} USD"
    hedges = {hedge["name"]: hedge for hedge in before["hedges"]}
    for hedge in after["hedges"]:
        old = hedges.get(hedge["name"])
        state = hedge["state"].upper()
        yield from _wrapped(
            f"hedge {hedge['name']}: {_change(old['state'].upper(), state) if old else state}  {hedge['text']}", "  "
        )


def _funding_lines(row: Json) -> Iterator[str]:
    verb = "takes" if row["usd"] is None or row["usd"] >= 0.0 else "brings"
    amount = "unknown" if row["usd"] is None else words.usd(abs(row["usd"]))
    yield f"funding {verb} {amount} USD of {_pool(row)}"
    for reason in row["reasons"]:
        yield from _wrapped(reason, "  ! ")


def _quality(before: Json, after: Json) -> str:
    return _change(before["quality"], after["quality"])


def _usd(before: Json, after: Json, key: str) -> str:
    return _change(words.usd(before[key]), words.usd(after[key]))


def _change(*told: str) -> str:
    """«before → after», and once what stays the same."""
    return f" {ARROW} ".join(dict.fromkeys(told))


def _wrapped(text: str, indent: str) -> Iterable[str]:
    return textwrap.wrap(
        text, WIDE, initial_indent=indent, subsequent_indent=" " * max(len(indent), 2), break_long_words=False
    )
