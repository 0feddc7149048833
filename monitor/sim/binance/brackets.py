"""Leverage brackets as Binance publishes them, and the plain lookups that the simulator makes in them.

Source of the numbers: the leverage_tiers table of freqtrade release 2026.9, Binance's public brackets (facts).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from monitor.domain.names import Symbol

_MADE_UP = re.compile(r"X\d+USDT")


@dataclass(frozen=True, slots=True)
class Bracket:
    """One row: notional from `floor` up to `cap` in the margin asset, maintenance = notional * rate - cum."""

    number: int
    leverage: int
    cap: float
    floor: float
    rate: float
    cum: float


@cache
def published() -> dict[Symbol, tuple[Bracket, ...]]:
    """The transcribed table: brackets by symbol; BTCUSDT_QUARTER stands for the delivery contract of the quarter."""
    text = resources.files("monitor.sim.binance").joinpath("brackets.json").read_text(encoding="utf-8")
    return {symbol: tuple(Bracket(*row) for row in rows) for symbol, rows in json.loads(text)["brackets"].items()}


def of(symbol: Symbol) -> tuple[Bracket, ...]:
    """The brackets of a symbol; made-up symbols (X001USDT) have those of ADAUSDT. KeyError where there is no table."""
    table = published()
    if symbol.startswith("BTCUSDT_"):
        return table["BTCUSDT_QUARTER"]
    return table["ADAUSDT" if _MADE_UP.fullmatch(symbol) else symbol]


def scaled(rows: tuple[Bracket, ...], coefficient: float) -> tuple[Bracket, ...]:
    """A user's own brackets: floors and caps times the coefficient, cum worked out anew so that nothing jumps."""
    result: list[Bracket] = []
    cum = rate = 0.0
    for row in rows:
        floor = row.floor * coefficient
        cum += floor * (row.rate - rate) if result else 0.0
        rate = row.rate
        result.append(Bracket(row.number, row.leverage, row.cap * coefficient, floor, row.rate, cum))
    return tuple(result)


def maintenance(rows: tuple[Bracket, ...], notional: float) -> float:
    """The maintenance margin of one position, in its margin asset."""
    for row in rows:
        if notional <= row.cap:
            return notional * row.rate - row.cum
    return notional * rows[-1].rate - rows[-1].cum
