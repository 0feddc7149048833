"""Days of a simulated OKX that never rests: people trade, markets crash and recover, connections fail, contracts come
and go, levels and modes change. What is the same at every venue stands in `monitor.sim.days`.
"""

from __future__ import annotations

from monitor.domain.names import Asset, Symbol
from monitor.sim import days
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.mishaps import MISHAPS
from monitor.sim.okx.positions import NET, Position
from monitor.sim.okx.server import SimOkx
from monitor.sim.okx.traders import LEVERS, SWAPS, RandomTrader
from monitor.sim.rounds import USUAL, Pace, Say, unsaid

ADDED_SHARE = 0.1  #: of an isolated position's margin, when some is added


class Days(days.Days[SimOkx, SimAccount, RandomTrader]):
    """One venue's life."""

    symbols = SWAPS

    def __init__(self, sim: SimOkx, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, sim.accounts, MISHAPS, seed=seed, pace=pace, say=say)

    def _worth_usd(self, account: SimAccount) -> float:
        return worth_usd(account)

    def _trader(self, account: SimAccount, seed: int, most_usd: float) -> RandomTrader:
        return RandomTrader(account=account, seed=seed, eagerness=1.0, most_usd=most_usd)

    def _do(self, account: SimAccount) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""
        held = list(account.positions.values())
        match self._dice.randrange(5):
            case 0:
                self._change_level(account)
            case 1:
                self._change_hedge(account)
            case 2 if held:
                account.close(self._dice.choice(held).instrument.name)
            case 3 if held:
                self._margin(account, self._dice.choice(held))
            case _:
                asset = self._dice.choice(sorted(account.cash))
                account.transfer(asset, 0.01 * max(0.0, account.cash[asset]))

    def _deposit(self, account: SimAccount, asset: Asset, amount: float) -> None:
        account.deposit(asset, amount)

    def _margin(self, account: SimAccount, position: Position) -> None:
        """Margin for an isolated position, leverage for any other."""
        side = None if position.side == NET else position.side
        name = position.instrument.name
        if position.margin is not None:
            account.add_margin(name, ADDED_SHARE * position.margin, side=side)
        else:
            account.set_leverage(name, self._dice.choice(LEVERS), side=side)

    def _close_all(self, account: SimAccount) -> None:
        for number in list(account.orders):
            account.cancel(number)
        for position in list(account.positions.values()):
            account.close(position.instrument.name)

    def _change_level(self, account: SimAccount) -> None:
        """Close everything, pay what is owed, then go to another level; who is in spot mode stays there."""
        if account.level is Level.SPOT:
            return
        self._close_all(account)
        for asset in [asset for asset, amount in account.cash.items() if amount < 0.0]:
            account.deposit(asset, -account.cash[asset])
        others = [level for level in Level if level not in (Level.SPOT, account.level)]
        account.switch_level(self._dice.choice(others))
        self._say(f"{account.name} goes to another level: {account.level}.")

    def _change_hedge(self, account: SimAccount) -> None:
        """Close everything, then change the position mode."""
        if account.level is Level.SPOT:
            return
        self._close_all(account)
        account.set_hedge(not account.hedge)
        self._say(f"{account.name} goes to {'long_short' if account.hedge else 'net'} mode.")

    def _enlist(self, number: int, usd: float) -> Symbol:
        return self._sim.enlist(f"Z{number}", usd)

    def _delist(self, symbol: Symbol) -> None:
        self._sim.delist(symbol)


def worth_usd(account: SimAccount) -> float:
    """All equity, at USD prices."""
    return float(Reading(account).balance()["totalEq"])
