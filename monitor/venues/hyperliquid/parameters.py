"""Numbers of Hyperliquid's rules that no answer gives, or that changed before: each can be set in the configuration.

What is in an answer (tiers, loan to value, prices) is read there and stands here only as a last resort.
"""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, float] = {
    "portfolio_threshold": 0.95,  # ratio; documented
    "portfolio_offset_usdc": 20.0,  # USDC; documented; whether the shown ratio holds it is not verified
    "borrow_cap_usdc": 50e6,  # USDC; documented 2026-08-22, changed four times in nine months
    "borrow_cap_usdt": 1e6,  # USDT; the same
    "supply_cap_usdc": 250e6,  # USDC; the same
    "supply_cap_usdt": 5e6,  # USDT; the same
    "supply_cap_hype": 1e6,  # HYPE; the same
    "supply_cap_btc": 200.0,  # BTC; the same
    "ltv_hype": 0.65,  # ratio; only where neither the balance nor the reserve says one
    "ltv_btc": 0.5,  # ratio; the same
    "backstop_share": 2.0 / 3.0,  # ratio of maintenance; documented
    "standard_tolerance": 1e-3,  # ratio of the mark; 957 of 998 recorded lines are exact
    "pooled_tolerance": 1e-2,  # ratio of the mark; two answers of two moments, 36 of 86 recorded lines are exact
    "printed_multiple": 1e4,  # multiple of the mark; a printed line 1219 marks away is recorded, null ones are not
    "held_maintenance": 0.0,  # flag; 1 is the rule of 2023: maintenance held at the mark of now (recorded)
    "oracle_still_seconds": 120.0,  # seconds; the venue itself falls back to its book after 10
}

MEANING: Mapping[str, str] = {
    "portfolio_threshold": "portfolio margin ratio at which the venue liquidates (ratio)",
    "portfolio_offset_usdc": "constant part of the requirement of portfolio margin (USDC)",
    "borrow_cap_usdc": "most that a user may borrow, and so most that collateral counts for (USDC)",
    "borrow_cap_usdt": "the same of USDT (USDT)",
    "supply_cap_usdc": "most of USDC that counts as collateral of another token (USDC)",
    "supply_cap_usdt": "most of USDT that counts as collateral (USDT)",
    "supply_cap_hype": "most of HYPE that counts as collateral (HYPE)",
    "supply_cap_btc": "most of BTC that counts as collateral (BTC)",
    "ltv_hype": "loan to value of HYPE where no answer says it (ratio)",
    "ltv_btc": "loan to value of BTC where no answer says it (ratio)",
    "backstop_share": "share of maintenance below which the backstop vault takes over (ratio)",
    "standard_tolerance": "how far the venue's liquidation price may lie from ours, standard mode (ratio of the mark)",
    "pooled_tolerance": "the same in unified mode and portfolio margin (ratio of the mark)",
    "printed_multiple": "above this multiple of the mark the venue prints no liquidation price (multiple)",
    "held_maintenance": "1: maintenance does not move with the price, as in data before 2024 (flag)",
    "oracle_still_seconds": "after which a builder's oracle that stands still makes its marks old (seconds)",
}

BOUNDS: Mapping[str, tuple[float, float]] = {
    "portfolio_threshold": (0.01, 1.0),
    "portfolio_offset_usdc": (0.0, 1e4),
    **{name: (0.0, 1e12) for name in DEFAULTS if "_cap_" in name},
    "ltv_hype": (0.0, 1.0),
    "ltv_btc": (0.0, 1.0),
    "backstop_share": (0.01, 1.0),
    "standard_tolerance": (0.0, 0.5),
    "pooled_tolerance": (0.0, 0.5),
    "printed_multiple": (1.0, 1e9),
    "held_maintenance": (0.0, 1.0),
    "oracle_still_seconds": (1.0, 86_400.0),
}
"""Between which a number can be meant."""


def number(parameters: Mapping[str, float], name: str) -> float:
    """A number as the user set it, or its default."""
    return parameters.get(name, DEFAULTS[name])
