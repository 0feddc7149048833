"""What a replay is set up with: the configuration of the recorded run, or new rules in place of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from monitor import __version__
from monitor.alerts.catalogue import RULES
from monitor.alerts.settings import mistakes as alert_mistakes
from monitor.app.config import Config, Loaded
from monitor.app.config_alerts import Alerts, alert_settings
from monitor.app.config_errors import translate
from monitor.app.config_keys import Section, key
from monitor.app.config_sources import read_toml
from monitor.domain.errors import ConfigError, ConfigMissing, ConfigRefused
from monitor.outputs.journal import identity
from monitor.outputs.journal.records import Run

TABLE = "alerts"


class _Rules(Section):
    """A file of rules: the one table of the configuration that a replay reads."""

    alerts: Alerts = key(Alerts(), "")


def read_rules(file: Path) -> tuple[Alerts, tuple[str, ...], tuple[str, ...]]:
    """The `[alerts]` table of a TOML file, the other tables in it, which are passed over, and the rules that it does
    not name: they have their defaults, as in the configuration.

    Raises `ConfigMissing`, and `ConfigRefused` with
    every mistake.
    """
    if not file.is_file():
        raise ConfigMissing(f"no file of rules at {file}")
    source = read_toml(file)
    if source.mistakes:
        raise ConfigRefused(tuple(source.mistakes))
    tree = source.tree
    found = [
        ConfigError(name, "a table" if isinstance(tree[name], dict) else "a value", "no such table; rules are [alerts]")
        for name in tree
        if name not in Config.model_fields
    ]
    if TABLE not in tree:
        found.append(ConfigError(TABLE, None, f"is needed: {file} must hold the table [alerts] of a configuration"))
    rules = _Rules()
    try:
        rules = _Rules.model_validate({TABLE: tree.get(TABLE, {})})
    except ValidationError as error:
        found += translate(error, _Rules, {})
    else:
        found += alert_mistakes(alert_settings(rules.alerts))
    if found:
        raise ConfigRefused(tuple(found))
    unnamed = tuple(name for name in RULES if name not in tree[TABLE])
    return rules.alerts, tuple(name for name in tree if name != TABLE), unnamed


def configured(run: Run) -> Loaded:
    """The configuration of a recorded run, without its secrets. Raises `ConfigRefused` where this version has no such
    key, or allows no such value.
    """
    try:
        return Loaded(Config(**tomllib.loads(run.config)), {})
    except ValidationError as error:
        raise ConfigRefused(translate(error, Config, {})) from None
    except tomllib.TOMLDecodeError:
        raise ConfigRefused((ConfigError(f"run {run.run}", "its configuration", "cannot be read"),)) from None


def strangers(run: Run) -> tuple[str, ...]:
    """What of this process differs from the one that wrote a run, in words: byte identity is promised without any."""
    features = sorted(set(run.cpu) ^ set(identity.cpu()))
    pairs = (
        ("another version of marginwatch", run.version, __version__),
        ("another build of marginwatch", run.build, identity.build()),
        ("another numpy", run.numpy, identity.numpy_version()),
        ("another Python", run.python, identity.python_version()),
    )
    found = [f"{words} wrote it ({then}, here {now})" for words, then, now in pairs if then != now]
    if features:
        found.append(f"another kind of processor wrote it (not on both: {', '.join(features)})")
    return tuple(found)


def under(rules: Alerts | None) -> Callable[[Run], Loaded]:
    """The configuration of each run, under these rules in place of its own; None: as it was."""
    if rules is None:
        return configured

    def replaced(run: Run) -> Loaded:
        loaded = configured(run)
        return Loaded(loaded.config.model_copy(update={TABLE: rules}), loaded.secrets, loaded.file)

    return replaced
