"""A switch for everything that goes wrong between a client and Binance.

Those that every venue has stand in `monitor.sim.faults`; the routes here are "market", "private", "public" and those of
the other products ("coinm", "margin", "socket-api", "pm", "pm-classic"). What
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
ROWS = (POSITION_RISK, "/dapi/v1/positionRisk", "/papi/v1/um/positionRisk", "/papi/v1/cm/positionRisk")
BODIES: dict[str, tuple[str, ...]] = {
    ACCOUNT: ("assets", "positions"),
    "/dapi/v1/account": ("assets", "positions"),
    "/sapi/v1/margin/account": ("userAssets",),
    "/sapi/v1/margin/isolated/account": ("assets",),
}
"""The snapshots: answers that are rows, and answers that hold rows."""
MODES = ("/fapi/v1/accountConfig", "/fapi/v1/multiAssetsMargin", "/papi/v1/um/accountConfig")
DUAL_SIDES = (
    "/fapi/v1/positionSide/dual",
    "/dapi/v1/positionSide/dual",
    "/papi/v1/um/positionSide/dual",
    "/papi/v1/cm/positionSide/dual",
)
BRACKETS = (
    "/fapi/v1/leverageBracket",
    "/dapi/v2/leverageBracket",
    "/papi/v1/um/leverageBracket",
    "/papi/v1/cm/leverageBracket",
)
LISTEN_KEYS = ("/fapi/v1/listenKey", "/dapi/v1/listenKey", "/papi/v1/listenKey", "/sapi/v1/margin/listen-key")
ALL = faults.ALL
MODE_FIELDS = ("dualSidePosition", "multiAssetsMargin")


@dataclass(slots=True)
class Faults(faults.Faults):
    """All switches; none is on at first."""

    wrong_route_silence: set[str] = field(default_factory=set)  #: SUBSCRIBE is acknowledged and never served

    # rows of the mark arrays, by symbol, while set, beside what every venue has
    silent_symbol: set[Symbol] = field(default_factory=set)  #: the row is left out

    # REST
    unknown_listen_key: int = 0  #: this many keep-alives get -1125, whatever the kind of key
    unknown_listen_token: int = 0  #: this many subscriptions with a listen token get -1209
    foreign_weight: int = 0  #: weight that others on the same address use each minute
    refused_answers: dict[str, Refusal] = field(default_factory=dict)  #: by path, while set
    empty_snapshot: Counter[str] = field(default_factory=Counter)  #: by path, see `ROWS` and `BODIES`
    missing_position: Counter[tuple[str, str, Symbol]] = field(default_factory=Counter)  #: (path, account, symbol)
    bad_position_row: dict[Symbol, dict[str, Any]] = field(default_factory=dict)  #: fields put over positionRisk rows
    unreadable_mode: bool = False  #: the mode endpoints say neither true nor false, accountType is a new word
    missing_brackets: set[Symbol] = field(default_factory=set)  #: "*": the table is empty

    def miss_position(self, account: str, symbol: Symbol, times: int = 1) -> None:
        """Leave a position (or a pair) out of the next `times` snapshots (of all answers that list it)."""
        for path in (*ROWS, *BODIES):
            self.missing_position[path, account, symbol] += times

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` snapshots of every kind with no positions and no balances at all."""
        for path in (*ROWS, *BODIES):
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
            result.append(self.spoil_row(symbol, row, "p"))
        return result

    def spoil_answer(self, path: str, account: str, body: Any) -> Any:
        """Apply the REST switches that change a body."""
        if path in ROWS:
            body = self._spoil_rows_of(path, account, body)
        if path in BODIES:
            body = self._spoil_snapshot(path, account, body)
        if self.unreadable_mode and path in MODES:
            body = {**body, **{name: None for name in MODE_FIELDS if name in body}}
        if self.unreadable_mode and path in DUAL_SIDES:
            body = {}
        if self.unreadable_mode and "accountType" in body:
            body = {**body, "accountType": "SOMETHING_NEW"}
        if path in BRACKETS and self.missing_brackets:
            body = [row for row in body if not {row["symbol"], ALL} & self.missing_brackets]
        return self.edit_answer[path](body) if path in self.edit_answer else body

    def _spoil_rows_of(self, path: str, account: str, body: Any) -> Any:
        if faults.take(self.empty_snapshot, path):
            return []
        rows = self._without_missing(path, account, body)
        if self.half_snapshot > 0:
            self.half_snapshot -= 1
            rows = rows[: len(rows) // 2]
        return [{**row, **self.bad_position_row.get(row["symbol"], {})} for row in rows]

    def _spoil_snapshot(self, path: str, account: str, body: Any) -> Any:
        if faults.take(self.empty_snapshot, path):
            return {**body, **{name: [] for name in BODIES[path]}}
        name = BODIES[path][-1]
        return {**body, name: self._without_missing(path, account, body[name])}

    def _without_missing(self, path: str, account: str, rows: Any) -> list[Any]:
        hidden = {row["symbol"] for row in rows if self.missing_position[path, account, row.get("symbol", "")] > 0}
        for symbol in hidden:
            self.missing_position[path, account, symbol] -= 1
        return [row for row in rows if row.get("symbol") not in hidden]
