"""The simulator's own arithmetic of an inverse contract: quantities are contracts of a fixed number of dollars.

Formulas: Binance FAQ on COIN-M liquidation prices (notional = contracts x size / mark, in the coin). Lines are found by
the same bisection as those of linear contracts.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.sim.binance.positions import SimPosition

_NEAREST_TO_NOTHING = 1e-9  #: prices below it are taken for it: a contract has no value in coins at a price of nothing


@dataclass(slots=True, kw_only=True)
class CoinPosition(SimPosition):
    """One position row. `quantity` counts contracts (signed), `contract_usd` is what one of them stands for."""

    contract_usd: float

    def worth(self, quantity: float, at: float) -> float:
        """In the coin."""
        return quantity * self.contract_usd / max(at, _NEAREST_TO_NOTHING)

    def gain(self, quantity: float, mark: float) -> float:
        """In the coin."""
        return self.worth(quantity, self.entry) - self.worth(quantity, mark)

    def averaged(self, held: float, added: float, paid: float) -> float:
        """The entry at which both parts together are worth as many coins."""
        return (held + added) / (held / self.entry + added / paid)
