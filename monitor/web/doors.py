"""The web config file at work: who may come in, how connections are encrypted, and both read anew when files change."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import structlog
from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.errors import ConfigRefused
from monitor.web import tls, web_config
from monitor.web.users import Users

log = structlog.get_logger("web")

LOOK_SECONDS = 5.0  #: between two looks at the files


class Doors:
    """Made once at the start. Raises `ConfigRefused`; a file that goes wrong later is told of, and changes nothing."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._config = web_config.read(file)
        self.tls: ssl.SSLContext | None = None if self._config.tls is None else tls.context(self._config.tls)
        self.users = Users(self._config.users, clock)
        self._seen = self._stamps()

    async def watch(self) -> None:
        """Look at the files now and then, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def tell_hsts(self, _: web.Request, response: web.StreamResponse) -> None:
        """Add to an answer what the file has browsers told; what aiohttp calls a signal."""
        if self.tls is not None and self._config.hsts:
            response.headers["Strict-Transport-Security"] = self._config.hsts

    async def look(self) -> bool:
        """Read anew what has changed; returns whether something was taken over."""
        stamps = await asyncio.to_thread(self._stamps)
        if stamps == self._seen:
            return False
        self._seen = stamps
        try:
            config = await asyncio.to_thread(self._read)
            if self.tls is not None and config.tls is not None:
                tls.load(self.tls, config.tls)  # in the loop: no handshake may be under way meanwhile
        except ConfigRefused as error:
            log.error("the web config file or its certificates are wrong: the old ones stay", mistakes=str(error))
            return False
        if _rest(config.tls) != _rest(self._config.tls):
            log.warning("only certificates and users are read anew: restart for the rest of tls_server_config")
        if config.users or not self._config.users:
            self.users.become(config.users)
        else:
            log.error("the web config file has no users any more: the old ones stay until a restart")
        old = self._config
        self._config = replace(config, users=config.users or old.users, tls=config.tls or old.tls)
        log.info("read the web config file anew", file=str(self._file))
        return True

    def _read(self) -> web_config.WebConfig:
        """The files as they are now, tried out."""
        config = web_config.read(self._file)
        if config.tls is not None:
            tls.context(config.tls)
        return config

    def _stamps(self) -> tuple[object, ...]:
        """What changes with a file: also where a link to it is pointed elsewhere."""
        files = (self._file, *(() if self._config.tls is None else self._config.tls.files))
        found: list[object] = []
        for file in files:
            try:
                stat = file.stat()
                found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_dev))
            except OSError:
                found.append(None)
        return tuple(found)


def _rest(config: web_config.Tls | None) -> object:
    """What is not read anew."""
    return None if config is None else (config.client_ca_file, config.client_needed, config.least, config.most)
