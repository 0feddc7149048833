"""The rules on groups of accounts and the hedges in them. The pools' own alerts lead: these add what no pool knows."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.catalogue_entries import CRITICAL, WARNING, Entry, above, below, silent, state
from monitor.alerts.rule import RuleSettings

GROUPS: Mapping[str, Entry] = {
    "group_ratio": Entry(
        above("what the pools of a group require together over their equity", "group", end=1.0, most=1.0),
        # Below a pool's own thresholds: where all accounts are half used, none can help another.
        lambda: RuleSettings(thresholds={WARNING: 0.5, CRITICAL: 0.7}, hysteresis_ratio=0.05, for_seconds=5.0),
    ),
    "group_coin_distance": Entry(
        below("how far one coin may move until a pool of the group is liquidated", "group", "coin", "direction",
              most=1.0),
        silent,
    ),
    "group_market_distance": Entry(
        below("how far all coins may move together until a pool of the group is liquidated", "group", "direction",
              most=1.0),
        silent,
    ),
    "group_unknown": Entry(
        state("a group's margin ratio cannot be told, because a member is not known", "group", words=("unknown",)),
        lambda: RuleSettings(severities={"unknown": WARNING}, for_seconds=60.0, keep_firing_seconds=30.0),
    ),
    "hedge_broken": Entry(
        state("a leg of a hedge is gone, or smaller than what it holds", "group", "hedge", words=("broken", "shrank")),
        # Long enough for one who closes both sides himself.
        lambda: RuleSettings(
            severities={"broken": CRITICAL, "shrank": WARNING}, for_seconds=15.0, keep_firing_seconds=60.0
        ),
    ),
    "hedge_leg_near": Entry(
        state("the pool of a hedge's leg is near liquidation, which leaves the other leg naked", "group", "hedge",
              words=("near",)),
        lambda: RuleSettings(severities={"near": WARNING}, for_seconds=5.0),
    ),
}  # fmt: skip

OF_GROUPS = frozenset(GROUPS)  #: the rules that read groups, and nothing else; the first of their details is its name
