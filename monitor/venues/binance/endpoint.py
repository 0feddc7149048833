"""What is known of one call: where it goes, what it costs and out of which purse, and who makes it for us."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Host(StrEnum):
    """Which base URL a path belongs to; each is a configuration key."""

    FAPI = "fapi"  #: USDⓈ-M futures
    DAPI = "dapi"  #: COIN-M futures
    PAPI = "papi"  #: portfolio margin
    SAPI = "sapi"  #: wallet, spot margin, portfolio margin Pro


ORIGINS = {
    Host.FAPI: "https://fapi.binance.com",
    Host.DAPI: "https://dapi.binance.com",
    Host.PAPI: "https://papi.binance.com",
    Host.SAPI: "https://api.binance.com",
}
"""Where they are at the venue: the library's own base URLs begin with these."""


class Pool(StrEnum):
    """Which limit a call counts against. Both kinds of futures share one since 2026-06-30."""

    FUTURES = "futures"  #: per address, told by the used-weight header of both hosts
    PAPI = "papi"  #: per address
    SAPI = "sapi"  #: per address and path; counted as if one limit held for all paths
    UID = "uid"  #: per user and path; counted as if all users were one


_POOLS = {Host.FAPI: Pool.FUTURES, Host.DAPI: Pool.FUTURES, Host.PAPI: Pool.PAPI, Host.SAPI: Pool.SAPI}

LIMITS_PER_MINUTE = {Pool.FUTURES: 2400, Pool.PAPI: 6000, Pool.SAPI: 6000, Pool.UID: 180_000}
"""Weight that the venue allows; that of the futures is read again from its list of contracts."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One REST call. `weight` counts against the minute's budget; `ccxt` is the raw method of ccxt 4.5.90 for it.

    `what` names the reading in reports ("account", "config", "tiers", "instruments", "permissions", "clock", "marks").
    `by_uid`: its weight counts per user. `added`: the library does not list the path, so we tell it.
    """

    method: str
    path: str
    weight: int
    signed: bool
    host: Host
    ccxt: str
    what: str
    by_uid: bool = False
    added: bool = False

    @property
    def name(self) -> str:
        """What an answer is called where answers are kept: the last word of the path."""
        return self.path.rpartition("/")[2]

    @property
    def pool(self) -> Pool:
        """The limit that it counts against."""
        return Pool.UID if self.by_uid else _POOLS[self.host]

    @property
    def words(self) -> str:
        """The path as the library knows it: without its interface and version."""
        return "/".join(self.path.split("/")[3:])

    @property
    def interface(self) -> str:
        """The library's name of the interface that an added path belongs to ("sapi", "sapiV2")."""
        version = self.path.split("/")[2]
        return self.host.value + ("" if version == "v1" else version.upper())
