"""The demo of all venues, with what its own settings leave out: a store, a journal, channels, a sign of life.

    python -m tests.grafana.scene --port PORT --folder DIR [--seconds N]

One channel works, the other one does not: a dashboard of the monitor itself has both to show.
"""

from __future__ import annotations

import argparse
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from monitor.cli import demo as command


class _Hook(BaseHTTPRequestHandler):
    """The other end of a webhook: takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def settings(folder: Path, hook: int) -> str:
    """What comes before the accounts of the demo."""
    without = command.SETTINGS.replace("[store]\nenabled = false\n", "")
    return f"""{without}
[store]
enabled = true
directory = "{folder / "store"}"
[channels.desk]
kind = "webhook"
url = "http://127.0.0.1:{hook}/hook"
[channels.pager]
kind = "webhook"
url = "http://127.0.0.1:9/gone"
"""


def main() -> None:
    """Run until told to stop, or for so many seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    hook = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    command.SETTINGS = settings(given.folder, hook.server_port)
    journal = given.folder / "journal"
    command.demo(command.Options(seconds=given.seconds, port=given.port, journal=journal, every=True))
    hook.shutdown()


if __name__ == "__main__":
    main()
