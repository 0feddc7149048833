"""The configuration: all mistakes at once, each with key, value and cure; no secret in any of them."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from monitor.alerts.settings import AlertSettings
from monitor.app import config_accounts, config_keys, config_timings, config_venues, settings
from monitor.app.config import Config, Loaded, load, loads
from monitor.app.config_delivery import KINDS
from monitor.app.config_example import MANY, OTHERS, example
from monitor.app.supervision import SupervisionSettings
from monitor.domain.alerts import Severity
from monitor.domain.errors import ConfigError, ConfigMissing, ConfigRefused
from monitor.domain.names import AccountKey
from monitor.engine.settings import DriftTolerances, EngineSettings, Limits, VolatilitySettings
from monitor.venues.binance import parameters as binance_parameters
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.bybit.settings import BybitSettings, BybitUrls
from monitor.venues.hyperliquid import parameters as hyperliquid_parameters
from monitor.venues.hyperliquid.settings import HyperliquidSettings, HyperliquidUrls
from monitor.venues.kucoin import parameters as kucoin_parameters
from monitor.venues.kucoin.settings import KucoinSettings, KucoinUrls
from monitor.venues.okx.settings import OkxSettings, OkxUrls
from monitor.venues.settings import PermissionPolicy, Timings
from tests.programs import ROOT

KEY = "an-api-key-of-a-test-account"
SECRET = "a-secret-that-must-never-be-shown"
ACCOUNT = f"""
[accounts.main]
venue = "binance"
api_key = "{KEY}"
api_secret = "{SECRET}"
"""


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def refused(text: str, environ: Mapping[str, str] | None = None) -> dict[str, ConfigError]:
    with pytest.raises(ConfigRefused) as caught:
        loads(text, environ)
    assert SECRET not in str(caught.value)
    assert KEY not in str(caught.value)
    return {mistake.key: mistake for mistake in caught.value.mistakes}


def test_the_smallest_configuration_is_one_account_with_its_key() -> None:
    loaded = loads(ACCOUNT)
    assert settings.account_keys(loaded) == (AccountKey("binance", "main"),)
    account = settings.binance(loaded).accounts[0]
    assert account.credentials.api_key.reveal() == KEY
    assert account.credentials.api_secret.reveal() == SECRET
    assert account.permissions is PermissionPolicy.REFUSE


def test_the_defaults_are_those_of_the_rooms_themselves() -> None:
    loaded = loads(ACCOUNT)
    ours, theirs = settings.engine(loaded), EngineSettings(accounts=(AccountKey("binance", "main"),))
    assert dataclasses.replace(ours, venue_limits={}, ratio_levels=(), distance_levels=()) == theirs
    assert ours.limits_of("binance") == theirs.limits_of("binance")
    assert settings.alerts(loaded) == AlertSettings()
    assert dataclasses.replace(settings.binance(loaded), accounts=(), parameters={}) == BinanceSettings()
    assert settings.bybit(loaded) == BybitSettings()
    assert settings.okx(loaded) == OkxSettings()
    assert dataclasses.replace(settings.kucoin(loaded), parameters={}) == KucoinSettings()
    assert dataclasses.replace(settings.hyperliquid(loaded), parameters={}) == HyperliquidSettings()
    assert settings.kucoin(loaded).parameters == kucoin_parameters.DEFAULTS
    assert settings.hyperliquid(loaded).parameters == hyperliquid_parameters.DEFAULTS
    assert settings.binance(loaded).parameters == binance_parameters.DEFAULTS


def test_every_setting_of_the_rooms_has_its_key() -> None:
    def fields(settings_class: type[Any]) -> set[str]:
        return {field.name for field in dataclasses.fields(settings_class)}

    # Not keys of their own: what follows from accounts and rules, and limits, which are given venue by venue.
    follows = {
        "accounts",
        "groups",
        "group_settings",
        "hedges",
        "ratio_levels",
        "distance_levels",
        "limits",
        "venue_limits",
    }
    assert fields(EngineSettings) - follows == set(config_keys.Engine.model_fields)
    assert fields(Limits) == set(config_timings.Limits.model_fields)
    assert fields(VolatilitySettings) == set(config_keys.Volatility.model_fields)
    assert fields(DriftTolerances) == set(config_keys.Drift.model_fields)
    rooms: tuple[tuple[type[Any], type[BaseModel]], ...] = (
        (BinanceSettings, config_venues.Binance),
        (BybitSettings, config_venues.Bybit),
        (OkxSettings, config_venues.Okx),
        (KucoinSettings, config_venues.Kucoin),
        (HyperliquidSettings, config_venues.Hyperliquid),
    )
    for room, table in rooms:
        assert (fields(room) - {"accounts"}) | {"limits"} == set(table.model_fields)
    assert fields(Timings) == set(config_timings.BinanceTimings.model_fields)
    assert fields(BinanceUrls) == set(config_venues.BinanceUrls.model_fields)
    assert fields(BybitUrls) == set(config_venues.BybitUrls.model_fields)
    assert fields(OkxUrls) == set(config_venues.OkxUrls.model_fields)
    assert fields(KucoinUrls) == set(config_venues.KucoinUrls.model_fields)
    assert fields(HyperliquidUrls) == set(config_venues.HyperliquidUrls.model_fields)
    assert fields(SupervisionSettings) == set(config_keys.Supervision.model_fields)


def test_all_mistakes_are_reported_at_once_with_key_value_and_cure() -> None:
    mistakes = refused(
        """
        log_levle = "debug"
        [web]
        port = 99999
        [engine]
        jump_ratio = "wide"
        lines_every_seconds = -1
        wanted_distance_ratio = 1.5
        [venues.binance.urls]
        stream = "https://fstream.binance.com"
        fapi = "http://fapi.binance.com"
        [venues.binance.timings]
        account_every_seconds = inf
        snapshot_tries = 2.5
        [venues.okkx]
        [accounts.main]
        venue = "binanse"
        api_key_env = "NO_SUCH_NAME"
        """
    )
    assert set(mistakes) == {
        "log_levle",
        "web.port",
        "engine.jump_ratio",
        "engine.lines_every_seconds",
        "engine.wanted_distance_ratio",
        "venues.binance.urls.stream",
        "venues.binance.urls.fapi",
        "venues.binance.timings.account_every_seconds",
        "venues.binance.timings.snapshot_tries",
        "venues.okkx",
        "accounts.main.venue",
        "accounts.main.api_key_env",
        "accounts.main.api_secret",
    }
    assert mistakes["log_levle"].cure.startswith("no such key; did you mean log_level?")
    assert mistakes["web.port"].value == 99999
    assert mistakes["web.port"].cure.startswith("must be 65535 or less")
    assert mistakes["engine.jump_ratio"].cure.startswith("must be a number (ratio; a price that moves")
    assert mistakes["venues.okkx"].cure == "no such key; did you mean okx?"
    assert mistakes["accounts.main.venue"].cure == "must be one of: binance, bybit, okx, kucoin, hyperliquid"
    assert mistakes["accounts.main.api_key_env"].cure == "no environment variable of this name is set"
    assert "must begin with wss://" in mistakes["venues.binance.urls.stream"].cure
    assert "keys travel over it" in mistakes["venues.binance.urls.fapi"].cure


def test_a_mistake_in_an_alert_rule_is_refused_with_the_others() -> None:
    mistakes = refused(
        ACCOUNT
        + """
        [alerts.margin_ratoi]
        [alerts.margin_ratio]
        thresholds = {warning = 0.9, loud = 1}
        for_seconds = -1
        """
    )
    assert mistakes["alerts.margin_ratoi"].cure == "no such key; did you mean margin_ratio?"
    assert {"alerts.margin_ratio.thresholds.loud", "alerts.margin_ratio.for_seconds"} < set(mistakes)
    crossed = refused(ACCOUNT + "[alerts.margin_ratio]\nthresholds = {warning = 0.9, critical = 0.8}")
    assert "a louder severity needs a greater threshold" in crossed["alerts.margin_ratio.thresholds"].cure


def test_a_threshold_is_set_by_an_environment_name() -> None:
    environ = {"MARGINWATCH_ALERTS__MARGIN_RATIO__THRESHOLDS__WARNING": "0.5"}
    rule = settings.alerts(loads(ACCOUNT, environ)).of("margin_ratio")
    assert rule.thresholds == {Severity.WARNING: 0.5}


def test_a_key_whose_powers_are_to_be_ignored_has_no_alert_of_them() -> None:
    assert settings.alerts(loads(ACCOUNT)).any_key == frozenset()
    ignored = loads(ACCOUNT + 'permissions = "ignore"\n')
    assert settings.alerts(ignored).any_key == {AccountKey("binance", "main")}


def test_plain_text_addresses_are_for_this_machine_only() -> None:
    loaded = loads(ACCOUNT + '[venues.binance.urls]\nfapi = "http://127.0.0.1:8080/"\nstream = "ws://localhost:8080"')
    assert settings.binance(loaded).urls.fapi == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        ("http://127.0.0.1.evil.example", "keys travel"),
        ("https://", "has no host"),
        ("https://u:p@x.example", "a user"),
    ],
)
def test_a_deceptive_address_is_refused(address: str, cure: str) -> None:
    mistakes = refused(ACCOUNT + f'[venues.binance.urls]\nfapi = "{address}"')
    assert cure in mistakes["venues.binance.urls.fapi"].cure


@pytest.mark.parametrize(
    ("line", "key", "cure"),
    [
        (
            'stablecoins = ["USDC", "usdt"]',
            "stablecoins",
            "'usdt' is no asset: write it as the venue does, in upper case",
        ),
        ('stablecoins = [" USDT"]', "stablecoins", "' USDT' is no asset"),
        ('stablecoins = [""]', "stablecoins", "'' is no asset"),
        ("betas = { eth = 1.2 }", "betas", "'eth' is no asset"),
        ("betas = { BTC = 1.0, ETH = -0.5 }", "betas", "the beta of ETH is -0.5: must be 0 (it stands still) or more"),
        ("betas = { ETH = nan }", "betas", "the beta of ETH is nan"),
        ("betas = { ETH = inf }", "betas", "the beta of ETH is inf"),
    ],
)
def test_what_would_silently_do_nothing_or_turn_the_market_round_is_refused(line: str, key: str, cure: str) -> None:
    mistakes = refused(ACCOUNT + f"[engine]\n{line}")
    assert cure in mistakes[f"engine.{key}"].cure


def test_assets_as_their_venues_write_them_are_taken() -> None:
    loaded = loads(ACCOUNT + '[engine]\nstablecoins = ["USDT", "USDT0"]\nbetas = { "1000PEPE" = 2, BTC = 0 }')
    assert settings.engine(loaded).stablecoins == {"USDT", "USDT0"}
    assert settings.engine(loaded).betas == {"1000PEPE": 2.0, "BTC": 0.0}


def test_a_configuration_without_accounts_is_refused() -> None:
    assert refused("")["accounts"].cure.startswith("is needed")
    assert refused("[accounts]")["accounts"].cure.startswith("must not be empty")


@pytest.mark.parametrize("name", ["Main", "a__b", "", "a b", "x" * 65, "../etc"])
def test_an_account_name_must_be_writable_as_an_environment_name_and_a_label(name: str) -> None:
    mistakes = refused(ACCOUNT.replace("accounts.main", f'accounts."{name}"'))
    assert any(key.startswith("accounts") for key in mistakes)


def test_environment_wins_over_credentials_over_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name, text in (("accounts__main__api_secret", "from-a-credential\n"), ("web__host", "0.0.0.0")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o400)
    file = write(tmp_path, ACCOUNT + '[web]\nhost = "127.0.0.2"\nport = 1')
    environ = {
        "CREDENTIALS_DIRECTORY": str(folder),
        "MARGINWATCH_WEB__HOST": "127.0.0.3",
        "MARGINWATCH_ENGINE__BETAS": '{"ETH": 1.2}',
        "MARGINWATCH_VENUES__BINANCE__LIMITS__MARK_SECONDS": "7.5",
    }
    loaded = load(file, environ)
    assert loaded.config.web.host == "127.0.0.3"
    assert loaded.config.web.port == 1
    assert loaded.secrets["accounts.main.api_secret"].get_secret_value() == "from-a-credential"
    assert loaded.secrets["accounts.main.api_key"].get_secret_value() == KEY
    assert loaded.config.engine.betas == {"ETH": 1.2}
    assert settings.engine(loaded).limits_of("binance").mark_seconds == 7.5
    assert load(file, environ, {"web": {"host": "::1"}}).config.web.host == "::1"


def test_a_mistyped_environment_name_is_refused_and_its_value_not_shown() -> None:
    environ = {"MARGINWATCH_MQQT__PORT": "1", "MARGINWATCH_ACCOUNTS__MAIN__API_SERCET": SECRET, "MARGINWATCH_X": SECRET}
    mistakes = refused(ACCOUNT, environ)
    assert set(mistakes) == {"mqqt", "accounts.main.api_sercet", "x"}
    assert mistakes["mqqt"].cure.endswith("[set by the environment variable MARGINWATCH_MQQT__PORT]")
    assert "did you mean api_secret?" in mistakes["accounts.main.api_sercet"].cure


def test_names_that_kubernetes_injects_for_a_service_are_not_keys() -> None:
    environ = {
        "MARGINWATCH_SERVICE_HOST": "10.0.0.1",
        "MARGINWATCH_SERVICE_PORT": "9786",
        "MARGINWATCH_PORT": "tcp://10.0.0.1:9786",
        "MARGINWATCH_PORT_9786_TCP_ADDR": "10.0.0.1",
        "MARGINWATCH_CONFIG": "/x",
    }
    assert loads(ACCOUNT, environ).config.web.port == 9786


def test_an_unknown_or_exposed_credential_file_is_refused(tmp_path: Path) -> None:
    for name, mode in (("accounts__main__api_sekret", 0o400), ("accounts__main__api_secret", 0o444), ("tokn", 0o400)):
        (tmp_path / name).write_text(SECRET)
        (tmp_path / name).chmod(mode)
    mistakes = refused(ACCOUNT, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert set(mistakes) == {"accounts.main.api_sekret", "accounts.main.api_secret", "tokn"}
    assert "chmod 0600" in mistakes["accounts.main.api_secret"].cure
    assert "credential file tokn" in mistakes["tokn"].cure


def test_a_credentials_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "$CREDENTIALS_DIRECTORY" in refused(ACCOUNT, {"CREDENTIALS_DIRECTORY": str(tmp_path / "none")})


def test_secrets_come_from_files_beside_the_configuration_and_from_named_variables(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "key").chmod(0o640)
    text = '[accounts.main]\nvenue = "binance"\napi_key_file = "key"\napi_secret_env = "BINANCE_SECRET"'
    loaded = load(write(tmp_path, text, 0o644), {"BINANCE_SECRET": SECRET})
    assert set(loaded.secret_texts) == {KEY, SECRET}
    assert SECRET not in repr(loaded)
    assert SECRET not in repr(settings.binance(loaded))


@pytest.mark.parametrize(
    ("content", "mode", "cure"),
    [
        (SECRET, 0o644, "chmod 0600"),
        ("", 0o600, "is empty"),
        ("two\nlines-here", 0o600, "does not look like a key"),
        ("x" * 70_000, 0o600, "too large"),
        (None, 0, "cannot be read: No such file"),
    ],
)
def test_a_bad_secret_file_names_the_key_the_file_and_the_cure(
    tmp_path: Path, content: str | None, mode: int, cure: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    text = f'[accounts.main]\nvenue = "binance"\napi_key = "{KEY}"\napi_secret_file = "{file}"'
    mistakes = refused(text)
    assert [mistake for mistake in mistakes.values() if cure in mistake.cure]


def test_a_secret_given_twice_or_not_as_text_is_refused() -> None:
    mistakes = refused(ACCOUNT + 'api_secret_env = "X"\n')
    assert mistakes["accounts.main.api_secret"].cure == "set exactly one of them"
    number = ACCOUNT.replace(f'"{SECRET}"', "1234567890123")
    assert "1234567890123" not in str(refused(number)["accounts.main.api_secret"])


def test_a_key_that_was_pasted_twice_is_refused() -> None:
    """Two names with one key would show one account twice, and the other one nowhere."""
    again = f'[accounts.desk]\nvenue = "binance"\napi_key = "{KEY}"\napi_secret = "another-secret-of-a-test"\n'
    mistakes = refused(ACCOUNT + again)
    assert set(mistakes) == {"accounts.desk.api_key"}
    assert "the same as accounts.main.api_key" in mistakes["accounts.desk.api_key"].cure
    swapped = ACCOUNT.replace(SECRET, KEY)
    assert "a secret of its own" in refused(swapped)["accounts.main.api_secret"].cure


@pytest.mark.parametrize("what", ["account", "config", "tiers", "instruments"])
def test_a_limit_below_the_interval_of_its_poll_is_refused(what: str) -> None:
    limits = f"[venues.binance.limits]\n{what}_seconds = 1\n"
    assert f"{what}_every_seconds" in refused(ACCOUNT + limits)["venues.binance"].cure


def test_a_secret_in_a_file_that_everyone_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match="chmod 0600"):
        load(write(tmp_path, ACCOUNT, 0o644), {})


def test_a_syntax_error_names_its_line_and_shows_nothing_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused) as caught:
        load(write(tmp_path, ACCOUNT + 'port = "unclosed\n'), {})
    (mistake,) = caught.value.mistakes
    assert mistake.value == "line 6, column 17"
    assert mistake.cure.startswith("not valid TOML")


def test_a_folder_given_as_the_file_is_called_a_folder(tmp_path: Path) -> None:
    for given, environ in ((tmp_path, {}), (None, {"MARGINWATCH_CONFIG": str(tmp_path)})):
        with pytest.raises(
            ConfigMissing, match=r"is a folder: name the configuration file in it, such as .*config\.toml"
        ):
            load(given, environ)


@pytest.mark.parametrize("name", ["Main", "a b", "_main", "main_", "a__b", "-main", "ä"])
def test_what_a_name_may_hold_is_told_in_words(name: str) -> None:
    mistakes = refused(ACCOUNT.replace("[accounts.main]", f'[accounts."{name}"]'))
    cure = mistakes[f"accounts.{name}"].cure
    assert cure.startswith("a name holds lower-case letters a to z, digits")
    assert "^" not in cure


def test_a_missing_file_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing, match=r"absent\.toml"):
        load(tmp_path / "absent.toml", {})
    with pytest.raises(ConfigMissing, match=r"absent\.toml"):
        load(None, {"MARGINWATCH_CONFIG": str(tmp_path / "absent.toml")})
    with pytest.raises(ConfigMissing, match="looked at"):
        load(None, {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)})


def test_the_search_path_ends_at_the_first_file_that_exists(tmp_path: Path) -> None:
    for name in ("unit", "xdg/marginwatch"):
        (tmp_path / name).mkdir(parents=True)
    environ = {"CONFIGURATION_DIRECTORY": str(tmp_path / "unit"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    in_home = write(tmp_path / "xdg/marginwatch", ACCOUNT)
    assert load(None, environ).file == in_home
    in_unit = write(tmp_path / "unit", ACCOUNT)
    assert load(None, environ).file == in_unit
    named = write(tmp_path, ACCOUNT)
    assert load(None, environ | {"MARGINWATCH_CONFIG": str(named)}).file == named


def load_example(tmp_path: Path, text: str) -> Loaded:
    for name, text_of_it in (("binance-api-key", KEY), ("binance-api-secret", SECRET)):
        (tmp_path / name).write_text(text_of_it)
        (tmp_path / name).chmod(0o600)
    return load(write(tmp_path, text, 0o644), {})


def test_the_example_loads_and_changes_no_default(tmp_path: Path) -> None:
    loaded = load_example(tmp_path, (ROOT / "config.example.toml").read_text())
    assert loaded.config.model_dump(exclude={"accounts"}) == loads(ACCOUNT).config.model_dump(exclude={"accounts"})


def keys_of(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every key with its default and its meaning, tables opened."""
    for name, field in model.model_fields.items():
        if name == "accounts":
            yield from keys_of(config_accounts.BinanceAccount, "accounts.main.")
            for head, other, _ in OTHERS:
                yield from keys_of(other, head.strip("[]") + ".")
        elif f"{path}{name}" in MANY:
            for head, many, _ in MANY[f"{path}{name}"]:
                yield from keys_of(many, head.strip("[]") + ".")
        elif path.startswith("groups.") and name == "hedges":
            pass  # tables of their own
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation, f"{path}{name}.")
        else:
            yield path + name, field.get_default(call_default_factory=True), field.description or ""


def shown_keys(text: str) -> dict[str, Any]:
    """Every `key = value` of the example, commented or not, by dotted key."""
    found, table = {}, ""
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("["):
            table = bare.strip("[]") + "."
        if " = " in bare and bare.split(" = ")[0].replace("_", "").isalnum() and not line.startswith("##"):
            found[table + bare.split(" = ")[0]] = tomllib.loads(bare)[bare.split(" = ")[0]]
    return found


def test_the_example_shows_every_key_with_its_default_and_its_meaning() -> None:
    text = (ROOT / "config.example.toml").read_text()
    shown = shown_keys(text)
    known = {name: (default, meaning) for name, default, meaning in keys_of(Config)}
    assert set(shown) == set(known)
    for name, (default, meaning) in known.items():
        assert meaning, name
        assert meaning in text, name
        if not name.startswith(tuple(f"{each}." for each in ("accounts", *MANY))) or name.endswith(".permissions"):
            assert shown[name] == ("" if default is None else _plain(default)), name


def test_the_samples_of_the_example_are_a_configuration_once_their_secrets_are_there(tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text()
    lines, inside, emptied = [], False, ('_env = ""', '_file = ""')
    for line in text.splitlines():
        inside = line.startswith("# [") or (inside and bool(line))
        bare = line.removeprefix("# ") if inside else line
        lines.append("" if any(part in bare for part in emptied) else bare)
    names = set(re.findall(r'_file = "([a-z-]+)"', "\n".join(lines)))
    shapes = {name: "1:" if name.startswith("telegram") else "https://h/" for name in names if "secret" not in name}
    for name in names:
        (tmp_path / name).write_text(f"{shapes.get(name, '')}a-secret-of-{name}")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines))
    file.chmod(0o600)
    loaded = load(file, {})
    assert [channel.kind for channel in loaded.config.channels.values()] == list(KINDS)
    assert loaded.secret("channels.hook.secret") == "a-secret-of-webhook-secret"
    assert loaded.config.routes[0].escalate[0].channels == ("pager",)


def _plain(value: Any) -> Any:
    """A default as TOML would give it back."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def test_the_example_is_the_one_that_the_keys_write() -> None:
    assert (ROOT / "config.example.toml").read_text() == example(), (
        "write it anew: python -m monitor.app.config_example > config.example.toml"
    )
