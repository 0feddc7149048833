"""What a REST path of the simulated Binance is: whose key it takes, what it weighs, in which pool, and who answers.

The tables of paths stand beside the answers: `rest` (USDⓈ-M), `coinm`, `loans`, `portfolio`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from monitor.sim.binance.refusals import Refusal

USDM, COINM = "usdm", "coinm"
MARGIN, ISOLATED_MARGIN = "margin", "isolated-margin"
PORTFOLIO, PORTFOLIO_PRO = "portfolio-margin", "portfolio-margin-pro"
PRODUCTS = (USDM, COINM, MARGIN, ISOLATED_MARGIN, PORTFOLIO, PORTFOLIO_PRO)


class Security(StrEnum):
    """What a path asks for."""

    NONE = "none"
    KEY = "key"  #: the API key, no signature: listen keys
    SIGNED = "signed"


class Pool(StrEnum):
    """Which limit a request counts against. Both kinds of futures share one; each path of sapi has its own."""

    FUTURES = "futures"
    SPOT = "spot"  #: /api
    PAPI = "papi"
    SAPI = "sapi"  #: by address and path
    UID = "uid"  #: by user and path


LIMITS = {Pool.FUTURES: 2400, Pool.SPOT: 6000, Pool.PAPI: 6000, Pool.SAPI: 12_000, Pool.UID: 180_000}
"""Weight a minute."""

HEADERS = {
    Pool.FUTURES: "X-MBX-USED-WEIGHT-1M",
    Pool.SPOT: "X-MBX-USED-WEIGHT-1M",
    Pool.PAPI: "X-MBX-USED-WEIGHT-1M",
    Pool.SAPI: "X-SAPI-USED-IP-WEIGHT-1M",
    Pool.UID: "X-SAPI-USED-UID-WEIGHT-1M",
}


class Member(Protocol):
    """Any account of the venue."""

    name: str
    key: str
    secret: str
    permissions: dict[str, bool]

    @property
    def product(self) -> str:
        """One of `PRODUCTS`."""


M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, checked."""

    method: str
    params: Mapping[str, str]
    now_ms: int
    next_funding_ms: int
    account: Member | None = None

    def of(self, kind: type[M]) -> M:
        """The account that asks, which must be of a kind. `Refusal` where it is not."""
        if not isinstance(self.account, kind):
            raise Refusal(401, -2015, "Invalid API-key, IP, or permissions for action.")
        return self.account

    def needed(self, name: str) -> str:
        """A parameter that must be there."""
        if not self.params.get(name):
            raise Refusal(400, -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        return self.params[name]


def flat(weight: int) -> Callable[[Mapping[str, str]], int]:
    """The same weight whatever is asked."""

    def weigh(_: Mapping[str, str]) -> int:
        return weight

    return weigh


def dearer_for_all(name: str, one: int, every: int) -> Callable[[Mapping[str, str]], int]:
    """`one` where a parameter narrows the request, else `every`."""

    def weigh(params: Mapping[str, str]) -> int:
        return one if name in params else every

    return weigh


@dataclass(frozen=True, slots=True)
class Path:
    """How one path behaves. `weight` depends on the parameters: a symbol makes some requests cheaper.

    `products`: whose accounts may ask; `each`: the parameters with which a whole picture of an account asks it (once
    for each row), () where it is no part of one.
    """

    answer: Callable[[Any, Ask], Any]
    weight: Callable[[Mapping[str, str]], int] = field(default=flat(1))
    security: Security = Security.NONE
    methods: tuple[str, ...] = ("GET",)
    products: tuple[str, ...] = (USDM,)
    pool: Pool = Pool.FUTURES
    each: Callable[[Member], tuple[Mapping[str, str], ...]] = field(default=lambda _: ({},))


def unasked(_: Member) -> tuple[Mapping[str, str], ...]:
    """For `Path.each`: no part of a picture of an account."""
    return ()


SIGNED = Security.SIGNED
LISTEN_KEY_METHODS = ("POST", "PUT", "DELETE")
