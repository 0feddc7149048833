"""Where the journal stands, how much it may take, and what of the configuration goes into it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor.app import config_journal, settings
from monitor.app.config import Config, Loaded, loads
from monitor.app.config_journal import Journal, journal_folder, journal_found
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.outputs.journal.journal import JournalSettings

ACCOUNT = """
[accounts.main]
venue = "binance"
api_key_env = "A_KEY"
api_secret = "a-secret-that-must-never-be-shown"
"""
ENVIRON = {"A_KEY": "the-key-of-a-test-account"}


def mistakes(table: str) -> str:
    with pytest.raises(ConfigRefused) as caught:
        loads(ACCOUNT + table, ENVIRON)
    return str(caught.value)


def test_it_is_on_unless_somebody_turns_it_off() -> None:
    assert loads(ACCOUNT, ENVIRON).config.journal.enabled
    assert not loads(ACCOUNT + "[journal]\nenabled = false\n", ENVIRON).config.journal.enabled


@pytest.mark.parametrize(
    ("named", "environ", "folder"),
    [
        ("/data/journal", {"STATE_DIRECTORY": "/var/lib/marginwatch"}, "/data/journal"),
        ("", {"STATE_DIRECTORY": "/var/lib/marginwatch", "HOME": "/root"}, "/var/lib/marginwatch/journal"),
        ("", {"STATE_DIRECTORY": "/var/lib/one:/var/lib/two"}, "/var/lib/one/journal"),
        ("", {"XDG_STATE_HOME": "/home/me/state", "HOME": "/home/me"}, "/home/me/state/marginwatch/journal"),
        ("", {"HOME": "/home/me"}, "/home/me/.local/state/marginwatch/journal"),
        ("", {"XDG_STATE_HOME": "state", "HOME": "/home/me"}, "/home/me/.local/state/marginwatch/journal"),
    ],
)
def test_the_folder_is_the_one_named_else_that_of_the_service_else_that_of_the_user(
    named: str, environ: dict[str, str], folder: str
) -> None:
    assert journal_folder(named, environ) == Path(folder)


def test_a_folder_under_the_own_home_may_be_named() -> None:
    assert journal_folder("~/journal", {}) == Path.home() / "journal"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('[journal]\ndirectory = "here"\n', "must begin with / or ~"),
        ("[journal]\nmax_bytes = 1000000\nsegment_bytes = 600000\n", "at most half of max_bytes = 1000000"),
        ("[journal]\nsegment_bytes = 100\n", "journal.segment_bytes = 100: must be 65536 or more"),
        ("[journal]\nqueue_records = 0\n", "journal.queue_records = 0: must be 1 or more"),
        ('[journal]\nraw = "some"\n', "journal.raw = 'some': must be 'all', 'private' or 'none'"),
        ("[journal]\nfolder = 1\n", "no such key"),
    ],
)
def test_a_mistake_names_its_key_and_its_cure(table: str, words: str) -> None:
    assert words in mistakes(table)


def test_the_defaults_are_those_of_the_journal_itself_and_hold_many_segments() -> None:
    assert settings.journal(loads(ACCOUNT, ENVIRON)) == JournalSettings()
    assert Journal().max_bytes // Journal().segment_bytes >= 10


def test_where_there_is_no_home_a_folder_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "expanduser", lambda _: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(ConfigError, match="no home folder is known here: name a whole path"):
        journal_folder("", {})


def test_the_effective_configuration_gives_the_same_settings_and_holds_no_secret() -> None:
    text = ACCOUNT.replace('"binance"', '"binance"\npermissions = "ignore"') + (
        '[engine]\nbetas = {"1000SHIB" = 2.0}\nstablecoins = ["USDT"]\n'
        "[alerts.margin_ratio]\nthresholds = {warning = 0.4}\n"
    )
    loaded = loads(text, ENVIRON, {"instance": "desk"})
    told = settings.effective(loaded)
    back = Loaded(Config(**tomllib.loads(told)), {})
    assert settings.engine(back) == settings.engine(loaded)
    assert settings.alerts(back) == settings.alerts(loaded)
    assert back.config.instance == "desk"
    assert settings.effective(back) == told
    for hidden in (*loaded.secret_texts, "A_KEY", "api_key", "api_secret"):
        assert hidden not in told


def test_a_service_folder_that_only_its_owner_may_see_is_where_the_journal_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, is_dir = tmp_path / "service" / "journal", Path.is_dir

    def refused(path: Path) -> bool:
        if path == service:
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(config_journal, "SERVICE_FOLDER", service)
    monkeypatch.setattr(Path, "is_dir", refused)
    assert journal_found(None, {"HOME": str(tmp_path / "me")}) == service
