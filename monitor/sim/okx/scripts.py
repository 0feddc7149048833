"""How far prices are from where a script wants an account of the simulated OKX to stand."""

from __future__ import annotations

from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.holdings import Level
from monitor.sim.scripts import move_until

STABLE = ("USDT", "USDC")


def move_to_ratio(
    account: SimAccount, wanted_ratio: float, *, asset: str = "USDT", direction: float = -1.0
) -> float | None:
    """By how much (-0.15: a fall by 15 %) all coins must move for `mgnRatio` to come down to `wanted_ratio`.

    In futures mode the ratio is that of the currency `asset`, elsewhere the account's. `direction` -1: a fall, +1: a
    rise. None where no move up to 95 % (a rise: to twenty times) does it.
    """
    prices = account.board.prices

    def near(move: float) -> bool:
        coins = {coin: 1.0 + move for coin in prices.usd_by_asset if coin not in STABLE}
        reading = Reading(account, prices.moved(coins))
        ratio = reading.pool(asset).ratio if account.level is Level.FUTURES else reading.ratio
        return ratio is not None and ratio <= wanted_ratio

    return move_until(near, direction=direction)
