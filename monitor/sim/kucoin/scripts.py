"""How far prices are from where a script wants an account of the simulated KuCoin to stand."""

from __future__ import annotations

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.board import Prices
from monitor.sim.scripts import move_until


def ratio_of(account: SimAccount, prices: Prices, coin: Asset, pair: Symbol | None, *, loans: bool) -> float:
    """The venue's ratio at these prices: of a settlement coin, of the unified account, or of loans."""
    if loans:
        return account.debt_ratio(pair, prices)
    if account.is_unified:
        return account.unified(prices).risk_ratio
    return account.futures(coin, prices).risk_ratio


def move_to_ratio(
    account: SimAccount,
    wanted_ratio: float,
    *,
    coin: Asset = "USDT",
    pair: Symbol | None = None,
    loans: bool = False,
    direction: float = -1.0,
) -> float | None:
    """By how much (-0.15: a fall by 15 %) all coins must move for the ratio to rise to `wanted_ratio`.

    The ratio is `riskRatio`, of cross positions in `coin` where the account is classic; with `loans` the debt ratio of
    the cross margin account, or of `pair`. `direction` -1: a fall, +1: a rise. None where no move up to 95 % (a rise:
    to twenty times) does it.
    """
    prices = account.board.prices

    def near(move: float) -> bool:
        return ratio_of(account, prices.all_moved(move), coin, pair, loans=loans) >= wanted_ratio

    return move_until(near, direction=direction)
