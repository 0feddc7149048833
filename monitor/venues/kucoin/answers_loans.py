"""Spot margin's own answers to events: what is held and owed, for all pairs together or pair by pair. Pure.

`total` of a coin holds what was lent too; `liability` is what is owed, interest in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.domain.accounts import Balance, VenueAccount, Wallet
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountSnapshot
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, optional_seconds, word
from monitor.venues.kucoin.names import asset_of, pair_of
from monitor.venues.kucoin.reading import decoded, result
from monitor.venues.rows import each, in_words, twice


class _Held(msgspec.Struct, gc=False):
    """A coin. Older answers say `totalBalance`, `totalAsset` and `borrowed`."""

    currency: str
    total: Loose = None
    totalBalance: Loose = None
    totalAsset: Loose = None
    available: Loose = None
    hold: Loose = None
    liability: Loose = None
    borrowed: Loose = None
    liabilityPrincipal: Loose = None
    liabilityInterest: Loose = None


class _Cross(msgspec.Struct, gc=False):
    debtRatio: Loose = None
    accounts: list[msgspec.Raw] | None = None
    assets: list[msgspec.Raw] | None = None
    items: list[msgspec.Raw] | None = None


class _PairRow(msgspec.Struct, gc=False):
    symbol: str
    baseAsset: _Held
    quoteAsset: _Held
    debtRatio: Loose = None


class _Isolated(msgspec.Struct, gc=False):
    assets: list[msgspec.Raw]
    timestamp: Loose = None


def margin_snapshot(
    raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    *,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """margin/accounts: the cross account whole, with the venue's debt ratio. MalformedAnswer if it is none."""
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    before = len(bad)
    said = result(raw, _Cross, account.venue, "margin accounts")
    if said.items is not None and said.accounts is None:
        # An older answer is a page with the account as its only row.
        if len(said.items) != 1:
            raise MalformedAnswer(account.venue, "margin accounts", "not one account where one was asked for")
        said = decoded(said.items[0], _Cross, account.venue, "margin accounts")
    raws = said.accounts if said.accounts is not None else said.assets
    if raws is None:
        raise MalformedAnswer(account.venue, "margin accounts", "there are no accounts in it")
    found = [one for one in each(raws, _Held, _balance, "balance", bad) if _counts(one)]
    problems = [*in_words(bad[before:]), *twice("balance", [one.asset for one in found])]
    return AccountSnapshot(
        account=account,
        positions=(),
        balances=tuple(found),
        asked=asked,
        received=received,
        venue=VenueAccount(ratio=optional(said.debtRatio)),
        problems=tuple(problems),
    )


def isolated_snapshot(
    raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    *,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """isolated/accounts: the wallets of all pairs that hold or owe something."""
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    before = len(bad)
    wallets: list[Wallet] = []
    for one in _isolated(raw, account):
        at = optional_seconds(one.timestamp)

        def made(row: _PairRow, at: float | None = at) -> Wallet:
            return _wallet(row, at)

        wallets += [wallet for wallet in each(one.assets, _PairRow, made, "pair", bad) if wallet.balances]
    problems = [*in_words(bad[before:]), *twice("wallet", [one.name for one in wallets])]
    return AccountSnapshot(
        account=account,
        positions=(),
        balances=(),
        asked=asked,
        received=received,
        problems=tuple(problems),
        wallets=tuple(wallets),
    )


def _isolated(raw: bytes | str, account: AccountKey) -> list[_Isolated]:
    """The account; it has been a list with the account in it, too."""
    what = "isolated accounts"
    listed = bytes(result(raw, msgspec.Raw, account.venue, what)).lstrip().startswith(b"[")
    return (
        result(raw, list[_Isolated], account.venue, what) if listed else [result(raw, _Isolated, account.venue, what)]
    )


def _wallet(row: _PairRow, at: float | None) -> Wallet:
    pair = pair_of(word("symbol", row.symbol))
    if pair is None:
        raise BadField("symbol is no pair")
    coins = [_balance(row.baseAsset), _balance(row.quoteAsset)]
    if [one.asset for one in coins] != [asset_of(one) for one in pair]:
        raise BadField("its coins are not those of its pair")
    balances: Mapping[Asset, Balance] = {one.asset: one for one in coins} if any(map(_counts, coins)) else {}
    return Wallet(
        name=row.symbol,
        balances=balances,
        venue=VenueAccount(ratio=optional(row.debtRatio)),
        symbol=row.symbol,
        update_time=at,
    )


def _balance(row: _Held) -> Balance:
    held = next((one for one in (row.total, row.totalBalance, row.totalAsset) if one is not None), None)
    total = finite("total", held)
    owed, interest = row.liability if row.liability is not None else row.borrowed, optional(row.liabilityInterest)
    principal = optional(row.liabilityPrincipal)
    if principal is None or interest is None:
        principal, interest = optional(owed), 0.0
    if principal is None or principal < 0.0 or interest < 0.0:
        raise BadField("what is owed is no amount")
    return Balance(
        asset=asset_of(word("currency", row.currency)),
        wallet=total,
        cross_wallet=total,
        borrowed=principal,
        interest=interest,
        available=optional(row.available),
        frozen=optional_positive(row.hold) or 0.0,
    )


def _counts(balance: Balance) -> bool:
    return bool(balance.wallet or balance.borrowed or balance.interest)
