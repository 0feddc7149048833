"""Numbers of Binance's rules that it does not publish, or that were not confirmed: what a user may set.

Read as `tables.parameters.get(name, DEFAULTS[name])`. README.md says how a wrong one would show.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.tables import Tables

DEFAULTS: Mapping[str, float] = {
    # Spot margin, Classic: level (assets over debts, a ratio) of the margin call; 1.3 at 3x, 1.16 at 5x [doc].
    "margin_call_level": 1.3,
    # Spot margin, Classic: level of liquidation, a ratio [doc].
    "margin_liquidation_level": 1.1,
    # Spot margin, Pro: level (net collateral over maintenance, a ratio) of the margin call; not published.
    "margin_pro_call_level": 1.2,
    # Spot margin, Pro: level of liquidation, a ratio; not confirmed since 2025-01-21.
    "margin_pro_liquidation_level": 1.0,
    # Isolated pairs: level of liquidation where no tier of the pair was read, a ratio; a high one, as of 3x.
    "isolated_liquidation_level": 1.18,
    # Portfolio margin: uniMMR (a ratio) at which the venue begins to remind [doc of Pro].
    "portfolio_margin_call_unimmr": 1.5,
    # Portfolio margin: uniMMR at which positions may only be made smaller, a ratio [doc of Pro].
    "portfolio_reduce_only_unimmr": 1.2,
    # Portfolio margin: uniMMR of liquidation, a ratio [doc].
    "portfolio_liquidation_unimmr": 1.05,
    # Portfolio margin: uniMMR that the printed liquidation prices speak of, a ratio: 1 or 1.05, not told apart.
    "portfolio_line_unimmr": 1.05,
    # Portfolio margin: maintenance of a loan as a ratio of it; the venue's own table by leverage is not public.
    "portfolio_loan_maintenance_rate": 0.1,
    # Portfolio margin: 1 where tiers of collateral are in USD of the asset's value, 0 where they are in the asset.
    "portfolio_collateral_by_value": 1.0,
}

MEANING: Mapping[str, str] = {
    "margin_call_level": "ratio: cross margin Classic, margin level of the margin call (1.3 at 3x, 1.16 at 5x)",
    "margin_liquidation_level": "ratio: cross margin Classic, margin level of liquidation",
    "margin_pro_call_level": "ratio: cross margin Pro, margin level of the margin call",
    "margin_pro_liquidation_level": "ratio: cross margin Pro, margin level of liquidation",
    "isolated_liquidation_level": "ratio: isolated margin, margin level of liquidation where tiers are not read",
    "portfolio_margin_call_unimmr": "ratio: portfolio margin, uniMMR of the first reminder",
    "portfolio_reduce_only_unimmr": "ratio: portfolio margin, uniMMR of reduce-only",
    "portfolio_liquidation_unimmr": "ratio: portfolio margin, uniMMR of liquidation",
    "portfolio_line_unimmr": "ratio: portfolio margin, uniMMR that the venue's printed prices speak of",
    "portfolio_loan_maintenance_rate": "ratio of a loan: portfolio margin, its maintenance margin",
    "portfolio_collateral_by_value": "flag: portfolio margin, tiers of collateral are in USD (1) or in the asset (0)",
}

BOUNDS: Mapping[str, tuple[float, float]] = {
    "margin_call_level": (1.001, 10.0),
    "margin_liquidation_level": (1.001, 10.0),
    "margin_pro_call_level": (0.001, 10.0),
    "margin_pro_liquidation_level": (0.001, 10.0),
    "isolated_liquidation_level": (1.001, 10.0),
    "portfolio_margin_call_unimmr": (0.001, 100.0),
    "portfolio_reduce_only_unimmr": (0.001, 100.0),
    "portfolio_liquidation_unimmr": (0.001, 100.0),
    "portfolio_line_unimmr": (0.001, 100.0),
    "portfolio_loan_maintenance_rate": (0.0, 1.0),
    "portfolio_collateral_by_value": (0.0, 1.0),
}
"""Between which a number can be meant: a loan that is liquidated at a level of 1, or a ratio of 0, is no rule."""


def parameter(tables: Tables, name: str) -> float:
    """What the user set, or what we take it for; the nearest number that makes a rule at all."""
    lowest, highest = BOUNDS[name]
    return min(max(tables.parameters.get(name, DEFAULTS[name]), lowest), highest)
