"""The web config file that the configuration names, and what is doubtful about who may see the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.web import tls
from monitor.web.hosts import is_loopback
from monitor.web.web_config import WebConfig, read

if TYPE_CHECKING:
    from monitor.app.config import Loaded

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
    found = read(file)
    if found.tls is not None:
        tls.context(found.tls)
    return found


def web_doubts(loaded: Loaded) -> Iterator[str]:
    """Who could see, hear or change more than is meant, in words. The configuration has no mistakes."""
    web, file = loaded.config.web, web_config_file(loaded)
    if not web.enabled:
        return
    found = WebConfig() if file is None else _read(file)
    external = urlsplit(web.external_url)
    named = bool(external.hostname) and not is_loopback(external.hostname or "")
    if found.tls is not None and external.scheme == "http":
        yield f"web.external_url = {web.external_url!r} begins with http://, and {_KEY} has the server speak https"
    if is_loopback(web.host):
        if named and not found.users and not loaded.secret("web.token"):
            yield (
                f"whoever comes by a proxy from {external.hostname} may seem to be this machine, "
                "which acknowledges and silences: set web.token_file"
            )
        return
    if not web.token_for_reading and not found.users and not _asks_certificates(found):
        yield f"{web.host} shows your positions to whoever reaches it: give it users by {_KEY}, or token_for_reading"
    if found.tls is None and external.scheme != "https":  # a proxy would end it
        yield f"{web.host} is spoken to without TLS: what is shown there, tokens and passwords can be read on the way"


def _asks_certificates(found: WebConfig) -> bool:
    return found.tls is not None and found.tls.client_needed is True
