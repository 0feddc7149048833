"""A simulated account: what its owner can do, and which pushes Binance would send for it.

Wallets, isolated wallets and positions are plain attributes: a test may also write them. Every deed moves amounts first
and pushes afterwards; prices moving pushes nothing.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance import brackets, frames
from monitor.sim.binance.frames import Frame
from monitor.sim.binance.paths import USDM
from monitor.sim.binance.positions import (
    BOTH,
    LONG,
    SHORT,
    Rates,
    SimPosition,
    cross_liquidation_price,
    isolated_liquidation_price,
    multi_assets_equity_and_maintenance,
    multi_assets_liquidation_price,
    single_asset_health,
)
from monitor.sim.market import Kind, Market
from monitor.sim.text import bare, fixed, price, stepped

TAKER_FEE_RATE = 0.0005
KEPT_INCOME = 2_000  #: rows of the history of cash flows: more than a page of 1,000
ADL_RANK = 2  #: unless said otherwise
CREDITS: Asset = "BNFCR"  #: the wallet asset of the EU credits mode; contracts of any quote settle in it

READ_ONLY: Mapping[str, bool] = {
    "ipRestrict": True,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "enableMargin": False,
    "enableFutures": False,
    "permitsUniversalTransfer": False,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": False,
    "enableSpotAndMarginTrading": False,
    "enablePortfolioMarginTrading": False,
}


@dataclass(slots=True)
class Setting:
    """What the owner set for one symbol."""

    leverage: int = 20
    isolated: bool = False
    auto_add: bool = False


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """One account. Amounts in the asset that the name or key says; `wallets` include the isolated wallets.

    `bracket_coefficients` are Binance's `notionalCoef`; `pushes` are called with every frame of the user stream.
    """

    product: ClassVar[str] = USDM

    name: str
    key: str
    secret: str
    market: Market
    time_ms: Callable[[], int]
    wallets: dict[Asset, float] = field(default_factory=dict)
    hedge: bool = False
    multi_assets: bool = False
    permissions: dict[str, bool] = field(default_factory=lambda: dict(READ_ONLY))
    bracket_coefficients: dict[Symbol, float] = field(default_factory=dict)
    settings: dict[Symbol, Setting] = field(default_factory=dict)
    positions: dict[tuple[Symbol, str], SimPosition] = field(default_factory=dict)
    wallet_update_ms: dict[Asset, int] = field(default_factory=dict)
    pushes: list[Callable[[Frame], None]] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    orders: int = 0
    income: deque[Frame] = field(default_factory=lambda: deque(maxlen=KEPT_INCOME))  #: the history, oldest first
    written: int = 0  #: rows of the history so far, also those that are not kept
    adl_ranks: dict[Symbol, int] = field(default_factory=dict)  #: places in the queue of auto-deleveraging, 0 to 4
    partners: list[SimAccount] = field(default_factory=list, repr=False)  #: the same user's, of one position mode
    tells_all: bool = False  #: ACCOUNT_UPDATE lists every position, as COIN-M's documentation has it
    line: Callable[[SimPosition], float] | None = None  #: prints the lines where a larger account holds this one

    # figures

    def setting(self, symbol: Symbol) -> Setting:
        """What is set for a symbol."""
        return self.settings.setdefault(symbol, Setting())

    def brackets(self, symbol: Symbol) -> tuple[brackets.Bracket, ...]:
        """The brackets that apply to this user. KeyError for a symbol without."""
        rows = brackets.of(symbol)
        coefficient = self.bracket_coefficients.get(symbol)
        return rows if coefficient is None else brackets.scaled(rows, coefficient)

    def open_positions(self) -> list[SimPosition]:
        """All with a quantity."""
        return [position for position in self.positions.values() if position.quantity]

    def cross_positions(self, asset: Asset | None = None) -> list[SimPosition]:
        """Those that draw on a cross pool; `asset` narrows to one margin asset."""
        return [
            position
            for position in self.open_positions()
            if position.isolated_wallet is None and asset in (None, position.asset)
        ]

    def cross_wallet(self, asset: Asset) -> float:
        """Wallet balance without what isolated positions hold."""
        held = sum(p.isolated_wallet or 0.0 for p in self.open_positions() if p.asset == asset)
        return self.wallets.get(asset, 0.0) - held

    def cross_cash(self) -> dict[Asset, float]:
        """The cross wallet of every asset."""
        return {asset: self.cross_wallet(asset) for asset in self.wallets}

    def marks(self) -> dict[Symbol, float]:
        """The mark of every symbol held."""
        return {position.symbol: self.market.mark(position.symbol) for position in self.open_positions()}

    def rates(self) -> dict[Asset, Rates]:
        """How each asset counts in multi-assets mode."""
        return {asset: frames.rates(self.market, asset) for asset in frames.collateral(self.market)}

    def liquidation_price(self, position: SimPosition) -> float:
        """As printed; 0.0 for none."""
        if self.line is not None:
            return self.line(position)
        marks = self.marks()
        if position.isolated_wallet is not None:
            return isolated_liquidation_price(position, marks[position.symbol])
        if self.multi_assets:
            return multi_assets_liquidation_price(
                position.symbol, self.cross_cash(), self.cross_positions(), marks, self.rates()
            )
        pool = self.cross_positions(position.asset)
        return cross_liquidation_price(position.symbol, self.cross_wallet(position.asset), pool, marks)

    def health(self, asset: Asset) -> float:
        """Margin balance minus maintenance of the cross pool: USD in multi-assets mode, else in `asset`."""
        if self.multi_assets:
            equity, required = multi_assets_equity_and_maintenance(
                self.cross_cash(), self.cross_positions(), self.marks(), self.rates()
            )
            return equity - required
        return single_asset_health(self.cross_wallet(asset), self.cross_positions(asset), self.marks())

    # what the owner does

    def trade(
        self,
        symbol: Symbol,
        quantity: float,
        *,
        price: float | None = None,
        side: str | None = None,
        fee_rate: float = TAKER_FEE_RATE,
        isolated: bool | None = None,
        leverage: int | None = None,
    ) -> SimPosition:
        """Buy (> 0) or sell (< 0) at `price` (default: the mark). In hedge mode `side` is LONG or SHORT.

        `isolated` and `leverage` set the symbol first, without a push. ValueError for a side that the mode has not.
        """
        setting = self.setting(symbol)
        setting.isolated = setting.isolated if isolated is None else isolated
        setting.leverage = setting.leverage if leverage is None else leverage
        paid = round(self.market.mark(symbol) if price is None else price, 8)
        position = self._position(symbol, side)
        profit, fee = self._fill(position, quantity, paid), abs(position.worth(quantity, paid)) * fee_rate
        self._credit(position.asset, profit - fee)
        now = self._stamp(position)
        self._booked(position, profit, fee)
        self._push_account("ORDER", [position.asset], [symbol], balance_change=0.0)
        self._push_order(
            now, position, quantity, paid, profit, fee, client_id="web_sim", execution="TRADE", status="FILLED"
        )
        return position

    def close(
        self,
        symbol: Symbol,
        *,
        side: str | None = None,
        price: float | None = None,
        fee_rate: float = TAKER_FEE_RATE,
    ) -> None:
        """Close a position whole, if there is one."""
        position = self._position(symbol, side)
        if position.quantity:
            self.trade(symbol, -position.quantity, side=side, price=price, fee_rate=fee_rate)

    def transfer(self, asset: Asset, amount: float) -> None:
        """Deposit (> 0) or withdraw (< 0): pushes B and no P."""
        self._credit(asset, amount)
        self._write("TRANSFER", asset, amount)
        self._push_account("DEPOSIT" if amount > 0.0 else "WITHDRAW", [asset], [], balance_change=amount)

    def steal(self, asset: Asset, amount: float) -> None:
        """Take `amount` out of the wallet, and neither push anything nor write it into the history."""
        self._credit(asset, -amount)

    def add_margin(self, symbol: Symbol, amount: float, *, side: str | None = None) -> None:
        """Move `amount` from the cross wallet into an isolated position (negative: back)."""
        position = self._position(symbol, side)
        if position.isolated_wallet is None:
            raise ValueError(f"{symbol} is not isolated: no margin can be added to it")
        position.isolated_wallet = round(position.isolated_wallet + amount, 8)
        self._stamp(position)
        self._push_account("MARGIN_TRANSFER", [position.asset], [symbol], balance_change=0.0)

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """Pushes ACCOUNT_CONFIG_UPDATE and nothing else."""
        self.setting(symbol).leverage = leverage
        self.push(frames.leverage_update(self.time_ms(), symbol, leverage))

    def set_multi_assets(self, on: bool) -> None:
        """Change the collateral mode: pushes ACCOUNT_CONFIG_UPDATE. ValueError while isolated positions are open."""
        if on and any(position.isolated_wallet is not None for position in self.open_positions()):
            raise ValueError("multi-assets mode has no isolated positions")
        self.multi_assets = on
        self.push(frames.multi_assets_update(self.time_ms(), on))

    def set_hedge(self, on: bool) -> None:
        """Change the position mode, which is that of both kinds of futures. Pushes nothing. ValueError while positions
        are open."""
        every = (self, *self.partners)
        if any(account.open_positions() for account in every):
            raise ValueError("the position mode cannot change while positions are open")
        for account in every:
            account.positions.clear()
            account.hedge = on

    # used by the venue

    def push(self, frame: Frame) -> None:
        """Send one frame on the user stream."""
        for push in self.pushes:
            push(frame)

    def pay_funding(self, symbol: Symbol, rate: float) -> None:
        """Longs pay `rate` of the notional to shorts. On cross only B is pushed; an isolated position's P besides."""
        for position in self.open_positions():
            if position.symbol != symbol:
                continue
            amount = round(-position.worth(position.quantity, self.market.mark(symbol)) * rate, 8)
            self._credit(position.asset, amount)
            self._write("FUNDING_FEE", position.asset, amount, symbol)
            isolated = position.isolated_wallet is not None
            if isolated:
                position.isolated_wallet = round((position.isolated_wallet or 0.0) + amount, 8)
                self._stamp(position)
            self._push_account(
                "FUNDING_FEE", [position.asset], [symbol] if isolated else [], balance_change=amount, funding=symbol
            )

    def forced_close(
        self, position: SimPosition, quantity: float, paid: float, fee: float, client_id: str, status: str
    ) -> float:
        """Close `quantity` (unsigned) of a position at `paid` for the venue; returns the realised profit."""
        signed = -quantity if position.quantity > 0.0 else quantity
        self._push_order(
            self.time_ms(), position, signed, paid, 0.0, 0.0, client_id=client_id, execution="CALCULATED", status="NEW"
        )
        profit = self._fill(position, signed, paid)
        self._credit(position.asset, profit - fee)
        now = self._stamp(position)
        self._booked(position, profit, fee)
        self._push_account("ORDER", [position.asset], [position.symbol], balance_change=0.0)
        self._push_order(
            now, position, signed, paid, profit, fee, client_id=client_id, execution="CALCULATED", status=status
        )
        return profit

    def forget(self, symbol: Symbol) -> None:
        """Drop all that is kept for a contract that is no more: closed positions, settings, brackets."""
        self.positions = {key: position for key, position in self.positions.items() if key[0] != symbol}
        self.settings.pop(symbol, None)
        self.bracket_coefficients.pop(symbol, None)
        self.called = {pool for pool in self.called if not pool.startswith(f"{symbol} ")}

    def absorb_deficit(self, asset: Asset, deficit: float) -> float:
        """The insurance fund pays `deficit` if it is positive; returns what it paid."""
        if deficit <= 0.0:
            return 0.0
        self._credit(asset, deficit)
        self._write("INSURANCE_CLEAR", asset, deficit)
        self._push_account("INSURANCE_CLEAR", [asset], [], balance_change=deficit)
        return deficit

    def exchange_debts(self) -> None:
        """Auto-exchange of multi-assets mode: negative wallets are paid from the others at the exchange rates."""
        rates = self.rates()
        for debt in [asset for asset, amount in self.wallets.items() if amount < 0.0]:
            for asset in [asset for asset, amount in self.wallets.items() if amount > 0.0]:
                buys, costs = rates[asset].exchange_bid, rates[debt].exchange_ask
                sold = min(self.wallets[asset], -self.wallets[debt] * costs / buys)
                if sold > 0.0:
                    changes = {asset: -sold, debt: sold * buys / costs}
                    for changed, amount in changes.items():
                        self._credit(changed, amount)
                        self._write("AUTO_EXCHANGE", changed, amount)
                    self._push_account("AUTO_EXCHANGE", [asset, debt], [], balance_change=changes)

    # inside

    def _position(self, symbol: Symbol, side: str | None) -> SimPosition:
        name = (side or BOTH).upper()
        if name not in ((LONG, SHORT) if self.hedge else (BOTH,)):
            raise ValueError(
                f"{self.name}: side {side!r} of {symbol} does not fit {'hedge' if self.hedge else 'one-way'} mode"
            )
        found = self.positions.get((symbol, name))
        if found is None:
            found = self.positions[symbol, name] = self._new_position(symbol, name)
        return found

    def _new_position(self, symbol: Symbol, side: str) -> SimPosition:
        """A row for a symbol of this account's market."""
        if self.market.contracts[symbol].kind is Kind.INVERSE:
            raise ValueError(f"{symbol} is not traded in this account")
        asset = CREDITS if self.wallets.get(CREDITS) else self.market.contracts[symbol].quote
        return SimPosition(symbol, side, asset, self.brackets(symbol))

    def _fill(self, position: SimPosition, quantity: float, paid: float) -> float:
        """Change a position by a signed quantity; returns the realised profit. Isolated margin moves with it."""
        setting = self.setting(position.symbol)
        if setting.isolated and self.multi_assets and not position.quantity:
            raise ValueError("multi-assets mode has no isolated positions")
        return position.fill(quantity, paid, isolated=setting.isolated, leverage=setting.leverage, flips=not self.hedge)

    def _credit(self, asset: Asset, amount: float) -> None:
        self.wallets[asset] = round(self.wallets.get(asset, 0.0) + amount, 8)
        self.wallet_update_ms[asset] = self.time_ms()

    def _booked(self, position: SimPosition, profit: float, fee: float) -> None:
        """Write what a fill did into the history."""
        for kind, amount in (("REALIZED_PNL", profit), ("COMMISSION", -fee)):
            if amount:
                self._write(kind, position.asset, amount, position.symbol)

    def _write(self, kind: str, asset: Asset, amount: float, symbol: Symbol = "") -> None:
        self.written += 1
        number = self.written
        row = {"symbol": symbol, "incomeType": kind, "income": fixed(amount), "asset": asset, "info": kind}
        self.income.append({**row, "time": self.time_ms(), "tranId": 9_000_000 + number, "tradeId": str(number)})

    def _stamp(self, position: SimPosition) -> int:
        position.update_ms = self.time_ms()
        return position.update_ms

    def _push_account(
        self,
        reason: str,
        assets: list[Asset],
        symbols: list[Symbol],
        *,
        balance_change: float | Mapping[Asset, float],
        funding: Symbol | None = None,
    ) -> None:
        balances = [
            {
                "a": asset,
                "wb": fixed(self.wallets.get(asset, 0.0)),
                "cw": fixed(self.cross_wallet(asset)),
                "bc": bare(balance_change if isinstance(balance_change, float) else balance_change[asset]),
            }
            for asset in assets
        ]
        rows = [self._pushed(p) for p in self.positions.values() if p.symbol in symbols or self.tells_all]
        self.push(frames.account_update(self.time_ms(), reason, balances, rows, funding))

    def _pushed(self, position: SimPosition) -> Frame:
        isolated = self.setting(position.symbol).isolated
        return {
            "s": position.symbol,
            "pa": stepped(position.quantity, self.market.contracts[position.symbol].step_size),
            "ep": price(position.entry),
            "bep": price(position.entry),
            "cr": fixed(position.realized),
            "up": fixed(position.profit(self.market.mark(position.symbol))),
            "mt": "isolated" if isolated else "cross",
            "iw": fixed(position.isolated_wallet or 0.0),
            "ps": position.side,
        }

    def _push_order(
        self,
        now: int,
        position: SimPosition,
        quantity: float,
        paid: float,
        profit: float,
        fee: float,
        *,
        client_id: str,
        execution: str,
        status: str,
    ) -> None:
        if status != "NEW":
            self.orders += 1
        number = 8_000_000 + self.orders
        self.push(
            frames.order_update(
                now,
                order=number,
                client_id=f"{client_id}{number}" if client_id.endswith(("-", "_")) else client_id,
                symbol=position.symbol,
                side=position.side,
                quantity=stepped(abs(quantity), self.market.contracts[position.symbol].step_size),
                signed_quantity=quantity,
                price=paid,
                execution=execution,
                status=status,
                profit=profit,
                fee=fee,
                fee_asset=position.asset,
                reduce=execution == "CALCULATED",
            )
        )


def credentials(name: str) -> tuple[str, str]:
    """A made-up API key and secret of the real length (64 characters), the same for the same name."""
    key, secret = (hashlib.sha256(f"{name} {what}".encode()).hexdigest() for what in ("key", "secret"))
    return key, secret
