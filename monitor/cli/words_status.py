"""What `status` prints: the verdict, what fires with what to do about it, accounts by danger, groups, streams. Pure."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitor.cli import words

Json = Mapping[str, Any]

POLLED = "polled"  #: the phase of a stream that is read over REST instead: all is well, and slower than elsewhere
TOLD_WHOLE = 5  #: alerts of one rule that are told; of further ones how many there are
ALIKE = 3  #: accounts or streams that say the same: so many or more are told together


def lines(document: Json) -> Iterator[str]:
    """The whole answer, the most important first; lines are as long as they are, see `folded`."""
    yield verdict(document)
    yield from alert_lines(document["alerts"])
    yield from account_lines(document)
    for group in document.get("groups", ()):
        yield ""
        yield from words.group_lines({**group, "reasons": _own(group, document["accounts"])})
    told = feed_lines(document["feeds"])
    if told:
        yield ""
        yield from told


def verdict(document: Json) -> str:
    """One line: how bad it is, of how much, and when that was known."""
    accounts = document["accounts"]
    pools = [pool for account in accounts for pool in account["pools"]]
    levels: dict[str, int] = defaultdict(int)
    for alert in document["alerts"]:
        levels[str(alert["severity"])] += 1
    unknown = sum(not account["up"] for account in accounts)
    doubtful = sum(not words.believed(pool) or pool["margin_ratio"]["state"] == "unknown" for pool in pools)
    now = sum(pool["margin_ratio"]["state"] == "liquidatable" for pool in pools)
    said = [
        f"{now} liquidatable NOW" if now else "",
        ", ".join(f"{count} {level}" for level, count in levels.items()) or "no alert",
        f"{counted(unknown, 'account')} not known" if unknown else "",
        f"{counted(doubtful, 'pool')} not known now" if doubtful else "",
    ]
    at = time.strftime("%H:%M:%S", time.localtime(document["at"]))
    held = f"{counted(len(accounts), 'account')}, {counted(len(pools), 'pool')}, at {at}"
    return "  ".join([*filter(None, said), held])


def counted(count: int, name: str) -> str:
    """«1 pool», «2 pools»."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def alert_lines(alerts: Sequence[Json]) -> Iterator[str]:
    """Alerts that fire, each with all that it says: how near, how sure, and what to do.

    Of many of one rule the first are told so, and the rest counted.
    """
    rules: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for alert in alerts:
        rules[alert["severity"], alert["rule"]].append(alert)
    for (severity, rule), group in rules.items():
        for alert in group[:TOLD_WHOLE]:
            head, *rest = (alert["text"] or alert["summary"]).splitlines() or [""]
            yield f"{severity.upper()} {rule}: {head}"
            yield from (f"    {line}" for line in rest)
        if (more := len(group) - TOLD_WHOLE) > 0:
            yield f"{severity.upper()} {rule}: {more:,} more: see marginwatch alerts list"


def account_lines(document: Json) -> Iterator[str]:
    """Accounts, the most dangerous first; those of which nothing is known, for the same reasons, together."""
    known, unread = _parted(document["accounts"])
    for reasons, accounts in unread.items():
        yield ""
        yield f"UNKNOWN: {counted(len(accounts), 'account')}: {'; '.join(reasons)}"
        yield "  " + "  ".join(_name(account) for account in accounts)
    for account in sorted(known, key=words.account_place):
        yield ""
        yield from words.account_lines(account, document["at"])


def _parted(accounts: Iterable[Json]) -> tuple[list[Json], dict[tuple[str, ...], list[Json]]]:
    """Accounts to be told one by one, and by their reasons those of which there is nothing else to tell."""
    alike: dict[tuple[str, ...], list[Json]] = defaultdict(list)
    for account in accounts:
        if not account["pools"] and not words.believed(account):
            alike[tuple(account["reasons"])].append(account)
    many = {reasons: group for reasons, group in alike.items() if len(group) >= ALIKE}
    told = {_name(account) for group in many.values() for account in group}
    return [account for account in accounts if _name(account) not in told], many


def _name(row: Json) -> str:
    return f"{row['venue']}/{row['account']}" if row["account"] else str(row["venue"])


def _own(group: Json, accounts: Iterable[Json]) -> list[str]:
    """What speaks against a group beside what was said of its accounts."""
    said = {f"{_name(account)}: {reason}" for account in accounts for reason in account["reasons"]}
    return [reason for reason in group["reasons"] if reason not in said]


def feed_lines(feeds: Iterable[Json]) -> list[str]:
    """Streams and readings that do not deliver, and accounts that are polled where others are streamed.

    Several of one owner with the same reason stand on one line.
    """
    alike: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for feed in feeds:
        if not feed["up"] or feed["phase"] == POLLED:
            reason = f": {feed['reason']}" if feed["reason"] else ""
            alike[f"{feed['phase']}{reason}", _name(feed)].append((_name(feed), feed["stream"]))
    told = [(how, f"{owner} {', '.join(stream for _, stream in rows)}") for (how, owner), rows in alike.items()]
    if len(told) <= ALIKE * 2:
        return [f"{who}: {how}" for how, who in told]
    return _together(alike)


def _together(alike: Mapping[tuple[str, str], list[tuple[str, str]]]) -> list[str]:
    """Where nearly nothing delivers: a line for each reason, with the owners and how many of each."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for (how, owner), rows in alike.items():
        streams = rows[0][1] if len(rows) == 1 else f"{len(rows)} streams"
        by_reason[how].append(f"{owner} {streams}")
    return [f"{how}: {', '.join(owners)}" for how, owners in by_reason.items()]
