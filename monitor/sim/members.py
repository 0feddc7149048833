"""Who is to be watched at the simulated venues: what a configuration needs to know of each account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from monitor.domain.names import Venue
from monitor.sim.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account to be watched. `product` "" where a key opens one only, `address` where none is needed."""

    name: str
    venue: Venue
    key: str = ""
    secret: str = ""
    passphrase: str = ""
    product: str = ""
    address: str = ""
    group: str = ""

    def table(self) -> dict[str, str]:
        """Its keys in a configuration."""
        said = {
            "venue": self.venue,
            "api_key": self.key,
            "api_secret": self.secret,
            "passphrase": self.passphrase,
            "product": self.product,
            "address": self.address,
            "group": self.group,
        }
        return {name: text for name, text in said.items() if text}


def keyed(venue: Venue, account: Any, *, name: str = "", product: str = "", group: str = "") -> Member:
    """The account of a simulator, under its own name or another."""
    return Member(
        name=name or account.name,
        venue=venue,
        key=account.key,
        secret=account.secret,
        passphrase=getattr(account, "passphrase", ""),
        product=product,
        group=group,
    )


def urls(world: World) -> Iterator[tuple[Venue, dict[str, str]]]:
    """Where each venue of a world is, by the configuration's names."""
    binance, bybit, okx, kucoin, chain = world.binance, world.bybit, world.okx, world.kucoin, world.hyperliquid
    told: dict[Venue, dict[str, str]] = {
        "binance": {
            "fapi": binance.fapi,
            "dapi": binance.dapi,
            "papi": binance.papi,
            "sapi": binance.sapi,
            "stream": binance.stream,
            "coinm_stream": binance.coinm_stream,
            "margin_stream": binance.margin_stream,
            "socket_api": binance.socket_api,
        },
        "bybit": {"rest": bybit.rest, "public": bybit.public, "private": bybit.private},
        "okx": {"rest": okx.rest, "stream": okx.stream},
        "kucoin": {"futures": kucoin.futures, "spot": kucoin.spot},
        "hyperliquid": {"rest": chain.http, "stream": chain.ws},
    }
    yield from ((venue, told[venue]) for venue in world.names)
