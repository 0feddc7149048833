"""What happens around a breach, minute by minute: restarts, gaps, targets and accounts that come and go, two monitors.

Nothing is lengthened here by times that conditions must hold or go on for: what fires is what the expressions say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from monitor.app.prometheus_rules import RuleOptions
from tests.prometheus.promtool import Fires, World, judged, running, tried, write
from tests.prometheus.scenes import ACCOUNT, GROUP, POOL, POSITION, settings

OPTIONS = RuleOptions(
    rules={name: replace(one, for_seconds=0.0, keep_firing_seconds=0.0) for name, one in settings().items()}
)
RATIO, DISTANCE = (
    f"marginwatch_pool_margin_ratio{{{POOL}}}",
    f"marginwatch_position_liquidation_distance_ratio{{{POSITION}}}",
)
QUALITY, UP = f'marginwatch_pool_quality{{{POOL},quality="STALE"}}', f"marginwatch_account_up{{{ACCOUNT}}}"
UNKNOWN = f'marginwatch_pool_quality{{{POOL},quality="UNKNOWN"}}'
GROUP_RATIO, GROUP_LIVE = (
    f"marginwatch_group_margin_ratio{{{GROUP}}}",
    f'marginwatch_group_quality{{{GROUP},quality="LIVE"}}',
)
TELLS, OF_GROUP = "MarginwatchMarginRatio", "MarginwatchGroupRatio"
BOTH = ("critical", "warning")
INFINITE, NAN = " ".join(["+Inf"] * 10), " ".join(["NaN"] * 10)


def at(*minutes: int, alert: str = TELLS) -> list[Fires]:
    """It fires then."""
    return [(minute, alert, BOTH) for minute in minutes]


def silent(*minutes: int, alert: str = TELLS) -> list[Fires]:
    """It does not fire then."""
    return [(minute, alert, ()) for minute in minutes]


#: A breach from minute 0 on. Minutes are counted from 0: «1x9» are minutes 0 to 9.
WORLDS: Mapping[str, World] = {
    "one scrape fails": (
        {**running("1x9 0 1x20"), RATIO: "0.9x9 stale 0.9x20", UP: "1x9 stale 1x20"},
        at(9, 10, 11, 20),
    ),
    "one scrape never came: the last value counts for five minutes anyway": (
        {**running("1x9 _ 1x20"), RATIO: "0.9x9 _ 0.9x20", UP: "1x9 _ 1x20"},
        at(9, 10, 11),
    ),
    "the monitor starts again, reads its accounts, and the breach is still there": (
        {**running("1x9 0x1 1x20"), RATIO: "0.9x9 stale _x3 0.9x20", UP: "1x9 stale _ 0x2 1x20"},
        at(9, 10, 11, 12, 13, 14, 20),
    ),
    "the monitor starts again, and the position was closed meanwhile: nothing brings it back": (
        {**running("1x9 0x1 1x20 0x30"), RATIO: "0.9x9 stale", UP: "1x9 stale _ 0x2 1x17 stale"},
        [*at(9, 11, 13), *silent(15, 20, 40, 50)],
    ),
    "an account that cannot be read goes on, and when it is back and the position gone, ends": (
        {**running("1x60"), RATIO: "0.9x9 stale", UP: "1x9 0x9 1x40"},
        [*at(9, 10, 19), *silent(20, 40)],
    ),
    "an account is taken out of the configuration: over, also in an outage later": (
        {**running("1x9 0x1 1x20 0x30"), RATIO: "0.9x9 stale", UP: "1x9 stale"},
        [*at(9, 10, 11), *silent(13, 30, 50)],
    ),
    "a pool is stale, then closed: it vanishes with its quality": (
        {**running("1x30 0x30"), RATIO: "0.9x9 stale", QUALITY: "0x9 1x9 stale", UP: "1x30 stale"},
        [*at(9, 10, 19), *silent(20, 30, 40)],
    ),
    "a pool is stale, then unknown, then well": (
        {**running("1x60"), RATIO: "0.9x9 stale _x19 0.2x30", QUALITY: "0x9 1x9 0x40", UNKNOWN: "0x19 1x9 0x30"},
        [*at(9, 10, 19, 20, 29), *silent(30, 50)],
    ),
    "a breach that began in doubt is told when it is seen": (
        {**running("1x60"), RATIO: "0.2x9 stale _x9 0.9x20", QUALITY: "0x9 1x9 0x40"},
        [*silent(9, 15, 19), *at(20)],
    ),
    "without equity the ratio is infinite, and stays so through an outage": (
        {**running("1x9 0x30"), RATIO: f"{INFINITE} stale", UP: "1x9 stale"},
        at(9, 10, 30),
    ),
    "a distance of 0 stays so through an outage": (
        {**running("1x9 0x30"), DISTANCE: "0x9 stale", UP: "1x9 stale"},
        at(9, 10, 30, alert="MarginwatchPositionDistance"),
    ),
    "no price liquidates: infinitely far, also through an outage": (
        {**running("1x9 0x30"), DISTANCE: f"{INFINITE} stale", UP: "1x9 stale"},
        silent(9, 10, 30, alert="MarginwatchPositionDistance"),
    ),
    "NaN is no breach, and none is remembered of it": (
        {**running("1x19 0x30"), RATIO: f"0.9x9 {NAN} stale", UP: "1x19 stale"},
        [*at(9), *silent(10, 19, 30)],
    ),
    "Prometheus itself was away for ten minutes": (
        {**running("1x9 _x10 1x30"), RATIO: "0.9x9 _x10 0.9x30", UP: "1x9 _x10 1x30"},
        at(9, 20, 30),
    ),
    "and the position was closed in that time": (
        {**running("1x9 _x10 1x10 0x30"), RATIO: "0.9x9", UP: "1x9 _x10 1x10 stale"},
        [*at(9), *silent(21, 25, 40)],
    ),
    "and the monitor was down when it came back": (
        {**running("1x9 _x10 0x30"), RATIO: "0.9x9", UP: "1x9"},
        at(9, 20, 40),
    ),
    "something else answers in the monitor's place: nothing is closed by that": (
        {"up{}": "1x9 1x9 0x30", "marginwatch_build_info{}": "1x9 stale", RATIO: "0.9x9 stale", UP: "1x9 stale"},
        [*at(9), *at(21, 40), (18, "MarginwatchAbsent", ("critical",))],
    ),
    "an outage longer than is remembered: what tells of the monitor goes on": (
        {**running("1x9 0x90"), RATIO: "0.9x9 stale", UP: "1x9 stale"},
        [*at(68), *silent(75), (75, "MarginwatchDown", ("critical",))],
    ),
    "the account is down longer than is remembered: what tells of the account goes on": (
        {**running("1x99"), RATIO: "0.9x9 stale", UP: "1x9 0x90"},
        [*at(68), *silent(75), (75, "MarginwatchAccountDown", ("critical",))],
    ),
    "a target that Prometheus no longer has is not asked for any more": (
        {"up{}": "1x9 stale", "marginwatch_build_info{}": "1x9 stale", RATIO: "0.9x9 stale", UP: "1x9 stale"},
        [*at(9), *silent(11, 30)],
    ),
    "a group is taken out of the configuration: over, and told again in an outage within the hour": (
        {**running("1x30 0x30"), GROUP_RATIO: "0.9x9 stale", GROUP_LIVE: "1x9 stale"},
        [*at(9, alert=OF_GROUP), *silent(11, 30, alert=OF_GROUP), *at(40, alert=OF_GROUP)],
    ),
    "a group holds nothing any more: over for good": (
        {**running("1x30 0x30"), GROUP_RATIO: "0.9x9 stale", GROUP_LIVE: "1x30 stale"},
        [*at(9, alert=OF_GROUP), *silent(11, 30, 40, alert=OF_GROUP)],
    ),
    # All worlds watch the same pool of the same account, each from a monitor of its own. To this one all is well.
    "another monitor of the same account": ({**running(), RATIO: "0.2x150", UP: "1x150"}, silent(9, 30, 60)),
}  # fmt: skip


def test_what_happens_around_a_breach(tmp_path: Path) -> None:
    tried(write(tmp_path, OPTIONS), OPTIONS, WORLDS.values(), every="1m")


def test_a_target_under_a_new_name_tells_its_breach_anew_and_the_old_name_is_over(tmp_path: Path) -> None:
    def of(series: str, instance: str, values: str) -> dict[str, str]:
        name, _, labels = series.removesuffix("}").partition("{")
        comma = "," if labels else ""
        return {"series": f'{name}{{{labels}{comma}job="marginwatch",instance="{instance}"}}', "values": values}

    everything = ("up{}", "marginwatch_build_info{}", UP)
    firing = f'count by (instance) (ALERTS{{alertname="{TELLS}",alertstate="firing",severity="critical"}})'
    judged(
        write(tmp_path, OPTIONS),
        OPTIONS,
        {
            "interval": "1m",
            "input_series": [
                *(of(name, "127.0.0.1:9786", "1x9 stale") for name in everything),
                *(of(name, "margin-1", "_x10 1x40") for name in everything),
                of(RATIO, "127.0.0.1:9786", "0.9x9 stale"),
                of(RATIO, "margin-1", "_x10 0.9x40"),
            ],
            "promql_expr_test": [
                {"expr": firing, "eval_time": f"{minute}m", "exp_samples": [
                    {"labels": f'{{instance="{instance}"}}', "value": 1},
                ]}
                for minute, instance in ((9, "127.0.0.1:9786"), (11, "margin-1"), (40, "margin-1"))
            ],
        },
    )  # fmt: skip
