"""What the simulated KuCoin lists: contracts with their tiers, coins with their haircuts, pairs with loans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.market import Contract, Kind, Market
from monitor.sim.text import bare

MAKER_FEE, TAKER_FEE = 0.0002, 0.0006
SPOT_FEE = 0.001
LIQUIDATION_FEE = TAKER_FEE  #: what the venue adds to an isolated position's rate; it publishes no other number
INVERSE_MULTIPLIER = -1.0
TOP_PRICE = 1_000_000.0  #: printed where a short is liquidated at no price

COINS_USD: Mapping[Asset, float] = {"BTC": 98_000.0, "ETH": 3_400.0, "SOL": 190.0, "DOGE": 0.21}
STABLECOINS_USD: Mapping[Asset, float] = {"USDT": 0.9996, "USDC": 0.9999}


@dataclass(frozen=True, slots=True)
class Level:
    """A risk-limit level of isolated margin: worth up to `most`, in the settlement coin's quote."""

    level: int
    most: float
    most_leverage: float
    initial: float
    maintenance: float


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of the unified account, by notional."""

    most: float
    most_leverage: float
    maintenance: float


@dataclass(frozen=True, slots=True)
class Band:
    """A haircut of the unified account: coins up to `most` count at `share`."""

    most: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One contract. `multiplier`: coins in a lot; -1: inverse, a lot is one USD. `k`, `m`, `lev_constant` and
    `rate_limit` shape the continuous rate of cross margin."""

    symbol: Symbol
    coin: Asset
    quote: Asset
    multiplier: float
    tick: str
    mark_tick: str
    k: float
    m: float
    lev_constant: float
    levels: tuple[Level, ...]
    tiers: tuple[Tier, ...]
    rate_limit: float = 0.3
    f: float = 1.3

    @property
    def inverse(self) -> bool:
        """Whether profit is in the coin."""
        return self.multiplier < 0.0

    @property
    def settle(self) -> Asset:
        """The coin that profit and margin are in."""
        return self.coin if self.inverse else self.quote

    def size(self, lots: float) -> float:
        """How much a number of lots is: coins, or USD where inverse."""
        return lots * abs(self.multiplier)

    def level(self, number: int) -> Level:
        """A risk-limit level. ValueError names one that does not exist."""
        for each in self.levels:
            if each.level == number:
                return each
        raise ValueError(f"{self.symbol} has no risk-limit level {number}")


def _levels(*rows: tuple[float, float, float]) -> tuple[Level, ...]:
    """From (cap, leverage, maintenance rate); the initial rate is twice that."""
    return tuple(
        Level(place, most, leverage, round(2.0 * rate, 6), rate) for place, (most, leverage, rate) in enumerate(rows, 1)
    )


_XBT_LEVELS = _levels(
    (100_000.0, 125.0, 0.004),
    (500_000.0, 100.0, 0.005),
    (1_000_000.0, 75.0, 0.007),
    (2_000_000.0, 50.0, 0.01),
    (3_000_000.0, 30.0, 0.017),
    (5_000_000.0, 20.0, 0.025),
    (8_000_000.0, 10.0, 0.05),
    (12_000_000.0, 5.0, 0.1),
)
_COMMON_LEVELS = _levels(
    (50_000.0, 75.0, 0.007),
    (250_000.0, 50.0, 0.01),
    (500_000.0, 20.0, 0.025),
    (1_000_000.0, 10.0, 0.05),
    (2_000_000.0, 5.0, 0.1),
)
_XBT_TIERS = (
    Tier(250_000.0, 125.0, 0.004),
    Tier(600_000.0, 100.0, 0.005),
    Tier(1_500_000.0, 75.0, 0.007),
    Tier(3_000_000.0, 50.0, 0.01),
    Tier(8_000_000.0, 20.0, 0.025),
    Tier(20_000_000.0, 10.0, 0.05),
)
_ETH_TIERS = (Tier(500_000.0, 100.0, 0.005), Tier(2_000_000.0, 50.0, 0.01), Tier(10_000_000.0, 20.0, 0.025))
_COMMON_TIERS = (
    Tier(50_000.0, 75.0, 0.007),
    Tier(200_000.0, 50.0, 0.01),
    Tier(1_000_000.0, 20.0, 0.025),
    Tier(5_000_000.0, 10.0, 0.05),
)


def _linear(coin: Asset, multiplier: float, tick: str, mark_tick: str, k: float, m: float, constant: float) -> Spec:
    name = "XBT" if coin == "BTC" else coin
    levels = _XBT_LEVELS if coin == "BTC" else _COMMON_LEVELS
    tiers = {"BTC": _XBT_TIERS, "ETH": _ETH_TIERS}.get(coin, _COMMON_TIERS)
    return Spec(
        symbol=f"{name}USDTM",
        coin=coin,
        quote="USDT",
        multiplier=multiplier,
        tick=tick,
        mark_tick=mark_tick,
        k=k,
        m=m,
        lev_constant=constant,
        levels=levels,
        tiers=tiers,
    )


SPECS: tuple[Spec, ...] = (
    _linear("BTC", 0.001, "0.1", "0.01", 490.0, 300.0, 125.0),
    _linear("ETH", 0.01, "0.01", "0.01", 4_900.0, 4_110.0, 100.0),
    _linear("SOL", 0.1, "0.001", "0.001", 60_000.0, 60_000.0, 75.0),
    _linear("DOGE", 100.0, "0.00001", "0.00001", 30_000_000.0, 30_000_000.0, 71.4285714),
    Spec(
        symbol="XBTUSDM",
        coin="BTC",
        quote="USD",
        multiplier=INVERSE_MULTIPLIER,
        tick="0.1",
        mark_tick="0.01",
        k=8_000_000.0,
        m=8_000_000.0,
        lev_constant=50.0,
        levels=_levels((20.0, 50.0, 0.01), (40.0, 40.0, 0.0125), (100.0, 20.0, 0.025), (200.0, 10.0, 0.05)),
        tiers=(Tier(500_000.0, 50.0, 0.01), Tier(5_000_000.0, 20.0, 0.025)),
    ),
)

BANDS: Mapping[Asset, tuple[Band, ...]] = {
    "USDT": (Band(float("inf"), 1.0),),
    "USDC": (Band(float("inf"), 1.0),),
    "BTC": (Band(500.0, 0.98), Band(1_000.0, 0.965), Band(float("inf"), 0.95)),
    "ETH": (Band(5_000.0, 0.98), Band(20_000.0, 0.96), Band(float("inf"), 0.9)),
    "SOL": (Band(10_000.0, 0.95), Band(50_000.0, 0.9), Band(float("inf"), 0.0)),
    "DOGE": (Band(5_000_000.0, 0.9), Band(20_000_000.0, 0.8), Band(float("inf"), 0.0)),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A spot pair, with loans of both coins."""

    symbol: Symbol
    coin: Asset
    quote: Asset


PAIRS: Mapping[Symbol, Pair] = {
    pair.symbol: pair
    for pair in (*(Pair(f"{coin}-USDT", coin, "USDT") for coin in COINS_USD), Pair("ETH-BTC", "ETH", "BTC"))
}


def contract(spec: Spec) -> Contract:
    """A contract as the market keeps it."""
    return Contract(
        symbol=spec.symbol,
        coin=spec.coin,
        quote=spec.quote,
        kind=Kind.INVERSE if spec.inverse else Kind.PERPETUAL,
        tick_size=spec.tick,
        step_size=bare(abs(spec.multiplier)),
    )


def new_spec(coin: Asset) -> Spec:
    """A contract on a coin that was not listed before."""
    return _linear(coin, 1.0, "0.0001", "0.0001", 100_000.0, 100_000.0, 50.0)


def market(specs: Sequence[Spec] = SPECS, *, seed: int = 1, quiet: bool = False) -> Market:
    """A market of its own."""
    return Market([contract(each) for each in specs], COINS_USD, STABLECOINS_USD, seed=seed, quiet=quiet)
