"""What the session at Binance needs to be told."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.venues.settings import AccountSettings, Timings


@dataclass(frozen=True, slots=True, kw_only=True)
class BinanceUrls:
    """Where the venue is. A simulator or a mirror is reached by these and by nothing else."""

    fapi: str = "https://fapi.binance.com"
    sapi: str = "https://api.binance.com"
    stream: str = "wss://fstream.binance.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinanceSettings:
    """The venue as a whole. All its accounts share one address, and so one weight budget and one clock."""

    accounts: tuple[AccountSettings, ...] = ()
    urls: BinanceUrls = BinanceUrls()
    timings: Timings = Timings()
    weight_share: float = 0.6  #: of the venue's limit, as its own header measures it; others may use the address too
    weight_per_minute: int = 2400  #: until the venue's own limit has been read
    seed_candles: int = 720  #: one-minute mark candles read for each symbol held, the seed of its volatility; 0: none
