"""An account's raw answers as `assess` reads them, asked for once: what is asked follows its product and holdings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot
from monitor.venues.capturing import Capturing
from monitor.venues.kucoin import answers_account, endpoints
from monitor.venues.kucoin.client import MAX_PAGES, Client
from monitor.venues.kucoin.endpoints import REQUIRED, Endpoint
from monitor.venues.kucoin.names import venue_name
from monitor.venues.kucoin.needs import Needs, of_snapshot
from monitor.venues.kucoin.polls import ALWAYS_ASKED, CLASSIC, UNIFIED, page_count
from monitor.venues.kucoin.settings import FUTURES, ISOLATED_MARGIN, KucoinSettings


async def capture(
    settings: KucoinSettings, account: str, clock: Clock, left_out: Callable[[str], None]
) -> tuple[dict[str, bytes], float]:
    """All answers by file name, as they came, and when the first one did. Raises what the venue refuses.

    An optional one that fails is left out, and `left_out` told so.
    """
    told = next(one for one in settings.accounts if one.name == account)
    client = Client(settings, lambda _event: None, clock)
    return await _Capturing(client, told, clock, left_out).done()


class _Capturing(Capturing[Client]):
    _required: tuple[Endpoint, ...] = ()  # follows the product

    async def _everything(self) -> None:
        product = self._account.product or FUTURES
        if product == FUTURES:
            await self._futures()
        elif product == ISOLATED_MARGIN:
            await self._margin(REQUIRED[product], each=True)
        else:
            await self._margin(REQUIRED[product], each=False)

    # Futures

    async def _futures(self) -> None:
        self._required = (endpoints.ACCOUNT_MODE,)
        mode = await self._ask(endpoints.ACCOUNT_MODE)
        assert mode is not None  # it is required
        kind = answers_account.account_kind(mode, self._account.key)
        if kind != UNIFIED:
            await self._ask(endpoints.POSITION_MODE)
        self._required = REQUIRED[UNIFIED if kind == UNIFIED else CLASSIC]
        held = of_snapshot(await (self._unified() if kind == UNIFIED else self._classic()))
        await self._ask(endpoints.CONTRACTS)
        for symbol in sorted(held.symbols):
            await self._ask(endpoints.MARK_PRICE, {"symbol": symbol})
            if kind != UNIFIED:
                await self._ask(endpoints.RISK_LIMIT, {"symbol": symbol})
                await self._ask(endpoints.TRADE_FEES, {"symbol": symbol})
            else:
                await self._ask(endpoints.POSITION_TIERS, {**endpoints.UNIFIED_TIERS, "symbol": symbol})
        if kind == UNIFIED:
            await self._ask(endpoints.DISCOUNTS)
        await self._prices(held)

    async def _classic(self) -> AccountSnapshot:
        positions = await self._ask(endpoints.POSITIONS)
        orders = await self._pages(endpoints.ORDERS, endpoints.ACTIVE, "currentPage")
        assert positions is not None  # it is required
        read: list[bytes] = []
        asked: set[str] = set()
        snapshot = self._classic_snapshot(positions, read, orders)
        wanted: Collection[str] = ALWAYS_ASKED
        while left := sorted(set(wanted) - asked):
            for currency in left:
                body = await self._ask(endpoints.OVERVIEW, {"currency": currency})
                read += [body] if body is not None else []
            asked |= set(left)
            snapshot = self._classic_snapshot(positions, read, orders)
            wanted = {venue_name(one.margin_asset) for one in snapshot.positions if one.margin_asset}
            wanted |= {venue_name(one.margin_asset) for one in snapshot.orders if one.margin_asset}
        return snapshot

    def _classic_snapshot(self, positions: bytes, overviews: list[bytes], orders: list[bytes]) -> AccountSnapshot:
        at = self._first
        return answers_account.classic_snapshot(positions, overviews, orders, self._account.key, at, at)

    async def _unified(self) -> AccountSnapshot:
        overview = await self._ask(endpoints.UNIFIED_OVERVIEW)
        balance = await self._ask(endpoints.UNIFIED_BALANCE)
        positions = await self._pages(endpoints.UNIFIED_POSITIONS, {}, "pageNumber")
        orders = await self._pages(endpoints.UNIFIED_ORDERS, endpoints.UNIFIED_CONTRACTS, "pageNumber")
        assert overview is not None  # it is required
        at = self._first
        return answers_account.unified_snapshot(overview, balance, positions, orders, self._account.key, at, at)

    # Spot margin

    async def _margin(self, required: tuple[Endpoint, ...], *, each: bool) -> None:
        self._required = required
        body = await self._ask(required[0], endpoints.ALL_ACCOUNTS)
        assert body is not None  # it is required
        await self._ask(endpoints.MARGIN_CONFIG)
        if each:
            await self._ask(endpoints.ISOLATED_SYMBOLS)
        await self._ask(endpoints.MARGIN_CURRENCIES)
        read = answers_account.isolated_snapshot if each else answers_account.margin_snapshot
        await self._prices(of_snapshot(read(body, self._account.key, self._first, self._first)))

    async def _prices(self, held: Needs) -> None:
        if held.assets:
            await self._ask(endpoints.MARGIN_MARKS)

    # Asking

    async def _pages(self, endpoint: Endpoint, params: Mapping[str, str], page_name: str) -> list[bytes]:
        found: list[bytes] = []
        while not found or len(found) < min(page_count(found[0]), MAX_PAGES):
            number = len(found) + 1
            body = await self._ask(
                endpoint, params, page=number, said={"pageSize": endpoints.PAGE_ROWS, page_name: number}
            )
            if body is None:
                break
            found.append(body)
        return found

    async def _ask(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None = None,
        *,
        page: int = 1,
        said: Mapping[str, str | int] | None = None,
    ) -> bytes | None:
        """One answer, kept under its name; `said` is part of the question and not of the name."""
        name = endpoints.file_name(endpoint, params, page)
        asked = self._client.ask(
            endpoint, {**(params or {}), **(said or {})}, self._account.credentials, account=self._account.name
        )
        return await self._keep(name, asked, required=endpoint in self._required)
