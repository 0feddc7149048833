"""The door of the REST side: `POST /info` with its weights, refusals and faults; every request is written down."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from monitor.sim.http import Reply, respond
from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.answers import KINDS, Answers, Unreadable
from monitor.sim.hyperliquid.faults import Faults
from monitor.sim.requests import Request, RequestLog
from monitor.sim.sent import Answered, Sent

PATH = "/info"
WEIGHT_A_MINUTE = 1200
UNREADABLE = "Failed to deserialize the JSON body into the target type"


class _Refused(Exception):
    def __init__(self, status: int, text: str, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.retry_after = status, text, retry_after


@dataclass(slots=True, kw_only=True)
class Gate:
    """Answers requests. `now` is the true time, in which weights and bans count. `limited=False`: no limits."""

    answers: Answers
    faults: Faults
    requests: RequestLog
    sent: Sent
    account: Callable[[str], SimAccount | None]
    now: Callable[[], float]
    limited: bool = True

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request over HTTP."""
        return await respond(request, self.reply)

    def reply(self, method: str, path: str, query: str, body: str, headers: Mapping[str, str]) -> Reply:  # noqa: ARG002  # every venue's gate is asked alike, and this one wants neither query nor headers
        """One request, from the ban to the answer."""
        ask = _json(body)
        kind, name = str(ask.get("type") or ""), self._name(ask)
        if "rest" in self.faults.refuse:
            self.sent.answers[Answered(method, kind, "", 503)] += 1
            return Reply(503, "Service Unavailable", {}, content_type="text/plain")
        now = self.now()
        banned, more, weight = now < self.faults.banned_until, {}, 0
        try:
            self._check_ban(now)
            weight, text = self._answered(method, path, kind, name, ask, now)
            status = 200
        except _Refused as refusal:
            status, text = refusal.status, refusal.text
            if refusal.retry_after is not None:
                more = {"Retry-After": str(refusal.retry_after)}
        self.requests.add(Request(now, method, kind, name, status, status, weight, during_ban=banned))
        self.sent.answers[Answered(method, kind, name, status)] += 1
        return Reply(status, text, more, wait_seconds=self.faults.wait_seconds(kind))

    def _answered(
        self, method: str, path: str, kind: str, name: str, ask: Mapping[str, Any], now: float
    ) -> tuple[int, str]:
        if path != PATH or method != "POST":
            raise _Refused(404 if path != PATH else 405, "")
        if kind not in KINDS:
            raise _Refused(422, UNREADABLE)
        used = self.requests.used(now) + self.faults.foreign_requests
        if self.limited and used + KINDS[kind].weight > WEIGHT_A_MINUTE:
            raise _Refused(429, "null")
        if kind in self.faults.refused_answers:
            raise _Refused(*self.faults.refused_answers[kind])
        try:
            body = self.answers.answer(ask)
        except Unreadable:
            raise _Refused(422, UNREADABLE) from None
        weight = KINDS[kind].weigh(body)
        self.requests.use(now, weight)
        body = self.faults.spoil_answer(kind, name, body)
        return weight, self.faults.spoil_text(kind, json.dumps(body))

    def _check_ban(self, now: float) -> None:
        if now < self.faults.banned_until:
            raise _Refused(429, "null", math.ceil(self.faults.banned_until - now))
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            raise _Refused(429, "null", self.faults.retry_after_seconds)

    def _name(self, ask: Mapping[str, Any]) -> str:
        found = self.account(str(ask.get("user") or "").lower())
        return found.name if found is not None else ""


def _json(body: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
