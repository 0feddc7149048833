"""How far a report may be believed: pure rules from ages and states to findings in words.

The reasons hold no running number, so that an unchanged state keeps its words; the ages are in the reports' times.
A price is only ever made fresh by a frame of its own: that its connection lives proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.domain.events import Banned, FeedDown, FeedUp, PollFailed
from monitor.domain.names import PositionKey, Symbol
from monitor.domain.quality import Quality, worst
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState
from monitor.engine.marks import Quote
from monitor.engine.notices import named
from monitor.engine.pushes import words
from monitor.engine.settings import Limits

_ORDER = tuple(Quality)
OPTIONS = "options"
#: What is told under any other name is a job's end.
STREAMS = ("marks", "assets", OPTIONS, "user", "warnings")


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a report is not LIVE."""

    quality: Quality
    reason: str


def judge(findings: Iterable[Finding]) -> tuple[Quality, tuple[str, ...]]:
    """The worst of the findings, and all their reasons, the gravest first and each once."""
    found = list(findings)
    if not found:
        return Quality.LIVE, ()
    ranked = sorted(found, key=lambda finding: -_ORDER.index(finding.quality))
    return worst(*(finding.quality for finding in found)), tuple(dict.fromkeys(finding.reason for finding in ranked))


@dataclass(slots=True)
class Connection:
    """What is known of the way to one venue. Keys are (account name or None for public, stream or reading)."""

    offset: float | None = None  #: the venue's clock minus ours, seconds
    banned_until: float | None = None
    down: dict[tuple[str | None, str], str] = field(default_factory=dict)
    failed: dict[tuple[str | None, str], str] = field(default_factory=dict)

    def feed(self, event: FeedUp | FeedDown) -> None:
        """A stream came or went."""
        if isinstance(event, FeedDown):
            self.down[event.account, event.stream] = event.reason
        else:
            self.down.pop((event.account, event.stream), None)

    def poll_failed(self, event: PollFailed) -> None:
        """A reading failed, or waits: its reason stands until the same reading succeeds."""
        said = event.reason if event.waiting else f"the last try failed: {event.reason}"
        self.failed[event.account, event.what] = said

    def poll_succeeded(self, account: str | None, what: str) -> None:
        """A reading succeeded."""
        self.failed.pop((account, what), None)

    def banned(self, event: Banned) -> None:
        """The venue told us to stop calling."""
        self.banned_until = event.until

    def forget(self, account: str) -> None:
        """Forget an account's streams and readings."""
        for kept in (self.down, self.failed):
            for key in [key for key in kept if key[0] == account]:
                del kept[key]

    def venue_now(self, now: float) -> float:
        """The venue's clock at our `now`."""
        return now + (self.offset or 0.0)

    def ours(self, venue_time: float) -> float:
        """Our clock at the venue's `venue_time`."""
        return venue_time - (self.offset or 0.0)


def price_findings(
    what: str, quote: Quote | None, venue_now: float, limit_seconds: float, if_stale: Quality = Quality.STALE
) -> list[Finding]:
    """A price that jumped is UNKNOWN, one past its limit `if_stale`; a missing one is the kernel's to tell."""
    if quote is None:
        return []
    if quote.doubted is not None:
        text = f"{what} jumped from {quote.price:g} to {quote.doubted:g}: waiting for a second frame or source"
        return [Finding(Quality.UNKNOWN, text)]
    if venue_now - quote.venue_time > limit_seconds:
        return [Finding(if_stale, f"{what} is older than {limit_seconds:g} s")]
    return []


def account_findings(
    state: AccountState, connection: Connection, now: float, limits: Limits, *, options: bool = False
) -> list[Finding]:
    """What holds for all pools of an account: its reading, its mode, its streams. Whether it holds `options` decides
    whether their stream concerns it.
    """
    name = state.key.account
    found = []
    if state.answer is None:
        found.append(Finding(Quality.UNKNOWN, "no account reading yet" + _last_try(connection, name, "account")))
    elif now - state.answer.asked > limits.account_seconds:
        text = f"the account was last read more than {limits.account_seconds:g} s ago"
        found.append(Finding(Quality.STALE, text + _last_try(connection, name, "account")))
    unreadable = state.unreadable()
    if unreadable is not None:
        tried = _last_try(connection, name, "config") if state.mode is None else ""
        found.append(Finding(Quality.UNKNOWN, unreadable + tried))
    elif state.config_asked is not None and now - state.config_asked > limits.config_seconds:
        text = f"the account's configuration was last read more than {limits.config_seconds:g} s ago"
        found.append(Finding(Quality.PARTIAL, text + _last_try(connection, name, "config")))
    found += [Finding(Quality.PARTIAL, doubt) for doubt in state.doubts()]
    found += connection_findings(connection, name, now, options=options)
    return found


def connection_findings(connection: Connection, account: str, now: float, *, options: bool) -> list[Finding]:
    """Streams that are down, and a ban: what comes by another way is still shown, and what does not grows old. What
    options are priced with is missed by those only who hold some.
    """
    found = [
        Finding(Quality.PARTIAL, f"{_named(stream)} is down: {reason}")
        for (owner, stream), reason in connection.down.items()
        if owner in (None, account) and (options or stream != OPTIONS)
    ]
    if connection.banned_until is not None and now < connection.banned_until:
        found.append(Finding(Quality.PARTIAL, "the venue told us to stop calling for a while"))
    return found


def _named(stream: str) -> str:
    """A stream, or one of the jobs that keep them and the readings going, in words."""
    # A product may have further streams of its user: "user-" and which.
    kind = "stream" if stream in STREAMS or stream.startswith("user-") else "job"
    return f"the {stream}" if stream.endswith(" stream") else f"the {stream} {kind}"


def table_findings(tables: Tables, now: float, limits: Limits, *, collateral: bool = False) -> list[Finding]:
    """Old tables lower the quality but keep the figures; missing ones are the description's and kernel's to tell. Terms
    of `collateral` count only where they decide anything.
    """
    found = []
    for what, read, limit in (
        ("maintenance tiers", tables.tiers_time, limits.tiers_seconds),
        ("instruments", tables.instruments_time, limits.instruments_seconds),
        ("terms of collateral", tables.collateral_time if collateral else None, limits.collateral_seconds),
    ):
        if read is not None and now - read > limit:
            found.append(Finding(Quality.PARTIAL, f"the {what} were last read more than {limit / 3600:g} h ago"))
    return found


def risk_findings(state: AccountState, connection: Connection, now: float, limits: Limits) -> list[Finding]:
    """The venue's own scenarios move with the positions, and nothing pushes them: old ones speak of another book."""
    if state.risk_asked is None or now - state.risk_asked <= limits.risk_seconds:
        return []
    text = f"the venue's own scenarios were last read more than {limits.risk_seconds:g} s ago"
    return [Finding(Quality.PARTIAL, text + _last_try(connection, state.key.account, "risk"))]


def option_findings(options: Sequence[Symbol], tables: Tables, now: float, limits: Limits) -> list[Finding]:
    """Options whose volatility and forward nobody told for too long; without any they are not priced by them."""
    old = [
        symbol
        for symbol in options
        if (mark := tables.options.get(symbol)) is not None
        and mark.received is not None
        and now - mark.received > limits.option_seconds
    ]
    if not old:
        return []
    return [Finding(Quality.PARTIAL, f"what {named(old)} is priced with is older than {limits.option_seconds:g} s")]


def position_findings(state: AccountState, key: PositionKey, now: float, limits: Limits) -> list[Finding]:
    """A position that the last readings did not show: suspect, and stale once nothing showed it for long."""
    found = []
    if key in state.positions.suspects:
        text = f"{words(key)} is missing from the last reading: kept until a second one confirms it"
        found.append(Finding(Quality.PARTIAL, text))
    if state.positions.get(key) is not None and now - state.positions.seen(key) > limits.account_seconds:
        text = f"{words(key)} was last seen more than {limits.account_seconds:g} s ago"
        found.append(Finding(Quality.STALE, text))
    return found


def _last_try(connection: Connection, account: str, what: str) -> str:
    reason = connection.failed.get((account, what))
    return "" if reason is None else f" ({reason})"
