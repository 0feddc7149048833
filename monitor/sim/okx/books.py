"""The books behind a simulated account: whose it is, and how fills, loans and payments change what it holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.domain.names import Asset
from monitor.sim.okx.bills import KEPT_BILLS, Bill, Kind
from monitor.sim.okx.board import Board
from monitor.sim.okx.holdings import Holdings, Level
from monitor.sim.okx.listing import UNIFIED, Instrument, Product
from monitor.sim.okx.options import unit
from monitor.sim.okx.positions import ISOLATED, LONG, NET, SHORT, Loan, Position, Resting, notional, profit
from monitor.sim.okx.text import decimals

DEFAULT_LEVER = 10.0
CASH = "cash"  #: `tdMode` of spot orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something happened: `event` as balance_and_position calls it, and what it touched. A closed position is in it
    with no contracts."""

    event: str
    assets: tuple[Asset, ...] = ()
    positions: tuple[Position | Loan, ...] = ()
    orders: tuple[tuple[Resting, str], ...] = ()  #: each with its state: live, filled, canceled
    category: str = "normal"  #: of the orders: normal, full_liquidation, partial_liquidation, adl


@dataclass(slots=True, kw_only=True)
class Books(Holdings):
    """Whose account it is, what it holds, and its history.

    `told` are called with every change; `settle_in` is the stablecoin that USDⓈ contracts settle in.
    """

    name: str
    key: str
    secret: str
    passphrase: str
    board: Board
    time_ms: Callable[[], int]
    hedge: bool = False
    settle_in: Asset = "USDC"
    permissions: str = "read_only"
    addresses: str = ""  #: `ip`: bound addresses, "" for none
    demo: bool = False
    user: str = ""  #: `uid`
    levers: dict[tuple[str, str, str], float] = field(default_factory=dict)  #: by name, mode and side
    told: list[Callable[[Change], None]] = field(default_factory=list)
    bills: deque[Bill] = field(default_factory=lambda: deque(maxlen=KEPT_BILLS))  #: oldest first
    updated_ms: dict[Asset, int] = field(default_factory=dict)
    warned_ms: dict[str, int] = field(default_factory=dict)  #: when the venue warned last, by pool
    numbers: int = 0

    def _tell(self, change: Change) -> None:
        for tell in self.told:
            tell(change)

    def _number(self) -> str:
        self.numbers += 1
        return str(2_500_000_000_000_000_000 + int(self.user or 0) * 1_000_000 + self.numbers)

    def settles(self, instrument: Instrument) -> Asset:
        """The currency that this account settles an instrument in."""
        return self.settle_in if instrument.settle == UNIFIED else instrument.settle

    def _side(self, side: str | None) -> str:
        wanted = side or NET
        if wanted not in ((LONG, SHORT) if self.hedge else (NET,)):
            raise ValueError(f"{self.name}: side {side!r} does not fit {'long_short' if self.hedge else 'net'} mode")
        return wanted

    def _position(self, name: str, mode: str, side: str | None) -> Position:
        instrument = self.board.find(name)
        if self.level is Level.SPOT or instrument.product in (Product.SPOT, Product.MARGIN):
            raise ValueError(f"{self.name}: {name} is no derivative of account level {self.level}")
        if mode == ISOLATED and self.level is not Level.FUTURES:
            raise ValueError(f"{self.name}: isolated positions are for the futures mode")
        wanted = NET if instrument.product is Product.OPTION else self._side(side)
        found = self.positions.get((name, mode, wanted))
        if found is None:
            found = Position(
                instrument=instrument,
                settle=self.settles(instrument),
                mode=mode,
                side=wanted,
                number=self._number(),
                lever=self.levers.get((name, mode, wanted), DEFAULT_LEVER),
                margin=0.0 if mode == ISOLATED else None,
                created_ms=self.time_ms(),
            )
            self.positions[name, mode, wanted] = found
        return found

    def _fill(self, position: Position, signed: float, paid: float, fee_rate: float, kind: Kind | None = None) -> None:
        """Change a position, and cash by profit and fee. A position without contracts is dropped."""
        instrument, before = position.instrument, position.contracts
        closed = min(abs(before), abs(signed)) if before * signed < 0.0 else 0.0
        opened = abs(signed) - closed
        left = round(before + signed, decimals(instrument.lot))
        if position.side in (LONG, SHORT) and (left < 0.0) == (position.side == LONG) and left:
            raise ValueError(f"{instrument.name} {position.side}: cannot trade {signed:g} on {before:g}")
        gained, released = 0.0, 0.0
        if closed:
            gained = self._gain(position, closed if before > 0.0 else -closed, paid)
            if position.margin is not None:
                released = position.margin * closed / abs(before)
                position.margin -= released
        fee = abs(signed) * self._fee_base(instrument, paid) * fee_rate
        premium = -signed * instrument.face * paid if instrument.product is Product.OPTION else 0.0
        if opened:
            kept = abs(before) - closed
            position.average = _average(instrument, kept, position.average, opened, paid)
            position.first_average = position.average
            if position.margin is not None:
                added = notional(instrument, opened, paid) / position.lever
                position.margin += added
                released -= added
        position.contracts = left
        position.realized += gained - fee
        position.fee -= fee
        position.trade, position.updated_ms = str(self.numbers + 1), self.time_ms()
        self.numbers += 1
        moved = premium if instrument.product is Product.OPTION else gained + released
        told = kind or (Kind.BUY if signed > 0.0 else Kind.SELL)
        self._credit(position.settle, moved - fee, told, position, fee=-fee, gained=gained)
        if not left:
            self.positions.pop((instrument.name, position.mode, position.side), None)

    def _gain(self, position: Position, contracts: float, paid: float) -> float:
        if position.instrument.product is Product.OPTION:
            return contracts * position.instrument.face * (paid - position.average)
        return profit(position.instrument, contracts, position.average, paid)

    def _fee_base(self, instrument: Instrument, paid: float) -> float:
        """What one contract's fee is a share of."""
        if instrument.product is Product.OPTION:
            return instrument.face * unit(instrument, self.board.prices)
        return notional(instrument, 1.0, paid)

    def _exchange(self, instrument: Instrument, coins: float, price: float) -> None:
        """Swap a pair's currencies."""
        cost = coins * price
        after = {
            instrument.coin: self.cash.get(instrument.coin, 0.0) + coins,
            instrument.quote: self.cash.get(instrument.quote, 0.0) - cost,
        }
        can_owe = self.level in (Level.MULTI_CURRENCY, Level.PORTFOLIO) or self.borrows
        if not can_owe and min(after.values()) < -1e-9:
            raise ValueError(f"{self.name}: not enough of {instrument.name}, and nothing is borrowed in this mode")
        kind = Kind.BUY if coins > 0.0 else Kind.SELL
        self._credit(instrument.coin, coins, kind)
        self._credit(instrument.quote, -cost, kind)

    def _order_assets(self, order: Resting) -> tuple[Asset, ...]:
        if order.instrument.product is Product.SPOT:
            return (order.instrument.coin, order.instrument.quote)
        return (order.settle,)

    def _forced_order(self, position: Position, contracts: float, paid: float) -> Resting:
        return Resting(
            number=self._number(),
            instrument=position.instrument,
            settle=position.settle,
            mode=position.mode,
            buy=not position.long if position.contracts else position.side == SHORT,
            side=position.side,
            size=contracts,
            price=paid,
            lever=position.lever,
            created_ms=self.time_ms(),
        )

    def _credit(
        self,
        asset: Asset,
        amount: float,
        kind: Kind,
        position: Position | None = None,
        *,
        fee: float = 0.0,
        gained: float = 0.0,
        change: float | None = None,
    ) -> None:
        """Move cash and write it into the history; `change` is what a position's own margin gained instead."""
        self.cash[asset] = self.cash.get(asset, 0.0) + amount
        self.updated_ms[asset] = self.time_ms()
        self.bills.append(
            Bill(
                number=self._number(),
                kind=kind,
                asset=asset,
                amount=amount,
                balance=self.cash[asset],
                time_ms=self.time_ms(),
                instrument=position.instrument.name if position is not None else "",
                product=position.instrument.product if position is not None else "",
                mode=position.mode if position is not None else "",
                fee=fee,
                gained=gained,
                margin_change=change or 0.0,
            )
        )


def _average(instrument: Instrument, kept: float, average: float, opened: float, paid: float) -> float:
    """The entry of what was kept and what was opened: of coins, so harmonic where a contract is inverse."""
    if not kept:
        return paid
    if instrument.inverse:
        return (kept + opened) / (kept / average + opened / paid)
    return (kept * average + opened * paid) / (kept + opened)
