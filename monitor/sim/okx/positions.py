"""Positions, resting orders and isolated arithmetic of the simulated OKX, written from its documents.

Sizes are contracts, negative where short. Derivative amounts are in the settlement currency. Nothing here is shared
with the daemon's own margin arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.sim.okx.board import Prices
from monitor.sim.okx.listing import Instrument, Product
from monitor.sim.okx.tables import tier_of

CROSS, ISOLATED = "cross", "isolated"
NET, LONG, SHORT = "net", "long", "short"


def notional(instrument: Instrument, contracts: float, price: float) -> float:
    """The value of so many contracts in the settlement currency, unsigned."""
    quantity = abs(contracts) * instrument.face
    if instrument.product is Product.OPTION:
        return quantity
    return quantity / price if instrument.inverse else quantity * price


def profit(instrument: Instrument, contracts: float, entry: float, price: float) -> float:
    """What a signed number of contracts from `entry` has gained at `price`, in the settlement currency."""
    quantity = contracts * instrument.face
    if instrument.inverse:
        return quantity * (1.0 / entry - 1.0 / price)
    return quantity * (price - entry)


@dataclass(slots=True, kw_only=True)
class Position:
    """A position in contracts. `margin` is None on cross; `settle` the currency that it really settles in."""

    instrument: Instrument
    settle: Asset
    mode: str
    side: str
    number: str
    lever: float
    contracts: float = 0.0
    average: float = 0.0
    margin: float | None = None
    realized: float = 0.0
    fee: float = 0.0
    funding: float = 0.0
    penalty: float = 0.0
    settled: float = 0.0  #: profit paid out by daily settlements
    first_average: float = 0.0  #: the average before any of them
    created_ms: int = 0
    updated_ms: int = 0
    trade: str = "0"

    @property
    def long(self) -> bool:
        """Whether it gains when the price rises."""
        return self.contracts > 0.0

    def value(self, prices: Prices) -> float:
        """The notional at the mark."""
        return notional(self.instrument, self.contracts, prices.mark(self.instrument))

    def profit(self, prices: Prices) -> float:
        """The unrealised profit at the mark."""
        return profit(self.instrument, self.contracts, self.average, prices.mark(self.instrument))

    def option_value(self, prices: Prices) -> float:
        """What an option is worth, negative where it is owed; 0 for other products."""
        if self.instrument.product is not Product.OPTION:
            return 0.0
        return self.contracts * self.instrument.face * prices.mark(self.instrument)


def isolated_maintenance(position: Position, prices: Prices) -> float:
    """Notional times the rate of the tier of its own size."""
    return position.value(prices) * tier_of(position.instrument, abs(position.contracts)).mmr


def isolated_ratio(position: Position, prices: Prices, taker: float) -> float:
    """Margin and profit over maintenance and the fee to close: liquidated at 1."""
    held = (position.margin or 0.0) + position.profit(prices)
    return held / (isolated_maintenance(position, prices) + position.value(prices) * taker)


def isolated_liquidation_price(position: Position, taker: float) -> float | None:
    """As printed: a tick earlier than the root of the ratio. None where no price liquidates it."""
    instrument, margin = position.instrument, position.margin or 0.0
    sign = 1.0 if position.long else -1.0
    quantity = abs(position.contracts) * instrument.face
    need = tier_of(instrument, abs(position.contracts)).mmr + taker
    if instrument.inverse:
        below = margin + quantity / position.average if position.long else quantity / position.average - margin
        if below <= 0.0:
            return None
        root = quantity * (1.0 + sign * need) / below
    else:
        root = (position.average * quantity - sign * margin) / (quantity * (1.0 - sign * need))
    shown = root + sign * float(instrument.tick)
    return shown if shown > 0.0 else None


@dataclass(slots=True, kw_only=True)
class Loan:
    """An isolated spot-margin position: `held` of one currency of a pair, margin included, owes the other.

    Long: the base is held and the quote owed. The "automatic" style, in which `pos` contains the margin.
    """

    instrument: Instrument
    long: bool
    number: str
    lever: float
    held: float
    owed: float
    margin: float
    average: float
    interest: float = 0.0
    created_ms: int = 0
    updated_ms: int = 0
    trade: str = "0"

    @property
    def held_asset(self) -> Asset:
        """`posCcy`."""
        return self.instrument.coin if self.long else self.instrument.quote

    @property
    def owed_asset(self) -> Asset:
        """`liabCcy`."""
        return self.instrument.quote if self.long else self.instrument.coin

    @property
    def debt(self) -> float:
        """What is owed with its interest, in the owed currency."""
        return self.owed + self.interest

    def in_held(self, amount: float, prices: Prices) -> float:
        """An amount of the owed currency in the held one, at the mark."""
        mark = prices.mark(self.instrument)
        return amount / mark if self.long else amount * mark

    def profit(self, prices: Prices) -> float:
        """Unrealised, in the held currency."""
        return self.held - self.margin - self.in_held(self.debt, prices)

    def maintenance(self, prices: Prices, rate: float) -> float:
        """In the held currency."""
        return self.in_held(self.debt * rate, prices)

    def ratio(self, prices: Prices, rate: float, fee: float) -> float:
        """What is held beyond the debt, over maintenance and the fee on the debt with its maintenance."""
        needed = self.maintenance(prices, rate) + self.in_held(self.debt * (1.0 + rate) * fee, prices)
        return (self.held - self.in_held(self.debt, prices)) / needed

    def liquidation_price(self, rate: float, fee: float) -> float:
        """As printed; no tick is added here."""
        scaled = self.debt * (1.0 + rate) * (1.0 + fee)
        return scaled / self.held if self.long else self.held / scaled


@dataclass(slots=True, kw_only=True)
class Resting:
    """A resting limit order. `size` in contracts, or in the base coin on spot; unsigned."""

    number: str
    instrument: Instrument
    settle: Asset
    mode: str  #: `tdMode`: cross, isolated, cash
    buy: bool
    side: str  #: `posSide`
    size: float
    price: float
    lever: float
    reduce_only: bool = False
    created_ms: int = 0
