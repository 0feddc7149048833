"""A request to the simulated Bybit, checked: what it asks for, of whom, and at which prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.book import Limits
from monitor.sim.bybit.frames import Row
from monitor.sim.bybit.listing import (
    CATEGORIES,
    category_of,
)
from monitor.sim.bybit.prices import Prices
from monitor.sim.bybit.refusals import WRONG_PARAMETER, Refusal
from monitor.sim.bybit.tiers import Bracket
from monitor.sim.market import Contract


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, checked."""

    params: Mapping[str, str]
    prices: Prices
    now_ms: int
    next_funding_ms: int
    limits: Limits
    collateral: Mapping[Asset, tuple[Bracket, ...]]
    inverse_rates_in_percent: bool
    account: SimAccount | None = None

    @property
    def owner(self) -> SimAccount:
        """The account of a request that needs one."""
        assert self.account is not None  # the gate has seen to it
        return self.account

    def category(self, *allowed: str) -> str:
        """The product that is asked for."""
        found = self.params.get("category", "")
        if found not in (allowed or CATEGORIES):
            raise Refusal(WRONG_PARAMETER, "params error: Illegal category")
        return found

    def page(self, rows: Sequence[Row], most: int, usual: int) -> Row:
        """A part of the rows, and the cursor for the rest. The cursor is where the next page begins."""
        try:
            limit = int(self.params.get("limit") or usual)
            start = int((self.params.get("cursor") or "0").removeprefix("page%3A").removeprefix("page:"))
        except ValueError:
            raise Refusal(WRONG_PARAMETER, "params error: limit or cursor") from None
        if not 1 <= limit <= most:
            raise Refusal(WRONG_PARAMETER, f"params error: limit must be in [1, {most}]")
        end = start + limit
        return {"list": list(rows[start:end]), "nextPageCursor": f"page:{end}" if end < len(rows) else ""}


def contracts_of(ask: Ask, category: str) -> list[Contract]:
    """The contracts of a category, or the one that is named. `Refusal` for a symbol that is not there."""
    symbol = ask.params.get("symbol")
    found = [c for c in ask.prices.market.contracts.values() if category_of(c) == category]
    if symbol is None:
        return found
    one = [contract for contract in found if contract.symbol == symbol]
    if not one:
        raise Refusal(WRONG_PARAMETER, "params error: symbol invalid")
    return one


def of_symbol(ask: Ask, rows: list[Row]) -> list[Row]:
    """The rows of the symbol that is named; all, if none is."""
    symbol = ask.params.get("symbol")
    return [row for row in rows if symbol in (None, row["symbol"])]
