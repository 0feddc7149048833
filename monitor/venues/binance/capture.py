"""An account's raw answers as `assess` reads them, asked for once: what follows the product and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.domain.clock import Clock
from monitor.venues import folder
from monitor.venues.binance import endpoints as usdm
from monitor.venues.binance import endpoints_coinm as coinm
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.loans import answers as loan_answers
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.loans.pairs import price_pair
from monitor.venues.binance.planned import product_of
from monitor.venues.binance.portfolio import answers as portfolio_answers
from monitor.venues.binance.portfolio import endpoints as portfolio
from monitor.venues.binance.settings import (
    COINM,
    ISOLATED_MARGIN,
    MARGIN,
    PORTFOLIO,
    PORTFOLIO_PRO,
    USDM,
    BinanceSettings,
)
from monitor.venues.capturing import Capturing

_FUTURES = (usdm.EXCHANGE_INFO, usdm.PREMIUM_INDEX, coinm.EXCHANGE_INFO, coinm.PREMIUM_INDEX, usdm.API_RESTRICTIONS)
CAPTURED: Mapping[str, tuple[Endpoint, ...]] = {
    USDM: usdm.CAPTURED,
    COINM: (*coinm.CAPTURED, usdm.ASSET_INDEX, usdm.API_RESTRICTIONS),
    MARGIN: (*loans.CROSS_CAPTURED, usdm.ASSET_INDEX, usdm.API_RESTRICTIONS),
    ISOLATED_MARGIN: (*loans.ISOLATED_CAPTURED, usdm.ASSET_INDEX, usdm.API_RESTRICTIONS),
    PORTFOLIO: (*portfolio.CAPTURED, *_FUTURES),
    PORTFOLIO_PRO: (
        *portfolio.PRO_CAPTURED,
        usdm.POSITION_RISK,
        coinm.POSITION_RISK,
        usdm.ACCOUNT_CONFIG,
        usdm.LEVERAGE_BRACKET,
        coinm.LEVERAGE_BRACKET,
        *_FUTURES,
    ),
}
"""What is asked of an account of each product, whatever it holds, in this order."""

REQUIRED: frozenset[Endpoint] = frozenset(
    {
        *usdm.REQUIRED,
        *coinm.REQUIRED,
        *loans.CROSS_REQUIRED,
        *loans.ISOLATED_REQUIRED,
        *portfolio.REQUIRED,
        *portfolio.PRO_REQUIRED,
    }
)


async def capture(
    settings: BinanceSettings, account: str, clock: Clock, left_out: Callable[[str], None]
) -> tuple[dict[str, bytes], float]:
    """All answers by file name, as they came, and when the first one did. Raises what the venue refuses.

    An optional one that fails is left out, and `left_out` told so.
    """
    told = next(one for one in settings.accounts if one.name == account)
    client = Client(settings, lambda _event: None, clock)
    return await _Capturing(client, told, clock, left_out).done()


class _Capturing(Capturing[Client]):
    async def _everything(self) -> None:
        product = product_of(self._account.product)
        for endpoint in CAPTURED[product]:
            body = await self._ask(endpoint)
            if body is not None:
                await self._follow(endpoint, body)

    async def _follow(self, endpoint: Endpoint, body: bytes) -> None:
        """Ask what only this answer tells to ask."""
        key, at = self._account.key, self._first
        if endpoint == loans.CROSS_ACCOUNT:
            snapshot = loan_answers.cross_snapshot(body, key, at, at)
            for pair in sorted({price_pair(one.asset) for one in snapshot.balances} - {""}):
                await self._ask(loans.PRICE_INDEX, {"symbol": pair})
        elif endpoint == loans.ISOLATED_ACCOUNT:
            for wallet in loan_answers.isolated_snapshot(body, key, at, at).wallets:
                await self._ask(loans.ISOLATED_TIER, {"symbol": wallet.name})
        elif endpoint == portfolio.PRO_ACCOUNT and portfolio_answers.kind_of(body, VENUE) == portfolio_answers.SPAN:
            await self._ask(portfolio.PRO_ACCOUNT_SPAN)

    async def _ask(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> bytes | None:
        """One answer, kept under its name; None where it is optional and was refused."""
        name = folder.name(endpoint.path, params)
        credentials = self._account.credentials if endpoint.signed else None
        return await self._keep(name, self._client.ask(endpoint, params, credentials), required=endpoint in REQUIRED)
