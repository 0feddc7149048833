"""The installed command as a process, or inside this one, without the caller's MARGINWATCH_ names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner

from monitor.cli.main import app

COMMAND = str(Path(sys.executable).parent / "marginwatch")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a stranger: nothing of ours in it, and no home with a configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARGINWATCH_")}
    kept |= {"XDG_CONFIG_HOME": "/nonexistent", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    return kept | dict(more or {})


def marginwatch(*arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [COMMAND, *arguments], env=environment(more), capture_output=True, text=True, timeout=180, check=False
    )


def inside(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process, which takes a tenth of the time; what it does not catch is raised.

    For commands that read files and print: one that starts a loop, or sets up logging, wants a process of its own.
    """
    ran = CliRunner().invoke(app, list(arguments), env={"XDG_CONFIG_HOME": "/nonexistent"}, catch_exceptions=False)
    return subprocess.CompletedProcess([COMMAND, *arguments], ran.exit_code, ran.stdout, ran.stderr)
