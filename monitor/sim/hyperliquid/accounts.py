"""Accounts of the simulated Hyperliquid: what they hold, and what their owners do.

A cash leg is what a position's cost leaves behind: a purchase takes from it, a sale adds to it, so that an account is
worth its leg and the value of its positions. Cross positions share the leg of their dex, an isolated one has its own.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monitor.sim.hyperliquid.listing import COLLATERAL, FIRST, STRICT, Board
from monitor.sim.hyperliquid.text import number

TAKER_RATE = 0.00045
KEPT_ROWS = 2_000  #: of each history


class Mode(StrEnum):
    """How the balances of an account back its positions, in the venue's words."""

    DEFAULT = "default"
    STANDARD = "disabled"
    UNIFIED = "unifiedAccount"
    PORTFOLIO = "portfolioMargin"
    DEX_ABSTRACTION = "dexAbstraction"


class Change(StrEnum):
    """What moved in an account."""

    STATE = "state"  #: positions or cash
    FILL = "fill"
    FUNDING = "funding"
    LEDGER = "ledger"
    MODE = "mode"


@dataclass(slots=True)
class Position:
    """`size` is signed, in coins; `leg` is an isolated position's own cash, None in cross margin."""

    coin: str
    size: float
    entry: float
    leverage: int
    leg: float | None = None
    funding: float = 0.0  #: paid since it was opened

    def value(self, mark: float) -> float:
        """What it is worth without its leg; negative for a short."""
        return self.size * mark


def address_of(name: str) -> str:
    """A made-up address for a name."""
    return "0x" + hashlib.sha256(f"simulated {name}".encode()).hexdigest()[:40]


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """One address. `role` is what the venue says of it; `told` is called with each change and what it added."""

    name: str
    address: str
    board: Board
    time_ms: Callable[[], int]
    mode: Mode = Mode.STANDARD
    role: Mapping[str, Any] = field(default_factory=lambda: {"role": "user"})
    legs: dict[str, float] = field(default_factory=dict)  #: cross cash, by dex
    spot: dict[str, float] = field(default_factory=dict)  #: by token
    borrowed: dict[str, float] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    fills: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_ROWS))
    fundings: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_ROWS))
    ledger: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_ROWS))
    told: list[Callable[[Change, Mapping[str, Any]], None]] = field(default_factory=list)
    _numbers: int = 0

    @property
    def pooled(self) -> bool:
        """Whether spot balances back the positions."""
        return self.mode in (Mode.UNIFIED, Mode.PORTFOLIO)

    def cross(self, dex: str) -> list[Position]:
        """The cross positions on a dex."""
        return [p for p in self.positions.values() if p.leg is None and self.board.perps[p.coin].dex == dex]

    def isolated(self) -> list[Position]:
        """The isolated positions."""
        return [p for p in self.positions.values() if p.leg is not None]

    # trading

    def trade(
        self,
        coin: str,
        size: float,
        *,
        price: float | None = None,
        isolated: bool = False,
        leverage: int | None = None,
        liquidation: Mapping[str, Any] | None = None,
    ) -> None:
        """Buy (or sell, `size` < 0) at `price` (default: the mark). A coin that may only be isolated always is."""
        perp = self.board.perps[coin]
        price = self.board.mark(coin) if price is None else price
        fee = abs(size) * price * (0.0 if liquidation else TAKER_RATE)
        held = self.positions.get(coin)
        alone = held.leg is not None if held else isolated or perp.mode != ""
        if held is None:
            times = leverage or self.leverage.get(coin) or perp.tiers[0][1]
            held = Position(coin, 0.0, price, times, 0.0 if alone else None)
        before, was = held.size, held.entry
        self._settle(held, perp.dex, size, price)
        self._move(perp.dex, -fee)
        held.size, held.entry, profit = _filled(before, was, size, price)
        if abs(held.size) < 1e-12:
            self._move(perp.dex, held.leg or 0.0)
            self.positions.pop(coin, None)
        else:
            self.positions[coin] = held
        self._told_fill(coin, before, size, price, profit, fee, liquidation)

    def close(self, coin: str, **how: Any) -> None:
        """Close a position whole."""
        self.trade(coin, -self.positions[coin].size, **how)

    def add_margin(self, coin: str, amount: float) -> None:
        """Move cash into an isolated position (or out, below 0). ValueError where that is not allowed."""
        held = self.positions[coin]
        if held.leg is None or (amount < 0.0 and self.board.perps[coin].mode == STRICT):
            raise ValueError(f"margin of {coin} cannot be moved like that")
        held.leg += amount
        self._move(self.board.perps[coin].dex, -amount)
        self.changed(Change.STATE)

    def set_leverage(self, coin: str, times: int) -> None:
        """The leverage of a coin, open or not."""
        self.leverage[coin] = times
        if coin in self.positions:
            self.positions[coin].leverage = times
            self.changed(Change.STATE)

    # money

    def deposit(self, amount: float) -> None:
        """USDC from elsewhere, to where this account's USDC is; below 0 it leaves."""
        self._cash("USDC", amount)
        kind = "deposit" if amount > 0.0 else "withdraw"
        self._tell_ledger({"type": kind, "usdc": number(abs(amount)), **({} if amount > 0 else {"fee": "0.0"})})

    def withdraw(self, amount: float) -> None:
        """USDC to elsewhere."""
        self.deposit(-amount)

    def receive(self, token: str, amount: float) -> None:
        """A spot token from elsewhere."""
        self.spot[token] = self.spot.get(token, 0.0) + amount
        self._tell_ledger(
            {
                "type": "spotTransfer",
                "token": token,
                "amount": number(abs(amount)),
                "usdcValue": number(abs(amount) * self.board.usdc(token)),
                "user": address_of("somebody") if amount > 0.0 else self.address,
                "destination": self.address if amount > 0.0 else address_of("somebody"),
                "fee": "0.0",
            }
        )

    def move_to_dex(self, amount: float, dex: str = FIRST) -> None:
        """From spot to the margin of a dex (below 0: back), in the token that it settles in."""
        token = COLLATERAL[dex]
        self.spot[token] = self.spot.get(token, 0.0) - amount
        self.legs[dex] = self.legs.get(dex, 0.0) + amount
        self._tell_ledger({"type": "accountClassTransfer", "usdc": number(abs(amount)), "toPerp": amount > 0.0})

    def trade_spot(self, token: str, amount: float) -> None:
        """Buy a token for USDC (or sell it) at its price, without a fee."""
        self.spot[token] = self.spot.get(token, 0.0) + amount
        self.spot["USDC"] = self.spot.get("USDC", 0.0) - amount * self.board.usdc(token)
        self.changed(Change.STATE)

    def borrow(self, token: str, amount: float) -> None:
        """Borrow a token against what is supplied (repay, below 0)."""
        self.borrowed[token] = max(0.0, self.borrowed.get(token, 0.0) + amount)
        self.spot[token] = self.spot.get(token, 0.0) + amount
        self.changed(Change.STATE)

    def steal(self, amount: float) -> None:
        """USDC is gone, and nothing tells of it."""
        self._cash("USDC", -amount)

    def set_mode(self, mode: Mode) -> None:
        """Another mode. Cash of the dexs is pooled with spot, or given back to them, so that nothing is lost."""
        before, self.mode = self.pooled, mode
        if self.pooled and not before:
            for dex, token in COLLATERAL.items():
                self._pool(dex, token, self.legs.get(dex, 0.0) + sum(p.size * p.entry for p in self.cross(dex)))
        elif before and not self.pooled:
            for token in dict.fromkeys(COLLATERAL.values()):
                self._hand_out(token)
        self.changed(Change.MODE)

    # the venue's hand

    def pay_funding(self, coin: str, rate: float) -> None:
        """Pay (or get) an hour's funding on a position, at the oracle price."""
        held = self.positions.get(coin)
        if held is None:
            return
        paid = held.size * self.board.oracle(coin) * rate
        held.funding += paid
        if held.leg is not None:
            held.leg -= paid
        else:
            self._move(self.board.perps[coin].dex, -paid)
        row = {"time": self.time_ms(), "coin": coin, "usdc": number(-paid), "szi": number(held.size)}
        row |= {"fundingRate": number(rate), "nSamples": None}
        self.fundings.append(row)
        self.changed(Change.FUNDING, row)

    def report_liquidation(self, delta: Mapping[str, Any]) -> None:
        """What the ledger says of a liquidation."""
        self._tell_ledger({"type": "liquidation", **delta})

    def changed(self, change: Change, row: Mapping[str, Any] | None = None) -> None:
        """Tell whoever wants to know."""
        for tell in self.told:
            tell(change, row or {})

    # inside

    def _pool(self, dex: str, token: str, amount: float) -> None:
        """Cash of a dex becomes spot balance."""
        self.legs[dex] = self.legs.get(dex, 0.0) - amount
        self.spot[token] = self.spot.get(token, 0.0) + amount

    def _hand_out(self, token: str) -> None:
        """A spot balance becomes cash of the dexs that settle in it, by the size of what is held there."""
        sizes = {
            dex: sum(abs(p.size) * p.entry for p in self.cross(dex))
            for dex, settles in COLLATERAL.items()
            if settles == token
        }
        whole, owned = sum(sizes.values()), self.spot.get(token, 0.0)
        for dex, size in sizes.items():
            if whole:
                self._pool(dex, token, -owned * size / whole)
            elif dex == FIRST:
                self._pool(dex, token, -owned)

    def _settle(self, held: Position, dex: str, size: float, price: float) -> None:
        """Move the cash of a fill: a cross one to and from its dex, an isolated one with its margin."""
        if held.leg is None:
            self._move(dex, -size * price)
            return
        closing = min(abs(size), abs(held.size)) if held.size * size < 0.0 else 0.0
        if closing:
            share = closing / abs(held.size)
            signed = closing if held.size > 0.0 else -closing
            released = share * held.leg + signed * price
            held.leg -= share * held.leg
            self._move(dex, released)
        opening = abs(size) - closing
        if opening > 1e-12:
            margin = opening * price / held.leverage
            held.leg += margin - (opening if size > 0.0 else -opening) * price
            self._move(dex, -margin)

    def _move(self, dex: str, amount: float) -> None:
        """Cash of a dex; in a pooled mode that of its token."""
        self.legs[dex] = self.legs.get(dex, 0.0) + amount

    def _cash(self, token: str, amount: float) -> None:
        if self.pooled:
            self.spot[token] = self.spot.get(token, 0.0) + amount
        else:
            self.legs[FIRST] = self.legs.get(FIRST, 0.0) + amount

    def _told_fill(
        self,
        coin: str,
        before: float,
        size: float,
        price: float,
        profit: float,
        fee: float,
        liquidation: Mapping[str, Any] | None,
    ) -> None:
        self._numbers += 1
        row = {
            "coin": coin,
            "px": number(price),
            "sz": number(abs(size)),
            "side": "B" if size > 0.0 else "A",
            "time": self.time_ms(),
            "startPosition": number(before),
            "dir": ("Close" if before * size < 0.0 else "Open") + (" Long" if before + size / 2 > 0.0 else " Short"),
            "closedPnl": number(profit),
            "hash": "0x" + hashlib.sha256(f"{self.name} {self._numbers}".encode()).hexdigest(),
            "oid": self._numbers,
            "crossed": True,
            "fee": number(fee),
            "tid": self._numbers,
            "feeToken": COLLATERAL[self.board.perps[coin].dex],
            **({"liquidation": dict(liquidation)} if liquidation else {}),
        }
        self.fills.append(row)
        self.changed(Change.FILL, row)

    def _tell_ledger(self, delta: Mapping[str, Any]) -> None:
        self._numbers += 1
        mixed = hashlib.sha256(f"{self.name} ledger {self._numbers}".encode()).hexdigest()
        row = {"time": self.time_ms(), "hash": f"0x{mixed}", "delta": dict(delta)}
        self.ledger.append(row)
        self.changed(Change.LEDGER, row)


def _filled(size: float, entry: float, change: float, price: float) -> tuple[float, float, float]:
    """Size and entry price after a fill, and what it realised."""
    after = size + change
    if size == 0.0 or size * change > 0.0:
        return after, (size * entry + change * price) / after, 0.0
    closed = min(abs(change), abs(size)) * (1.0 if size > 0.0 else -1.0)
    return after, price if after * size < 0.0 else entry, closed * (price - entry)
