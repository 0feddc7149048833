"""What the simulated OKX's position builder says of an account as it is, and its graph over moves of all prices."""

from __future__ import annotations

from typing import Any

from monitor.sim.okx.answers import Reading
from monitor.sim.okx.holdings import Level, assets, cross_equity, cross_profit
from monitor.sim.okx.multi import borrowing, whole
from monitor.sim.okx.portfolio import Portfolio, RiskUnit, delta_usd, moved_portfolio, portfolio
from monitor.sim.okx.text import maybe, number

Row = dict[str, Any]
GRAPH_STEP = 0.01
GRAPH_STEPS = range(-99, 101)  #: from -99 % to +100 %
SHIFT_WORDS = {"volShockDown": "down", "volSame": "unchange", "volShockUp": "up"}


def build(reading: Reading, level: Level, price_move: float = 0.0) -> Row:
    """`/account/position-builder` of the real account, as if it were at `level`; `price_move` is `idxVol`."""
    account, prices = reading.account, reading.prices
    before = portfolio(account, prices)
    after = moved_portfolio(account, prices, price_move) if price_move else before
    upl = sum(cross_profit(account, asset, prices) * prices.usd(asset) for asset in assets(account))
    row: Row = {
        "acctLever": _leverage(reading, after),
        "assets": [_asset(reading, asset) for asset in assets(account)],
        "borrowMmr": number(after.borrow_maintenance),
        "derivMmr": number(after.derivative_maintenance),
        "eq": number(after.equity),
        "marginRatio": maybe(after.ratio),
        "positions": [],
        "riskUnitData": [
            {
                **_unit(reading, unit, next((u for u in before.units if u.coin == unit.coin), unit), bool(price_move)),
                "mr8": number(after.borrow_maintenance),
            }
            for unit in after.units
        ],
        "totalImr": number(after.initial),
        "totalMmr": number(after.maintenance),
        "ts": str(account.time_ms()),
        "upl": number(upl),
    }
    if level is Level.MULTI_CURRENCY:
        figures = whole(account, prices)
        row |= {
            "eq": number(figures.equity),
            "marginRatio": maybe(figures.ratio),
            "riskUnitData": [],
            "totalImr": number(figures.initial),
            "totalMmr": number(figures.maintenance),
        }
    return row


def graph(reading: Reading) -> Row:
    """`/account/position-builder-graph` of the real account: requirement and ratio when all coins move together."""
    rows = []
    for place in GRAPH_STEPS:
        step = round(place * GRAPH_STEP, 2)
        moved = moved_portfolio(reading.account, reading.prices, step)
        ratio = maybe(moved.ratio)
        rows.append({"mmr": number(moved.maintenance), "mmrRatio": ratio, "shockFactor": number(step)})
    return {"mmrData": rows, "type": "mmr"}


def _leverage(reading: Reading, after: Portfolio) -> str:
    value = sum(reading.value_usd(position) for position in reading.account.cross())
    return number(value / after.equity) if after.equity > 0.0 else ""


def _asset(reading: Reading, asset: str) -> Row:
    debt = borrowing(reading.account, asset, reading.prices)
    return {
        "availEq": number(cross_equity(reading.account, asset, reading.prices)),
        "borrowImr": number(debt.initial),
        "borrowMmr": "",
        "ccy": asset,
        "spotInUse": "0",
    }


def _unit(reading: Reading, unit: RiskUnit, before: RiskUnit, moved: bool) -> Row:
    name, step, gained = unit.worst
    positions = [p for p in reading.account.cross() if p.instrument.coin == unit.coin]
    return {
        "delta": number(unit.delta),
        "gamma": "0",
        "imr": number(unit.initial),
        "imrBf": number(before.initial) if moved else "",
        "indexUsd": number(reading.prices.usd(unit.coin)),
        "mmr": number(unit.maintenance),
        "mmrBf": number(before.maintenance) if moved else "",
        "mr1": number(unit.mr1),
        "mr1FinalResult": {"pnl": number(gained), "spotShock": number(step), "volShock": SHIFT_WORDS[name]},
        "mr1Scenarios": {
            shifted: {number(move): number(profit) for move, profit in row.items()}
            for shifted, row in unit.scenarios.items()
        },
        "mr2": "0",
        "mr3": "0",
        "mr4": number(unit.mr4),
        "mr5": "0",
        "mr6": number(unit.mr6),
        "mr6FinalResult": {"pnl": number(unit.extreme[1]), "spotShock": number(unit.extreme[0])},
        "mr7": number(unit.mr7),
        "mr9": "0",
        "portfolios": [
            {
                "amt": number(position.contracts),
                "avgPx": number(position.average),
                "delta": number(delta_usd(position, reading.prices)),
                "floatPnl": number(position.profit(reading.prices)),
                "gamma": "0",
                "instId": position.instrument.name,
                "instType": position.instrument.product.value,
                "isRealPos": True,
                "markPx": number(reading.prices.mark(position.instrument)),
                "markPxBf": "",
                "notionalUsd": number(reading.value_usd(position)),
                "posSide": position.side,
                "theta": "0",
                "vega": "0",
            }
            for position in positions
        ],
        "riskUnit": unit.coin,
        "theta": "0",
        "upl": number(sum(p.profit(reading.prices) * reading.prices.usd(p.settle) for p in positions)),
        "vega": "0",
    }
