"""A market to simulate venues with: correlated coin prices, jumps, funding, scripted crashes and recoveries.

One USD price a coin and one a stablecoin; a contract's index is their quotient and its mark the index with a small
basis that wanders and returns. Everything is seeded: the same seed and the same steps give the same prices. Prices are
rounded to the 8 decimals that a venue prints, so that the number sent is the number computed with.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.names import USD, Asset, Symbol

DAY_SECONDS = 86_400.0
YEAR_SECONDS = 365.25 * DAY_SECONDS


class Kind(StrEnum):
    """What sort of contract."""

    PERPETUAL = "perpetual"
    DELIVERY = "delivery"
    STOCK = "stock"  #: a perpetual on a share: priced like the others, does not move with the coins
    INVERSE = "inverse"  #: quoted in USD, settled in the coin


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract. `coins_per_unit`: the multiplier in its name (1000SHIB); `delivery_time`: seconds since 1970."""

    symbol: Symbol
    coin: Asset
    quote: Asset
    kind: Kind = Kind.PERPETUAL
    coins_per_unit: float = 1.0
    tick_size: str = "0.01"
    step_size: str = "0.001"
    delivery_time: float | None = None


@dataclass(slots=True)
class _Move:
    """A scripted move: what is left of its logarithm and of its time."""

    coins: frozenset[Asset]
    log_left: float
    seconds_left: float


class Market:
    """All prices of a simulated venue. `now` is market time: seconds since the market began, faster or slower than
    ours.

    `quiet` switches randomness off: then only scripted moves and `set_mark` change a price. It and
    `daily_volatility_ratio` may be changed at any time.
    """

    def __init__(
        self,
        contracts: Sequence[Contract],
        coins_usd: Mapping[Asset, float],
        stablecoins_usd: Mapping[Asset, float],
        *,
        seed: int = 1,
        daily_volatility_ratio: float = 0.035,
        correlation: float = 0.8,
        jumps_per_day: float = 2.0,
        jump_ratio: float = 0.02,
        funding_interval_seconds: float = 8 * 3600.0,
        quiet: bool = False,
    ) -> None:
        self.contracts = {contract.symbol: contract for contract in contracts}
        self.quiet = quiet
        self.now = 0.0
        self.funding_interval_seconds = funding_interval_seconds
        self._random = random.Random(seed)
        self._usd: dict[Asset, float] = {**coins_usd, **stablecoins_usd}
        self._stable = frozenset(stablecoins_usd)
        self.daily_volatility_ratio, self._correlation = daily_volatility_ratio, correlation
        self._jumps_per_day, self._jump_ratio = jumps_per_day, jump_ratio
        self._basis: dict[Symbol, float] = dict.fromkeys(self.contracts, 0.0)
        self._held: dict[Symbol, float] = {}
        self._average: dict[Symbol, float] = {}
        self._moves: list[_Move] = []
        self._funding_override: dict[Symbol, float] = {}
        self.buffers: dict[Asset, tuple[float, float, float, float]] = {}  #: those of `listing` that changed
        self._root: Market | None = None
        self._branches: list[Market] = []

    def branch(self, contracts: Sequence[Contract], coins_usd: Mapping[Asset, float], *, seed: int = 1) -> Market:
        """The market of another venue: contracts, basis and funding of its own on the same coins at the same prices.

        Coins that are not traded yet begin at `coins_usd`. Prices of coins move with this market only: whoever steps
        the branch moves its basis, and what is scripted on it (`set_mark`, `set_asset`, `crash`) moves both.
        """
        other = Market(
            contracts, {}, {}, seed=seed, funding_interval_seconds=self.funding_interval_seconds, quiet=self.quiet
        )
        other._root = self._root or self
        other._root._branches.append(other)
        other._usd, other._stable, other._moves = self._usd, self._stable, self._moves
        for coin, usd in coins_usd.items():
            self._usd.setdefault(coin, usd)
        return other

    # prices

    def asset_usd(self, asset: Asset) -> float:
        """The USD price of a coin or stablecoin. KeyError names an asset that is not traded here."""
        return 1.0 if asset == USD else self._usd[asset]

    @property
    def assets(self) -> tuple[Asset, ...]:
        """All coins and stablecoins with a USD price."""
        return tuple(self._usd)

    def index(self, symbol: Symbol) -> float:
        """The price of the underlying in the contract's quote asset."""
        contract = self.contracts[symbol]
        return round(self._usd[contract.coin] * contract.coins_per_unit / self.asset_usd(contract.quote), 8)

    def mark(self, symbol: Symbol) -> float:
        """The mark price in the contract's quote asset."""
        if symbol in self._held:
            return self._held[symbol]
        return round(self.index(symbol) * (1.0 + self._basis[symbol]), 8)

    def mark_average(self, symbol: Symbol) -> float:
        """A slow average of the mark."""
        return round(self._average.get(symbol, self.mark(symbol)), 8)

    def funding_rate(self, symbol: Symbol) -> float:
        """The rate of the coming payment: longs pay shorts when positive. Zero for delivery contracts."""
        if self.contracts[symbol].kind is Kind.DELIVERY:
            return 0.0
        if symbol in self._funding_override:
            return self._funding_override[symbol]
        return round(max(-0.003, min(0.003, 0.0001 + self._basis[symbol])), 8)

    @property
    def funding_left_seconds(self) -> float:
        """Market time until the next funding payment."""
        return self.funding_interval_seconds - math.fmod(self.now, self.funding_interval_seconds)

    # listing

    def enlist(self, contract: Contract, coin_usd: float | None = None) -> None:
        """Trade a new contract; a new coin begins at `coin_usd`. ValueError if listed, or if the coin has no price."""
        if contract.symbol in self.contracts:
            raise ValueError(f"{contract.symbol} is listed already")
        if contract.coin not in self._usd:
            if coin_usd is None:
                raise ValueError(f"{contract.coin} has no price yet")
            self._usd[contract.coin] = coin_usd
        self.contracts[contract.symbol] = contract
        self._basis[contract.symbol] = 0.0

    def delist(self, symbol: Symbol) -> None:
        """Trade a contract no more; its coin goes with it if no other contract is on it."""
        coin = self.contracts.pop(symbol).coin
        for table in (self._basis, self._held, self._average, self._funding_override):
            table.pop(symbol, None)
        traded = {contract.coin for market in self._family() for contract in market.contracts.values()}
        if coin not in self._stable and coin not in traded:
            del self._usd[coin]

    # script

    def set_mark(self, symbol: Symbol, price: float) -> None:
        """Hold a mark at exactly `price`; its coin (not a stablecoin) follows, so index and sister contracts do too."""
        contract = self.contracts[symbol]
        self._held[symbol] = round(price, 8)
        self._usd[contract.coin] = price * self.asset_usd(contract.quote) / contract.coins_per_unit

    def set_asset(self, asset: Asset, usd: float) -> None:
        """Put an asset's USD price at once: a depeg, when it is a stablecoin."""
        self._usd[asset] = usd

    def set_funding_rate(self, symbol: Symbol, rate: float) -> None:
        """Hold the funding rate of a contract."""
        self._funding_override[symbol] = rate

    def move(self, ratio: float, seconds: float, coins: Collection[Asset] | None = None) -> None:
        """Let coins (default: all) change by `ratio` (-0.3: fall by 30 %) over the coming `seconds` of market time."""
        if ratio <= -1.0 or seconds <= 0.0:
            raise ValueError(f"a move by {ratio} within {seconds} s is not possible")
        chosen = frozenset(coins) if coins is not None else self._coins()
        self._moves.append(_Move(chosen, math.log1p(ratio), seconds))

    def crash(self, ratio: float, seconds: float, coins: Collection[Asset] | None = None) -> None:
        """Fall by `ratio` (0.3: by 30 %) over the coming `seconds`."""
        self.move(-ratio, seconds, coins)

    def recover(self, ratio: float, seconds: float, coins: Collection[Asset] | None = None) -> None:
        """Rise by `ratio` over the coming `seconds`."""
        self.move(ratio, seconds, coins)

    def calm(self) -> None:
        """Drop all scripted moves that are not finished."""
        self._moves.clear()

    # time

    def step(self, seconds: float) -> tuple[Symbol, ...]:
        """Let market time pass. Returns the contracts whose funding is paid within it, in order of listing."""
        if seconds <= 0.0:
            return ()
        paid = self.funding_left_seconds <= seconds
        self.now += seconds
        if not (self._root or self).quiet:
            self._wander(seconds)
        if self._root is None:
            self._follow_script(seconds)
        for symbol in self.contracts:
            mark = self.mark(symbol)
            previous = self._average.get(symbol, mark)
            self._average[symbol] = previous + (mark - previous) * min(1.0, seconds / 30.0)
        perpetual = tuple(s for s, contract in self.contracts.items() if contract.kind is not Kind.DELIVERY)
        return perpetual if paid else ()

    def _coins(self) -> frozenset[Asset]:
        listed = (contract for market in self._family() for contract in market.contracts.values())
        stocks = {contract.coin for contract in listed if contract.kind is Kind.STOCK}
        return frozenset(self._usd) - self._stable - stocks

    def _family(self) -> tuple[Market, ...]:
        root = self._root or self
        return (root, *root._branches)

    def _wander(self, seconds: float) -> None:
        scale = (self._root or self).daily_volatility_ratio * math.sqrt(seconds / DAY_SECONDS)
        if self._root is None:
            self._wander_coins(seconds, scale)
        for symbol, contract in self.contracts.items():
            carry = 0.0
            if contract.delivery_time is not None:
                carry = 0.04 * 60 * DAY_SECONDS / YEAR_SECONDS
            self._basis[symbol] += (carry - self._basis[symbol]) * min(1.0, seconds / 1800.0)
            self._basis[symbol] += self._random.gauss(0.0, 1.0) * scale * 0.02

    def _wander_coins(self, seconds: float, scale: float) -> None:
        common = self._random.gauss(0.0, 1.0)
        own = math.sqrt(1.0 - self._correlation**2)
        jump = 0.0
        if self._random.random() < self._jumps_per_day * seconds / DAY_SECONDS:
            jump = self._random.choice((-1.0, 1.0)) * self._jump_ratio * self._random.random()
        held = {market.contracts[symbol].coin for market in self._family() for symbol in market._held}
        for asset in self._usd:
            noise = self._random.gauss(0.0, 1.0)
            if asset in held:
                continue
            if asset in self._stable:
                self._usd[asset] += (1.0 - self._usd[asset]) * min(1.0, seconds / 7200.0) + noise * scale * 0.003
            else:
                self._usd[asset] *= math.exp(scale * (self._correlation * common + own * noise) + jump)

    def _follow_script(self, seconds: float) -> None:
        for move in self._moves:
            share = min(1.0, seconds / move.seconds_left)
            now = move.log_left * share
            move.log_left -= now
            move.seconds_left -= seconds
            for coin in move.coins:
                if coin in self._usd:
                    self._usd[coin] *= math.exp(now)
            for market in self._family():
                for symbol in market._held:
                    if market.contracts[symbol].coin in move.coins:
                        market._held[symbol] = round(market._held[symbol] * math.exp(now), 8)
        self._moves[:] = [move for move in self._moves if move.seconds_left > 1e-9]
