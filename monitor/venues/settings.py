"""What the venues need to be told. The configuration file becomes these; every wait of the transport stands here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.names import AccountKey, Venue


class Secret:
    """A text that never shows itself: not in a repr, not in a log line, not in an error.

    Only `reveal()` gives it away, so every place that does can be found by its name.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one line that signs or sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not copied into files or other processes")


class PermissionPolicy(StrEnum):
    """What is done about a key that may do more than read."""

    REFUSE = "refuse"  #: the account is not monitored with such a key
    WARN = "warn"  #: monitored, with an alert
    IGNORE = "ignore"  #: monitored in silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Every wait, deadline and limit of the transport, in seconds unless named otherwise."""

    # Sockets
    connect_seconds: float = 10.0  #: from dialling to an open socket
    ping_every_seconds: float = 10.0  #: our own heartbeat on an open socket
    ping_timeout_seconds: float = 5.0  #: without a pong for this long the peer is dead
    close_seconds: float = 0.5  #: waited for a polite close; it adds to the time a dead peer takes to be found
    watch_every_seconds: float = 0.5  #: how often the subscription ledger is judged
    rollover_seconds: float = 85_800.0  #: age at which a socket is replaced (23 h 50 min; the venue cuts at 24 h)
    rollover_jitter_seconds: float = 1_200.0  #: a socket is replaced up to this much earlier
    rollover_retry_seconds: float = 30.0  #: between two attempts to open the replacement
    replace_retry_seconds: float = 5.0  #: the same where a connection will be closed, or fails in a part

    # Subscriptions
    acknowledge_seconds: float = 5.0  #: unacknowledged for this long: dead, and subscribed again
    reconnect_seconds: float = 10.0  #: unacknowledged for this long: a new connection
    refused_again_seconds: float = 60.0  #: one topic among others that was refused is asked for again as rarely
    marks_silent_seconds: float = 5.0  #: without a mark for this long the stream is dead
    assets_silent_seconds: float = 10.0  #: without an asset index for this long the stream is dead

    # Trying again
    backoff_first_seconds: float = 1.0
    backoff_factor: float = 1.6
    backoff_cap_seconds: float = 60.0
    live_seconds: float = 60.0  #: a feed that was live for this long has earned a fresh back-off
    rate_limited_seconds: float = 60.0  #: waited after a refusal for too many requests that names no time
    refused_every_seconds: float = 600.0  #: between two attempts with a key that was refused again and again

    # Requests
    request_seconds: float = 10.0  #: deadline of one request
    account_every_seconds: float = 15.0  #: account and positions
    account_every_blind_seconds: float = 5.0  #: the same while the user stream is down
    config_every_seconds: float = 60.0  #: modes and per-symbol settings
    tiers_every_seconds: float = 6 * 3600.0
    instruments_every_seconds: float = 6 * 3600.0
    missing_spacing_seconds: float = 180.0  #: until these two are read again for a contract that they still lack
    permissions_every_seconds: float = 24 * 3600.0
    clock_every_seconds: float = 3600.0
    clock_doubt_seconds: float = 1.0  #: frames that seem this late, or early: the venue's clock is measured anew
    clock_doubt_spacing_seconds: float = 60.0  #: least time between two measurements for that reason
    bridge_every_seconds: float = 3.0  #: marks over REST while their stream is down
    resync_settle_seconds: float = 0.3  #: a burst of events causes one reading, this long after the first
    resync_spacing_seconds: float = 5.0  #: least time between two readings that events asked for
    snapshot_tries: int = 3  #: readings of one account until its answers agree

    # The key of a user stream
    keep_alive_every_seconds: float = 25 * 60.0
    keep_alive_retry_seconds: float = 30.0
    key_life_seconds: float = 60 * 60.0  #: how long a key lives after it was made or kept alive
    key_probe_spacing_seconds: float = 60.0  #: least time between two probes of a doubted key
    cross_check_seconds: float = 5.0  #: a change seen over REST must have been pushed within this time


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A key of one account. `passphrase` where the venue gives keys one."""

    api_key: Secret
    api_secret: Secret
    passphrase: Secret | None = None


NO_KEY = Credentials(api_key=Secret(""), api_secret=Secret(""))  #: of an account that anybody may look at


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """One account: its venue, the name that the user gave it, its key, and what is done about a powerful key.

    `product` says which of the venue's margin accounts it is where one key opens several, in the room's words; "" where
    there is one. `address` stands in for a key where the venue shows an account to anybody who knows its address.
    """

    venue: Venue
    name: str
    credentials: Credentials = NO_KEY
    permissions: PermissionPolicy = PermissionPolicy.REFUSE
    product: str = ""
    address: str = ""

    @property
    def key(self) -> AccountKey:
        """The account's identifier everywhere else."""
        return AccountKey(self.venue, self.name)
