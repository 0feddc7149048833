"""Every rule, tried by promtool: fires, does not; what is stale, NaN, infinite, absent; and what is remembered.

One run of promtool tries all scenes side by side, each in a monitor of its own: a world takes a second, not a scene.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.app.prometheus_own import OWN
from monitor.app.prometheus_rules import RuleOptions
from monitor.app.prometheus_sources import SOURCES, Held, NotExported
from monitor.domain.fingerprints import alert_name
from tests.prometheus.promtool import BAD, GONE, LATE, Fires, Series, judged, running, tried, write
from tests.prometheus.scenes import ACCOUNT, GROUP, HEDGE, POOL, SCENES, Scene, settings

OPTIONS = RuleOptions(rules=settings())
REMEMBERED = [one for one in SCENES if one.held is not None]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all rules, each of them with a threshold."""
    return write(tmp_path_factory.mktemp("rules"), OPTIONS)


def scene(one: Scene, values: str) -> Series:
    """A scene whose main series has these values, in a world where all else is well."""
    return {**running(), **{name: said.format(n=BAD) for name, said in one.beside.items()}, one.main: values}


def test_every_rule_that_is_made_has_a_scene_for_each_of_its_rows() -> None:
    made = {name: len(row) for name, row in SOURCES.items() if not isinstance(row, NotExported)}
    assert {name: sum(one.rule == name for one in SCENES) for name in made} == made
    assert {one.rule for one in SCENES} == set(made)


def _many(value: str) -> str:
    return " ".join([value] * (BAD + 1))


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        pytest.param(lambda one: one.bad.format(n=BAD), lambda one: one.levels, id="fires beyond its threshold"),
        pytest.param(lambda one: one.calm.format(n=BAD), lambda _: (), id="is silent before it"),
        pytest.param(lambda _: _many("NaN"), lambda _: (), id="is silent at NaN"),
        pytest.param(lambda _: "_x20", lambda _: (), id="is silent where the figure is absent"),
        pytest.param(lambda _: "stale", lambda _: (), id="is silent where the figure was never anything but stale"),
    ],
)
def test_every_rule(rules: Path, values: Callable[[Scene], str], levels: Callable[[Scene], tuple[str, ...]]) -> None:
    tried(rules, OPTIONS, ((scene(one, values(one)), [(BAD, alert_name(one.rule), levels(one))]) for one in SCENES))


def test_what_is_infinite_is_the_worst_of_a_ratio_and_the_best_of_a_distance(rules: Path) -> None:
    of_gauges = [one for one in SCENES if "_total" not in one.main]
    tried(
        rules, OPTIONS, ((scene(one, _many("+Inf")), [(BAD, alert_name(one.rule), one.infinite)]) for one in of_gauges)
    )


_QUALITY = {
    Held.POOL: f'marginwatch_pool_quality{{{POOL},quality="STALE"}}',
    Held.ACCOUNT: f'marginwatch_pool_quality{{{POOL},quality="UNKNOWN"}}',
    Held.GROUP: f'marginwatch_group_quality{{{GROUP},quality="UNKNOWN"}}',
    Held.HEDGE: f'marginwatch_group_hedge_state{{{HEDGE},state="unknown"}}',
}


def _gone(one: Scene, then: str = "") -> dict[str, str]:
    """The figures of a scene, bad until they vanish."""
    world = {name: f"{said.format(n=BAD)} stale{then}" for name, said in one.beside.items()}
    return {**world, one.main: f"{one.bad.format(n=BAD)} stale{then}"}


def _flag(one: Scene) -> str:
    assert one.held is not None
    return _QUALITY[one.held]


def test_a_breach_goes_on_while_its_feed_is_dead_and_then_what_tells_of_the_data(rules: Path) -> None:
    def told(one: Scene) -> list[Fires]:
        alert = alert_name(one.rule)
        data = {
            Held.GROUP: [(LATE, "MarginwatchGroupUnknown", ("warning",))],
            Held.HEDGE: [],
            Held.ACCOUNT: [(LATE, "MarginwatchDataQuality", ("critical",))],
            Held.POOL: [(LATE, "MarginwatchDataQuality", ("warning",))],
        }
        assert one.held is not None
        return [(GONE, alert, one.levels), (60, alert, one.levels), (LATE, alert, ()), *data[one.held]]

    tried(rules, OPTIONS, (({**running(), **_gone(one), _flag(one): "0x20 1x130"}, told(one)) for one in REMEMBERED))


def test_a_breach_goes_on_while_the_monitor_is_down_and_then_what_tells_of_that(rules: Path) -> None:
    tried(
        rules,
        OPTIONS,
        (
            (
                {**running("1x20 0x130"), **_gone(one), _flag(one): "0x20 stale"},
                [
                    (GONE, alert_name(one.rule), one.levels),
                    (60, alert_name(one.rule), one.levels),
                    (LATE, alert_name(one.rule), ()),
                    (LATE, "MarginwatchDown", ("critical",)),
                ],
            )
            for one in REMEMBERED
        ),
    )


def test_what_was_closed_is_over_and_no_outage_brings_it_back(rules: Path) -> None:
    def told(one: Scene) -> list[Fires]:
        return [(GONE, alert_name(one.rule), ()), (50, alert_name(one.rule), ())]

    seen = {
        f"marginwatch_account_up{{{ACCOUNT}}}": "1x40",
        f'marginwatch_group_quality{{{GROUP},quality="LIVE"}}': "1x40",
    }
    worlds = [
        ({**running("1x40 0x110"), **_gone(one), **seen, _flag(one): "0x40 stale"}, told(one)) for one in REMEMBERED
    ]
    worlds += [({**running(), **_gone(one), **seen, _flag(one): "0x40 1x110"}, told(one)) for one in REMEMBERED]
    tried(rules, OPTIONS, worlds)


def test_a_breach_that_begins_again_after_it_was_closed_is_remembered_again(rules: Path) -> None:
    worlds = []
    for one in (each for each in REMEMBERED if each.rule in ("margin_ratio", "position_distance", "group_ratio")):
        again = f"{one.bad.format(n=BAD)} stale _x5 {one.bad.format(n=BAD)} stale"
        world = {**running("1x46 0x100"), one.main: again, _flag(one): "0x47 stale"}
        worlds.append((world, [(65, alert_name(one.rule), one.levels)]))
    tried(rules, OPTIONS, worlds)


def test_a_monitor_that_starts_again_and_has_not_read_its_accounts_ends_nothing(rules: Path) -> None:
    up = f"marginwatch_account_up{{{ACCOUNT}}}"
    of_accounts = [one for one in REMEMBERED if one.held in (Held.POOL, Held.ACCOUNT)]
    tried(
        rules,
        OPTIONS,
        (
            ({**running("1x20 0x2 1x120"), **_gone(one), up: "1x20 stale stale 0x120"},
             [(40, alert_name(one.rule), one.levels)])
            for one in of_accounts
        ),
    )  # fmt: skip


def test_a_breach_that_is_over_when_the_monitor_is_back_is_over(rules: Path) -> None:
    def back(one: Scene) -> Series:
        world = {name: f"{said.format(n=BAD)} stale _x4 {said.format(n=120)}" for name, said in one.beside.items()}
        values = f"{one.bad.format(n=BAD)} stale _x4 {one.calm.format(n=120)}"
        return {**running("1x20 0x5 1x120"), **world, one.main: values}

    tried(rules, OPTIONS, ((back(one), [(45, alert_name(one.rule), ())]) for one in REMEMBERED))


def test_what_only_prometheus_can_tell(rules: Path) -> None:
    firing = 'marginwatch_alerts_firing{rule="key_expiry",severity="warning",state="firing"}'
    known = 'marginwatch_alerts_firing{rule="margin_ratio",severity="warning",state="firing"}'
    slow = "scrape_duration_seconds{}"
    tried(
        rules,
        OPTIONS,
        [
            ({"up{}": "0x30"}, [(BAD, "MarginwatchDown", ("critical",))]),
            (
                {"up{}": "1x30", slow: "3x30"},
                [(BAD, "MarginwatchScrapeSlow", ("warning",)), (BAD, "MarginwatchDown", ())],
            ),
            ({"up{}": "1x30", slow: "0.1x30"}, [(BAD, "MarginwatchScrapeSlow", ())]),
            ({"up{}": "1x30", firing: "2x30"}, [(BAD, "MarginwatchToldByMonitor", ("warning",))]),
            ({"up{}": "1x20 0x10", firing: "2x20 stale"}, [(28, "MarginwatchToldByMonitor", ("warning",))]),
            ({"up{}": "1x30", firing: "0x30"}, [(BAD, "MarginwatchToldByMonitor", ())]),
            # What a rule here tells is not told a second time.
            ({"up{}": "1x30", known: "2x30"}, [(BAD, "MarginwatchToldByMonitor", ())]),
        ],
    )


@pytest.mark.parametrize(
    ("world", "absent"),
    [
        pytest.param({}, 1, id="no target exists"),
        pytest.param({"up": "1x30"}, 1, id="something else answers"),
        pytest.param({"up": "0x30"}, 0, id="the monitor is down"),
        pytest.param({"up": "1x30", "marginwatch_build_info": "1x30"}, 0, id="the monitor answers"),
    ],
)
def test_absence_and_the_dead_man(rules: Path, world: Series, absent: int) -> None:
    def count(alert: str) -> str:
        return f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'

    none: list[dict[str, Any]] = []
    one = [{"labels": "{}", "value": 1}]
    test = {
        "interval": "1m",
        "input_series": [{"series": f'{name}{{job="marginwatch",instance="i"}}', "values": values}
                         for name, values in world.items()],
        "promql_expr_test": [
            {"expr": count("MarginwatchAbsent"), "eval_time": "20m", "exp_samples": one if absent else none},
            {"expr": count("MarginwatchPrometheusWatchdog"), "eval_time": "20m", "exp_samples": one},
        ],
    }  # fmt: skip
    judged(rules, OPTIONS, test)
    assert len(OWN) == 5
