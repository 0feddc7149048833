"""Who gets which frame at the simulated KuCoin, and when: prices and debts regularly, accounts as they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.domain.names import Asset
from monitor.sim.kucoin import loan_rows, rows, unified_rows
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.board import Board
from monitor.sim.kucoin.faults import PRIVATE, PUBLIC, UNIFIED, Faults
from monitor.sim.kucoin.holdings import Position, Purse
from monitor.sim.kucoin.ledger import Change, Happened
from monitor.sim.kucoin.streams import (
    CROSS_LEVERAGE,
    INSTRUMENT,
    ISOLATED_MARGIN,
    MARGIN,
    MARGIN_MARK,
    MARGIN_MODE,
    ORDERS,
    POSITION,
    POSITION_ALL,
    WALLET,
    Hub,
)
from monitor.sim.kucoin.text import currency, plain

Row = dict[str, Any]
IN_A_BEAT = 1e-3  #: seconds by which a beat may be early
NANO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often things happen, in seconds of the clock; the defaults are KuCoin's."""

    mark_seconds: float = 1.0
    funding_seconds: float = 60.0
    wallet_seconds: float = 5.0  #: wallets with open cross positions, under their old version
    debt_seconds: float = 3.0
    silence_seconds: float = 60.0  #: a socket without a ping for so long is cut
    ping_ms: int = 18_000  #: what clients are told to ping at


OF_THE_VENUE = Cadence()


class Publisher:
    """The venue as its sockets see it."""

    def __init__(
        self,
        hub: Hub,
        board: Board,
        accounts: Mapping[str, SimAccount],
        faults: Faults,
        cadence: Cadence,
        *,
        now: Callable[[], float],
        time_ms: Callable[[], int],
    ) -> None:
        self._hub, self._board, self._accounts, self._faults = hub, board, accounts, faults
        self._cadence, self._now, self._time_ms = cadence, now, time_ms
        self._due: dict[str, float] = {}
        self._partial: dict[str, float] = {}  #: the mark that a position was told of last

    # regularly

    def beat(self) -> None:
        """Send what is due."""
        self._marks()
        if self._is_due("funding", self._cadence.funding_seconds):
            self._funding()
        wallets = self._is_due("wallets", self._cadence.wallet_seconds)
        debts = self._is_due("debts", self._cadence.debt_seconds)
        known: dict[str, float] = {}
        for account in self._accounts.values():
            if not (self._hub.on(PRIVATE, account.name) or self._hub.on(UNIFIED, account.name)):
                continue
            known |= self._moved(account)
            if wallets:
                self._refresh(account)
            if debts and any(coin.owed for coin in account.margin.coins.values()):
                self._debts(account)
        self._partial = known
        for connection in self._hub.connections:
            connection.flush()

    def _is_due(self, what: str, seconds: float) -> bool:
        now = self._now()
        if now < self._due.get(what, 0.0) - IN_A_BEAT:
            return False
        self._due[what] = now + seconds
        return True

    def _marks(self) -> None:
        prices, stamp = self._board.prices, self._time_ms() // 1000 * 1000
        for topic in sorted(self._hub.wanted(PUBLIC) | self._hub.wanted(PRIVATE)):
            if topic.startswith(INSTRUMENT):
                symbol = topic.removeprefix(INSTRUMENT)
                if symbol not in self._board.specs:
                    continue
                row = {"markPrice": prices.mark(symbol), "indexPrice": prices.index(symbol), "granularity": 1000}
                data = self._faults.spoil_mark(symbol, {**row, "timestamp": self._stamp()})
                if data is not None:
                    body = {"topic": topic, "type": "message", "subject": "mark.index.price", "data": data}
                    self._hub.publish(topic, body, "mark.index.price")
            elif topic.startswith(MARGIN_MARK):
                symbol = topic.removeprefix(MARGIN_MARK)
                coin = symbol.removesuffix("-BTC")
                if coin in self._board.market.assets:
                    tick: Row = {
                        "symbol": symbol,
                        "granularity": 1000,
                        "value": prices.in_btc(coin),
                        "timestamp": stamp,
                    }
                    self._hub.publish(
                        topic, {"topic": topic, "type": "message", "subject": "tick", "data": tick}, "tick"
                    )

    def _stamp(self) -> int:
        """Whole seconds, as the venue's marks have, unless the beat is quicker than that."""
        now = self._time_ms()
        return now if self._cadence.mark_seconds < 1.0 else now // 1000 * 1000

    def _funding(self) -> None:
        for topic in sorted(self._hub.wanted(PUBLIC) | self._hub.wanted(PRIVATE)):
            symbol = topic.removeprefix(INSTRUMENT)
            if topic.startswith(INSTRUMENT) and symbol in self._board.specs:
                rate = self._board.market.funding_rate(symbol)
                row = {"granularity": 60_000, "fundingRate": rate, "timestamp": self._time_ms() // 60_000 * 60_000}
                body = {"topic": topic, "type": "message", "subject": "funding.rate", "data": row}
                self._hub.publish(topic, body, "funding.rate")

    def _moved(self, account: SimAccount) -> dict[str, float]:
        """Positions are told of their mark when it has changed; the marks that they know now."""
        prices = self._board.prices
        known: dict[str, float] = {}
        for position in account.open_positions():
            mark = known[position.id] = prices.mark(position.symbol)
            if self._partial.get(position.id) == mark:
                continue
            if account.is_unified:
                self._unified_position(account, position)
            else:
                self._position(account, position, rows.mark_move(position, prices, self._time_ms()))
        return known

    def _refresh(self, account: SimAccount) -> None:
        for coin in account.settle_coins():
            if any(not each.isolated and each.spec.settle == coin for each in account.open_positions()):
                self._wallet(account, coin)

    # as it happens

    def changed(self, account: SimAccount, change: Change) -> None:
        """Something happened to an account."""
        what = change.what
        if what is Happened.WALLET:
            self._wallet(account, change.coin)
        elif what in (Happened.LOANS, Happened.LOAN_STATUS):
            self._loans(account, change)
        elif what is Happened.ORDER:
            self._order(account, change)
        elif what in (Happened.MODE, Happened.LEVERAGE):
            self._setting(account, change)
        elif what is Happened.RISK_LEVEL:
            row = {"success": bool(change.numbers["success"]), "riskLimitLevel": int(change.numbers["level"])}
            self._of_position(account, change.symbol, row | {"msg": change.words}, what.value)
        elif what is Happened.FUNDING:
            self._settlement(account, change)
        elif what is Happened.WARNING:
            row = unified_rows.warning_push(account.unified(), self._time_ms(), change.words)
            self._unified(account, "lw", ("UNIFIED", "FUTURES"), row)
        elif change.position is not None:
            self._whole(account, change.position, what)

    def _whole(self, account: SimAccount, position: Position, what: Happened) -> None:
        if account.is_unified:
            self._unified_position(account, position)
            return
        now = self._time_ms()
        row = rows.position_row(account.futures(position.spec.settle), position, pushed=True, now_ms=now)
        self._position(account, position, {**row, "changeReason": what.value})

    def _position(self, account: SimAccount, position: Position, row: Row) -> None:
        self._of_position(account, position.symbol, row, "position.change")

    def _of_position(self, account: SimAccount, symbol: str, row: Row, subject: str) -> None:
        if account.is_unified:
            return
        own = f"{POSITION}{symbol}"
        topic = POSITION_ALL if self._faults.nameless_partials else own
        self._private(account, topic, (POSITION_ALL, own), subject, row)

    def _private(self, account: SimAccount, topic: str, topics: tuple[str, ...], subject: str, row: Row) -> None:
        body = {
            "topic": topic,
            "type": "message",
            "data": row,
            "subject": subject,
            "userId": account.uid,
            "channelType": "private",
        }
        self._hub.push(PRIVATE, account.name, topics, body, subject)

    def _settlement(self, account: SimAccount, change: Change) -> None:
        if change.position is None:
            return
        row = {
            "fundingTime": self._time_ms(),
            "qty": change.position.lots,
            "markPrice": change.numbers["mark"],
            "fundingRate": change.numbers["rate"],
            "fundingFee": change.numbers["fee"],
            "ts": self._time_ms() * NANO,
            "settleCurrency": currency(change.position.spec.settle),
            "marginMode": change.position.mode,
        }
        self._of_position(account, change.symbol, row, "position.settlement")

    def _wallet(self, account: SimAccount, coin: Asset) -> None:
        now = self._time_ms()
        if account.is_unified:
            row = unified_rows.balance_push(account.unified(), coin, now)
            self._unified(account, "balance", ("UNIFIED",), row)
            return
        version = account.versions.get(coin, 0)
        if self._faults.stale_versions > 0:
            self._faults.stale_versions -= 1
            version -= 1
        row = rows.wallet_row(account.futures(coin), version, now)
        self._private(account, WALLET, (WALLET,), "walletBalance.change", row)

    def _order(self, account: SimAccount, change: Change) -> None:
        if change.order is None:
            return
        now = self._time_ms()
        if account.is_unified:
            row = unified_rows.order_push(change.order, change.words, now)
            self._unified(account, "orderAll", ("UNIFIED", "FUTURES"), row)
            return
        row = rows.order_change(change.order, change.words, now)
        topic = f"{ORDERS}:{change.symbol}"
        self._private(account, topic, (ORDERS, topic), "symbolOrderChange", row)

    def _setting(self, account: SimAccount, change: Change) -> None:
        topic = MARGIN_MODE if change.what is Happened.MODE else CROSS_LEVERAGE
        value: Any = change.words
        if change.what is Happened.LEVERAGE:
            value = {"leverage": plain(change.numbers["leverage"])}
        self._private(account, topic, (topic,), "user.config", {change.symbol: value})

    def _loans(self, account: SimAccount, change: Change) -> None:
        now, pair = self._time_ms(), change.symbol
        if change.what is Happened.LOAN_STATUS:
            if not pair:
                row: Row = {"type": change.words, "timestamp": now}
                self._private(account, MARGIN, (MARGIN,), "position.status", row)
            return
        if not pair:
            self._debts(account)
            return
        purse: Purse = account.isolated[pair]
        topic = f"{ISOLATED_MARGIN}{pair}"
        row = loan_rows.isolated_push(pair, purse, change.words.split(), now)
        self._private(account, topic, (topic,), "positionChange", row)

    def _debts(self, account: SimAccount) -> None:
        row = loan_rows.debt_push(account.margin, self._board.prices, self._time_ms())
        self._private(account, MARGIN, (MARGIN,), "debt.ratio", row)

    def _unified_position(self, account: SimAccount, position: Position) -> None:
        row = unified_rows.position_push(account.unified(), position, self._time_ms())
        self._unified(account, "positionAll", ("UNIFIED", "FUTURES"), row)

    def _unified(self, account: SimAccount, channel: str, kinds: tuple[str, ...], row: Row) -> None:
        """A frame of the unified account, named as it was asked for."""
        for kind in kinds:
            topic = f"{channel}.{kind}"
            body = {"T": topic, "P": self._time_ms() * NANO, "d": row}
            self._hub.push(UNIFIED, account.name, (topic,), body, channel)
