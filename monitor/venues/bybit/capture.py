"""An account's raw answers as `assess` reads them, asked for once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, VenueError
from monitor.domain.names import AccountKey
from monitor.venues.bybit import account_answers, endpoints
from monitor.venues.bybit.client import Client
from monitor.venues.bybit.needs import INVERSE, LINEAR, OPTION, SPOT, Needs, category_of, of_snapshot
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.settings import Credentials

Params = Mapping[str, str]


async def capture(
    settings: BybitSettings, account: str, clock: Clock, left_out: Callable[[str], None]
) -> tuple[dict[str, bytes], float]:
    """All answers by file name, as they came, and when the first one did. Raises what the venue refuses.

    An optional one that fails is left out, and `left_out` told so. Tables are asked for what the account holds.
    """
    credentials = next(one.credentials for one in settings.accounts if one.name == account)
    client = Client(settings, lambda _event: None, clock)
    try:
        await client.measure_clock()
        asking = _Asking(client, credentials, left_out)
        await asking.account()
        needs, portfolio = asking.shown(AccountKey(VENUE, account))
        await asking.tables(needs, portfolio=portfolio)
    finally:
        await client.close()
    return asking.answers, asking.first


class _Asking:
    """One capture: what was answered until now."""

    def __init__(self, client: Client, credentials: Credentials, left_out: Callable[[str], None]) -> None:
        self._client, self._credentials, self._left_out = client, credentials, left_out
        self.answers: dict[str, bytes] = {}
        self.first = 0.0

    async def account(self) -> None:
        """What is the account's own."""
        await self._ask(endpoints.ACCOUNT_INFO)
        await self._ask(endpoints.WALLET, endpoints.UNIFIED)
        for held in endpoints.HELD_IN:
            await self._ask(endpoints.POSITIONS, held)
        for held in endpoints.HELD_IN:
            await self._ask(endpoints.ORDERS, held)
        for params in endpoints.FEES_OF:
            await self._ask(endpoints.FEE_RATE, params)
        await self._ask(endpoints.BORROW_TIERS)
        await self._ask(endpoints.QUERY_API)

    def shown(self, key: AccountKey) -> tuple[Needs, bool]:
        """What the account holds and orders, and whether it is in portfolio margin."""

        def named(endpoint: endpoints.Endpoint) -> list[bytes]:
            start = endpoints.file_name(endpoint).removesuffix(".json")
            return [raw for name, raw in self.answers.items() if name.startswith(start)]

        snapshot = account_answers.account_snapshot(
            named(endpoints.WALLET)[0], named(endpoints.POSITIONS), named(endpoints.ORDERS), key, 0.0, 0.0
        )
        config = account_answers.account_config(named(endpoints.ACCOUNT_INFO)[0], (), key, 0.0, 0.0)
        return of_snapshot(snapshot), config.mode.collateral is CollateralMode.PORTFOLIO

    async def tables(self, needs: Needs, *, portfolio: bool) -> None:
        """What everybody may see of what is held; of portfolio margin also the account's scenarios."""
        if portfolio:
            await self._ask(endpoints.PORTFOLIO_MARGIN)
        for params in endpoints.leaving(needs.held):
            await self._ask(endpoints.WITHDRAWAL, params)
        await self._ask(endpoints.COLLATERAL)
        await self._ask(endpoints.TICKERS, {"category": SPOT})
        await self._ask(endpoints.INSTRUMENTS, {"category": LINEAR})
        await self._ask(endpoints.TICKERS, {"category": LINEAR})
        if needs.held_in(INVERSE):
            await self._ask(endpoints.INSTRUMENTS, {"category": INVERSE})
            await self._ask(endpoints.TICKERS, {"category": INVERSE})
        for base in sorted(needs.option_bases):
            await self._ask(endpoints.INSTRUMENTS, {"category": OPTION, "baseCoin": base})
            await self._ask(endpoints.TICKERS, {"category": OPTION, "baseCoin": base})
        for symbol in (*needs.held_in(LINEAR), *needs.held_in(INVERSE)):
            await self._ask(endpoints.RISK_LIMIT, {"category": category_of(symbol), "symbol": symbol})

    async def _ask(self, endpoint: endpoints.Endpoint, params: Params | None = None) -> None:
        """All pages of one answer, each a file."""
        credentials = self._credentials if endpoint.signed else None
        try:
            pages = await self._client.pages(endpoint, params, credentials)
        except AuthRejected:
            raise
        except VenueError as error:
            if endpoint in endpoints.REQUIRED:
                raise
            self._left_out(f"{endpoints.file_name(endpoint, params)} is left out: {error}")
            return
        self.first = self.first or pages[0].received
        for number, page in enumerate(pages, 1):
            self.answers[endpoints.file_name(endpoint, params, number)] = page.body
