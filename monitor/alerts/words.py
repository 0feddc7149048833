"""What an alert says: what, how near, what it would take, what to do, and how sure we are. All wording is in here."""

from __future__ import annotations

from monitor.alerts.reading import Words
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import AccountKey, Asset, Venue
from monitor.domain.reports import AccountReport, Notice, PoolReport, PositionReport
from monitor.domain.view import Budget, FeedStatus, JournalStatus


def percent(ratio: float) -> str:
    """A ratio in percent, with three digits that mean something."""
    return f"{100 * ratio:.3g} %" if abs(ratio) < 10 else f"{100 * ratio:,.0f} %"


def money(usd: float) -> str:
    """An amount of USD."""
    return f"{usd:,.0f} USD" if abs(usd) >= 100 else f"{usd:,.2f} USD"


def price_text(price: float) -> str:
    """A price with as many digits as tell it apart, never in powers of ten."""
    if abs(price) >= 1000:
        return f"{price:,.1f}"
    return f"{price:.4f}" if abs(price) >= 1 else f"{price:.8f}".rstrip("0").rstrip(".")


def span(seconds: float) -> str:
    """A length of time in the unit that people would use."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def margin_ratio(pool: PoolReport, now: float) -> Words:
    """A pool's margin ratio."""
    return _pool_words(f"{_name(pool)}: {_ratio(pool.ratio)}", pool, now, _left(pool))


def _ratio(ratio: Ratio) -> str:
    if ratio.state is State.UNKNOWN or ratio.value is None:
        return f"margin ratio unknown{_because(ratio.reasons)}"
    if ratio.value == float("inf"):
        return "liquidatable now, no equity left"
    if ratio.state is State.LIQUIDATABLE:
        return f"liquidatable now, margin ratio {percent(ratio.value)}"
    return f"margin ratio {percent(ratio.value)} (100 % is liquidation)"


def coin_distance(pool: PoolReport, coin: Asset, direction: Direction, now: float) -> Words:
    """One coin moves in everything that it touches."""
    line = pool.coins[coin][direction]
    return _pool_words(f"{_name(pool)}: {_move(coin, direction, line)}", pool, now, _left(pool))


def market_distance(pool: PoolReport, direction: Direction, now: float) -> Words:
    """All coins move together."""
    line = pool.market[direction]
    return _pool_words(f"{_name(pool)}: {_move('all coins together', direction, line)}", pool, now, _left(pool))


def _move(what: str, direction: Direction, line: Line) -> str:
    match line.state:
        case State.LIQUIDATABLE:
            return "liquidatable now"
        case State.NEVER:
            return f"no price of {what} {direction} from here liquidates"
        case State.AT if line.distance_ratio is not None:
            at = f", at {price_text(line.price)}" if line.price is not None else ""
            return f"{what} {percent(line.distance_ratio)} {direction} liquidates{at}"
        case _:
            return f"{what} {direction}: distance unknown{_because(line.reasons)}"


def position_distance(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """One instrument moves alone."""
    what = f"{pool.key.account} {position.symbol} {position.side}"
    loss = position.loss_to_line_usd
    takes = ""
    if loss is not None and position.line.state is State.AT:
        takes = f"A loss of {money(loss)} on it reaches liquidation."
    return _pool_words(f"{what}: {_reach(position)}", pool, now, takes)


def _reach(position: PositionReport) -> str:
    line = position.line
    match line.state:
        case State.LIQUIDATABLE:
            return "liquidatable now"
        case State.NEVER:
            return "no price liquidates it"
        case State.AT if line.distance_ratio is not None and line.price is not None:
            sigmas = "" if position.distance_sigmas is None else f", {position.distance_sigmas:.2g} daily sigmas"
            return f"liquidation {percent(line.distance_ratio)} away at {price_text(line.price)}{sigmas}"
        case _:
            return f"liquidation price unknown{_because(line.reasons)}"


def deficit(pool: PoolReport, now: float) -> Words:
    """A negative balance with nothing open."""
    return _pool_words(f"{_name(pool)}: balance {money(pool.deficit_usd)} below zero with nothing open", pool, now)


def drift(pool: PoolReport, figure: str, value: float | None, now: float) -> Words:
    """Ours against the venue's, for a figure of the pool."""
    return _pool_words(f"{_name(pool)}: {figure.replace('_', ' ')} {_drift(value)}", pool, now)


def position_drift(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """Ours against the venue's liquidation price."""
    what = f"{pool.key.account} {position.symbol} {position.side}"
    if position.drift_ratio is None and position.disagreement is not None:
        return _pool_words(f"{what}: {_contradicts(position.disagreement)}", pool, now)
    if position.drift_ratio is not None and abs(position.drift_ratio) <= position.drift_tolerance_ratio:
        return _pool_words(f"{what}: liquidation price {percent(position.drift_ratio)} from the venue's", pool, now)
    return _pool_words(f"{what}: liquidation price {_drift(position.drift_ratio)}", pool, now)


def contradiction(pool: PoolReport, said: str, now: float) -> Words:
    """A figure of the pool that is zero for the venue and not for us: both sides' words."""
    return _pool_words(f"{_name(pool)}: {_contradicts(said)}", pool, now)


_DOUBT = "do not rely on either before it is understood"


def _contradicts(said: str) -> str:
    return f"{said}: {_DOUBT}" if said else "liquidation price agrees with the venue's"


def _drift(value: float | None) -> str:
    if value is None:
        return "cannot be compared with the venue's"
    return f"differs from the venue's by {percent(value)}: {_DOUBT}"


def data_quality(pool: PoolReport, now: float) -> Words:
    """How far the pool's figures may be believed."""
    return _pool_words(f"{_name(pool)}: data {pool.quality}{_because(pool.reasons)}", pool, now)


def account_down(report: AccountReport, now: float) -> Words:
    """The account's data is not fresh or not readable."""
    what = f"{report.key.account} at {report.key.venue}: "
    what += "data fresh again" if report.up else f"no fresh data{_because(report.reasons)}"
    last = "never read" if report.last_update is None else f"last read {span(now - report.last_update)} ago"
    return Words(what, f"{what}\nThe account was {last}. Until it is read again its risk is unknown.")


def key_permission(report: AccountReport, state: str) -> Words:
    """What the account's key may do."""
    what = f"{report.key.account} at {report.key.venue}: the key {_KEY[state]}"
    return Words(what, f"{what}\nUse a key that can read and nothing else.")


_KEY = {
    "withdraw": "may withdraw or transfer",
    "trade": "may trade",
    "unreadable": "has permissions that could not be read",
    "": "may only read",
}


def key_expiry(report: AccountReport, seconds: float | None) -> Words:
    """The key dies soon."""
    if seconds is None:
        when = "has no known expiry"
    else:
        when = f"expires in {span(seconds)}" if seconds > 0 else "has expired"
    what = f"{report.key.account} at {report.key.venue}: the key {when}"
    return Words(what, f"{what}\nMake a new key that can only read and put it into the configuration.")


def feed_down(feed: FeedStatus, now: float) -> Words:
    """A stream or poll."""
    name = _feed(feed)
    if feed.up:
        return Words(f"{name}: delivering", f"{name}: delivering")
    what = f"{name}: not delivering ({feed.phase}){_because((feed.reason,) if feed.reason else ())}"
    last = "never" if feed.last_message is None else f"{span(now - feed.last_message)} ago"
    return Words(what, f"{what}\nThe last message came {last}; {feed.reconnects} reconnects so far.")


def feed_lag(feed: FeedStatus, now: float) -> Words:
    """How late a stream's messages are."""
    name = _feed(feed)
    if feed.lag_seconds is None or feed.last_message is None:
        return Words(f"{name}: lag unknown", f"{name}: lag unknown")
    what = f"{name}: messages come {feed.lag_seconds:.1f} s after the venue's stamp"
    last = f"The last one came {span(now - feed.last_message)} ago."
    cure = "What it tells is that old already: see whether this machine, its network or the venue is overloaded."
    return Words(what, f"{what}\n{last} {cure}")


def _feed(feed: FeedStatus) -> str:
    return " ".join(part for part in (feed.venue, feed.account, feed.stream) if part)


def venue_ban(budget: Budget, now: float) -> Words:
    """The venue refuses all calls for a while."""
    if budget.banned_until is None or budget.banned_until <= now:
        return Words(f"{budget.venue}: calls are allowed", f"{budget.venue}: calls are allowed")
    what = f"{budget.venue}: no calls allowed for {span(budget.banned_until - now)}"
    return Words(what, f"{what}\nStreams go on; account polls stop until then. Other programs may share this address.")


def clock_offset(venue: Venue, seconds: float) -> Words:
    """Our clock is not the venue's."""
    what = f"{venue}: its clock is {seconds:+.3f} s from ours"
    return Words(what, f"{what}\nThe difference is corrected for; set this machine's clock right.")


def journal_stopped(status: JournalStatus) -> Words:
    """Nothing is written down."""
    if status.writing:
        return Words("journal: written", "journal: written")
    what = f"journal: not written{_because((status.reason,) if status.reason else ())}"
    cure = "Make room on its disk, or give it a directory that may be written: then it goes on by itself."
    return Words(what, f"{what}\nRisk is watched as before, but what happens now cannot be replayed later. {cure}")


def journal_lost(status: JournalStatus) -> Words:
    """There are holes in what was written down."""
    because = _because((status.reason,) if status.reason else ())
    what = f"journal: {status.lost_total:,} records lost since the start{because}"
    cure = "If it happens again: see whether its disk is full or slow, or this machine overloaded."
    return Words(what, f"{what}\nA replay tells where they are missing, and goes on behind them. {cure}")


def event(notice: Notice) -> Words:
    """Something happened."""
    what = f"{notice.account.account} at {notice.account.venue}: {notice.text}"
    return Words(what, what)


def lost_sight(account: AccountKey, summary: str) -> Words:
    """A subject that fired and cannot be seen now."""
    what = f"{summary} (cannot be read now)"
    of = account.account or account.venue or "it"
    return Words(what, f"{what}\nThe last reading of {of} stands until there is a new one.")


def over(summary: str, why: str) -> Words:
    """The subject is gone, and that is certain."""
    return Words(f"{summary} ({why})", f"{summary}\nOver: {why}.")


def _name(pool: PoolReport) -> str:
    return f"{pool.key.account} {pool.key.pool}"


def _left(pool: PoolReport) -> str:
    if pool.equity_usd is None or pool.maintenance_margin_usd is None:
        return ""
    left = pool.equity_usd - pool.maintenance_margin_usd
    if left <= 0:
        return f"Equity is {money(-left)} below the requirement of {money(pool.maintenance_margin_usd)}."
    return f"A loss of {money(left)} meets the requirement of {money(pool.maintenance_margin_usd)}."


def _because(reasons: tuple[str, ...]) -> str:
    return f": {'; '.join(reasons)}" if reasons else ""


def _pool_words(what: str, pool: PoolReport, now: float, takes: str = "") -> Words:
    surety = _surety(pool, now, told=bool(pool.reasons) and _because(pool.reasons) in what)
    return Words(what, "\n".join(part for part in (what, takes, _advice(pool), surety) if part))


def _advice(pool: PoolReport) -> str:
    if pool.advice_text:
        return pool.advice_text
    if pool.advice_add_usd is None or pool.advice_add_usd <= 0:
        return ""
    return f"Add {money(pool.advice_add_usd)} to the pool to bring its nearest line to the wanted distance."


def _surety(pool: PoolReport, now: float, told: bool) -> str:
    """`told`: the reasons stand in the summary already."""
    age = "age unknown" if pool.as_of is None else f"oldest input {span(max(0.0, now - pool.as_of))} old"
    worst = max((abs(value) for value in pool.drift.values()), default=None)
    agreement = "" if worst is None else f", within {percent(worst)} of the venue's figures"
    if pool.contradictions or any(each.drift_ratio is None and each.disagreement for each in pool.positions):
        agreement = ", in contradiction with the venue's figures"
    reasons = "" if told else _because(pool.reasons)
    return f"Data {pool.quality}, {age}{agreement}{reasons}."
