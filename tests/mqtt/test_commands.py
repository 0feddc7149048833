"""What people may ask over the command topic, and what is refused."""

from __future__ import annotations

import json

import pytest

from monitor.domain.alerts import Matcher
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, EndSilence, SilenceAlerts
from monitor.outputs.mqtt.commands import MOST_BYTES, CommandRefused, command

NOW = 1_700_000_000.0


def asked(**fields: object) -> AlertCommand:
    return command(json.dumps(fields).encode(), NOW, lambda: "an-id")


def test_an_acknowledgement_names_the_alert_and_who_takes_care() -> None:
    got = asked(command="acknowledge", fingerprint="00ff", author="desk", comment="adding margin")
    assert got == AcknowledgeAlert(fingerprint="00ff", author="desk", via="mqtt", at=NOW, comment="adding margin")


def test_an_acknowledgement_can_be_withdrawn() -> None:
    got = asked(command="withdraw", fingerprint="00ff", author="desk")
    assert isinstance(got, AcknowledgeAlert)
    assert got.withdrawn


def test_a_silence_has_conditions_a_length_and_a_reason() -> None:
    got = asked(
        command="silence", matchers=["account=main", "coin=~BTC|ETH"], seconds=3600, author="a", comment="known"
    )
    assert isinstance(got, SilenceAlerts)
    silence = got.silence
    assert (silence.id, silence.starts, silence.ends) == ("an-id", NOW, NOW + 3600.0)
    assert silence.matchers == (
        Matcher(name="account", value="main"), Matcher(name="coin", value="BTC|ETH", regex=True),
    )  # fmt: skip


def test_a_silence_can_be_ended() -> None:
    assert asked(command="unsilence", id="x", author="a") == EndSilence(id="x", author="a", via="mqtt", at=NOW)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"acknowledge",
        b"\xff\xfe",
        b'{"command":"sell","author":"a"}',
        b'{"command":"acknowledge","author":"a"}',
        b'{"command":"acknowledge","fingerprint":"f","author":""}',
        b'{"command":"acknowledge","fingerprint":"f","author":"a","more":1}',
        b'{"command":"silence","matchers":[],"seconds":1,"author":"a","comment":"c"}',
        b'{"command":"silence","matchers":["account=main"],"seconds":0,"author":"a","comment":"c"}',
        b'{"command":"silence","matchers":["account=main"],"seconds":1e99,"author":"a","comment":"c"}',
        b'{"command":"silence","matchers":["account=main"],"seconds":10,"author":"a","comment":""}',
        b'{"command":"silence","matchers":["account=~("],"seconds":10,"author":"a","comment":"c"}',
        b'{"command":"silence","matchers":["account=~.*"],"seconds":10,"author":"a","comment":"c"}',
        b" " * (MOST_BYTES + 1),
        b'{"x":' + b"[" * (MOST_BYTES - 8),
    ],
)
def test_what_is_no_command_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(CommandRefused, match=r"\w{4}"):
        command(raw, NOW, lambda: "an-id")
