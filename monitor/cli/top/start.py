"""`marginwatch top`: a terminal and a monitor, put together."""

from __future__ import annotations

import asyncio
import gc
import os
import sys

from monitor.cli.codes import Exit, Misused
from monitor.cli.daemon import Daemon


def top(daemon: Daemon, author: str) -> Exit:
    """Show the monitor until the user has seen enough. Raises `Misused` where there is no terminal."""
    if not all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):  # it is drawn on the last one
        raise Misused("top needs a terminal to draw on: for a pipe or a file there is marginwatch status, and --json")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise Misused(
            "TERM says that this terminal can place no text: set it (such as xterm-256color), or use marginwatch status"
        )
    daemon.tls()  # what is wrong with the files is said before the screen is taken
    asyncio.run(_run(daemon, author))
    return Exit.FINE


def calm_collector() -> None:
    """Let Python look for cycles seldom: documents have none, and each is thousands of objects that come and go.

    Otherwise half of the time of a change of 2,000 pools is looking (`python -m bench top`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


async def _run(daemon: Daemon, author: str) -> None:
    from monitor.cli.top.app import Top
    from monitor.cli.top.client import Client

    calm_collector()
    async with Client(daemon) as client:
        await Top(client, author).run_async()
