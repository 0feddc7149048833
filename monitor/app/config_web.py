"""The web config file that the configuration names, and what is doubtful about who may see the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.web.hosts import is_loopback

if TYPE_CHECKING:
    from monitor.app.config import Config, Loaded
    from monitor.web.web_config import WebConfig

_KEY = "web.config_file"


def web_config_file(loaded: Loaded) -> Path | None:
    """Where it is: its name is relative to the folder of the configuration. None where there is none."""
    named = loaded.config.web.config_file
    folder = loaded.file.parent if loaded.file is not None else Path()
    return folder / Path(named).expanduser() if named else None


def web_mistakes(web: object, folder: Path) -> Iterator[ConfigError]:
    """What is wrong in the file that this table names, and in the files that it names in turn."""
    if not isinstance(web, dict) or web.get("enabled") in (False, "false"):
        return
    named = web.get("config_file")
    if not isinstance(named, str) or not named:
        return
    try:
        _read(folder / Path(named).expanduser())
    except ConfigRefused as refused:
        for mistake in refused.mistakes:
            key = mistake.key if mistake.key == _KEY else f"{_KEY}: {mistake.key}"
            yield ConfigError(key, mistake.value, mistake.cure)


def _read(file: Path) -> WebConfig:
    # Only who has such a file needs what reads it.
    from monitor.web import tls, web_config

    found = web_config.read(file)
    if found.tls is not None:
        tls.context(found.tls)
    return found


def web_doubts(loaded: Loaded) -> Iterator[str]:
    """Who could see or hear more than is meant, in words. The configuration has no mistakes."""
    web, file = loaded.config.web, web_config_file(loaded)
    if not web.enabled or is_loopback(web.host):
        return
    found = None if file is None else _read(file)
    if not web.token_for_reading and (found is None or not (found.users or _asks_certificates(found))):
        yield f"{web.host} shows your positions to whoever reaches it: give it users by {_KEY}, or token_for_reading"
    if (found is None or found.tls is None) and not _proxied(loaded.config):
        yield f"{web.host} is spoken to without TLS: what is shown there, tokens and passwords can be read on the way"


def _asks_certificates(found: WebConfig) -> bool:
    return found.tls is not None and found.tls.client_needed is True


def _proxied(config: Config) -> bool:
    """Whether it says that TLS ends before it."""
    return config.web.external_url.startswith("https:")
