"""The configuration: read from all sources, checked as a whole, and turned into the rooms' own settings.

A source further up wins: what a caller gives, environment names, files of $CREDENTIALS_DIRECTORY, the TOML file, the
defaults. All mistakes are reported at once, each with its key, its value (never a secret) and its cure.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.alerts.settings import mistakes as alert_mistakes
from monitor.app import config_keys as keys
from monitor.app.config_alerts import Alerts, alert_settings
from monitor.app.config_errors import HIDDEN, translate
from monitor.app.config_journal import Journal
from monitor.app.config_sources import (
    Source,
    Tree,
    find_file,
    read_credentials,
    read_environment,
    read_secret_file,
    read_toml,
    readable_by_others,
)
from monitor.app.redaction import Redactor
from monitor.domain.errors import ConfigError, ConfigRefused

SECRETS = ("api_key", "api_secret")
_TREES: ContextVar[tuple[Tree, ...]] = ContextVar("trees", default=())  #: the sources of the `Config` being built
KEY_LENGTHS = range(8, 513)  #: characters of a plausible key


class Config(BaseSettings):
    """Everything that can be set. One attribute a table of the file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    instance: keys.Name = keys.key("main", "name of this daemon where several report to one place")
    log_level: keys.LogLevel = keys.key("info", "what is logged: debug, info, warning or error")
    accounts: Annotated[dict[keys.Name, keys.BinanceAccount], Field(min_length=1)] = Field(
        description="one table an account: [accounts.NAME]; at least one"
    )
    venues: keys.Venues = keys.key(keys.Venues(), "")
    engine: keys.Engine = keys.key(keys.Engine(), "")
    alerts: Alerts = keys.key(Alerts(), "")
    web: keys.Web = keys.key(keys.Web(), "")
    inbox: keys.Inbox = keys.key(keys.Inbox(), "")
    journal: Journal = keys.key(Journal(), "")
    supervision: keys.Supervision = keys.key(keys.Supervision(), "")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Our own sources instead of the library's, which silently ignore a mistyped name."""
        del env_settings, dotenv_settings, file_secret_settings
        return (init_settings, *(InitSettingsSource(settings_cls, init_kwargs=tree) for tree in _TREES.get()))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without mistakes, its secrets by (account, "api_key" or "api_secret"), and its file."""

    config: Config
    secrets: Mapping[tuple[str, str], SecretStr]
    file: Path | None = None

    @property
    def secret_texts(self) -> tuple[str, ...]:
        """The secrets themselves, for the redactor."""
        return tuple(secret.get_secret_value() for secret in self.secrets.values())


def load(
    given: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read and check the configuration. Raises `ConfigMissing` or `ConfigRefused` (with all mistakes)."""
    environ = os.environ if environ is None else environ
    file = find_file(given, environ)
    return check(read_toml(file), environ, overrides or {}, file)


def loads(text: str, environ: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None) -> Loaded:
    """The same from a text that is TOML; nothing is looked up but what `environ` holds."""
    return check(Source(tree=tomllib.loads(text)), environ or {}, overrides or {}, None)


def check(toml: Source, environ: Mapping[str, str], overrides: Mapping[str, Any], file: Path | None) -> Loaded:
    """Merge the sources, validate, resolve the secrets; raises `ConfigRefused` with every mistake of every step."""
    environment, credentials = read_environment(environ), read_credentials(environ)
    sources = (environment, credentials, toml)
    origin = {**credentials.origin, **environment.origin}
    mistakes = [mistake for source in sources for mistake in source.mistakes]
    if toml.mistakes:  # nothing was read from it: what else would be said is noise
        raise ConfigRefused(tuple(mistakes))
    known = Redactor(text for source in sources for text in _inline(source.tree))
    config: Config | None = None
    try:
        config = _settings(overrides, *(source.tree for source in sources))
    except ValidationError as error:
        mistakes += translate(error, Config, origin)
    else:
        mistakes += alert_mistakes(alert_settings(config.alerts))
    accounts = _merged(*(source.tree for source in reversed(sources)), dict(overrides)).get("accounts")
    secrets, more = _secrets(accounts if isinstance(accounts, dict) else {}, environ, file)
    said = {mistake.key for mistake in mistakes}
    mistakes += [mistake for mistake in more if mistake.key not in said]
    mistakes += _same_keys(secrets)
    if file is not None and _inline(toml.tree) and readable_by_others(file):
        cure = f"holds a secret and everyone on this machine can read it: chmod 0600 {file}, or use api_secret_file"
        mistakes.append(ConfigError(str(file), "mode " + oct(file.stat().st_mode & 0o777), cure))
    if mistakes or config is None:
        raise ConfigRefused(tuple(_masked(mistake, known) for mistake in mistakes))
    return Loaded(config, secrets, file)


def _settings(overrides: Mapping[str, Any], *trees: Tree) -> Config:
    """Validate the trees, the earlier one winning."""

    token = _TREES.set(trees)
    try:
        return Config(**overrides)
    finally:
        _TREES.reset(token)


def _merged(*trees: Tree) -> Tree:
    """One tree of several, the later one winning."""
    merged: Tree = {}
    for tree in trees:
        for name, value in tree.items():
            both = isinstance(value, dict) and isinstance(merged.get(name), dict)
            merged[name] = _merged(merged[name], value) if both else value
    return merged


def _inline(tree: Tree) -> list[str]:
    """The secrets that stand in a tree itself."""
    accounts = tree.get("accounts")
    tables = accounts.values() if isinstance(accounts, dict) else ()
    return [
        text
        for table in tables
        if isinstance(table, dict)
        for name in SECRETS
        if isinstance(text := table.get(name), str) and text
    ]


def _secrets(
    accounts: Mapping[str, Any], environ: Mapping[str, str], file: Path | None
) -> tuple[dict[tuple[str, str], SecretStr], list[ConfigError]]:
    """The secrets of all accounts, and what is wrong with them."""
    found: dict[tuple[str, str], SecretStr] = {}
    mistakes: list[ConfigError] = []
    folder = file.parent if file is not None else Path()
    for account, table in accounts.items():
        if not isinstance(table, dict):
            continue  # said by the validation
        for name in SECRETS:
            try:
                text = _secret(f"accounts.{account}.{name}", name, table, environ, folder)
            except ConfigError as mistake:
                mistakes.append(mistake)
            else:
                found[account, name] = SecretStr(text)
    return found, mistakes


def _same_keys(secrets: Mapping[tuple[str, str], SecretStr]) -> list[ConfigError]:
    """Keys that were pasted twice: the same account would stand there under two names, and the other one nowhere."""
    mistakes: list[ConfigError] = []
    first: dict[str, str] = {}
    for (account, name), secret in secrets.items():
        other = first.setdefault(secret.get_secret_value(), f"accounts.{account}.{name}")
        if other != f"accounts.{account}.{name}":
            cure = f"is the same as {other}: each account has a key and a secret of its own"
            mistakes.append(ConfigError(f"accounts.{account}.{name}", HIDDEN, cure))
    return mistakes


def _secret(key: str, name: str, table: Mapping[str, Any], environ: Mapping[str, str], folder: Path) -> str:
    """One secret, given in exactly one way."""
    ways = [way for way in (name, f"{name}_file", f"{name}_env") if table.get(way) is not None]
    if not ways:
        raise ConfigError(key, None, f"is needed: set {name}_file (best), {name}_env, or {name}")
    if len(ways) > 1:
        raise ConfigError(key, " and ".join(ways), "set exactly one of them")
    value = table[ways[0]]
    if not isinstance(value, str):
        raise ConfigError(key if ways[0] == name else f"{key}{ways[0][len(name) :]}", HIDDEN, "must be text")
    if ways[0].endswith("_file"):
        text = read_secret_file(folder / Path(value).expanduser(), f"{key}_file")
    elif ways[0].endswith("_env"):
        text = environ.get(value, "").strip()
        if not text:
            raise ConfigError(f"{key}_env", value, "no environment variable of this name is set")
    else:
        text = value.strip()
    if len(text) not in KEY_LENGTHS or not text.isprintable() or " " in text:
        cure = "does not look like a key: 8 to 512 characters on one line, without spaces"
        raise ConfigError(f"{key}{ways[0][len(name) :]}", HIDDEN, cure)
    return text


def _masked(mistake: ConfigError, known: Redactor) -> ConfigError:
    """The last net: no value or cure that holds a secret of the configuration is shown."""
    value = known.values(mistake.value) if isinstance(mistake.value, str) else mistake.value
    return ConfigError(known.values(mistake.key), value, known.values(mistake.cure))
