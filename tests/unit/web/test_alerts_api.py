"""What the API does about alerts: each command becomes the event that the core sees, and bad input says its cure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from math import inf
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from monitor.domain.alerts import AlertState, Change, Matcher, Silence
from monitor.domain.commands import AcknowledgeAlert, EndSilence, SilenceAlerts
from monitor.domain.schema import alert_json
from monitor.web import asked
from tests.sample_reports import NOW
from tests.unit.web.staging import PHONE, Stage, alert, changed, staged

FINGERPRINT = alert().fingerprint
INCIDENT = alert().incident
ACK = f"/api/v1/alerts/{FINGERPRINT}/ack"
SILENCE: dict[str, Any] = {"matchers": ["account=main"], "seconds": 7200, "author": "Ada", "comment": "upgrade"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def test_alerts_are_told_with_their_life(stage: Stage) -> None:
    quiet = alert("drift", state=AlertState.SILENCED, by="silence 1a", worst=inf)
    coming = alert("feed_down", fingerprint="", incident="")
    stage.view = replace(stage.view, alerts=(alert(), quiet), pending=(coming,))

    told = await (await stage.ask("GET", "/api/v1/alerts")).json()
    assert [(each["rule"], each["state"], each["by"]) for each in told["alerts"]] == [
        ("margin_ratio", "firing", ""), ("drift", "silenced", "silence 1a"),
    ]  # fmt: skip
    assert told["alerts"][0] == alert_json(alert()) | {
        "name": "MarginwatchMarginRatio", "fingerprint": FINGERPRINT, "incident": alert().incident,
        "state": "firing", "by": "", "note": "", "worst": 0.9,
    }  # fmt: skip
    assert told["alerts"][1]["worst"] is None, "JSON has no infinity"
    assert [(each["state"], each["fingerprint"]) for each in told["pending"]] == [
        ("pending", alert("feed_down").fingerprint)
    ]


@cache
def described() -> Draft202012Validator:
    schema = json.loads((files("monitor.web") / "alerts.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


async def test_every_answer_is_as_the_committed_schema_says(stage: Stage) -> None:
    odd = alert("drift", "urgent", worst=inf, value=None, threshold=None, state=AlertState.INHIBITED, by="0" * 16)
    stage.view = replace(stage.view, alerts=(alert(), odd), pending=(alert("feed_down", fingerprint="", incident=""),))
    stage.histories[FINGERPRINT] = tuple(changed(alert(), change, number=3) for change in Change)
    await stage.ask("POST", "/api/v1/silences", SILENCE | {"matchers": ["account=main", "coin!~a|b"]})
    answers = [
        await stage.ask("GET", path)
        for path in ("/api/v1/alerts", f"/api/v1/alerts/{FINGERPRINT}/history", "/api/v1/silences", "/api/v1/none")
    ]

    for answer in answers:
        described().validate(await answer.json())
    assert len((await answers[1].json())["history"]) == len(Change)
    served = await stage.ask("GET", "/api/v1/alerts/schema")
    assert await served.json(content_type="application/schema+json") == described().schema
    wrong = await answers[0].json()
    wrong["alerts"][0]["state"] = "asleep"
    assert not described().is_valid(wrong)


async def test_a_history_is_told_newest_first(stage: Stage) -> None:
    stage.histories[FINGERPRINT] = (
        changed(alert(), Change.ESCALATED, NOW, previous="warning", reason="0.85 passed 0.8", number=2),
        changed(alert(severity="warning"), number=1),
    )

    told = await (await stage.ask("GET", f"/api/v1/alerts/{FINGERPRINT}/history")).json()
    assert [(each["change"], each["previous"], each["reason"], each["number"]) for each in told["history"]] == [
        ("escalated", "warning", "0.85 passed 0.8", 2), ("fired", None, "", 1),
    ]  # fmt: skip
    assert told["history"][1]["alert"]["severity"] == "warning"


async def test_the_history_of_an_alert_that_nobody_knows_is_not_an_empty_one(stage: Stage) -> None:
    unknown = await stage.ask("GET", "/api/v1/alerts/0123456789abcdef/history")
    ours = await stage.ask("GET", f"/api/v1/alerts/{FINGERPRINT}/history")

    assert unknown.status == 404
    assert (await unknown.json())["error"]["key"] == "fingerprint"
    assert (ours.status, await ours.json()) == (200, {"fingerprint": FINGERPRINT, "history": []})


async def test_a_history_that_cannot_be_read_says_why(stage: Stage) -> None:
    stage.store_ill = True
    answer = await stage.ask("GET", f"/api/v1/alerts/{FINGERPRINT}/history")

    assert answer.status == 503
    assert "the disk is full" in (await answer.json())["error"]["cure"]


async def test_an_acknowledgement_becomes_a_command(stage: Stage) -> None:
    answer = await stage.ask("POST", ACK, {"author": "Ada", "comment": "topping  up\n", "incident": INCIDENT})

    assert stage.commands == [
        AcknowledgeAlert(
            fingerprint=FINGERPRINT, author="Ada", via="api", at=NOW, comment="topping up", incident=INCIDENT
        )
    ]
    body = await answer.json()
    assert answer.status == 200
    assert (body["accepted"], body["alert"]["state"], body["alert"]["by"]) == (True, "acknowledged", "Ada")


async def test_what_does_not_show_in_a_moment_is_accepted_all_the_same(stage: Stage) -> None:
    stage.deaf = True
    answer = await stage.ask("POST", ACK, {"author": "Ada", "via": "cli"})

    assert (answer.status, (await answer.json())["alert"]["state"]) == (202, "firing")
    assert [command.via for command in stage.commands if isinstance(command, AcknowledgeAlert)] == ["cli"]


async def test_an_acknowledgement_can_be_withdrawn(stage: Stage) -> None:
    await stage.ask("POST", ACK, {"author": "Ada"})
    answer = await stage.ask("DELETE", ACK, {"author": "Ben"})

    assert (answer.status, (await answer.json())["alert"]["state"]) == (200, "firing")
    assert stage.commands[1] == AcknowledgeAlert(
        fingerprint=FINGERPRINT, author="Ben", via="api", at=NOW, withdrawn=True
    )


async def test_only_what_fires_can_be_acknowledged(stage: Stage) -> None:
    answer = await stage.ask("POST", "/api/v1/alerts/0123456789abcdef/ack", {"author": "Ada"})

    assert answer.status == 404
    assert (await answer.json())["error"] == {
        "key": "fingerprint", "value": "0123456789abcdef", "cure": "no alert with it fires now",
    }  # fmt: skip
    assert stage.commands == []


async def test_an_incident_that_ended_is_not_acknowledged_in_the_next_one(stage: Stage) -> None:
    answer = await stage.ask("POST", ACK, {"author": "Ada", "incident": f"{FINGERPRINT}-1"})

    assert (answer.status, (await answer.json())["error"]["key"]) == (409, "incident")
    assert stage.commands == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v1/alerts", 405),
        ("GET", f"/api/v1/alerts/{'0' * 15}/history", 404),
    ],
)
async def test_a_path_that_is_not_there_is_said_as_json_too(stage: Stage, method: str, path: str, status: int) -> None:
    answer = await stage.ask(method, path)

    assert (answer.status, (await answer.json())["error"]["key"]) == (status, "path")
    assert "default-src" in answer.headers["Content-Security-Policy"]


async def test_a_full_inbox_is_said(stage: Stage) -> None:
    stage.full = True

    assert (await stage.ask("POST", ACK, {"author": "Ada"})).status == 503


async def test_a_silence_becomes_a_command_and_names_what_it_keeps_quiet(stage: Stage) -> None:
    matchers = ["account=main", {"name": "rule", "value": "margin.*|drift", "regex": True}]
    answer = await stage.ask("POST", "/api/v1/silences", SILENCE | {"matchers": matchers, "via": "cli"})

    (command,) = stage.commands
    assert isinstance(command, SilenceAlerts)
    silence = command.silence
    assert (command.via, command.at, silence.starts, silence.ends) == ("cli", NOW, NOW, NOW + 7200.0)
    assert silence.matchers == (
        Matcher(name="account", value="main"), Matcher(name="rule", value="margin.*|drift", regex=True),
    )  # fmt: skip
    body = await answer.json()
    assert answer.status == 201
    assert body["silence"]["id"] == silence.id
    assert body["silence"]["text"] == "account=main, rule=~margin.*|drift"
    assert body["silenced"] == [FINGERPRINT]
    assert (await (await stage.ask("GET", "/api/v1/silences")).json())["silences"] == [body["silence"]]


async def test_a_silence_ends_by_its_name(stage: Stage) -> None:
    made = await (await stage.ask("POST", "/api/v1/silences", SILENCE)).json()
    name = made["silence"]["id"]
    ended = await stage.ask("DELETE", f"/api/v1/silences/{name}", {"author": "Ben"})

    assert ended.status == 200
    assert stage.commands[1] == EndSilence(id=name, author="Ben", via="api", at=NOW)
    assert (await stage.ask("DELETE", f"/api/v1/silences/{name}", {"author": "Ben"})).status == 404


async def test_there_is_a_bound_on_silences(stage: Stage) -> None:
    one = Silence(id="x", matchers=(), starts=NOW, ends=NOW + 1.0, author="a", comment="")
    stage.view = replace(stage.view, silences=(one,) * 200)

    assert (await stage.ask("POST", "/api/v1/silences", SILENCE)).status == 409


@pytest.mark.parametrize(
    ("body", "key", "cure"),
    [
        ({"matchers": []}, "matchers", "at least one"),
        ({"matchers": "account=main"}, "matchers", "must be a list"),
        ({"matchers": ["account"]}, "matchers[0]", "label=value"),
        ({"matchers": ["a=b", 7]}, "matchers[1]", "must be a text"),
        ({"matchers": [{"name": "a", "value": "b", "regexp": True}]}, "matchers[0]", "must be a text"),
        ({"matchers": [{"name": "A-", "value": "b"}]}, "matchers[0]", "name of a label"),
        ({"matchers": ["account=~("]}, "matchers[0]", "no regular expression"),
        ({"matchers": ["account=~(a+)+"]}, "matchers[0]", "may not repeat a group"),
        ({"matchers": ["account=~" + "a" * 201]}, "matchers[0]", "at most 200"),
        ({"matchers": ["account=~.*"]}, "matchers", "would silence all"),
        ({"seconds": None}, "seconds", "number of seconds"),
        ({"seconds": "2h"}, "seconds", "number of seconds"),
        ({"seconds": True}, "seconds", "number of seconds"),
        ({"seconds": 0}, "seconds", "from 1 to"),
        ({"seconds": 1e12}, "seconds", "from 1 to"),
        ({"author": ""}, "author", "must be given"),
        ({"author": 7}, "author", "must be text"),
        ({"author": "a" * 65}, "author", "at most 64"),
        ({"author": "a\u202eb"}, "author", "cannot be printed"),
        ({"comment": "a" * 501}, "comment", "at most 500"),
        ({"via": "web"}, "via", "api, cli"),
        ({"until": 1}, "until", "no such key"),
    ],
)
async def test_bad_input_names_key_and_cure(stage: Stage, body: dict[str, Any], key: str, cure: str) -> None:
    answer = await stage.ask("POST", "/api/v1/silences", SILENCE | body)

    error = (await answer.json())["error"]
    assert (answer.status, error["key"], set(error)) == (400, key, {"key", "value", "cure"})
    assert cure in error["cure"]
    assert len(str(error["value"])) <= 70
    assert stage.commands == []


@pytest.mark.parametrize(
    ("body", "kind", "key"),
    [
        (b'{"author": ', "application/json", "body"),
        (b"\xff\xfe", "application/json", "body"),
        (b"[" * 9000, "application/json", "body"),
        (b"[]", "application/json", "body"),
        (b"author=Ada", "application/x-www-form-urlencoded", "Content-Type"),
        (b'{"author": "Ada"}', "text/plain", "Content-Type"),
        (b"", "application/json", "author"),
    ],
)
async def test_a_body_that_is_not_an_object_is_refused(stage: Stage, body: bytes, kind: str, key: str) -> None:
    answer = await stage.ask("POST", ACK, data=body, headers={"Content-Type": kind})

    assert (answer.status, (await answer.json())["error"]["key"]) == (400, key)


async def test_a_huge_body_is_not_read(stage: Stage) -> None:
    answer = await stage.ask("POST", ACK, {"author": "A" * 20_000})

    assert (answer.status, (await answer.json())["error"]["key"]) == (413, "body")


async def test_each_way_is_tried_and_says_how_it_went(stage: Stage) -> None:
    stage.view = replace(stage.view, channels=(PHONE,))
    every = await (await stage.ask("POST", "/api/v1/test")).json()
    one = await (await stage.ask("POST", "/api/v1/test", {"channel": "phone"})).json()

    assert every["results"] == [
        {"channel": "phone", "delivered": True, "why": ""},
        {"channel": "hook", "delivered": False, "why": "answers with status 500"},
    ]
    assert [result["channel"] for result in one["results"]] == ["phone"]
    assert stage.tried == [None, "phone"]


async def test_a_channel_that_is_not_there_is_named_with_those_that_are(stage: Stage) -> None:
    stage.view = replace(stage.view, channels=(PHONE,))
    answer = await stage.ask("POST", "/api/v1/test", {"channel": "pager"})

    assert answer.status == 404
    assert (await answer.json())["error"]["cure"] == "no such channel; there are: phone"
    assert stage.tried == []


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_sign_of_life_comes_by_post_and_by_get(stage: Stage, method: str) -> None:
    assert (await stage.ask(method, "/api/v1/heartbeats/backup")).status == 200
    assert (await stage.ask(method, "/api/v1/heartbeats/nobody")).status == 404
    assert stage.beats == ["backup", "nobody"]


async def test_looking_whether_it_is_there_is_no_sign_of_life(stage: Stage) -> None:
    assert (await stage.ask("HEAD", "/api/v1/heartbeats/backup")).status == 405
    assert stage.beats == []


async def test_channels_that_cannot_be_tried_say_why(stage: Stage) -> None:
    stage.results_ill = "delivery has not begun"
    answer = await stage.ask("POST", "/api/v1/test")

    assert (answer.status, (await answer.json())["error"]["cure"]) == (503, "delivery has not begun")


async def test_a_body_that_does_not_come_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "BODY_SECONDS", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(1.0)

    answer = await stage.ask("POST", ACK, data=never(), headers={"Content-Type": "application/json"})
    assert (answer.status, (await answer.json())["error"]["key"]) == (408, "body")
