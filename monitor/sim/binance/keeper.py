"""What the venue does to accounts by itself after prices moved: funding, auto-added margin, margin calls, liquidation
and auto-deleveraging."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance import frames
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.listing import STABLECOINS_USD
from monitor.sim.binance.positions import SimPosition, multi_assets_equity_and_maintenance
from monitor.sim.text import bare, fixed, stepped

LIQUIDATION_FEE_RATE = 0.0125
CALL_RATIO = 0.8  #: the threshold of MARGIN_CALL is not published; 80 % is what the e-mails say
CALL_AGAIN_RATIO = 0.7
KEPT_EVENTS = 1000


@dataclass(slots=True)
class Keeper:
    """The venue's own deeds. `insurance_usd` pays what liquidated accounts lack; when it is empty, ADL begins.

    `events` says in words what happened lately, newest last.
    """

    insurance_usd: float = 10_000_000.0
    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def after_step(self, accounts: Collection[SimAccount], funded: Iterable[Symbol]) -> None:
        """Pay funding for `funded` symbols, then look after every account."""
        for symbol in funded:
            for account in accounts:
                account.pay_funding(symbol, account.market.funding_rate(symbol))
        for account in accounts:
            self._look_after(account, accounts)

    def adl(self, account: SimAccount, symbol: Symbol, *, side: str | None = None, share: float = 1.0) -> None:
        """Auto-deleverage `share` of a position at the mark."""
        for position in account.open_positions():
            if position.symbol == symbol and side in (None, position.side):
                self._adl(account, position, abs(position.quantity) * share)

    def settle(self, accounts: Collection[SimAccount], symbol: Symbol, *, delivered: bool = False) -> None:
        """Close every position of a contract that ends: at the index if it is delivered, at the mark if delisted."""
        client_id = "delivery_autoclose-" if delivered else "settlement_autoclose-"
        for account in accounts:
            paid = account.market.index(symbol) if delivered else account.market.mark(symbol)
            for position in account.open_positions():
                if position.symbol == symbol:
                    self.events.append(f"{account.name}: {symbol} {position.side} settled at {paid:g}")
                    account.forced_close(position, abs(position.quantity), paid, 0.0, client_id, "FILLED")
            account.forget(symbol)

    def _look_after(self, account: SimAccount, accounts: Collection[SimAccount]) -> None:
        for position in account.open_positions():
            if position.isolated_wallet is not None:
                self._isolated(account, position, accounts)
        for asset in sorted({position.asset for position in account.cross_positions()}):
            pool = account.cross_positions(None if account.multi_assets else asset)
            if not pool:
                continue
            self._cross(account, asset, pool, accounts)

    def _isolated(self, account: SimAccount, position: SimPosition, accounts: Collection[SimAccount]) -> None:
        mark = account.market.mark(position.symbol)
        required = position.maintenance(mark)
        equity = (position.isolated_wallet or 0.0) + position.profit(mark)
        if equity <= required and account.setting(position.symbol).auto_add:
            equity += self._auto_add(account, position, required, equity)
        if equity <= required:
            self._liquidate(account, [position], accounts)
            return
        self._call(account, f"{position.symbol} {position.side}", required / equity, [position], cross_wallet=None)

    def _auto_add(self, account: SimAccount, position: SimPosition, required: float, equity: float) -> float:
        """Bring the position back to twice its maintenance, as far as the cross pool can spare it."""
        spare = account.health(position.asset) if account.cross_positions(position.asset) else None
        available = min(account.cross_wallet(position.asset), spare if spare is not None else float("inf"))
        amount = round(min(max(0.0, available), 2.0 * required - equity), 8)
        if amount > 0.0:
            account.add_margin(position.symbol, amount, side=None if position.side == "BOTH" else position.side)
            self.events.append(f"{account.name}: {amount:.2f} {position.asset} added to {position.symbol} by itself")
        return amount

    def _cross(
        self, account: SimAccount, asset: Asset, pool: list[SimPosition], accounts: Collection[SimAccount]
    ) -> None:
        marks = account.marks()
        if account.multi_assets:
            equity, required = multi_assets_equity_and_maintenance(account.cross_cash(), pool, marks, account.rates())
        else:
            required = sum(position.maintenance(marks[position.symbol]) for position in pool)
            equity = account.cross_wallet(asset) + sum(p.profit(marks[p.symbol]) for p in pool)
        if equity <= required:
            self._liquidate(account, pool, accounts)
            return
        self._call(account, f"cross {asset}", required / equity, pool, cross_wallet=account.cross_wallet(asset))

    def _call(
        self,
        account: SimAccount,
        pool: str,
        ratio: float,
        positions: list[SimPosition],
        *,
        cross_wallet: float | None,
    ) -> None:
        if ratio < CALL_AGAIN_RATIO:
            account.called.discard(pool)
        if ratio < CALL_RATIO or pool in account.called:
            return
        account.called.add(pool)
        self.events.append(f"{account.name}: margin call, {pool} at {ratio:.0%}")
        account.push(
            frames.margin_call(
                account.time_ms(),
                cross_wallet,
                [
                    {
                        "s": position.symbol,
                        "ps": position.side,
                        "pa": stepped(position.quantity, account.market.contracts[position.symbol].step_size),
                        "mt": "CROSSED" if position.isolated_wallet is None else "ISOLATED",
                        "iw": bare(position.isolated_wallet or 0.0),
                        "mp": bare(account.market.mark(position.symbol)),
                        "up": fixed(position.profit(account.market.mark(position.symbol))),
                        "mm": fixed(position.maintenance(account.market.mark(position.symbol))),
                    }
                    for position in positions
                ],
            )
        )

    def _liquidate(self, account: SimAccount, positions: list[SimPosition], accounts: Collection[SimAccount]) -> None:
        """Close all `positions` (one isolated, or a whole cross pool) at their marks; the fund pays what is missing."""
        closed: list[tuple[Symbol, float, bool]] = []
        asset, isolated = positions[0].asset, positions[0].isolated_wallet
        for place, position in enumerate(positions):
            mark = account.market.mark(position.symbol)
            closed.append((position.symbol, abs(position.quantity), position.quantity > 0.0))
            fee = min(LIQUIDATION_FEE_RATE * position.notional(mark), self._left(account, positions[place:]))
            self.events.append(f"{account.name}: {position.symbol} {position.side} liquidated at {mark:g}")
            profit = account.forced_close(position, abs(position.quantity), mark, fee, "autoclose-", "FILLED")
            self.insurance_usd += fee * _usd(account, asset)
            if isolated is not None:
                self.insurance_usd -= account.absorb_deficit(asset, -(isolated + profit)) * _usd(account, asset)
        if isolated is None:
            if account.multi_assets:
                account.exchange_debts()
            for owed in list(account.wallets) if account.multi_assets else [asset]:
                paid = account.absorb_deficit(owed, -account.cross_wallet(owed))
                self.insurance_usd -= paid * _usd(account, owed)
        if self.insurance_usd < 0.0:
            self.insurance_usd = 0.0
            for symbol, quantity, was_long in closed:
                self._deleverage_others(account, symbol, quantity, was_long, accounts)
        account.called.clear()

    def _left(self, account: SimAccount, positions: list[SimPosition]) -> float:
        """What a fee can be taken from: the margin balance of these positions' pool, in the asset of the first."""
        first = positions[0]
        wallet = account.cross_wallet(first.asset) if first.isolated_wallet is None else first.isolated_wallet
        profit = sum(p.profit(account.market.mark(p.symbol)) for p in positions if p.asset == first.asset)
        return max(0.0, wallet + profit)

    def _deleverage_others(
        self, liquidated: SimAccount, symbol: Symbol, quantity: float, was_long: bool, accounts: Collection[SimAccount]
    ) -> None:
        """The most profitable positions of the other side are closed against the liquidated one."""
        others = [
            (
                position.profit(account.market.mark(symbol)) / position.notional(account.market.mark(symbol)),
                account,
                position,
            )
            for account in accounts
            if account is not liquidated
            for position in account.open_positions()
            if position.symbol == symbol and (position.quantity > 0.0) != was_long
        ]
        for _, account, position in sorted(others, key=lambda row: -row[0]):
            taken = min(quantity, abs(position.quantity))
            if taken <= 0.0:
                return
            self._adl(account, position, taken)
            quantity -= taken

    def _adl(self, account: SimAccount, position: SimPosition, quantity: float) -> None:
        mark = account.market.mark(position.symbol)
        step = len(account.market.contracts[position.symbol].step_size.partition(".")[2])
        self.events.append(f"{account.name}: {position.symbol} {position.side} auto-deleveraged at {mark:g}")
        account.forced_close(position, round(quantity, step), mark, 0.0, "adl_autoclose_", "NEW_ADL")


def _usd(account: SimAccount, asset: Asset) -> float:
    """What the fund counts an asset for: a stablecoin for a dollar."""
    return 1.0 if asset in STABLECOINS_USD else account.market.asset_usd(asset)
