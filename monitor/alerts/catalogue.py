"""All rules, and their defaults. Each has a runbook of the same name (monitor/runbooks)."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.domain.alerts import Severity

RULES: Mapping[str, Rule] = {
    "margin_ratio": Rule(kind=Kind.NUMBER, about="a pool's requirement over its equity", end=1.0, most=1.0),
    "coin_distance": Rule(
        kind=Kind.NUMBER,
        about="how far one coin may move",
        details=("coin", "direction"),
        rising=False,
        end=0.0,
        most=1.0,
    ),
    "market_distance": Rule(
        kind=Kind.NUMBER,
        about="how far all coins may move together",
        details=("direction",),
        rising=False,
        end=0.0,
        most=1.0,
    ),
    "position_distance": Rule(
        kind=Kind.NUMBER,
        about="how far one instrument may move",
        details=("symbol", "side"),
        rising=False,
        end=0.0,
        most=1.0,
    ),
    "deficit": Rule(kind=Kind.NUMBER, about="a negative balance without a position, in USD"),
    "drift": Rule(
        kind=Kind.NUMBER,
        about="our figure against the venue's, as a ratio",
        details=("figure", "symbol", "side"),
        most=1.0,
    ),
    "clock_offset": Rule(kind=Kind.NUMBER, about="the venue's clock against ours, in seconds, either way"),
    "key_expiry": Rule(kind=Kind.NUMBER, about="seconds until the key expires", rising=False, end=0.0),
    "data_quality": Rule(
        kind=Kind.STATE, about="a pool's report is partial, stale or unknown", words=("PARTIAL", "STALE", "UNKNOWN")
    ),
    "account_down": Rule(kind=Kind.STATE, about="an account's data is not fresh or not readable", words=("down",)),
    "feed_down": Rule(kind=Kind.STATE, about="a stream does not deliver", details=("stream",), words=("down",)),
    "poll_down": Rule(kind=Kind.STATE, about="a reading keeps failing", details=("stream",), words=("down",)),
    "feed_lag": Rule(
        kind=Kind.NUMBER,
        about="how long a stream's messages take from the venue's stamp to us, in seconds",
        details=("stream",),
    ),
    "venue_ban": Rule(kind=Kind.STATE, about="the venue told us to stop calling", words=("banned",)),
    "journal": Rule(
        kind=Kind.STATE,
        about="the journal is not written, or records of it are lost",
        details=("trouble",),
        words=("not_writing", "lost"),
    ),
    "key_permission": Rule(
        kind=Kind.STATE, about="what the account's key may do beyond reading", words=("withdraw", "trade", "unreadable")
    ),
    "mode_changed": Rule(kind=Kind.EVENT, about="the account's margin or position mode changed", details=("key",)),
    "position_appeared": Rule(kind=Kind.EVENT, about="a position was opened", details=("key",)),
    "position_vanished": Rule(kind=Kind.EVENT, about="a position is gone, confirmed", details=("key",)),
    "venue_warning": Rule(
        kind=Kind.EVENT,
        about="the venue warns of, or reports, a forced close",
        details=("kind", "symbol", "side"),
        words=("margin_call", "liquidation", "adl", "settlement"),
    ),
    "tiers_changed": Rule(kind=Kind.EVENT, about="the venue changed maintenance tiers", details=("key",)),
    "price_jump": Rule(kind=Kind.EVENT, about="a mark price jumped out of its band", details=("key",)),
    "permissions_changed": Rule(kind=Kind.EVENT, about="the key's permissions changed", details=("key",)),
}


def _distance() -> RuleSettings:
    return RuleSettings(thresholds={Severity.WARNING: 0.10, Severity.CRITICAL: 0.05}, for_seconds=5.0)


def _event(**severities: Severity) -> RuleSettings:
    return RuleSettings(severities=severities, keep_firing_seconds=3600.0, repeat_seconds={})


def default_rules() -> dict[str, RuleSettings]:
    """Every rule with its defaults."""
    return {
        "margin_ratio": RuleSettings(
            thresholds={Severity.WARNING: 0.6, Severity.CRITICAL: 0.8}, hysteresis_ratio=0.05, for_seconds=5.0
        ),
        "coin_distance": _distance(),
        "market_distance": _distance(),
        "position_distance": _distance(),
        "deficit": RuleSettings(thresholds={Severity.WARNING: 1.0}, for_seconds=60.0),
        "drift": RuleSettings(thresholds={Severity.WARNING: 0.01, Severity.CRITICAL: 0.1}, for_seconds=60.0),
        "clock_offset": RuleSettings(thresholds={Severity.WARNING: 1.0}, for_seconds=60.0),
        "key_expiry": RuleSettings(
            thresholds={Severity.WARNING: 7 * 86400.0, Severity.CRITICAL: 86400.0}, hysteresis_ratio=0.0
        ),
        "data_quality": RuleSettings(
            severities={"STALE": Severity.WARNING, "UNKNOWN": Severity.CRITICAL}, for_seconds=15.0,
            keep_firing_seconds=30.0,
        ),
        "account_down": RuleSettings(
            severities={"down": Severity.CRITICAL}, for_seconds=30.0, keep_firing_seconds=30.0
        ),
        "feed_down": RuleSettings(severities={"down": Severity.WARNING}, for_seconds=15.0, keep_firing_seconds=60.0),
        # Longer than the longest wait between two tries: after an outage each poll has had its turn.
        "poll_down": RuleSettings(severities={"down": Severity.WARNING}, for_seconds=90.0, keep_firing_seconds=60.0),
        "feed_lag": RuleSettings(thresholds={Severity.WARNING: 2.0, Severity.CRITICAL: 10.0}, for_seconds=30.0),
        "venue_ban": RuleSettings(severities={"banned": Severity.CRITICAL}, keep_firing_seconds=0.0),
        "journal": RuleSettings(severities={"not_writing": Severity.WARNING, "lost": Severity.WARNING}),
        "key_permission": RuleSettings(
            severities={
                "withdraw": Severity.CRITICAL, "trade": Severity.WARNING, "unreadable": Severity.WARNING,
            },
            for_seconds=60.0, keep_firing_seconds=0.0,
        ),
        "mode_changed": _event(**{"": Severity.WARNING}),
        "position_appeared": _event(**{"": Severity.INFO}),
        "position_vanished": _event(**{"": Severity.WARNING}),
        "venue_warning": _event(
            margin_call=Severity.CRITICAL, liquidation=Severity.CRITICAL, adl=Severity.CRITICAL,
            settlement=Severity.INFO,
        ),
        "tiers_changed": _event(**{"": Severity.INFO}),
        "price_jump": _event(**{"": Severity.WARNING}),
        "permissions_changed": _event(**{"": Severity.INFO}),
    }  # fmt: skip
