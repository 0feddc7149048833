"""The shape of a pool: what a venue describes and the kernel computes.

Isolated and cross margin, spot loans and portfolio margin differ in what backs what, and in nothing else. Every amount
is in the unit that its name or docstring says; quantities are signed (short < 0); a price of NaN means unknown.
The formulas that these fields enter are written down in docs/kernel.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.accounts import Account
from monitor.domain.instruments import Payoff
from monitor.domain.lines import Line
from monitor.domain.names import Asset, PoolKey, Side, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierTable, flat

NAN = float("nan")
INFINITE = float("inf")


class Basis(StrEnum):
    """The price at which a requirement or a fee values its leg."""

    MARK = "mark"  #: the mark, moving along a ray
    ENTRY = "entry"  #: the entry price: a constant
    SNAPSHOT = "snapshot"  #: `Leg.snapshot_mark`: a constant (a venue that holds the requirement at the current mark)
    INDEX = "index"  #: the base asset's index price in quote, moving along a ray that moves the asset


@dataclass(frozen=True, slots=True)
class Step:
    """From `floor` (>= 0) upwards each further unit counts `rate`."""

    floor: float
    rate: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A marginal curve: what an amount counts for. Steps in rising order of floor, the first with floor 0.

    `by_value` False: floors in units of the asset; True: in the pool's numeraire (amount x price). A falling sequence
    of rates is concave, as haircuts are.
    """

    steps: tuple[Step, ...]
    by_value: bool = False


def counted_at(rate: float) -> Curve:
    """Every unit counts `rate`."""
    return Curve((Step(0.0, rate),))


FULL = counted_at(1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An asset of the pool, and the row into which legs that settle in it pay.

    net = amount + profit of the legs settled in it. Counted in equity: net * price through `collateral` if positive,
    net * price * `negative_rate` if negative. A requirement settled in the asset is converted at price *
    `requirement_rate`. `borrow`: requirement on the part of net below zero (an implicit loan), tiers by the borrowed
    amount, plus `borrow_fee_rate`. `cap_group`: this positive value is limited together with others (`Pool.caps`).
    """

    asset: Asset
    amount: float = 0.0
    collateral: Curve = FULL
    negative_rate: float = 1.0
    requirement_rate: float = 1.0
    borrow: TierTable | None = None
    borrow_fee_rate: float = 0.0
    cap_group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """A loan of `amount` (> 0, interest included) of an asset.

    `counted` False: a holding's amount is already net of it, so that only its requirement counts. `liability`: what a
    unit owed takes from equity (by amount or by value). `requirement`: tiers by the loan's size in the asset, or in
    the numeraire where `requirement_by_value`; `fee_rate` adds a rate to it. `initial_margin_rate` None: unknown.
    """

    asset: Asset
    amount: float
    counted: bool = True
    liability: Curve = FULL
    requirement: TierTable = flat(0.0)
    requirement_by_value: bool = False
    fee_rate: float = 0.0
    initial_margin_rate: float | None = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """The terms of an option leg. Its value along a ray is Black-76 at held volatility (docs/kernel.md).

    `underlying` is the forward price now, `years` the time to expiry. Requirement of a short per unit:
    max(`index_rate` * S, `mark_rate` * V) + `mark_add` * V + `index_add` * S, S the underlying, V the option's value.
    `in_equity` False: its value is no part of equity (a venue that asks for it in the requirement instead).
    """

    strike: float
    call: bool
    volatility: float
    years: float
    underlying: float
    index_rate: float = 0.0
    mark_rate: float = 0.0
    mark_add: float = 0.0
    index_add: float = 0.0
    in_equity: bool = True


class Netting(StrEnum):
    """How the requirements of a group of legs come together."""

    SUM = "sum"
    LARGER_SIDE = "larger-side"  #: max of the longs' and the shorts' sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A position, or a resting order, that moves with an instrument's mark.

    Profit in the settlement asset is c * (u - u0): u the mark and c the quantity (LINEAR, QUANTO: c = quantity *
    `multiplier`), or u the mark's reciprocal and c = -quantity (INVERSE, quantity in quote units). u0 belongs to
    `entry`; `entry` 0 means that the cash leg is in a holding or in the pool's cash already (u0 = 0). Notional = |c| *
    u.

    Requirement = tiers(notional at `basis`) + `fee_rate` * notional at `fee_basis` + `constant_requirement`. Initial
    margin = `initial_margin_rate` * notional at `initial_basis` + `constant_initial`, None where unknown.

    `contracts` is the size that tables by contracts look up. `tier_group`: the size looked up is that of the whole
    group of legs that name it; `group_deduction` False: the group's rate applies without a deduction; `group_lookup`
    False: the leg counts in the group's size, but looks up its own and takes the whole deduction of its own tier.
    `netting_group`: see `Pool.netting_groups`. An `order` (resting) counts profit min(0, c * (u - u0)) with `entry` its
    price, plus `opening_fee` taken from equity (settlement asset), and only in stages that include orders.
    """

    symbol: Symbol
    side: Side
    quantity: float
    entry: float
    base: Asset
    quote: Asset
    settle: Asset
    coin: Asset | None = None  #: the asset whose coin line moves this leg; `base` if None
    payoff: Payoff = Payoff.LINEAR
    multiplier: float = 1.0
    contracts: float | None = None
    tiers: TierTable | None = None  #: None: unknown, which makes the pool's requirement unknown
    basis: Basis = Basis.MARK
    snapshot_mark: float = NAN
    fee_rate: float = 0.0
    fee_basis: Basis = Basis.MARK
    constant_requirement: float = 0.0
    initial_margin_rate: float | None = None
    initial_basis: Basis = Basis.MARK
    constant_initial: float = 0.0
    tier_group: str | None = None
    group_deduction: bool = True
    group_lookup: bool = True
    netting_group: str | None = None
    order: bool = False
    opening_fee: float = 0.0
    option: Option | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioGrid:
    """A venue's own scenario requirement (portfolio margin), revalued between readings.

    `moves` are relative moves of `asset` (rising, 0 among them), `profits[v][j]` the profit of the pool's legs on that
    asset in the numeraire for column v (volatility) at move j, read when the asset stood at `reference_price`.
    Requirement = `scale` * (worst loss over the grid, taken from where the asset has moved to) + `contingency`. The
    legs that the grid covers carry no tiers of their own (`tiers=flat(0)`). `in_equity`: the grid's own profit since
    the reference (middle column) belongs to equity, because its legs are not in `Pool.legs`.

    `requirements`: the venue gave the requirement itself at each move; then it is read off these, along straight lines
    between the moves (held beyond them), times `scale` plus `contingency`, and `profits` serve `in_equity` alone.
    """

    asset: Asset
    reference_price: float
    moves: tuple[float, ...]
    profits: tuple[tuple[float, ...], ...]
    scale: float = 1.0
    contingency: float = 0.0
    in_equity: bool = False
    requirements: tuple[float, ...] = ()


class Requirement(StrEnum):
    """Which requirement a stage compares with equity."""

    MAINTENANCE = "maintenance"
    INITIAL = "initial"
    NONE = "none"  #: equity alone: bankruptcy


LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step on the way down. It is reached when `scale` * requirement >= `threshold` * equity.

    Its ratio is scale * requirement / (threshold * equity), 1 at the step. `orders`: resting orders count. Exactly one
    stage of a pool is named "liquidation"; margin ratio and lines speak of it.
    """

    name: str
    requirement: Requirement = Requirement.MAINTENANCE
    scale: float = 1.0
    threshold: float = 1.0
    orders: bool = False


DEFAULT_STAGES = (Stage(name=LIQUIDATION), Stage(name="bankruptcy", requirement=Requirement.NONE))


class Rounding(StrEnum):
    """What a venue does to a price before printing it."""

    NONE = "none"
    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueLine:
    """A liquidation price as the venue prints it, and how the venue reaches it: for reconciliation only.

    `moves` gives the relative speed of each instrument that moves with `symbol` (1 for itself; a venue may move shorts
    by -1); instruments not named stand still. `asset_moves` likewise for assets (empty: held). `threshold` overrides
    that of the liquidation stage. `orders`: resting orders count. `offset` (price) is added, then `rounding` to `tick`.
    `tolerance` (ratio of the mark) is how far our figure may lie off before it is drift. `printed` is the venue's word.
    Our figure lies where the pool's net position in `symbol` loses, so that both sides of a hedge have one line; the
    direction of `side` where the net is zero; the other direction where there is none. The venue prints a price only
    between `bounds`, and outside of them its word for none.
    """

    symbol: Symbol
    side: Side
    printed: Line
    mark: float | None = None
    moves: tuple[tuple[Symbol, float], ...] = ()
    asset_moves: tuple[tuple[Asset, float], ...] = ()
    threshold: float | None = None
    orders: bool = False
    offset: float = 0.0
    rounding: Rounding = Rounding.NONE
    tick: float | None = None
    tolerance: float = 1e-4
    bounds: tuple[float, float] = (0.0, INFINITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFigures:
    """What the venue printed for the pool, in the pool's numeraire; None where it did not say.

    `ratio` is in the venue's own direction, with `ratio_name` as the venue calls it; `ratio_inverted`: its ratio is
    equity over requirement, so that higher is safer. `ratio_decimals`: it is printed truncated to so many decimals.
    `ratio_stage`: the stage that it speaks of, where resting orders count in it and are gone at liquidation.
    `loan_level`: it is a spot loan's, whose ratio is assets over debts, and which is liquidated when that has fallen to
    this level: 1 + (level - 1) * equity / requirement, or with `ratio_inverted` False its reciprocal.
    `market` are the venue's own lines, down and up, where all prices but stablecoins' move together, as distances
    (ratio of the price; +inf: never), None where it did not say; they are off by up to `market_tolerance`.
    """

    equity: float | None = None
    maintenance_margin: float | None = None
    initial_margin: float | None = None
    ratio: float | None = None
    ratio_name: str = ""
    ratio_inverted: bool = False
    ratio_decimals: int | None = None
    ratio_stage: str = LIQUIDATION
    loan_level: float | None = None
    lines: tuple[VenueLine, ...] = ()
    market: tuple[float | None, float | None] = (None, None)
    market_tolerance: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What backs what. See the module's docstring; `cash` and constants are in the `numeraire`.

    `caps` limits the positive value of each cap group (numeraire). `netting_groups` gives the rule of each group that
    legs name; tier groups need no entry here. `view_of`: this pool shows legs of another pool from another side; sums
    count primary pools only. `backstop`: the pool whose free balance tops this one up before it is liquidated.
    `empty_liquidates`: the venue liquidates negative equity without any leg or debt. `reasons` say in words what is
    missing or assumed; `unknown` says what makes the pool UNKNOWN whole.
    """

    key: PoolKey
    numeraire: Asset
    isolated: bool = False
    cash: float = 0.0
    holdings: tuple[Holding, ...] = ()
    debts: tuple[Debt, ...] = ()
    legs: tuple[Leg, ...] = ()
    caps: tuple[tuple[str, float], ...] = ()
    netting_groups: tuple[tuple[str, Netting], ...] = ()
    constant_requirement: float = 0.0
    constant_initial: float = 0.0
    grids: tuple[ScenarioGrid, ...] = ()
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    primary: bool = True
    view_of: PoolKey | None = None
    backstop: PoolKey | None = None
    empty_liquidates: bool = False
    venue: VenueFigures = VenueFigures()
    reasons: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """An account as pools. `unknown`: nothing could be described, and why (an unreadable mode)."""

    pools: tuple[Pool, ...]
    unknown: tuple[str, ...] = ()


Describe = Callable[[Account, Tables], Description]
"""What a venue contributes to the arithmetic: an account and its tables in, pools out. It computes nothing."""
