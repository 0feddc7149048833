"""Every call of this room, whatever the product, and what the library has to be told about some of them."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.venues.binance import endpoints, endpoints_coinm
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.portfolio import endpoints as portfolio

CALLS: tuple[Endpoint, ...] = (
    *endpoints.ENDPOINTS,
    *endpoints_coinm.ENDPOINTS,
    *loans.ENDPOINTS,
    *portfolio.ENDPOINTS,
)
KEYED = endpoints.KEYED | endpoints_coinm.KEYED | loans.KEYED | portfolio.KEYED
"""Calls whose answers may hold a listen key or token: they are never kept."""

SIGNED_LIKE = {one.words: "listenKey" for one in loans.KEYED if one.added}
"""Added calls that carry the key in the header and no signature, as the library knows it of another path."""


ADDED: Mapping[str, tuple[str, str, str]] = {
    one.ccxt: (one.words, one.interface, one.method) for one in CALLS if one.added
}
"""Raw methods that the library lacks: path, interface and method of HTTP."""
