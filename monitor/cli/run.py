"""`marginwatch run`: the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from monitor import __version__
from monitor.app import logging
from monitor.app.config import Loaded, load
from monitor.app.monitor import run_monitor
from monitor.app.settings_routing import refuse_what_cannot_be_spoken_to
from monitor.cli.codes import CannotCreate, Exit, Unavailable
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.store.failures import StoreRefused

log = structlog.get_logger(__name__)

STOP_SECONDS = 1.0  #: from the signal to the end of the process; two seconds are promised, on a busy machine too


def run(config: Path | None) -> Exit:
    """Run until SIGTERM or SIGINT. A bug in the core ends the process with exit code 1 and a traceback in the log."""
    loaded = load(config)
    refuse_what_cannot_be_spoken_to(loaded)
    logging.configure(loaded.config.log_level, loaded.secret_texts)
    log.info("starting", version=__version__, config=str(loaded.file), accounts=list(loaded.config.accounts))
    try:
        in_loop(_serve(loaded))
    except (ConfigError, ConfigRefused):  # what only shows where it runs: one line, and its own exit code
        raise
    except StoreRefused as error:
        raise CannotCreate(str(error)) from None
    except OSError as error:
        raise cannot_listen(loaded, error) from None
    except Exception:  # the last boundary: whatever it is, it goes into the log, masked, before the process ends
        log.exception("the monitor failed")
        return Exit.FAILED
    return Exit.FINE


async def _serve(loaded: Loaded) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await run_monitor(loaded, stop=stop)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGTERM and SIGINT, and end the process if that takes longer than it may.

    What can take longer is a library that is being imported in a thread: it holds nothing that must be put in order.
    """
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if not stop.is_set():
            stop.set()
            last = threading.Timer(STOP_SECONDS, os._exit, [int(Exit.FINE)])
            last.daemon = True
            last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)


def in_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end on the fastest loop that is installed."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # not on this platform
        with asyncio.Runner() as runner:
            runner.run(main)
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


def cannot_listen(loaded: Loaded, error: OSError) -> Unavailable:
    """The one OSError that a start can meet: the port is taken, or the host is not ours."""
    web = loaded.config.web
    why = error.strerror or type(error).__name__
    return Unavailable(f"cannot listen on {web.host}:{web.port}: {why}; set [web] port or end the other program")
