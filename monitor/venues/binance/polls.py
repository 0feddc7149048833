"""What is read over REST of one account of futures, of either kind. Each function reads once and emits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from monitor.domain.accounts import SymbolConfig
from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, Refused
from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.domain.names import Symbol
from monitor.venues.binance import answers, cash, coinm_answers, endpoints, endpoints_coinm
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.planned import planned as planned
from monitor.venues.binance.product import ProductReadings
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings

Row = tuple[str, str]


class _HeldRow(msgspec.Struct):
    symbol: str = ""
    positionSide: str = ""
    positionAmt: float | str = 0.0
    updateTime: int | None = None


class _HeldRows(msgspec.Struct):
    positions: list[_HeldRow] = []


def disagreement(account_raw: bytes, risk_raw: bytes) -> Mapping[Row, tuple[int | None, int | None]]:
    """Positions of which the two answers of one snapshot were written at different moments.

    Per (symbol, position side): the update time in the account's answer and in the positions' one; None: no such row.
    Empty if they agree, or if one of them cannot be read: that is for the reader of the answer to say.
    """
    try:
        held = msgspec.json.decode(account_raw, type=_HeldRows, strict=False).positions
        risk = msgspec.json.decode(risk_raw, type=list[_HeldRow], strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    ours, theirs = _open(held), _open(risk)
    return {
        row: (ours.get(row), theirs.get(row)) for row in ours.keys() | theirs.keys() if ours.get(row) != theirs.get(row)
    }


def _open(rows: list[_HeldRow]) -> dict[Row, int | None]:
    return {(row.symbol, row.positionSide): row.updateTime for row in rows if not _zero(row.positionAmt)}


def _zero(amount: float | str) -> bool:
    try:
        return float(amount) == 0
    except ValueError:
        return False


class AccountReadings(ProductReadings):
    """The readings of one account of USDⓈ-M futures."""

    ACCOUNT, POSITION_RISK = endpoints.ACCOUNT, endpoints.POSITION_RISK
    LEVERAGE_BRACKET, INCOME = endpoints.LEVERAGE_BRACKET, endpoints.INCOME

    def __init__(self, settings: AccountSettings, client: Client, emit: Emit, clock: Clock, timings: Timings) -> None:
        super().__init__(settings, client, emit, clock, timings, ("tiers",))
        self.symbols: Mapping[Symbol, SymbolConfig] | None = None  #: as last read; None: never
        self._quirks: Mapping[Row, tuple[int | None, int | None]] = {}

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read both answers, again if the account moved in between; emit the snapshot and return it.

        `event_since(t)`: whether a push about the account came after t. A disagreement that is still the very same
        after another reading is the venue's way of writing, not movement. Tries are bounded: a snapshot of an account
        that never rests goes out with the problem named, and therefore closes nothing.
        """
        previous: Mapping[Row, tuple[int | None, int | None]] = self._quirks
        for attempt in range(1, self._timings.snapshot_tries + 1):
            asked = self._clock.now()
            account = await self._ask("account", self.ACCOUNT)
            risk = await self._ask("account", self.POSITION_RISK)
            self.rows["account"].came(account, risk)
            differing = disagreement(account.body, risk.body)
            moved = bool(differing) and differing != previous
            if not moved:
                self._quirks = differing
            if not moved and not event_since(asked):
                break
            previous = differing
            if attempt == self._timings.snapshot_tries:
                break
        with self.rows["account"].taking(account, risk) as bad:
            snapshot = answers.account_snapshot(
                account.body, risk.body, self.account, asked, risk.received, self.symbols, bad
            )
        if moved:
            names = ", ".join(sorted({symbol for symbol, _ in differing}))
            problem = f"account and positions were written at different moments, after {attempt} readings: {names}"
            snapshot = replace(snapshot, problems=(*snapshot.problems, problem))
        self._emit(snapshot)
        return snapshot

    async def config(self) -> bool:
        """Read modes and per-symbol settings; True if what positions are read with changed."""
        config = await self._config()
        read = {one.symbol: one for one in config.symbols}
        changed = self.symbols is not None and _modes(read) != _modes(self.symbols)
        self.symbols = read
        self._emit(config)
        return changed

    async def _config(self) -> AccountConfig:
        account = await self._ask("config", endpoints.ACCOUNT_CONFIG)
        symbols = await self._ask("config", endpoints.SYMBOL_CONFIG)
        self.rows["config"].came(account, symbols)
        with self.rows["config"].taking(account, symbols) as bad:
            return answers.account_config(
                account.body, symbols.body, self.account, account.asked, symbols.received, bad
            )

    async def tiers(self) -> None:
        """Read the maintenance tiers: they are the user's own."""
        answer = await self._ask("tiers", self.LEVERAGE_BRACKET)
        self.rows["tiers"].came(answer)
        with self.rows["tiers"].taking(answer) as bad:
            tiers = answers.tiers(answer.body, VENUE, self.account, answer.received, bad)
        self.tiered.read((symbol for symbol, _ in tiers.tiers), self._clock.monotonic())
        self._emit(tiers)

    async def income(self, since: float) -> None:
        """Read the history of the account's cash flows from the venue's time `since` on, page by page; emit it whole,
        or as far as it was read.
        """
        self._emit(await self._history(self.INCOME, cash.page, since))


class CoinmReadings(AccountReadings):
    """The same of COIN-M futures, which lack a list of settings: they stand in the rows of positions."""

    ACCOUNT, POSITION_RISK = endpoints_coinm.ACCOUNT, endpoints_coinm.POSITION_RISK
    LEVERAGE_BRACKET, INCOME = endpoints_coinm.LEVERAGE_BRACKET, endpoints_coinm.INCOME
    _coinm_alone = False  #: the key was refused at the other futures

    async def _config(self) -> AccountConfig:
        mode = await self._position_mode()
        risk = await self._ask("config", endpoints_coinm.POSITION_RISK)
        self.rows["config"].came(mode, risk)
        with self.rows["config"].taking(mode, risk) as bad:
            return coinm_answers.coinm_config(mode.body, risk.body, self.account, mode.asked, risk.received, bad)

    async def _position_mode(self) -> Answer:
        """It is one for both kinds of futures, and cheap to ask of the other; but a key may read COIN-M alone."""
        if not self._coinm_alone:
            try:
                return await self._ask("config", endpoints.ACCOUNT_CONFIG)
            except (AuthRejected, Refused):
                self._coinm_alone = True
        return await self._ask("config", endpoints_coinm.DUAL_SIDE)


def _modes(symbols: Mapping[Symbol, SymbolConfig]) -> dict[Symbol, object]:
    return {symbol: (one.margin_mode, one.auto_add_margin) for symbol, one in symbols.items()}
