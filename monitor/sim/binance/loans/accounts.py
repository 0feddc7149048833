"""Simulated spot margin accounts: what their owners can do, and which pushes the venue would send for it.

Every deed moves amounts first and pushes afterwards, balances to the sockets of a listen token and debts to those of
the risk stream (which isolated margin has not). Prices moving pushes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.accounts import READ_ONLY
from monitor.sim.binance.loans import arithmetic, frames
from monitor.sim.binance.loans.arithmetic import Figures
from monitor.sim.binance.loans.frames import Frame
from monitor.sim.binance.loans.purse import Holding, Purse
from monitor.sim.binance.loans.tables import HOURLY, HOURLY_OF_OTHERS, PairTier, pair_tiers
from monitor.sim.binance.paths import ISOLATED_MARGIN, MARGIN
from monitor.sim.market import Market

BALANCES, RISK = "balances", "risk"  #: where a frame belongs
KEPT_FLOWS = 1_000
CALL_LEVEL = {3: 1.3, 5: 1.16}  #: of Classic, by the account's leverage
LIQUIDATION_LEVEL = 1.1  #: of Classic
PRO_CALL_LEVEL, PRO_LIQUIDATION_LEVEL = 1.2, 1.0  #: the first is not published and chosen here
EXCESSIVE_LEVEL = 2.0

Push = Callable[[str, Frame, Symbol | None], None]  #: where it belongs, the frame, the pair of isolated margin


def unsent(_: str, __: Frame, ___: Symbol | None) -> None:
    """Nobody listens."""


@dataclass(slots=True, kw_only=True)
class Borrower:
    """What both kinds of margin accounts are. `flows` is the history of balances, oldest first."""

    name: str
    key: str
    secret: str
    market: Market
    time_ms: Callable[[], int]
    permissions: dict[str, bool] = field(default_factory=lambda: dict(READ_ONLY))
    push: Push = unsent
    hourly: dict[Asset, float] = field(default_factory=lambda: dict(HOURLY))  #: interest an hour, by asset
    orders: int = 0
    flows: deque[Frame] = field(default_factory=lambda: deque(maxlen=KEPT_FLOWS))
    written: int = 0  #: flows so far, also those that are not kept

    def _moved(self, purse: Purse, asset: Asset, amount: float, pair: Symbol | None) -> None:
        if amount < 0.0:
            purse.take(asset, -amount)
        else:
            purse.credit(asset, amount)
        self.flow("TRANSFER", asset, amount, pair)
        self.push(BALANCES, frames.balance_update(self.time_ms(), asset, amount), pair)
        self.tell(purse, (asset,), pair)

    def _owed(self, purse: Purse, asset: Asset, amount: float, pair: Symbol | None) -> None:
        """Borrow (> 0) or repay (< 0)."""
        held, before = purse.of(asset), purse.of(asset).interest
        if amount > 0.0:
            purse.borrow(asset, amount)
        else:
            amount = -purse.repay(asset, -amount)
        kind = frames.BORROW if amount > 0.0 else frames.REPAY
        self.flow(kind, asset, amount, pair)
        interest = before - held.interest
        self.push(RISK, self.liability(purse, asset, kind, abs(amount) - interest, interest), pair)
        self.tell(purse, (asset,), pair)

    def _traded(
        self, purse: Purse, pair: Symbol, quantity: float, price: float | None, *, borrow: bool, isolated: bool
    ) -> None:
        """Buy (> 0) or sell the base at `price` (default: the index), borrowing what is missing where that is said."""
        assets = arithmetic.split(self.market, pair)
        if assets is None:
            raise ValueError(f"{pair} is no pair of this market")
        base, quote = assets
        wallet = pair if isolated else None
        paid = round(arithmetic.index_usdt(self.market, base) / arithmetic.index_usdt(self.market, quote), 8)
        paid = paid if price is None else price
        legs = (base, abs(quantity)), (quote, round(abs(quantity) * paid, 8))
        (gained, income), (given, expense) = legs if quantity > 0.0 else legs[::-1]
        missing = round(expense - purse.of(given).free, 8)
        if borrow and missing > 0.0:
            self._owed(purse, given, missing, wallet)
        purse.take(given, expense)
        purse.credit(gained, income)
        way = "BUY" if quantity > 0.0 else "SELL"
        self.flow(f"{way}_EXPENSE", given, -expense, wallet)
        self.flow(f"{way}_INCOME", gained, income, wallet)
        self.orders += 1
        now = self.time_ms()
        self.push(BALANCES, frames.execution_report(now, self.orders, pair, quantity, paid, quote), wallet)
        self.tell(purse, (base, quote), wallet)

    def charge(self, purse: Purse, pair: Symbol | None = None) -> None:
        """An hour's interest on every loan; balances do not change by it, so only the risk stream tells."""
        for asset, amount in purse.accrue(self.hourly, HOURLY_OF_OTHERS).items():
            self.push(RISK, self.liability(purse, asset, frames.INTEREST, 0.0, amount), pair)

    def liability(self, purse: Purse, asset: Asset, kind: str, principal: float, interest: float) -> Frame:  # noqa: ARG002  # another kind of account tells what is left
        """What the venue says of a debt that changed."""
        return frames.liability_change(self.time_ms(), asset, kind, principal, interest)

    def tell(self, purse: Purse, assets: tuple[Asset, ...], pair: Symbol | None = None) -> None:
        """Push what is free and locked of some assets."""
        self.push(BALANCES, frames.account_position(self.time_ms(), purse, assets), pair)

    def flow(self, kind: str, asset: Asset, amount: float, pair: Symbol | None = None) -> None:
        """Write what changed a balance into the history, which knows nothing of interest: that changes a debt."""
        self.written += 1
        number = self.written
        row = {"id": number, "tranId": 7_000_000 + number, "timestamp": self.time_ms(), "asset": asset}
        self.flows.append({**row, "symbol": pair or "", "type": kind, "amount": f"{amount:.8f}"})


@dataclass(slots=True, kw_only=True)
class MarginAccount(Borrower):
    """Cross margin. `pro`: Cross Margin Pro; else Classic at `leverage` 3 or 5."""

    product: ClassVar[str] = MARGIN

    purse: Purse = field(default_factory=Purse)
    pro: bool = False
    leverage: int = 5
    order_loss_usdt: float = 0.0  #: what open orders would lose, as the venue counts it
    status: str = "EXCESSIVE"

    def figures(self) -> Figures:
        """What it comes to, now."""
        return arithmetic.figures(self.purse, self.market, self.order_loss_usdt)

    def level(self) -> float:
        """The margin level that decides; 999 without debts."""
        return self.figures().pro_level if self.pro else self.figures().plain_level

    @property
    def call_level(self) -> float:
        """Where the venue warns."""
        return PRO_CALL_LEVEL if self.pro else CALL_LEVEL[self.leverage]

    @property
    def liquidation_level(self) -> float:
        """Where the venue liquidates."""
        return PRO_LIQUIDATION_LEVEL if self.pro else LIQUIDATION_LEVEL

    def standing(self) -> str:
        """The venue's word for the level."""
        level = self.level()
        if level <= self.liquidation_level:
            return "FORCE_LIQUIDATION"
        if level <= self.call_level:
            return "MARGIN_CALL"
        return "NORMAL" if level <= EXCESSIVE_LEVEL else "EXCESSIVE"

    def transfer(self, asset: Asset, amount: float) -> None:
        """Move into (> 0) or out of the account."""
        self._moved(self.purse, asset, amount, None)

    def borrow(self, asset: Asset, amount: float) -> None:
        """Owe more, and hold it."""
        self._owed(self.purse, asset, amount, None)

    def repay(self, asset: Asset, amount: float) -> None:
        """Pay back what is free, interest first."""
        self._owed(self.purse, asset, -amount, None)

    def trade(self, pair: Symbol, quantity: float, *, price: float | None = None, borrow: bool = False) -> None:
        """Buy (> 0) or sell at the spot market; `borrow` what is missing."""
        self._traded(self.purse, pair, quantity, price, borrow=borrow, isolated=False)

    def order(self, asset: Asset, amount: float, loss_usdt: float = 0.0) -> None:
        """Lock an amount for an open order (negative: cancel) that would lose `loss_usdt` if it were filled."""
        self.purse.lock(asset, amount)
        self.order_loss_usdt = round(self.order_loss_usdt + loss_usdt, 8)
        self.tell(self.purse, (asset,))

    def steal(self, asset: Asset, amount: float) -> None:
        """Take `amount`, and neither push anything nor write it into the history."""
        self.purse.credit(asset, -amount)

    def accrue(self) -> None:
        """An hour's interest."""
        self.charge(self.purse)


@dataclass(slots=True, kw_only=True)
class IsolatedMarginAccount(Borrower):
    """Isolated margin: a purse for each pair, which no other one helps.

    `offsets`: by how much a pair's index differs from its assets' prices in BTC (0.002: it is 0.2 % above).
    """

    product: ClassVar[str] = ISOLATED_MARGIN

    purses: dict[Symbol, Purse] = field(default_factory=dict)
    offsets: dict[Symbol, float] = field(default_factory=dict)
    standings: dict[Symbol, str] = field(default_factory=dict)

    def purse(self, pair: Symbol) -> Purse:
        """What a pair holds and owes; it is opened where there is none. ValueError for no pair."""
        assets = self.assets(pair)
        found = self.purses.get(pair)
        if found is None:
            found = self.purses[pair] = Purse({asset: Holding() for asset in assets})
        return found

    def assets(self, pair: Symbol) -> tuple[Asset, Asset]:
        """Base and quote. ValueError for no pair."""
        assets = arithmetic.split(self.market, pair)
        if assets is None:
            raise ValueError(f"{pair} is no pair of this market")
        return assets

    def index(self, pair: Symbol) -> float:
        """The pair's index price."""
        base, quote = self.assets(pair)
        price = arithmetic.index_usdt(self.market, base) / arithmetic.index_usdt(self.market, quote)
        return round(price * (1.0 + self.offsets.get(pair, 0.0)), 8)

    def level(self, pair: Symbol) -> float:
        """Assets over debts; 999 without debts."""
        return arithmetic.pair_level(self.purse(pair), self.market, *self.assets(pair))

    def tier(self, pair: Symbol) -> PairTier:
        """The tier that the pair's loans are in."""
        return arithmetic.pair_tier(self.purse(pair), *self.assets(pair), pair_tiers(pair))

    def line(self, pair: Symbol) -> float:
        """The price at which the pair is liquidated; 0.0 for none."""
        return arithmetic.pair_line(self.purse(pair), *self.assets(pair), self.tier(pair))

    def standing(self, pair: Symbol) -> str:
        """The venue's word for the level. It calls halfway between liquidation and where no more can be borrowed."""
        level, tier = self.level(pair), self.tier(pair)
        if level <= tier.liquidation:
            return "FORCE_LIQUIDATION"
        if level <= (tier.liquidation + tier.initial) / 2.0:
            return "MARGIN_CALL"
        return "NORMAL" if level <= EXCESSIVE_LEVEL else "EXCESSIVE"

    def transfer(self, pair: Symbol, asset: Asset, amount: float) -> None:
        """Move into (> 0) or out of a pair."""
        self._moved(self.purse(pair), asset, amount, pair)

    def borrow(self, pair: Symbol, asset: Asset, amount: float) -> None:
        """Owe more in a pair, and hold it."""
        self._owed(self.purse(pair), asset, amount, pair)

    def repay(self, pair: Symbol, asset: Asset, amount: float) -> None:
        """Pay back what is free in a pair, interest first."""
        self._owed(self.purse(pair), asset, -amount, pair)

    def trade(self, pair: Symbol, quantity: float, *, price: float | None = None, borrow: bool = False) -> None:
        """Buy (> 0) or sell within a pair; `borrow` what is missing."""
        self._traded(self.purse(pair), pair, quantity, price, borrow=borrow, isolated=True)

    def accrue(self) -> None:
        """An hour's interest in every pair."""
        for pair, purse in self.purses.items():
            self.charge(purse, pair)
