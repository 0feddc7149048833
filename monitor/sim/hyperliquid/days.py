"""Days of a simulated Hyperliquid that never rests: people trade, markets crash and recover, connections fail,
perpetuals come and go, modes change. What is the same at every venue stands in `monitor.sim.rounds`.
"""

from __future__ import annotations

import random

from monitor.sim.hyperliquid.accounts import Mode, SimAccount
from monitor.sim.hyperliquid.mishaps import MISHAPS
from monitor.sim.hyperliquid.reading import Reading
from monitor.sim.hyperliquid.server import SimHyperliquid
from monitor.sim.hyperliquid.traders import COINS, LEVERAGES, RandomTrader
from monitor.sim.rounds import USUAL, Pace, Rounds, Say, unsaid

POOR_RATIO = 0.4  #: of what an account began with: below it is filled up
DARING = 1.5  #: the largest trade, of what an account is worth: enough that crashes liquidate somebody
FIRST_LISTED, NUMBERS = 100, 12  #: number of the first new coin, H100; so many are there in all, again and again
MODES = (Mode.STANDARD, Mode.UNIFIED, Mode.PORTFOLIO)


class Days(Rounds[SimHyperliquid]):
    """One venue's life."""

    def __init__(self, sim: SimHyperliquid, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
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
        accounts = (self._sim.accounts[name] for name in sorted(self._sim.accounts))
        return [account for account in accounts if account.role["role"] != "agent"]

    def _trade(self) -> None:
        trader = self._dice.choice(self._traders)
        trader.coins = (*COINS, *self._listed)
        trader.trade()

    def _deed(self) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""
        account = self._dice.choice(self._people())
        if self._look_after(account):
            return
        held = list(account.positions.values())
        alone = account.isolated()
        match self._dice.randrange(5):
            case 0:
                account.set_mode(self._dice.choice([mode for mode in MODES if mode is not account.mode]))
                self._say(f"{account.name} goes to another mode: {account.mode}.")
            case 1 if held:
                account.close(self._dice.choice(held).coin)
            case 2 if alone:
                chosen = self._dice.choice(alone)
                account.add_margin(chosen.coin, 0.1 * max(0.0, Reading(account).alone(chosen)))
            case 3 if held:
                account.set_leverage(self._dice.choice(held).coin, self._dice.choice(LEVERAGES))
            case _:
                account.deposit(round(0.01 * self._began[account.name], 2))

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up who was liquidated: after a week nobody is out of the game."""
        began, has = self._began[account.name], worth_usd(account)
        if has >= POOR_RATIO * began:
            return False
        account.deposit(round(began - has, 2))
        self._say(f"{account.name} deposits {began - has:,.2f} USDC.")
        return True

    def _listing(self) -> None:
        """A new perpetual, with a coin of its own; when too many are listed the oldest goes."""
        number = FIRST_LISTED + (self._numbered - FIRST_LISTED) % NUMBERS
        name = self._sim.enlist(f"H{number}", self._dice.uniform(0.5, 5.0))
        self._numbered += 1
        self._listed.append(name)
        self._say(f"{name} is listed.")
        if len(self._listed) > self._pace.listed:
            gone = self._listed.pop(0)
            self._sim.delist(gone)
            self._say(f"{gone} is delisted.")


def worth_usd(account: SimAccount) -> float:
    """All that an account has, in USDC."""
    reading, board = Reading(account), account.board
    spot = sum(amount * board.usdc(token) for token, amount in account.spot.items())
    dexs = sum(reading.value(dex) for dex in board.dexs)
    owed = sum(amount * board.usdc(token) for token, amount in account.borrowed.items())
    return spot + dexs + sum(reading.alone(held) for held in account.isolated()) - owed
