"""What goes wrong between a client and Bybit, beside what goes wrong everywhere (`monitor.sim.faults`).

Routes are "linear", "inverse", "spot", "option" (the public sockets, `PUBLIC` names all four) and "private".
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim import faults

ALL = faults.ALL
PUBLIC = frozenset({"linear", "inverse", "spot", "option"})
PRIVATE = "private"
ROUTES = (*sorted(PUBLIC), PRIVATE)
POSITIONS, WALLET, ORDERS = "/v5/position/list", "/v5/account/wallet-balance", "/v5/order/realtime"

Row = dict[str, Any]


@dataclass(slots=True)
class Refused:
    """A refusal that is asked for: the venue's number and words."""

    code: int
    message: str


@dataclass(slots=True)
class Faults(faults.Faults):
    """All switches; none is on at first."""

    # streams
    starve: set[str] = field(default_factory=set)  #: subscriptions are acknowledged, pings answered, no data comes
    lost_acknowledgements: Counter[str] = field(default_factory=Counter)  #: by route: served, but not acknowledged
    old_frames: Counter[str] = field(default_factory=Counter)  #: by route: the frame before comes once more, after
    dead_auth: bool = False  #: every auth is refused
    no_auth_answer: bool = False  #: auth is not answered at all

    # tickers, by symbol, while set; a frozen one says nothing of its mark
    silent_symbol: set[Symbol] = field(default_factory=set)  #: nothing is sent of it

    # REST
    refused_answers: dict[str, Refused] = field(default_factory=dict)  #: by path, while set
    system_busy: int = 0  #: this many requests get HTTP 429; `rate_limited` ones 10006, with the time to come back
    stale_answers: set[str] = field(default_factory=set)  #: paths that repeat what they said last, its time and all
    empty_snapshot: Counter[str] = field(default_factory=Counter)  #: by path: no rows at all
    missing_position: Counter[tuple[str, Symbol]] = field(default_factory=Counter)  #: (account, symbol)
    bad_position_row: dict[Symbol, Row] = field(default_factory=dict)  #: fields put over rows of position/list
    unreadable_mode: bool = False  #: account/info says no mode that is known
    missing_tiers: set[Symbol] = field(default_factory=set)  #: "*": the table is empty

    _last_frames: dict[str, str] = field(default_factory=dict)
    _last_bodies: dict[str, Row] = field(default_factory=dict)

    def miss_position(self, account: str, symbol: Symbol, times: int = 1) -> None:
        """Leave a position out of the next `times` answers that would list it."""
        self.missing_position[account, symbol] += times

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` whole readings (four questions for positions, one for the wallet) with nothing."""
        self.empty_snapshot[POSITIONS] += 4 * times
        self.empty_snapshot[WALLET] += times

    # used by the server

    def before(self, route: str, topic: str, text: str) -> str | None:
        """The frame that was sent before this one on a topic, if it is to come again."""
        earlier = self._last_frames.get(topic)
        self._last_frames[topic] = text
        return earlier if earlier is not None and faults.take(self.old_frames, route) else None

    def spoil_ticker(self, symbol: Symbol, row: Row) -> Any:
        """Apply the ticker switches to the fields that are sent; None: send nothing."""
        if symbol in self.silent_symbol:
            return None
        if symbol in self.freeze_symbol:
            row = {name: value for name, value in row.items() if name not in ("markPrice", "indexPrice")}
        if symbol in self.bad_price and "markPrice" in row:
            row = {**row, "markPrice": self.bad_price[symbol]}
        if symbol in self.missing_field:
            row = {name: value for name, value in row.items() if name != self.missing_field[symbol]}
        return self.bad_row.get(symbol, row)

    def spoil_result(self, path: str, account: str, result: Any) -> Any:
        """Apply the REST switches that change a result."""
        if path in (POSITIONS, WALLET, ORDERS) and faults.take(self.empty_snapshot, path):
            return {**result, "list": []}
        if path == POSITIONS:
            result = {**result, "list": self._spoil_positions(account, result["list"])}
        if path == "/v5/account/info" and self.unreadable_mode:
            result = {**result, "marginMode": "", "unifiedMarginStatus": 0}
        if path == "/v5/market/risk-limit" and self.missing_tiers:
            kept = [row for row in result["list"] if not {row["symbol"], ALL} & self.missing_tiers]
            result = {**result, "list": kept}
        return result

    def spoil_body(self, path: str, question: str, body: Row) -> Row:
        """Apply the switches that concern the whole answer. `question` is the query with its account."""
        if path in self.stale_answers and question in self._last_bodies:
            return self._last_bodies[question]
        self._last_bodies[question] = json.loads(json.dumps(body))
        return self.edit_answer[path](body) if path in self.edit_answer else body

    def _spoil_positions(self, account: str, rows: list[Row]) -> list[Row]:
        hidden = {row["symbol"] for row in rows if self.missing_position[account, row["symbol"]] > 0}
        for symbol in hidden:
            self.missing_position[account, symbol] -= 1
        rows = [row for row in rows if row["symbol"] not in hidden]
        if rows and self.half_snapshot > 0:
            self.half_snapshot -= 1
            rows = rows[: len(rows) // 2]
        return [{**row, **self.bad_position_row.get(row["symbol"], {})} for row in rows]
