"""Days of a simulated OKX that never rests: people trade, markets crash and recover, connections fail, contracts come
and go, levels and modes change. What is the same at every venue stands in `monitor.sim.rounds`.
"""

from __future__ import annotations

import random

from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.mishaps import MISHAPS
from monitor.sim.okx.positions import NET, Position
from monitor.sim.okx.server import SimOkx
from monitor.sim.okx.traders import LEVERS, SWAPS, RandomTrader
from monitor.sim.rounds import USUAL, Pace, Rounds, Say, unsaid

POOR_RATIO = 0.4  #: of what an account began with: below it is filled up
DARING = 1.5  #: the largest trade, of what an account is worth: enough that crashes liquidate somebody
FIRST_LISTED = 100  #: number of the first new coin, Z100
ADDED_SHARE = 0.1  #: of an isolated position's margin, when some is added


class Days(Rounds[SimOkx]):
    """One venue's life."""

    def __init__(self, sim: SimOkx, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, MISHAPS, random.Random(seed), pace, say)
        self._began = {account.name: worth_usd(account) for account in self._people()}
        self._traders = [
            RandomTrader(account=account, seed=seed + place, eagerness=1.0, most_usd=DARING * self._began[account.name])
            for place, account in enumerate(self._people())
        ]
        self._listed: list[str] = []
        self._numbered = FIRST_LISTED
        self.begin(
            (
                (self._trade, lambda: pace.trade_seconds),
                (self._deed, lambda: pace.deed_seconds),
                (self._mishap, lambda: pace.mishap_seconds),
                (self._crash, lambda: pace.crash_market_seconds / sim.speed),
                (self._listing, lambda: pace.listing_seconds),
            )
        )

    def _people(self) -> list[SimAccount]:
        return [self._sim.accounts[name] for name in sorted(self._sim.accounts)]

    def _trade(self) -> None:
        trader = self._dice.choice(self._traders)
        trader.symbols = (*SWAPS, *self._listed)
        trader.trade()

    def _deed(self) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""
        account = self._dice.choice(self._people())
        if self._look_after(account):
            return
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

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up who was liquidated: after a week nobody is out of the game."""
        began, has = self._began[account.name], worth_usd(account)
        if has >= POOR_RATIO * began:
            return False
        account.deposit("USDT", round(began - has, 2))
        self._say(f"{account.name} deposits {began - has:,.2f} USDT.")
        return True

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

    def _listing(self) -> None:
        """A new contract, with a coin of its own; when too many are listed the oldest goes."""
        name = self._sim.enlist(f"Z{self._numbered}", self._dice.uniform(0.5, 5.0))
        self._numbered += 1
        self._listed.append(name)
        self._say(f"{name} is listed.")
        if len(self._listed) > self._pace.listed:
            gone = self._listed.pop(0)
            self._sim.delist(gone)
            self._say(f"{gone} is delisted.")


def worth_usd(account: SimAccount) -> float:
    """All equity, at USD prices."""
    return float(Reading(account).balance()["totalEq"])
