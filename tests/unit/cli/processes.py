"""The installed command as a process, without the caller's MARGINWATCH_ names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = str(Path(sys.executable).parent / "marginwatch")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a stranger: nothing of ours in it, and no home with a configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARGINWATCH_")}
    kept |= {"XDG_CONFIG_HOME": "/nonexistent", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    return kept | dict(more or {})


def marginwatch(*arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [COMMAND, *arguments], env=environment(more), capture_output=True, text=True, timeout=60, check=False
    )
