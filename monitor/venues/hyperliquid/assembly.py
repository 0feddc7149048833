"""Whole accounts out of two halves: what each dex says of an address, and its spot balances. Pure.

Each push is whole for its half, but neither names the other, and in the pooled modes only both together tell what backs
what. So the last of each is kept, and each push gives a snapshot as soon as both are here. In the pooled modes a total
of a token holds the profit of the moment of *its* frame: that is taken off with the marks of the nearest frame of the
dexs, so that prices that moved between the two move nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.domain.accounts import Balance, VenueAccount, Wallet
from monitor.domain.events import AccountSnapshot
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.venues.fields import without_dust
from monitor.venues.hyperliquid.names import coin_of_token, wallet_name
from monitor.venues.hyperliquid.rows import DexState, SpotState, marks_of
from monitor.venues.rows import in_words

DRAINED_SHARE = 0.5  #: of what a dex was worth: what leaves it while all stays open did not leave by a transfer
DUST = 1e-8  #: of a token: its smallest unit at the venue
DRAINED_STATES = 4  #: some ten seconds, in which the mode is read


@dataclass(frozen=True, slots=True)
class Heard(Decoded):
    """A frame that tells of an address: `states` by dex (`every`: of all dexs, so that one missing is gone), `spot`."""

    states: Mapping[str, DexState] | None = None
    every: bool = True
    spot: SpotState | None = None
    received: float = 0.0


@dataclass(frozen=True, slots=True)
class _Shares:
    """What of a token's total belongs to positions: `profit` of cross ones, `profit_alone` of isolated ones, whose
    `margins` are what they are worth without it, and the `maintenance` of cross ones (None: not said). `held` tells
    whether the same is held still.
    """

    held: tuple[tuple[Symbol, float, float | None], ...]
    profit: Mapping[Asset, float]
    profit_alone: Mapping[Asset, float]
    margins: Mapping[Asset, float]
    maintenance: Mapping[Asset, float | None]


@dataclass(slots=True)
class Assembly:
    """The last halves of one address. One is held for each account, for as long as its connection lives."""

    account: AccountKey
    prices: Mapping[Asset, float] = field(default_factory=dict)  #: USD prices of coins or tokens, as told last
    _states: dict[str, DexState] = field(default_factory=dict)
    _spot: SpotState | None = None
    _known: bool = False
    _at_spot: _Shares | None = None
    _lost: bool = False  #: the last states missed what those before them had
    _drained: dict[str, int] = field(default_factory=dict)  #: dexs whose cash went while all stayed open: in how many

    def put(self, decoded: Decoded) -> Decoded:
        """A frame as the codec gave it: with a snapshot of the account, once both halves are here.

        Where the last states missed what those before them had, balances alone give none: the same states told twice
        are one witness, and the next ones come within seconds.
        """
        if not isinstance(decoded, Heard) or (decoded.states is None and decoded.spot is None):
            return decoded
        self.keep(decoded.states, decoded.spot, every=decoded.every)
        if decoded.states is None and self._lost:
            return decoded
        snapshot = self.snapshot(decoded.received, decoded.received)
        return decoded if snapshot is None else replace(decoded, events=(*decoded.events, snapshot))

    def keep(self, states: Mapping[str, DexState] | None, spot: SpotState | None, *, every: bool = True) -> None:
        """Keep halves as they were heard or read; None: not this one."""
        if states is not None:
            before, self._states = self._states, dict(states) if every else {**self._states, **states}
            self._lost = not _names(before) <= _names(self._states)
            self._drained = {
                dex: seen
                for dex, state in self._states.items()
                if dex in before and (seen := _seen_drained(before[dex], state, self._drained.get(dex, 0)))
            }
            self._known = self._known or every
        if spot is not None:
            self._spot, self._drained = spot, {}
            self._at_spot = _shares(self._states) if self._known else None

    def snapshot(self, asked: float, received: float) -> AccountSnapshot | None:
        """The account whole; None until both halves are here."""
        spot = self._spot
        if spot is None or not self._known:
            return None
        states = self._states
        balances = self._pooled(spot) if spot.pooled else list(spot.balances)
        bad = [*spot.problems, *(one for state in states.values() for one in state.problems)]
        problems = [*in_words(bad)]
        problems += [
            f"which token backs the dex {state.dex} is not known"
            for state in states.values()
            if state.collateral is None and not state.empty
        ]
        # In standard mode nobody can take so much away; where it went, the mode is another, which the balances tell.
        drained = frozenset() if spot.pooled else self._drained.keys()
        problems += [f"the money of the {wallet_name(one)} went while all stayed open" for one in sorted(drained)]
        return AccountSnapshot(
            account=self.account,
            positions=tuple(one for state in states.values() for one in state.positions),
            balances=tuple(self._priced(one) for one in balances),
            asked=asked,
            received=received,
            venue=VenueAccount(ratio=spot.ratio, withdrawable=None if spot.pooled else _withdrawable(states)),
            marks=marks_of(states),
            problems=tuple(problems),
            # A row that cannot be read is not in the cash: without what it cost, the rest is another account's.
            wallets=tuple(
                wallet(state)
                for state in states.values()
                if state.collateral is not None and not state.problems and state.dex not in drained
            ),
        )

    def _priced(self, balance: Balance) -> Balance:
        price = self.prices.get(balance.asset, self.prices.get(coin_of_token(balance.asset)))
        return balance if price is None else replace(balance, price_usd=price)

    def _pooled(self, spot: SpotState) -> list[Balance]:
        """Balances that back the positions of all dexs: each total holds what the positions on it are worth now.

        A token with a position that could not be read is left out: its total holds what that one is worth, too.
        """
        now = _shares(self._states)
        # As long as the same is held, prices moved and nothing else: the marks that the total was made with count.
        then = self._at_spot if self._at_spot is not None and self._at_spot.held == now.held else now
        rows = {one.asset: one for one in spot.balances}
        if not spot.problems and any(row.loan_to_value is not None for row in spot.balances):
            # In portfolio margin other tokens may back a position; else what backs one is there, or was not told.
            for state in self._states.values():
                if state.collateral is not None and state.positions:
                    rows.setdefault(state.collateral, Balance(asset=state.collateral, wallet=0.0))
        unread = {state.collateral for state in self._states.values() if state.problems}
        found: list[Balance] = []
        for asset, row in rows.items():
            if asset in unread:
                continue
            profit, moved = then.profit.get(asset, 0.0), now.profit.get(asset, 0.0) - then.profit.get(asset, 0.0)
            # Money that goes to or from an isolated position stays in the total.
            wallet, margins = row.wallet - profit - then.profit_alone.get(asset, 0.0), now.margins.get(asset, 0.0)
            freed, needed, left = (
                then.margins.get(asset, 0.0) - margins,
                then.maintenance.get(asset),
                spot.available.get(asset),
            )
            found.append(
                replace(
                    row,
                    wallet=wallet,
                    cross_wallet=_settled(wallet - margins, row.wallet, margins),
                    venue_cross_unrealized_pnl=profit + moved,
                    # What the venue says is left after maintenance tells its equity by another way than the total.
                    venue_margin_balance=None if left is None or needed is None else left + needed + moved + freed,
                    venue_maintenance_margin=now.maintenance.get(asset),
                    available=left,
                )
            )
        return found


def wallet(state: DexState) -> Wallet:
    """A dex as a purse: its cash without profit, and what the venue says of its cross pool."""
    asset = state.collateral or ""
    balance = Balance(
        asset=asset,
        wallet=state.cash,
        cross_wallet=state.cash,
        venue_margin_balance=state.value,
        venue_cross_unrealized_pnl=state.profit,
        venue_maintenance_margin=state.maintenance,
        venue_initial_margin=state.margin,
        withdrawable=state.withdrawable,
        update_time=state.time,
    )
    figures = VenueAccount(
        equity=state.value,
        maintenance_margin=state.maintenance,
        initial_margin=state.margin,
        withdrawable=state.withdrawable,
    )
    return Wallet(name=wallet_name(state.dex), balances={asset: balance}, venue=figures, update_time=state.time)


def _shares(states: Mapping[str, DexState]) -> _Shares:
    held: list[tuple[Symbol, float, float | None]] = []
    profit: dict[Asset, float] = {}
    alone: dict[Asset, float] = {}
    margins: dict[Asset, float] = {}
    needed: dict[Asset, list[float | None]] = {}
    for state in states.values():
        held += [(one.symbol, one.quantity, one.entry_price) for one in state.positions]
        asset = state.collateral or ""
        own = sum(one.isolated_wallet or 0.0 for one in state.positions)
        profit[asset] = profit.get(asset, 0.0) + state.profit
        alone[asset] = alone.get(asset, 0.0) + state.isolated - own
        margins[asset] = margins.get(asset, 0.0) + own
        needed.setdefault(asset, []).append(state.maintenance)
    return _Shares(tuple(sorted(held)), profit, alone, margins, {asset: _sum(said) for asset, said in needed.items()})


def _settled(left: float, *parts: float) -> float:
    """What is left of a token; less than its smallest unit is neither a holding nor, below zero, a loan."""
    return 0.0 if abs(left) < DUST else without_dust(left, *parts)


def _names(states: Mapping[str, DexState]) -> set[tuple[str, Symbol]]:
    """What is on the dexs: their names, and the positions."""
    return {(dex, "") for dex in states} | {
        (dex, one.symbol) for dex, state in states.items() for one in state.positions
    }


def _seen_drained(old: DexState, new: DexState, seen: int) -> int:
    """In how many states by now the cash of a dex is gone while all that was open still is; 0 if it is not. No transfer
    may take what open positions need, and prices move no cash; but what is told so often is believed.
    """
    alike = bool(new.positions) and _shares({"": old}).held == _shares({"": new}).held
    gone = old.value > 0.0 and old.cash - new.cash > DRAINED_SHARE * old.value
    short = new.cash + old.profit < (new.maintenance or 0.0) or new.value <= 0.0
    return seen + 1 if alike and (seen or (gone and short)) and seen < DRAINED_STATES else 0


def _withdrawable(states: Mapping[str, DexState]) -> float | None:
    """What may leave all dexs together, each in its own dollar token; None where one does not say."""
    return _sum([state.withdrawable for state in states.values() if not state.empty])


def _sum(said: Sequence[float | None]) -> float | None:
    """The sum of what was said; None where one is not known, or there is none."""
    known = [one for one in said if one is not None]
    return sum(known) if known and len(known) == len(said) else None
