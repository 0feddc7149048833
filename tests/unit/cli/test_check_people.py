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


def test_conditions_that_nothing_meets_are_warned_of() -> None:
    everyone = '[[routes]]\nname = "all"\nchannels = ["mail"]\n'
    route = '[[routes]]\nname = "a"\nchannels = ["mail"]\nmatch = ["{}"]\n'
    for text, words in {
        "acount=main": "no alert has the label acount",
        "account=mian": "no account 'mian'; there are: main",
        "group=desk": "no group 'desk'; there are: none",
        "rule=position_distanz": "no rule 'position_distanz'",
        "severity=loud": "there are: info, warning, critical",
    }.items():
        assert words in said(MAIL + route.format(text) + everyone), text
    for text in ("account=main", "coin=BTC", "account=~m.*", "account!=old", "group=", "rule=margin_ratio"):
        assert "routes[0]" not in said(MAIL + route.format(text) + everyone), text
    override = '[[alerts.overrides]]\nrule = "margin_ratio"\naccount = "{}"\nenabled = false\n'
    assert "alerts.overrides[0].account: there is no account 'old'" in said(MAIL + override.format("old"))
    assert "overrides" not in said(MAIL + override.format("main"))


def test_routes_that_leave_critical_alerts_to_nobody_are_warned_of() -> None:
    some = '[[routes]]\nname = "a"\nchannels = ["mail"]\nmatch = ["account=main"]\n'
    assert "nobody hears of" in said(MAIL + some)
    assert "nobody hears of" in said(MAIL + some + '[[routes]]\nname = "b"\nchannels = ["mail"]\nlevels = ["info"]\n')
    assert "nobody hears of" not in said(MAIL + some + '[[routes]]\nname = "b"\nchannels = ["mail"]\n')
    assert "nobody hears of" not in said(MAIL)


def test_quiet_hours_are_told_with_their_zone() -> None:
    text = said(MAIL + '[quiet_hours]\nstarts = "22:00"\nends = "07:00"\nzone = "Europe/Berlin"\n')
    assert "quiet hours from 22:00 to 07:00 (Europe/Berlin): info, warning wait" in text
    assert "quiet hours" not in said(MAIL)
