"""Switches of the simulated OKX, besides those that every venue has. Routes are "public", "private", "business".

A topic is a channel, or a channel with its narrowest part: "mark-price", "mark-price:BTC-USDT-SWAP".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim import faults
from monitor.sim.faults import ALL, take
from monitor.sim.okx.refusals import Refusal

POSITIONS, BALANCE, CONFIG = "/api/v5/account/positions", "/api/v5/account/balance", "/api/v5/account/config"
TIERS = "/api/v5/public/position-tiers"


@dataclass(slots=True)
class Faults(faults.Faults):
    """All switches; none is on at first."""

    # sockets
    wrong_route_silence: set[str] = field(default_factory=set)  #: routes: acknowledged and never served
    lost_acknowledgement: Counter[str] = field(default_factory=Counter)  #: by topic: served, and its answer lost
    lost_argument: Counter[str] = field(default_factory=Counter)  #: by topic: neither answered nor served
    silent_topic: set[str] = field(default_factory=set)  #: topics that are acknowledged and send nothing
    login_refused: int = 0  #: this many logins get `login_code`
    login_code: str = "60009"
    login_silence: int = 0  #: this many logins get no answer, and are none
    connection_count_error: Counter[str] = field(default_factory=Counter)  #: by channel: too many connections, it says
    missing_page: Counter[str] = field(default_factory=Counter)  #: by channel: the last page but one is lost
    pages_out_of_order: Counter[str] = field(default_factory=Counter)  #: by channel: sent from the last to the first
    page_rows: int | None = None  #: rows of a page, where it is not what the venue takes

    # rows of mark prices, by symbol, while set, beside what every venue has
    silent_symbol: set[Symbol] = field(default_factory=set)  #: no row is sent

    # REST
    refused_answers: dict[str, Refusal] = field(default_factory=dict)  #: by path, while set
    empty_snapshot: Counter[str] = field(default_factory=Counter)  #: by path (positions, balance)
    missing_position: Counter[tuple[str, Symbol]] = field(default_factory=Counter)  #: (account, symbol)
    bad_position_row: dict[Symbol, dict[str, Any]] = field(default_factory=dict)  #: fields put over positions' rows
    unreadable_mode: bool = False  #: account/config says no level and no position mode
    missing_brackets: set[str] = field(default_factory=set)  #: families without tiers; "*": no tiers at all
    foreign_requests: int = 0  #: requests that others on the same address make in each window of a limit

    def miss_position(self, account: str, symbol: Symbol, times: int = 1) -> None:
        """Leave a position out of the next `times` answers."""
        self.missing_position[account, symbol] += times

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` snapshots with no positions and no balances at all."""
        for path in (POSITIONS, BALANCE):
            self.empty_snapshot[path] += times

    # used by the simulator

    def spoil_mark(self, row: Mapping[str, Any]) -> Any | None:
        """Apply the row switches to one mark price; None if nothing is sent."""
        symbol = str(row["instId"])
        if symbol in self.silent_symbol:
            return None
        return self.spoil_row(symbol, row, "markPx")

    def spoil_answer(self, path: str, account: str, rows: list[Any]) -> list[Any]:
        """Apply the REST switches that change the rows of an answer."""
        if path in (POSITIONS, BALANCE) and take(self.empty_snapshot, path):
            return [{**row, "details": []} for row in rows] if path == BALANCE else []
        if path == POSITIONS:
            rows = self._spoil_positions(account, rows)
        if path == CONFIG and self.unreadable_mode:
            rows = [{**row, "acctLv": "", "posMode": ""} for row in rows]
        if path == TIERS and self.missing_brackets:
            rows = [row for row in rows if not {row["instFamily"], row["instId"], ALL} & self.missing_brackets]
        edited = self.edit_answer[path](rows) if path in self.edit_answer else rows
        return list(edited)

    def _spoil_positions(self, account: str, rows: list[Any]) -> list[Any]:
        hidden = {row["instId"] for row in rows if self.missing_position[account, row["instId"]] > 0}
        for symbol in hidden:
            self.missing_position[account, symbol] -= 1
        rows = [row for row in rows if row["instId"] not in hidden]
        if self.half_snapshot > 0:
            self.half_snapshot -= 1
            rows = rows[: len(rows) // 2]
        return [{**row, **self.bad_position_row.get(row["instId"], {})} for row in rows]
