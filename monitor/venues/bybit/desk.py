"""One account at Bybit: the desk that all venues have, with this venue's readings and private socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, AssetTick, Event
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey, Asset
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.bybit.client import Client
from monitor.venues.bybit.endpoints import PRIVATE_ROUTE, PRIVATE_TOPICS
from monitor.venues.bybit.limits import End
from monitor.venues.bybit.market import ledger_limits
from monitor.venues.bybit.needs import Needs
from monitor.venues.bybit.polls import AccountReadings
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.bybit.speech import BybitSpeech
from monitor.venues.desk import Desk, Further
from monitor.venues.ledger import Ledger
from monitor.venues.private import STREAM, Language, PrivateStream
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Secret

Held = Callable[[AccountKey, AccountSnapshot], None]
Shown = Callable[[AccountKey, Sequence[Event]], None]


class AccountDesk(Desk):
    """Tells what the account holds, and reads the scenarios of portfolio margin while that is its mode."""

    def __init__(
        self,
        account: AccountSettings,
        settings: BybitSettings,
        client: Client,
        emit: Put,
        clock: Clock,
        stretch: Callable[[], float],
        held: Held,
        shown: Shown,
        priced: Callable[[AssetTick], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`stretch` is the factor on all intervals; `held` is told of each snapshot, `shown` of what pushes show, and
        `priced` of prices in wallets.
        """
        self._tell_held = held
        timings = settings.timings
        self._account_readings = AccountReadings(account, client, emit, clock, timings.snapshot_tries, priced)
        language = Language(
            address=Secret(settings.urls.private.rstrip("/") + PRIVATE_ROUTE),
            speech=lambda: BybitSpeech(timings, client.venue_now, account.key, account.credentials),
            stamps=stamps,
            topic_of=topic_of,
        )
        ledger = Ledger(VENUE, account.name, (), ledger_limits(timings), rows=(STREAM,))
        ledger.want(STREAM, PRIVATE_TOPICS)
        user = PrivateStream(
            account.key,
            language,
            ledger,
            client,
            emit,
            clock,
            timings,
            self.resync,
            lambda events: shown(account.key, events),
            recorder,
        )
        further = (
            Further("risk", self._read_risk, lambda: self.stretched(timings.account_every_seconds)),
            Further("collateral", self._account_readings.collateral, lambda: timings.tiers_every_seconds),
        )
        super().__init__(
            account.key, self._account_readings, user, emit, clock, timings, stretch, self._holds_all, further
        )

    @property
    def needs(self) -> Needs:
        """What the account needs streamed, as it was last read."""
        return self._account_readings.needs

    @property
    def tier_ends(self) -> frozenset[End]:
        """Where the tiers of its positions end, as it was last read."""
        return self._account_readings.tier_ends

    @property
    def mode(self) -> CollateralMode | None:
        """The account's mode as last read."""
        return self._account_readings.mode

    @property
    def may_ask(self) -> bool:
        """Whether the key may be used."""
        return self._permitted.is_set()

    async def read_prices(self) -> frozenset[Asset]:
        """Read the prices in the wallet; of which coins it tells one."""
        return await self._account_readings.prices()

    def _holds_all(self, snapshot: AccountSnapshot) -> None:
        self._tell_held(self.account, snapshot)
        if self._account_readings.lacks_fees():
            self.ring("config")

    async def _read_config(self) -> None:
        before = self.mode
        await super()._read_config()
        if self.mode is not before:
            self.ring("risk")

    async def _read_risk(self) -> None:
        if await self._account_readings.risk():
            self.resync("there are new scenarios")


def stamps(before: AccountSnapshot, now: AccountSnapshot) -> Mapping[str, Sequence[float | None]]:
    """By topic, when what is new in a snapshot was written: a push must have told it.

    A position is new where its size changed: funding and settings also write its time, and it is not known that each
    of them is pushed.
    """
    sizes = {one.key: one.quantity for one in before.positions}
    resting = {one.id: one.quantity for one in before.orders}
    return {
        "position": [one.update_time for one in now.positions if sizes.get(one.key) != one.quantity],
        "order": [one.update_time for one in now.orders if resting.get(one.id) != one.quantity],
    }


def topic_of(decoded: Decoded) -> str:
    """The topic of a frame."""
    return decoded.name if decoded.name in PRIVATE_TOPICS else ""
