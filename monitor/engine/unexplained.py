"""What is left over in the cash book, in USD and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from monitor.domain.names import Asset
from monitor.domain.times import utc_time
from monitor.engine.cash import Gap

SHOWN = 3
MINUS = "\N{MINUS SIGN}"


def unexplained(gaps: Sequence[Gap], price_usd: Callable[[Asset], float]) -> tuple[float | None, str]:
    """The sum of the gaps in USD, negative where it is gone, with what is known of them; None where that is unknown.

    `price_usd` gives an asset's price, NaN if unknown.
    """
    if not gaps:
        return 0.0, ""
    blind = [gap for gap in gaps if gap.blind and not gap.answered and not gap.named]
    if blind:
        why = "its cause is unknown: the account's stream was down, and its history was not read since"
        return None, f"{_listed(blind)}; {why}"
    usd = sum(gap.amount * price_usd(gap.asset) for gap in gaps)
    text = f"{_listed(gaps)}, no fill, funding or fee explains it{_named(gaps)}"
    if math.isnan(usd):
        unpriced = sorted({gap.asset for gap in gaps if math.isnan(price_usd(gap.asset))})
        return None, f"{text}; what it is worth is unknown: no price of {', '.join(unpriced)}"
    return usd, text


def _listed(gaps: Sequence[Gap]) -> str:
    """The largest first comes to the reader's mind, but in the order of time they tell a story."""
    chosen = sorted(sorted(gaps, key=lambda gap: -abs(gap.change))[:SHOWN], key=lambda gap: gap.until)
    words = ", ".join(f"{signed(gap.amount)} {gap.asset} at {_clock(gap.until)}" for gap in chosen)
    more = len(gaps) - len(chosen)
    return f"{words} and {more} more" if more else words


def _named(gaps: Sequence[Gap]) -> str:
    out, into = any(gap.transfers < 0.0 for gap in gaps), any(gap.transfers > 0.0 for gap in gaps)
    text = "; a transfer out of the account was reported" if out else ""
    text += "; a transfer into the account was reported" if into else ""
    return text + ("; the venue reported an adjustment or an exchange" if any(gap.others for gap in gaps) else "")


def signed(amount: float) -> str:
    """An amount with its sign and up to eight digits: «−5,000»."""
    digits = max(0, 7 - math.floor(math.log10(abs(amount)))) if amount else 0
    text = f"{abs(amount):,.{min(digits, 8)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return (MINUS if amount < 0.0 else "+") + text


def _clock(venue_time: float) -> str:
    return utc_time(venue_time)
