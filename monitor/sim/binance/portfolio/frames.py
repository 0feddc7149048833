"""What the simulated portfolio margin pushes besides the events of its parts."""

from __future__ import annotations

from typing import Any

from monitor.sim.binance.portfolio.accounts import PortfolioAccount, Totals
from monitor.sim.text import fixed

Frame = dict[str, Any]
_ISOLATED_FIELDS = ("mt", "iw")


def risk_level(account: PortfolioAccount, totals: Totals, status: str) -> Frame:
    """riskLevelChange; that of Pro is written in capitals."""
    return {
        "e": "RISK_LEVEL_CHANGE" if account.pro else "riskLevelChange",
        "E": account.time_ms(),
        "u": fixed(totals.ratio),
        "s": status,
        "eq": fixed(totals.equity),
        "ae": fixed(totals.plain_equity),
        "m": fixed(totals.maintenance),
    }


def pro_update(account: PortfolioAccount, totals: Totals) -> Frame:
    """PM_PRO_ACCOUNT_UPDATE, every five seconds."""
    free = max(0.0, totals.equity - totals.initial)
    return {
        "e": "PM_PRO_ACCOUNT_UPDATE",
        "E": account.time_ms(),
        "u": fixed(totals.ratio),
        "eq": fixed(totals.equity),
        "ae": fixed(totals.plain_equity),
        "im": fixed(totals.initial),
        "mm": fixed(totals.maintenance),
        "avb": fixed(free),
        "vmw": fixed(free),
    }


def of_part(frame: Frame, family: str) -> Frame:
    """A futures event inside portfolio margin: it says which futures (`fs`), and has nothing isolated."""
    body = frame.get("a")
    if isinstance(body, dict):
        rows = [{name: value for name, value in row.items() if name not in _ISOLATED_FIELDS} for row in body["P"]]
        frame = {**frame, "a": {**body, "P": rows}}
    return {"e": frame["e"], "fs": family, **{name: value for name, value in frame.items() if name != "e"}}
