"""The balances of one spot-margin account as they are pushed: its tokens, its socket, and the doubt about both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from monitor.domain.accounts import Balance
from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.events import AccountSnapshot, Event
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import Asset
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.loans import codec
from monitor.venues.binance.loans.endpoints import LISTEN_TOKEN, SOCKET_API_ROUTE
from monitor.venues.binance.loans.speech import TokenSpeech
from monitor.venues.binance.loans.tokens import CROSS, Tokens
from monitor.venues.binance.settings import BinanceUrls
from monitor.venues.ledger import Ledger
from monitor.venues.private import STREAM, Language, PrivateStream
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Secret, Timings
from monitor.venues.subscriptions import LedgerLimits
from monitor.venues.wake import Wake, together

DIGITS = 8  #: of an amount, as the venue prints it
MASKED = b"***"  #: what stands for a token in what is kept of a frame


class _Token(msgspec.Struct):
    token: str
    expirationTime: float


class BalanceStream(PrivateStream):
    """A private stream whose topics are tokens: those of one account, or of each of its pairs."""

    def __init__(
        self,
        settings: AccountSettings,
        urls: BinanceUrls,
        client: Client,
        emit: Put,
        clock: Clock,
        timings: Timings,
        resync: Callable[[str, bool], None],
        places: Collection[str] = (CROSS,),
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`places` need a token each from the beginning; `need` says others."""
        self._settings, self._asker = settings, client
        self._bell, self._dialled = Wake(clock), False
        self.tokens = Tokens(timings)
        self.tokens.need(places)
        limits = LedgerLimits(
            acknowledge_seconds=timings.acknowledge_seconds, reconnect_seconds=timings.reconnect_seconds
        )
        ledger = Ledger(VENUE, settings.name, (), limits, rows=(STREAM,))
        language = Language(
            address=Secret(urls.socket_api.rstrip("/") + SOCKET_API_ROUTE),
            speech=lambda: TokenSpeech(settings.key, self.tokens.secret),
            stamps=self._stamps,
            topic_of=lambda decoded: place_of(decoded.stream),
        )
        super().__init__(settings.key, language, ledger, client, emit, clock, timings, resync, _nobody_shown, recorder)

    def need(self, places: Iterable[str]) -> None:
        """From now on these places, and no others, are to be told of."""
        self.tokens.need(sorted(places))
        self._follow()
        self._bell.ring()

    async def run(self) -> None:
        """Keep tokens and socket up for ever."""
        await together(super().run(), self._keep_tokens())

    # Tokens

    async def _address(self) -> Secret:
        address = await super()._address()
        await self._fetch()
        self._dialled = True
        return address

    async def _correct_clock(self, exc: VenueError) -> None:
        self._dialled = False  # whoever dials fetches tokens, at the pace of dialling
        await super()._correct_clock(exc)

    async def _keep_tokens(self) -> None:
        """Fetch what is due, when it is due. Without an answer what there is goes on serving."""
        while True:
            await self._bell.wait(self._timings.watch_every_seconds)
            if not self._dialled:
                continue
            try:
                await self._fetch()
            except VenueError as exc:
                await self._clock.sleep(self._pace.pause(exc, live_seconds=self._live_seconds()))

    async def _fetch(self) -> None:
        now, client = self._clock.monotonic(), self._asker
        for place in self.tokens.due(now, client.venue_now()):
            params = {} if place == CROSS else {"symbol": place, "isIsolated": "true"}
            answer = await client.ask(LISTEN_TOKEN, params, self._settings.credentials, account=self._settings.name)
            try:
                said = msgspec.json.decode(answer.body, type=_Token, strict=False)
            except (ValueError, RecursionError):
                raise MalformedAnswer(VENUE, STREAM, "the answer holds no listen token") from None
            expires = said.expirationTime / 1000.0
            self.tokens.came(place, Secret(said.token), expires, self._clock.monotonic(), client.venue_now())
        self._follow()

    def _follow(self) -> None:
        """Have the ledger want what has a token."""
        topics = self.tokens.topics()
        if topics or not self.tokens.places:
            self.ledger.want(STREAM, topics)

    # What the conversation tells

    def record(self, raw: bytes, received: float) -> None:
        """Have a frame kept, without tokens."""
        for token in self.tokens.revealed():
            raw = raw.replace(token.encode(), MASKED)
        super().record(raw, received)

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame means for tokens and readings."""
        if decoded.kind in (FrameKind.KEY_EXPIRED, FrameKind.REFUSED) and decoded.stream:
            self.tokens.died(decoded.stream)
            why = "the listen token is over" if decoded.kind is FrameKind.KEY_EXPIRED else decoded.why
            self.ledger.attempts[""].doubt(decoded.stream, why, self._clock.monotonic())
            for edge in self.ledger.edges(self._clock.now()):
                self._emit(edge)
            self._bell.ring()
        if decoded.kind is FrameKind.ACKNOWLEDGED and self._live_since is not None:
            self.changed_over()
        super().heard(decoded)

    def _doubt(self, decoded: Decoded) -> tuple[str, bool]:
        why, config = super()._doubt(decoded)
        if not why and decoded.kind is FrameKind.DATA and decoded.name in codec.HINTS:
            why = "the user stream told of a change"
        return why, config

    def _speaks_against(self, topic: str, now: float) -> None:
        """A place that does not tell what REST shows gets another token, and the second time another socket."""
        if self.tokens.doubt(topic, now):
            self._bell.ring()
            return
        for subscribed in self.tokens.topics():
            if place_of(subscribed) == topic:
                super()._speaks_against(subscribed, now)

    def _stamps(self, before: AccountSnapshot, now: AccountSnapshot) -> Mapping[str, Iterable[float | None]]:
        """Rows have no time: a change came after the earlier of the two readings was asked for."""
        since = before.asked + (self._asker.offset_seconds or 0.0)
        then, there = owned(before), owned(now)
        return {place: [since] for place in self.tokens.places if then.get(place, {}) != there.get(place, {})}


def owned(snapshot: AccountSnapshot) -> dict[str, dict[Asset, float]]:
    """What is there by place, owed or not: a wallet is less what is owed, which is told elsewhere, if at all."""
    places = {wallet.name: dict(wallet.balances) for wallet in snapshot.wallets}
    if not places:
        places[CROSS] = {balance.asset: balance for balance in snapshot.balances}
    return {
        place: {asset: there for asset, one in balances.items() if (there := _there(one))}
        for place, balances in places.items()
    }


def _there(balance: Balance) -> float:
    return round(balance.wallet + balance.borrowed + balance.interest, DIGITS)


def place_of(topic: str) -> str:
    """The place of a subscription."""
    return topic.rpartition("#")[0]


def _nobody_shown(events: Sequence[Event]) -> None:
    """Nothing that is pushed here asks for something of the market."""
