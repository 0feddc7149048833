"""An account at the simulated KuCoin: whose it is, what it holds, and the bookkeeping that every deed rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin import arithmetic
from monitor.sim.kucoin.board import Board, Prices
from monitor.sim.kucoin.futures import Account, Isolated
from monitor.sim.kucoin.holdings import BOTH, CROSS, LONG, SHORT, Order, Position, Purse
from monitor.sim.kucoin.listing import TAKER_FEE, Spec
from monitor.sim.kucoin.unified import Unified

KEPT_BILLS = 500


class Happened(StrEnum):
    """What the venue tells of; values are the change reasons of positions where it has such."""

    POSITION = "positionChange"
    MARGIN = "marginChange"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    AUTO_DEPOSIT = "autoAppendMarginStatusChange"
    WALLET = "wallet"
    FUNDING = "position.settlement"
    RISK_LEVEL = "position.adjustRiskLimit"
    MODE = "marginMode"
    LEVERAGE = "crossLeverage"
    ORDER = "order"
    LOANS = "loans"
    LOAN_STATUS = "position.status"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that sockets may be told. `words` and `numbers` depend on what happened."""

    what: Happened
    position: Position | None = None
    order: Order | None = None
    coin: Asset = ""
    symbol: Symbol = ""
    words: str = ""
    numbers: dict[str, float] = field(default_factory=dict)


class Bill(NamedTuple):
    """A line of the account's log."""

    time_ms: int
    kind: str
    coin: Asset
    amount: float
    fee: float
    wallet: float
    remark: str


class Payment(NamedTuple):
    """One payment of funding; `amount` is negative where the account paid."""

    id: int
    time_ms: int
    symbol: Symbol
    rate: float
    mark: float
    lots: float
    worth: float
    amount: float
    coin: Asset
    mode: str
    side: str


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The books. Wallets are keyed by coin ("BTC", never "XBT"); `kind` is classic or unified."""

    name: str
    uid: str
    key: str
    secret: str
    passphrase: str
    board: Board
    time_ms: Callable[[], int]
    kind: str = "classic"
    hedge: bool = False
    permissions: str = "General"
    addresses: str = ""
    key_version: int = 3
    dead: bool = False
    cash: dict[Asset, float] = field(default_factory=dict)
    hold: dict[Asset, float] = field(default_factory=dict)
    positions: dict[tuple[Symbol, str], Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    modes: dict[Symbol, str] = field(default_factory=dict)
    leverages: dict[Symbol, float] = field(default_factory=dict)
    levels: dict[Symbol, int] = field(default_factory=dict)
    margin: Purse = field(default_factory=Purse)
    isolated: dict[Symbol, Purse] = field(default_factory=dict)
    versions: dict[Asset, int] = field(default_factory=dict)
    bills: list[Bill] = field(default_factory=list)
    loan_bills: list[Bill] = field(default_factory=list)  #: of margin accounts; the remark is the pair
    payments: list[Payment] = field(default_factory=list)
    told: list[Callable[[Change], None]] = field(default_factory=list)
    _numbers: int = 0

    # what it comes to

    @property
    def is_unified(self) -> bool:
        """Whether it is a unified account."""
        return self.kind == "unified"

    def open_positions(self) -> list[Position]:
        """Positions of any size but none."""
        return [each for each in self.positions.values() if each.lots]

    def settle_coins(self) -> list[Asset]:
        """Coins with a wallet or a position."""
        return list(dict.fromkeys((*self.cash, *(each.spec.settle for each in self.open_positions()))))

    def futures(self, coin: Asset, prices: Prices | None = None) -> Account:
        """The classic account of a settlement coin in numbers."""
        return Account(
            coin,
            self.cash.get(coin, 0.0),
            self.hold.get(coin, 0.0),
            [each for each in self.open_positions() if each.spec.settle == coin],
            [each for each in self.orders.values() if each.spec.settle == coin],
            prices if prices is not None else self.board.prices,
        )

    def unified(self, prices: Prices | None = None) -> Unified:
        """The unified account in numbers."""
        return Unified(
            self.cash,
            self.hold,
            self.open_positions(),
            list(self.orders.values()),
            prices if prices is not None else self.board.prices,
        )

    def alone(self, position: Position, prices: Prices | None = None) -> Isolated:
        """An isolated position in numbers."""
        if self.is_unified:
            return self.unified(prices).alone(position)
        return Isolated(position, prices if prices is not None else self.board.prices)

    # bookkeeping

    def tell(self, change: Change) -> None:
        """The venue tells the account's sockets."""
        for hear in self.told:
            hear(change)

    def new_id(self, what: str) -> str:
        """An identifier: 18 digits for positions and orders."""
        self._numbers += 1
        seed = hashlib.sha256(f"{self.uid} {what} {self._numbers}".encode()).hexdigest()
        return str(10**17 + int(seed[:14], 16))

    def credit(self, coin: Asset, amount: float) -> None:
        """Change a wallet and nothing else."""
        self.cash[coin] = round(self.cash.get(coin, 0.0) + amount, 10)

    def write(self, kind: str, coin: Asset, amount: float, *, fee: float = 0.0, remark: str = "") -> None:
        """A line in the log."""
        wallet = self.cash.get(coin, 0.0)
        self.bills.append(Bill(self.time_ms(), kind, coin, amount, fee, wallet, remark))
        del self.bills[:-KEPT_BILLS]

    def tell_wallet(self, coin: Asset) -> None:
        """A wallet has changed: a new version of it."""
        self.versions[coin] = self.versions.get(coin, 0) + 1
        self.tell(Change(what=Happened.WALLET, coin=coin))

    def tell_position(self, position: Position, what: Happened = Happened.POSITION) -> None:
        """A position has changed."""
        position.updated_ms = self.time_ms()
        self.tell(Change(what=what, position=position, symbol=position.symbol))

    # positions

    def side_of(self, lots: float, side: str | None) -> str:
        """The record that a trade belongs to."""
        if not self.hedge:
            return BOTH
        return side if side is not None else (LONG if lots > 0.0 else SHORT)

    def mode_of(self, symbol: Symbol) -> str:
        """The margin mode of a contract."""
        return self.modes.get(symbol, CROSS)

    def record(self, symbol: Symbol, side: str) -> Position:
        """The position of a contract, made when there is none."""
        found = self.positions.get((symbol, side))
        if found is None:
            spec = self.board.specs[symbol]
            found = Position(
                id=self.new_id("position"),
                spec=spec,
                side=side,
                mode=self.mode_of(symbol),
                leverage=self.leverages.get(symbol, 10.0),
                level=self.levels.get(symbol, 1),
                opened_ms=self.time_ms(),
            )
            self.positions[symbol, side] = found
        return found

    def fill(
        self,
        position: Position,
        lots: float,
        price: float | None = None,
        fee_rate: float = TAKER_FEE,
        what: Happened = Happened.POSITION,
    ) -> None:
        """Buy (> 0) or sell lots into a position: part of it is closed, the rest opens or turns it."""
        paid = price if price is not None else self.board.prices.mark(position.symbol)
        if position.lots * lots < 0.0:
            closed = -position.sign * min(abs(lots), abs(position.lots))
            self._close(position, closed, paid, fee_rate)
            lots = round(lots - closed, 10)
        if lots:
            self._open(position, lots, paid, fee_rate)
        self.tell_position(position, what)
        self.tell_wallet(position.spec.settle)
        if not position.lots:
            del self.positions[position.symbol, position.side]

    def _fee(self, position: Position, lots: float, price: float, fee_rate: float) -> float:
        fee = round(abs(arithmetic.value(lots, position.spec.multiplier, price)) * fee_rate, 10)
        self.credit(position.spec.settle, -fee)
        position.commission += fee
        position.realised -= fee
        return fee

    def _open(self, position: Position, lots: float, price: float, fee_rate: float) -> None:
        position.entry = _average(position.spec, position.lots, position.entry, lots, price)
        position.lots = round(position.lots + lots, 10)
        self._fee(position, lots, price, fee_rate)
        if position.isolated:
            cost = abs(arithmetic.value(lots, position.spec.multiplier, price))
            position.initial = round(position.initial + cost / position.leverage, 10)
            self._raise_level(position)

    def _raise_level(self, position: Position) -> None:
        """The venue would have refused the order on too low a level: its owner chose a higher one before."""
        while abs(position.cost) > position.spec.level(position.level).most:
            if position.level == len(position.spec.levels):
                return
            position.level += 1
            self.levels[position.symbol] = position.level

    def _close(self, position: Position, lots: float, price: float, fee_rate: float) -> None:
        """`lots` go against the position."""
        spec, share = position.spec, abs(lots / position.lots)
        came, went = (arithmetic.value(-lots, spec.multiplier, each) for each in (price, position.entry))
        profit = round(came - went, 10)
        self.credit(spec.settle, profit)
        fee = self._fee(position, lots, price, fee_rate)
        position.realised += profit
        position.lots = round(position.lots + lots, 10)
        position.initial = round(position.initial * (1.0 - share), 10)
        position.added = round(position.added * (1.0 - share), 10)
        position.funding_paid = round(position.funding_paid * (1.0 - share), 10)
        self.write("RealisedPNL", spec.settle, profit - fee, fee=fee, remark=spec.symbol)


def _average(spec: Spec, held: float, entry: float, lots: float, price: float) -> float:
    """The entry after more of the same: by cost in the settlement coin."""
    if not held:
        return price
    together = arithmetic.value(held, spec.multiplier, entry) + arithmetic.value(lots, spec.multiplier, price)
    if spec.inverse:
        return round((held + lots) * spec.multiplier / together, 10)
    return round(together / ((held + lots) * spec.multiplier), 10)


def credentials(name: str) -> tuple[str, str, str]:
    """A made-up key (24 characters), secret (36) and passphrase (12), the same for the same name."""
    made = [hashlib.sha256(f"kucoin {name} {what}".encode()).hexdigest() for what in ("key", "secret", "passphrase")]
    return made[0][:24], made[1][:36], made[2][:12]
