"""What the readings of one account have in common, whatever the product: rows, the asking, and what the key may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.events import CashFlowsRead, PollFailed
from monitor.venues.binance import answers, endpoints
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.desk import check_powers
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings

READINGS = ("account", "config", "permissions", "income")  #: of every product; each has further ones


class ProductReadings:
    """One account's rows and the way to ask with its key. A product adds what it reads."""

    def __init__(
        self,
        settings: AccountSettings,
        client: Client,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        further: Sequence[str] = (),
    ) -> None:
        """`further` names the product's rows beside those that all have."""
        self.account = settings.key
        self.rows = {what: Reading(VENUE, settings.name, what) for what in (*READINGS, *further)}
        self.tiered = Contents(timings.missing_spacing_seconds, timings.tiers_every_seconds)
        self._settings, self._client, self._emit = settings, client, emit
        self._clock, self._timings = clock, timings

    async def permissions(self) -> None:
        """Read what the key may do; raises `KeyTooPowerful` where the policy refuses it."""
        answer = await self._ask("permissions", endpoints.API_RESTRICTIONS)
        self.rows["permissions"].came(answer)
        with self.rows["permissions"].taking(answer):
            read = answers.permissions(answer.body, self.account, answer.received)
        self._emit(read)
        check_powers(self.account, read.permissions, self._settings.permissions)

    async def income(self, since: float) -> None:
        """The history of cash flows, of which this product tells nothing: what it cannot explain stays unexplained."""
        now = self._clock.now()
        self.rows["income"].fine()
        self._emit(CashFlowsRead(account=self.account, flows=(), since=since, until=since, received=now))

    async def _ask(
        self,
        what: str,
        endpoint: Endpoint,
        params: Mapping[str, str | int] | None = None,
        priority: Priority = Priority.NEEDED,
        weight: int | None = None,
    ) -> Answer:
        """One request with the account's key. A reading that waits long for the budget says so."""

        def waits(why: str) -> None:
            if self.rows[what].reason == why:
                return  # another request of the same reading waits, too
            self.rows[what].waits(why)
            self._emit(PollFailed(VENUE, self.account.account, what, self._clock.now(), why, waiting=True))

        return await self._client.ask(
            endpoint,
            params,
            self._settings.credentials,
            account=self.account.account,
            weight=weight,
            priority=priority,
            waits=waits,
        )

    async def _optional(
        self, what: str, endpoint: Endpoint, params: Mapping[str, str | int] | None = None
    ) -> Answer | None:
        """What is worth asking, and no reason to go without the rest; None without an answer."""
        try:
            answer = await self._ask(what, endpoint, params)
        except VenueError:
            return None
        self.rows[what].came(answer)
        return answer
