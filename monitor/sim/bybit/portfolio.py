"""Portfolio margin of the simulated Bybit: every position of a coin revalued over price moves and shifts of volatility.

Moves reach 10 % for BTC and ETH in steps of 2 %; those of other coins, the shifts of volatility and the contingency
rates are not published as numbers, and are chosen here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import options
from monitor.sim.bybit.holdings import SimPosition
from monitor.sim.bybit.prices import Prices

MOVES = (-0.1, -0.08, -0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06, 0.08, 0.1)
WIDER = 1.6  #: moves of other coins, times this
WIDE = ("BTC", "ETH")
VOLATILITY_SHIFT = 0.2  #: of the volatility itself: up, none, down
INITIAL_FACTOR = 1.2
FUTURE_CONTINGENCY, OPTION_CONTINGENCY = 0.0001, 0.005
COLUMNS = (VOLATILITY_SHIFT, 0.0, -VOLATILITY_SHIFT)

Grid = tuple[tuple[float, ...], ...]  #: by move, then by column


@dataclass(frozen=True, slots=True)
class RiskUnit:
    """One coin's scenarios in USD. `perpetuals` by symbol at each move, `options` by symbol at each move and column."""

    coin: Asset
    index: float
    moves: tuple[float, ...]
    perpetuals: dict[Symbol, tuple[float, ...]]
    options: dict[Symbol, Grid]
    future_contingency: float
    option_contingency: float

    @property
    def contingency(self) -> float:
        """What is required beside the worst loss."""
        return self.future_contingency + self.option_contingency

    @property
    def grid(self) -> Grid:
        """All together."""
        return tuple(
            tuple(
                sum(row[place] for row in self.perpetuals.values())
                + sum(grid[place][column] for grid in self.options.values())
                for column in range(len(COLUMNS))
            )
            for place in range(len(self.moves))
        )

    @property
    def worst(self) -> tuple[int, int]:
        """Where the greatest loss stands: move and column."""
        places = [(place, column) for place in range(len(self.moves)) for column in range(len(COLUMNS))]
        grid = self.grid
        return min(places, key=lambda at: grid[at[0]][at[1]])

    @property
    def loss(self) -> float:
        """The greatest loss, >= 0."""
        place, column = self.worst
        return max(0.0, -self.grid[place][column])

    @property
    def maintenance(self) -> float:
        """`assetMM`."""
        return self.loss + self.contingency

    @property
    def initial(self) -> float:
        """`assetIM`."""
        return INITIAL_FACTOR * self.maintenance


def moves_of(coin: Asset) -> tuple[float, ...]:
    """The price moves of a coin's scenarios."""
    return MOVES if coin in WIDE else tuple(round(WIDER * move, 4) for move in MOVES)


def risk_units(positions: Iterable[SimPosition], prices: Prices) -> dict[Asset, RiskUnit]:
    """The scenarios of each base coin that something is held on."""
    by_coin: dict[Asset, list[SimPosition]] = {}
    for position in positions:
        by_coin.setdefault(prices.coin(position.symbol), []).append(position)
    return {coin: _unit(coin, held, prices) for coin, held in sorted(by_coin.items())}


def _unit(coin: Asset, held: list[SimPosition], prices: Prices) -> RiskUnit:
    index, moves = prices.usd_index(coin), moves_of(coin)
    perpetuals: dict[Symbol, tuple[float, ...]] = {}
    grids: dict[Symbol, Grid] = {}
    futures = short_options = 0.0
    for position in held:
        signed = position.sign * position.size
        if position.symbol in prices.options:
            grids[position.symbol] = option_grid(position.symbol, signed, moves, prices)
            short_options -= min(0.0, signed) * index
            continue
        units = signed / index if prices.inverse(position.symbol) else signed
        earlier = perpetuals.get(position.symbol, (0.0,) * len(moves))  # the other leg of the symbol
        perpetuals[position.symbol] = tuple(
            before + move * units * index for before, move in zip(earlier, moves, strict=True)
        )
        futures += abs(units) * index
    return RiskUnit(
        coin=coin,
        index=index,
        moves=moves,
        perpetuals=perpetuals,
        options=grids,
        future_contingency=futures * FUTURE_CONTINGENCY,
        option_contingency=short_options * OPTION_CONTINGENCY,
    )


def option_grid(symbol: Symbol, signed: float, moves: tuple[float, ...], prices: Prices) -> Grid:
    """What a position in an option gains at each move and shift of volatility, against its mark."""
    option, forward, mark = prices.options[symbol], prices.forward(symbol), prices.mark(symbol)
    volatility = prices.option_volatility(symbol)
    return tuple(
        tuple(
            signed * (options.price(option, forward * (1.0 + move), volatility * (1.0 + shift), prices.now) - mark)
            for shift in COLUMNS
        )
        for move in moves
    )
