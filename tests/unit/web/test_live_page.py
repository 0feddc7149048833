"""The live page's own decisions: what stands first, what is called safe, how the unknown is written."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import monitor.web
from monitor.alerts.catalogue_lines import LINES
from monitor.cli import words
from tests.programs import program

ASSETS = Path(monitor.web.__file__).parent / "assets"
SCRIPTS = ASSETS / "js"
OWN = sorted(SCRIPTS.glob("*.js"))
UNKNOWN = {"state": "unknown", "reasons": ["no mark"]}
NEVER = {"state": "never"}
NOW = {"state": "liquidatable", "distance_ratio": 0}


class Page:
    """The page's scripts, run by node."""

    def __init__(self, node: subprocess.Popen[str]) -> None:
        self._node = node

    def asked(self, what: str, **question: object) -> Any:
        """What they answer."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps({"what": what, **question}) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def level(self, of: dict[str, object], alerted: str = "calm") -> str:
        """How a pool is marked about which alerts of that severity fire."""
        return str(self.asked("level", pool=of, alerted=alerted))


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    command = [program("node"), str(Path(__file__).with_name("live_page.mjs")), SCRIPTS.as_uri()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        yield Page(node)
        node.communicate(timeout=30)


def at(distance_ratio: float) -> dict[str, object]:
    return {"state": "at", "price": 100.0 * (1 - distance_ratio), "distance_ratio": distance_ratio}


def pool(key: str, ratio: float | None = 0.1, down: object = NEVER, **other: object) -> dict[str, object]:
    state = {"state": "at", "value": ratio} if ratio is not None else UNKNOWN
    return {
        "key": key, "quality": "LIVE", "margin_ratio": state, "coins": {"BTC": {"down": down, "up": NEVER}},
        "depegs": {}, "market": {"down": NEVER, "up": NEVER}, "positions": [], **other,
    }  # fmt: skip


def test_liquidatable_stands_first_then_what_is_not_believed_then_the_nearest_line(page: Page) -> None:
    pools = [
        pool("far", down=at(0.4)),
        pool("never", ratio=0.5),
        pool("near", ratio=0.02, down=at(0.04)),
        pool("stale", quality="STALE", down=at(0.9)),
        pool("blind", ratio=None, quality="UNKNOWN", down=UNKNOWN),
        pool("gone", margin_ratio={"state": "liquidatable", "value": 1.2}, down=NOW),
    ]  # fmt: skip
    assert page.asked("order", pools=pools) == ["gone", "blind", "stale", "near", "far", "never"]


def test_pools_as_near_as_each_other_go_by_ratio_and_then_by_name(page: Page) -> None:
    pools = [pool("b", 0.1, at(0.2)), pool("a", 0.1, at(0.2)), pool("c", 0.3, at(0.2))]
    assert page.asked("order", pools=pools) == ["c", "a", "b"]


def test_page_terminal_and_status_show_pools_in_one_order(page: Page) -> None:
    ratios, lines = (None, 0.1, 0.7), (NEVER, UNKNOWN, NOW, at(0.02), at(0.3))
    mixed = itertools.product(("LIVE", "PARTIAL", "STALE", "UNKNOWN"), ratios, lines)
    pools = [
        pool(f"{number * 7 % 60:02}", ratio, line, quality=quality, pool=f"{number * 7 % 60:02}")
        for number, (quality, ratio, line) in enumerate(mixed)
    ]
    account = {"venue": "venue", "account": "main", "pools": pools}
    assert page.asked("order", pools=pools) == [each["key"] for _, each in words.by_danger({"accounts": [account]})]


@pytest.mark.parametrize("quality", ["STALE", "UNKNOWN"])
def test_what_is_not_believed_is_never_called_safe(page: Page, quality: str) -> None:
    assert page.level(pool("p", 0.01, at(0.9), quality=quality)) == "blind"


def test_a_line_that_is_not_known_is_never_called_safe(page: Page) -> None:
    assert page.level(pool("p", 0.01, UNKNOWN)) == "blind"
    assert page.level(pool("p", None, at(0.9))) == "blind"


def test_a_pool_is_as_near_as_the_worst_of_its_ratio_its_nearest_line_and_its_alerts(page: Page) -> None:
    assert page.level(pool("p", 0.01, at(0.5))) == "calm"
    assert page.level(pool("p", 0.6, at(0.5))) == "warning"
    assert page.level(pool("p", 0.01, at(0.05))) == "critical"
    assert page.level(pool("p", 0.01, at(0.5)), alerted="critical") == "critical"
    assert page.level(pool("p", 0.01, at(0.5), depegs={"USDT": {"down": at(0.03), "up": NEVER}})) == "critical"


def test_near_liquidation_are_called_those_that_are_and_not_those_about_which_something_else_is_critical(
    page: Page,
) -> None:
    pools = [pool("far", 0.01, at(0.9), advice={"text": ""})]
    data = {"rule": "data_quality", "severity": "critical", "labels": {}, "state": "firing", "summary": "far: no mark"}
    said = page.asked("verdict", pools=pools, alerted={"far": "critical"}, alerts=[data])
    assert (said["level"], said["headline"], said["under"]) == ("critical", "1 pool critical", "far: no mark")

    pools.append(pool("close", 0.01, at(0.02), advice={"text": ""}))
    said = page.asked("verdict", pools=pools, alerted={"far": "critical"}, alerts=[data])
    assert (said["headline"], said["under"]) == ("1 pool near liquidation", "1 more critical")


def test_thresholds_that_the_monitor_has_not_told_yet_are_those_of_the_rules(page: Page) -> None:
    def thresholds(rule: str) -> dict[str, float]:
        return dict(LINES[rule].defaults().thresholds)

    assert page.asked("defaults") == {
        "margin_ratio": thresholds("margin_ratio"), "distance_ratio": thresholds("coin_distance"),
    }  # fmt: skip


def test_what_is_not_known_is_written_as_a_word_and_never_as_zero(page: Page) -> None:
    names = ["percent", "money", "shortMoney", "price", "number", "duration"]
    assert page.asked("written", calls=[[name, None] for name in names]) == ["unknown"] * len(names)
    lines = [["line", UNKNOWN], ["line", NEVER], ["line", {"state": "liquidatable"}], ["ratio", UNKNOWN]]
    assert page.asked("written", calls=lines) == ["unknown", "never", "now", "unknown"]
    assert page.asked("written", calls=[["ratio", {"state": "liquidatable"}]]) == ["no equity"]


def test_sums_of_any_size_fit_a_narrow_column(page: Page) -> None:
    sums = [0.0, 1e-9, 1234.5, 1.239e6, 5.5e7, 1.5e9, 3.21e10, 1.234e12, -1.234e12]
    written = [
        text.replace("\u202f", " ") for text in page.asked("written", calls=[["shortMoney", each] for each in sums])
    ]
    assert written == ["0", "0.00", "1,235", "1.24 M", "55.0 M", "1.50 B", "32.1 B", "1.23 T", "−1.23 T"]


def test_text_from_outside_never_becomes_markup() -> None:
    for script in OWN:
        assert not re.search(
            r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b\s*[(=]", script.read_text()
        )


def test_the_page_asks_for_nothing_that_is_not_its_own() -> None:
    text = (ASSETS / "live.html").read_text()
    for address in re.findall(r'(?:src|href)="([^"#]+)"', text):
        assert address.startswith(("/", "data:")), address
        if address.startswith("/assets/"):
            assert (ASSETS / address.removeprefix("/assets/")).is_file(), address
    for sheet in ASSETS.glob("*.css"):
        assert not re.search(r'url\((?!"/assets/)', sheet.read_text()), sheet.name
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script>", text)
