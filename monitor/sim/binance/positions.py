"""The simulator's own arithmetic, position by position and plainly: profit, maintenance, health, liquidation price.

Formulas: Binance FAQ "How to calculate liquidation price of USDⓈ-M futures contracts" (mark price for profit and
maintenance, the bracket of the notional at the searched price) and "Multi-assets mode". Liquidation prices are found by
bisection of health = margin balance - maintenance, not by the published quotient, and so need no search for a bracket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.brackets import Bracket, maintenance

BOTH, LONG, SHORT = "BOTH", "LONG", "SHORT"

_DOUBLINGS = 40  #: how far up a line is searched: 2^40 times the mark


@dataclass(slots=True)
class SimPosition:
    """One position row. `quantity` is signed; `isolated_wallet` is None in cross mode; amounts in `asset`."""

    symbol: Symbol
    side: str
    asset: Asset
    brackets: tuple[Bracket, ...]
    quantity: float = 0.0
    entry: float = 0.0
    isolated_wallet: float | None = None
    realized: float = 0.0
    update_ms: int = 0

    # what kinds of contracts differ in

    def worth(self, quantity: float, at: float) -> float:
        """What a quantity is worth at a price, in the margin asset, with its sign."""
        return quantity * at

    def gain(self, quantity: float, mark: float) -> float:
        """What a signed part of the position gains between its entry and a price."""
        return quantity * (mark - self.entry)

    def averaged(self, held: float, added: float, paid: float) -> float:
        """The entry after `added` at `paid` to what is held (both unsigned)."""
        return (held * self.entry + added * paid) / (held + added)

    # figures

    def notional(self, mark: float) -> float:
        """Unsigned, in the margin asset."""
        return self.worth(abs(self.quantity), mark)

    def profit(self, mark: float) -> float:
        """Unrealised."""
        return self.gain(self.quantity, mark)

    def maintenance(self, mark: float) -> float:
        """Maintenance margin: each side of a hedge is bracketed by itself."""
        return maintenance(self.brackets, self.notional(mark))

    # changes

    def fill(self, quantity: float, paid: float, *, isolated: bool, leverage: int, flips: bool = True) -> float:
        """Change by a signed quantity; returns the realised profit. Isolated margin moves with it.

        `isolated` and `leverage` are for what it opens. ValueError where it closes more than there is, unless `flips`.
        """
        before = self.quantity
        closing = min(abs(before), abs(quantity)) if before * quantity < 0.0 else 0.0
        if closing and not flips and closing < abs(quantity) - 1e-12:
            raise ValueError(f"{self.symbol} {self.side}: cannot close {quantity} of {before}")
        profit = round(self.gain(closing if before > 0.0 else -closing, paid), 8) if closing else 0.0
        left = round(before + (closing if quantity > 0.0 else -closing), 8)
        if self.isolated_wallet is not None and closing:
            self.isolated_wallet = round(self.isolated_wallet * (abs(left) / abs(before)), 8)
        opening = round(abs(quantity) - closing, 8)
        if not left:
            self.entry, self.isolated_wallet = 0.0, None
        if opening:
            if not left:
                self.isolated_wallet = 0.0 if isolated else None
            self.entry = round(self.averaged(abs(left), opening, paid) if left else paid, 8)
            size = abs(left) + opening
            left = round(size if quantity > 0.0 else -size, 8)
            if self.isolated_wallet is not None:
                self.isolated_wallet = round(self.isolated_wallet + self.worth(opening, paid) / leverage, 8)
        self.quantity = left
        self.realized += profit
        return profit


@dataclass(frozen=True, slots=True)
class Rates:
    """How an asset counts in multi-assets mode, in USD: index below, above, and as printed."""

    index: float
    bid_buffer: float
    ask_buffer: float
    exchange_bid_buffer: float = 0.0
    exchange_ask_buffer: float = 0.0

    @property
    def bid(self) -> float:
        """What one unit of equity counts for."""
        return round(self.index * (1.0 - self.bid_buffer), 8)

    @property
    def ask(self) -> float:
        """What one unit of debt, or of requirement, counts for."""
        return round(self.index * (1.0 + self.ask_buffer), 8)

    @property
    def exchange_bid(self) -> float:
        """What one unit brings when the venue sells it to pay a debt."""
        return self.index * (1.0 - self.exchange_bid_buffer)

    @property
    def exchange_ask(self) -> float:
        """What one unit costs when the venue buys it to pay a debt."""
        return self.index * (1.0 + self.exchange_ask_buffer)


def single_asset_health(cash: float, positions: Iterable[SimPosition], marks: Mapping[Symbol, float]) -> float:
    """Margin balance minus maintenance of one pool; liquidatable at 0 and below."""
    health = cash
    for position in positions:
        mark = marks[position.symbol]
        health += position.profit(mark) - position.maintenance(mark)
    return health


def multi_assets_equity_and_maintenance(
    cash: Mapping[Asset, float],
    positions: Iterable[SimPosition],
    marks: Mapping[Symbol, float],
    rates: Mapping[Asset, Rates],
) -> tuple[float, float]:
    """Both in USD: equity counts at the bid rate when positive, at the ask rate when negative; maintenance at ask."""
    equities = dict(cash)
    total_maintenance = 0.0
    for position in positions:
        mark = marks[position.symbol]
        equities[position.asset] = equities.get(position.asset, 0.0) + position.profit(mark)
        total_maintenance += position.maintenance(mark) * rates[position.asset].ask
    total = 0.0
    for asset, equity in equities.items():
        if equity:
            total += min(equity * rates[asset].bid, equity * rates[asset].ask)
    return total, total_maintenance


def first_crossing(health: Callable[[float], float], mark: float, net_quantity: float) -> float:
    """The price where health crosses zero, as the venue prints it: 0.0 for "none".

    A net long (short) pool is searched below (above) the mark while it is safe, on the other side when it is already
    past its line; where there is nothing, the other way too: a hedge may have its only line where rising maintenance
    eats the equity.
    """
    safe = health(mark) > 0.0
    down_first = (net_quantity > 0.0) == safe and net_quantity != 0.0
    down = _bisect(health, safe, mark, 0.0) if (health(0.0) > 0.0) != safe else 0.0
    if down_first and down:
        return down
    far = mark
    for _ in range(_DOUBLINGS):
        near, far = far, far * 2.0
        if (health(far) > 0.0) != safe:
            return _bisect(health, safe, near, far)
    return down


def _bisect(health: Callable[[float], float], safe: bool, near: float, far: float) -> float:
    """The crossing between a price that is as safe as the mark and one that is not, to the last float."""
    while True:
        middle = (near + far) / 2.0
        if middle in (near, far):
            return middle
        if (health(middle) > 0.0) == safe:
            near = middle
        else:
            far = middle


def isolated_liquidation_price(position: SimPosition, mark: float) -> float:
    """The line of one isolated position; 0.0 for none. The two sides of an isolated hedge have a line each."""

    def health(price: float) -> float:
        return (position.isolated_wallet or 0.0) + position.profit(price) - position.maintenance(price)

    return first_crossing(health, mark, position.quantity)


def cross_liquidation_price(
    symbol: Symbol, cash: float, positions: Sequence[SimPosition], marks: Mapping[Symbol, float]
) -> float:
    """The common line of a symbol in a single-asset cross pool, all other marks held; 0.0 for none."""

    def health(price: float) -> float:
        return single_asset_health(cash, positions, {**marks, symbol: price})

    net = sum(position.quantity for position in positions if position.symbol == symbol)
    return first_crossing(health, marks[symbol], net)


def multi_assets_liquidation_price(
    symbol: Symbol,
    cash: Mapping[Asset, float],
    positions: list[SimPosition],
    marks: Mapping[Symbol, float],
    rates: Mapping[Asset, Rates],
) -> float:
    """The line of a symbol in multi-assets mode, other marks and all asset indexes held; 0.0 for none."""

    def health(price: float) -> float:
        equity, required = multi_assets_equity_and_maintenance(cash, positions, {**marks, symbol: price}, rates)
        return equity - required

    net = sum(position.quantity for position in positions if position.symbol == symbol)
    return first_crossing(health, marks[symbol], net)
