"""What Bybit's margin rules leave to numbers that no answer gives: each can be set, and stands here with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.names import Asset
from monitor.margin.pool import Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionFactors:
    """Margin of a short option a unit, as shares of the index and of the option's mark (ratios).

    Maintenance: max(`maintenance` * index, `maintenance` * mark) + mark + `liquidation_fee` * index. Initial:
    max(`initial` * index - out of the money, `initial_floor` * index) + max(entry, mark), and not less.
    """

    maintenance: float = 0.03
    initial: float = 0.10
    initial_floor: float = 0.05
    liquidation_fee: float = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """`taker_fee` serves contracts whose rate was not read; `options` by base coin, `option_default` the others.

    `basis`: what maintenance is computed from. It has been the mark since 2025-09-02; ENTRY is the rule before, which
    old documents and other programs still show. `estimate_tolerance` (ratio of the mark): how far the venue's estimated
    liquidation price of a cross account may lie off, because no document says how it is made. `full_collateral` are
    coins that count in full where the venue's ratios do not list them.
    """

    taker_fee: float = 0.00055
    options: Mapping[Asset, OptionFactors] = field(default_factory=lambda: {"BTC": OptionFactors()})
    option_default: OptionFactors = OptionFactors()
    basis: Basis = Basis.MARK
    estimate_tolerance: float = 0.02
    exact_tolerance: float = 1e-4
    full_collateral: frozenset[Asset] = frozenset({"USDT", "USDC"})


DEFAULTS = Parameters()
LEGACY = Parameters(basis=Basis.ENTRY)
