"""What holds of every dashboard and every panel, read from the JSON that is committed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.__main__ import written
from deploy.grafana.colours import CRITICAL, FINE, INFO, STALE, UNKNOWN, WARNING
from monitor.alerts.catalogue import RULES, default_rules
from monitor.domain.alerts import Severity
from monitor.domain.fingerprints import alert_name
from tests.grafana.boards import FOLDER, NAMES, Json, all_panels, board, panels, titled
from tests.programs import ROOT

PANELS = all_panels()
IDS = [titled(name, panel) for name, panel in PANELS]
#: Units that we use, as Grafana names them; "none" is a bare number.
UNITS = {"percentunit", "currencyUSD", "s", "locale", "none", "bytes", "cps", "dtdurations", "dateTimeFromNow"}
SEVERITY = {Severity.INFO: INFO, Severity.WARNING: WARNING, Severity.CRITICAL: CRITICAL}
RULE_OF = {alert_name(rule): rule for rule in RULES}
#: States of rules, and the words that panels have for them: a word has the colour of the alert.
STATES = (
    *((rule, "down", "down") for rule in ("feed_down", "poll_down", "channel_down")),
    *((rule, "not_writing", "not writing") for rule in ("store_down", "journal")),
    *(("hedge_broken", state, state) for state in ("broken", "shrank")),
    ("hedge_leg_near", "near", "near"),
)
each_panel = pytest.mark.parametrize(("name", "panel"), PANELS, ids=IDS)
each_board = pytest.mark.parametrize("name", NAMES)


def test_the_committed_files_are_what_the_code_makes() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}

    assert committed == written(), "run: python -m deploy.grafana"


@each_board
def test_a_round_trip_through_the_schema_loses_no_key(name: str) -> None:
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(board(name)), cls=JSONEncoder))

    assert lost(board(name), again) == []


@pytest.mark.parametrize("typo", ["exprr", "thresholdz", "bogus"])
def test_the_round_trip_would_find_a_typo(typo: str) -> None:
    register_default_plugins()
    wrong = json.loads(json.dumps(board("overview")))
    panel = next(panel for panel in wrong["panels"] if panel["type"] == "stat")
    place = {"exprr": panel["targets"][0], "thresholdz": panel["fieldConfig"]["defaults"], "bogus": panel}[typo]
    place[typo] = "x"

    assert [
        path.rsplit(".", 1)[-1]
        for path in lost(wrong, json.loads(json.dumps(Dashboard.from_json(wrong), cls=JSONEncoder)))
    ] == [typo]


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """Paths of what is in one value and not, or otherwise, in the other."""
    if isinstance(before, dict) and isinstance(after, dict):
        gone = [f"{path}.{key}" for key in before if key not in after]
        return gone + [
            each for key in before if key in after for each in lost(before[key], after[key], f"{path}.{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            each
            for n, (one, two) in enumerate(zip(before, after, strict=True))
            for each in lost(one, two, f"{path}[{n}]")
        ]
    return [] if before == after else [path]


@each_board
def test_a_dashboard_is_found_by_its_name_and_cannot_be_edited(name: str) -> None:
    made = board(name)

    assert (made["uid"], made["tags"]) == (f"marginwatch-{name}", ["marginwatch"])
    assert made.get("id") is None
    assert len(made["uid"]) <= 40, "Grafana takes no more"
    assert "__inputs" not in made, "the data source is a variable: nothing to fill in when it is imported"
    assert not made["editable"], "a change in the browser would be lost at the next update"
    assert made["description"]
    assert made["schemaVersion"] == 41


@each_board
def test_panels_have_numbers_of_their_own_and_stand_beside_each_other(name: str) -> None:
    found = board(name)["panels"]

    assert len({panel["id"] for panel in found}) == len(found)
    places = [panel["gridPos"] for panel in found]
    cells = [
        (x, y)
        for at in places
        for x in range(at.get("x", 0), at.get("x", 0) + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells)), "two panels stand on the same place"
    assert max(x for x, _ in cells) == 23


@each_board
def test_rows_of_panels_are_filled_to_the_edge(name: str) -> None:
    by_row: dict[int, int] = {}
    for panel in panels(name):
        by_row[panel["gridPos"]["y"]] = by_row.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]

    assert set(by_row.values()) == {24}


@each_panel
def test_a_panel_says_what_it_shows_in_which_unit(name: str, panel: Json) -> None:
    defaults = panel["fieldConfig"]["defaults"]

    assert panel["title"]
    assert panel["description"].endswith("."), "a description is a sentence"
    assert defaults["unit"] in UNITS
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert defaults["noValue"], "what is absent has a word"
    assert panel["targets"]


@each_panel
def test_a_panel_asks_the_chosen_data_source(name: str, panel: Json) -> None:
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"


@each_panel
def test_a_figure_or_cell_that_is_absent_is_a_word_and_never_the_colour_of_what_is_fine(name: str, panel: Json) -> None:
    for mappings in [panel["fieldConfig"]["defaults"].get("mappings", []), *cells(panel)]:
        for mapping in mappings:
            if mapping["type"] == "special":
                result = mapping["options"]["result"]
                assert result["text"]
                assert result["color"] in (STALE, "text")
    if panel["type"] == "stat":
        kinds = [mapping["type"] for mapping in panel["fieldConfig"]["defaults"]["mappings"]]
        assert "special" in kinds


def cells(panel: Json) -> list[list[Json]]:
    """The mappings of a table's columns."""
    return [
        each["value"]
        for column in panel["fieldConfig"]["overrides"]
        for each in column["properties"]
        if each["id"] == "mappings"
    ]


def test_a_word_has_the_same_colour_wherever_it_stands() -> None:
    meant = {"LIVE": FINE, "PARTIAL": INFO, "STALE": STALE, "UNKNOWN": UNKNOWN, "NOT KNOWN": UNKNOWN, "unknown": STALE,
             "critical": CRITICAL, "warning": WARNING, "info": INFO, "up": FINE, "never": FINE,
             "no equity": CRITICAL, "not readable": UNKNOWN, "no answer": CRITICAL, "answers": FINE}  # fmt: skip
    said: dict[str, set[str]] = {}
    for _, panel in PANELS:
        for mappings in [panel["fieldConfig"]["defaults"].get("mappings", []), *cells(panel)]:
            for result in (
                each for mapping in mappings if mapping["type"] == "value" for each in mapping["options"].values()
            ):
                said.setdefault(result["text"], set()).add(result["color"])

    assert {word: said[word] for word in meant} == {word: {colour} for word, colour in meant.items()}
    assert all(len(colours) == 1 for colours in said.values())
    for rule, state, word in STATES:
        assert said[word] == {SEVERITY[Severity(default_rules()[rule].severities[state])]}, f"{rule}, {state}"


def all_steps(panel: Json) -> list[list[Json]]:
    """The steps of colour of a panel, and of each of its columns and series that has its own."""
    own = [
        each["value"]["steps"]
        for place in panel["fieldConfig"]["overrides"]
        for each in place["properties"]
        if each["id"] == "thresholds"
    ]
    return [panel["fieldConfig"]["defaults"]["thresholds"]["steps"], *own]


def painted(steps: list[Json], value: float) -> str:
    """What Grafana paints a value: the colour of the last step that it reaches."""
    return [str(step["color"]) for step in steps if step["value"] is None or value >= step["value"]][-1]


@each_panel
def test_thresholds_are_those_of_a_rule_that_the_panel_links_to(name: str, panel: Json) -> None:
    linked = {RULE_OF[each] for link in panel.get("links", []) if (each := link["url"].rsplit("/", 1)[-1]) in RULE_OF}
    for steps in all_steps(panel):
        values = {abs(step["value"]) for step in steps[1:]}
        found = [rule for rule in linked if set(default_rules()[rule].thresholds.values()) == values]
        assert values in (set(), {1.0}) or found, f"{values} of no rule that it links to"
        assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])
        for rule in found:
            worse = 1e-6 if RULES[rule].rising else -1e-6
            for level, threshold in default_rules()[rule].thresholds.items():
                assert painted(steps, threshold + worse) == SEVERITY[Severity(level)]
                assert painted(steps, threshold - worse) != SEVERITY[Severity(level)]
                if min(step["value"] for step in steps[1:]) < 0:
                    assert painted(steps, -threshold - worse) == SEVERITY[Severity(level)]


@pytest.mark.parametrize(
    ("name", "title", "rule"),
    [
        ("overview", "Worst margin ratio", "margin_ratio"),
        ("overview", "Nearest line", "coin_distance"),
        ("overview", "Margin ratio", "margin_ratio"),
        ("overview", "Nearest line of one coin", "coin_distance"),
        ("account", "Margin ratio", "margin_ratio"),
        ("account", "How far one coin may move", "coin_distance"),
        ("account", "How far all coins may move together", "market_distance"),
        ("position", "Distance to liquidation", "position_distance"),
        ("group", "Ratio of the group", "group_ratio"),
        ("feeds", "Worst drift", "drift"),
        ("feeds", "Request limit used", "weight_budget"),
        ("own", "Loop late by", "monitor_late"),
    ],
)
def test_what_a_rule_speaks_of_has_that_rule_s_thresholds(name: str, title: str, rule: str) -> None:
    for panel in (panel for panel in panels(name) if panel["title"] == title):
        values = {abs(step["value"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]}
        assert values == set(default_rules()[rule].thresholds.values()) != set()


def test_a_pool_that_is_not_known_is_grey_and_none_is_fine() -> None:
    panel = next(panel for panel in panels("overview") if panel["title"] == "Pools not known")
    [steps] = all_steps(panel)

    assert (painted(steps, 0.0), painted(steps, 1.0)) == (FINE, UNKNOWN)


@each_board
def test_no_variable_is_unknown_and_none_is_unused(name: str) -> None:
    made = board(name)
    defined = {variable["name"] for variable in made["templating"]["list"]}
    text = json.dumps({key: made[key] for key in ("panels", "links")}) + json.dumps(
        [variable.get("query") for variable in made["templating"]["list"]]
    )
    used = set(re.findall(r"\$\{?(\w+)", text))

    assert defined - used == set()
    assert {each for each in used - defined if not each.startswith("__")} == set()


@each_board
def test_variables_are_read_anew_with_the_time_and_offer_what_a_metric_of_ours_has(name: str) -> None:
    documented = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    queries = [variable for variable in board(name)["templating"]["list"] if variable["type"] == "query"]

    assert board(name)["templating"]["list"][0]["name"] == "datasource"
    for variable in queries:
        assert variable["refresh"] == 2, "when the time range changes"
        asked = re.fullmatch(r"label_values\((marginwatch_\w+).*, \w+\)", variable["query"])
        assert asked is not None
        assert f"`{asked[1]}`" in documented


@each_board
def test_a_dashboard_leads_to_the_others_the_page_and_the_runbooks(name: str) -> None:
    links = board(name)["links"]

    assert [(link["type"], link["keepTime"], link["includeVars"]) for link in links[:1]] == [("dashboards", True, True)]
    assert [link["url"] for link in links[1:]] == ["${page}/", "${page}/#alerts", "${page}/runbooks/"]


@each_panel
def test_links_of_panels_and_values_lead_to_what_there_is(name: str, panel: Json) -> None:
    values = [
        link
        for column in panel["fieldConfig"]["overrides"]
        for each in column["properties"]
        if each["id"] == "links"
        for link in each["value"]
    ]
    for link in [*panel.get("links", []), *panel["fieldConfig"]["defaults"].get("links", []), *values]:
        there = link["url"]
        if runbook := re.fullmatch(r"\$\{page\}/runbooks/(\w+)", there):
            assert (ROOT / "monitor" / "runbooks" / f"{runbook[1]}.md").is_file()
        elif dashboard := re.match(r"/d/marginwatch-(\w+)\?", there):
            variables = {each["name"] for each in board(dashboard[1])["templating"]["list"]}
            assert set(re.findall(r"var-(\w+)=", there)) <= variables
        else:
            assert there in ("${page}/#alerts", "${page}/runbooks/${__value.text}")


@each_panel
def test_a_table_names_each_column_once_and_all_that_it_formats(name: str, panel: Json) -> None:
    if panel["type"] != "table":
        return
    arranged = panel["transformations"][-1]["options"]
    shown = list(arranged["renameByName"].values())

    assert len(set(shown)) == len(shown)
    assert {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]} <= set(shown)
    assert {each["displayName"] for each in panel["options"].get("sortBy", [])} <= set(shown)
    assert [each["id"] for each in panel["transformations"]] == ["merge", "organize"][
        -(1 + (len(panel["targets"]) > 1)) :
    ]


def test_what_the_text_and_the_command_say_of_places_is_what_grafana_is_told() -> None:
    room = FOLDER.parent / "provisioning"
    told = yaml.safe_load((room / "dashboards" / "marginwatch.yml").read_text(encoding="utf-8"))
    [provider] = told["providers"]
    place = provider["options"]["path"]

    assert provider["type"] == "file"
    assert not provider["allowUiUpdates"]
    text = (ROOT / "docs" / "grafana.md").read_text(encoding="utf-8")
    assert f"sudo mkdir -p {place}\n" in text
    assert f"sudo cp grafana/dashboards/*.json {place}/\n" in text
    assert place in (ROOT / "monitor" / "cli" / "dashboards.py").read_text(encoding="utf-8")
    for kind in ("dashboards", "datasources"):
        assert f"sudo cp grafana/provisioning/{kind}/marginwatch.yml /etc/grafana/provisioning/{kind}/" in text
    [source] = yaml.safe_load((room / "datasources" / "marginwatch.yml").read_text(encoding="utf-8"))["datasources"]
    assert (source["type"], source["uid"]) == ("prometheus", "marginwatch")
    assert f"`{source['url'].removeprefix('$')}`" in text
