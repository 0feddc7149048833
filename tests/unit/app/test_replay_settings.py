"""What a replay is set up with: the run's own configuration, or rules that are refused whole with all mistakes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.alerts.catalogue import RULES
from monitor.alerts.reading import Subject
from monitor.app import settings
from monitor.app.config import loads
from monitor.app.config_example import example
from monitor.app.replay_settings import configured, read_rules, strangers, under
from monitor.domain.alerts import Severity
from monitor.domain.errors import ConfigMissing, ConfigRefused
from monitor.domain.names import AccountKey
from tests.unit.app.recorded_runs import RUN, here

CONFIG = """
instance = "desk"
[accounts.main]
venue = "binance"
api_key = "an-api-key-of-a-test-account"
api_secret = "the-secret-of-a-test-account"
permissions = "ignore"
[engine]
stablecoins = ["USDT", "USDC"]
betas = {ETH = 1.5}
[alerts.margin_ratio]
thresholds = {warning = 0.33}
[alerts.price_jump]
severities = {"" = "critical"}
"""
HERE = here()


def rules(folder: Path, text: str) -> Path:
    file = folder / "rules.toml"
    file.write_text(text)
    return file


def test_engine_and_rules_are_set_as_they_were_in_the_run() -> None:
    loaded = loads(CONFIG)
    again = configured(replace(RUN, config=settings.effective(loaded)))
    assert again.config.instance == "desk"
    assert settings.engine(again) == settings.engine(loaded)
    assert settings.alerts(again) == settings.alerts(loaded)
    assert again.secrets == {}


def test_a_configuration_of_another_version_is_refused_by_its_keys() -> None:
    with pytest.raises(ConfigRefused) as caught:
        configured(replace(RUN, config=RUN.config.replace("lines_every_seconds", "lines_every_minutes")))
    assert caught.value.mistakes[0].key == "engine.lines_every_minutes"
    with pytest.raises(ConfigRefused, match="cannot be read"):
        configured(replace(RUN, config="= 1"))


def test_new_rules_take_the_place_of_all_recorded_ones(tmp_path: Path) -> None:
    found, passed_over, unnamed = read_rules(rules(tmp_path, "[alerts.margin_ratio]\nthresholds = {critical = 0.5}"))
    assert passed_over == ()
    assert unnamed == tuple(name for name in RULES if name != "margin_ratio")
    run = replace(RUN, config=settings.effective(loads(CONFIG)))
    loaded = under(found)(run)
    alerts = settings.alerts(loaded)
    assert alerts.of("margin_ratio").thresholds == {Severity.CRITICAL: 0.5}
    assert alerts.of("price_jump").severities == {"": Severity.WARNING}, "the default, not that of the run"
    assert alerts.any_key == settings.alerts(loads(CONFIG)).any_key, "what is no rule stays"
    assert settings.engine(loaded).ratio_levels != settings.engine(under(None)(run)).ratio_levels


def test_a_whole_configuration_will_do_and_its_other_tables_are_named(tmp_path: Path) -> None:
    _, passed_over, _ = read_rules(rules(tmp_path, example()))
    assert {"accounts", "engine", "web"} <= set(passed_over)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = """
    [alert.margin_ratio]
    for_seconds = 1.0
    [alerts.margin_ratio]
    for_secs = 1.0
    [alerts.coin_distance]
    hysteresis_ratio = "wide"
    """
    with pytest.raises(ConfigRefused) as caught:
        read_rules(rules(tmp_path, text))
    said = {mistake.key: mistake.cure for mistake in caught.value.mistakes}
    assert set(said) == {"alert", "alerts.margin_ratio.for_secs", "alerts.coin_distance.hysteresis_ratio"}
    assert "did you mean for_seconds?" in said["alerts.margin_ratio.for_secs"]


def test_rules_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused) as caught:
        read_rules(rules(tmp_path, "[alerts.margin_ratio]\nthresholds = {warning = 60}"))
    (mistake,) = caught.value.mistakes
    assert mistake.key == "alerts.margin_ratio.thresholds.warning"


@pytest.mark.parametrize(
    ("text", "key"), [("", "alerts"), ("web = 1", "alerts"), ("alerts = 1", "alerts"), ("[alerts", "rules.toml")]
)
def test_a_file_without_rules_is_refused(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigRefused) as caught:
        read_rules(rules(tmp_path, text))
    assert caught.value.mistakes[0].key.endswith(key)


def test_a_file_that_is_not_there_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing):
        read_rules(tmp_path / "nothing.toml")


def test_what_differs_from_the_process_that_wrote_a_run_is_said() -> None:
    assert strangers(HERE) == ()
    said = strangers(replace(HERE, build="other", numpy="1.0", python="3.9", version="0", cpu=(*HERE.cpu, "AMX")))
    assert [text.split(" wrote it")[0] for text in said] == [
        "another version of marginwatch",
        "another build of marginwatch",
        "another numpy",
        "another Python",
        "another kind of processor",
    ]
    assert "AMX" in said[-1]


def test_rules_may_bring_levels_overrides_and_inhibitions_of_their_own(tmp_path: Path) -> None:
    text = """
    [alerts]
    levels = ["info", "warning", "critical", "panic"]
    [alerts.margin_ratio]
    thresholds = {warning = 0.5, panic = 0.9}
    [[alerts.overrides]]
    rule = "margin_ratio"
    group = "quants"
    thresholds = {warning = 0.3}
    [[alerts.inhibits]]
    source = ["rule=margin_ratio"]
    target = ["rule=~position_.*"]
    equal = ["venue", "account"]
    """
    found, _, unnamed = read_rules(rules(tmp_path, text))
    assert "levels" not in unnamed
    grouped = CONFIG.replace('permissions = "ignore"', 'permissions = "ignore"\ngroup = "quants"')
    loaded = under(found)(replace(RUN, config=settings.effective(loads(grouped))))
    alerts = settings.alerts(loaded)
    assert alerts.levels == ("info", "warning", "critical", "panic")
    assert alerts.like("panic") is Severity.CRITICAL
    assert [rule.equal for rule in alerts.inhibits] == [("venue", "account")]
    main = Subject("margin_ratio", AccountKey("binance", "main"), "cross:USDT")
    assert alerts.of("margin_ratio", main).thresholds == {Severity.WARNING: 0.3, "panic": 0.9}
    assert 0.3 in settings.engine(loaded).ratio_levels, "the engine watches the levels of overrides too"
