"""An account's raw answers as `assess` reads them, asked for once: what is asked follows what is held and ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.venues import folder
from monitor.venues.capturing import Capturing
from monitor.venues.okx import answers_account, endpoints
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import REQUIRED, Endpoint, InstType
from monitor.venues.okx.needs import CROSS, Needs, of_snapshot
from monitor.venues.okx.polls import FEE_KINDS, ORDER_PAGES, last_order
from monitor.venues.okx.settings import OkxSettings


async def capture(
    settings: OkxSettings, account: str, clock: Clock, left_out: Callable[[str], None]
) -> tuple[dict[str, bytes], float]:
    """All answers by file name, as they came, and when the first one did. Raises what the venue refuses.

    An optional one that fails is left out, and `left_out` told so.
    """
    told = next(one for one in settings.accounts if one.name == account)
    client = Client(settings, lambda _event: None, clock)
    return await _Capturing(client, told, clock, left_out).done()


class _Capturing(Capturing[Client]):
    async def _everything(self) -> None:
        config = await self._ask(endpoints.ACCOUNT_CONFIG)
        balance = await self._ask(endpoints.BALANCE)
        positions = await self._ask(endpoints.POSITIONS)
        orders = await self._orders()
        if config is None or balance is None or positions is None:  # pragma: no cover - they are required
            return
        key, at = self._account.key, self._first
        level = answers_account.account_config(config, [], key, at, at).mode.collateral
        held = of_snapshot(answers_account.account_snapshot(balance, positions, orders, key, at, at))
        await self._of_the_account(held, level)
        await self._of_the_market(held)

    async def _of_the_account(self, held: Needs, level: CollateralMode | None) -> None:
        await self._ask(endpoints.MAX_WITHDRAWAL)
        for kind in sorted(FEE_KINDS | (held.kinds - {InstType.MARGIN})):
            await self._ask(endpoints.TRADE_FEE, {"instType": kind})
        if level is CollateralMode.PORTFOLIO:
            await self._ask(endpoints.POSITION_BUILDER, said=endpoints.REAL_ACCOUNT)
            await self._ask(endpoints.POSITION_BUILDER_GRAPH, said=endpoints.REAL_ACCOUNT_GRAPH)

    async def _of_the_market(self, held: Needs) -> None:
        for kind in sorted(held.kinds - {InstType.OPTION}):
            await self._ask(endpoints.INSTRUMENTS, {"instType": kind})
        for family in sorted(held.option_families):
            await self._ask(endpoints.INSTRUMENTS, {"instType": InstType.OPTION, "instFamily": family})
            await self._ask(endpoints.OPT_SUMMARY, {"instFamily": family})
        for kind in sorted(held.kinds):
            await self._ask(endpoints.MARK_PRICE, {"instType": kind})
        for table in sorted(held.tiers):
            await self._ask(endpoints.POSITION_TIERS, table.params())
        await self._ask(endpoints.DISCOUNT_RATES)
        for asset in sorted(held.lent):
            await self._ask(endpoints.POSITION_TIERS, {"instType": InstType.MARGIN, "tdMode": CROSS, "ccy": asset})
        await self._ask(endpoints.INDEX_TICKERS, {"quoteCcy": "USD"})

    async def _orders(self) -> list[bytes]:
        pages: list[bytes] = []
        after: dict[str, str] = {}
        for number in range(1, ORDER_PAGES + 1):
            page = await self._ask(endpoints.ORDERS, {}, page=number, said=after)
            if page is None:
                break
            pages.append(page)
            last = last_order(page)
            if last is None:
                break
            after = {"after": last}
        return pages

    async def _ask(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None = None,
        *,
        page: int = 1,
        said: Mapping[str, object] | None = None,
    ) -> bytes | None:
        """One answer, kept under its name; `said` is part of the question and not of the name."""
        name = folder.name(endpoint.path, params, page)
        credentials = self._account.credentials if endpoint.signed else None
        asked = self._client.ask(endpoint, {**(params or {}), **(said or {})}, credentials, account=self._account.name)
        return await self._keep(name, asked, required=endpoint in REQUIRED)
