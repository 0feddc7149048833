"""Days of a simulated venue that never rests: people trade, markets crash and recover, connections fail, contracts come
and go.

Everything is rolled from one seed. What people do, what fails and what is listed keeps real time; crashes keep the
market's own time, so they come more often in a quicker market.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.mishaps import MISHAPS
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.traders import SYMBOLS, RandomTrader
from monitor.sim.market import Contract

LEVERAGES = (3, 5, 10, 20)
POOR_RATIO, RICH_RATIO = 0.4, 2.5  #: of what an account began with: below it is filled up, above it is drawn off
CRASHES = (0.06, 0.22)  #: how far a crash goes
DARING = 0.6  #: the largest trade, of what an account is worth: enough that crashes liquidate somebody
FIRST_LISTED = 100  #: number of the first new symbol, X100USDT

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things happen: seconds of our time between two of a kind, on average; crashes in the market's time."""

    trade_seconds: float = 2.0
    deed_seconds: float = 12.0
    mishap_seconds: float = 25.0
    mishap_lasts_seconds: tuple[float, float] = (2.0, 8.0)
    crash_market_seconds: float = 1200.0
    crash_lasts_market_seconds: float = 120.0
    listing_seconds: float = 45.0
    listed: int = 3  #: how many new contracts are listed at a time; the oldest goes when one more comes


def _quiet(_: str) -> None:
    """Nobody listens."""


class Days:
    """One venue's life. `live` goes on until it is cancelled; `rest` and `resume` stop and go on."""

    def __init__(self, sim: SimBinance, *, seed: int = 1, pace: Pace = Pace(), say: Say = _quiet) -> None:
        self._sim, self._pace, self._say = sim, pace, say
        self._dice = random.Random(seed)
        self._traders = [
            RandomTrader(account, seed=seed + place, eagerness=1.0, most_notional=DARING * worth_usd(account))
            for place, account in enumerate(accounts_of(sim))
        ]
        self._began = {account.name: dict(account.wallets) for account in accounts_of(sim)}
        self._listed: list[Symbol] = []
        self._numbered = FIRST_LISTED
        self._resting = False
        self._speed = sim.speed
        kinds: tuple[tuple[Callable[[], None], Callable[[], float]], ...] = (
            (self._trade, lambda: pace.trade_seconds),
            (self._deed, lambda: pace.deed_seconds),
            (self._mishap, lambda: pace.mishap_seconds),
            (self._crash, lambda: pace.crash_market_seconds / sim.speed),
            (self._listing, lambda: pace.listing_seconds),
        )
        self._deeds = dict(kinds)
        now = sim.clock.now()
        self._due = {act: now + self._soon(every()) for act, every in kinds}
        self._ends: float | None = None  #: when the present mishap is over
        self._recovers: tuple[float, float] | None = None  #: when the market turns, and by which ratio

    async def live(self) -> None:
        """Go on for ever."""
        while True:
            moments = [*self._due.values(), *([self._ends] if self._ends else [])]
            await self._sim.clock.sleep(max(0.001, min(moments) - self._sim.clock.now()))
            if not self._resting:
                self.step()

    def step(self) -> None:
        """Do all that is due."""
        now = self._sim.clock.now()
        if self._ends is not None and self._ends <= now:
            self._ends = None
            self._sim.faults.clear()
        if self._recovers is not None and self._recovers[0] <= now:
            self._sim.market.move(self._recovers[1], self._pace.crash_lasts_market_seconds)
            self._recovers = None
        for act, due in self._due.items():
            if due <= now:
                self._due[act] = now + self._soon(self._deeds[act]())
                act()

    def rest(self, speed: float) -> None:
        """Nobody trades and nothing fails; the market goes on at `speed`."""
        self._resting, self._speed = True, self._sim.speed
        self._sim.speed = speed
        self._sim.faults.clear()
        self._ends = None

    def resume(self) -> None:
        """Go on as before."""
        self._resting = False
        self._sim.speed = self._speed

    # what happens

    def _soon(self, seconds: float) -> float:
        return seconds * self._dice.uniform(0.5, 1.5)

    def _trade(self) -> None:
        trader = self._dice.choice(self._traders)
        trader.symbols = (*SYMBOLS, *self._listed)
        trader.trade()

    def _deed(self) -> None:
        """Somebody moves money, leverage, margin, or changes a mode."""
        account = self._dice.choice(accounts_of(self._sim))
        if self._look_after(account):
            return
        match self._dice.randrange(5):
            case 0:
                self._change_mode(account)
            case 1:
                self._margin(account)
            case 2:
                position = self._dice.choice(account.open_positions() or [None])
                if position is not None:
                    side = None if position.side == "BOTH" else position.side
                    account.close(position.symbol, side=side)
            case 3:
                asset = self._dice.choice(sorted(account.wallets))
                account.transfer(asset, self._dice.uniform(0.01, 0.05) * self._began[account.name].get(asset, 0.0))
            case _:
                symbol = self._dice.choice(SYMBOLS)
                if account.setting(symbol).isolated is False:
                    account.set_leverage(symbol, self._dice.choice(LEVERAGES))

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up who was liquidated, draw off who won: after a week nobody is out of the game."""
        for asset, began in self._began[account.name].items():
            held = account.wallets.get(asset, 0.0)
            if held < POOR_RATIO * began:
                account.transfer(asset, began - held)
                self._say(f"{account.name} deposits {began - held:,.2f} {asset}.")
                return True
            if held > RICH_RATIO * began and not account.open_positions():
                account.transfer(asset, began - held)
                return True
        return False

    def _margin(self, account: SimAccount) -> None:
        isolated = [position for position in account.open_positions() if position.isolated_wallet]
        if isolated:
            position = self._dice.choice(isolated)
            side = None if position.side == "BOTH" else position.side
            account.add_margin(position.symbol, round(0.1 * (position.isolated_wallet or 0.0), 2), side=side)

    def _change_mode(self, account: SimAccount) -> None:
        """Close everything, then change the position mode or the collateral mode."""
        for position in account.open_positions():
            account.close(position.symbol, side=None if position.side == "BOTH" else position.side)
        for setting in account.settings.values():
            setting.isolated = False
        if self._dice.random() < 0.5:
            account.set_hedge(not account.hedge)
            words = f"{account.name} goes to {'hedge' if account.hedge else 'one-way'} mode."
        else:
            account.set_multi_assets(not account.multi_assets)
            words = f"{account.name} goes to {'multi' if account.multi_assets else 'single'}-assets mode."
        for trader in self._traders:
            if trader.account is account:
                trader.settle_anew()
        self._say(words)

    def _mishap(self) -> None:
        if self._ends is not None:
            return
        mishap = self._dice.choice(MISHAPS)
        self._ends = self._sim.clock.now() + self._dice.uniform(*self._pace.mishap_lasts_seconds)
        self._say(f"Something goes wrong: {mishap.words}.")
        mishap.strike(self._sim, self._dice)

    def _crash(self) -> None:
        """All coins fall (or jump: it is the shorts' turn), and come back some time later."""
        if self._recovers is not None:
            return
        ratio = self._dice.uniform(*CRASHES)
        lasts = self._pace.crash_lasts_market_seconds
        signed = -ratio if self._dice.random() < 0.6 else ratio
        self._sim.market.move(signed, lasts)
        back = self._sim.clock.now() + 2.0 * lasts / self._sim.speed
        self._recovers = (back, 1.0 / (1.0 + signed) - 1.0)
        self._say(f"The market {'falls' if signed < 0 else 'jumps'} by {ratio:.0%}.")

    def _listing(self) -> None:
        """A new contract, with a coin of its own; when too many are listed the oldest goes, its positions settled."""
        coin: Asset = f"X{self._numbered}"
        self._numbered += 1
        contract = Contract(symbol=f"{coin}USDT", coin=coin, quote="USDT", step_size="1")
        self._sim.enlist(contract, self._dice.uniform(0.5, 5.0))
        self._listed.append(contract.symbol)
        self._say(f"{contract.symbol} is listed.")
        if len(self._listed) > self._pace.listed:
            gone = self._listed.pop(0)
            self._sim.delist(gone)
            for trader in self._traders:
                trader.settle_anew()
            self._say(f"{gone} is delisted.")


def worth_usd(account: SimAccount) -> float:
    """What the wallets of an account are worth."""
    return sum(amount * account.market.asset_usd(asset) for asset, amount in account.wallets.items())


def accounts_of(sim: SimBinance) -> list[SimAccount]:
    """The accounts, in order of their names."""
    return [sim.accounts[name] for name in sorted(sim.accounts)]
