"""What the session at Bybit needs to be told."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.venues.settings import AccountSettings, Timings

VENUE = "bybit"


@dataclass(frozen=True, slots=True, kw_only=True)
class BybitUrls:
    """Where the venue is. A simulator or a mirror is reached by these and by nothing else."""

    rest: str = "https://api.bybit.com"
    public: str = "wss://stream.bybit.com"
    private: str = "wss://stream.bybit.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class BybitSettings:
    """The venue as a whole. All its accounts share one address, and so one budget of requests and one clock."""

    accounts: tuple[AccountSettings, ...] = ()
    urls: BybitUrls = BybitUrls()
    timings: Timings = Timings()
    weight_share: float = 0.6  #: of the venue's limit; others may use the address too
    requests_per_minute: int = 7200  #: of one address: 600 in 5 s (the venue's rule); an account's own limits are less
    seed_candles: int = 720  #: one-minute mark candles read for each symbol held, the seed of its volatility; 0: none
