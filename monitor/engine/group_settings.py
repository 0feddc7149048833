"""What the engine is told about groups and hedges, with the defaults that stand in config.example.toml."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import AccountKey, Side, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLeg:
    """One leg of a declared hedge. `side` None: whichever side of the symbol is open."""

    account: AccountKey
    symbol: Symbol
    side: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSettings:
    """A hedge that the user declares. `tolerance_ratio` None: that of its group."""

    group: str
    name: str
    legs: tuple[HedgeLeg, ...]
    tolerance_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How the hedges of one group are watched.

    `tolerance_ratio`: a hedge is whole while its smaller side lacks no more than this ratio of the larger. `detect`:
    positions in one coin that hold each other over accounts for `detect_after_seconds` are watched as a hedge though
    nobody declared one. The pool of a leg is near liquidation from the margin ratio `near_ratio` on, or where one of
    its lines on the leg is no further than `near_distance_ratio` of the price.
    """

    tolerance_ratio: float = 0.05
    detect: bool = True
    detect_after_seconds: float = 300.0
    near_ratio: float = 0.5
    near_distance_ratio: float = 0.15
