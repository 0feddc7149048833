"""One account at KuCoin: the desk that all venues have, with the readings and the pushes of its product."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, BalanceChanged, Event
from monitor.domain.names import AccountKey
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.desk import Desk, Further
from monitor.venues.kucoin.client import Client
from monitor.venues.kucoin.endpoints import DEBT_TOPIC, FUTURES_TOPICS, ISOLATED_TOPIC, UNIFIED_TOPICS, Host
from monitor.venues.kucoin.names import venue_name
from monitor.venues.kucoin.needs import Needs
from monitor.venues.kucoin.polls import CLASSIC, UNIFIED, AccountReadings, Asked, MarginReadings
from monitor.venues.kucoin.polls_futures import FuturesReadings
from monitor.venues.kucoin.settings import FUTURES, ISOLATED_MARGIN, KucoinSettings
from monitor.venues.kucoin.user import UserStream
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings

TOPICS_OF = {CLASSIC: FUTURES_TOPICS, UNIFIED: UNIFIED_TOPICS}
Held = Callable[[AccountSnapshot], None]
Shown = Callable[[AccountKey, Sequence[Event]], None]


class AccountDesk(Desk):
    """Tells what the account holds, and has its topics follow that."""

    def __init__(
        self,
        account: AccountSettings,
        settings: KucoinSettings,
        client: Client,
        emit: Put,
        clock: Clock,
        stretch: Callable[[], float],
        held: Held,
        shown: Shown,
        settle: Callable[[], Collection[str]],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`stretch` is the factor on all intervals; `held` is told of each snapshot, `shown` of what pushes show, and
        `settle` says in which currencies contracts settle.
        """
        self.settings, self._tell_held, self._tell_shown = account, held, shown
        timings = settings.timings
        self._product = account.product or FUTURES
        self.readings: AccountReadings
        if self._product == FUTURES:
            self.readings = FuturesReadings(account, client, emit, clock, timings, settle)
        else:
            each = self._product == ISOLATED_MARGIN
            self.readings = MarginReadings(account, client, emit, clock, timings, each=each)
        host = Host.FUTURES if self._product == FUTURES else Host.SPOT
        self.pushes = UserStream(account, settings, host, client, emit, clock, self.resync, self._show, recorder)
        further = (
            Further("tiers", self.readings.tiers, lambda: timings.tiers_every_seconds),
            Further("collateral", self.readings.collateral, lambda: timings.tiers_every_seconds),
        )
        super().__init__(
            account.key, self.readings, self.pushes, emit, clock, timings, stretch, self._holds_all, further
        )

    @property
    def needs(self) -> Needs:
        """What the account needs read and streamed."""
        return self.readings.needs

    @property
    def asked(self) -> Asked:
        """What decides how much is asked for the account."""
        return Asked(self._product, self.readings.kind, self.user.up)

    @property
    def is_classic(self) -> bool:
        """Whether it is a classic account of futures, as far as is known."""
        return self._product == FUTURES and self.readings.kind == CLASSIC

    def read_flows(self, since: float) -> None:
        """Have the history of cash flows read soon, where there is one that is read."""
        if self.readings.has_history:
            super().read_flows(since)

    def _show(self, events: Sequence[Event]) -> None:
        if isinstance(self.readings, FuturesReadings):
            for one in events:
                if isinstance(one, BalanceChanged) and one.wallet:
                    self.readings.note_currency(venue_name(one.asset))
        self._tell_shown(self.account, events)

    def _holds_all(self, snapshot: AccountSnapshot) -> None:
        self._follow()
        self._tell_held(snapshot)

    async def _read_config(self) -> None:
        before = self.readings.kind
        await super()._read_config()
        self._follow()
        if self.readings.kind != before:
            self.ring("tiers")

    def _follow(self) -> None:
        """Ask for the topics of what the account is and holds."""
        self.pushes.need(self._topics())
        if isinstance(self.readings, FuturesReadings):
            if self.readings.lacks_fees():
                self.ring("config")
            if self.readings.lacks_tiers():
                self.ring("tiers")

    def _topics(self) -> Collection[str]:
        if self._product == FUTURES:
            return TOPICS_OF.get(self.readings.kind or "", ())
        if self._product == ISOLATED_MARGIN:
            return [ISOLATED_TOPIC + pair for pair in self.needs.pairs]
        return (DEBT_TOPIC,)
