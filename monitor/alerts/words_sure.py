"""What every message on a pool, position or account ends with: what to do, and how sure its figures are."""

from __future__ import annotations

from math import inf

from monitor.alerts.reading import Words
from monitor.alerts.texts import say
from monitor.alerts.words import account_name, because, message, money, percent, span
from monitor.domain.reports import AccountReport, PoolReport, PositionReport

SAME_RATIO = 0.0001  #: figures that are nearer to each other than this are said to be within it: less is rounding


def pool_words(pool: PoolReport, what: str, now: float, takes: str = "", do: str = "") -> Words:
    """`what` of a pool; `do` is told instead of the engine's advice."""
    return _told(say("what", name=pool_name(pool), what=what), pool, now, takes, do)


def position_words(
    pool: PoolReport, position: PositionReport, what: str, now: float, takes: str = "", do: str = ""
) -> Words:
    """`what` of a position; `do` is told instead of the engine's advice."""
    side = say(f"side.{position.side}")
    name = say("name.position", account=pool.key.account, symbol=position.symbol, side=side)
    return _told(say("what", name=name, what=what), pool, now, takes, do)


def account_words(report: AccountReport, what: str, now: float, takes: str = "", do: str = "") -> Words:
    """`what` of an account."""
    summary = say("what", name=account_name(report.key), what=what)
    told = {"quality": report.quality.value, "because": because(report.reasons)}
    if report.last_update is None:
        return message(summary, takes, do, say("sure.account_never", **told))
    age = span(max(0.0, now - report.last_update))
    return message(summary, takes, do, say("sure.account", age=age, **told))


def pool_name(pool: PoolReport) -> str:
    """The account and the pool."""
    return say("name.pool", account=pool.key.account, pool=pool.key.pool)


def room_left(pool: PoolReport) -> str:
    """What loss meets the requirement; nothing where that is unknown."""
    equity, ratio = pool.equity_usd, pool.ratio.value
    if equity is None:
        return ""
    # The ratio knows the venue's threshold, which the requirement alone does not; without equity there is none.
    required = pool.maintenance_margin_usd if ratio is None or equity <= 0.0 or ratio == inf else equity * ratio
    if required is None:
        return ""
    left = equity - required
    return say("room.left" if left > 0 else "room.gone", usd=money(abs(left)), required=money(required))


def advice(pool: PoolReport) -> str:
    """What to add or to close, as the engine says, so that no line is nearer than wanted."""
    if told := pool.advice_text:
        return f"{told[0].upper()}{told[1:]}{'' if told.endswith('.') else '.'}"
    if pool.advice_add_usd is None or pool.advice_add_usd <= 0:
        return ""
    return say("advice.add", usd=money(pool.advice_add_usd))


def _told(summary: str, pool: PoolReport, now: float, takes: str, do: str) -> Words:
    reasons = because(pool.reasons)
    surety = _surety(pool, now, "" if reasons and reasons in summary else reasons)
    return message(summary, takes, do or advice(pool), surety)


def _surety(pool: PoolReport, now: float, reasons: str) -> str:
    age = say("sure.no_age") if pool.as_of is None else say("sure.age", age=span(max(0.0, now - pool.as_of)))
    worst = max((abs(value) for value in pool.drift.values()), default=inf)
    agreement = "" if worst == inf else say("sure.within", drift=percent(max(worst, SAME_RATIO)))
    if pool.contradictions or any(each.drift_ratio is None and each.disagreement for each in pool.positions):
        agreement = say("sure.contradicts")
    return say("sure", quality=pool.quality.value, age=age, agreement=agreement, because=reasons)
