"""A venue without a network: answers by path, and what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.events import Event
from monitor.domain.frames import Frame
from monitor.venues.okx.endpoints import Endpoint
from monitor.venues.okx.polls import AccountReadings
from monitor.venues.okx.settings import OkxSettings
from monitor.venues.rest import Answer
from monitor.venues.settings import AccountSettings, Credentials, PermissionPolicy, Secret

Said = list[Any] | Exception | Callable[[Mapping[str, object]], list[Any]]
KEYS = Credentials(api_key=Secret("a-key"), api_secret=Secret("a-secret"), passphrase=Secret("a-phrase"))


class Still:
    """A clock that only sleeping moves."""

    at = 1_790_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Venue:
    """Stands where the client does."""

    clock: Still = field(default_factory=Still)
    says: dict[str, Said] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    offset_seconds: float | None = 0.0

    def venue_now(self) -> float:
        return self.clock.at

    async def ask(self, endpoint: Endpoint, params: Mapping[str, object] | None = None, *_: Any, **__: Any) -> Answer:
        self.asked.append((endpoint.path.rpartition("/")[2], dict(params or {})))
        said = self.says.get(endpoint.path.rpartition("/")[2], [])
        if isinstance(said, Exception):
            raise said
        rows = said(params or {}) if callable(said) else said
        body = json.dumps({"code": "0", "msg": "", "data": rows}).encode()
        return Answer(200, {}, body, self.clock.at, self.clock.at)

    def times(self, name: str) -> int:
        return sum(path == name for path, _ in self.asked)


@dataclass
class Desk:
    """One account's readings, and what they told."""

    venue: Venue
    readings: AccountReadings
    events: list[Event]


def desk(policy: PermissionPolicy = PermissionPolicy.REFUSE, **says: Said) -> Desk:
    """`says` by the last word of a path, with «_» for «-»."""
    venue = Venue(says={"config": [CONFIG], "balance": [BALANCE], **{k.replace("_", "-"): v for k, v in says.items()}})
    events: list[Event] = []

    def emit(event: Event, frame: Frame | None = None, /) -> None:  # nobody counts frames here
        events.append(event)

    account = AccountSettings(venue="okx", name="main", credentials=KEYS, permissions=policy)
    readings = AccountReadings(account, OkxSettings(accounts=(account,)), venue, emit, venue.clock)  # type: ignore[arg-type]  # it stands where the client does
    return Desk(venue, readings, events)


CONFIG: dict[str, Any] = {"acctLv": "2", "posMode": "net_mode", "perm": "read_only", "ip": "", "settleCcy": "USDT"}
BALANCE: dict[str, Any] = {
    "adjEq": "",
    "uTime": "1790000009999",
    "details": [{"ccy": "USDT", "cashBal": "1000", "eq": "1000", "uTime": "1789999990000"}],
}


def position(symbol: str = "BTC-USDT-SWAP", at: str = "1789999980000", **more: Any) -> dict[str, Any]:
    return {
        "instId": symbol,
        "instType": "SWAP",
        "mgnMode": "cross",
        "posSide": "net",
        "pos": "1",
        "avgPx": "100000",
        "markPx": "100001",
        "ccy": "USDT",
        "uTime": at,
        **more,
    }


def order(number: int) -> dict[str, Any]:
    return {
        "instId": "BTC-USDT-SWAP", "ordId": str(number), "side": "buy", "sz": "1", "px": "90000", "state": "live",
        "instType": "SWAP", "tdMode": "cross", "posSide": "net",
    }  # fmt: skip
