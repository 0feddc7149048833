"""Logs: on stderr, pretty on a terminal, else one JSON object a line; every line passes the redactor last.

Event names are stable and in words; details are key=value context. The edge is logged, the level is counted.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, TextIO

import structlog

from monitor.app.redaction import Redactor

#: Libraries that write full requests, headers and frames at debug level: never below these levels.
TAMED = {
    "ccxt": logging.WARNING,
    "websockets": logging.WARNING,
    "aiohttp": logging.WARNING,
    "urllib3": logging.WARNING,
    "asyncio": logging.WARNING,
}

Processor = Callable[[Any, str, MutableMapping[str, Any]], Any]


def configure(level: str = "info", secrets: Iterable[str] = (), stream: TextIO | None = None) -> Redactor:
    """Set up all logging of the process; returns the redactor, which can learn further secrets."""
    stream = sys.stderr if stream is None else stream
    redactor = Redactor(secrets)
    threshold = getattr(logging, level.upper())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Fields(redactor),
    ]
    handler = logging.StreamHandler(stream)
    foreign: list[Processor] = [structlog.stdlib.add_logger_name, *shared]
    rendering = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(stream)]
    handler.setFormatter(_Redacting(redactor, foreign, rendering))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name, lowest in TAMED.items():
        logging.getLogger(name).setLevel(max(lowest, threshold))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return redactor


def _rendering(stream: TextIO) -> list[Processor]:
    """How a line looks: for a person on a terminal, for a machine elsewhere."""
    if stream.isatty():
        colors = not os.environ.get("NO_COLOR")
        # The plain traceback: the rich one prints local variables, and those hold secrets.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, sort_keys=False)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]


class _Fields:
    """Masks fields by name, before anything is rendered."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return self._redactor.fields(event)


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """Masks the finished line, traceback and all: nothing is written that did not pass here."""

    def __init__(self, redactor: Redactor, foreign: list[Processor], processors: list[Processor]) -> None:
        super().__init__(foreign_pre_chain=foreign, processors=processors)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line to write."""
        return self._redactor.text(super().format(record))
