"""Days of a simulated Hyperliquid that never rests: people trade, markets crash and recover, connections fail,
perpetuals come and go, modes change. What is the same at every venue stands in `monitor.sim.days`.
"""

from __future__ import annotations

from monitor.domain.names import Asset, Symbol
from monitor.sim import days
from monitor.sim.hyperliquid.accounts import Mode, SimAccount
from monitor.sim.hyperliquid.mishaps import MISHAPS
from monitor.sim.hyperliquid.reading import OFFSET_USDC, PORTFOLIO_TRIGGER, Reading
from monitor.sim.hyperliquid.server import SimHyperliquid
from monitor.sim.hyperliquid.traders import COINS, LEVERAGES, RandomTrader
from monitor.sim.rounds import USUAL, Pace, Say, unsaid

NUMBERS = 12  #: so many new coins are there in all, from H100 on, again and again
MODES = (Mode.STANDARD, Mode.UNIFIED, Mode.PORTFOLIO)


class Days(days.Days[SimHyperliquid, SimAccount, RandomTrader]):
    """One venue's life."""

    symbols = COINS
    currency = "USDC"

    def __init__(self, sim: SimHyperliquid, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, sim.accounts, MISHAPS, seed=seed, pace=pace, say=say)

    def _people(self) -> list[SimAccount]:
        return [account for account in super()._people() if account.role["role"] != "agent"]

    def _worth_usd(self, account: SimAccount) -> float:
        return worth_usd(account)

    def _trader(self, account: SimAccount, seed: int, most_usd: float) -> RandomTrader:
        return RandomTrader(account=account, seed=seed, eagerness=1.0, most_usd=most_usd)

    def _look_after(self, account: SimAccount) -> bool:
        """Pay back what is owed beside isolated positions, which back nothing: there it would stand for ever."""
        reading = Reading(account)
        if account.mode is Mode.PORTFOLIO and reading.portfolio_ratio() > PORTFOLIO_TRIGGER:
            paid = round(reading.owed("USDC") + 2.0 * OFFSET_USDC, 2)
            account.deposit(paid)
            self._say(f"{account.name} deposits {paid:,.2f} USDC for what it owes.")
            return True
        return super()._look_after(account)

    def _do(self, account: SimAccount) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""
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
                free = max(0.0, Reading(account).free(account.board.perps[chosen.coin].dex))
                account.add_margin(chosen.coin, min(0.1 * max(0.0, Reading(account).alone(chosen)), free))
            case 3 if held:
                account.set_leverage(self._dice.choice(held).coin, self._dice.choice(LEVERAGES))
            case _:
                account.deposit(round(0.01 * self._began[account.name], 2))

    def _deposit(self, account: SimAccount, _: Asset, amount: float) -> None:
        account.deposit(amount)  # USDC and nothing else

    def _enlist(self, number: int, usd: float) -> Symbol:
        return self._sim.enlist(f"H{days.FIRST_LISTED + (number - days.FIRST_LISTED) % NUMBERS}", usd)

    def _delist(self, symbol: Symbol) -> None:
        self._sim.delist(symbol)


def worth_usd(account: SimAccount) -> float:
    """All that an account has, in USDC."""
    reading, board = Reading(account), account.board
    spot = sum(amount * board.usdc(token) for token, amount in account.spot.items())
    dexs = sum(reading.value(dex) for dex in board.dexs)
    owed = sum(amount * board.usdc(token) for token, amount in account.borrowed.items())
    return spot + dexs + sum(reading.alone(held) for held in account.isolated()) - owed
