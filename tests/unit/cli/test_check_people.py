"""What `check-config` says of who is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.app.config import loads
from monitor.app.settings_routing import refuse_what_cannot_be_spoken_to
from monitor.cli.check_config import check_config, summary
from monitor.cli.codes import Exit, guarded
from monitor.cli.run import run
from monitor.domain.errors import ConfigRefused

ACCOUNT = """
[accounts.main]
venue = "binance"
api_key = "an-api-key-of-a-test-account"
api_secret = "a-secret-that-must-never-be-shown"
"""
MAIL = """
[channels.mail]
kind = "apprise"
url = "json://user:planted-password@127.0.0.1/"
"""


def said(text: str) -> str:
    return "\n".join(summary(loads(ACCOUNT + text)))


def test_without_a_channel_it_says_where_alerts_stand() -> None:
    assert "no channel is configured" in said("")


def test_channels_are_named_with_their_kind_and_without_their_secrets() -> None:
    text = said(MAIL + '[mqtt]\nhost = "broker"\ncommands = true\n')
    assert "channel mail: apprise" in text
    assert "channel mqtt: broker:1883" in text
    assert "mqtt.commands without mqtt.tls" in text
    assert "planted-password" not in text


def test_messages_without_links_are_warned_of() -> None:
    assert "external_url" in said(MAIL)
    assert "external_url" not in said(MAIL + '[web]\nexternal_url = "https://margin.example.org"\n')


def test_a_channel_that_no_route_leads_to_is_warned_of() -> None:
    text = said(MAIL + '[mqtt]\nhost = "h"\n[[routes]]\nname = "all"\nchannels = ["mail"]\n')
    assert "no route leads to the channel mqtt" in text
    assert "no route leads to the channel mail" not in text


def test_a_monitor_that_keeps_nothing_is_warned_of() -> None:
    assert "store.enabled = false" in said("[store]\nenabled = false\n")


@pytest.mark.parametrize("url", ["pigeon://user:planted-password@home/", "planted-password"])
def test_a_service_that_apprise_does_not_know_is_refused_without_showing_its_url(url: str) -> None:
    with pytest.raises(ConfigRefused) as caught:
        refuse_what_cannot_be_spoken_to(loads(ACCOUNT + MAIL.replace("json://user:planted-password@127.0.0.1/", url)))
    (mistake,) = caught.value.mistakes
    assert mistake.key == "channels.mail.url"
    assert "planted-password" not in str(mistake)


def test_a_service_that_it_knows_is_taken() -> None:
    refuse_what_cannot_be_spoken_to(loads(ACCOUNT + MAIL))


@pytest.mark.parametrize("command", [check_config, run])
def test_where_there_is_no_home_both_commands_ask_for_a_folder_of_the_store(
    command: Callable[[Path], Exit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(ACCOUNT)
    file.chmod(0o600)
    monkeypatch.setattr("monitor.app.logging.configure", lambda *_: None)  # it would last for the tests after this one
    for name in ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "expanduser", lambda _: (_ for _ in ()).throw(RuntimeError("no home")))
    assert guarded(lambda: command(file)) is Exit.CONFIGURATION
    assert "store.directory" in capsys.readouterr().err
