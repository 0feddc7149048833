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

    SINGLE_ASSET = "single-asset"
    MULTI_ASSETS = "multi-assets"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMode:
    """The modes that decide how an account is computed; None where the venue's answer could not be read.

    An unreadable or contradictory mode makes the account UNKNOWN: it is never guessed.
    """

    collateral: CollateralMode | None
    hedge: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenuePosition:
    """What the venue itself computed for a position, at its own mark; None where it did not say.

    Amounts are in the settlement asset. `liquidation` is AT(price), NEVER (the venue printed its word for «no price»)
    or UNKNOWN (the field was absent).
    """

    mark_price: float | None = None
    liquidation: Line = field(default_factory=lambda: Line.unknown("not in the venue's answer"))
    notional: float | None = None
    unrealized_pnl: float | None = None
    maintenance_margin: float | None = None
    initial_margin: float | None = None
    adl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position. `quantity` is signed (short < 0), in base units (linear) or contracts (inverse).

    `hedge` says that the venue keeps the two sides of the symbol apart. `isolated_wallet` is the isolated pool's
    wallet without unrealized profit, in `margin_asset`; None in cross mode. `margin_mode` None: could not be read.
    `entry_price` None: not in the venue's answer. `update_time` is the venue's time in seconds, None if unknown.
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

    @property
    def key(self) -> PositionKey:
        """Symbol and side."""
        return PositionKey(self.symbol, self.side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One asset of an account; amounts in that asset, without unrealized profit unless the name says so.

    `cross_wallet` backs the cross pools (wallet without the isolated positions' wallets). The `venue_` figures are the
    venue's own, kept for reconciliation.
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
    """The venue's own account-level figures, in its own unit of account; None where it did not say."""

    equity: float | None = None
    maintenance_margin: float | None = None
    initial_margin: float | None = None
    ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything known of one account at one moment: the input of a venue's description.

    `problems` are reasons, in words, why something here is missing or doubtful; `suspects` are positions that vanished
    from a snapshot and are kept until a second reading confirms that they are gone.
    """

    key: AccountKey
    mode: AccountMode
    positions: Mapping[PositionKey, Position] = field(default_factory=dict)
    balances: Mapping[Asset, Balance] = field(default_factory=dict)
    symbols: Mapping[Symbol, SymbolConfig] = field(default_factory=dict)
    venue: VenueAccount = VenueAccount()
    problems: tuple[str, ...] = ()
    suspects: frozenset[PositionKey] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a key may do; None where the venue's answer could not be read. `expires` in seconds since 1970."""

    can_read: bool | None = None
    can_trade: bool | None = None
    can_withdraw: bool | None = None
    can_transfer: bool | None = None
    ip_restricted: bool | None = None
    expires: float | None = None
