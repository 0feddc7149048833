"""Everything that changes what we may believe, in one ordered channel, so that a replay reproduces outages too.

Times are seconds since 1970 (float). `venue_time` is the venue's own stamp, `received` the moment our socket or HTTP
client had the bytes. A snapshot replaces, a change amends: they are different types so that nobody can mix them up.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.accounts import (
    AccountMode,
    Balance,
    MarginMode,
    Order,
    Permissions,
    Position,
    SymbolConfig,
    VenueAccount,
    Wallet,
)
from monitor.domain.commands import AcknowledgeAlert, AlertsRestored, EndSilence, FactsRestored, SilenceAlerts
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey, Asset, Side, Symbol, Venue
from monitor.domain.tables import AssetRates, CollateralTerms, LoanTier
from monitor.domain.tiers import TierTable


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark price. The newer replaces an older one that still waits: its `conflation_key` is the instrument."""

    venue: Venue
    symbol: Symbol
    mark: float
    venue_time: float
    received: float
    index: float | None = None
    funding_rate: float | None = None
    next_funding_time: float | None = None

    @property
    def conflation_key(self) -> Hashable:
        """One waiting tick an instrument."""
        return (Tick, self.venue, self.symbol)


@dataclass(frozen=True, slots=True)
class Ticks:
    """The mark prices of one frame that holds many instruments, as columns: row i is one instrument's.

    It says the same as one `Tick` a row, and costs a hundredth of it. A later frame of the very same instruments
    replaces one that still waits.
    """

    venue: Venue
    symbols: tuple[Symbol, ...]
    marks: tuple[float, ...]
    venue_times: tuple[float, ...]
    received: float

    @property
    def conflation_key(self) -> Hashable:
        """One waiting frame a set of instruments."""
        return (Ticks, self.venue, self.symbols)


@dataclass(frozen=True, slots=True)
class AssetTick:
    """The USD index price of an asset and, where the venue sends them, the rates at which it counts."""

    venue: Venue
    asset: Asset
    price_usd: float
    venue_time: float
    received: float
    rates: AssetRates | None = None

    @property
    def conflation_key(self) -> Hashable:
        """One waiting tick an asset."""
        return (AssetTick, self.venue, self.asset)


@dataclass(frozen=True, slots=True)
class InstrumentsLoaded:
    """The venue's instruments, whole: what is missing here is no longer listed."""

    venue: Venue
    instruments: tuple[Instrument, ...]
    received: float


@dataclass(frozen=True, slots=True)
class TiersLoaded:
    """The maintenance tiers, whole. `account` None: for every account of the venue; else that account's own.

    `isolated`: those of isolated positions, where the venue has others for them. `loans`: those of pairs' wallets.
    """

    venue: Venue
    account: AccountKey | None
    tiers: tuple[tuple[Symbol, TierTable], ...]
    received: float
    isolated: tuple[tuple[Symbol, TierTable], ...] = ()
    loans: tuple[tuple[Symbol, tuple[LoanTier, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class CollateralLoaded:
    """How assets count by their amount, whole. `account` None: for every account of the venue."""

    venue: Venue
    account: AccountKey | None
    terms: tuple[tuple[Asset, CollateralTerms], ...]
    received: float


@dataclass(frozen=True, slots=True)
class ParametersSet:
    """Numbers of the venue's rules that it does not publish, by the room's names, whole: what the user set. A session
    says them when it begins, so that a recording replays with what was set then.
    """

    venue: Venue
    parameters: tuple[tuple[str, float], ...]
    at: float


@dataclass(frozen=True, slots=True)
class OptionMarks:
    """What options are priced with, as columns: row i is one option's volatility (a ratio a year) and forward price.

    `indexes` are the index prices beside the forwards, () where the venue tells none.
    """

    venue: Venue
    symbols: tuple[Symbol, ...]
    volatilities: tuple[float, ...]
    underlyings: tuple[float, ...]
    received: float
    indexes: tuple[float | None, ...] = ()

    @property
    def conflation_key(self) -> Hashable:
        """One waiting frame a set of options."""
        return (OptionMarks, self.venue, self.symbols)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """An account read whole over REST: what it omits is gone, once a second reading confirms it.

    `asked` is when the first of its requests was sent: a snapshot asked for before an event never undoes it.
    `marks` are the mark prices inside the same answer, which reconciliation computes with. `problems` name rows that
    could not be read: a snapshot with problems closes nothing.
    """

    account: AccountKey
    positions: tuple[Position, ...]
    balances: tuple[Balance, ...]
    asked: float
    received: float
    venue: VenueAccount = VenueAccount()
    marks: tuple[tuple[Symbol, float], ...] = ()
    problems: tuple[str, ...] = ()
    orders: tuple[Order, ...] = ()
    wallets: tuple[Wallet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """Modes and per-symbol settings, read whole. `fees` are (fee group, taker rate > 0 where it is paid)."""

    account: AccountKey
    mode: AccountMode
    symbols: tuple[SymbolConfig, ...]
    asked: float
    received: float
    problems: tuple[str, ...] = ()
    fees: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """A push about one position. Quantity 0 says that it is closed. `side` None: one-way, the sign tells.

    `row`: the position whole, where the push shows it so; then nothing of what was known before stays.
    """

    account: AccountKey
    symbol: Symbol
    side: Side | None
    quantity: float
    entry_price: float | None
    margin_mode: MarginMode | None
    isolated_wallet: float | None
    venue_time: float
    received: float
    margin_asset: Asset | None = None
    row: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """A push about one resting order, whole; quantity 0 says that it is gone."""

    account: AccountKey
    order: Order
    venue_time: float
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChanged:
    """A push about one asset's wallet; None: not in the push. `row`: the balance whole, where the push shows it so."""

    account: AccountKey
    asset: Asset
    wallet: float | None
    cross_wallet: float | None
    venue_time: float
    received: float
    row: Balance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletChanged:
    """A push about one purse inside the account, whole."""

    account: AccountKey
    wallet: Wallet
    venue_time: float
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChanged:
    """A push about a mode or a leverage; None: unchanged. The session asks for the whole configuration again."""

    account: AccountKey
    venue_time: float
    received: float
    multi_assets: bool | None = None
    symbol: Symbol | None = None
    leverage: float | None = None


class WarningKind(StrEnum):
    """What a venue itself says about danger."""

    MARGIN_CALL = "margin_call"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueWarning:
    """The venue warns of, or reports, a forced close. `detail` is in words and holds no identifiers."""

    account: AccountKey
    kind: WarningKind
    symbol: Symbol | None
    side: Side | None
    detail: str
    venue_time: float
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionsRead:
    """What the account's key may do."""

    account: AccountKey
    permissions: Permissions
    received: float


@dataclass(frozen=True, slots=True)
class FeedUp:
    """A stream is subscribed, acknowledged and delivering. `account` None: a public stream."""

    venue: Venue
    account: str | None
    stream: str
    at: float


@dataclass(frozen=True, slots=True)
class FeedDown:
    """A stream is lost, with the reason in words."""

    venue: Venue
    account: str | None
    stream: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class PollFailed:
    """A REST reading failed; what it would have told stays as old as it was. `what` names it ("account", "config").

    `waiting`: it did not fail, but was not sent yet, for the reason given.
    """

    venue: Venue
    account: str | None
    what: str
    at: float
    reason: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class ClockRead:
    """Venue clock minus ours, in seconds, measured over a request of `round_trip_seconds`."""

    venue: Venue
    offset_seconds: float
    round_trip_seconds: float
    at: float


@dataclass(frozen=True, slots=True)
class Banned:
    """The venue told us to stop calling until `until` (seconds since 1970). No call is made before."""

    venue: Venue
    until: float
    at: float


@dataclass(frozen=True, slots=True)
class CandlesLoaded:
    """Closing mark prices in rising order of time, `interval_seconds` apart: the seed of a volatility."""

    venue: Venue
    symbol: Symbol
    closes: tuple[float, ...]
    interval_seconds: float
    at: float


@dataclass(frozen=True, slots=True)
class AccountClosed:
    """The account is no longer configured: everything about it is forgotten."""

    account: AccountKey
    at: float


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A timer: nothing happened, time passed."""

    now: float


@dataclass(frozen=True, slots=True)
class FundingRates:
    """The funding rates of many perpetuals, as columns: row i is one instrument's.

    A rate is what a long pays for one payment as a ratio of its notional (negative: the short pays), due at
    `next_times[i]` (seconds since 1970), None where the venue did not say.
    """

    venue: Venue
    symbols: tuple[Symbol, ...]
    rates: tuple[float, ...]
    next_times: tuple[float | None, ...]
    received: float

    @property
    def conflation_key(self) -> Hashable:
        """One waiting announcement a set of instruments."""
        return (FundingRates, self.venue, self.symbols)


@dataclass(frozen=True, slots=True)
class FundingIntervals:
    """How often perpetuals pay funding, in seconds, so far as the venue says so: row i is one instrument's. What is
    missing here may pay as often as it likes.
    """

    venue: Venue
    symbols: tuple[Symbol, ...]
    intervals_seconds: tuple[float, ...]
    received: float


class BalanceCause(StrEnum):
    """Why a wallet changed, as its venue says."""

    TRADE = "trade"  #: realized profit and commission
    FUNDING = "funding"
    INTEREST = "interest"
    FEE = "fee"
    LIQUIDATION = "liquidation"
    TRANSFER = "transfer"  #: deposits, withdrawals, transfers between wallets: never an explanation
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlow:
    """A change of an asset's wallet with its cause: `amount` is signed, in the asset.

    `asset` "": the one in which the contract `symbol` settles, which the venue did not name. `id` tells two flows
    apart, "" where the venue gives none.
    """

    account: AccountKey
    asset: Asset
    amount: float
    cause: BalanceCause
    venue_time: float
    received: float
    symbol: Symbol | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlowsRead:
    """The venue's own history of an account's flows, whole between the venue's times `since` and `until`."""

    account: AccountKey
    flows: tuple[CashFlow, ...]
    since: float
    until: float
    received: float


Event = (
    Tick
    | Ticks
    | AssetTick
    | InstrumentsLoaded
    | TiersLoaded
    | CollateralLoaded
    | ParametersSet
    | OptionMarks
    | AccountSnapshot
    | AccountConfig
    | PositionChanged
    | OrderChanged
    | BalanceChanged
    | WalletChanged
    | ConfigChanged
    | VenueWarning
    | PermissionsRead
    | FeedUp
    | FeedDown
    | PollFailed
    | ClockRead
    | Banned
    | CandlesLoaded
    | AccountClosed
    | FundingRates
    | FundingIntervals
    | CashFlow
    | CashFlowsRead
    | AcknowledgeAlert
    | SilenceAlerts
    | EndSilence
    | AlertsRestored
    | FactsRestored
    | Elapsed
)
