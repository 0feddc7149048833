"""What we believe of one account: readings, pushes and settings brought together as they come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from monitor.domain.accounts import (
    Account,
    AccountMode,
    Balance,
    CollateralMode,
    Order,
    Permissions,
    Position,
    SymbolConfig,
    VenueAccount,
    Wallet,
)
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    BalanceChanged,
    ConfigChanged,
    OrderChanged,
    PositionChanged,
    WalletChanged,
)
from monitor.domain.names import AccountKey, Asset, PositionKey, Side, Symbol
from monitor.engine.pushes import (
    OTHER,
    amended,
    amended_balance,
    margin_mode_changes,
    same_balance,
    same_order,
    same_position,
    same_wallet,
    words,
)
from monitor.engine.rows import LONG_AGO, Rows

MODE_NOT_READ = "the account's mode was not read yet"


@dataclass(slots=True)
class Changes:
    """What an event did to an account: whether it must be described anew, and what is to be told or asked for.

    `told` holds (kind, key, text) of notices, `ask` why the account and `ask_config` why its configuration is to be
    read again.
    """

    redescribe: bool = False
    told: list[tuple[str, str, str]] = field(default_factory=list)
    ask: list[str] = field(default_factory=list)
    ask_config: list[str] = field(default_factory=list)


class AccountState:
    """One configured account. Its fields are what was believed last; its methods take the events."""

    def __init__(self, key: AccountKey) -> None:
        self.key = key
        self.mode: AccountMode | None = None
        self.positions: Rows[PositionKey, Position] = Rows(same_position)
        self.balances: Rows[Asset, Balance] = Rows(same_balance)
        self.orders: Rows[str, Order] = Rows(same_order, passing=True)
        self.wallets: Rows[str, Wallet] = Rows(same_wallet)
        self.symbols: dict[Symbol, SymbolConfig] = {}
        self.fees: dict[str, float] = {}
        self.permissions: Permissions | None = None
        self.answer: AccountSnapshot | None = None  #: the last reading, whole
        self.config_asked: float | None = None
        self.config_problems: tuple[str, ...] = ()
        self.last_update: float | None = None  #: our time of the newest reading or push that was believed
        self.lost: str | None = None  #: why facts may have been lost since the last reading
        self._lost_at = LONG_AGO
        self._answer_mode: AccountMode | None = None
        self.readable: AccountMode | None = None  #: the last mode that could be read
        self._multi_assets_pushed = LONG_AGO
        self._leverage_pushed: dict[Symbol, float] = {}
        self._contradiction: str | None = None

    @property
    def risk_asked(self) -> float | None:
        """When the venue's own scenarios were asked for, None if they never were."""
        return None if self.answer is None else self.answer.venue.risk_asked

    def lose(self, why: str, at: float) -> None:
        """Facts may have been lost: until a reading asked for after `at`, the account is doubtful."""
        self.lost, self._lost_at = why, at

    def snapshot(self, event: AccountSnapshot, offset: float | None) -> Changes:
        """Take a reading. `offset` is the venue's clock minus ours in seconds, None if it was never measured."""
        changes = Changes()
        if self.answer is not None and event.asked < self.answer.asked:
            return changes  # a later reading is here already
        first = self.answer is None
        self.answer, self._answer_mode, changes.redescribe = event, self.mode, True
        self._read_positions(event, LONG_AGO if offset is None else event.asked + offset, changes)
        if first:
            changes.told.clear()
        self.last_update = event.received if self.last_update is None else max(self.last_update, event.received)
        if event.asked >= self._lost_at:
            self.lost = None
        self._contradict(changes)
        return changes

    def _read_positions(self, event: AccountSnapshot, asked_venue_time: float, changes: Changes) -> None:
        complete = not event.problems
        held = {row.key: (row, row.update_time) for row in event.positions if row.quantity}
        reading = self.positions.read(held, event.asked, asked_venue_time, complete)
        for key in reading.appeared:
            changes.told.append(("position_appeared", words(key), f"{words(key)} appeared"))
        for key in reading.vanished:
            text = f"{words(key)} is gone: absent from two readings"
            changes.told.append(("position_vanished", words(key), text))
        suspected = [key for key in reading.suspected if not self._flipped(key, event, asked_venue_time, changes)]
        rows = {row.asset: (row, row.update_time) for row in event.balances}
        assets = self.balances.read(rows, event.asked, asked_venue_time, complete)
        resting = {order.id: (order, order.update_time) for order in event.orders if order.quantity}
        self.orders.read(resting, event.asked, asked_venue_time, complete)
        purses = {wallet.name: (wallet, wallet.update_time) for wallet in event.wallets}
        wallets = self.wallets.read(purses, event.asked, asked_venue_time, complete)
        missing = [words(key) for key in suspected] + [f"the {asset} balance" for asset in assets.suspected]
        missing += [f"the wallet {name}" for name in wallets.suspected]
        older = [words(key) for key in reading.contested] + [f"the {asset} balance" for asset in assets.contested]
        older += [f"the wallet {name}" for name in wallets.contested]
        if missing:
            changes.ask.append(f"missing from the last reading: {', '.join(missing)}")
        if older:
            changes.ask.append(f"older in the last reading than in a push: {', '.join(older)}")

    def _flipped(self, key: PositionKey, event: AccountSnapshot, asked_venue_time: float, changes: Changes) -> bool:
        """Whether a missing one-way position is gone because the reading shows its other side instead."""
        known, other = self.positions.get(key), self.positions.get(PositionKey(key.symbol, OTHER[key.side]))
        if known is None or known.hedge or other is None or other.hedge:
            return False
        self.positions.drop(key, event.asked, asked_venue_time)
        text = f"{words(key)} is gone: the venue lists {words(other.key)} instead"
        changes.told.append(("position_vanished", words(key), text))
        return True

    def position(self, event: PositionChanged) -> Changes:
        """Take a push about a position."""
        changes = Changes()
        if event.quantity:
            side = event.side or (Side.LONG if event.quantity > 0 else Side.SHORT)
            key = PositionKey(event.symbol, side)
            known = self.positions.get(key)
            if self.positions.push(key, amended(key, known, event), event.venue_time, event.received):
                changes.redescribe = True
                if known is None and self.answer is not None:  # what was there before the first reading is not new
                    changes.told.append(("position_appeared", words(key), f"{words(key)} appeared"))
            closed = [OTHER[side]] if event.side is None else []
        else:
            closed = list(Side) if event.side is None else [event.side]
        for side in closed:
            self._close(PositionKey(event.symbol, side), event, changes)
        self._pushed(changes, event.received)
        return changes

    def _close(self, key: PositionKey, event: PositionChanged, changes: Changes) -> None:
        known = self.positions.get(key)
        # In hedge mode a venue also pushes the empty one-way row, and the other way round: that closes nothing.
        apart = event.side is not None if event.row is None else event.row.hedge
        if known is not None and known.hedge is not apart:
            return
        if self.positions.push(key, None, event.venue_time, event.received) and known is not None:
            changes.redescribe = True
            changes.told.append(("position_vanished", words(key), f"{words(key)} is gone: the venue says closed"))

    def balance(self, event: BalanceChanged) -> Changes:
        """Take a push about an asset's wallet."""
        changes = Changes()
        value = amended_balance(self.balances.get(event.asset), event)
        if value is not None:
            changes.redescribe = self.balances.push(event.asset, value, event.venue_time, event.received)
        self._pushed(changes, event.received)
        return changes

    def wallet(self, event: WalletChanged) -> Changes:
        """Take a push about a purse inside the account."""
        changes = Changes()
        wallet = event.wallet
        changes.redescribe = self.wallets.push(wallet.name, wallet, event.venue_time, event.received)
        self._pushed(changes, event.received)
        return changes

    def order(self, event: OrderChanged) -> Changes:
        """Take a push about a resting order."""
        changes = Changes()
        known = self.orders.get(event.order.id)
        value = event.order if event.order.quantity else None
        if self.orders.push(event.order.id, value, event.venue_time, event.received):
            changes.redescribe = known is not value if known is None or value is None else not same_order(known, value)
        self._pushed(changes, event.received)
        return changes

    def configuration(self, event: AccountConfig) -> Changes:
        """Take a whole configuration; what a push said after it was asked for stands."""
        changes = Changes()
        if self.config_asked is not None and event.asked < self.config_asked:
            return changes
        mode, symbols = event.mode, {row.symbol: row for row in event.symbols}
        if self.mode is not None and self._multi_assets_pushed >= event.asked:
            mode = replace(mode, collateral=self.mode.collateral)
        for symbol, row in self.symbols.items():
            if event.problems:
                symbols.setdefault(symbol, row)  # its row may be the one that could not be read
            if self._leverage_pushed.get(symbol, LONG_AGO) >= event.asked:
                told = symbols.get(symbol, row)
                symbols[symbol] = replace(told, leverage=row.leverage, max_notional=row.max_notional)
        held = {key.symbol for key, _ in self.positions}
        changes.told += [
            ("mode_changed", symbol, text) for symbol, text in margin_mode_changes(self.symbols, symbols, held)
        ]
        fees = {**(self.fees if event.problems else {}), **dict(event.fees)}
        before = self.mode, self.symbols, self.fees, self.config_problems
        changes.redescribe = before != (mode, symbols, fees, event.problems)
        self.symbols, self.fees = symbols, fees
        self.config_asked, self.config_problems = event.asked, event.problems
        self._set_mode(mode, changes)
        return changes

    def config_changed(self, event: ConfigChanged) -> Changes:
        """Take a push about a mode or a leverage."""
        changes = Changes()
        if event.multi_assets is not None and self.mode is not None and event.received >= self._multi_assets_pushed:
            self._multi_assets_pushed = event.received
            collateral = CollateralMode.MULTI_ASSETS if event.multi_assets else CollateralMode.SINGLE_ASSET
            changes.redescribe = collateral is not self.mode.collateral
            self._set_mode(replace(self.mode, collateral=collateral), changes)
        if event.symbol is not None and event.leverage is not None:
            known = self.symbols.get(event.symbol, SymbolConfig(symbol=event.symbol))
            if event.received >= self._leverage_pushed.get(event.symbol, LONG_AGO):
                self._leverage_pushed[event.symbol] = event.received
                self.symbols = {
                    **self.symbols,
                    event.symbol: replace(known, leverage=event.leverage, max_notional=None),
                }
                changes.redescribe = True
        return changes

    def unreadable(self) -> str | None:
        """Why the account cannot be computed whatever its figures, in words: a mode missing or contradicted."""
        return MODE_NOT_READ if self.mode is None else self._contradiction

    def _contradicted_by(self) -> str | None:
        """What keeps the mode, which was read, from being believed."""
        assert self.mode is not None
        if not _is_readable(self.mode):
            which = "collateral" if self.mode.collateral is None else "position"
            return f"the account's {which} mode could not be read"
        for key, position in self.positions:
            free = self.mode.hedge_by_symbol or position.hedge_fixed
            if not free and position.hedge is not self.mode.hedge:
                kept = "apart" if position.hedge else "as one"
                said = "hedge" if self.mode.hedge else "one-way"
                return f"contradiction: the account is in {said} mode, but the sides of {key.symbol} are kept {kept}"
            if not position.hedge and self.positions.get(PositionKey(key.symbol, OTHER[key.side])) is not None:
                said = "its sides are kept as one" if free else "the account is in one-way mode"
                return f"contradiction: {said}, but {key.symbol} is held long and short"
        return None

    def doubts(self) -> list[str]:
        """What is doubtful about the whole account, in words; suspect positions are told by their own pools."""
        found = list(self.answer.problems) if self.answer is not None else []
        found += self.config_problems
        found += [
            f"the {asset} balance is missing from the last reading: kept until a second one agrees"
            for asset in sorted(self.balances.suspects)
        ]
        found += [
            f"the wallet {name} is missing from the last reading: kept until a second one agrees"
            for name in sorted(self.wallets.suspects)
        ]
        found += [
            f"the last reading of {words(key)} is older than its last push: kept until a second one agrees"
            for key in sorted(self.positions.contested)
        ]
        found += [
            f"the last reading of the {asset} balance is older than its last push: kept until a second one agrees"
            for asset in sorted(self.balances.contested)
        ]
        found += [
            f"the last reading of the wallet {name} is older than its last push: kept until a second one agrees"
            for name in sorted(self.wallets.contested)
        ]
        if self.lost is not None:
            found.append(self.lost)
        return found

    def believed(self) -> Account:
        """The account as its venue describes it: what is held, in a fixed order, whatever the way it came."""
        return Account(
            key=self.key,
            mode=self.mode or AccountMode(collateral=None, hedge=None),
            positions=dict(sorted(self.positions)),
            balances=dict(sorted(self.balances, key=lambda row: row[0])),
            symbols=self.symbols,
            venue=VenueAccount() if self.answer is None else self.answer.venue,
            suspects=frozenset(self.positions.suspects),
            orders=dict(sorted(self.orders, key=lambda row: row[0])),
            fees=self.fees,
            wallets=dict(sorted(self.wallets, key=lambda row: row[0])),
        )

    def answered(self) -> Account | None:
        """The last answer alone, for reconciliation: None where it is missing or could not be read whole."""
        if self.answer is None or self.answer.problems or self.mode is None:
            return None
        if self._answer_mode not in (None, self.mode):
            return None  # the mode changed since: the answer speaks of another arrangement
        held = {row.key: row for row in self.answer.positions if row.quantity}
        balances = {row.asset: row for row in self.answer.balances}
        orders = {order.id: order for order in self.answer.orders if order.quantity}
        return Account(
            key=self.key,
            mode=self.mode,
            positions=dict(sorted(held.items())),
            balances=dict(sorted(balances.items())),
            symbols=self.symbols,
            venue=self.answer.venue,
            orders=dict(sorted(orders.items())),
            fees=self.fees,
            wallets={wallet.name: wallet for wallet in sorted(self.answer.wallets, key=lambda row: row.name)},
        )

    def _pushed(self, changes: Changes, received: float) -> None:
        if changes.redescribe:
            self.last_update = received if self.last_update is None else max(self.last_update, received)
        self._contradict(changes)

    def _contradict(self, changes: Changes) -> None:
        """Ask for the configuration once when what is held begins to contradict the mode."""
        why = None if self.mode is None else self._contradicted_by()
        if why is not None and self._contradiction is None:
            changes.ask_config.append(why)
        self._contradiction = why

    def _set_mode(self, mode: AccountMode, changes: Changes) -> None:
        before, self.mode = self.readable, mode
        if _is_readable(mode):
            self.readable = mode
            if before is not None and before.collateral is not mode.collateral:
                text = f"the collateral mode changed from {before.collateral} to {mode.collateral}"
                changes.told.append(("mode_changed", "collateral", text))
            if before is not None and position_mode(before) != position_mode(mode):
                text = f"the position mode changed from {position_mode(before)} to {position_mode(mode)}"
                changes.told.append(("mode_changed", "position", text))
            if before is not None and before.kind != mode.kind:
                changes.told.append(("mode_changed", "kind", kind_words(before, mode)))
            if before is not None and before.borrows is not mode.borrows:
                changes.told.append(("mode_changed", "borrowing", borrowing_words(mode)))
        self._contradict(changes)


def position_mode(mode: AccountMode) -> str:
    """The position mode in words."""
    if mode.hedge_by_symbol:
        return "hedge or one-way by symbol"
    return "hedge" if mode.hedge else "one-way"


def kind_words(was: AccountMode, now: AccountMode) -> str:
    """That the account is of another of the venue's kinds, in words."""
    return f"the kind of account changed from {was.kind or 'the only one'} to {now.kind or 'the only one'}"


def borrowing_words(mode: AccountMode) -> str:
    """Whether the account borrows from now on, in words."""
    return "the account borrows what it lacks now" if mode.borrows else "the account does not borrow any more"


def counts_collateral(mode: AccountMode | None) -> bool:
    """Whether the rates and terms at which assets count decide anything: whatever is held backs everything, or a loan.

    An unknown mode decides nothing.
    """
    return mode is not None and mode.collateral in _COUNTED


def _is_readable(mode: AccountMode) -> bool:
    return mode.collateral is not None and (mode.hedge is not None or mode.hedge_by_symbol)


_COUNTED = frozenset({CollateralMode.MULTI_ASSETS, CollateralMode.PORTFOLIO, CollateralMode.SPOT})
