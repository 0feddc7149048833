"""An account as its venue reports it: what is held, in which mode, and what the venue itself computed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.lines import Line
from monitor.domain.names import AccountKey, Asset, PositionKey, Side, Symbol


class MarginMode(StrEnum):
    """Which pool a position draws on."""

    CROSS = "cross"
    ISOLATED = "isolated"


class CollateralMode(StrEnum):
    """How the balances of an account back its cross positions."""

    SINGLE_ASSET = "single-asset"  #: each margin asset backs the positions that settle in it, and no others
    MULTI_ASSETS = "multi-assets"  #: everything backs everything, in USD
    PORTFOLIO = "portfolio-margin"  #: the same, with a requirement by scenarios
    ISOLATED = "isolated"  #: no position draws on anything but its own margin
    SPOT = "spot"  #: no derivatives; loans where the account may borrow


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMode:
    """The modes that decide how an account is computed; None where the venue's answer could not be read.

    An unreadable or contradictory mode makes the account UNKNOWN: it is never guessed. `hedge_by_symbol`: the venue
    lets each symbol choose, so that the positions tell and `hedge` says nothing. `borrows`: what is missing is lent.
    `dollar_asset` is the coin in which the account settles contracts that leave that open, None where there are none.
    `kind` tells apart the venue's kinds of account that the rest does not, in a word of the room's that people see
    ("classic", "unified"); "" where there is one kind only.
    """

    collateral: CollateralMode | None
    hedge: bool | None
    hedge_by_symbol: bool = False
    borrows: bool = False
    dollar_asset: Asset | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenuePosition:
    """What the venue itself computed for a position, at its own mark; None where it did not say.

    Amounts are in the settlement asset. `liquidation` is AT(price), NEVER (the venue printed its word for «no price»)
    or UNKNOWN (the field was absent). `ratio` is its margin ratio in its own direction, `value` that of an option or a
    spot position, `index_price` the index beside the mark.
    """

    mark_price: float | None = None
    liquidation: Line = field(default_factory=lambda: Line.unknown("not in the venue's answer"))
    notional: float | None = None
    unrealized_pnl: float | None = None
    maintenance_margin: float | None = None
    initial_margin: float | None = None
    adl: int | None = None
    ratio: float | None = None
    value: float | None = None
    index_price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position. `quantity` is signed (short < 0), in what the venue's rows count: base units, USD (inverse), or
    contracts. A venue whose rows count contracts keeps contracts here; times `Instrument.contract_size` is the size.

    `hedge` says that the venue keeps the two sides of the symbol apart, `hedge_fixed` that it does so, or not, in any
    position mode. `isolated_wallet` is the isolated pool's wallet without unrealized profit, in `margin_asset`; None in
    cross mode. `margin_mode` None: could not be read. `entry_price` None: not in the venue's answer. `update_time` is
    the venue's time in seconds, None if unknown.

    `leverage` where the venue sets it for the position. `maintenance_rate` (a ratio) where the venue says it of the
    position itself: of the risk level that the user chose, or that its size has come to. `contracts` is the absolute
    number of contracts, for tiers that go by it. Spot margin: `position_asset` is what `quantity` counts (base or
    quote), `liability` (> 0) what is owed of `liability_asset`, and `interest` (>= 0) what has accrued on it.
    """

    symbol: Symbol
    side: Side
    quantity: float
    entry_price: float | None
    margin_mode: MarginMode | None
    hedge: bool = False
    margin_asset: Asset | None = None
    isolated_wallet: float | None = None
    venue: VenuePosition = VenuePosition()
    update_time: float | None = None
    leverage: float | None = None
    contracts: float | None = None
    position_asset: Asset | None = None
    liability: float | None = None
    liability_asset: Asset | None = None
    interest: float | None = None
    hedge_fixed: bool = False
    maintenance_rate: float | None = None

    @property
    def key(self) -> PositionKey:
        """Symbol and side."""
        return PositionKey(self.symbol, self.side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One asset of an account; amounts in that asset, without unrealized profit unless the name says so.

    `cross_wallet` backs the cross pools (wallet without the isolated positions' wallets). The `venue_` figures are the
    venue's own, kept for reconciliation: `venue_equity` with unrealized profit and option value, `venue_value_usd` what
    it counts for in USD after its haircut, `venue_ratio` in the venue's own direction. `collateral` False: it backs
    nothing while positive; None: the venue did not say. `frozen` is held back for orders, `option_value` that of
    the options settled in it, `price_usd` the venue's own USD price, `withdrawable` what the venue says may leave.
    `loan_to_value` is how much of its value the venue lends against it (ratio), where it says so for the account.
    """

    asset: Asset
    wallet: float
    cross_wallet: float | None = None
    borrowed: float = 0.0
    interest: float = 0.0
    venue_cross_unrealized_pnl: float | None = None
    venue_maintenance_margin: float | None = None
    venue_initial_margin: float | None = None
    venue_margin_balance: float | None = None
    available: float | None = None
    update_time: float | None = None
    venue_equity: float | None = None
    venue_value_usd: float | None = None
    venue_ratio: float | None = None
    collateral: bool | None = None
    frozen: float | None = None
    option_value: float | None = None
    price_usd: float | None = None
    withdrawable: float | None = None
    loan_to_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A resting order, where the venue counts it against the account. `id` is the venue's.

    `quantity` is what is left of it, signed (a sale < 0), in the unit of a position's; 0 says that it is gone.
    `contracts` is the absolute number of contracts. `price` None: at the market, or waiting for a trigger. `side` is
    the hedge leg that it would change, None in one-way mode. `reduce_only`: it can only make a position smaller.
    """

    id: str
    symbol: Symbol
    quantity: float
    price: float | None
    side: Side | None = None
    reduce_only: bool = False
    margin_mode: MarginMode | None = None
    margin_asset: Asset | None = None
    leverage: float | None = None
    contracts: float | None = None
    update_time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskUnit:
    """A venue's own scenarios of all that an account holds on one coin (portfolio margin), in USD.

    `moves` are relative moves of the coin (rising, 0 among them) and `profits[v][j]` the profit at move j for column v
    of volatility (the middle one: unchanged), as read when the coin stood at `reference_price` (None: the venue did not
    say). `maintenance_margin` is what the venue requires for the unit: its worst loss, and `contingency`, which holds
    still. Without moves the requirement stands as it was read.
    """

    asset: Asset
    maintenance_margin: float | None
    initial_margin: float | None = None
    reference_price: float | None = None
    moves: tuple[float, ...] = ()
    profits: tuple[tuple[float, ...], ...] = ()
    contingency: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolConfig:
    """What the user set for one symbol; None where unknown.

    `max_notional` is the greatest notional (settlement asset) that the venue admits at this leverage.
    """

    symbol: Symbol
    margin_mode: MarginMode | None = None
    leverage: float | None = None
    auto_add_margin: bool | None = None
    max_notional: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueAccount:
    """The venue's own account-level figures, in its own unit of account; None where it did not say.

    `ratio` is in the venue's own direction. `haircut` (>= 0) is what open spot orders would cost of collateral's value,
    `order_loss` (<= 0) what resting orders would lose at once, `withdrawable` what may leave the account.
    `risk_units` are its scenarios, asked for at `risk_asked` (our clock), and `market_curve` what it says of all prices
    moving together: pairs of a relative move and our kind of margin ratio (1 at liquidation), in rising order of move.
    """

    equity: float | None = None
    maintenance_margin: float | None = None
    initial_margin: float | None = None
    ratio: float | None = None
    haircut: float | None = None
    order_loss: float | None = None
    available: float | None = None
    withdrawable: float | None = None
    risk_units: tuple[RiskUnit, ...] = ()
    market_curve: tuple[tuple[float, float], ...] = ()
    risk_asked: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """A purse inside an account that backs only what draws on it: that of a spot pair, or of one of its markets.

    `name` is the venue's ("FETUSDT", the name of a market), unique in the account. `venue` are the venue's own figures
    of it, in its own unit. A pair's wallet: `symbol` the pair, `liquidation` the price that the venue prints,
    `index_price` the one it computed with, `multiple` how many times what is owned it may hold, and
    `liquidation_level` assets over debts at which it is liquidated, None where a table tells it by the multiple.
    """

    name: str
    balances: Mapping[Asset, Balance] = field(default_factory=dict)
    venue: VenueAccount = VenueAccount()
    symbol: Symbol | None = None
    index_price: float | None = None
    liquidation: Line = field(default_factory=lambda: Line.unknown("not in the venue's answer"))
    multiple: float | None = None
    liquidation_level: float | None = None
    update_time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything known of one account at one moment: the input of a venue's description.

    `problems` are reasons, in words, why something here is missing or doubtful; `suspects` are positions that vanished
    from a snapshot and are kept until a second reading confirms that they are gone. `orders` are by id. `fees` are the
    user's own taker rates (what is paid, as a ratio > 0) by the venue's name of a fee group (`Instrument.fee_group`).
    `wallets` are by name: purses apart from `balances`.
    """

    key: AccountKey
    mode: AccountMode
    positions: Mapping[PositionKey, Position] = field(default_factory=dict)
    balances: Mapping[Asset, Balance] = field(default_factory=dict)
    symbols: Mapping[Symbol, SymbolConfig] = field(default_factory=dict)
    venue: VenueAccount = VenueAccount()
    problems: tuple[str, ...] = ()
    suspects: frozenset[PositionKey] = frozenset()
    orders: Mapping[str, Order] = field(default_factory=dict)
    fees: Mapping[str, float] = field(default_factory=dict)
    wallets: Mapping[str, Wallet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a key may do; None where the venue's answer could not be read. `expires` in seconds since 1970."""

    can_read: bool | None = None
    can_trade: bool | None = None
    can_withdraw: bool | None = None
    can_transfer: bool | None = None
    ip_restricted: bool | None = None
    expires: float | None = None
