"""What was known of each account when the monitor stopped, and what is found to be another now: said once.

After a restart each part of an account becomes known by itself (its positions, its mode, its key, each table): as soon
as it is, it is compared with what was known before, and then never again. What is not known yet stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from monitor.domain.accounts import AccountMode, Balance, MarginMode, Permissions
from monitor.domain.canonical import digest
from monitor.domain.memory import AccountFacts, PositionFact
from monitor.domain.names import AccountKey, PositionKey
from monitor.domain.reports import Notice
from monitor.domain.tables import AssetRates, CollateralTerms, Tables
from monitor.domain.tiers import TierTable
from monitor.engine.accounts import AccountState, borrowing_words, counts_collateral, kind_words, position_mode
from monitor.engine.contracts import terms
from monitor.engine.notices import named, permission_words
from monitor.engine.pushes import words
from monitor.engine.tables import tiers_of

MEANWHILE = "while the monitor was not running"
COLLATERAL, CONTRACT = "collateral:", "contract:"  #: before an asset, before a symbol; tiers stand under their symbol
ISOLATED = "isolated:"  #: before the symbol of tiers that hold for isolated positions alone


@dataclass(slots=True)
class _Before:
    """What is left to compare of one account. None, or empty: compared."""

    mode: AccountMode | None
    permissions: Permissions | None
    positions: tuple[PositionFact, ...] | None
    tables: dict[str, str]
    missing: tuple[PositionFact, ...] = ()  #: from the first whole reading; gone if a second one misses them too
    missed_at: float | None = None  #: when that reading was asked for

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return (self.mode, self.permissions, self.positions) == (None, None, None) and not self.tables


class Facts:
    """The facts of all accounts as they were last saved, and as they were before the start."""

    def __init__(self) -> None:
        self._before: dict[AccountKey, _Before] = {}
        self._saved: dict[AccountKey, AccountFacts] = {}
        self._held: dict[AccountKey, tuple[PositionFact, ...]] = {}  #: before the start
        self._digests: dict[AccountKey, dict[str, tuple[object, str]]] = {}

    def restore(self, accounts: Iterable[AccountFacts], ours: Collection[AccountKey]) -> None:
        """These were known when the monitor stopped."""
        for facts in accounts:
            if facts.account in ours:
                self._saved[facts.account] = facts
                self._held[facts.account] = facts.positions
                self._before[facts.account] = _Before(
                    facts.mode, facts.permissions, facts.positions, dict(facts.tables)
                )

    def held_before(self, account: AccountKey) -> tuple[PositionFact, ...] | None:
        """What the account held when the monitor stopped; None while it is not yet compared with what it holds now."""
        before = self._before.get(account)
        return None if before is not None and before.positions is not None else self._held.get(account, ())

    def forget(self, account: AccountKey) -> None:
        """Forget an account."""
        self._before.pop(account, None)
        self._held.pop(account, None)
        self._saved.pop(account, None)
        self._digests.pop(account, None)

    def permissions(self, account: AccountKey) -> Permissions | None:
        """What the account's key could do before the start; None once it was compared, or if nobody knows."""
        before = self._before.get(account)
        return None if before is None else before.permissions

    def knew(self, account: AccountKey, position: str) -> bool:
        """Whether this position (in words) was held before the start and missing from the readings since."""
        before = self._before.get(account)
        return before is not None and any(
            words(PositionKey(row.symbol, row.side)) == position for row in before.missing
        )

    def compare(self, state: AccountState, tables: Tables, now: float) -> list[Notice]:
        """What of the account is known now and was another thing before, in words: each part once."""
        before = self._before.get(state.key)
        if before is None:
            return []
        told = [*_positions(before, state), *_modes(before, state), *_permissions(before, state)]
        told += self._tables(before, state, tables)
        if before.done:
            del self._before[state.key]
        return [Notice(kind=kind, account=state.key, key=key, text=text, at=now) for kind, key, text in told]

    def changed(self, state: AccountState, tables: Tables, now: float) -> AccountFacts | None:
        """The account's facts if they are others than those that were saved last; None before it was read."""
        if state.answer is None:
            return None
        before = self._before.get(state.key)
        rows = [PositionFact(symbol=key.symbol, side=key.side, quantity=row.quantity) for key, row in state.positions]
        kept: dict[str, str] = {}
        mode, permissions = state.readable, state.permissions
        if before is not None:
            held = {(row.symbol, row.side) for row in rows}
            rows += [row for row in before.missing if (row.symbol, row.side) not in held]
            mode, permissions, kept = mode or before.mode, permissions or before.permissions, before.tables
        facts = AccountFacts(
            account=state.key,
            at=now,
            mode=mode,
            positions=tuple(sorted(rows, key=lambda row: (row.symbol, row.side))),
            permissions=permissions,
            tables=tuple(sorted((kept | self._digested(state, tables)).items())),
        )
        saved = self._saved.get(state.key)
        if saved is not None and replace(facts, at=saved.at) == saved:
            return None
        self._saved[state.key] = facts
        return facts

    def _digested(self, state: AccountState, tables: Tables) -> dict[str, str]:
        """What applies to what the account holds, each as a digest; worked out anew only for what is another."""
        before, now = self._digests.get(state.key, {}), {}
        for name, value, words_of in _applying(state, tables):
            known = before.get(name)
            now[name] = known if known is not None and known[0] is value else (value, digest(words_of(value)).hex())
        self._digests[state.key] = now  # what is no longer held is forgotten
        return {name: text for name, (_, text) in now.items()}

    def _tables(self, before: _Before, state: AccountState, tables: Tables) -> Iterator[tuple[str, str, str]]:
        if state.answer is None or not before.tables:
            return
        known = self._digested(state, tables)
        other = sorted(name for name, said in known.items() if before.tables.get(name, said) != said)
        gone = sorted(before.tables.keys() & _unlisted(state, tables))
        held = {key.symbol for key, _ in state.positions} | {row.symbol for row in before.missing}
        for name in [*known, *gone, *(name for name in before.tables if _outlived(name, held, state))]:
            before.tables.pop(name, None)
        contracts = [name.removeprefix(CONTRACT) for name in other if name.startswith(CONTRACT)]
        assets = [name.removeprefix(COLLATERAL) for name in other if name.startswith(COLLATERAL)]
        tiers = sorted({name.removeprefix(ISOLATED) for name in other if not name.startswith((CONTRACT, COLLATERAL))})
        if tiers:
            yield "tiers_changed", named(tiers), f"the maintenance tiers of {', '.join(tiers)} changed {MEANWHILE}"
        if assets:
            text = f"the rates at which {', '.join(assets)} counts as collateral changed {MEANWHILE}"
            yield "collateral_changed", named(assets), text
        for symbol in contracts:
            yield "contract_changed", symbol, f"the terms of {symbol} changed {MEANWHILE}"
        for name in gone:
            symbol = name.removeprefix(CONTRACT)
            yield (
                "contract_changed",
                symbol,
                f"{symbol} was delisted {MEANWHILE}",
            )


def _tiers(table: TierTable) -> object:
    # Field by field: a later version's fields must not make an old table look like another one.
    return table.by.value, table.cap, [(tier.floor, tier.rate, tier.deduction, tier.growth) for tier in table.tiers]


def _rates(rates: AssetRates) -> object:
    return rates.positive_rate, rates.negative_rate, rates.requirement_rate


def _terms(terms: CollateralTerms) -> object:
    borrow = None if terms.borrow is None else _tiers(terms.borrow)
    return terms.steps, terms.by_value, borrow, terms.borrow_initial_rate


def _applying(state: AccountState, tables: Tables) -> Iterator[tuple[str, object, Callable[[Any], object]]]:
    """Name, value and words of each table that applies to what the account holds."""
    for key, position in state.positions:
        table = tiers_of(tables, position)
        if table is not None:
            alone = position.margin_mode is MarginMode.ISOLATED and bool(tables.isolated_tiers)
            yield (ISOLATED if alone else "") + key.symbol, table, _tiers
        if key.symbol in tables.instruments:
            yield CONTRACT + key.symbol, tables.instruments[key.symbol], terms
    if counts_collateral(state.readable):
        for asset, balance in state.balances:
            if not _counts(balance):
                continue
            if asset in tables.collateral:
                yield COLLATERAL + asset, tables.collateral[asset], _terms
            elif asset in tables.rates:
                yield COLLATERAL + asset, tables.rates[asset], _rates


def _counts(balance: Balance) -> bool:
    return bool(balance.wallet or balance.borrowed)


def _unlisted(state: AccountState, tables: Tables) -> set[str]:
    """Contracts held that the venue lists no more."""
    if tables.instruments_time is None:
        return set()
    return {CONTRACT + key.symbol for key, _ in state.positions if key.symbol not in tables.instruments}


def _outlived(name: str, held: Collection[str], state: AccountState) -> bool:
    """Whether a table is of something that is not held any more: nobody needs to know."""
    if name.startswith(COLLATERAL):
        balance = state.balances.get(name.removeprefix(COLLATERAL))
        return balance is None or not _counts(balance)
    return name.removeprefix(CONTRACT).removeprefix(ISOLATED) not in held


def _positions(before: _Before, state: AccountState) -> Iterator[tuple[str, str, str]]:
    """Those that appeared are told with the first reading, those that are gone once two whole readings miss them."""
    answer = state.answer
    if answer is None or before.positions is None:
        return
    known = {PositionKey(row.symbol, row.side): row for row in before.positions}
    if before.missed_at is None:
        before.missing = tuple(row for key, row in known.items() if key not in state.positions)
        before.missed_at = answer.asked
        for key, _ in sorted(state.positions):
            if key not in known:
                yield "position_appeared", words(key), f"{words(key)} appeared {MEANWHILE}"
    before.missing = tuple(row for row in before.missing if PositionKey(row.symbol, row.side) not in state.positions)
    if before.missing and (answer.problems or answer.asked <= before.missed_at):
        return
    for row in before.missing:
        key = PositionKey(row.symbol, row.side)
        yield "position_vanished", words(key), f"{words(key)} is gone: it was closed {MEANWHILE}"
    before.positions, before.missing = None, ()


def _modes(before: _Before, state: AccountState) -> Iterator[tuple[str, str, str]]:
    was, now = before.mode, state.readable
    if was is None or now is None:
        return
    before.mode = None
    if was.collateral is not now.collateral:
        text = f"the collateral mode changed from {was.collateral} to {now.collateral} {MEANWHILE}"
        yield "mode_changed", "collateral", text
    if position_mode(was) != position_mode(now):
        text = f"the position mode changed from {position_mode(was)} to {position_mode(now)} {MEANWHILE}"
        yield "mode_changed", "position", text
    if was.kind != now.kind:
        yield "mode_changed", "kind", f"{kind_words(was, now)} {MEANWHILE}"
    if was.borrows is not now.borrows:
        yield "mode_changed", "borrowing", f"{borrowing_words(now)} (it was changed {MEANWHILE})"


def _permissions(before: _Before, state: AccountState) -> Iterator[tuple[str, str, str]]:
    was, now = before.permissions, state.permissions
    if was is None or now is None:
        return
    before.permissions = None
    text = permission_words(now)
    if was != now and text is not None:
        yield "permissions", "key", f"{text} (it was changed {MEANWHILE})"
