"""A simulated venue in a process of its own: `python -m bench.loop_venue ACCOUNTS POSITIONS FRAMES_PER_SECOND`.

Accounts with positions, the usual array of all contracts each second and, besides, single mark prices of what is held
at a pace. Writes its port when it is there, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from monitor.sim.binance import frames
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.streams import MARKET
from monitor.sim.market import Kind

MORE_SYMBOLS = 470
NOTIONAL_USD, LEVERAGE = 3_000.0, 6.0
PER_ACCOUNT = "bench{}"


def fill(sim: SimBinance, accounts: int, positions: int) -> list[str]:
    """Open the positions, long and short in turns; returns the symbols held."""
    perpetual = (one for one in sim.market.contracts.values() if one.kind is Kind.PERPETUAL and one.quote == "USDT")
    symbols = [contract.symbol for contract in perpetual][:positions]
    for number in range(accounts):
        wallet = NOTIONAL_USD * positions / LEVERAGE
        account = sim.add_account(PER_ACCOUNT.format(number), wallets={"USDT": wallet})
        for place, symbol in enumerate(symbols):
            mark = sim.market.mark(symbol)
            quantity = NOTIONAL_USD / mark * (-1.0 if place % 3 == 0 else 1.0)
            account.trade(symbol, quantity, price=mark)
    return symbols


async def pace(sim: SimBinance, symbols: list[str], per_second: float) -> None:
    """Send single mark prices, each a little off, in turns."""
    turn, due = 0, time.monotonic()
    while True:
        due = max(due + 1.0 / per_second, time.monotonic() - 0.05)
        if due > time.monotonic():
            await asyncio.sleep(due - time.monotonic())
        contract = sim.market.contracts[symbols[turn % len(symbols)]]
        row = frames.mark_row(sim.market, contract, sim.time_ms(), sim.next_funding_ms())
        row["p"] = f"{float(row['p']) * (1.0 + 1e-5 * (turn % 7 - 3)):.8f}"
        sim.send(MARKET, json.dumps({"stream": "!markPrice@arr@1s", "data": [row]}, separators=(",", ":")))
        turn += 1


async def main(accounts: int, positions: int, per_second: float) -> None:
    """Run until standard input ends."""
    async with SimBinance(seed=3, more_symbols=MORE_SYMBOLS) as sim:
        symbols = fill(sim, accounts, positions)
        pacing = asyncio.create_task(pace(sim, symbols, per_second)) if per_second else None
        print(sim.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        if pacing is not None:
            pacing.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
