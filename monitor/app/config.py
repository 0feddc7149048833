"""The configuration: read from all sources, checked as a whole, and turned into the rooms' own settings.

A source further up wins: what a caller gives, environment names, files of $CREDENTIALS_DIRECTORY, the TOML file, the
defaults. All mistakes are reported at once, each with its key, its value (never a secret) and its cure.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.alerts.settings import mistakes as alert_mistakes
from monitor.app import config_keys as keys
from monitor.app.config_accounts import Account, account_model
from monitor.app.config_alerts import Alerts, alert_settings, unknown_levels
from monitor.app.config_delivery import (
    Channel,
    DeadMan,
    Delivery,
    Digest,
    Heartbeat,
    Mqtt,
    QuietHours,
    Route,
    Store,
    channel_model,
)
from monitor.app.config_errors import translate
from monitor.app.config_groups import Group, group_mistakes
from monitor.app.config_journal import Journal
from monitor.app.config_people import delivery_mistakes, shape_mistakes
from monitor.app.config_secrets import Held, inline, of_headers, resolve, without_secrets
from monitor.app.config_sources import (
    Source,
    Tree,
    find_file,
    read_credentials,
    read_environment,
    read_toml,
    readable_by_others,
)
from monitor.app.config_stress import Stress
from monitor.app.config_twice import pasted_twice
from monitor.app.config_venues import Venues
from monitor.app.config_web import web_mistakes
from monitor.app.redaction import Redactor
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.domain.names import AccountKey

_TREES: ContextVar[tuple[Tree, ...]] = ContextVar("trees", default=())  #: the sources of the `Config` being built


class Config(BaseSettings):
    """Everything that can be set. One attribute a table of the file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    instance: keys.Name = keys.key("main", "name of this daemon where several report to one place")
    log_level: keys.LogLevel = keys.key("info", "what is logged: debug, info, warning or error")
    accounts: Annotated[dict[keys.Name, Account], Field(min_length=1)] = Field(
        description="one table an account: [accounts.NAME]; at least one"
    )
    groups: dict[keys.Name, Group] = keys.key({}, "one table a group of accounts: [groups.NAME]")
    venues: Venues = keys.key(Venues(), "")
    engine: keys.Engine = keys.key(keys.Engine(), "")
    stress: Stress = keys.key(Stress(), "")
    alerts: Alerts = keys.key(Alerts(), "")
    channels: dict[keys.Name, Channel] = keys.key({}, "one table a channel: [channels.NAME]")
    mqtt: Mqtt = keys.key(Mqtt(), "")
    routes: tuple[Route, ...] = keys.key((), "who is told of what, one [[routes]] each")
    quiet_hours: QuietHours = keys.key(QuietHours(), "")
    digests: dict[keys.Name, Digest] = keys.key({}, "one table a digest: [digests.NAME]")
    delivery: Delivery = keys.key(Delivery(), "")
    heartbeats: dict[keys.Name, Heartbeat] = keys.key({}, "signs of life owed to us: [heartbeats.NAME]")
    dead_man: dict[keys.Name, DeadMan] = keys.key({}, "signs of life that we owe: [dead_man.NAME]")
    store: Store = keys.key(Store(), "")
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
    """A configuration without mistakes, its secrets by dotted key (`accounts.main.api_key`), and its file."""

    config: Config
    secrets: Mapping[str, SecretStr]
    file: Path | None = None

    def secret(self, key: str) -> str:
        """The secret of this dotted key; "" where none is given."""
        found = self.secrets.get(key)
        return "" if found is None else found.get_secret_value()

    @property
    def secret_texts(self) -> tuple[str, ...]:
        """The secrets themselves, for the redactor."""
        named = [secret.get_secret_value() for secret in self.secrets.values()]
        tables = (channel.model_dump() for channel in self.config.channels.values())
        return (*named, *(text for table in tables for text in of_headers(table)))


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
    known = Redactor(text for source in sources for text in inline(secret_tables(source.tree)))
    config: Config | None = None
    try:
        config = _settings(overrides, *(source.tree for source in sources))
    except ValidationError as error:
        mistakes += translate(error, Config, origin)
        rules = _merged(*(source.tree for source in reversed(sources))).get("alerts")
        mistakes += [each for each in unknown_levels(rules) if each.key not in {told.key for told in mistakes}]
    else:
        mistakes += alert_mistakes(replace(alert_settings(config.alerts), groups=_groups(config)))
        mistakes += group_mistakes(config)
        mistakes += delivery_mistakes(config)
    whole = _merged(*(source.tree for source in reversed(sources)), dict(overrides))
    secrets, more = resolve(secret_tables(whole), environ, file.parent if file is not None else Path())
    said = {mistake.key for mistake in mistakes}
    mistakes += [mistake for mistake in more if mistake.key not in said]
    mistakes += pasted_twice(whole.get("accounts"), secrets)
    mistakes += () if config is None else shape_mistakes(config, secrets)
    if file is not None and inline(secret_tables(toml.tree)) and readable_by_others(file):
        cure = f"holds a secret and everyone on this machine can read it: chmod 0600 {file}, or use api_secret_file"
        mistakes.append(ConfigError(str(file), "mode " + oct(file.stat().st_mode & 0o777), cure))
    mistakes += web_mistakes(whole.get("web"), file.parent) if file is not None else ()
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


def _groups(config: Config) -> dict[AccountKey, str]:
    """The group of each account that has one."""
    return {AccountKey(each.venue, name): each.group for name, each in config.accounts.items() if each.group}


def secret_tables(tree: Tree) -> Iterator[Held]:
    """The tables of a tree that may hold secrets, whether or not the tree is valid."""
    families: dict[str, Callable[[Any], type[BaseModel]]] = {
        "accounts": account_model,
        "channels": channel_model,
        "dead_man": lambda _: DeadMan,
    }
    for family, model in families.items():
        tables = tree.get(family)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict):
                yield Held(f"{family}.{name}", model(table), table)
    singles: tuple[tuple[str, type[BaseModel]], ...] = (("mqtt", Mqtt), ("web", keys.Web))
    for name, single in singles:
        if isinstance(table := tree.get(name, {}), dict):
            yield Held(name, single, table)


def _masked(mistake: ConfigError, known: Redactor) -> ConfigError:
    """The last net: no value or cure that holds a secret of the configuration is shown."""
    value = known.values(mistake.value) if isinstance(mistake.value, str) else mistake.value
    return ConfigError(known.values(mistake.key), value, known.values(mistake.cure))


def effective_tree(loaded: Loaded) -> Tree:
    """The whole configuration, every key with the value that holds, without secrets and where they come from."""
    tree: Tree = loaded.config.model_dump()
    return without_secrets(tree, secret_tables(tree))
