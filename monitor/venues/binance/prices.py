"""USD prices of coins that spot loans and portfolio margin hold: which of the venue's sources tells each of them.

Best is the venue's stream of asset indices. A coin that is not on it, and has a contract, takes the index beside its
mark, which comes every second. What neither tells is asked for over REST every few seconds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, Refused
from monitor.domain.events import AssetTick, Event
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.loans import answers as loans
from monitor.venues.binance.loans import endpoints
from monitor.venues.binance.loans.pairs import STABLES
from monitor.venues.binance.portfolio import answers as portfolio
from monitor.venues.binance.portfolio import endpoints as portfolio_endpoints
from monitor.venues.binance.streams import BinanceSpeech
from monitor.venues.fields import BadField, Loose, positive, seconds
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials, Timings

QUOTE = "USDT"  #: of the contracts whose index is taken, and of the pairs that are asked for
MULTIPLES = ((1.0, ""), (1e3, "1000"), (1e6, "1000000"))  #: of a coin, by how a contract's name begins
_BEGINS = b'{"stream":"!markPrice@arr'


class _Row(msgspec.Struct, gc=False):
    E: float = 0.0
    s: str = ""
    i: Loose = None


class _Frame(msgspec.Struct, gc=False):
    data: list[_Row]


_frame = msgspec.json.Decoder(_Frame, strict=False)


@dataclass(frozen=True, slots=True)
class _Holder:
    """One account that holds or owes something."""

    credentials: Credentials
    assets: frozenset[Asset]
    portfolio: bool


class Prices:
    """What the accounts of some products hold, and which source told each coin's price last."""

    def __init__(self, client: Client, emit: Emit, clock: Clock, timings: Timings) -> None:
        self._client, self._emit, self._clock, self._timings = client, emit, clock, timings
        self._held: dict[AccountKey, _Holder] = {}
        self._contracts: Mapping[Symbol, tuple[Asset, float]] = {}
        self._indexed: dict[Asset, float] = {}  #: steady time at which the venue's own stream told it
        self._live: dict[Asset, float] = {}  #: steady time at which any stream did
        self._unlisted: dict[Asset, float] = {}  #: coins that the venue refused to price, until when they are let be
        self._dollars: dict[Asset, float] = {}  #: of quotes, as last told

    def hold(
        self, account: AccountKey, credentials: Credentials, assets: Iterable[Asset], *, portfolio: bool = False
    ) -> None:
        """An account holds or owes these, and no others; its key may be used to ask for them. `portfolio`: it is one of
        portfolio margin, which has index prices of its own.
        """
        holder = _Holder(credentials, frozenset(assets), portfolio)
        if self._held.get(account) == holder:
            return
        self._held[account] = holder
        self._contracts = {
            f"{begins}{coin}{QUOTE}": (coin, multiple)
            for coin in self.wanted
            if coin != QUOTE
            for multiple, begins in MULTIPLES
        }

    @property
    def wanted(self) -> frozenset[Asset]:
        """All that somebody holds or owes."""
        return frozenset().union(*(one.assets for one in self._held.values()))

    @property
    def dollars(self) -> Mapping[Asset, float]:
        """USD prices of what pairs are quoted in, as last told."""
        return self._dollars

    def told(self, events: Sequence[Event]) -> None:
        """The venue's stream of asset indices told these."""
        now = self._clock.monotonic()
        for event in events:
            if isinstance(event, AssetTick):
                self._indexed[event.asset] = self._live[event.asset] = now
                if event.asset in STABLES or event.asset in ("BTC", "ETH", "BNB"):
                    self._dollars[event.asset] = event.price_usd

    def beside_marks(self, raw: bytes, received: float) -> tuple[AssetTick, ...]:
        """The indices in an array of marks, of coins held that no better source tells."""
        if not self._contracts or not raw.startswith(_BEGINS):
            return ()
        try:
            rows = _frame.decode(raw).data
        except (ValueError, RecursionError):
            return ()
        now = self._clock.monotonic()
        found = [tick for row in rows if (tick := self._tick(row, received, now)) is not None]
        for tick in found:
            self._live[tick.asset] = now
        return tuple(found)

    def _tick(self, row: _Row, received: float, now: float) -> AssetTick | None:
        coin, multiple = self._contracts.get(row.s, ("", 1.0))
        if not coin or self._young(self._indexed, coin, now):
            return None
        try:
            price, at = positive("i", row.i), seconds("E", row.E)
        except BadField:
            return None  # the mark in the same row is counted where marks are read
        return AssetTick(VENUE, coin, price / multiple * self._dollars.get(QUOTE, 1.0), at, received)

    def stand_in(self, ticks: Iterable[AssetTick]) -> None:
        """Prices that came over REST, beside something else: used where no stream tells."""
        now = self._clock.monotonic()
        for tick in ticks:
            if tick.asset in self.wanted and not self._young(self._live, tick.asset, now):
                self._emit(tick)

    def missing(self) -> tuple[Asset, ...]:
        """Coins that somebody holds and no stream tells. Tether, in which all others are asked for, is none of them."""
        now = self._clock.monotonic()
        return tuple(
            sorted(
                coin
                for coin in self.wanted
                if coin != QUOTE
                and not self._young(self._live, coin, now)
                and (coin in STABLES or not self._is_unlisted(coin, now))
            )
        )

    async def read(self) -> None:
        """Ask for the price of each coin that is missing. A stablecoin of which the venue tells none counts a dollar.

        An answer that cannot be read costs its coin, and is raised once the others were asked for.
        """
        unreadable: MalformedAnswer | None = None
        for coin in self.missing():
            try:
                ticks = await self._ask(coin)
            except MalformedAnswer as exc:
                unreadable = exc
                continue
            now = self._clock.monotonic()
            if not ticks and not self._is_unlisted(coin, now):
                self._unlisted[coin] = now + self._timings.refused_every_seconds
            if not ticks and coin in STABLES:
                at = self._clock.now()
                ticks = (AssetTick(VENUE, coin, 1.0, at, at),)
            for tick in ticks:
                self._emit(tick)
        if unreadable is not None:
            raise unreadable

    async def _ask(self, coin: Asset) -> tuple[AssetTick, ...]:
        """Nothing where the venue told none, to any of those who hold it: a key may be dead."""
        if self._is_unlisted(coin, self._clock.monotonic()):
            return ()
        for holder in [one for one in self._held.values() if coin in one.assets]:
            with contextlib.suppress(Refused):
                ticks = await (self._index(holder, coin) if holder.portfolio else self._pair(holder, coin))
                if ticks:
                    return ticks
        return ()

    def _is_unlisted(self, coin: Asset, now: float) -> bool:
        return now < self._unlisted.get(coin, float("-inf"))

    async def _pair(self, holder: _Holder, coin: Asset) -> tuple[AssetTick, ...]:
        """As a pair of spot margin."""
        answer = await self._client.ask(endpoints.PRICE_INDEX, {"symbol": coin + QUOTE}, holder.credentials)
        tick = loans.price_index(answer.body, VENUE, answer.received, self._dollars)
        return () if tick is None else (tick,)

    async def _index(self, holder: _Holder, coin: Asset) -> tuple[AssetTick, ...]:
        """As collateral of portfolio margin."""
        answer = await self._client.ask(
            portfolio_endpoints.ASSET_INDEX,
            {"asset": coin},
            holder.credentials,
            weight=portfolio_endpoints.ASSET_INDEX_ONE_WEIGHT,
        )
        return portfolio.asset_prices(answer.body, VENUE, answer.received, [])

    def _young(self, told: Mapping[Asset, float], coin: Asset, now: float) -> bool:
        return now - told.get(coin, float("-inf")) < self._timings.assets_silent_seconds


class MarketSpeech(BinanceSpeech):
    """The market's socket, whose arrays of marks also price what spot loans hold."""

    def __init__(self, prices: Prices) -> None:
        super().__init__()
        self._prices = prices

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Never raises."""
        decoded = super().decode(raw, received)
        if decoded.events:
            self._prices.told(decoded.events)
            ticks = self._prices.beside_marks(raw, received)
            if ticks:
                return replace(decoded, events=(*decoded.events, *ticks))
        return decoded
