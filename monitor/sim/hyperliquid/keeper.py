"""What the simulated Hyperliquid does by itself: hourly funding, liquidation at the market, and the backstop."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from monitor.sim.hyperliquid.accounts import Mode, Position, SimAccount
from monitor.sim.hyperliquid.listing import COLLATERAL, Board
from monitor.sim.hyperliquid.reading import PORTFOLIO_TRIGGER, Reading
from monitor.sim.hyperliquid.text import number

BACKSTOP_RATIO = 1.5  #: maintenance over what backs it from which the backstop takes all: two thirds are left
LARGE_USDC, SLICE = 100_000.0, 0.2  #: a larger position is closed slice by slice
KEPT_EVENTS = 10_000
MARKET, BACKSTOP = "market", "backstop"


@dataclass(slots=True)
class Keeper:
    """Looks after accounts. `events`: what happened lately, newest last."""

    board: Board
    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def fund(self, accounts: Collection[SimAccount]) -> None:
        """Pay an hour's funding on every position."""
        for account in accounts:
            for coin in list(account.positions):
                account.pay_funding(coin, self.board.hourly_rate(coin))

    def look_after(self, accounts: Collection[SimAccount]) -> None:
        """Liquidate what has to be."""
        for account in accounts:
            for held in account.isolated():
                self._isolated(account, held)
            if account.mode is Mode.PORTFOLIO:
                self._portfolio(account)
            for dex in self._apart(account):
                if account.cross(dex) and Reading(account).ratio(dex) > 1.0:
                    self._cross(account, self._sharing(account, dex))

    def delist(self, accounts: Collection[SimAccount], coin: str) -> None:
        """Settle a coin at its mark, and have it traded no more: it keeps its place among the others, and its mark."""
        self.halt(accounts, coin)
        self.board.perps[coin] = replace(self.board.perps[coin], delisted=True)

    def halt(self, accounts: Collection[SimAccount], coin: str) -> None:
        """A deployer halts trading: all positions in the coin are settled at the mark."""
        for account in accounts:
            if coin in account.positions:
                account.close(coin)

    # inside

    def _apart(self, account: SimAccount) -> list[str]:
        """The dexs whose pools are judged by maintenance alone."""
        whole = account.mode is Mode.PORTFOLIO
        return [dex for dex in self.board.dexs if not (whole and self.board.tokens[COLLATERAL[dex]].borrow_cap)]

    def _whole(self, account: SimAccount) -> list[Position]:
        """The cross positions that are part of portfolio margin."""
        apart = self._apart(account)
        return [p for dex in self.board.dexs if dex not in apart for p in account.cross(dex)]

    def _sharing(self, account: SimAccount, dex: str) -> list[str]:
        """The dexs whose cross positions share one pool."""
        return self.board.settling_in(COLLATERAL[dex]) if account.pooled else [dex]

    def _isolated(self, account: SimAccount, held: Position) -> None:
        reading = Reading(account)
        required, worth = reading.required(held), reading.alone(held)
        if worth >= required:
            return
        method = BACKSTOP if worth * BACKSTOP_RATIO < required else MARKET
        self._report(account, [held], worth, "Isolated")
        if method == BACKSTOP:
            # The vault takes the position with all its margin.
            held.leg = -held.value(self.board.mark(held.coin))
        self._close(account, held, abs(held.size), method)

    def _cross(self, account: SimAccount, dexs: Sequence[str]) -> None:
        positions = [p for dex in dexs for p in account.cross(dex)]
        ratio = Reading(account).ratio(dexs[0])
        self._report(account, positions, sum(Reading(account).value(dex) for dex in dexs), "Cross")
        if ratio > BACKSTOP_RATIO:
            for held in positions:
                self._close(account, held, abs(held.size), BACKSTOP)
            self._seize(account, dexs)
            return
        while (positions := [p for dex in dexs for p in account.cross(dex)]) and Reading(account).ratio(dexs[0]) > 1.0:
            self._slice(account, positions)

    def _portfolio(self, account: SimAccount) -> None:
        if Reading(account).portfolio_ratio() <= PORTFOLIO_TRIGGER:
            return
        positions = self._whole(account)
        if positions or any(
            account.spot.get(name, 0.0) > 0.0 for name, token in self.board.tokens.items() if token.ltv
        ):
            # Of what owes and has nothing that could be sold there is nothing to tell, and least of all at each beat.
            self._report(account, positions, Reading(account).total("USDC"), "Cross")
        while (positions := self._whole(account)) and Reading(account).portfolio_ratio() > PORTFOLIO_TRIGGER:
            self._slice(account, positions)
        if Reading(account).portfolio_ratio() > PORTFOLIO_TRIGGER:
            self._sell_collateral(account)

    def _slice(self, account: SimAccount, positions: Sequence[Position]) -> None:
        """The largest position first: whole, or a slice of it."""
        largest = max(positions, key=lambda p: abs(p.value(self.board.mark(p.coin))))
        value = abs(largest.value(self.board.mark(largest.coin)))
        share = SLICE if value > LARGE_USDC else 1.0
        self._close(account, largest, abs(largest.size) * share, MARKET)

    def _close(self, account: SimAccount, held: Position, size: float, method: str) -> None:
        mark = self.board.mark(held.coin)
        self.events.append(f"{account.name}: {held.coin} {size:g} closed at {mark:g} ({method})")
        told = {"liquidatedUser": account.address, "markPx": number(mark), "method": method}
        signed = -size if held.size > 0.0 else size
        account.trade(held.coin, signed, price=mark, liquidation=told)

    def _seize(self, account: SimAccount, dexs: Sequence[str]) -> None:
        """The backstop keeps all that backed the positions."""
        for dex in dexs:
            account.legs[dex] = 0.0
        if account.pooled:
            account.spot[COLLATERAL[dexs[0]]] = 0.0

    def _report(self, account: SimAccount, positions: Sequence[Position], worth: float, kind: str) -> None:
        notional = sum(abs(p.value(self.board.mark(p.coin))) for p in positions)
        account.report_liquidation(
            {
                "liquidatedNtlPos": number(notional),
                "accountValue": number(worth),
                "leverageType": kind,
                "liquidatedPositions": [{"coin": p.coin, "szi": number(p.size)} for p in positions],
            }
        )

    def _sell_collateral(self, account: SimAccount) -> None:
        """Loans are paid from what is supplied, at its price."""
        for token in list(self.board.tokens):
            for other in [name for name, t in self.board.tokens.items() if t.ltv and name != token]:
                owed = Reading(account).owed(token)
                has = max(0.0, account.spot.get(other, 0.0)) * self.board.usdc(other)
                value = min(has, owed * self.board.usdc(token))
                if value <= 0.0:
                    continue
                self.events.append(f"{account.name}: {value:.2f} USDC of {other} sold for {owed:g} {token} owed")
                bought = value / self.board.usdc(token)
                account.spot[other] -= value / self.board.usdc(other)
                account.spot[token] = account.spot.get(token, 0.0) + bought
                account.borrow(token, -min(bought, account.borrowed.get(token, 0.0)))
