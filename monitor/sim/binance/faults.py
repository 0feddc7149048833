"""A switch for everything that goes wrong between a client and Binance.

Those that every venue has stand in `monitor.sim.faults`; the routes here are "market", "private" and "public". What
needs the connections at once (drop, burst, listen-key expiry) is a method of `SimBinance`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim import faults
from monitor.sim.binance.frames import Frame
from monitor.sim.binance.refusals import Refusal

POSITION_RISK, ACCOUNT = "/fapi/v3/positionRisk", "/fapi/v3/account"
ALL = faults.ALL
MODE_FIELDS = ("dualSidePosition", "multiAssetsMargin")


@dataclass(slots=True)
class Faults(faults.Faults):
    """All switches; none is on at first."""

    wrong_route_silence: set[str] = field(default_factory=set)  #: SUBSCRIBE is acknowledged and never served

    # rows of the mark arrays, by symbol, while set
    missing_field: dict[Symbol, str] = field(default_factory=dict)  #: the field that the row lacks
    bad_row: dict[Symbol, Any] = field(default_factory=dict)  #: what stands in place of the row
    bad_price: dict[Symbol, str] = field(default_factory=dict)  #: printed as `p`: "NaN", "-1", ""
    freeze_symbol: set[Symbol] = field(default_factory=set)  #: the row repeats itself, time and all
    silent_symbol: set[Symbol] = field(default_factory=set)  #: the row is left out

    # REST
    unknown_listen_key: int = 0  #: this many keep-alives get -1125
    foreign_weight: int = 0  #: weight that others on the same address use each minute
    refused_answers: dict[str, Refusal] = field(default_factory=dict)  #: by path, while set
    half_snapshot: int = 0  #: this many positionRisk answers hold half of their rows
    empty_snapshot: Counter[str] = field(default_factory=Counter)  #: by path (positionRisk, account)
    missing_position: Counter[tuple[str, str, Symbol]] = field(default_factory=Counter)  #: (path, account, symbol)
    bad_position_row: dict[Symbol, dict[str, Any]] = field(default_factory=dict)  #: fields put over positionRisk rows
    unreadable_mode: bool = False  #: the mode endpoints say neither true nor false
    missing_brackets: set[Symbol] = field(default_factory=set)  #: "*": the table is empty

    _last_rows: dict[Symbol, Frame] = field(default_factory=dict)

    def miss_position(self, account: str, symbol: Symbol, times: int = 1) -> None:
        """Leave a position out of the next `times` snapshots (of both answers that list it)."""
        for path in (POSITION_RISK, ACCOUNT):
            self.missing_position[path, account, symbol] += times

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` snapshots with no positions and no balances at all."""
        for path in (POSITION_RISK, ACCOUNT):
            self.empty_snapshot[path] += times

    # used by the server

    def forget(self, symbol: Symbol) -> None:
        """A contract is no more."""
        self._last_rows.pop(symbol, None)

    def spoil_rows(self, rows: list[Frame]) -> list[Any]:
        """Apply the row switches to one mark array."""
        result: list[Any] = []
        for row in rows:
            symbol = row["s"]
            if symbol in self.silent_symbol:
                continue
            if symbol in self.freeze_symbol:
                row = self._last_rows.get(symbol, row)
            self._last_rows[symbol] = row
            if symbol in self.bad_price:
                row = {**row, "p": self.bad_price[symbol]}
            if symbol in self.missing_field:
                row = {name: value for name, value in row.items() if name != self.missing_field[symbol]}
            result.append(self.bad_row.get(symbol, row))
        return result

    def spoil_answer(self, path: str, account: str, body: Any) -> Any:
        """Apply the REST switches that change a body."""
        if path in (POSITION_RISK, ACCOUNT):
            body = self._spoil_snapshot(path, account, body)
        if self.unreadable_mode and path in ("/fapi/v1/accountConfig", "/fapi/v1/multiAssetsMargin"):
            body = {**body, **{name: None for name in MODE_FIELDS if name in body}}
        if self.unreadable_mode and path == "/fapi/v1/positionSide/dual":
            body = {}
        if path == "/fapi/v1/leverageBracket" and self.missing_brackets:
            body = [row for row in body if not {row["symbol"], ALL} & self.missing_brackets]
        return self.edit_answer[path](body) if path in self.edit_answer else body

    def _spoil_snapshot(self, path: str, account: str, body: Any) -> Any:
        if faults.take(self.empty_snapshot, path):
            return [] if path == POSITION_RISK else {**body, "assets": [], "positions": []}
        rows = body if path == POSITION_RISK else body["positions"]
        hidden = {row["symbol"] for row in rows if self.missing_position[path, account, row["symbol"]] > 0}
        for symbol in hidden:
            self.missing_position[path, account, symbol] -= 1
        rows = [row for row in rows if row["symbol"] not in hidden]
        if path == ACCOUNT:
            return {**body, "positions": rows}
        if self.half_snapshot > 0:
            self.half_snapshot -= 1
            rows = rows[: len(rows) // 2]
        return [{**row, **self.bad_position_row.get(row["symbol"], {})} for row in rows]
