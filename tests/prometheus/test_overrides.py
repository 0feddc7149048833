"""Settings for a part of what is watched: in Prometheus they hold of the same things as in the monitor."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from monitor.alerts.catalogue import RULES
from monitor.alerts.overrides import ALL_RULES, Override, merged, narrowness
from monitor.app.prometheus_parts import Part, labels_of, parts
from monitor.app.prometheus_rules import RuleOptions, alert_groups
from monitor.app.prometheus_sources import SOURCES, NotExported
from monitor.cli.codes import Exit
from monitor.cli.rules import export_rules
from monitor.domain.alerts import Severity
from monitor.domain.names import AccountKey
from tests.programs import program
from tests.prometheus.promtool import BAD, GONE, World, running, tried, write
from tests.prometheus.scenes import settings

W, C = Severity.WARNING, Severity.CRITICAL
DESK = {AccountKey("binance", "main"): "desk", AccountKey("bybit", "second"): "desk"}

OVERRIDES = (
    Override(rule="margin_ratio", account="main", thresholds={W: 0.3}),
    Override(rule="margin_ratio", account="main", pool="cross:USDT", thresholds={W: 0.2, C: 0.4}),
    Override(rule="margin_ratio", venue="okx", thresholds={W: 0.25}),
    Override(rule="position_distance", coin="BTC", thresholds={W: 0.3}),
    Override(rule="position_distance", symbol="ETHUSDT", thresholds={W: 0.4}, for_seconds=600.0),
    Override(rule="coin_distance", coin="BTC", thresholds={W: 0.2}),
    Override(rule="account_ratio", group="desk", thresholds={C: 0.5}),
    Override(rule="group_ratio", group="desk", thresholds={W: 0.35}),
    Override(rule="data_quality", account="main", pool="cross:USDT", severities={"STALE": C}),
    Override(rule="collateral_share", coin="BTC", thresholds={W: 0.5}),
    Override(rule=ALL_RULES, account="spare", enabled=False),
)
OPTIONS = RuleOptions(rules=settings(), overrides=OVERRIDES, groups=DESK)


def pool(account: str = "other", pool: str = "p", venue: str = "binance") -> str:
    return f'venue="{venue}",account="{account}",pool="{pool}"'


def ratio(value: float, **where: str) -> dict[str, str]:
    return {f"marginwatch_pool_margin_ratio{{{pool(**where)}}}": f"{value}x{BAD}"}


def quality(word: str, **where: str) -> str:
    return f'marginwatch_pool_quality{{{pool(**where)},quality="{word}"}}'


def position(value: float, symbol: str, coin: str, **where: str) -> dict[str, str]:
    labels = f'{pool(**where)},symbol="{symbol}",side="long"'
    return {
        f"marginwatch_position_liquidation_distance_ratio{{{labels}}}": f"{value}x{BAD}",
        f'marginwatch_position_info{{{labels},coin="{coin}"}}': f"1x{BAD}",
    }


def told(alert: str, *levels: str, at: int = BAD) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(at, alert, levels)]


RATIO, POSITION, COIN = "MarginwatchMarginRatio", "MarginwatchPositionDistance", "MarginwatchCoinDistance"
DATA = "MarginwatchDataQuality"

WORLDS: Mapping[str, World] = {
    "no override speaks of it": (ratio(0.35), told(RATIO)),
    "of an account": (ratio(0.35, account="main"), told(RATIO, "warning")),
    "of a pool of that account": (ratio(0.45, account="main", pool="cross:USDT"), told(RATIO, "critical", "warning")),
    "a level that it leaves alone": (ratio(0.85, account="main"), told(RATIO, "critical", "warning")),
    "of a venue": (ratio(0.27, venue="okx"), told(RATIO, "warning")),
    "the narrower of venue and account": (ratio(0.27, venue="okx", account="main"), told(RATIO)),
    "an account that nobody wants to hear of": (ratio(0.99, account="spare"), told(RATIO)),
    "and no data of it": ({quality("UNKNOWN", account="spare"): f"1x{BAD}"}, told(DATA)),
    "of the coin of a position": (position(0.28, "BTCUSDT", "BTC"), told(POSITION, "warning")),
    "which another coin does not have": (position(0.28, "XRPUSDT", "XRP"), told(POSITION)),
    "the symbol is narrower than the coin": (position(0.38, "ETHUSDT", "ETH"), told(POSITION, "warning")),
    "and has a time of its own": (position(0.38, "ETHUSDT", "ETH"), told(POSITION, at=8)),
    "of the lines of a coin": (
        {f'marginwatch_pool_coin_distance_ratio{{{pool()},coin="BTC",direction="down"}}': f"0.15x{BAD}"},
        told(COIN, "warning"),
    ),
    "which another coin's have not": (
        {f'marginwatch_pool_coin_distance_ratio{{{pool()},coin="ETH",direction="down"}}': f"0.15x{BAD}"}, told(COIN),
    ),
    "of the accounts of a group": (
        {'marginwatch_account_margin_ratio{venue="bybit",account="second"}': f"0.6x{BAD}"},
        told("MarginwatchAccountRatio", "critical"),
    ),
    "of an account in no group": (
        {'marginwatch_account_margin_ratio{venue="bybit",account="other"}': f"0.6x{BAD}"},
        told("MarginwatchAccountRatio"),
    ),
    "of a group itself": (
        {'marginwatch_group_margin_ratio{group="desk"}': f"0.4x{BAD}"},
        told("MarginwatchGroupRatio", "warning"),
    ),
    "of a word": (
        {quality("STALE", account="main", pool="cross:USDT"): f"1x{BAD}"},
        told(DATA, "critical"),
    ),
    "of the same word elsewhere": ({quality("STALE", account="main"): f"1x{BAD}"}, told(DATA, "warning")),
    "of a coin as collateral": (
        {f'marginwatch_pool_collateral_share_ratio{{{pool()},asset="BTC"}}': f"0.6x{BAD}"},
        told("MarginwatchCollateralShare", "warning"),
    ),
    "of another coin as collateral": (
        {f'marginwatch_pool_collateral_share_ratio{{{pool()},asset="ETH"}}': f"0.6x{BAD}"},
        told("MarginwatchCollateralShare"),
    ),
    "a breach of an override is remembered as any other": (
        {
            **running("1x20 0x20"),
            **{name: f"{values} stale" for name, values in position(0.28, "BTCUSDT", "BTC").items()},
        },
        told(POSITION, "warning", at=GONE),
    ),
    "and is closed as any other": (
        {**running("1x40"), **{name: f"{values} stale" for name, values in ratio(0.35, account="main").items()}},
        told(RATIO, at=GONE),
    ),
}  # fmt: skip


def test_overrides_fire_where_they_should_and_nowhere_else(tmp_path: Path) -> None:
    write(tmp_path, OPTIONS)
    check = [program("promtool"), "check", "rules", str(tmp_path / "recording.yml"), str(tmp_path / "rules.yml")]
    done = subprocess.run(check, capture_output=True, text=True)
    assert (done.returncode, "lint" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr
    tried(tmp_path, OPTIONS, (({**running("1x40"), **world}, tells) for world, tells in WORLDS.values()))


VALUES = {
    "venue": ("binance", "bybit"), "account": ("main", "second", "other"), "pool": ("p", "q"), "coin": ("BTC", "ETH"),
    "symbol": ("BTCUSDT", "ETHUSDT"), "group": ("desk", "other"),
}  # fmt: skip
CLASHING = (
    Override(rule="position_distance", symbol="BTCUSDT", account="main", thresholds={W: 0.5}),
    Override(rule="position_distance", symbol="BTCUSDT", thresholds={C: 0.4}),
    Override(rule=ALL_RULES, symbol="BTCUSDT", for_seconds=7.0),
    Override(rule="position_distance", coin="BTC", pool="p", for_seconds=99.0),
    Override(rule=ALL_RULES, coin="BTC", enabled=False),
    Override(rule=ALL_RULES, pool="q", keep_firing_seconds=1.0),
    Override(rule=ALL_RULES, venue="bybit", group="desk", thresholds={W: 0.25}),
    Override(rule=ALL_RULES, account="main", hysteresis_ratio=0.5),
    Override(rule=ALL_RULES, group="desk", enabled=True),
    Override(rule=ALL_RULES, group="nobody", enabled=False),
)


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("position_distance", ("venue", "account", "pool", "symbol", "coin")),
        ("coin_distance", ("venue", "account", "pool", "coin")),
        ("account_ratio", ("venue", "account")),
        ("group_coin_distance", ("group", "coin")),
        ("inbox_backlog", ()),
    ],
)
@pytest.mark.parametrize("overrides", [CLASHING, CLASHING[::-1], OVERRIDES], ids=["clashing", "reversed", "usual"])
def test_everything_is_in_just_one_part_with_the_settings_that_the_monitor_has_for_it(
    rule: str, names: tuple[str, ...], overrides: tuple[Override, ...]
) -> None:
    base = settings()[rule]
    found = parts(rule, base, overrides, names, DESK)
    for values in product(*(VALUES[name] for name in names)):
        labels = dict(zip(names, values, strict=True))
        group = DESK.get(AccountKey(labels.get("venue", ""), labels.get("account", "")), "")
        subject = labels if "group" in labels else {**labels, "group": group}
        if labels.get("account") == "main" and labels["venue"] != "binance":
            continue  # a name is that of one account
        if labels.get("account") == "second" and labels["venue"] != "bybit":
            continue
        fitting = sorted((one for one in overrides if one.concerns(rule)), key=narrowness)
        wanted = merged(base, (one for one in fitting if one.matches(subject)))
        (mine,) = (part for part in found if _holds(part, labels))
        heard = ("enabled", "thresholds", "severities", "for_seconds", "keep_firing_seconds")
        assert {name: getattr(mine.settings, name) for name in heard} == {name: getattr(wanted, name) for name in heard}


def _holds(part: Part, labels: Mapping[str, str]) -> bool:
    def meets(conditions: Mapping[str, frozenset[str]]) -> bool:
        return all(labels[name] in values for name, values in conditions.items())

    return meets(part.only) and not any(meets(but) for but in part.but)


def test_an_override_that_changes_nothing_that_prometheus_follows_makes_no_rule_more() -> None:
    quiet = (Override(account="main", hysteresis_ratio=0.2), Override(account="main", worsening_factor=0.0))
    assert alert_groups(RuleOptions(overrides=quiet)) == alert_groups(RuleOptions())


def test_overrides_can_ask_for_every_label_that_a_subject_of_the_monitor_has() -> None:
    for name, row in SOURCES.items():
        for one in () if isinstance(row, NotExported) else row:
            known = set(labels_of(one.series))
            asked = {"asset" if label == "coin" and "asset" in known else label for label in RULES[name].details}
            assert asked & {"symbol", "coin", "asset"} <= known or "_drift_" in one.series, name


@pytest.mark.parametrize(
    "overrides", [(), CLASHING, CLASHING[::-1], OVERRIDES], ids=["none", "clashing", "reversed", "usual"]
)
@pytest.mark.parametrize("loud", [False, True], ids=["usual levels", "all words on one level"])
def test_no_two_alerts_of_one_name_have_the_same_labels(overrides: tuple[Override, ...], loud: bool) -> None:
    rules = settings()
    if loud:
        rules = {
            name: replace(one, severities=dict.fromkeys(one.severities, C), thresholds=one.thresholds)
            for name, one in rules.items()
        }
    groups = alert_groups(RuleOptions(rules=rules, overrides=overrides, groups=DESK))
    named = [(rule["alert"], str(rule.get("labels"))) for group in groups for rule in group["rules"]]
    assert sorted(named) == sorted(set(named))


def test_words_of_a_user_are_text_and_no_pattern(tmp_path: Path) -> None:
    strange = 'a"b\\c.*{}'
    options = RuleOptions(
        overrides=(
            Override(rule="margin_ratio", account=strange, thresholds={W: 0.1}),
            Override(rule="margin_ratio", group="odd", thresholds={W: 0.2}),
        ),
        groups={AccountKey("v", "x.y"): "odd", AccountKey("v", "xzy|"): "odd"},
    )
    write(tmp_path, options)
    escaped = strange.replace("\\", "\\\\").replace('"', '\\"')
    worlds: list[World] = [
        (ratio(0.15, account=escaped), told(RATIO, "warning")),
        (ratio(0.25, account="x.y"), told(RATIO, "warning")),
        (ratio(0.25, account="xzy|"), told(RATIO, "warning")),
        (ratio(0.25, account="xzy"), told(RATIO)),
    ]
    tried(tmp_path, options, worlds)


def test_overrides_of_a_configuration_are_exported(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[accounts.main]\nvenue = "hyperliquid"\naddress = "0x000000000000000000000000000000000000dEaD"\n'
        'group = "desk"\n[groups.desk]\n'
        '[[alerts.overrides]]\nrule = "margin_ratio"\ngroup = "desk"\nthresholds = {warning = 0.11}\n'
        '[[alerts.overrides]]\nrule = "position_distance"\ncoin = "BTC"\nthresholds = {critical = 0.02}\n'
    )
    assert export_rules(tmp_path / "out", config) is Exit.FINE
    rules = (tmp_path / "out" / "rules.yml").read_text(encoding="utf-8")
    assert 'marginwatch_pool_margin_ratio{account="main"} >= 0.11' in rules
    assert 'marginwatch_pool_margin_ratio{account!="main"} >= 0.6' in rules
    assert 'last_over_time(marginwatch_position_info{coin="BTC"}[1h])' in rules
    assert "override: coin=BTC" in rules
    check = [program("promtool"), "check", "config", str(tmp_path / "out" / "prometheus.yml")]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
