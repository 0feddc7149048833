"""What each service is sent, to the letter: one file for each channel and situation, in `golden/`.

After a change that is meant: MARGINWATCH_GOLDEN=write pytest tests/channels/test_golden.py, and read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.alerts import Change, Severity
from monitor.domain.delivery import Message
from monitor.outputs.channels import apprise, discord, pagerduty, slack, telegram, webhook
from monitor.outputs.channels.alertmanager import AlertmanagerChannel, AlertmanagerSettings
from tests.channels import fakes
from tests.channels.samples import EXTERNAL, StillClock, alert, change, message, trial, using

FOLDER = Path(__file__).parent / "golden"

CRITICAL = alert(Severity.CRITICAL, value=0.96, threshold=0.95, summary="main: margin ratio 96 % of cross:USDT")


@dataclass(frozen=True)
class Case:
    """A message in a situation."""

    name: str
    message: Message

    def __str__(self) -> str:
        return self.name


CASES = (
    Case("fired", message()),
    Case("escalated", message(change(Change.ESCALATED, CRITICAL, 3, previous=Severity.WARNING))),
    Case("acknowledged", message(change(Change.ACKNOWLEDGED, alert(by="ann", note="on it"), 2))),
    Case("resolved", message(change(Change.RESOLVED, CRITICAL, 5))),
    Case("several", message(change(one=CRITICAL), change(one=alert(account="hedge")))),
    Case("repeated_without_links", message(linked=False, repeated=True)),
    Case("own_level", message(change(one=alert("calamity")))),
    Case("test", trial()),
)


def _own(level: str) -> str:
    return Severity.CRITICAL if level == "calamity" else level


RENDERS: dict[str, Callable[[Message], Any]] = {
    "telegram": lambda told: telegram.render(told, -100, buttons=True),
    "slack": lambda told: slack.render(told, "C0TEAM"),
    "discord": lambda told: discord.render(told, _own),
    "pagerduty": lambda told: [
        event for one in told.changes for event in pagerduty.render(told, one, None, _own)[0]
    ] or [pagerduty.trial_event(told)],
    "webhook": lambda told: webhook.render(told, EXTERNAL if told.link else "", _own),
    "apprise": lambda told: apprise.render(told, _own),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("kind", RENDERS)
def test_what_is_sent(kind: str, case: Case) -> None:
    _compare(f"{kind}_{case}", RENDERS[kind](case.message))


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_alertmanager_is_sent(case: Case) -> None:
    fake = fakes.Alertmanager()
    async with fake.running():
        settings = AlertmanagerSettings(name="am", urls=(fake.url,), labels={"site": "desk"}, external_url=EXTERNAL)
        async with using(channel := AlertmanagerChannel(settings, StillClock(), like=_own)):
            await channel.send(case.message, None)
    _compare(f"alertmanager_{case}", fake.posts())


def _compare(name: str, found: object) -> None:
    file = FOLDER / f"{name}.json"
    if os.environ.get("MARGINWATCH_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(file.read_text(encoding="utf-8"))


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(_names())


def _names() -> Iterator[str]:
    for kind in (*RENDERS, "alertmanager"):
        yield from (f"{kind}_{case}" for case in CASES)
