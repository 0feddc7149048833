"""Options of the simulated Bybit: their names, and what they are worth by Black's formula on a forward, rates zero."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.domain.names import Asset, Symbol

YEAR_SECONDS = 365.0 * 86_400.0
LEAST_YEARS = 1.0 / (365.0 * 24.0 * 60.0)  #: a minute: at the end the formula has no answer
BASE_VOLATILITY = 0.55
SMILE = 0.35  #: how much volatility rises with the square of the distance of a strike (log) from the forward


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of European style, settled in `settle`; `expiry` in seconds since 1970."""

    symbol: Symbol
    coin: Asset
    settle: Asset
    strike: float
    call: bool
    expiry: float

    def out_of_the_money(self, index: float) -> float:
        """By how much the index is on the losing side of the strike; 0 in the money."""
        return max(0.0, self.strike - index if self.call else index - self.strike)


@dataclass(frozen=True, slots=True)
class Greeks:
    """What an option's price does: by the index, by its square, by a point of volatility, by a day."""

    delta: float
    gamma: float
    vega: float
    theta: float


def name(coin: Asset, expiry: float, strike: float, call: bool, settle: Asset) -> Symbol:
    """`BTC-25SEP26-80000-C-USDT`; those that settle in USDC carry no coin at the end."""
    day = datetime.fromtimestamp(expiry, UTC)
    date = f"{day.day}{day:%b%y}".upper()
    ending = "" if settle == "USDC" else f"-{settle}"
    return f"{coin}-{date}-{strike:.0f}-{'C' if call else 'P'}{ending}"


def friday_after(now: float, days: int) -> float:
    """08:00 UTC of the first Friday that is at least `days` away."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return (day + timedelta(days=(4 - day.weekday()) % 7)).timestamp()


def price(option: Option, forward: float, volatility: float, now: float) -> float:
    """What one option is worth in its settlement coin."""
    years = max(LEAST_YEARS, (option.expiry - now) / YEAR_SECONDS)
    spread = volatility * math.sqrt(years)
    upper = math.log(forward / option.strike) / spread + spread / 2.0
    call = forward * _below(upper) - option.strike * _below(upper - spread)
    return max(0.0, call if option.call else call - forward + option.strike)


def greeks(option: Option, forward: float, volatility: float, now: float) -> Greeks:
    """By small steps of the formula itself."""
    step, day = forward * 1e-4, 86_400.0
    here = price(option, forward, volatility, now)
    up, down = (price(option, forward + s, volatility, now) for s in (step, -step))
    return Greeks(
        delta=(up - down) / (2.0 * step),
        gamma=(up - 2.0 * here + down) / step**2,
        vega=price(option, forward, volatility + 0.01, now) - here,
        theta=price(option, forward, volatility, now + day) - here,
    )


def volatility_of(option: Option, forward: float, level: float = BASE_VOLATILITY) -> float:
    """The smile: `level` at the money, more away from it. Rounded to the digits that are printed."""
    return round(level + SMILE * math.log(option.strike / forward) ** 2, 4)


def _below(x: float) -> float:
    """The share of a normal distribution below x."""
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))
