"""A real terminal: tmux with a server of its own, whose screen is read and whose keys are pressed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import join

from tests.programs import program
from tests.unit.cli.processes import environment

PATIENCE_SECONDS = 90.0  #: a demo begins slowly where much else runs
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """One window. It stays when its command ends, and says with which code."""

    def __init__(self, tmux: str, socket: Path) -> None:
        self._tmux = [tmux, "-S", str(socket), "-f", "/dev/null"]

    def run(self, *arguments: str, more: Mapping[str, str] | None = None) -> str:
        """A command of tmux."""
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True, env=more
        )
        return done.stdout

    def screen(self) -> str:
        """What is seen, with its colours."""
        return self.run("capture-pane", "-p", "-e")

    def text(self) -> str:
        """What is seen, without them."""
        return _ESCAPES.sub("", self.screen())

    def line(self, holding: str) -> str:
        """The first line that holds a text, with its colours; "" if there is none."""
        return next((line for line in self.screen().splitlines() if holding in _ESCAPES.sub("", line)), "")

    def press(self, *keys: str) -> None:
        """Keys by the names that tmux has for them; one that is no name is typed."""
        self.run("send-keys", *keys)

    def shows(self, *texts: str) -> str:
        """Wait until all of these stand on the screen."""
        return self.until(lambda text: all(each in text for each in texts), f"all of {texts}")

    def until(self, holds: Callable[[str], object], what: str) -> str:
        """Wait until the text of the screen is as wanted."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(text := self.text()):
            assert time.monotonic() < deadline, f"{what} did not come:\n{text}"
            time.sleep(0.05)
        return text


@contextmanager
def terminal(
    folder: Path, command: list[str], size: tuple[int, int] = (80, 24), more: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """A terminal of that size in which a command runs; what follows its end is `ended with CODE`."""
    one = Terminal(program("tmux"), folder / "tmux")
    settings = environment({"TERM": "xterm-256color", "LANG": "C.UTF-8", **(more or {})})
    if more is None or "NO_COLOR" not in more:
        del settings["NO_COLOR"]
    line = f"{join(command)}; echo ended with $?; sleep 1000"
    columns, rows = size
    one.run("new-session", "-d", "-x", str(columns), "-y", str(rows), line, more=settings)
    try:
        yield one
    finally:
        one.run("kill-server")
