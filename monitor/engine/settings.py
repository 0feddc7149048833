"""What the engine may be told: limits, bands and weights, with the defaults that stand in config.example.toml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from monitor.domain.names import AccountKey, Asset, Venue
from monitor.engine.group_settings import GroupSettings, HedgeSettings

HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How old an input may be, in seconds, before what is computed from it loses quality.

    Marks and assets are aged by the venue's own stamp, account, configuration, tables, a venue's own scenarios (`risk`)
    and what options are priced with by our reading of them. A limit is at least 2.5 times the guaranteed cadence of its
    stream, or the poll's interval with its timeout.
    """

    mark_seconds: float = 5.0
    asset_seconds: float = 10.0
    account_seconds: float = 150.0
    config_seconds: float = 600.0
    tiers_seconds: float = 50 * HOUR_SECONDS
    instruments_seconds: float = 50 * HOUR_SECONDS
    collateral_seconds: float = 50 * HOUR_SECONDS
    risk_seconds: float = 60.0
    option_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilitySettings:
    """How daily sigmas are estimated: log returns over `sample_seconds`, weighted with `half_life_seconds`."""

    sample_seconds: float = 60.0
    half_life_seconds: float = 12 * HOUR_SECONDS
    minimum_samples: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftTolerances:
    """How far our figures may lie from the venue's before the report says so in words.

    `figure_ratio` is a ratio of the venue's figure (equity, maintenance, margin ratio), `line_ratio` one of the mark.
    """

    figure_ratio: float = 0.005
    line_ratio: float = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Everything that the engine is told at its start.

    `lines_every_seconds`: an account whose figures moved, but on which nothing was decided, is reported at most that
    often (0: at each step). `ratio_levels` and `distance_levels`: where a margin ratio, or the distance of a line,
    makes somebody change his mind; an account on which one is crossed is reported in that very step. `legs_per_step`:
    about how many positions are reported in one step, so that none holds the loop for long; the others follow at once.
    `jump_ratio`: a price that moves by more than this ratio between two frames waits for a confirmation. `betas`: how
    fast each asset moves on the market line (1 if not named). `stablecoins` None: the kernel's own list.
    `wanted_distance_ratio`: advice is given while a line is nearer than this ratio of the mark, sought anew every
    `advice_every_seconds` in steps in which nothing but time passed (in any, if there is none for two seconds), and for
    at most `advices_per_step` pools in one of them, because it costs a hundred times as much as a ratio. In the same
    steps, and for as many, it is computed anew where a pool will stand after its next payment, once in
    `after_every_seconds`. `options_every_seconds`: an account that holds options is described anew for their volatility
    and forwards at most that often. `groups` names the group of an account, where it is in one;
    `group_settings` say by its name how its hedges are watched (the defaults where it is not named), `hedges` are those
    that the user declares.
    """

    accounts: tuple[AccountKey, ...] = ()
    limits: Limits = Limits()
    venue_limits: Mapping[Venue, Limits] = field(default_factory=dict)
    lines_every_seconds: float = 0.05
    ratio_levels: tuple[float, ...] = ()
    distance_levels: tuple[float, ...] = ()
    legs_per_step: int = 50
    jump_ratio: float = 0.5
    betas: Mapping[Asset, float] = field(default_factory=dict)
    stablecoins: Collection[Asset] | None = None
    volatility: VolatilitySettings = VolatilitySettings()
    wanted_distance_ratio: float = 0.2
    advice_every_seconds: float = 5.0
    advices_per_step: int = 1
    after_every_seconds: float = 30.0
    options_every_seconds: float = 1.0
    groups: Mapping[AccountKey, str] = field(default_factory=dict)
    group_settings: Mapping[str, GroupSettings] = field(default_factory=dict)
    hedges: tuple[HedgeSettings, ...] = ()
    drift: DriftTolerances = DriftTolerances()

    def limits_of(self, venue: Venue) -> Limits:
        """The limits that hold for `venue`: its own where it has some, else the general ones."""
        return self.venue_limits.get(venue, self.limits)
