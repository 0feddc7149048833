"""What the simulated Hyperliquid computes of an account, in plain arithmetic: values, maintenance, lines, ratios.

Lines are found by halving an interval, not by a formula: whoever has a formula can be checked by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sim.hyperliquid.accounts import Mode, Position, SimAccount
from monitor.sim.hyperliquid.listing import COLLATERAL, Board
from monitor.sim.hyperliquid.text import number

PORTFOLIO_TRIGGER = 0.95
OFFSET_USDC = 20.0
FARTHEST = 1e4  #: times the mark: a line beyond is none
HALVINGS = 200
DUST = 1e-8  #: of a token: less than the venue's smallest unit is what sums of floats leave behind


def maintenance(tiers: tuple[tuple[float, int], ...], notional: float) -> float:
    """The maintenance margin of a notional: each slice at the rate of its tier, half of 1 / leverage."""
    required = 0.0
    for place, (lower, leverage) in enumerate(tiers):
        upper = tiers[place + 1][0] if place + 1 < len(tiers) else float("inf")
        required += max(0.0, min(notional, upper) - lower) / (2.0 * leverage)
    return required


@dataclass(slots=True)
class Reading:
    """An account at the marks of the moment, or at others: `marks` are put over those of the board."""

    account: SimAccount
    marks: Mapping[str, float] = field(default_factory=dict)

    @property
    def board(self) -> Board:
        """What is listed."""
        return self.account.board

    def mark(self, coin: str) -> float:
        """The mark that is computed with."""
        return self.marks[coin] if coin in self.marks else self.board.mark(coin)

    def required(self, held: Position) -> float:
        """A position's maintenance margin."""
        return maintenance(self.board.perps[held.coin].tiers, abs(held.value(self.mark(held.coin))))

    def alone(self, held: Position) -> float:
        """What an isolated position is worth with its cash."""
        return (held.leg or 0.0) + held.value(self.mark(held.coin))

    # a dex

    def value(self, dex: str) -> float:
        """The cross account value of a dex: its cash and its positions."""
        positions = self.account.cross(dex)
        return self.account.legs.get(dex, 0.0) + sum(p.value(self.mark(p.coin)) for p in positions)

    def dex_required(self, dex: str) -> float:
        """The maintenance margin of a dex's cross positions."""
        return sum(self.required(p) for p in self.account.cross(dex))

    # a token

    def held(self, token: str) -> float:
        """What there is of a token; where balances are pooled with all that dexs settling in it hold."""
        held = self.account.spot.get(token, 0.0)
        if self.account.pooled:
            held += sum(self.value(dex) for dex in self.board.settling_in(token)) + self.alone_in(token)
        return held

    def owed(self, token: str) -> float:
        """What is borrowed of a token: in portfolio margin also what falls below nothing beside
        isolated positions, where the token may be borrowed at all.
        """
        whole = self.account.mode is Mode.PORTFOLIO and self.board.tokens[token].borrow_cap > 0.0
        below = self.alone_in(token) - self.held(token) if whole else 0.0
        return self.account.borrowed.get(token, 0.0) + (below if below > DUST else 0.0)

    def total(self, token: str) -> float:
        """A spot balance as it is shown: what there is less what was borrowed."""
        return self.held(token) - self.account.borrowed.get(token, 0.0)

    def alone_in(self, token: str) -> float:
        """What isolated positions that settle in a token are worth."""
        dexs = self.board.settling_in(token)
        return sum(self.alone(p) for p in self.account.isolated() if self.board.perps[p.coin].dex in dexs)

    def token_required(self, token: str) -> float:
        """The maintenance margin of all cross positions that settle in a token."""
        return sum(self.dex_required(dex) for dex in self.board.settling_in(token))

    def available(self, token: str) -> float:
        """What is left of a token after maintenance and isolated positions."""
        return self.total(token) - self.token_required(token) - self.alone_in(token)

    def free(self, dex: str) -> float:
        """What is left for more on a dex, beyond isolated positions and what opening the others at their greatest
        leverage takes: twice their maintenance.
        """
        if not self.account.pooled:
            return self.value(dex) - 2.0 * self.dex_required(dex)
        whole, token = self.account.mode is Mode.PORTFOLIO, COLLATERAL[dex]
        return self.available(token) - self.token_required(token) - (2.0 * OFFSET_USDC if whole else 0.0)

    # whole accounts

    def ratio(self, dex: str) -> float:
        """Maintenance over what backs it, on the pool of a dex: liquidated above 1 (0.95 in portfolio margin, of which
        tokens that cannot be borrowed are no part).
        """
        token = COLLATERAL[dex]
        if self.account.mode is Mode.PORTFOLIO and self.board.tokens[token].borrow_cap > 0.0:
            return self.portfolio_ratio()
        if self.account.pooled:
            required, backing = self.token_required(token), self.total(token) - self.alone_in(token)
        else:
            required, backing = self.dex_required(dex), self.value(dex)
        if required <= 0.0:
            return 0.0
        return required / backing if backing > 0.0 else float("inf")

    def portfolio_ratio(self) -> float:
        """The worst, over tokens that may be borrowed, of what is required over what would be there."""
        borrowable = [t for t in self.board.tokens.values() if t.borrow_cap > 0.0]
        worst = 0.0
        for token in borrowable:
            px = self.board.usdc(token.name)
            required = OFFSET_USDC + self.token_required(token.name) * px
            required += self.owed(token.name) * px
            balance = max(0.0, self.held(token.name) - self.alone_in(token.name)) * px
            there = balance + min(token.borrow_cap * px, self._collateral(token.name))
            if required > OFFSET_USDC:
                worst = max(worst, required / there if there > 0.0 else float("inf"))
        return worst

    def _collateral(self, other_than: str) -> float:
        value = 0.0
        for token in self.board.tokens.values():
            if token.ltv and token.name != other_than:
                counted = min(max(0.0, self.held(token.name)), token.supply_cap)
                value += counted * self.board.usdc(token.name) * (0.5 + 0.5 * token.ltv)
        return value

    # lines

    def liquidation(self, coin: str) -> float | None:
        """The mark of a coin at which its pool needs all that it has, nothing else moving; None where there is none."""
        held = self.account.positions[coin]
        dex = self.board.perps[coin].dex

        def spare(price: float) -> float:
            at = Reading(self.account, {**self.marks, coin: price})
            if held.leg is not None:
                return at.alone(held) - at.required(held)
            if self.account.pooled:
                return at.available(COLLATERAL[dex])
            return at.value(dex) - at.dex_required(dex)

        mark = self.mark(coin)
        far = 0.0 if held.size > 0.0 else mark * FARTHEST
        if spare(mark) <= 0.0 or spare(far) >= 0.0:
            return self._beyond(spare, mark, held.size > 0.0)
        return _halve(spare, mark, far)

    @staticmethod
    def _beyond(spare: Callable[[float], float], mark: float, long: bool) -> float | None:
        """A pool that lacks something already has its line on the other side of the mark."""
        if spare(mark) > 0.0:
            return None
        far = mark * FARTHEST if long else 0.0
        return _halve(spare, far, mark) if spare(far) > 0.0 else None

    # answers

    def clearinghouse(self, dex: str) -> dict[str, Any]:
        """`clearinghouseState` of one dex."""
        account = self.account
        cross = account.cross(dex)
        alone = [p for p in account.isolated() if self.board.perps[p.coin].dex == dex]
        value, required = self.value(dex), self.dex_required(dex)
        used = sum(abs(p.value(self.mark(p.coin))) / p.leverage for p in cross)
        crossed = sum(abs(p.value(self.mark(p.coin))) for p in cross)
        both = crossed + sum(abs(p.value(self.mark(p.coin))) for p in alone)
        leg = account.legs.get(dex, 0.0)
        whole = {
            "accountValue": number(value + sum(self.alone(p) for p in alone)),
            "totalNtlPos": number(both),
            "totalRawUsd": number(leg + sum(p.leg or 0.0 for p in alone)),
            "totalMarginUsed": number(used + sum(self.alone(p) for p in alone)),
        }
        crossing = {
            "accountValue": number(value),
            "totalNtlPos": number(crossed),
            "totalRawUsd": number(leg),
            "totalMarginUsed": number(used),
        }
        return {
            "marginSummary": whole,
            "crossMarginSummary": crossing,
            "crossMaintenanceMarginUsed": number(required),
            "withdrawable": number(max(0.0, value - max(used, 0.1 * crossed))),
            "assetPositions": [{"type": "oneWay", "position": self.position(p)} for p in (*cross, *alone)],
            "time": account.time_ms(),
        }

    def position(self, held: Position) -> dict[str, Any]:
        """A position's row."""
        mark, perp = self.mark(held.coin), self.board.perps[held.coin]
        value = held.value(mark)
        profit = value - held.size * held.entry
        margin = abs(value) / held.leverage if held.leg is None else self.alone(held)
        leverage: dict[str, Any] = {"type": "cross", "value": held.leverage}
        if held.leg is not None:
            leverage = {"type": "isolated", "value": held.leverage, "rawUsd": number(held.leg)}
        line = self.liquidation(held.coin)
        return {
            "coin": held.coin,
            "szi": number(held.size),
            "leverage": leverage,
            "entryPx": number(held.entry),
            "positionValue": number(abs(value)),
            "unrealizedPnl": number(profit),
            "returnOnEquity": number(profit / margin if margin > 0.0 else 0.0),
            "liquidationPx": None if line is None else number(line),
            "marginUsed": number(margin),
            "maxLeverage": perp.tiers[0][1],
            "cumFunding": {"allTime": number(held.funding), "sinceOpen": number(held.funding), "sinceChange": "0.0"},
        }

    def spot(self) -> dict[str, Any]:
        """`spotClearinghouseState`."""
        account = self.account
        names = [name for name in self.board.tokens if name in account.spot or (account.pooled and name == "USDC")]
        if account.pooled:
            held_in = {COLLATERAL[self.board.perps[coin].dex] for coin in account.positions}
            names = [name for name in self.board.tokens if name in names or name in held_in]
        answer: dict[str, Any] = {"balances": [self._balance(name) for name in names]}
        if account.pooled:
            answer["tokenToAvailableAfterMaintenance"] = [
                [self.board.tokens[name].index, number(self.available(name))] for name in names
            ]
        if account.mode is Mode.PORTFOLIO:
            answer["portfolioMarginEnabled"] = True
            answer["portfolioMarginRatio"] = number(self.portfolio_ratio())
            answer["tokenToPortfolioBorrowRatio"] = []
            answer["tokenToPortfolioSupplyRatio"] = []
        return answer

    def _balance(self, name: str) -> dict[str, Any]:
        token, account = self.board.tokens[name], self.account
        row: dict[str, Any] = {
            "coin": name,
            "token": token.index,
            "total": number(self.total(name)),
            "hold": "0.0",
            "entryNtl": number(max(0.0, self.total(name)) * self.board.usdc(name) if token.coin else 0.0),
        }
        if account.mode is Mode.PORTFOLIO:
            row["spotHold"] = "0.0"
            row["ltv"] = number(token.ltv or 0.0)
            row["borrowed"] = number(self.owed(name))
            row["supplied"] = number(max(0.0, self.held(name)) if token.ltv else 0.0)
        return row


def _halve(spare: Callable[[float], float], good: float, bad: float) -> float:
    for _ in range(HALVINGS):
        middle = (good + bad) / 2.0
        if middle in (good, bad):
            break
        if spare(middle) > 0.0:
            good = middle
        else:
            bad = middle
    return (good + bad) / 2.0
