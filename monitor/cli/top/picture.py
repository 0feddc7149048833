"""What the monitor said last, and whether that is of now. Time is an argument: seconds that only go on.

A snapshot replaces everything, a change replaces members by their keys (docs/api.md). Nothing that is shown counts as
live unless the monitor's own time goes on: a connection alone says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from monitor.cli import words
from monitor.cli.codes import Unavailable
from monitor.cli.top import levels
from monitor.cli.top.painted import Role
from monitor.domain import danger
from monitor.domain.schema import SCHEMA_VERSION

Json = Mapping[str, Any]
Key = tuple[str, str, str]
_K = TypeVar("_K")
_V = TypeVar("_V")

SILENCE_SECONDS = 10.0  #: so long without the monitor's time going on, and nothing shown counts as live


class Strange(Unavailable):
    """What was said is not what a monitor of this version says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One pool with its account; `pool` is None for an account without any."""

    key: Key
    account: Json
    pool: Json | None
    place: danger.Place

    @property
    def report(self) -> Json:
        """What has a quality and a margin ratio."""
        return self.account if self.pool is None else self.pool


@dataclass(slots=True)
class Picture:
    """`reason` says why nobody is heard; `at` is the monitor's own time, `heard` ours when that last went on."""

    frame: dict[str, Any] | None = None
    at: float | None = None
    heard: float | None = None
    connected: bool = False
    reason: str = ""
    alerts: list[Json] = field(default_factory=list)
    groups: dict[str, Json] = field(default_factory=dict)
    feeds: dict[Key, Json] = field(default_factory=dict)
    _accounts: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    _rows: list[Row] | None = None
    _alerted: dict[Key, Role] = field(default_factory=dict)

    def take(self, document: Json, now: float) -> None:
        """A whole document; raises `Strange`."""
        try:
            if document["schema"] != SCHEMA_VERSION:
                raise Strange(
                    f"the monitor speaks version {document['schema']} of its documents, and not {SCHEMA_VERSION}"
                )
            accounts = {_owner(account): _rows_of(account) for account in document["accounts"]}
            groups = {str(group["name"]): group for group in document.get("groups", ())}
            feeds = {_feed_key(feed): feed for feed in document["feeds"]}
            alerts = _alerts(document["alerts"])
        except NOT_OURS as error:
            raise _strange(error) from None
        self._accounts, self.groups, self.feeds = accounts, groups, feeds
        self.frame = {name: value for name, value in document.items() if name not in _MEMBERS}
        self._alerting(alerts)
        self._rows = None
        self._hear(document["at"], now)

    def change(self, change: Json, now: float) -> None:
        """What became of it; raises `Strange`."""
        if self.frame is None:
            raise Strange("the monitor tells changes of what it did not tell")
        try:
            accounts = {_owner(account): _rows_of(account) for account in change.get("accounts", ())}
            groups = {str(group["name"]): group for group in change.get("groups", ())}
            feeds = {_feed_key(feed): feed for feed in change.get("feeds", ())}
            alerts = _alerts(change["alerts"]) if "alerts" in change else None
            gone = change.get("gone", {})
            gone_accounts = [_owner(key) for key in gone.get("accounts", ())]
            gone_feeds = [_feed_key(key) for key in gone.get("feeds", ())]
            gone_groups = [str(name) for name in gone.get("groups", ())]
            at = change["at"]
        except NOT_OURS as error:
            raise _strange(error) from None
        _merge(self._accounts, accounts, gone_accounts)
        _merge(self.groups, groups, gone_groups)
        _merge(self.feeds, feeds, gone_feeds)
        self.frame = self.frame | {name: value for name, value in change.items() if name not in (*_MEMBERS, "gone")}
        if accounts or gone_accounts:
            self._rows = None
        if alerts is not None:
            self._alerting(alerts)
        self._hear(at, now)

    def lost(self, reason: str) -> None:
        """Nobody is heard any more."""
        self.connected, self.reason = False, reason

    def live(self, now: float) -> bool:
        """Whether what is shown is of now."""
        return self.connected and self.silent(now) < SILENCE_SECONDS

    def silent(self, now: float) -> float:
        """Seconds since the monitor's time last went on; infinite where it was never heard."""
        return float("inf") if self.heard is None else now - self.heard

    def time(self, now: float) -> float:
        """The monitor's time now, as far as it can be told: seconds since 1970."""
        return 0.0 if self.at is None or self.heard is None else self.at + (now - self.heard)

    def rows(self) -> list[Row]:
        """All pools, and accounts without one, the most dangerous first: in the order of `domain.danger`."""
        if self._rows is None:
            everything = [row for rows in self._accounts.values() for row in rows]
            self._rows = sorted(everything, key=lambda row: (row.place, row.key))
        return self._rows

    @property
    def accounts(self) -> list[Json]:
        """The accounts, in the order in which they were told."""
        return [rows[0].account for rows in self._accounts.values()]

    def alerted(self, key: Key) -> Role:
        """The worst level of what fires about a pool, or about an account as a whole."""
        return self._alerted.get(key, Role.PLAIN)

    def alerts_of(self, key: Key) -> list[Json]:
        """What fires about a pool."""
        return [alert for alert in self.alerts if _alert_key(alert) == key]

    def _alerting(self, alerts: list[Json]) -> None:
        self.alerts = alerts
        self._alerted = {}
        for alert in alerts:
            key = _alert_key(alert)
            self._alerted[key] = levels.worst(
                [self._alerted.get(key, Role.PLAIN), levels.of_severity(alert["severity"])]
            )

    def _hear(self, at: object, now: float) -> None:
        self.connected, self.reason = True, ""
        if isinstance(at, int | float) and at != self.at:
            self.at, self.heard = float(at), now


_MEMBERS = ("accounts", "groups", "feeds", "alerts")
#: What reading a document raises that is not as a monitor of this version writes it.
NOT_OURS = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def _strange(error: Exception) -> Strange:
    return Strange(f"somebody answers, but not as a monitor does ({type(error).__name__}: {error})")


def _owner(account: Json) -> tuple[str, str]:
    return str(account["venue"]), str(account["account"])


def _feed_key(feed: Json) -> Key:
    return str(feed["venue"]), str(feed["account"]), str(feed["stream"])


def _alert_key(alert: Json) -> Key:
    labels = alert["labels"]
    return str(labels.get("venue", "")), str(labels.get("account", "")), str(labels.get("pool", ""))


def _alerts(alerts: Sequence[Json]) -> list[Json]:
    """Those that are read by key everywhere are looked at here, so that what is wrong is found at once."""
    return sorted(alerts, key=_urgency)


_RANKS = {"critical": 0, "warning": 1, "info": 3}
_HELD = {"firing": 0, "acknowledged": 1, "silenced": 2, "inhibited": 3}


def _urgency(alert: Json) -> tuple[int, int, float, str]:
    """Sorts what nobody takes care of first, within that the worst, within that the newest."""
    labels = ",".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))
    state = _HELD.get(alert.get("state", "firing"), 0)
    return state, _RANKS.get(alert["severity"], 2), -float(alert["since"] or 0.0), f"{alert['rule']} {labels}"


def _rows_of(account: Json) -> list[Row]:
    venue, name = _owner(account)
    pools = account["pools"]
    if not pools:
        return [Row((venue, name, ""), account, None, words.place(account))]
    return [Row((venue, name, str(pool["pool"])), account, pool, words.place(pool)) for pool in pools]


def _merge(members: dict[_K, _V], changed: Mapping[_K, _V], gone: Iterable[_K]) -> None:
    for key in gone:
        members.pop(key, None)
    members.update(changed)
