"""What the session at Hyperliquid needs to be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.venues.settings import AccountSettings, Timings

VENUE = "hyperliquid"


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperliquidUrls:
    """Where the venue is. A simulator or the test network is reached by these and by nothing else."""

    rest: str = "https://api.hyperliquid.xyz"
    stream: str = "wss://api.hyperliquid.xyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperliquidSettings:
    """The venue as a whole. Accounts are addresses and need no key; all of them share one budget and one clock.

    `parameters` are numbers of its rules that change or are not published, by the names that `parameters.DEFAULTS`
    lists.
    """

    accounts: tuple[AccountSettings, ...] = ()
    urls: HyperliquidUrls = HyperliquidUrls()
    timings: Timings = Timings(marks_silent_seconds=15.0)
    weight_share: float = 0.6  #: of the venue's limit; others may use the address too
    weight_per_minute: int = 1200
    streamed_users: int = 10  #: addresses that one of ours may stream; the others are polled
    seed_candles: int = 720  #: one-minute candles read for each symbol held, the seed of its volatility; 0: none
    parameters: dict[str, float] = field(default_factory=dict)
