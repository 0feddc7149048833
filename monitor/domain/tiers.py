"""Maintenance tiers as a venue publishes them. The arithmetic on them is `monitor.margin.tiers`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TierBy(StrEnum):
    """What a tier's floor is compared with."""

    NOTIONAL = "notional"  #: the notional in the settlement asset, at the requirement's basis
    CONTRACTS = "contracts"  #: the absolute number of contracts; does not depend on the price
    BASE = "base"  #: the absolute quantity as the leg carries it; does not depend on the price


@dataclass(frozen=True, slots=True)
class Tier:
    """From `floor` (in the unit of the table's `by`) upwards: requirement = n * rate - deduction + n * S * growth.

    n is the notional in the settlement asset, S the size that is looked up, `rate` a ratio, `deduction` an amount of
    the settlement asset, `growth` a rate per unit of S (a rate that grows with size; 0 on most venues).
    """

    floor: float
    rate: float
    deduction: float = 0.0
    growth: float = 0.0


@dataclass(frozen=True, slots=True)
class TierTable:
    """Tiers in rising order of floor, the first with floor 0. The last one has no upper end unless `cap` says so.

    `cap` is the largest size the venue admits (same unit as the floors), None where unknown or unlimited.
    A table is *convex* when its deductions make the requirement continuous; otherwise it jumps at a floor.
    """

    tiers: tuple[Tier, ...]
    by: TierBy = TierBy.NOTIONAL
    cap: float | None = None


def flat(rate: float, deduction: float = 0.0) -> TierTable:
    """A table of one tier: requirement = n * rate - deduction, whatever the size."""
    return TierTable((Tier(0.0, rate, deduction),))
