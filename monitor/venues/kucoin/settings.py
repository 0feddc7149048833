"""What the session at KuCoin needs to be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.venues.settings import AccountSettings, Timings

VENUE = "kucoin"
FUTURES, MARGIN, ISOLATED_MARGIN = "futures", "margin", "isolated-margin"
PRODUCTS = (FUTURES, MARGIN, ISOLATED_MARGIN)
"""Margin accounts that one key opens: futures (classic, or unified where the user switched), and the spot loans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KucoinUrls:
    """Where the venue is. A simulator or a mirror is reached by these and by nothing else.

    Where the sockets are the venue says with each token; `stream` overrides that, "": as it says.
    """

    futures: str = "https://api-futures.kucoin.com"
    spot: str = "https://api.kucoin.com"
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KucoinSettings:
    """The venue as a whole. All its accounts share one address, and so one clock and one public stream.

    `parameters` are numbers of its rules that it does not publish, by the names that `parameters.DEFAULTS` lists.
    """

    accounts: tuple[AccountSettings, ...] = ()
    urls: KucoinUrls = KucoinUrls()
    timings: Timings = Timings()
    weight_share: float = 0.6  #: of each pool's limit; others may use the key too
    futures_weight: int = 2000  #: in 30 s, of one user's futures pool (no VIP level)
    spot_weight: int = 4000  #: the same of the spot and margin pool
    management_weight: int = 2000  #: the same of the pool of keys and accounts
    public_weight: int = 2000  #: the same of what needs no key, of one address
    unified_weight: int = 2000  #: the same of the unified account's pool
    connects_per_minute: int = 25  #: sockets opened from one address; the venue admits 30
    seed_candles: int = 720  #: one-minute mark candles read for each symbol held, the seed of its volatility; 0: none
    parameters: dict[str, float] = field(default_factory=dict)
