"""Switches of the simulated Hyperliquid, besides those that every venue has. There is one route, "ws".

A REST path is the `type` that is asked for ("clearinghouseState"). A topic is a subscription's type, or a type and the
account's name: "spotState", "spotState:main".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sim import faults
from monitor.sim.faults import take

STATE, SPOT, MODE = "clearinghouseState", "spotClearinghouseState", "userAbstraction"


@dataclass(slots=True)
class Faults(faults.Faults):
    """All switches; none is on at first."""

    # sockets
    wrong_route_silence: set[str] = field(default_factory=set)  #: routes: acknowledged and never served
    lost_acknowledgement: Counter[str] = field(default_factory=Counter)  #: by topic: served, and its answer lost
    lost_argument: Counter[str] = field(default_factory=Counter)  #: by topic: neither answered nor served
    silent_topic: set[str] = field(default_factory=set)  #: topics that are acknowledged and send nothing
    foreign_users: int = 0  #: addresses that others on our address follow

    # prices, by coin, while set
    still_oracle: set[str] = field(default_factory=set)  #: dexs whose oracle prices stand still
    missing_rows: Counter[str] = field(default_factory=Counter)  #: by dex: so many rows lack at the end of its list

    # REST
    refused_answers: dict[str, tuple[int, str]] = field(default_factory=dict)  #: by path: status and text, while set
    empty_snapshot: Counter[str] = field(default_factory=Counter)  #: by path (states, spot)
    missing_position: Counter[tuple[str, str]] = field(default_factory=Counter)  #: (account, coin)
    bad_position_row: dict[str, dict[str, Any]] = field(default_factory=dict)  #: fields put over positions' rows
    unreadable_mode: bool = False  #: `userAbstraction` says a word that nobody knows
    contradicting_mode: bool = False  #: the spot state says the opposite of the mode
    foreign_requests: int = 0  #: weight that others on the same address use in each minute

    _last_oracles: dict[str, Any] = field(default_factory=dict)

    def miss_position(self, account: str, coin: str, times: int = 1) -> None:
        """Leave a position out of the next `times` answers."""
        self.missing_position[account, coin] += times

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` snapshots with no positions and no balances at all."""
        for path in (STATE, SPOT):
            self.empty_snapshot[path] += times

    # used by the simulator

    def spoil_price(self, coin: str, dex: str, row: Mapping[str, Any]) -> Any:
        """Apply the switches of prices to one row."""
        if dex in self.still_oracle:
            row = {**row, "oraclePx": self._last_oracles.setdefault(coin, row["oraclePx"])}
        else:
            self._last_oracles[coin] = row["oraclePx"]
        return self.spoil_row(coin, row, "markPx")

    def spoil_prices(self, dex: str, rows: list[Any]) -> list[Any]:
        """Leave rows out at the end of a dex's list."""
        return rows[: len(rows) - self.missing_rows[dex]] if self.missing_rows[dex] else rows

    def spoil_answer(self, path: str, account: str, body: Any) -> Any:
        """Apply the REST switches that change an answer."""
        if path == STATE:
            body = self._spoil_state(account, body)
        if path == SPOT:
            if take(self.empty_snapshot, SPOT):
                body = {"balances": []}
            if self.contradicting_mode:
                body = _contradicted(body)
        if path == MODE and self.unreadable_mode:
            body = "somethingNew"
        return self.edit_answer[path](body) if path in self.edit_answer else body

    def _spoil_state(self, account: str, body: dict[str, Any]) -> dict[str, Any]:
        rows = body["assetPositions"]
        if take(self.empty_snapshot, STATE):
            rows = []
        hidden = {row["position"]["coin"] for row in rows if self.missing_position[account, row["position"]["coin"]]}
        for coin in hidden:
            self.missing_position[account, coin] -= 1
        rows = [row for row in rows if row["position"]["coin"] not in hidden]
        if self.half_snapshot > 0:
            self.half_snapshot -= 1
            rows = rows[: len(rows) // 2]
        rows = [
            {**r, "position": {**r["position"], **self.bad_position_row.get(r["position"]["coin"], {})}} for r in rows
        ]
        return {**body, "assetPositions": rows}


def _contradicted(body: dict[str, Any]) -> dict[str, Any]:
    """The other kind of spot state."""
    signal = "tokenToAvailableAfterMaintenance"
    if signal in body:
        return {name: value for name, value in body.items() if name != signal}
    return {**body, signal: [[row["token"], row["total"]] for row in body["balances"]]}
