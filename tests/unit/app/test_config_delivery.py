"""Who is told and how: what the configuration takes, and what it refuses in which words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor.app.config import Config, effective_tree, load, loads
from monitor.app.config_alerts import alert_settings
from monitor.app.config_people import channel_names
from monitor.app.settings import effective
from monitor.domain.errors import ConfigError, ConfigRefused

TOKEN = "123456:a-bot-token-that-must-never-be-shown"
ACCOUNT = """
[accounts.main]
venue = "binance"
api_key = "an-api-key-of-a-test-account"
api_secret = "a-secret-that-must-never-be-shown"
"""
PHONE = f"""
[channels.phone]
kind = "telegram"
token = "{TOKEN}"
chats = [1]
"""
MAIL = """
[channels.mail]
kind = "apprise"
url = "json://127.0.0.1:1/"
"""


def refused(text: str) -> dict[str, ConfigError]:
    with pytest.raises(ConfigRefused) as caught:
        loads(ACCOUNT + text)
    assert TOKEN not in str(caught.value)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


def test_a_channel_is_known_by_its_name_and_its_secret_by_its_dotted_key() -> None:
    loaded = loads(ACCOUNT + PHONE + MAIL)
    assert channel_names(loaded.config) == ("phone", "mail")
    assert loaded.secret("channels.phone.token") == TOKEN
    assert TOKEN in loaded.secret_texts
    assert TOKEN not in repr(loaded.config)


def test_a_broker_is_a_channel_once_its_host_is_set() -> None:
    assert channel_names(loads(ACCOUNT + '[mqtt]\nhost = "localhost"\n').config) == ("mqtt",)
    assert "another" in refused('[channels.mqtt]\nkind = "apprise"\nurl = "json://x/"\n')["channels.mqtt"].cure


def test_a_missing_secret_names_the_three_ways_to_give_it() -> None:
    mistake = refused('[channels.phone]\nkind = "telegram"\nchats = [1]\n')["channels.phone.token"]
    assert "token_file (best), token_env, or token" in mistake.cure


def test_a_secret_that_is_not_needed_may_be_missing() -> None:
    loaded = loads(ACCOUNT + '[channels.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\n[mqtt]\nhost = "h"\n')
    assert loaded.secret("channels.hook.secret") == ""
    assert loaded.secret("mqtt.password") == ""


def test_a_secret_may_come_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "token").chmod(0o600)
    file = tmp_path / "config.toml"
    file.write_text(ACCOUNT + PHONE.replace(f'token = "{TOKEN}"', 'token_file = "token"'))
    file.chmod(0o600)
    assert load(file, {}).secret("channels.phone.token") == TOKEN


def test_a_credential_file_sets_a_channel_s_secret(tmp_path: Path) -> None:
    (tmp_path / "channels__phone__token").write_text(TOKEN)
    (tmp_path / "channels__phone__token").chmod(0o600)
    text = ACCOUNT + PHONE.replace(f'token = "{TOKEN}"\n', "")
    assert loads(text, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).secret("channels.phone.token") == TOKEN


def test_an_unknown_kind_names_those_that_there_are() -> None:
    found = refused('[channels.phone]\nkind = "pigeon"\n')
    assert found["channels.phone.kind"].value == "pigeon"
    assert "telegram, slack" in found["channels.phone.kind"].cure
    assert "is needed, one of: telegram" in refused("[channels.phone]\nchats = [1]\n")["channels.phone.kind"].cure


def test_a_mistyped_key_of_a_channel_is_told_with_the_one_that_was_meant_and_without_its_value() -> None:
    found = refused(PHONE.replace("token =", "tokken ="))
    assert found["channels.phone.tokken"].value == "***"
    assert "did you mean token" in found["channels.phone.tokken"].cure


def test_a_route_to_nobody_s_channel_is_refused() -> None:
    found = refused(PHONE + '[[routes]]\nname = "a"\nchannels = ["fone"]\n')
    assert found["routes[0].channels"].value == "fone"
    assert "there are: phone" in found["routes[0].channels"].cure


def test_an_escalation_goes_forward_in_time_and_to_channels_that_there_are() -> None:
    steps = '[{after_seconds = 600, channels = ["phone"]}, {after_seconds = 60, channels = ["pager"]}]'
    found = refused(PHONE + f'[[routes]]\nname = "a"\nchannels = ["phone"]\nescalate = {steps}\n')
    assert "later" in found["routes[0].escalate"].cure
    assert found["routes[0].escalate[1].channels"].value == "pager"


def test_two_routes_have_two_names() -> None:
    assert "routes[1].name" in refused(PHONE + '[[routes]]\nname = "a"\n[[routes]]\nname = "a"\n')


def test_a_level_that_there_is_not_is_refused_wherever_it_stands() -> None:
    found = refused(
        PHONE
        + '[[routes]]\nname = "a"\nlevels = ["loud"]\n[quiet_hours]\nlevels = ["low"]\n'
        + '[digests.d]\nchannel = "none"\nlevels = ["mid"]\n'
    )
    assert {"routes[0].levels", "quiet_hours.levels", "digests.d.levels", "digests.d.channel"} <= set(found)


def test_a_fallback_leads_to_another_channel_and_never_in_a_circle() -> None:
    assert loads(ACCOUNT + PHONE + 'fallback = "mail"' + MAIL).config.channels["phone"].fallback == "mail"
    found = refused(PHONE + 'fallback = "mail"' + MAIL + 'fallback = "phone"')
    assert "circle" in found["channels.phone.fallback"].cure
    assert "no such channel" in refused(PHONE + 'fallback = "mail"')["channels.phone.fallback"].cure


@pytest.mark.parametrize("text", ["account", "=x", "account=~(", "a-b=c", "account=~(a+)+"])
def test_a_condition_that_cannot_be_read_is_refused(text: str) -> None:
    found = refused(PHONE + f'[[routes]]\nname = "a"\nmatch = ["{text}"]\n')
    assert text in found["routes[0].match"].cure


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[channels.a]\nkind = "webhook"\nurl = "{planted}.example.org/hook"\n', "channels.a.url"),
        ('[channels.a]\nkind = "discord"\nurl = "htp://{planted}"\n', "channels.a.url"),
        ('[channels.a]\nkind = "discord"\nurl = "https://[{planted}"\n', "channels.a.url"),
        ('[dead_man.a]\nurl = "{planted}"\n', "dead_man.a.url"),
        ('[channels.a]\nkind = "telegram"\nchats = [1]\ntoken = "bot{planted}"\n', "channels.a.token"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_and_not_shown(text: str, key: str) -> None:
    mistake = refused(text.replace("{planted}", "planted-word"))[key]
    assert "planted-word" not in str(mistake)
    assert "must be an address" in mistake.cure or "@BotFather" in mistake.cure


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[quiet_hours]\nstarts = "25:00"\n', "quiet_hours.starts"),
        ('[quiet_hours]\nzone = "Mars/Olympus"\n', "quiet_hours.zone"),
        ('[mqtt]\nhost = "h"\ntopic = "a/#"\n', "mqtt.topic"),
        ('[mqtt]\nhost = "h"\nkey_file = "k"\n', "mqtt"),
        ('[mqtt]\nhost = "h"\nca_file = "k"\n', "mqtt"),
        ('[store]\ndirectory = "here"\n', "store.directory"),
        ('[web]\nexternal_url = "risk.example.org"\n', "web.external_url"),
        ('[web]\ntoken = "short"\n', "web.token"),
        ("[web]\ntoken_for_reading = true\n", "web.token_for_reading"),
        ('[channels.a]\nkind = "alertmanager"\nurls = ["localhost:9093"]\n', "channels.a.urls"),
        ('[channels.a]\nkind = "alertmanager"\nurls = ["http://h"]\nlabels = {"a-b" = "c"}\n', "channels.a.labels"),
        ("[dead_man.a]\nevery_seconds = 1\n", "dead_man.a.url"),
    ],
)
def test_what_would_not_work_is_refused_before_it_is_needed(text: str, key: str) -> None:
    assert key in refused(text)


def test_the_effective_configuration_holds_no_secret_and_not_where_it_comes_from() -> None:
    loaded = loads(ACCOUNT + PHONE + '[web]\ntoken = "a-token-for-the-web-page"\n')
    text = effective(loaded)
    for secret in loaded.secret_texts:
        assert secret not in text
    tree = effective_tree(loaded)
    assert set(tree["channels"]["phone"]) & {"token", "token_file", "token_env"} == set()
    assert tree["channels"]["phone"]["chats"] == (1,)


def test_the_effective_configuration_of_overrides_can_be_read_again() -> None:
    """A journal keeps it, and a replay begins with it."""
    override = '[[alerts.overrides]]\nrule = "position_distance"\ncoin = "ETH"\nthresholds = {warning = 0.2}\n'
    inhibit = '[[alerts.inhibits]]\nsource = ["rule=venue_ban"]\ntarget = ["rule=poll_down"]\n'
    loaded = loads(ACCOUNT + override + inhibit)
    again = Config(**tomllib.loads(effective(loaded)))
    assert alert_settings(again.alerts) == alert_settings(loaded.config.alerts)


HOOK = """
[channels.hook]
kind = "webhook"
url = "http://127.0.0.1:1/"
headers = {Authorization = "Bearer a-planted-token", X-Scope = "desk"}
"""


def test_headers_may_hold_a_token_and_are_kept_as_one() -> None:
    loaded = loads(ACCOUNT + HOOK)
    assert loaded.config.channels["hook"].headers["X-Scope"] == "desk"  # type: ignore[union-attr]  # it is a webhook
    assert "a-planted-token" in loaded.secret_texts
    assert "desk" not in loaded.secret_texts
    assert "a-planted-token" not in effective(loaded)
    assert "a-planted-token" not in repr(loaded)


def test_a_file_that_others_can_read_may_not_hold_a_token_in_a_header_either(tmp_path: Path) -> None:
    for name, text in {"key": "an-api-key-of-a-test-account", "secret": "a-secret", "url": "http://h/"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "config.toml"
    account = '[accounts.main]\nvenue = "binance"\napi_key_file = "key"\napi_secret_file = "secret"\n'
    file.write_text(account + HOOK.replace('url = "http://127.0.0.1:1/"', 'url_file = "url"'))
    file.chmod(0o644)
    with pytest.raises(ConfigRefused, match="everyone on this machine can read it"):
        load(file, {})


@pytest.mark.parametrize(
    "table",
    [
        'kind = "alertmanager"\nurls = ["http://me:planted-word@h:9093"]\n',
        'kind = "slack"\ntoken = "t"\nchannel = "c"\napi = "http://me:planted-word@h"\n',
    ],
)
def test_an_address_with_a_password_in_it_is_refused_and_not_shown(table: str) -> None:
    with pytest.raises(ConfigRefused) as caught:
        loads(f"{ACCOUNT}[channels.a]\n{table}")
    assert "no password" in str(caught.value)
    assert "planted-word" not in str(caught.value)
