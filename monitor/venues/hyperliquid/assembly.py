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
from monitor.venues.hyperliquid.names import coin_of_token, wallet_name
from monitor.venues.hyperliquid.rows import DexState, SpotState, marks_of
from monitor.venues.rows import in_words


@dataclass(frozen=True, slots=True)
class Heard(Decoded):
    """A frame that tells of an address: `states` by dex (`every`: of all dexs, so that one missing is gone), `spot`."""

    states: Mapping[str, DexState] | None = None
    every: bool = True
    spot: SpotState | None = None
    received: float = 0.0


@dataclass(frozen=True, slots=True)
class _Shares:
    """What of a token's total belongs to positions: `profit` of cross ones, what `isolated` ones are worth, and of that
    their `margins` without profit. `held` tells whether the same is held still.
    """

    held: tuple[tuple[Symbol, float, float | None], ...]
    profit: Mapping[Asset, float]
    isolated: Mapping[Asset, float]
    margins: Mapping[Asset, float]


@dataclass(slots=True)
class Assembly:
    """The last halves of one address. One is held for each account, for as long as its connection lives."""

    account: AccountKey
    prices: Mapping[Asset, float] = field(default_factory=dict)  #: USD prices of coins or tokens, as told last
    _states: dict[str, DexState] = field(default_factory=dict)
    _spot: SpotState | None = None
    _known: bool = False
    _at_spot: _Shares | None = None

    def put(self, decoded: Decoded) -> Decoded:
        """A frame as the codec gave it: with a snapshot of the account, once both halves are here."""
        if not isinstance(decoded, Heard) or (decoded.states is None and decoded.spot is None):
            return decoded
        self.keep(decoded.states, decoded.spot, every=decoded.every)
        snapshot = self.snapshot(decoded.received, decoded.received)
        return decoded if snapshot is None else replace(decoded, events=(*decoded.events, snapshot))

    def keep(self, states: Mapping[str, DexState] | None, spot: SpotState | None, *, every: bool = True) -> None:
        """Keep halves as they were heard or read; None: not this one."""
        if states is not None:
            self._states = dict(states) if every else {**self._states, **states}
            self._known = self._known or every
        if spot is not None:
            self._spot = spot
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
        return AccountSnapshot(
            account=self.account,
            positions=tuple(one for state in states.values() for one in state.positions),
            balances=tuple(self._priced(one) for one in balances),
            asked=asked,
            received=received,
            venue=VenueAccount(ratio=spot.ratio, withdrawable=None if spot.pooled else _withdrawable(states)),
            marks=marks_of(states),
            problems=tuple(problems),
            wallets=tuple(wallet(state) for state in states.values() if state.collateral is not None),
        )

    def _priced(self, balance: Balance) -> Balance:
        price = self.prices.get(balance.asset, self.prices.get(coin_of_token(balance.asset)))
        return balance if price is None else replace(balance, price_usd=price)

    def _pooled(self, spot: SpotState) -> list[Balance]:
        """Balances that back the positions of all dexs: each total holds what the positions on it are worth now."""
        now = _shares(self._states)
        # As long as the same is held, prices moved and nothing else: the marks that the total was made with count.
        then = self._at_spot if self._at_spot is not None and self._at_spot.held == now.held else now
        rows = {one.asset: one for one in spot.balances}
        for state in self._states.values():
            if state.collateral is not None and state.positions:
                rows.setdefault(state.collateral, Balance(asset=state.collateral, wallet=0.0))
        found: list[Balance] = []
        for asset, row in rows.items():
            states = [state for state in self._states.values() if state.collateral == asset]
            profit, isolated = then.profit.get(asset, 0.0), then.isolated.get(asset, 0.0)
            needed = _sum([state.maintenance for state in states])
            left = spot.available.get(asset)
            moved = now.profit.get(asset, 0.0) - profit  # since the total was made
            found.append(
                replace(
                    row,
                    wallet=row.wallet - profit - isolated + then.margins.get(asset, 0.0),
                    cross_wallet=row.wallet - isolated - profit,
                    venue_cross_unrealized_pnl=profit + moved,
                    # What the venue says is left after maintenance tells its equity by another way than the total.
                    venue_margin_balance=None if left is None or needed is None else left + needed + moved,
                    venue_maintenance_margin=needed,
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
    isolated: dict[Asset, float] = {}
    margins: dict[Asset, float] = {}
    for state in states.values():
        held += [(one.symbol, one.quantity, one.entry_price) for one in state.positions]
        asset = state.collateral or ""
        profit[asset] = profit.get(asset, 0.0) + state.profit
        isolated[asset] = isolated.get(asset, 0.0) + state.isolated
        margins[asset] = margins.get(asset, 0.0) + sum(one.isolated_wallet or 0.0 for one in state.positions)
    return _Shares(tuple(sorted(held)), profit, isolated, margins)


def _withdrawable(states: Mapping[str, DexState]) -> float | None:
    """What may leave all dexs together, each in its own dollar token; None where one does not say."""
    return _sum([state.withdrawable for state in states.values() if not state.empty])


def _sum(said: Sequence[float | None]) -> float | None:
    """The sum of what was said; None where one is not known, or there is none."""
    known = [one for one in said if one is not None]
    return sum(known) if known and len(known) == len(said) else None
