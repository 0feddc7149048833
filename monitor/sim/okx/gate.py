"""The door of the REST side: bans, limits, keys and faults, then the answer; every request is written down."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from monitor.sim.http import Reply, respond
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.faults import Faults
from monitor.sim.okx.refusals import Refusal, owner_of
from monitor.sim.okx.rest import PATHS, Ask, Path, Rest
from monitor.sim.requests import Request, RequestLog
from monitor.sim.sent import Answered, Sent

DEMO_HEADER = "x-simulated-trading"


@dataclass(slots=True, kw_only=True)
class Gate:
    """Answers requests. `now` is the true time, in which limits and bans count; `venue_now` the venue's own clock.

    `limited=False` switches the limits off.
    """

    rest: Rest
    faults: Faults
    requests: RequestLog
    sent: Sent
    accounts: Mapping[str, SimAccount]
    now: Callable[[], float]
    venue_now: Callable[[], float]
    next_funding_ms: Callable[[], int]
    limited: bool = True
    _asked: dict[tuple[str, str], deque[float]] = field(default_factory=dict)  #: times by path and user

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request over HTTP."""
        return await respond(request, self.reply)

    def reply(self, method: str, path: str, query: str, body: str, headers: Mapping[str, str]) -> Reply:
        """One request, from the ban check to the envelope."""
        if "rest" in self.faults.refuse:
            self.sent.answers[Answered(method, path, "", 503)] += 1
            return Reply(503, "Service Unavailable", {}, content_type="text/plain")
        now, name, more = self.now(), "", {}
        banned = now < self.faults.banned_until
        try:
            self._check_ban(now)
            found = self._path(path, method)
            owner = self._owner(found, method, path, query, body, headers)
            name = owner.name if owner is not None else ""
            self._count(path, found, name, now)
            if path in self.faults.refused_answers:
                raise self.faults.refused_answers[path]
            ask = Ask(
                dict(parse_qsl(query)), round(self.venue_now() * 1000.0), self.next_funding_ms(), owner, _json(body)
            )
            rows = self.faults.spoil_answer(path, name, found.answer(self.rest, ask))
            text = self.faults.spoil_text(path, json.dumps({"code": "0", "data": rows, "msg": ""}))
            status, code = 200, "0"
        except Refusal as refusal:
            text = json.dumps({"code": refusal.code, "data": [], "msg": refusal.message})
            if refusal.retry_after is not None:
                more = {"Retry-After": str(refusal.retry_after)}
            status, code = refusal.status, refusal.code
        self.requests.add(Request(now, method, path, name, status, int(code), 1, during_ban=banned))
        self.requests.use(now, 1)
        self.sent.answers[Answered(method, path, name, status)] += 1
        return Reply(status, text, more, wait_seconds=self.faults.wait_seconds(path))

    def _check_ban(self, now: float) -> None:
        if now < self.faults.banned_until:
            left = math.ceil(self.faults.banned_until - now)
            raise Refusal(429, "50011", "Too Many Requests", retry_after=left)
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            raise Refusal(429, "50011", "Too Many Requests", retry_after=self.faults.retry_after_seconds)

    def _path(self, path: str, method: str) -> Path:
        found = PATHS.get(path)
        if found is None:
            raise Refusal(404, "50404", "Not Found")
        if found.method != method:
            raise Refusal(405, "50115", "Invalid request method.")
        return found

    def _owner(
        self, path: Path, method: str, name: str, query: str, body: str, headers: Mapping[str, str]
    ) -> SimAccount | None:
        if not path.signed:
            return None
        if self.faults.reject_timestamp > 0:
            self.faults.reject_timestamp -= 1
            raise Refusal(401, "50102", "Timestamp request expired")
        demo = headers.get(DEMO_HEADER) == "1"
        signed = method + name + (f"?{query}" if query else "") + body
        return owner_of(headers, self.accounts, signed, self.venue_now(), demo=demo)

    def _count(self, name: str, path: Path, user: str, now: float) -> None:
        """Limits count in windows that slide; each path has its own, for each user or for the address."""
        if not self.limited:
            return
        times = self._asked.setdefault((name, user), deque())
        while times and times[0] <= now - path.seconds:
            times.popleft()
        if len(times) + self.faults.foreign_requests >= path.requests:
            raise Refusal(429, "50011", "Too Many Requests")
        times.append(now)


def _json(body: str) -> Mapping[str, Any]:
    if not body:
        return {}
    try:
        said = json.loads(body)
    except ValueError:
        raise Refusal(400, "50002", "JSON syntax error") from None
    return said if isinstance(said, dict) else {}
