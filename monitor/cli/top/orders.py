"""What the monitor is told: an acknowledgement, its withdrawal, a silence. The answer is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.worker import WorkType

from monitor.cli import alerts_words
from monitor.cli.codes import Misused
from monitor.cli.top import figures
from monitor.cli.top.alerts_view import same_kind, told
from monitor.cli.top.client import REFUSED, Monitor
from monitor.cli.top.dialogs import Field, Form
from monitor.cli.words_folded import printable

if TYPE_CHECKING:
    from textual.app import App

Json = Mapping[str, Any]
VIA = "cli"


class Orders:
    """Asks what there is to ask, and tells the monitor."""

    def __init__(self, app: App[None], monitor: Monitor, author: str) -> None:
        self._app, self._monitor, self._author = app, monitor, author

    def acknowledge(self, alert: Json, may: bool, why_not: str) -> None:
        """«I take care of it», or «I do not any more» of one that is acknowledged."""
        if not self._possible(alert, may, why_not):
            return
        withdraw = alert.get("state") == "acknowledged"
        title = "Take the acknowledgement back" if withdraw else "Acknowledge: «I take care of it»"

        def send(said: dict[str, str] | None) -> None:
            if said is None:
                return
            body: dict[str, object] = {**said, "via": VIA}
            if not withdraw:
                body["incident"] = alert["incident"]
            path = f"/api/v1/alerts/{alert['fingerprint']}/ack"
            self._send("DELETE" if withdraw else "POST", path, body, "withdrawn" if withdraw else "acknowledged")

        self._app.push_screen(Form(title, [alert["summary"] or alert["rule"]], self._fields()), send)

    def silence(self, alert: Json, may: bool, why_not: str) -> None:
        """Say nothing of alerts with the same rule and labels for a while."""
        if not self._possible(alert, may, why_not):
            return
        matchers = same_kind(alert)

        def mistake(said: dict[str, str]) -> str:
            try:
                alerts_words.seconds(said["for"])
            except Misused:
                return "How long: write 30m, 2h, 1h30m or 7d."
            return ""

        def send(said: dict[str, str] | None) -> None:
            if said is None:
                return
            seconds = alerts_words.seconds(said.pop("for"))
            body = {**said, "matchers": matchers, "seconds": seconds, "via": VIA}
            self._send("POST", "/api/v1/silences", body, f"silent for {figures.lasting(seconds)}")

        text = ["Nothing will be sent of alerts with", told(matchers)]
        fields = [Field("for", "For how long: 30m, 2h, 7d", "2h"), *self._fields()]
        self._app.push_screen(Form("Silence", text, fields, mistake), send)

    def _fields(self) -> list[Field]:
        return [Field("comment", "Comment: why, or what you do about it"), Field("author", "Who you are", self._author)]

    def _possible(self, alert: Json, may: bool, why_not: str) -> bool:
        if not may:
            self._say(f"The monitor takes no changes from here: {why_not}", failed=True)
            return False
        if not alert.get("fingerprint"):
            self._say("The monitor has not said yet by what it knows this alert.", failed=True)
            return False
        return True

    def _send(self, method: str, path: str, body: Json, done: str) -> None:
        tell: WorkType[None] = partial(self._tell, method, path, body, done)
        self._app.run_worker(tell, group="orders")

    async def _tell(self, method: str, path: str, body: Json, done: str) -> None:
        try:
            await self._monitor.ask(method, path, body=body)
        except REFUSED as error:
            self._say(f"Not done. {error}", failed=True)
        else:
            self._say(f"Done: {done}.")

    def _say(self, text: str, *, failed: bool = False) -> None:
        severity = "error" if failed else "information"
        self._app.notify(printable(text), severity=severity, markup=False, timeout=12 if failed else 4)  # type: ignore[arg-type]  # a word of its own
