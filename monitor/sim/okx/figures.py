"""The figures of one account at one moment, computed once."""

from __future__ import annotations

from functools import cached_property

from monitor.domain.names import Asset
from monitor.sim.okx import multi, single
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.board import Prices
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.listing import Product
from monitor.sim.okx.portfolio import Portfolio, portfolio
from monitor.sim.okx.positions import Position

BACKED = (Level.MULTI_CURRENCY, Level.PORTFOLIO)


class Figures:
    """One account at one moment: its figures are computed once, and agree with each other."""

    def __init__(self, account: SimAccount, prices: Prices | None = None) -> None:
        self.account = account
        self.prices = account.board.prices if prices is None else prices
        self._pools: dict[Asset, single.Pool] = {}

    @property
    def backed(self) -> bool:
        """Whether currencies back each other."""
        level = self.account.level
        return level in BACKED or (level is Level.SPOT and self.account.borrows)

    def pool(self, asset: Asset) -> single.Pool:
        """The figures of one currency in futures mode."""
        if asset not in self._pools:
            self._pools[asset] = single.pool(self.account, asset, self.prices)
        return self._pools[asset]

    @cached_property
    def whole(self) -> multi.Whole:
        """The account's figures where currencies back each other."""
        return multi.whole(self.account, self.prices)

    @cached_property
    def portfolio(self) -> Portfolio:
        """The account's figures in portfolio margin."""
        return portfolio(self.account, self.prices)

    @property
    def ratio(self) -> float | None:
        """`mgnRatio` of the account; None where it has none."""
        if self.account.level is Level.PORTFOLIO:
            return self.portfolio.ratio
        return self.whole.ratio if self.backed else None

    def cross_ratio(self, position: Position) -> float | None:
        """`mgnRatio` of a cross position: that of what it draws on."""
        return self.pool(position.settle).ratio if self.account.level is Level.FUTURES else self.ratio

    def value_usd(self, position: Position) -> float:
        """`notionalUsd`: of an option that of its underlying."""
        if position.instrument.product is Product.OPTION:
            coins = abs(position.contracts) * position.instrument.face
            return coins * self.prices.index(position.instrument)
        return position.value(self.prices) * self.prices.usd(position.settle)
