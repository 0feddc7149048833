"""What every rule says, word for word. Written anew by: python -m tests.unit.alerts.test_golden"""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from monitor.alerts import words
from monitor.alerts.catalogue import RULES
from monitor.alerts.texts import ENGLISH
from monitor.alerts.words import LOCK_SCREEN
from tests.sample_reports import NOW
from tests.unit.alerts.situations import readings

GOLDEN = Path(__file__).parent / "golden"
FOLDER = Path(words.__file__).parent
WORDS = [*sorted(FOLDER.glob("words*.py")), FOLDER / "reasons.py"]


def told(rule: str) -> str:
    """All that a rule says in its situations."""
    return "\n".join(f"{reading.words(NOW).text}\n" for reading in readings(rule))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_what_it_always_said(rule: str) -> None:
    assert told(rule) == (GOLDEN / f"{rule}.txt").read_text()


def test_every_golden_text_belongs_to_a_rule() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_a_summary_fits_a_lock_screen_and_begins_the_text(rule: str) -> None:
    found = [reading.words(NOW) for reading in readings(rule)]
    assert found
    for each in found:
        assert each.text.split("\n")[0] == each.summary
        assert len(each.summary) <= LOCK_SCREEN, each.summary


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_tells_what_to_do_or_how_sure_it_is(rule: str) -> None:
    for reading in readings(rule):
        assert len(reading.words(NOW).text.splitlines()) >= 2


def test_every_template_names_its_parts() -> None:
    for key, template in ENGLISH.items():
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
        assert all(name.isidentifier() for name in names), key


def test_every_template_is_used() -> None:
    source = "".join(path.read_text() for path in WORDS)
    families = {"unit", "side", "direction", "figure", "key", "do"}  # of these the rest of the key is a word of ours
    unused = [
        key
        for key in ENGLISH
        if not re.search(rf"[\"']{re.escape(key)}[\"']", source) and key.split(".")[0] not in families
    ]
    assert unused == []


def test_a_sentence_stands_in_the_catalogue_and_nowhere_else() -> None:
    for path in WORDS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in _docstrings(path):
                assert not re.search(r"[a-z] [a-z]", node.value), f"{path.name}: {node.value!r}"


def _docstrings(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return {ast.get_docstring(node, clean=False) or "" for node in nodes if isinstance(node, documented)}


if __name__ == "__main__":
    for name in RULES:
        (GOLDEN / f"{name}.txt").write_text(told(name))
