"""Portfolio margin (account level 4): risk units by coin, a grid of moves, contingencies, and what the builder says.

The grid, the extreme move, the minimum charge and 1.3 follow what the venue announced; what it keeps to itself (term
structure, interest rates, stablecoin spreads: MR2, MR3, MR5, MR9) is 0 here. All amounts are USD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.sim.okx.board import Prices
from monitor.sim.okx.holdings import Holdings, assets
from monitor.sim.okx.listing import Product
from monitor.sim.okx.multi import adjusted_equity, borrowing
from monitor.sim.okx.positions import Position

MAJORS, MINORS = ("BTC", "ETH"), ("SOL", "DOGE", "XRP", "BNB", "LTC", "BCH", "ADA", "FIL", "LINK")
_STEPS: Mapping[bool, tuple[float, ...]] = {True: (0.04, 0.08, 0.12), False: (0.06, 0.12, 0.18)}
_OTHER_STEPS = (0.08, 0.16, 0.25)
VOLATILITY_SHIFTS = {"volShockDown": -0.25, "volSame": 0.0, "volShockUp": 0.25}  #: made up: the venue's are not public
INITIAL_FACTOR = 1.3
EXTREME_SHARE = 0.5


def price_steps(coin: Asset) -> tuple[float, ...]:
    """The seven moves of the grid, from the deepest fall."""
    steps = _STEPS[coin in MAJORS] if coin in (*MAJORS, *MINORS) else _OTHER_STEPS
    return (*(-step for step in reversed(steps)), 0.0, *steps)


def extreme_step(coin: Asset) -> float:
    """The move of MR6."""
    return 0.24 if coin in MAJORS else 0.36 if coin in MINORS else 0.5


def _basis_rate(coin: Asset) -> float:
    return 0.002 if coin in MAJORS else 0.008


def _minimum_rate(coin: Asset) -> float:
    return 0.0045 if coin in MAJORS else 0.007


def delta_usd(position: Position, prices: Prices) -> float:
    """What the position is worth of its coin, in USD: signed, at the mark; an option's by a small move."""
    instrument = position.instrument
    if instrument.product is Product.OPTION:
        up, down = (_worth(position, prices.moved({instrument.coin: 1.0 + step})) for step in (0.001, -0.001))
        return (up - down) / 0.002
    quantity = position.contracts * instrument.face
    if instrument.inverse:
        return quantity / prices.mark(instrument) * prices.usd(instrument.coin)
    return quantity * prices.mark(instrument) * prices.usd(position.settle)


def _worth(position: Position, prices: Prices) -> float:
    """An option's value in USD."""
    return position.option_value(prices) * prices.usd(position.settle)


def shocked_profit(position: Position, prices: Prices, step: float, shift: float) -> float:
    """What a position gains when its coin moves by `step` and volatility by `shift`: by the index."""
    instrument = position.instrument
    if instrument.product is Product.OPTION:
        moved = prices.moved({instrument.coin: 1.0 + step}, shift)
        return _worth(position, moved) - _worth(position, prices)
    quantity = position.contracts * instrument.face
    if instrument.inverse:
        return quantity * step * prices.index(instrument) / prices.mark(instrument)
    return quantity * step * prices.index(instrument) * prices.usd(position.settle)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskUnit:
    """One coin's derivatives. `scenarios`: profit by volatility shift and price step."""

    coin: Asset
    delta: float
    scenarios: Mapping[str, Mapping[float, float]]
    mr1: float
    mr4: float
    mr6: float
    mr7: float
    extreme: tuple[float, float]  #: the worst extreme move and its profit
    worst: tuple[str, float, float]  #: the worst of the grid: shift, step, profit

    @property
    def maintenance(self) -> float:
        """The unit's MMR."""
        return max(self.mr1 + self.mr4, self.mr6, self.mr7)

    @property
    def initial(self) -> float:
        """The unit's IMR."""
        return INITIAL_FACTOR * self.maintenance


def risk_unit(coin: Asset, positions: list[Position], prices: Prices) -> RiskUnit:
    """The unit of a coin, whatever its positions are quoted in."""
    scenarios = {
        name: {step: sum(shocked_profit(p, prices, step, shift) for p in positions) for step in price_steps(coin)}
        for name, shift in VOLATILITY_SHIFTS.items()
    }
    worst = min(
        ((name, step, gained) for name in reversed(scenarios) for step, gained in scenarios[name].items()),
        key=lambda at: at[2],
    )
    extreme = min(
        (
            (step, sum(shocked_profit(p, prices, step, 0.0) for p in positions))
            for step in (-extreme_step(coin), extreme_step(coin))
        ),
        key=lambda at: at[1],
    )
    deltas = [delta_usd(position, prices) for position in positions]
    gross = sum(abs(delta) for delta in deltas)
    return RiskUnit(
        coin=coin,
        delta=sum(deltas),
        scenarios=scenarios,
        mr1=max(0.0, -worst[2]),
        mr4=_basis_rate(coin) * gross,
        mr6=EXTREME_SHARE * max(0.0, -extreme[1]),
        mr7=_minimum_rate(coin) * gross,
        extreme=extreme,
        worst=worst,
    )


def risk_units(held: Holdings, prices: Prices) -> Iterator[RiskUnit]:
    """All units, in order of first holding."""
    by_coin: dict[Asset, list[Position]] = {}
    for position in held.cross():
        by_coin.setdefault(position.instrument.coin, []).append(position)
    for coin, positions in by_coin.items():
        yield risk_unit(coin, positions, prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The account's figures. `ratio` counts the fee of debts, and none of derivatives."""

    equity: float
    units: tuple[RiskUnit, ...]
    borrow_maintenance: float
    borrow_initial: float
    borrow_fees: float
    owed: float

    @property
    def derivative_maintenance(self) -> float:
        """All units' MMR."""
        return sum(unit.maintenance for unit in self.units)

    @property
    def maintenance(self) -> float:
        """With that of debts."""
        return self.derivative_maintenance + self.borrow_maintenance

    @property
    def initial(self) -> float:
        """With that of debts."""
        return sum(unit.initial for unit in self.units) + self.borrow_initial

    @property
    def ratio(self) -> float | None:
        """`mgnRatio`: liquidated at 1; None while there is nothing to maintain."""
        needed = self.maintenance + self.borrow_fees
        return self.equity / needed if needed > 0.0 else None


def portfolio(held: Holdings, prices: Prices) -> Portfolio:
    """The account's figures at these prices."""
    debts = [borrowing(held, asset, prices) for asset in assets(held)]
    return Portfolio(
        equity=adjusted_equity(held, prices, with_orders=False),
        units=tuple(risk_units(held, prices)),
        borrow_maintenance=sum(debt.maintenance for debt in debts),
        borrow_initial=sum(debt.initial for debt in debts),
        borrow_fees=sum(debt.fee for debt in debts),
        owed=sum(debt.owed for debt in debts),
    )


def moved_portfolio(held: Holdings, prices: Prices, step: float) -> Portfolio:
    """The account after all coins have moved by `step`, stablecoins held: what the builder's graph prints."""
    coins = {position.instrument.coin for position in held.cross()}
    coins |= {asset for asset in assets(held) if asset not in ("USDT", "USDC")}
    return portfolio(held, prices.moved(dict.fromkeys(coins, max(1e-9, 1.0 + step))))
