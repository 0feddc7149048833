"""What is published of groups, and announced of them: what is not believed is no number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.alerts import Alert, Severity
from monitor.domain.group_reports import GroupReport
from monitor.outputs.mqtt.homeassistant import Discovery
from monitor.outputs.mqtt.payloads import group_payload
from monitor.outputs.mqtt.topics import Topics
from tests.sample_groups import BROKEN, NEAR, dark, group, hedge, strained
from tests.sample_reports import account, view

TOPICS = Topics("marginwatch/desk")


def told(shown: GroupReport, *alerts: Alert) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(group_payload(shown, alerts))
    return found


def test_a_group_in_short_has_its_worst_pool_beside_its_ratio() -> None:
    body = told(strained(), Alert(rule="group_ratio", severity=Severity.CRITICAL))

    assert body["ratio"] == {"state": "at", "value": 0.72}
    assert body["worst"]["pool"] == "multi-assets"
    assert body["worst"]["ratio"]["value"] == 0.78
    assert body["nearest"] == {"state": "at", "distance_ratio": 0.05}
    assert body["firing"] == {"critical": 1}
    assert body["exposures"] == [{"coin": "BTC", "net_usd": 0.0, "gross_usd": 120_000.0}]


def test_of_a_group_that_is_not_known_no_figure_is_told() -> None:
    body = told(dark())

    assert body["ratio"]["state"] == body["nearest"]["state"] == "unknown"
    assert (body["equity_usd"], body["required_usd"], body["free_usd"]) == (None, None, None)
    assert body["exposures"] == [{"coin": "BTC", "net_usd": None, "gross_usd": None}]
    assert body["hedge"] == "unknown"


def test_what_may_leave_is_known_only_where_every_venue_says_it() -> None:
    assert told(group())["free_usd"] is None
    assert told(group(free=group().free[:1]))["free_usd"] == 9_000.0


@pytest.mark.parametrize(
    ("hedges", "word"),
    [((), "none"), ((hedge(),), "held"), ((hedge(), NEAR), "near"), ((NEAR, BROKEN), "broken")],
)
def test_one_word_says_how_the_worst_hedge_stands(hedges: Any, word: str) -> None:
    assert told(group(hedges=hedges))["hedge"] == word


def test_a_group_without_pools_has_no_worst_one_and_no_line() -> None:
    body = told(group(worst=None, market={}, coins={}))

    assert body["worst"] is None
    assert body["nearest"] == {"state": "never"}


def test_a_group_has_a_topic_and_a_device_of_its_own() -> None:
    assert TOPICS.group("my desk") == "marginwatch/desk/groups/my_desk"
    found = dict(Discovery(TOPICS, ["warning"]).announcements(view(account(), groups=(group(),))))

    assert set(found) == {
        "homeassistant/device/marginwatch_desk_binance_main/config",
        "homeassistant/device/marginwatch_desk_group_desk/config",
    }
    body = json.loads(found["homeassistant/device/marginwatch_desk_group_desk/config"])
    assert body["device"]["name"] == "Group desk"
    components = body["components"]
    assert all(each["state_topic"] == TOPICS.group("desk") for each in components.values())
    assert "marginwatch_desk_group_desk_hedge" in components
    assert "marginwatch_desk_group_desk_up" not in components, "a group is not read by itself"
