"""One account's part of the socket: what it asks for there, what its pushes mean for our readings, and the doubt that
REST may raise about them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, Event, VenueWarning
from monitor.domain.frames import Decoded, FrameKind
from monitor.venues.hyperliquid.assembly import Heard
from monitor.venues.hyperliquid.endpoints import ALL_STATES, FILLS, FUNDINGS, LEDGER, SPOT_STATE, USER_STREAMS, Topic
from monitor.venues.hyperliquid.shared import AccountLedger
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings

TELL_AT_ONCE = frozenset({ALL_STATES})  #: sends how things stand as soon as it is subscribed to, and each few seconds
MOVES = frozenset({LEDGER, FUNDINGS, FILLS})  #: tell of what moved something
GONE_SHARE = 0.01  #: of what an account was worth: what is left below it came about by more than prices
GONE_USD = 1.0
OTHER_CASH_READINGS = 2
PRICES_MOVE = 0.01  #: of the size of what is held: a pooled balance is a total less profit, of two moments


class UserStream:
    """A `desk.User`. `resync(why, config)` is called where pushes say, or hide, that something is to be read."""

    def __init__(
        self,
        account: AccountSettings,
        ledger: AccountLedger,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        resync: Callable[[str, bool], None],
        shown: Callable[[Sequence[Event]], None],
        *,
        polled: str = "",
    ) -> None:
        """`polled`: why this account is read over REST only, in words; "" where it is streamed."""
        self._ledger, self._address = ledger, account.address.lower()
        self._emit, self._clock, self._timings = emit, clock, timings
        self._resync, self._shown = resync, shown
        self._topics = {name: Topic(name, self._address).text for name in USER_STREAMS}
        ledger.polled = polled
        self._was_up = False
        self._event_received = float("-inf")  #: wall time of the last push that told of a move
        self._pushed: AccountSnapshot | None = None
        self._states_at = float("-inf")  #: wall time of the last push that told of positions
        self._signals: tuple[bool, bool | None] | None = None  #: of the mode, in the last spot state
        self._doubted: tuple[AccountSnapshot, float] | None = None  #: what REST shows and pushes do not, and since when
        self._other_cash = 0  #: readings in a row that showed other balances than pushes did
        self._checked = float("-inf")  #: steady time of the last reading that a bad frame caused

    @property
    def ledger(self) -> AccountLedger:
        """Its row."""
        return self._ledger

    @property
    def up(self) -> bool:
        """Whether pushes can arrive, as far as we know."""
        return not self._ledger.polled and self._ledger.up("user")

    def event_since(self, received: float) -> bool:
        """Whether a push told of a move after this moment (wall time)."""
        return self._event_received >= received

    async def run(self) -> None:
        """Have the account streamed, as long as this runs; the socket itself is everybody's."""
        if self._ledger.polled:
            self._tell()
        else:
            quiet = [topic for name, topic in self._topics.items() if name not in TELL_AT_ONCE]
            first = self._timings.reconnect_seconds
            self._ledger.follow(self._topics.values(), first_seconds=first, quiet=quiet)
        try:
            while True:
                await self._clock.sleep(self._timings.watch_every_seconds)
                self._watch()
        finally:
            self._ledger.follow((), first_seconds=None, quiet=())
            self._was_up = False

    def stop(self, why: str) -> None:
        """Nothing is asked any more until `run` is called anew: a person must act."""
        self._ledger.follow((), first_seconds=None, quiet=())
        self._ledger.stop(why)
        self._tell()

    def _tell(self) -> None:
        for edge in self._ledger.edges(self._clock.now()):
            self._emit(edge)

    # What the socket tells

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame of this account means for our readings."""
        if decoded.kind is FrameKind.MALFORMED or decoded.problems:
            self._misread(known=bool(decoded.stream))
        if decoded.name in MOVES and decoded.events:
            self._event_received = self._clock.now()
        if any(isinstance(one, VenueWarning) for one in decoded.events):
            self._resync("the venue warned", False)
        if isinstance(decoded, Heard) and decoded.states is not None:
            self._states_at = decoded.received
        if isinstance(decoded, Heard) and decoded.spot is not None:
            self._other_cash = 0
            before, self._signals = self._signals, (decoded.spot.pooled, decoded.spot.portfolio)
            if before is not None and before != self._signals:
                self._resync("the spot state is of another mode", True)
        for event in decoded.events:
            if isinstance(event, AccountSnapshot):
                self._snapshot(event)
        if decoded.events:
            self._shown(decoded.events)

    def _snapshot(self, now: AccountSnapshot) -> None:
        before, self._pushed = self._pushed, now
        if before is not None and _worth(before) > GONE_USD and _worth(now) < GONE_SHARE * _worth(before):
            self._resync("what the account is worth fell to nothing: its mode may be another one", True)

    def _misread(self, *, known: bool) -> None:
        """A frame that cannot be read may have told of anything: read, but not for each one of many; seldom where it is
        not `known` to be of this account, for then all accounts are read.
        """
        now, timings = self._clock.monotonic(), self._timings
        if now - self._checked >= (timings.resync_spacing_seconds if known else timings.account_every_seconds):
            self._checked = now
            self._resync("a frame of the user stream could not be read", known)

    # What REST shows

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed."""
        self._check_cash(snapshot)
        alike = self._pushed is None or not self.up or _held(self._pushed) == _held(snapshot)
        if alike or snapshot.problems:
            self._doubted = None
        elif self._doubted is None:
            self._doubted = (snapshot, self._clock.monotonic())

    def _check_cash(self, snapshot: AccountSnapshot) -> None:
        """Balances that pushes show otherwise than REST does, in two readings without a push of them, are no longer
        pushed.
        """
        pushed = self._pushed
        differ = pushed is not None and self.up and not snapshot.problems and _differ(pushed, snapshot)
        self._other_cash += differ
        if self._other_cash >= OTHER_CASH_READINGS:
            self._other_cash = 0
            topic = self._topics[SPOT_STATE]
            self._ledger.doubt(topic, "it does not tell what REST shows", self._clock.monotonic())

    def _watch(self) -> None:
        """Look whether the stream came up, and whether it told by now what REST showed."""
        if self.up and not self._was_up:
            # A mode that changed meanwhile shows in the states, and is read at its interval anyway: it is dear.
            self._resync("the user stream is up", False)
        self._was_up = self.up
        if self._doubted is None:
            return
        shown, since = self._doubted
        if self._states_at > shown.received:
            self._doubted = None
        elif self._clock.monotonic() - since >= self._timings.cross_check_seconds:
            self._doubted = None
            self._ledger.doubt(self._topics[ALL_STATES], "it does not tell what REST shows", self._clock.monotonic())


def _held(snapshot: AccountSnapshot) -> dict[str, float]:
    return {one.symbol: one.quantity for one in snapshot.positions}


def _differ(pushed: AccountSnapshot, read: AccountSnapshot) -> bool:
    """Whether balances differ by more than prices may have moved between two moments."""
    slack = PRICES_MOVE * sum(one.venue.notional or 0.0 for one in read.positions)
    one, other = ({row.asset: row.wallet for row in said.balances} for said in (pushed, read))
    return any(
        abs(one.get(asset, 0.0) - other.get(asset, 0.0)) > slack + 1e-6 * (1.0 + abs(other.get(asset, 0.0)))
        for asset in one | other
    )


def _worth(snapshot: AccountSnapshot) -> float:
    """What the dexs say that the account is worth."""
    return sum(one.venue.equity or 0.0 for one in snapshot.wallets)
