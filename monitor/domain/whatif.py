"""What people suppose, and what follows: edits of accounts, moves of prices, days of funding; before and after.

Ratios are 0-1 with 1 at liquidation, amounts in USD unless the name says otherwise, times in seconds since 1970; None
is unknown, never zero. Quantities are signed (short < 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.accounts import MarginMode
from monitor.domain.group_reports import GroupReport
from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import AccountKey, Asset, PoolKey, Side, Symbol
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport


class Unit(StrEnum):
    """What the size of a supposed trade counts."""

    SHOWN = "shown"  #: as the position's quantity is shown: base units, or USD where the contract is inverse
    COINS = "coins"  #: coins, whatever the contract counts
    CONTRACTS = "contracts"  #: as the venue's rows count it
    USD = "usd"  #: notional at the price of the trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An order filled whole: it opens, adds to, reduces, closes or flips what is held of the symbol.

    `price` None: at the mark. `margin_mode` and `leverage` None: as the position has them, else as they are set for the
    symbol. `side` is the leg that it changes where long and short are held apart; None: the one that its sign opens.
    `margin` is what is set aside of the settlement asset where an isolated position is opened or added to, None:
    notional over leverage. `fee_rate` None: the account's own taker fee.
    """

    account: AccountKey
    symbol: Symbol
    quantity: float
    unit: Unit = Unit.SHOWN
    price: float | None = None
    margin_mode: MarginMode | None = None
    leverage: float | None = None
    side: Side | None = None
    margin: float | None = None
    fee_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Part of a position is closed: `fraction` above 0, 1 is all of it, 2 flips it. `side` None: what is held."""

    account: AccountKey
    symbol: Symbol
    fraction: float = 1.0
    side: Side | None = None
    price: float | None = None
    fee_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collateral:
    """Collateral comes from outside (`amount` > 0, in the asset), or leaves (< 0).

    `pool` is the pool that it is for: an isolated position's own margin, or one that a wallet backs. "": what the
    account's shared pools are backed by.
    """

    account: AccountKey
    asset: Asset
    amount: float
    pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Collateral goes from one account to another, or from one pool of an account to another pool of it. `amount` > 0,
    in the asset; `from_pool` and `to_pool` as for `Collateral`.
    """

    account: AccountKey
    to: AccountKey
    asset: Asset
    amount: float
    from_pool: str = ""
    to_pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLeverage:
    """The leverage of a symbol is set anew."""

    account: AccountKey
    symbol: Symbol
    leverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMarginMode:
    """A position goes from cross to isolated margin, or back. `margin` is what then is its own (settlement asset),
    None: its initial margin. `side` None: all that is held of the symbol.
    """

    account: AccountKey
    symbol: Symbol
    margin_mode: MarginMode
    side: Side | None = None
    margin: float | None = None


Edit = Trade | Close | Collateral | Transfer | SetLeverage | SetMarginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Edits, made one after the other at the prices of now; then prices move; then funding is paid at those prices.

    `moves` are relative moves of coins' USD prices (-0.12: 12 % down), `market` that of all others but stablecoins,
    times their `betas` (None: those of the configuration). `pegs` are the USD prices at which stablecoins stand then;
    other coins keep their USD prices. `accounts`: whose reports are wanted, empty: those that change.
    """

    edits: tuple[Edit, ...] = ()
    moves: Mapping[Asset, float] = field(default_factory=dict)
    market: float | None = None
    betas: Mapping[Asset, float] | None = None
    pegs: Mapping[Asset, float] = field(default_factory=dict)
    funding_days: float = 0.0
    accounts: tuple[AccountKey, ...] = ()

    @property
    def moves_prices(self) -> bool:
        """Whether any price moves."""
        return bool(self.moves or self.pegs or self.market)


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidation:
    """A pool that is liquidated in what is supposed.

    `begins` is the part of the way of the prices at which it is (0: without any move, as soon as the edits are made),
    and `takes_usd` what a liquidation takes there at most: of an isolated position its margin, else the pool's equity.
    None: it is, and where, or how much it takes, is not known. `symbols` are what is held in it.
    """

    pool: PoolKey
    begins: float | None
    takes_usd: float | None
    symbols: tuple[Symbol, ...] = ()
    already: bool = False  #: it could be liquidated before anything was supposed


@dataclass(frozen=True, slots=True, kw_only=True)
class NextLiquidation:
    """The pool that is liquidated first if prices go on moving after all that is supposed. `of`: the coin whose price
    reaches its line in that direction, "" all coins together. `takes_usd` is all that is at stake in it as it stands.
    """

    pool: PoolKey
    line: Line
    of: Asset
    direction: Direction
    takes_usd: float | None
    symbols: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """One account before and after. `notes` are what was assumed for it, in words."""

    before: AccountReport
    after: AccountReport
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> AccountKey:
        """Which account."""
        return self.before.key


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """One group before and after."""

    before: GroupReport
    after: GroupReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What funding takes from one pool in the days that are supposed (negative: brings), None where it is not known."""

    pool: PoolKey
    usd: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfReport:
    """The answer. `quality` is the worst of what it was computed from; the reports of the accounts say why.

    `done` says in words what each edit does, `notes` what was assumed, and what is left out. `worst_before` and
    `worst_after` are the worst ratios of all accounts that change.
    """

    at: float
    quality: Quality
    done: tuple[str, ...]
    accounts: tuple[AccountChange, ...]
    groups: tuple[GroupChange, ...] = ()
    liquidations: tuple[Liquidation, ...] = ()
    next: NextLiquidation | None = None
    funding: tuple[Paid, ...] = ()
    notes: tuple[str, ...] = ()
    worst_before: Ratio = field(default_factory=lambda: Ratio.unknown("no account"))
    worst_after: Ratio = field(default_factory=lambda: Ratio.unknown("no account"))
