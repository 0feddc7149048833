"""A simulated COIN-M account: the deeds of a USDⓈ-M one, on inverse contracts and with wallets in coins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from monitor.domain.names import Symbol
from monitor.sim.binance import brackets as linear
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.brackets import Bracket
from monitor.sim.binance.coinm import brackets
from monitor.sim.binance.coinm.positions import CoinPosition
from monitor.sim.binance.listing import contract_usd
from monitor.sim.binance.paths import COINM
from monitor.sim.binance.positions import SimPosition
from monitor.sim.market import Kind


@dataclass(slots=True, kw_only=True)
class CoinAccount(SimAccount):
    """One account. Quantities are contracts, wallets are coins; it has no multi-assets mode."""

    product: ClassVar[str] = COINM

    def brackets(self, symbol: Symbol) -> tuple[Bracket, ...]:
        """The brackets that apply to this user, in the coin."""
        rows = brackets.of(self.market.contracts[symbol].coin)
        coefficient = self.bracket_coefficients.get(symbol)
        return rows if coefficient is None else linear.scaled(rows, coefficient)

    def set_multi_assets(self, on: bool) -> None:
        """Always a ValueError: coins do not back each other here."""
        raise ValueError(f"COIN-M has no multi-assets mode to be switched {'on' if on else 'off'}")

    def _new_position(self, symbol: Symbol, side: str) -> SimPosition:
        contract = self.market.contracts[symbol]
        if contract.kind is not Kind.INVERSE:
            raise ValueError(f"{symbol} is not traded in this account")
        return CoinPosition(symbol, side, contract.coin, self.brackets(symbol), contract_usd=contract_usd(contract))
