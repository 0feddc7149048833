"""API keys of the simulated Bybit: made up, and what they may do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

READ_ONLY: Mapping[str, list[str]] = {
    "ContractTrade": [],
    "Spot": [],
    "Wallet": [],
    "Options": [],
    "Derivatives": [],
    "CopyTrading": [],
    "BlockTrade": [],
    "Exchange": [],
    "NFT": [],
    "Affiliate": [],
    "Earn": [],
}


@dataclass(slots=True)
class Key:
    """An API key. `expires` in seconds since 1970, None: never, as keys bound to an address are."""

    key: str
    secret: str
    read_only: bool = True
    permissions: dict[str, list[str]] = field(default_factory=lambda: {k: list(v) for k, v in READ_ONLY.items()})
    ips: list[str] = field(default_factory=lambda: ["203.0.113.7"])
    expires: float | None = None
    dead: bool = False


def credentials(name: str) -> tuple[str, str]:
    """A made-up API key (18 characters) and secret (36), the same for the same name."""
    key, secret = (hashlib.sha256(f"bybit {name} {what}".encode()).hexdigest() for what in ("key", "secret"))
    return key[:18], secret[:36]
