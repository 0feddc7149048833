"""Switches of the simulated KuCoin, besides those that every venue has. Routes are "public", "private", "unified".

A topic is that of a subscription ("/contract/positionAll", "/contract/instrument:XBTUSDTM"), of the unified account a
channel ("positionAll").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim import faults
from monitor.sim.faults import ALL, take
from monitor.sim.kucoin.refusals import Refusal

PUBLIC, PRIVATE, UNIFIED = "public", "private", "unified"
ROUTES = (PUBLIC, PRIVATE, UNIFIED)
POSITIONS, OVERVIEW = "/api/v1/positions", "/api/v1/account-overview"
UNIFIED_POSITIONS = "/api/ua/v1/unified/position/open-list"
MODE, POSITION_MODE = "/api/ua/v1/account/mode", "/api/v2/position/getPositionMode"
RISK_LIMIT = "/api/v1/contracts/risk-limit/"
CROSS_MARGIN, ISOLATED_MARGIN = "/api/v3/margin/accounts", "/api/v3/isolated/accounts"


@dataclass(slots=True)
class Faults(faults.Faults):
    """All switches; none is on at first."""

    # sockets
    starve: set[str] = field(default_factory=set)  #: routes: pings are answered, subscriptions too, no data is sent
    no_welcome: set[str] = field(default_factory=set)  #: routes: open, and never welcomed
    lost_acknowledgements: Counter[str] = field(default_factory=Counter)  #: by route: served, and the answer lost
    lost_acknowledgement: Counter[str] = field(default_factory=Counter)  #: by topic: the same
    silent_topic: set[str] = field(default_factory=set)  #: topics that are acknowledged and send nothing
    refused_tokens: int = 0  #: this many sockets are told that their token is not valid
    nameless_partials: bool = False  #: topic "/contract/positionAll" for all: a mark move does not say of what
    stale_versions: int = 0  #: this many wallets are sent with the version of the one before

    # rows of mark prices, by contract, while set, beside what every venue has
    silent_symbol: set[Symbol] = field(default_factory=set)  #: no row is sent

    # REST
    refused_answers: dict[str, Refusal] = field(default_factory=dict)  #: by path, while set
    empty_snapshot: Counter[str] = field(default_factory=Counter)  #: by path: positions, or no money at all
    missing_position: Counter[tuple[str, Symbol]] = field(default_factory=Counter)  #: (account, symbol)
    bad_position_row: dict[Symbol, dict[str, Any]] = field(default_factory=dict)  #: fields put over positions' rows
    missing_position_field: set[str] = field(default_factory=set)  #: fields that positions' rows lack
    unreadable_mode: bool = False  #: neither account mode nor position mode can be read
    missing_brackets: set[str] = field(default_factory=set)  #: contracts without risk limits; "*": all
    foreign_weight: int = 0  #: what others use of each pool in each window

    def miss_position(self, account: str, symbol: Symbol, times: int = 1) -> None:
        """Leave a position out of the next `times` answers."""
        self.missing_position[account, symbol] += times

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` snapshots with no positions and no money at all."""
        for path in (POSITIONS, UNIFIED_POSITIONS, OVERVIEW, CROSS_MARGIN, ISOLATED_MARGIN):
            self.empty_snapshot[path] += times

    # used by the simulator

    def spoil_mark(self, symbol: Symbol, row: Mapping[str, Any]) -> Any | None:
        """Apply the row switches to one mark price; None if nothing is sent."""
        if symbol in self.silent_symbol:
            return None
        return self.spoil_row(symbol, row, "markPrice")

    def spoil_answer(self, path: str, account: str, data: Any) -> Any:
        """Apply the REST switches that change the content of an answer."""
        if path in (POSITIONS, UNIFIED_POSITIONS):
            data = self._spoil_positions(path, account, data)
        elif take(self.empty_snapshot, path):
            data = _emptied(data)
        if path == MODE and self.unreadable_mode:
            data = {**data, "selfAccountMode": ""}
        if path == POSITION_MODE and self.unreadable_mode:
            data = {**data, "positionMode": None}
        if path.startswith(RISK_LIMIT) and {path.removeprefix(RISK_LIMIT), ALL} & self.missing_brackets:
            data = []
        return self.edit_answer[path](data) if path in self.edit_answer else data

    def _spoil_positions(self, path: str, account: str, rows: list[Any]) -> list[Any]:
        if take(self.empty_snapshot, path):
            return []
        hidden = {row["symbol"] for row in rows if self.missing_position[account, row["symbol"]] > 0}
        for symbol in hidden:
            self.missing_position[account, symbol] -= 1
        rows = [row for row in rows if row["symbol"] not in hidden]
        if self.half_snapshot > 0:
            self.half_snapshot -= 1
            rows = rows[: len(rows) // 2]
        rows = [{name: row[name] for name in row if name not in self.missing_position_field} for row in rows]
        return [{**row, **self.bad_position_row.get(row["symbol"], {})} for row in rows]


def _emptied(data: Any) -> Any:
    """An answer with numbers of zero and lists of nothing."""
    if isinstance(data, list):
        return []
    return {
        name: [] if isinstance(value, list) else 0 if isinstance(value, float) and name != "timestamp" else value
        for name, value in data.items()
    }
