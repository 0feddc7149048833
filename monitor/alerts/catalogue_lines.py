"""The rules on how near liquidation is: ratios, and distances in percent, in USD, in daily sigmas and in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.alerts.catalogue_entries import CRITICAL, DAY, WARNING, Entry, above, below, silent
from monitor.alerts.rule import RuleSettings
from monitor.alerts.trend import WINDOW_SECONDS


def _distance() -> RuleSettings:
    return RuleSettings(thresholds={WARNING: 0.10, CRITICAL: 0.05}, for_seconds=5.0)


LINES: Mapping[str, Entry] = {
    "margin_ratio": Entry(
        above("a pool's requirement over its equity", end=1.0, most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 0.6, CRITICAL: 0.8}, hysteresis_ratio=0.05, for_seconds=5.0),
    ),
    "account_ratio": Entry(above("the margin ratio of an account's worst pool", end=1.0, most=1.0), silent),
    "stage_ratio": Entry(
        above("how near a pool is to a stage beside liquidation, such as orders cancelled", "stage", end=1.0, most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 1.0}, hysteresis_ratio=0.05, for_seconds=5.0),
    ),
    "coin_distance": Entry(below("how far one coin may move", "coin", "direction", most=1.0), _distance),
    "market_distance": Entry(below("how far all coins may move together", "direction", most=1.0), _distance),
    "position_distance": Entry(below("how far one instrument may move", "symbol", "side", most=1.0), _distance),
    "depeg_distance": Entry(below("how far one stablecoin may leave 1 USD", "coin", "direction", most=1.0), _distance),
    "coin_sigmas": Entry(below("how far one coin may move, in its daily sigmas", "coin", "direction"), silent),
    "market_sigmas": Entry(below("how far all coins may move together, in daily sigmas", "direction"), silent),
    "position_sigmas": Entry(below("how far one instrument may move, in its daily sigmas", "symbol", "side"), silent),
    "room_usd": Entry(below("what a pool may lose until liquidation, in USD"), silent),
    "position_room_usd": Entry(below("what one position may lose until liquidation, in USD", "symbol", "side"), silent),
    "worsening": Entry(
        replace(
            above("the share of a pool's room in USD that was lost within the window", end=1.0, most=1.0),
            window_seconds=WINDOW_SECONDS,
        ),
        lambda: RuleSettings(
            thresholds={WARNING: 0.5}, for_seconds=30.0, worsening_factor=0.25, window_seconds=WINDOW_SECONDS
        ),
    ),
    "burn_time": Entry(
        below("seconds until funding and interest alone liquidate a pool"),
        lambda: RuleSettings(thresholds={WARNING: 3 * DAY, CRITICAL: DAY}, for_seconds=60.0),
    ),
    "trend_time": Entry(
        replace(
            below("seconds until a pool is liquidated if it goes on losing as it did within the window"),
            window_seconds=WINDOW_SECONDS,
            least_window_seconds=WINDOW_SECONDS,
        ),
        lambda: RuleSettings(for_seconds=60.0, window_seconds=WINDOW_SECONDS),
    ),
    "ratio_after_payment": Entry(
        above("a pool's margin ratio after its next funding or interest", end=1.0, most=1.0),
        lambda: RuleSettings(thresholds={CRITICAL: 1.0}, hysteresis_ratio=0.05, for_seconds=30.0),
    ),
    "distance_after_payment": Entry(
        below("a pool's nearest line after its next funding or interest", most=1.0), silent
    ),
}  # fmt: skip
