"""The rules on limits and policies: what is held, how large, on which margin, and what nobody can explain."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.catalogue_entries import (
    CRITICAL,
    DAY,
    INFO,
    WARNING,
    Entry,
    above,
    below,
    silent,
    state,
)
from monitor.alerts.rule import RuleSettings

RISK: Mapping[str, Entry] = {
    "deficit": Entry(
        above("a negative balance without a position, in USD"),
        lambda: RuleSettings(thresholds={WARNING: 1.0}, for_seconds=60.0),
    ),
    "funds_at_risk": Entry(above("what the liquidation of a pool takes, in USD"), silent),
    "account_funds_at_risk": Entry(above("what the liquidation of all pools of an account takes, in USD"), silent),
    "account_gross": Entry(above("the notional of all positions of an account, in USD"), silent),
    "account_net": Entry(above("the notional of longs less that of shorts of an account, in USD, either way"), silent),
    "account_leverage": Entry(above("an account's gross notional over its equity"), silent),
    "one_sided_leverage": Entry(
        above("the effective leverage of a cross pool of which all legs lose in the same direction"),
        lambda: RuleSettings(thresholds={WARNING: 5.0}, for_seconds=60.0, repeat_seconds={}),
    ),
    "auto_add_margin": Entry(
        state("the venue adds margin from the wallet to an isolated position by itself", "symbol", "side",
              words=("on",)),
        lambda: RuleSettings(severities={"on": WARNING}, keep_firing_seconds=60.0, repeat_seconds={}),
    ),
    "collateral_share": Entry(above("the share of one asset in a pool's collateral", "coin", most=1.0), silent),
    "collateral_depeg": Entry(
        above("how far the price of a stablecoin held as collateral is from 1 USD", "coin", most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 0.01, CRITICAL: 0.03}, for_seconds=60.0),
    ),
    "adl_rank": Entry(
        above("the place in the venue's queue of auto-deleveraging; 4 goes first", "symbol", "side"),
        lambda: RuleSettings(thresholds={INFO: 4.0}, hysteresis_ratio=0.0, for_seconds=300.0, repeat_seconds={}),
    ),
    "position_cap": Entry(
        above("a position's notional over what its last tier or its leverage allows", "symbol", "side", most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 1.0}, hysteresis_ratio=0.02, for_seconds=60.0),
    ),
    "delivery_near": Entry(
        below("seconds until a dated contract is delivered", "symbol", "side"),
        lambda: RuleSettings(
            thresholds={INFO: 7 * DAY, WARNING: DAY}, hysteresis_ratio=0.0, worsening_factor=0.0, repeat_seconds={}
        ),
    ),
    "unexplained_loss": Entry(
        above("the share of an account's equity that left it within the last hour without a known cause", most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 0.01, CRITICAL: 0.1}, for_seconds=30.0),
    ),
    "unexplained_gain": Entry(
        above("what came to an account within the last hour without a known cause, over its equity", most=1.0),
        lambda: RuleSettings(thresholds={INFO: 0.01}, for_seconds=30.0, repeat_seconds={}),
    ),
}  # fmt: skip
