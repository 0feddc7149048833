"""What the session at OKX needs to be told."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.venues.settings import AccountSettings, Timings

VENUE = "okx"


@dataclass(frozen=True, slots=True, kw_only=True)
class OkxUrls:
    """Where the venue is. A simulator or a mirror is reached by these and by nothing else."""

    rest: str = "https://www.okx.com"
    stream: str = "wss://ws.okx.com:8443"


@dataclass(frozen=True, slots=True, kw_only=True)
class OkxSettings:
    """The venue as a whole. All its accounts share one address, and so one budget of requests and one clock."""

    accounts: tuple[AccountSettings, ...] = ()
    urls: OkxUrls = OkxUrls()
    # Marks come each 10 s, indices each minute though nothing moves: two and a half times that is silence.
    timings: Timings = Timings(marks_silent_seconds=25.0, assets_silent_seconds=150.0)
    weight_share: float = 0.6  #: of the venue's limit; others may use the address too
    demo: bool = False  #: demo trading: each request carries the header for it, and the keys are demo keys
    requests_per_minute: int = 1200  #: of one address over all endpoints, which have limits of their own beside it
    simulate_every_seconds: float = 15.0  #: between two questions to the position builder (portfolio margin)
    seed_candles: int = 720  #: one-minute mark candles read for each symbol held, the seed of its volatility; 0: none
