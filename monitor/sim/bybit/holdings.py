"""What an account of the simulated Bybit holds: positions, resting orders, and amounts of coins."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.names import Asset, Symbol

ONE_WAY, BUY_LEG, SELL_LEG = 0, 1, 2  #: positionIdx


class MarginMode(StrEnum):
    """The mode of the whole account, in the venue's words."""

    ISOLATED = "ISOLATED_MARGIN"
    CROSS = "REGULAR_MARGIN"
    PORTFOLIO = "PORTFOLIO_MARGIN"


@dataclass(slots=True, kw_only=True)
class SimPosition:
    """One position. `size` is unsigned: base units (linear, options) or USD (inverse). `extra` is margin added to an
    isolated one; `session_entry` what realised profit in USDC counts from, since the last settlement.
    """

    symbol: Symbol
    index: int = ONE_WAY
    size: float = 0.0
    sign: float = 1.0
    entry: float = 0.0
    session_entry: float = 0.0
    leverage: float = 10.0
    extra: float = 0.0
    realised: float = 0.0
    created_ms: int = 0
    updated_ms: int = 0
    rates_changed_ms: int | None = None  #: when the venue changed the tiers under it
    rank: int = 2  #: in the queue of auto-deleveraging

    @property
    def side(self) -> str:
        """Buy or Sell; "" when flat."""
        return ("Buy" if self.sign > 0.0 else "Sell") if self.size else ""


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """A resting limit order. `symbol` of a spot pair only where `spot`."""

    id: str
    symbol: Symbol
    sign: float
    size: float
    price: float
    spot: bool = False
    index: int = ONE_WAY
    reduce_only: bool = False
    created_ms: int = 0
    updated_ms: int = 0
    status: str = "New"


@dataclass(slots=True)
class Coin:
    """An amount of one coin. `wallet` includes what was borrowed and is still there; `borrowed` is owed."""

    wallet: float = 0.0
    borrowed: float = 0.0
    interest: float = 0.0
    realised: float = 0.0
    backs: bool = True  #: the owner's switch: it counts as collateral


@dataclass(slots=True)
class Holdings:
    """Everything of one account."""

    mode: MarginMode = MarginMode.CROSS
    coins: dict[Asset, Coin] = field(default_factory=dict)
    positions: dict[tuple[Symbol, int], SimPosition] = field(default_factory=dict)
    orders: dict[str, SimOrder] = field(default_factory=dict)
    taker_fees: dict[Symbol, float] = field(default_factory=dict)  #: others pay `DEFAULT_FEE`
    hedged_share: float = 1.0  #: how much of the smaller leg's margin counts where both legs of a symbol are held

    def coin(self, name: Asset) -> Coin:
        """A coin's row, made when it is new."""
        return self.coins.setdefault(name, Coin())

    def open_positions(self) -> list[SimPosition]:
        """All with a size."""
        return [position for position in self.positions.values() if position.size]

    def fee(self, symbol: Symbol) -> float:
        """The taker's rate."""
        return self.taker_fees.get(symbol, DEFAULT_FEE)


DEFAULT_FEE = 0.00055
