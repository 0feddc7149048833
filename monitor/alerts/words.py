"""How numbers are written, and what all messages share. The sentences are in `monitor.alerts.texts`.

A message is a summary, one line that fits a lock screen (who, what, how near), and a text: the summary, what it would
take in USD, what to do, and how sure that is. Links are added by whoever delivers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import TypeGuard

from monitor.alerts.reading import Words
from monitor.alerts.texts import say
from monitor.domain.names import AccountKey
from monitor.domain.reports import Notice

LOCK_SCREEN = 110  #: characters of a summary that a lock screen shows


def percent(ratio: float) -> str:
    """A ratio in percent, with three digits that mean something; never with an exponent."""
    if not is_number(ratio):
        return say("unit.unbounded")
    number = round(100 * ratio, 4) + 0.0  # no minus before a zero
    return say("unit.percent", number=f"{number:.3g}" if abs(number) < 999.5 else f"{number:,.0f}")


def money(usd: float) -> str:
    """An amount of USD."""
    if not is_number(usd):
        return say("unit.unbounded")
    return say("unit.usd", number=f"{usd:,.0f}" if abs(usd) >= 100 else f"{usd:,.2f}")


def price_text(price: float) -> str:
    """A price with as many digits as tell it apart, never in powers of ten."""
    if abs(price) >= 1000:
        return f"{price:,.1f}"
    return f"{price:.4f}" if abs(price) >= 1 else f"{price:.8f}".rstrip("0").rstrip(".")


def times(ratio: float) -> str:
    """A factor such as a leverage, with two digits that mean something."""
    if not is_number(ratio):
        return say("unit.unbounded")
    return f"{ratio:.2g}" if abs(ratio) < 100 else f"{ratio:,.0f}"


def sigmas_text(sigmas: float) -> str:
    """A number of daily standard deviations."""
    return say("unit.sigmas", number=f"{sigmas:.2g}" if sigmas < 100 else f"{sigmas:,.0f}")


def span(seconds: float) -> str:
    """A length of time in the unit that people would use."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * length:
            return say(f"unit.{unit}", number=f"{seconds / length:.0f}")
    return say("unit.s", number=f"{seconds:.0f}")


def because(reasons: Iterable[str]) -> str:
    """Reasons in words, after what they explain; nothing where there are none."""
    told = say("and").join(filter(None, reasons))
    return say("because", reasons=told) if told else ""


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether a figure is known and finite, so that it can be written."""
    return value is not None and -inf < value < inf


def message(summary: str, *lines: str) -> Words:
    """The summary, as much of it as fits a lock screen, and the text: all of it, and those lines that say something."""
    return Words(shortened(summary), "\n".join(filter(None, (summary, *lines))))


def shortened(summary: str, most: int = LOCK_SCREEN) -> str:
    """A line of `most` characters at most, cut between words where it is longer."""
    if len(summary) <= most:
        return summary
    head, _, _ = summary[:most].rpartition(" ")
    return f"{head or summary[: most - 1]}…"


def account_name(account: AccountKey) -> str:
    """An account and where it is."""
    return say("name.account", account=account.account, venue=account.venue)


def event(notice: Notice) -> Words:
    """Something happened, what it does, and what to do about it: as much of it as fits stands in the summary."""
    first, *rest = notice.text.split(say("and"))
    summary = say("what", name=account_name(notice.account), what=first)
    while rest and len(summary) + len(say("and")) + len(rest[0]) <= LOCK_SCREEN:
        summary += say("and") + rest.pop(0)
    kind = "permissions_changed" if notice.kind == "permissions" else notice.kind
    return message(summary, *rest, say(f"do.{kind if notice.warning is None else notice.warning.kind.value}"))


def lost_sight(account: AccountKey, summary: str) -> Words:
    """A subject that fired and cannot be seen now."""
    told = _after(summary, "lost_sight")
    name = account.account or account.venue or say("lost_sight.it")
    return message(told, say("lost_sight.stands", name=name))


def over(summary: str, why: str) -> Words:
    """The subject is gone, and that is certain."""
    return Words(_after(summary, "over", why=why), f"{summary}\n{say('over.text', why=why)}")


def _after(summary: str, key: str, **parts: str) -> str:
    """What is added behind a summary, which is shortened for it."""
    added = len(say(key, summary="", **parts))
    return say(key, summary=shortened(summary, max(0, LOCK_SCREEN - added)), **parts)
