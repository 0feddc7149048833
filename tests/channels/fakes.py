"""The services that channels write to, on loopback, with the faults that services have.

Each answers as the real one does where all is well, keeps what it was asked, and has a switch for what goes wrong.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from aiohttp import web


class Fault(StrEnum):
    """What goes wrong with the next requests."""

    NONE = "none"
    LIMITED = "limited"  #: 429, and when to come again
    TROUBLE = "trouble"  #: 500
    UNAVAILABLE = "unavailable"  #: 503 without a body
    HANG = "hang"  #: no answer at all
    DROP = "drop"  #: the connection is closed instead of an answer
    TRUNCATED = "truncated"  #: the connection is closed in the middle of the answer
    GARBAGE = "garbage"  #: 200, and something that is not JSON
    WRONG = "wrong"  #: 200, and JSON that is not what was promised
    MOVED = "moved"  #: 302 to somewhere else
    DENIED = "denied"  #: the token is wrong


#: After which trying again is right, and after which it is not.
MOMENTARY = (
    Fault.LIMITED, Fault.TROUBLE, Fault.UNAVAILABLE, Fault.HANG, Fault.DROP, Fault.TRUNCATED, Fault.GARBAGE,
    Fault.WRONG,
)  # fmt: skip
LASTING = (Fault.MOVED, Fault.DENIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """Its JSON."""
        return json.loads(self.raw)


@dataclass
class Fake:
    """What all of them share. `fault` holds for the next `times` requests, None: until it is changed."""

    fault: Fault = Fault.NONE
    times: int | None = None
    retry_after: float = 7
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    slow_seconds: float = 0.0  #: before it answers
    long_bytes: int = 0  #: of its answer, where it is to be a long one
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    LIMITED: ClassVar[int] = 429
    DENIED: ClassVar[int] = 401

    def break_down(self, fault: Fault, times: int | None = None) -> None:
        """From now on."""
        self.fault, self.times = fault, times

    def answer(self, asked: Asked) -> web.Response:
        """What it says where all is well."""
        return web.json_response({"ok": True})

    def limited(self) -> web.Response:
        """What it says to who comes too often."""
        return web.json_response({}, status=self.LIMITED, headers={"Retry-After": f"{self.retry_after:g}"})

    def denied(self) -> web.Response:
        """What it says to a token that it does not know."""
        return web.json_response({}, status=self.DENIED)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        raw = await request.read()
        asked = Asked(
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=dict(request.headers),
            raw=raw,
        )
        self.asked.append(asked)
        fault = self._next_fault()
        if fault is Fault.HANG:
            await self._released.wait()
        if fault in (Fault.DROP, Fault.HANG):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault is Fault.TRUNCATED:
            return await _truncated(request)
        match fault:
            case Fault.LIMITED:
                return self.limited()
            case Fault.DENIED:
                return self.denied()
            case Fault.TROUBLE:
                return web.json_response({"error": "internal"}, status=500)
            case Fault.UNAVAILABLE:
                return web.Response(status=503)
            case Fault.GARBAGE:
                return web.Response(body=b"<html>\xff\xfe not JSON", content_type="text/html")
            case Fault.WRONG:
                return web.json_response([{"unexpected": None}])
            case Fault.MOVED:
                return web.Response(status=302, headers={"Location": f"{self.url}/elsewhere"})
        if self.long_bytes:
            return web.Response(body=b'"' + b"x" * self.long_bytes + b'"')
        await asyncio.sleep(self.slow_seconds)
        return self.answer(asked)

    def _next_fault(self) -> Fault:
        if self.times is not None:
            if self.times <= 0:
                return Fault.NONE
            self.times -= 1
        return self.fault

    @asynccontextmanager
    async def running(self, context: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        """On a free port of loopback, encrypted if there is a context; what hangs is let go at the end."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
        try:
            yield
        finally:
            self._released.set()
            await runner.cleanup()


async def _truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"ok": tr')
    assert request.transport is not None
    request.transport.close()
    return response


@dataclass
class Telegram(Fake):
    """A bot's chats; messages by chat and number. `updates` are what getUpdates gives, until they are confirmed."""

    messages: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    unknown: set[int] = field(default_factory=set)  #: chats that the bot does not know
    limited_chats: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)  #: groups that became supergroups
    another: bool = False  #: another program polls for this bot

    def answer(self, asked: Asked) -> web.Response:
        body = asked.body
        match asked.path.rpartition("/")[2]:
            case "sendMessage":
                return self._send(body)
            case "editMessageText":
                return self._edit(body)
            case "answerCallbackQuery":
                self.answered.append(body)
                return _good(True)
            case "getUpdates":
                return self._poll(body)
        return _bad(404, "Not Found")

    def limited(self) -> web.Response:
        hint = {"retry_after": self.retry_after}
        return _bad(429, f"Too Many Requests: retry after {self.retry_after:g}", parameters=hint)

    def denied(self) -> web.Response:
        return _bad(401, "Unauthorized")

    def _send(self, body: dict[str, Any]) -> web.Response:
        chat = body["chat_id"]
        if chat in self.unknown:
            return _bad(400, "Bad Request: chat not found")
        if chat in self.limited_chats:
            return self.limited()
        if chat in self.moved:
            hint = {"migrate_to_chat_id": self.moved[chat]}
            return _bad(400, "Bad Request: group chat was upgraded to a supergroup chat", parameters=hint)
        number = 100 + len(self.messages)
        self.messages[chat, number] = body
        return _good({"message_id": number, "chat": {"id": chat}, "text": body["text"]})

    def _edit(self, body: dict[str, Any]) -> web.Response:
        place = body["chat_id"], body["message_id"]
        if place not in self.messages:
            return _bad(400, "Bad Request: message to edit not found")
        before = self.messages[place]
        if (before["text"], before.get("reply_markup")) == (body["text"], body.get("reply_markup")):
            same = "specified new message content and reply markup are exactly the same as a current content"
            return _bad(400, f"Bad Request: message is not modified: {same} and reply markup of the message")
        self.messages[place] = body
        return _good({"message_id": place[1], "chat": {"id": place[0]}, "text": body["text"]})

    def _poll(self, body: dict[str, Any]) -> web.Response:
        if self.another:
            return _bad(409, "Conflict: terminated by other getUpdates request; make sure that only one bot runs")
        self.updates = [update for update in self.updates if update["update_id"] >= body["offset"]]
        return _good(list(self.updates))

    def press(self, number: int, data: str, chat: int, who: str = "ann") -> None:
        """Somebody presses a button."""
        query = {
            "id": f"query-{number}",
            "from": {"id": 1, "is_bot": False, "first_name": who.title(), "username": who},
            "message": {"message_id": 100, "chat": {"id": chat, "type": "group"}},
            "data": data,
        }
        self.updates.append({"update_id": number, "callback_query": query})


def _good(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _bad(code: int, description: str, **more: object) -> web.Response:
    return web.json_response({"ok": False, "error_code": code, "description": description, **more}, status=code)


@dataclass
class Slack(Fake):
    """One workspace. Refusals come with status 200, as there. `error` is what it answers instead of taking anything."""

    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    error: str = ""

    def answer(self, asked: Asked) -> web.Response:
        body = asked.body
        if self.error:
            return web.json_response({"ok": False, "error": self.error})
        if asked.path.endswith("chat.postMessage"):
            stamp = f"1700000000.{len(self.messages):06d}"
            place = "C0" + str(body["channel"]).removeprefix("#").removeprefix("C0")
            self.messages[place, stamp] = body
            return web.json_response({"ok": True, "channel": place, "ts": stamp, "message": {"text": body["text"]}})
        if asked.path.endswith("chat.update"):
            at = body["channel"], body["ts"]
            if at not in self.messages:
                return web.json_response({"ok": False, "error": "message_not_found"})
            self.messages[at] = body
            return web.json_response({"ok": True, "channel": at[0], "ts": at[1], "text": body["text"]})
        return web.json_response({"ok": False, "error": "unknown_method"})

    def limited(self) -> web.Response:
        headers = {"Retry-After": f"{self.retry_after:g}"}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)

    def denied(self) -> web.Response:
        return web.json_response({"ok": False, "error": "invalid_auth"})


@dataclass
class Discord(Fake):
    """One webhook."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> web.Response:
        if asked.method == "POST":
            number = str(1_100_000_000_000_000_000 + len(self.messages))
            self.messages[number] = asked.body
            if "wait=true" not in asked.query:
                return web.Response(status=204)
            return web.json_response({"id": number, "content": asked.body["content"]})
        number = asked.path.rpartition("/")[2]
        if number not in self.messages:
            return web.json_response({"message": "Unknown Message", "code": 10008}, status=404)
        self.messages[number] = asked.body
        return web.json_response({"id": number, "content": asked.body["content"]})

    def limited(self) -> web.Response:
        body = {"message": "You are being rate limited.", "retry_after": self.retry_after - 0.25, "global": False}
        return web.json_response(body, status=429, headers={"Retry-After": f"{self.retry_after:g}"})

    def denied(self) -> web.Response:
        return web.json_response({"message": "Unknown Webhook", "code": 10015}, status=404)


@dataclass
class PagerDuty(Fake):
    """The events of one service. `incidents` are open, with how they stand; `pages` are those that were made."""

    incidents: dict[str, str] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> web.Response:
        body = asked.body
        key, action = body["dedup_key"], body["event_action"]
        if action == "trigger":
            if not {"summary", "source", "severity"} <= set(body.get("payload", {})):
                return web.json_response({"status": "invalid event", "errors": ["payload"]}, status=400)
            if key not in self.incidents:
                self.pages.append(key)
            self.incidents.setdefault(key, "triggered")
        elif key in self.incidents and action == "acknowledge":
            self.incidents[key] = "acknowledged"
        elif action == "resolve":
            self.incidents.pop(key, None)
        return web.json_response({"status": "success", "message": "Event processed", "dedup_key": key}, status=202)

    def denied(self) -> web.Response:
        why = ["Length of 'routing_key' is incorrect (should be 32 characters)"]
        return web.json_response(
            {"status": "invalid event", "message": "Event object is invalid", "errors": why}, status=400
        )


@dataclass
class Webhook(Fake):
    """Anything that takes what it is told; it remembers the keys, and books each once. `booked` is what came of it."""

    booked: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> web.Response:
        self.booked.setdefault(asked.headers.get("Idempotency-Key", str(len(self.booked))), asked.body)
        return web.Response(status=204)


@dataclass
class Alertmanager(Fake):
    """Takes alerts and nothing else; what a real one does with them the tests with a real one show."""

    def answer(self, asked: Asked) -> web.Response:
        return web.Response(status=200)

    def posts(self) -> list[list[dict[str, Any]]]:
        """The alerts of each request."""
        return [asked.body for asked in self.asked]


@dataclass
class Ntfy(Fake):
    """A server of ntfy."""

    def answer(self, asked: Asked) -> web.Response:
        return web.json_response({"id": f"n{len(self.asked)}", "event": "message", "topic": asked.path.strip("/")})

    def denied(self) -> web.Response:
        return web.json_response({"code": 40301, "http": 403, "error": "forbidden"}, status=403)
