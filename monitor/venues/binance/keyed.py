"""Streams whose address holds a listen key: where each product's is, and which calls keep its key alive."""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor.venues.binance import endpoints, endpoints_coinm
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.portfolio import endpoints as portfolio
from monitor.venues.binance.settings import COINM, MARGIN, PORTFOLIO, PORTFOLIO_PRO, USDM, BinanceUrls
from monitor.venues.settings import Secret

STREAM = "user"  #: the row of an account's own stream
# Rows of further ones, where a product has them.
WARNINGS, USDM_EVENTS, COINM_EVENTS = "warnings", "user-usdm", "user-coinm"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRoute:
    """One such stream. `in_query`: the key is a parameter of the address, not its last part; `names_key`: the call
    that keeps it alive names it.
    """

    base: str
    create: Endpoint
    extend: Endpoint
    stream: str = STREAM
    in_query: bool = False
    names_key: bool = False

    def address(self, key: Secret) -> Secret:
        """Where to connect with this key."""
        joint = "?listenKey=" if self.in_query else "/"
        return Secret(f"{self.base}{joint}{key.reveal()}")

    def extension(self, key: Secret | None) -> dict[str, str]:
        """The parameters of the call that keeps the key alive."""
        return {"listenKey": key.reveal()} if self.names_key and key is not None else {}


def pro_futures(urls: BinanceUrls) -> tuple[KeyedRoute, KeyedRoute]:
    """The streams of both futures beside that of Pro, which tells nothing of positions; a key opens several."""
    of = routes(urls)
    return replace(of[USDM], stream=USDM_EVENTS), replace(of[COINM], stream=COINM_EVENTS)


def routes(urls: BinanceUrls) -> dict[str, KeyedRoute]:
    """The streams by product; isolated margin has none that takes a listen key."""
    stream = urls.stream.rstrip("/")
    return {
        USDM: KeyedRoute(
            base=stream + endpoints.PRIVATE_ROUTE,
            create=endpoints.LISTEN_KEY_CREATE,
            extend=endpoints.LISTEN_KEY_EXTEND,
            in_query=True,
        ),
        COINM: KeyedRoute(
            base=urls.coinm_stream.rstrip("/") + endpoints_coinm.USER_ROUTE,
            create=endpoints_coinm.LISTEN_KEY_CREATE,
            extend=endpoints_coinm.LISTEN_KEY_EXTEND,
        ),
        MARGIN: KeyedRoute(
            base=urls.margin_stream.rstrip("/") + loans.RISK_ROUTE,
            create=loans.RISK_KEY_CREATE,
            extend=loans.RISK_KEY_EXTEND,
            stream=WARNINGS,
            names_key=True,
        ),
        PORTFOLIO: KeyedRoute(
            base=stream + portfolio.ROUTE,
            create=portfolio.LISTEN_KEY_CREATE,
            extend=portfolio.LISTEN_KEY_EXTEND,
        ),
        PORTFOLIO_PRO: KeyedRoute(
            base=stream + portfolio.PRO_ROUTE,
            create=endpoints.LISTEN_KEY_CREATE,
            extend=endpoints.LISTEN_KEY_EXTEND,
        ),
    }
