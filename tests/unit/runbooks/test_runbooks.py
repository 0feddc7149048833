"""A runbook is read at night by somebody in a hurry: all that it names exists, and is as it says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.resources import files

import pytest
import typer
from typer.core import TyperGroup

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.inhibition import DEFAULT_INHIBITS
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings, mistakes
from monitor.app.config_alerts import Override
from monitor.app.prometheus_own import OWN as OF_PROMETHEUS
from monitor.cli.main import app
from monitor.domain.silences import fits
from monitor.web.runbooks import html, index_page
from tests.programs import ROOT
from tests.unit.runbooks.books import BOOKS, RULE_OF, WATCHDOG, blocks, codes, configuration, defaults, sections, table

SECTIONS = ["What it means", "How to check", "What to do", "Why it may be wrong", "Tuning"]
METRICS = set(re.findall(r"^\| `(marginwatch_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), flags=re.MULTILINE))
OF_RULES = {field.name for field in fields(RuleSettings)}
_KEY = re.compile(r"(?P<table>\[.+?\]+)(?: (?P<key>\w+)(?: = (?P<value>.+))?)?")
_SETTING = re.compile(r"(?P<key>\w+) = .+")


def every_code() -> Iterator[tuple[str, str]]:
    """Runbook and code, for all that stands between backticks."""
    return ((name, code) for name, text in BOOKS.items() for code in codes(text))


def test_every_rule_has_one_and_so_have_the_watchdog_and_what_only_prometheus_tells() -> None:
    assert set(BOOKS) == {*RULE_OF, WATCHDOG, *OF_PROMETHEUS}


def test_nothing_else_lies_among_them() -> None:
    there = {file.name for file in (files("monitor") / "runbooks").iterdir()} - {"__init__.py", "__pycache__"}
    assert there == {f"{name}.md" for name in BOOKS}


@pytest.mark.parametrize("name", BOOKS)
def test_it_has_its_title_and_all_sections_and_is_short(name: str) -> None:
    lines = BOOKS[name].splitlines()
    found = sections(BOOKS[name])

    assert lines[0].startswith(f"# {name}: ")
    assert list(found) == SECTIONS
    assert all(found.values())
    assert 15 <= len(lines) <= 40
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", BOOKS)
def test_what_to_do_comes_in_order_and_says_what_not_to_do(name: str) -> None:
    steps = re.findall(r"^(\d+)\. ", sections(BOOKS[name])["What to do"], flags=re.MULTILINE)

    assert list(map(int, steps)) == list(range(1, len(steps) + 1))
    assert len(steps) >= 3
    assert re.search(r"\b[Dd]o not\b|\bnever\b", sections(BOOKS[name])["What to do"])


@pytest.mark.parametrize("name", BOOKS)
def test_how_to_check_names_something_of_ours_to_look_at(name: str) -> None:
    assert any(code.startswith("marginwatch") for code in codes(sections(BOOKS[name])["How to check"]))


@pytest.mark.parametrize(("name", "rule"), RULE_OF.items())
def test_the_defaults_that_it_states_are_those_of_the_catalogue(name: str, rule: str) -> None:
    (stated,) = blocks(sections(BOOKS[name])["Tuning"])
    (settings,) = (stated["alerts"][rule],)
    known = defaults(rule)

    assert stated == {"alerts": {rule: settings}}
    assert settings == {key: known[key] for key in settings}
    kinds = {"thresholds", "severities", "repeat_seconds", "keep_firing_seconds", "window_seconds"}
    assert {key for key in kinds if known[key] not in (None, {})} <= set(settings)


@pytest.mark.parametrize(("name", "rule"), RULE_OF.items())
def test_it_says_so_where_other_alerts_hold_its_own_back(name: str, rule: str) -> None:
    says = "held back while" in " ".join(sections(BOOKS[name])["Tuning"].lower().split())
    targets = [each for inhibit in DEFAULT_INHIBITS for each in inhibit.target if each.name == "rule"]

    assert says is any(fits(each, rule) for each in targets)


def test_the_defaults_of_the_watchdog_are_those_of_its_channel() -> None:
    (stated,) = blocks(BOOKS[WATCHDOG])

    (channel,) = stated["channels"].items()
    known = table(f"channels.{channel[0]}")
    assert channel[1] == {key: known[key] for key in channel[1]}


def test_every_key_that_one_names_exists_and_has_the_default_that_is_stated() -> None:
    wrong = []
    for name, code in every_code():
        found = _KEY.fullmatch(code)
        if found is None or not code.startswith("["):
            continue
        there = table(found["table"])
        is_there = there is not None and (found["key"] is None or found["key"] in there)
        said = None if found["value"] is None else tomllib.loads(f"value = {found['value']}")["value"]
        if not is_there or (said is not None and there[found["key"]] != said):
            wrong.append((name, code))

    assert wrong == []


def test_every_setting_that_one_proposes_is_one_that_its_rule_accepts() -> None:
    wrong = []
    for name, code in every_code():
        if (found := _SETTING.fullmatch(code)) is None:
            continue
        rule = RULE_OF[name]
        assert found["key"] in OF_RULES, (name, code)
        settings = replace(default_rules()[rule], **tomllib.loads(code))
        wrong += [(name, str(mistake)) for mistake in mistakes(AlertSettings(rules={rule: settings}))]

    assert wrong == []


def test_every_metric_that_one_names_is_documented() -> None:
    assert {code for _, code in every_code() if code.startswith("marginwatch_")} <= METRICS


def test_every_command_that_one_names_exists_with_its_options() -> None:
    commands = {code for _, code in every_code() if code.startswith("marginwatch ")}

    assert [command for command in sorted(commands) if not is_a_command(command)] == []
    assert len(commands) >= 8


def is_a_command(line: str) -> bool:
    """Whether the program has this command, with these options."""
    here = typer.main.get_command(app)
    words = line.split()[1:]
    while words and isinstance(here, TyperGroup):
        if (found := here.commands.get(words.pop(0))) is None:
            return False
        here = found
    options = {option for param in here.params for option in param.opts}
    asked = {word for word in words if word.startswith("--")}
    return not isinstance(here, TyperGroup) and asked <= options


def test_every_other_name_in_them_is_a_word_of_ours() -> None:
    """Keys, labels, levels and words of rules: what is written like one and is none would be searched for in vain."""
    ours = {
        *OF_RULES,
        *Override.model_fields,
        *(word for rule in RULES.values() for word in (*rule.words, *rule.details)),
    }
    ours |= {key for section in configuration().values() if isinstance(section, dict) for key in section}
    odd = {code for _, code in every_code() if re.fullmatch(r"[a-z]+(_[a-z]+)+", code)} - METRICS

    assert odd - ours == set()


def test_whatever_one_quotes_is_said_by_some_part_of_the_program() -> None:
    said = " ".join(" ".join(file.read_text().split()) for file in (ROOT / "monitor").rglob("*.py"))
    # What an operating system says stands in the documentation.
    said = (said + (ROOT / "docs" / "journal.md").read_text()).lower()
    unheard = []
    for name, text in BOOKS.items():
        for quote in re.findall("«([^»]+)»", " ".join(text.split())):
            # An amount, a name or a time stands for a part that differs.
            parts = [part.strip().lower() for part in re.split(r"…|\bX\b|\bCOIN\b", quote)]
            unheard += [(name, quote) for part in parts if part not in said]

    assert unheard == []


def test_every_link_leads_to_another_one() -> None:
    links = {link for text in BOOKS.values() for link in re.findall(r"\]\(([^)]*)\)", text)}

    assert links
    assert links <= set(BOOKS)


def test_the_page_shows_all_that_is_written() -> None:
    for name, text in BOOKS.items():
        page = "".join(html(text))
        assert page.count("<h3>") == len(SECTIONS), name
        assert not re.search(r"\]\(|\*\*|`|(?<!\w)\*\w", page), name


def test_the_list_of_runbooks_names_each() -> None:
    page = index_page(BOOKS)

    assert all(f'href="/runbooks/{name}"' in page for name in BOOKS)
