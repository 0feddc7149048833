"""Numbers of KuCoin's rules that it does not publish, or that are not verified: each can be set. Flags are 0 or 1."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.tables import Tables

DEFAULTS: Mapping[str, float] = {
    "isolated_rule_2025": 1.0,  # flag: margin of isolated positions since 2025-05-22; 0: the entry-based one before
    "liquidation_fee": 0.0006,  # ratio: in no field; one recorded frame of 2026 fits it to ten digits
    "calibrate_liquidation_fee": 1.0,  # flag: take the fee that the venue's own printed price tells, within bounds
    "liquidation_fee_max": 0.002,  # ratio: above it a calibrated fee is not believed; below 0 neither
    "taker_fee": 0.0006,  # ratio: where neither the user's rate nor the contract's was read
    "user_taker_fee": 1.0,  # flag: closing fees at the user's rate; 0: at the contract's. Which, is unverified
    "mmr_capped": 1.0,  # flag: whether mmrLimit caps the growing rate of cross positions; unverified
    "orders_cancelled_ratio": 0.95,  # ratio: risk rate at which orders are cancelled in cross margin
    "cross_line_tolerance": 0.02,  # ratio of the mark: the printed price of one among several cross positions
    "unified_threshold": 1.0,  # ratio: risk ratio of liquidation in the unified account; unverified
    "unified_orders_ratio": 0.95,  # ratio: risk ratio at which its orders are cancelled; unverified
    "unified_balance_with_profit": 0.0,  # flag: whether `balance` of a coin holds unrealised profit; unverified
    "loan_liquidation_ratio": 0.97,  # ratio: debt ratio of liquidation where the venue's own was not read
    "loan_warning_ratio": 0.95,  # ratio: debt ratio of the warning, the same
    "margin_coefficient": 0.0,  # flag: whether assets count times `marginCoefficient` in the debt ratio; unverified
}
"""Each number that `describe` falls back on."""

MEANING: Mapping[str, str] = {
    "isolated_rule_2025": "1: isolated margin by the rule since 2025-05-22; 0: by the one before, for recorded data",
    "liquidation_fee": "ratio of the value at mark that isolated maintenance holds beside its rate",
    "calibrate_liquidation_fee": "1: read that fee off the venue's printed liquidation price where sane; 0: never",
    "liquidation_fee_max": "ratio: the highest fee that a printed price is believed to tell",
    "taker_fee": "ratio: the fee of taking where none was read",
    "user_taker_fee": "1: closing fees of cross margin at the user's own rate; 0: at the contract's",
    "mmr_capped": "1: mmrLimit is the highest maintenance rate of cross positions; 0: there is none",
    "orders_cancelled_ratio": "ratio: the risk rate at which resting orders of cross margin are cancelled",
    "cross_line_tolerance": "ratio of the mark: how far the venue's reference price of cross positions may lie off",
    "unified_threshold": "ratio: the risk ratio at which the unified account is liquidated",
    "unified_orders_ratio": "ratio: the risk ratio at which the unified account's orders are cancelled",
    "unified_balance_with_profit": "1: a coin's balance in the unified account holds unrealised profit; 0: it does not",
    "loan_liquidation_ratio": "ratio: the debt ratio at which a spot loan is liquidated, where the venue did not say",
    "loan_warning_ratio": "ratio: the debt ratio at which it is warned of, where the venue did not say",
    "margin_coefficient": "1: assets count times their margin coefficient in the debt ratio; 0: in full",
}
"""The same in words, one line each, with its unit."""


BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(DEFAULTS, (0.0, 1.0)),
    "orders_cancelled_ratio": (0.01, 1.0),
    "unified_threshold": (0.01, 10.0),
    "unified_orders_ratio": (0.01, 10.0),
    "loan_liquidation_ratio": (0.01, 0.999),
    "loan_warning_ratio": (0.01, 0.999),
}
"""Between which a number can be meant; outside of them the default holds."""


def parameter(tables: Tables, name: str) -> float:
    """A number as the user set it, or its default. KeyError for a name that is none."""
    value, (lowest, highest) = tables.parameters.get(name, DEFAULTS[name]), BOUNDS[name]
    return value if lowest <= value <= highest else DEFAULTS[name]


def flag(tables: Tables, name: str) -> bool:
    """A flag as the user set it, or its default."""
    return bool(parameter(tables, name))
