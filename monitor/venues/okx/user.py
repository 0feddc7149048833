"""The user stream of one account at OKX: five channels on one socket, of which two tell all that REST shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import FeedLost
from monitor.domain.events import AccountSnapshot, Event
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import FeedStatus
from monitor.venues.ledger import Ledger
from monitor.venues.okx import endpoints
from monitor.venues.okx.client import Client
from monitor.venues.okx.codec import Paged
from monitor.venues.okx.endpoints import ACCOUNT_CHANNEL, POSITIONS_CHANNEL, PRIVATE_TOPICS
from monitor.venues.okx.market import ledger_limits
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.okx.speech import CONNECTIONS, OkxSpeech
from monitor.venues.private import STREAM, Language, PrivateStream, Stamps
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Secret

TOPIC_OF = {topic.channel: topic.text for topic in PRIVATE_TOPICS}
TELLS_AT_ONCE = TOPIC_OF[ACCOUNT_CHANNEL]  #: sends a snapshot when it is subscribed to; others may have nothing to tell
CHECKED = (ACCOUNT_CHANNEL, POSITIONS_CHANNEL)  #: that tell everything that REST shows
TOO_MANY = "channel-conn-count-error"  #: the name of the frame that ends a channel that was acknowledged
MOST_CONNECTIONS = 30  #: to one channel of one account


class UserLedger(Ledger):
    """One that shows how many connections the account has: they are bounded, and shared by all programs."""

    connections: int | None = None  #: as the venue last counted them

    def statuses(self) -> tuple[FeedStatus, ...]:
        """The stream's row."""
        if self.connections is None:
            return super().statuses()
        said = f"the account has {self.connections} of {MOST_CONNECTIONS} connections"
        return tuple(replace(one, reason=said) if one.up and not one.reason else one for one in super().statuses())


class UserStream(PrivateStream):
    """One account's pushes."""

    def __init__(
        self,
        account: AccountSettings,
        settings: OkxSettings,
        client: Client,
        emit: Put,
        clock: Clock,
        resync: Callable[[str, bool], None],
        shown: Callable[[Sequence[Event]], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        timings = settings.timings
        base = endpoints.stream_base(settings.urls.stream, demo=settings.demo)
        language = Language(
            address=Secret(base + endpoints.PRIVATE_ROUTE),
            speech=lambda: OkxSpeech(timings, client.venue_now, account.key, account.credentials),
            stamps=changes,
            topic_of=lambda decoded: TOPIC_OF[decoded.name] if decoded.name in CHECKED else "",
        )
        self._counts = UserLedger(VENUE, account.name, (), ledger_limits(timings), rows=(STREAM,))
        super().__init__(account.key, language, self._counts, client, emit, clock, timings, resync, shown, recorder)
        self._dials = client.dials
        self._empty = False  #: REST shows no balance at all
        self._want()

    def _want(self) -> None:
        """All channels. That an account in which there is nothing tells so at once is in no document."""
        topics = list(TOPIC_OF.values())
        quiet = [topic for topic in topics if topic != TELLS_AT_ONCE or self._empty]
        self.ledger.want(STREAM, topics, first_seconds=self._timings.reconnect_seconds, quiet=quiet)

    async def _address(self) -> Secret:
        address = await super()._address()
        await self._dials.pass_by()
        return address

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame means for our readings. Raises `FeedLost` where the venue took a channel back."""
        if decoded.name == TOO_MANY:
            # It was acknowledged before: only a new connection gets it back.
            raise FeedLost(VENUE, STREAM, decoded.why)
        if decoded.name == CONNECTIONS and decoded.why:
            self._counts.connections = int(decoded.why)
        before = self._event_received
        super().heard(decoded)
        if decoded.name == endpoints.ORDERS_CHANNEL and decoded.kind is FrameKind.DATA:
            # Orders alone move neither cash nor positions: a reading that was under way is whole without them.
            self._event_received = before

    def _doubt(self, decoded: Decoded) -> tuple[str, bool]:
        """Balances and positions come with their figures, now and then by themselves; only what moved them is a reason
        to read, and that is told on channels of its own.
        """
        if isinstance(decoded, Paged) and decoded.doubt:
            return decoded.doubt, False
        figures = decoded.kind is FrameKind.DATA and decoded.name in CHECKED and not decoded.problems
        return ("", False) if figures else super()._doubt(decoded)

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed."""
        if self._empty is bool(snapshot.balances):
            self._empty = not snapshot.balances
            self._want()
        super().cross_check(snapshot)


def changes(before: AccountSnapshot, now: AccountSnapshot) -> Stamps:
    """When the balances and positions changed that did so between two snapshots, by the topic that must have told."""
    balances = {one.asset: one.update_time for one in before.balances}
    positions = {one.key: one.update_time for one in before.positions}
    return {
        TOPIC_OF[ACCOUNT_CHANNEL]: [
            one.update_time for one in now.balances if balances.get(one.asset) != one.update_time
        ],
        TOPIC_OF[POSITIONS_CHANNEL]: [
            one.update_time for one in now.positions if positions.get(one.key) != one.update_time
        ],
    }
