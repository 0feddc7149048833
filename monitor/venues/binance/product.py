"""What the readings of one account have in common, whatever the product: rows, the asking, and what the key may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.events import CashFlow, CashFlowsRead, PollFailed
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.binance import answers, cash, endpoints
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.desk import check_powers
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings

ReadPage = Callable[[bytes, Venue, AccountKey, float, list[RowProblem]], cash.Page]
INCOME_PAGES = 4  #: read of the history of cash flows at most: an account that trades more often is not followed
INCOME_LAG_SECONDS = 1.0  #: what happened this shortly before the question need not be in the history
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

    async def _history(self, endpoint: Endpoint, page: ReadPage, since: float) -> CashFlowsRead:
        """The flows that a history tells from the venue's time `since` on, page by page, oldest first, and until when
        they are whole.
        """
        flows: list[CashFlow] = []
        until, received = since, self._clock.now()
        for _ in range(INCOME_PAGES):
            begins = since if not flows else until + 0.001
            params: dict[str, str | int] = {"startTime": round(begins * 1000), "limit": cash.PAGE_ROWS}
            answer = await self._ask("income", endpoint, params, Priority.USEFUL)
            self.rows["income"].came(answer)
            asked = answer.asked + (self._client.offset_seconds or 0.0)
            with self.rows["income"].taking(answer) as bad:
                read = page(answer.body, VENUE, self.account, answer.received, bad)
            if bad:
                break  # what it did not tell may be just what is looked for
            ends = asked - INCOME_LAG_SECONDS if read.last else read.until
            flows += [flow for flow in read.flows if flow.venue_time <= ends]
            until, received = ends, answer.received
            if read.last:
                break
        return CashFlowsRead(account=self.account, flows=tuple(flows), since=since, until=until, received=received)

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
