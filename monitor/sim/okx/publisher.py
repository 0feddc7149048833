"""Who gets which frame at the simulated OKX, and when: prices as they change, accounts as they change and regularly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Asset
from monitor.sim.connections import Connection, Hub
from monitor.sim.faults import take
from monitor.sim.okx import public
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading, order_row
from monitor.sim.okx.board import FUNDING_INTERVAL_SECONDS, Board, Prices
from monitor.sim.okx.books import Change
from monitor.sim.okx.faults import Faults
from monitor.sim.okx.listing import Product
from monitor.sim.okx.positions import Loan, Position
from monitor.sim.okx.streams import (
    ACCOUNT,
    FAST,
    FUNDING,
    INDEX,
    MARK,
    OPTIONS,
    ORDERS,
    POSITIONS,
    PRIVATE,
    PUBLIC,
    WARNING,
    OkxSpeech,
    Subscription,
)
from monitor.sim.okx.text import number

Row = dict[str, Any]
PAGE_ROWS = 20  #: of a split snapshot
IN_A_BEAT = 1e-3  #: seconds by which a beat may be early
SNAPSHOT, UPDATE = "snapshot", "event_update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often things are sent at most and at least, in seconds; the defaults are OKX's."""

    beat_seconds: float = 0.1
    mark_seconds: float = 0.2
    mark_idle_seconds: float = 10.0
    index_seconds: float = 0.1
    index_idle_seconds: float = 60.0
    options_seconds: float = 1.0
    funding_seconds: float = 60.0
    silence_seconds: float = 30.0  #: a socket on which nothing goes either way for so long is dropped


OF_THE_VENUE = Cadence()


@dataclass(slots=True)
class Waiting:
    """What happened to an account since the last batch."""

    assets: dict[Asset, None] = field(default_factory=dict)
    positions: dict[str, Position | Loan] = field(default_factory=dict)


class Publisher:
    """The venue as its sockets see it."""

    def __init__(
        self,
        hub: Hub[OkxSpeech],
        board: Board,
        accounts: Mapping[str, SimAccount],
        faults: Faults,
        cadence: Cadence,
        *,
        now: Callable[[], float],
        time_ms: Callable[[], int],
        next_funding_ms: Callable[[], int],
    ) -> None:
        self.faults = faults
        self._hub, self._board, self._accounts, self._cadence = hub, board, accounts, cadence
        self._now, self._time_ms, self._next_funding_ms = now, time_ms, next_funding_ms
        self._waiting: dict[str, Waiting] = {}

    # what sockets ask

    def account_for(self, key: str) -> SimAccount | None:
        """Whose key this is."""
        return next((account for account in self._accounts.values() if account.key == key), None)

    def exists(self, arg: Mapping[str, str]) -> bool:
        """Whether what a topic is narrowed to is listed."""
        name, family = arg.get("instId"), arg.get("instFamily")
        if arg["channel"] == INDEX:
            return name is not None and self._board.index_of(name) is not None
        if arg["channel"] == OPTIONS:
            return bool(self._board.of(Product.OPTION, family)) and family is not None
        if arg["channel"] in (MARK, FUNDING):
            return any(each == name for _, each in self._board.instruments)
        return True

    def connections(self, account: str, channel: str) -> int:
        """How many sockets of an account have a channel."""
        found = self._hub.on(PRIVATE, account)
        return sum(any(each.channel == channel for each in c.speech.topics.values()) for c in found)

    def begin(self, connection: Connection[OkxSpeech], subscription: Subscription) -> None:
        """Send what a topic begins with."""
        if subscription.channel == FAST and connection.speech.login is not None:
            row = self._fast(Reading(connection.speech.login), SNAPSHOT, None)
            connection.speech.push(connection, subscription, {"data": [row]}, SNAPSHOT)
        elif subscription.channel in (ACCOUNT, POSITIONS) and connection.speech.login is not None:
            self._snapshot(connection, subscription, Reading(connection.speech.login))
        elif subscription.channel in (MARK, INDEX, OPTIONS, FUNDING):
            self._price(connection, subscription, self._board.prices, first=True)

    # prices

    def prices(self) -> None:
        """Send what changed and what is due."""
        found = [(c, s) for c in self._hub.on(PUBLIC) for s in list(c.speech.topics.values())]
        prices = self._board.prices
        for connection, subscription in found:
            self._price(connection, subscription, prices)

    def _price(
        self, connection: Connection[OkxSpeech], subscription: Subscription, prices: Prices, *, first: bool = False
    ) -> None:
        since = self._now() - subscription.pushed + IN_A_BEAT
        least, most = self._cadences(subscription.channel)
        if most is None or (since < least and not first):
            return
        rows = self._rows(subscription, prices)
        said = {str(row["instId"]): _figures(row) for row in rows}
        if said == subscription.last and since < most and not first:
            return
        subscription.last, subscription.pushed = said, self._now()
        if subscription.channel == MARK:
            rows = [spoilt for row in rows if (spoilt := self.faults.spoil_mark(row)) is not None]
        if rows:
            connection.speech.push(connection, subscription, {"data": rows}, subscription.channel)

    def _cadences(self, channel: str) -> tuple[float, float | None]:
        cadence = self._cadence
        return {
            MARK: (cadence.mark_seconds, cadence.mark_idle_seconds),
            INDEX: (cadence.index_seconds, cadence.index_idle_seconds),
            OPTIONS: (cadence.options_seconds, cadence.options_seconds),
            FUNDING: (cadence.funding_seconds, cadence.funding_seconds),
        }.get(channel, (0.0, None))

    def _rows(self, subscription: Subscription, prices: Prices) -> list[Row]:
        name, now_ms = subscription.arg.get("instId", ""), self._time_ms()
        if subscription.channel == INDEX:
            price = self._board.index_of(name)
            return [] if price is None else [public.index_ticker(name, price, now_ms)]
        if subscription.channel == OPTIONS:
            family = subscription.arg.get("instFamily")
            return [public.option_summary(each, prices, now_ms) for each in self._board.of(Product.OPTION, family)]
        try:
            found = self._board.find(name)
        except KeyError:
            return []  # delisted since
        if subscription.channel == FUNDING:
            interval = round(FUNDING_INTERVAL_SECONDS * 1000.0)
            return [public.funding_rate(self._board, name, now_ms, self._next_funding_ms(), interval)]
        return [public.mark_price(found, prices, now_ms)]

    # accounts

    def changed(self, account: SimAccount, change: Change) -> None:
        """An account changed: fast frames go at once, the others with the next batch."""
        waiting = self._waiting.setdefault(account.name, Waiting())
        waiting.assets |= dict.fromkeys(change.assets)
        waiting.positions |= {position.number: position for position in change.positions}
        for connection, subscription in self._of(account, ORDERS):
            rows = [
                order_row(account, order, state, change.category)
                for order, state in change.orders
                if subscription.takes(order.instrument.product.value, order.instrument.family, order.instrument.name)
            ]
            if rows:
                connection.speech.push(connection, subscription, {"data": rows}, ORDERS)
        if not change.event:
            return
        row = self._fast(Reading(account), change.event, change)
        for connection, subscription in self._of(account, FAST):
            connection.speech.push(connection, subscription, {"data": [row]}, change.event)

    def batches(self) -> None:
        """Send what changed since the last batch, as event updates, and the regular snapshots that are due."""
        waiting, self._waiting = self._waiting, {}
        for name, changed in waiting.items():
            account = self._accounts[name]
            reading = Reading(account)
            for connection, subscription in self._of(account, ACCOUNT):
                if changed.assets:
                    rows = reading.balance(tuple(changed.assets), stream=True)
                    self._send(connection, subscription, UPDATE, [rows])
            for connection, subscription in self._of(account, POSITIONS):
                rows_of = [reading.position(each) for each in changed.positions.values()]
                wanted = [row for row in self._stamped(rows_of) if self._takes(subscription, row)]
                if wanted:
                    self._send(connection, subscription, UPDATE, wanted)
        self._regular()

    def _regular(self) -> None:
        readings: dict[str, Reading] = {}
        for connection in self._hub.on(PRIVATE):
            account = connection.speech.login
            if account is None:
                continue
            for subscription in list(connection.speech.topics.values()):
                due = (
                    subscription.interval is not None
                    and self._now() - subscription.pushed + IN_A_BEAT >= subscription.interval
                )
                if due and subscription.channel in (ACCOUNT, POSITIONS):
                    reading = readings.setdefault(account.name, Reading(account))
                    self._snapshot(connection, subscription, reading)

    def warn(self, account: SimAccount, positions: Sequence[Position | Loan], ratio: float) -> None:
        """Say that these positions are near liquidation."""
        rows = self._stamped([Reading(account).position(position) for position in positions])
        kept = ("cTime", "ccy", "instId", "instType", "lever", "markPx", "mgnMode", "mgnRatio", "pTime", "pos")
        more = ("posCcy", "posId", "posSide", "uTime")
        for connection, subscription in self._of(account, WARNING):
            wanted = [
                {**{name: row[name] for name in (*kept, *more)}, "mgnRatio": number(ratio)}
                for row in rows
                if self._takes(subscription, row)
            ]
            if wanted:
                connection.speech.push(connection, subscription, {"data": wanted}, WARNING)

    def _of(self, account: SimAccount, channel: str) -> Iterator[tuple[Connection[OkxSpeech], Subscription]]:
        for connection in self._hub.on(PRIVATE, account.name):
            for subscription in list(connection.speech.topics.values()):
                if subscription.channel == channel:
                    yield connection, subscription

    def _snapshot(self, connection: Connection[OkxSpeech], subscription: Subscription, reading: Reading) -> None:
        """The state as it is, split into pages: balances that are zero and closed positions are not in it."""
        subscription.pushed = self._now()
        if subscription.channel == POSITIONS:
            rows = [row for row in self._stamped(reading.positions()) if self._takes(subscription, row)]
            self._send(connection, subscription, SNAPSHOT, *self._pages(rows))
            return
        named = subscription.arg.get("ccy")
        whole = reading.balance((named,) if named else (), stream=True)
        pages = [[{**whole, "details": page}] for page in self._pages(whole["details"])]
        self._send(connection, subscription, SNAPSHOT, *pages)

    def _pages(self, rows: list[Row]) -> list[list[Row]]:
        size = self.faults.page_rows or PAGE_ROWS
        return [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]

    def _send(
        self, connection: Connection[OkxSpeech], subscription: Subscription, event: str, *pages: list[Row]
    ) -> None:
        frames = [
            {"eventType": event, "curPage": place, "lastPage": place == len(pages), "data": rows}
            for place, rows in enumerate(pages, start=1)
        ]
        if event == SNAPSHOT and len(frames) > 1:
            if take(self.faults.missing_page, subscription.channel):
                del frames[-2]
            if take(self.faults.pages_out_of_order, subscription.channel):
                frames.reverse()
        for frame in frames:
            connection.speech.push(connection, subscription, frame, event)

    def _stamped(self, rows: list[Row]) -> list[Row]:
        return [{**row, "pTime": str(self._time_ms())} for row in rows]

    def _takes(self, subscription: Subscription, row: Row) -> bool:
        name = str(row["instId"])
        family = next((each.family for (_, listed), each in self._board.instruments.items() if listed == name), "")
        return subscription.takes(str(row["instType"]), family, name)

    def _fast(self, reading: Reading, event: str, change: Change | None) -> Row:
        """One row of balance_and_position: of what changed, or of everything."""
        account = reading.account
        everything: list[Position | Loan] = [*account.positions.values(), *account.loans.values()]
        assets = tuple(account.cash) if change is None else change.assets
        positions = everything if change is None else list(change.positions)
        kept = (
            "avgPx",
            "ccy",
            "instId",
            "instType",
            "mgnMode",
            "pos",
            "posCcy",
            "posId",
            "posSide",
            "tradeId",
            "uTime",
        )
        rows = [reading.position(position) for position in positions]
        return {
            "balData": [
                {
                    "cashBal": number(account.cash.get(asset, 0.0)),
                    "ccy": asset,
                    "uTime": str(account.updated_ms.get(asset, 0)),
                }
                for asset in assets
                if change is not None or account.cash[asset]
            ],
            "eventType": event,
            "pTime": str(self._time_ms()),
            "posData": [
                {**{name: row[name] for name in (*kept, "uTime")}, "nonSettleAvgPx": "", "settledPnl": ""}
                for row in rows
            ],
            "trades": [{"instId": row["instId"], "tradeId": row["tradeId"]} for row in rows if event == "filled"],
        }


def _figures(row: Mapping[str, Any]) -> str:
    """What of a row is more than its time."""
    return repr(sorted((name, value) for name, value in row.items() if name not in ("ts", "fundingTime")))
