"""What the API does about alerts: tells them and their history, acknowledges, silences, tries channels, takes signs of
life. Every command goes into the inbox and comes back in the picture; an answer waits a moment for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex

import msgspec
from aiohttp import web

from monitor.domain.alerts import Alert, AlertState, Silence
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, EndSilence, SilenceAlerts
from monitor.domain.errors import MarginwatchError
from monitor.domain.view import View
from monitor.web import asked, life
from monitor.web.desk import Desk
from monitor.web.gate import Gate
from monitor.web.refusal import Refusal

SETTLES_SECONDS, LOOK_SECONDS = 0.5, 0.02  #: how long an answer waits for a command to show, and looks for it
MOST_SILENCES = 200

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_FINGERPRINT = "{fingerprint:[0-9a-f]{16}}"


class Commands:
    """Puts commands in, and waits a moment until they show."""

    def __init__(self, view: Callable[[], View], desk: Desk) -> None:
        self.view, self.desk = view, desk

    async def give(self, command: AlertCommand, done: Callable[[View], bool]) -> bool:
        """Put a command in; returns whether it shows by now."""
        try:
            self.desk.put(command)
        except MarginwatchError as error:
            raise Refusal(503, "inbox", "", str(error)) from None
        for _ in range(round(SETTLES_SECONDS / LOOK_SECONDS)):
            if done(self.view()):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return done(self.view())

    async def acknowledge(
        self, fingerprint: str, author: str, comment: str, via: str, *, incident: str = "", withdrawn: bool = False
    ) -> bool:
        """Take care of an alert that fires, or withdraw that; raises `Refusal` where none fires."""
        alert = life.fires(self.view(), fingerprint)
        if alert is None:
            raise Refusal(404, "fingerprint", fingerprint, "no alert with it fires now")
        if incident and alert.incident and incident != alert.incident:
            raise Refusal(
                409, "incident", incident, "it ended, and another one of the same alert fires now: look again"
            )
        before = _stand(alert)
        command = AcknowledgeAlert(
            fingerprint=fingerprint,
            author=author,
            via=via,
            at=self.desk.clock.now(),
            comment=comment,
            incident=incident,
            withdrawn=withdrawn,
        )
        return await self.give(command, lambda view: _stand(life.fires(view, fingerprint)) != before)


def _stand(alert: Alert | None) -> tuple[str, ...]:
    return () if alert is None else (alert.state.value, alert.by, alert.note)


class Api:
    """The handlers below /api/v1 that need a desk."""

    def __init__(self, commands: Commands, gate: Gate) -> None:
        self._commands, self._gate = commands, gate
        self._view, self._desk = commands.view, commands.desk
        self._testing = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """All of them; what changes something is behind the gate."""
        alert, silences = f"/api/v1/alerts/{_FINGERPRINT}", "/api/v1/silences"
        beat = "/api/v1/heartbeats/{name}"
        return [
            web.get(f"{alert}/history", self.history),
            web.post(f"{alert}/ack", self._guarded(self.acknowledge)),
            web.delete(f"{alert}/ack", self._guarded(self.withdraw)),
            web.get(silences, self.silences),
            web.post(silences, self._guarded(self.silence)),
            web.delete(f"{silences}/{{id:[A-Za-z0-9_.-]{{1,64}}}}", self._guarded(self.unsilence)),
            web.post("/api/v1/test", self._guarded(self.test)),
            web.post(beat, self._guarded(self.beat)),
            web.get(beat, self._guarded(self.beat), allow_head=False),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            self._gate.change(request)
            return await handler(request)

        return guarded

    async def history(self, request: web.Request) -> web.Response:
        """The changes of one alert, newest first."""
        fingerprint = request.match_info["fingerprint"]
        try:
            changes = await self._desk.history(fingerprint)
        except MarginwatchError as error:
            raise Refusal(503, "history", "", str(error)) from None
        if not changes and life.find(self._view(), fingerprint) is None:
            raise Refusal(404, "fingerprint", fingerprint, "no alert with it is known")
        return answer({"fingerprint": fingerprint, "history": [life.change_json(change) for change in changes]})

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Somebody takes care of it."""
        body = await asked.body_of(request, "author", "comment", "incident", "via")
        incident = asked.text_in(body, "incident", 64)
        return await self._acknowledge(request, body, asked.comment_in(body), incident=incident, withdrawn=False)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Nobody does any more."""
        body = await asked.body_of(request, "author", "comment", "via")
        return await self._acknowledge(request, body, asked.comment_in(body), incident="", withdrawn=True)

    async def _acknowledge(
        self, request: web.Request, body: asked.Body, comment: str, *, incident: str, withdrawn: bool
    ) -> web.Response:
        fingerprint = request.match_info["fingerprint"]
        author, via = asked.author_in(body), asked.via_in(body)
        shows = await self._commands.acknowledge(
            fingerprint, author, comment, via, incident=incident, withdrawn=withdrawn
        )
        alert = life.fires(self._view(), fingerprint)
        body = {"accepted": True, "alert": None if alert is None else life.life_json(alert)}
        return answer(body, 200 if shows else 202)

    async def silences(self, _: web.Request) -> web.Response:
        """All silences that have not ended."""
        return answer({"silences": [life.silence_json(silence) for silence in self._view().silences]})

    async def silence(self, request: web.Request) -> web.Response:
        """A new one; its answer names the alerts that it keeps quiet now."""
        body = await asked.body_of(request, "matchers", "seconds", "author", "comment", "via")
        now, via = self._desk.clock.now(), asked.via_in(body)
        if len(self._view().silences) >= MOST_SILENCES:
            raise Refusal(409, "silences", MOST_SILENCES, "there are too many: end some of them first")
        silence = Silence(
            id=token_hex(5),
            matchers=asked.matchers_in(body),
            starts=now,
            ends=now + asked.seconds_in(body),
            author=asked.author_in(body),
            comment=asked.comment_in(body),
        )
        command = SilenceAlerts(silence=silence, via=via, at=now)
        shows = await self._commands.give(command, lambda view: _silenced(view, silence.id))
        note = f"silence {silence.id}"
        quiet = [
            life.fingerprint_of(alert)
            for alert in self._view().alerts
            if alert.state is AlertState.SILENCED and note in (alert.by, alert.note)
        ]
        body = {"accepted": True, "silence": life.silence_json(silence), "silenced": quiet}
        return answer(body, 201 if shows else 202)

    async def unsilence(self, request: web.Request) -> web.Response:
        """A silence ends before its time."""
        body = await asked.body_of(request, "author", "via")
        author, via, name = asked.author_in(body), asked.via_in(body), request.match_info["id"]
        if not _silenced(self._view(), name):
            raise Refusal(404, "id", name, "no silence with it is in force")
        command = EndSilence(id=name, author=author, via=via, at=self._desk.clock.now())
        shows = await self._commands.give(command, lambda view: not _silenced(view, name))
        return answer({"accepted": True}, 200 if shows else 202)

    async def test(self, request: web.Request) -> web.Response:
        """Try the way to one channel, or every route: as long as they take."""
        body = await asked.body_of(request, "channel")
        channel = asked.text_in(body, "channel", 64) or None
        names = [status.name for status in self._view().channels]
        if channel is not None and channel not in names:
            raise Refusal(404, "channel", channel, f"no such channel; there are: {', '.join(names) or 'none'}")
        async with self._testing:
            try:
                results = await self._desk.test(channel)
            except MarginwatchError as error:
                raise Refusal(503, "test", "", str(error)) from None
        return answer({"results": [{"channel": name, "delivered": not why, "why": why} for name, why in results]})

    async def beat(self, request: web.Request) -> web.Response:
        """Somebody lives."""
        name = request.match_info["name"]
        if not self._desk.beat(name):
            raise Refusal(404, "heartbeat", name[:60], "no such heartbeat: see [heartbeats.NAME] in the configuration")
        return answer({"accepted": True})


def _silenced(view: View, name: str) -> bool:
    return any(silence.id == name for silence in view.silences)


def written(part: Mapping[str, object]) -> msgspec.Raw:
    """A part of an answer as JSON, to be put into it as it is: a long one need not be in memory as objects at once."""
    return msgspec.Raw(msgspec.json.encode(part))


def answer(body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    text = msgspec.json.encode(body)
    return web.Response(body=text, status=status, content_type="application/json", headers=headers)
