"""The accounts of the simulated Binance, by product, and how each one's pushes find their sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance import listing
from monitor.sim.binance.accounts import READ_ONLY, SimAccount, credentials
from monitor.sim.binance.coinm.accounts import CoinAccount
from monitor.sim.binance.frames import Frame
from monitor.sim.binance.loans.accounts import BALANCES, Borrower, IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.purse import Holding, Purse
from monitor.sim.binance.paths import (
    COINM,
    ISOLATED_MARGIN,
    MARGIN,
    PORTFOLIO,
    PORTFOLIO_PRO,
    PRODUCTS,
    USDM,
    Member,
)
from monitor.sim.binance.portfolio import frames as portfolio_frames
from monitor.sim.binance.portfolio.accounts import PortfolioAccount, opened
from monitor.sim.binance.streams import COINM_HOST, MARGIN_HOST, PM, PM_CLASSIC, Hub
from monitor.sim.market import Market

Wallets = Mapping[Asset, float]


@dataclass(slots=True)
class Registry:
    """Every account. Names are unique over all products; a key may open one account of each."""

    market: Market
    hub: Hub
    now: Callable[[], float]
    time_ms: Callable[[], int]
    usdm: dict[str, SimAccount] = field(default_factory=dict)
    coinm: dict[str, CoinAccount] = field(default_factory=dict)
    loans: dict[str, MarginAccount | IsolatedMarginAccount] = field(default_factory=dict)
    portfolio: dict[str, PortfolioAccount] = field(default_factory=dict)

    def everybody(self) -> list[Member]:
        """All accounts of all products."""
        return [*self.usdm.values(), *self.coinm.values(), *self.loans.values(), *self.portfolio.values()]

    def find(self, name: str) -> Member:
        """An account by its name. KeyError for a name that nobody has."""
        found = next((account for account in self.everybody() if account.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def futures(self) -> list[SimAccount]:
        """The accounts of both futures that stand by themselves."""
        return [*self.usdm.values(), *self.coinm.values()]

    def parts(self) -> list[SimAccount]:
        """The futures inside portfolio margin accounts."""
        return [part for account in self.portfolio.values() for part in (account.um, account.cm)]

    def add(
        self,
        name: str,
        product: str,
        *,
        key: str | None,
        secret: str | None,
        permissions: Mapping[str, bool] | None,
        **terms: Any,
    ) -> Any:
        """A new account of a product, on the terms that its maker below knows. ValueError for a name taken."""
        if product not in PRODUCTS:
            raise ValueError(f"{product!r} is no product; there are {', '.join(PRODUCTS)}")
        if any(account.name == name and account.product != product for account in self.everybody()):
            raise ValueError(f"{name!r} is the name of an account of another product")
        made_key, made_secret = credentials(name)
        shared = {
            "name": name,
            "key": key or made_key,
            "secret": secret or made_secret,
            "market": self.market,
            "time_ms": self.time_ms,
            "permissions": {**READ_ONLY, **(permissions or {})},
        }
        makers: dict[str, Callable[..., Any]] = {
            USDM: self._usdm,
            COINM: self._coinm,
            MARGIN: self._margin,
            ISOLATED_MARGIN: self._isolated,
            PORTFOLIO: self._portfolio,
            PORTFOLIO_PRO: self._pro,
        }
        return makers[product](shared, **terms)

    # makers

    def _usdm(
        self,
        shared: dict[str, Any],
        *,
        wallets: Wallets | None = None,
        hedge: bool = False,
        multi_assets: bool = False,
        bracket_coefficients: Mapping[Symbol, float] | None = None,
    ) -> SimAccount:
        account = SimAccount(
            **shared,
            wallets=dict(wallets if wallets is not None else {"USDT": 10_000.0}),
            hedge=hedge,
            multi_assets=multi_assets,
            bracket_coefficients=dict(bracket_coefficients or {}),
        )
        account.pushes.append(lambda frame: self.hub.push(account.name, frame))
        self.usdm[account.name] = account
        self._pair_up(account)
        return account

    def _coinm(
        self,
        shared: dict[str, Any],
        *,
        wallets: Wallets | None = None,
        hedge: bool = False,
        bracket_coefficients: Mapping[Symbol, float] | None = None,
    ) -> CoinAccount:
        self._list_deliveries()
        account = CoinAccount(
            **shared,
            wallets=dict(wallets if wallets is not None else {"BTC": 0.2}),
            hedge=hedge,
            bracket_coefficients=dict(bracket_coefficients or {}),
        )
        account.pushes.append(lambda frame: self.hub.push(account.name, frame, COINM_HOST))
        account.pushes.append(lambda frame: self.hub.push(account.name, frame))
        self.coinm[account.name] = account
        self._pair_up(account)
        return account

    def _margin(
        self, shared: dict[str, Any], *, wallets: Wallets | None = None, pro: bool = False, leverage: int = 5
    ) -> MarginAccount:
        account = MarginAccount(**shared, purse=_purse(wallets, {"USDT": 10_000.0}), pro=pro, leverage=leverage)
        self._bind(account)
        self.loans[account.name] = account
        return account

    def _isolated(
        self, shared: dict[str, Any], *, wallets: Mapping[Symbol, Wallets] | None = None
    ) -> IsolatedMarginAccount:
        account = IsolatedMarginAccount(**shared)
        self._bind(account)
        for pair, amounts in (wallets or {}).items():
            purse = account.purse(pair)
            for asset, amount in amounts.items():
                purse.credit(asset, amount)
        self.loans[account.name] = account
        return account

    def _portfolio(
        self,
        shared: dict[str, Any],
        *,
        wallets: Wallets | None = None,
        um_wallets: Wallets | None = None,
        cm_wallets: Wallets | None = None,
        hedge: bool = False,
        pro: bool = False,
        span: bool = False,
    ) -> PortfolioAccount:
        self._list_deliveries()
        account = opened(
            **shared,
            um_wallets=um_wallets if um_wallets is not None else {"USDT": 10_000.0},
            cm_wallets=cm_wallets or {},
            purse=_purse(wallets, {}),
            hedge=hedge,
            pro=pro,
            span=span,
        )
        name = account.name
        if pro:
            account.push = lambda _, frame, __: self._push_pro(name, frame)
            account.um.pushes.append(lambda frame: self.hub.push(name, frame))
            account.cm.pushes.append(lambda frame: self.hub.push(name, frame, COINM_HOST))
        else:
            account.push = lambda _, frame, __: self.hub.push(name, frame, PM)
            account.um.pushes.append(lambda frame: self.hub.push(name, portfolio_frames.of_part(frame, "UM"), PM))
            account.cm.pushes.append(lambda frame: self.hub.push(name, portfolio_frames.of_part(frame, "CM"), PM))
        self.portfolio[name] = account
        return account

    def _pro(self, shared: dict[str, Any], **terms: Any) -> PortfolioAccount:
        return self._portfolio(shared, pro=True, **terms)

    # inside

    def _bind(self, account: Borrower) -> None:
        name = account.name

        def push(where: str, frame: Frame, pair: Symbol | None) -> None:
            if where == BALANCES:
                self.hub.push_balances(name, frame, pair)
            elif pair is None:
                self.hub.push(name, frame, MARGIN_HOST)

        account.push = push

    def _push_pro(self, name: str, frame: Frame) -> None:
        """Of the events of its loans, Pro's own socket brings the levels of risk only."""
        if frame["e"].isupper():
            self.hub.push(name, frame, PM_CLASSIC)

    def _pair_up(self, account: SimAccount) -> None:
        """Both futures of one key have one position mode."""
        for other in self.futures():
            if other is not account and other.key == account.key and other.product != account.product:
                other.partners.append(account)
                account.partners.append(other)
                account.hedge = other.hedge

    def _list_deliveries(self) -> None:
        """A dated COIN-M contract is listed with the first account that can hold one."""
        contract = listing.coin_delivery_contract(self.now())
        if not any(listing.is_dated(one) and one.quote == contract.quote for one in self.market.contracts.values()):
            self.market.enlist(contract)


def _purse(wallets: Wallets | None, default: Wallets) -> Purse:
    return Purse({asset: Holding(free=amount) for asset, amount in (default if wallets is None else wallets).items()})
