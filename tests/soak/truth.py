"""What the simulated venue itself holds true, by its own plain arithmetic, against a document of our reports."""

from __future__ import annotations

import math
from typing import Any

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.positions import multi_assets_equity_and_maintenance
from monitor.sim.binance.server import SimBinance

STANDSTILL = 1e-9  #: seconds of market time in one of ours: prices are sent and do not move


def figures(sim: SimBinance, account: SimAccount) -> dict[str, tuple[float, float]]:
    """Equity and maintenance of each pool with a position, by the venue's own plain arithmetic, in the pool's unit."""
    mark = sim.market.mark
    found: dict[str, tuple[float, float]] = {}
    for position in account.open_positions():
        if position.isolated_wallet is not None:
            at = mark(position.symbol)
            side = "long" if position.quantity > 0.0 else "short"
            equity = position.isolated_wallet + position.profit(at)
            found[f"isolated:{position.symbol}:{side}"] = (equity, position.maintenance(at))
    cross = account.cross_positions()
    if account.multi_assets and cross:
        found["multi-assets"] = multi_assets_equity_and_maintenance(
            account.cross_cash(), cross, account.marks(), account.rates()
        )
    elif not account.multi_assets:
        for asset in {position.asset for position in cross}:
            pool = account.cross_positions(asset)
            profit = sum(position.profit(mark(position.symbol)) for position in pool)
            required = sum(position.maintenance(mark(position.symbol)) for position in pool)
            found[f"cross:{asset}"] = (account.cross_wallet(asset) + profit, required)
    return found


def differences(sim: SimBinance, document: dict[str, Any]) -> list[str]:
    """Where the daemon's report is not the venue's truth, in words."""
    wrong = []
    reports = {report["account"]: report for report in document["accounts"]}
    for name, account in sim.accounts.items():
        pools = {pool["pool"]: pool for pool in reports[name]["pools"]}
        ours = {(row["symbol"], row["quantity"]) for pool in pools.values() for row in pool["positions"]}
        theirs = {(position.symbol, position.quantity) for position in account.open_positions()}
        if {(s, round(q, 8)) for s, q in ours} != {(s, round(q, 8)) for s, q in theirs}:
            wrong.append(f"{name}: positions {sorted(ours ^ theirs)}")
        for pool_name, (equity, required) in figures(sim, account).items():
            pool = pools.get(pool_name)
            if pool is None or pool["quality"] not in ("LIVE", "PARTIAL"):
                wrong.append(f"{name} {pool_name}: {pool and (pool['quality'], pool['reasons'])}")
            elif equity > 0.0:
                ratio = pool["margin_ratio"].get("value")
                if ratio is None or not math.isclose(ratio, required / equity, rel_tol=1e-5, abs_tol=1e-9):
                    wrong.append(f"{name} {pool_name}: ratio {ratio}, the venue's {required / equity}")
    return wrong
