"""What an account of the simulated KuCoin holds: positions, resting orders, coins with loans. No deed, no price."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin.arithmetic import value
from monitor.sim.kucoin.listing import Spec

CROSS, ISOLATED = "CROSS", "ISOLATED"
BOTH, LONG, SHORT = "BOTH", "LONG", "SHORT"


@dataclass(slots=True, kw_only=True)
class Position:
    """One record of a contract. `lots` is signed. Isolated margin is `initial` + `added` - `funding_paid`."""

    id: str
    spec: Spec
    side: str = BOTH
    mode: str = CROSS
    lots: float = 0.0
    entry: float = 0.0
    leverage: float = 10.0
    initial: float = 0.0
    added: float = 0.0
    funding_paid: float = 0.0
    auto_deposit: bool = False
    level: int = 1
    realised: float = 0.0
    commission: float = 0.0
    opened_ms: int = 0
    updated_ms: int = 0

    @property
    def symbol(self) -> Symbol:
        """The contract's name."""
        return self.spec.symbol

    @property
    def isolated(self) -> bool:
        """Whether it has a margin of its own."""
        return self.mode == ISOLATED

    @property
    def sign(self) -> float:
        """+1 for long, -1 for short."""
        return 1.0 if self.lots >= 0.0 else -1.0

    @property
    def size(self) -> float:
        """Coins, or USD where inverse; positive."""
        return self.spec.size(abs(self.lots))

    @property
    def cost(self) -> float:
        """What it was worth when it was opened; signed as `value`."""
        return value(self.lots, self.spec.multiplier, self.entry) if self.lots else 0.0

    @property
    def margin(self) -> float:
        """Isolated margin without profit."""
        return self.initial + self.added - self.funding_paid

    def worth(self, mark: float) -> float:
        """What it is worth in the settlement coin; negative for a linear short and an inverse long."""
        return value(self.lots, self.spec.multiplier, mark)

    def profit(self, mark: float) -> float:
        """Unrealised profit in the settlement coin."""
        return self.worth(mark) - self.cost

    def requirement(self, mark: float, rate: float) -> float:
        """`rate` of what it is worth."""
        return abs(self.worth(mark)) * rate


@dataclass(slots=True, kw_only=True)
class Order:
    """A resting order. `lots` is signed."""

    id: str
    spec: Spec
    lots: float
    price: float
    side: str = BOTH
    mode: str = CROSS
    leverage: float = 10.0
    reduce_only: bool = False
    created_ms: int = 0

    @property
    def symbol(self) -> Symbol:
        """The contract's name."""
        return self.spec.symbol

    def worth(self, price: float) -> float:
        """What it would be worth; positive."""
        return abs(value(self.lots, self.spec.multiplier, price))


@dataclass(slots=True)
class Coin:
    """A coin of a margin account. `hold` lies in orders; what is owed is `principal` + `interest`."""

    total: float = 0.0
    hold: float = 0.0
    principal: float = 0.0
    interest: float = 0.0

    @property
    def owed(self) -> float:
        """Principal and interest."""
        return self.principal + self.interest


@dataclass(slots=True)
class Purse:
    """A margin account: the cross one, or that of a pair."""

    coins: dict[Asset, Coin] = field(default_factory=dict)
    status: str = "EFFECTIVE"

    def coin(self, name: Asset) -> Coin:
        """A coin, empty if it was never there."""
        return self.coins.setdefault(name, Coin())
