"""The user stream of one account: topics of the futures or the spot host, opened by a token of the user's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from monitor.domain.clock import Clock
from monitor.domain.errors import FeedLost
from monitor.domain.events import AccountSnapshot, BalanceChanged, Event, PositionChanged, Tick
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import Asset, Side, Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.kucoin.client import Client
from monitor.venues.kucoin.codec import HINTS
from monitor.venues.kucoin.endpoints import DEBT_TOPIC, ISOLATED_TOPIC, POSITIONS_TOPIC, UNIFIED_POSITIONS_TOPIC, Host
from monitor.venues.kucoin.settings import VENUE, KucoinSettings
from monitor.venues.kucoin.streams import KucoinSpeech, Line, ledger_limits
from monitor.venues.ledger import Ledger
from monitor.venues.private import STREAM, Language, PrivateStream
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Secret

SLACK_SECONDS = 5.0  #: a push may carry a time this long before the reading that did not show it yet
UNIFIED_BALANCE = "balance"  #: channel of a unified account that tells of a coin
SETTINGS = frozenset({"user.config", "position.adjustRiskLimit"})  #: frames after which settings are others
OF_LOANS = (DEBT_TOPIC, ISOLATED_TOPIC)  #: whose topics tell a ratio as often as prices move


class UserStream(PrivateStream):
    """One account's pushes. Which topics there are is told by `need`; before that, and with none, there is none."""

    def __init__(
        self,
        account: AccountSettings,
        settings: KucoinSettings,
        host: Host,
        client: Client,
        emit: Put,
        clock: Clock,
        resync: Callable[[str, bool], None],
        shown: Callable[[Sequence[Event]], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        timings = settings.timings
        self._host, self._line, self._asker, self._credentials = host, Line(), client, account.credentials
        language = Language(
            address=Secret(""),  # each token has its own
            speech=lambda: KucoinSpeech(timings, self._line, account.key),
            stamps=self._changes,
            topic_of=self._topic_of,
        )
        ledger = Ledger(VENUE, account.name, (), ledger_limits(timings), rows=(STREAM,))
        super().__init__(account.key, language, ledger, client, emit, clock, timings, resync, shown, recorder)
        self._wallets: dict[Asset, float] = {}  #: as last pushed
        self._positions: dict[tuple[Symbol, Side | None], tuple[object, ...]] = {}  #: the same, without figures
        self._dialled = False  #: the last token was for the push of a unified account
        self._hinted = float("-inf")
        self._topics: frozenset[str] | None = None

    def need(self, topics: Collection[str]) -> None:
        """From now on these topics, and no others; none: there is nothing that is pushed."""
        if frozenset(topics) != self._topics:
            self._topics = frozenset(topics)
            self.ledger.want(STREAM, sorted(topics))
            for edge in self.ledger.edges(self._clock.now()):
                self._emit(edge)

    @property
    def up(self) -> bool:
        """Whether pushes can arrive: where none are asked for, none can."""
        return bool(self._topics) and super().up

    async def _address(self) -> Secret:
        while not self._topics:
            await self._clock.sleep(self._timings.watch_every_seconds)
        self._dialled = self._unified
        if self._dialled:
            bullet = await self._asker.unified_bullet(self._credentials, self._account.account)
        else:
            bullet = await self._asker.bullet(self._host, self._credentials, self._account.account)
        return self._line.opens(bullet, unified=self._dialled).address

    @property
    def _unified(self) -> bool:
        return self._topics is not None and UNIFIED_POSITIONS_TOPIC in self._topics

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame means for our readings. Raises `FeedLost` where the account became one of another kind."""
        if self._topics and self._dialled is not self._unified:
            raise FeedLost(VENUE, STREAM, "the account is of another kind now, which has a socket of its own")
        super().heard(decoded)

    def _doubt(self, decoded: Decoded) -> tuple[str, bool]:
        """Wallets are told with each move of a price, and so are debts: only what changed them is a reason to read."""
        if decoded.kind is not FrameKind.DATA or decoded.problems:
            return super()._doubt(decoded)
        if not decoded.events and (decoded.stream.startswith(OF_LOANS) or decoded.name == UNIFIED_BALANCE):
            return self._hint()
        if decoded.events and all(isinstance(one, BalanceChanged | PositionChanged | Tick) for one in decoded.events):
            return ("what is held changed", False) if self._changed(decoded.events) else ("", False)
        why, config = super()._doubt(decoded)
        if not why and decoded.name in HINTS:
            return "the user stream told of a change without its figures", decoded.name in SETTINGS
        return why, config

    def _hint(self) -> tuple[str, bool]:
        """What may be a new debt or balance, or the same at new prices: worth a reading now and then, and no reason to
        take one that is under way for less than whole.
        """
        now = self._clock.monotonic()
        if now - self._hinted >= self._timings.account_every_blind_seconds:
            self._hinted = now
            self._resync("the user stream told of what may have changed", False)
        return "", False

    def _changed(self, events: Sequence[Event]) -> bool:
        """Whether a wallet or a position differs from what was pushed of it before, beside its figures."""
        changed = False
        for one in events:
            if isinstance(one, BalanceChanged) and one.wallet is not None:
                changed |= self._wallets.get(one.asset) != one.wallet
                self._wallets[one.asset] = one.wallet
            elif isinstance(one, PositionChanged):
                place, said = (
                    (one.symbol, one.side),
                    (one.quantity, one.entry_price, one.margin_mode, one.isolated_wallet),
                )
                changed |= self._positions.get(place) != said
                self._positions[place] = said
        return changed

    def _changes(self, before: AccountSnapshot, now: AccountSnapshot) -> Mapping[str, Sequence[float | None]]:
        """A position of another size than before must have been told since shortly before the first reading."""
        sizes = {one.key: one.quantity for one in before.positions}
        found = {one.key: one.quantity for one in now.positions}
        since = before.asked + (self._asker.offset_seconds or 0.0) - SLACK_SECONDS
        return {self._told_by_topic: [since] if sizes != found and self._host is Host.FUTURES else []}

    @property
    def _told_by_topic(self) -> str:
        """The topic that tells of positions."""
        return UNIFIED_POSITIONS_TOPIC if self._unified else POSITIONS_TOPIC

    def _topic_of(self, decoded: Decoded) -> str:
        """The topic of a frame, where it tells what REST shows: a position that moved with its mark was not told of."""
        return self._told_by_topic if any(isinstance(one, PositionChanged) for one in decoded.events) else ""
