"""The door of the REST side: limits, keys, timestamps and faults, then the answer; every request is written down."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.answers import WEIGHT_LIMIT
from monitor.sim.binance.faults import Faults
from monitor.sim.binance.refusals import Refusal, account_of, check_signature, check_time, params_of
from monitor.sim.binance.rest import PATHS, Ask, Path, Rest, Security
from monitor.sim.http import Reply, respond
from monitor.sim.requests import Request, RequestLog
from monitor.sim.sent import Answered, Sent
from monitor.sim.venue import BAN_SECONDS

REFUSALS_UNTIL_BAN = 20  #: how often a client may ignore a 429 within a minute

_TOO_MANY = "Too many requests; current limit is 2400 requests per minute. Please use the websocket for live updates."


@dataclass(slots=True, kw_only=True)
class Gate:
    """Answers requests. `now` is the true time, in which limits and bans count; `time_ms` the venue's own clock."""

    rest: Rest
    faults: Faults
    requests: RequestLog
    sent: Sent
    accounts: Mapping[str, SimAccount]
    now: Callable[[], float]
    time_ms: Callable[[], int]
    next_funding_ms: Callable[[], int]
    _refused_in: tuple[int, int] = (0, 0)  #: minute, and how many refusals in it

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request over HTTP."""
        return await respond(request, self._keyed)

    def _keyed(self, method: str, path: str, query: str, body: str, headers: Mapping[str, str]) -> Reply:
        return self.reply(method, path, query, body, headers.get("X-MBX-APIKEY"))

    def reply(self, method: str, raw_path: str, query: str, body: str, key: str | None) -> Reply:
        """One request, from the ban check to the used-weight header."""
        if "rest" in self.faults.refuse:
            self.sent.answers[Answered(method, raw_path, "", 503)] += 1
            return Reply(503, "Service Unavailable", {}, content_type="text/plain")
        now, account, weight = self.now(), "", 0
        banned = now < self.faults.banned_until
        headers: dict[str, str] = {}
        try:
            self._check_ban(now)
            path = self._path(raw_path, method)
            params = params_of(query, body)
            weight = path.weight(params)
            self._use_weight(now, 0 if raw_path.startswith("/sapi") else weight)
            owner = self._check(path, key, query, body, params)
            account = owner.name if owner is not None else ""
            self._check_faults(raw_path, method)
            ask = Ask(method, params, self.time_ms(), self.next_funding_ms(), owner)
            text = json.dumps(self.faults.spoil_answer(raw_path, account, path.answer(self.rest, ask)))
            text = self.faults.spoil_text(raw_path, text)
            status, code = 200, 0
        except Refusal as refusal:
            text = json.dumps({"code": refusal.code, "msg": refusal.message})
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
            status, code = refusal.status, refusal.code
        header = "X-SAPI-USED-IP-WEIGHT-1M" if raw_path.startswith("/sapi") else "X-MBX-USED-WEIGHT-1M"
        headers[header] = str(self.requests.used(now) + self.faults.foreign_weight)
        self.requests.add(Request(now, method, raw_path, account, status, code, weight, during_ban=banned))
        self.sent.answers[Answered(method, raw_path, account, status)] += 1
        return Reply(status, text, headers, wait_seconds=self.faults.wait_seconds(raw_path))

    def _check_ban(self, now: float) -> None:
        if now < self.faults.banned_until:
            until = self.faults.banned_until
            message = f"Way too many requests; IP banned until {round(until * 1000.0)}. Please use the websocket."
            raise Refusal(418, -1003, message, retry_after=math.ceil(until - now))
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            raise Refusal(429, -1003, _TOO_MANY, retry_after=self.faults.retry_after_seconds)

    def _use_weight(self, now: float, weight: int) -> None:
        if self.requests.use(now, weight) + self.faults.foreign_weight <= WEIGHT_LIMIT:
            return
        minute, times = int(now // 60), 1
        if self._refused_in[0] == minute:
            times += self._refused_in[1]
        self._refused_in = (minute, times)
        if times >= REFUSALS_UNTIL_BAN:
            self.faults.banned_until = now + BAN_SECONDS
        raise Refusal(429, -1003, _TOO_MANY, retry_after=math.ceil(60.0 - now % 60.0))

    def _path(self, path: str, method: str) -> Path:
        found = PATHS.get(path)
        if found is None or method not in found.methods:
            raise Refusal(404, -5000, f"Path {path}, Method {method} is invalid")
        return found

    def _check(self, path: Path, key: str | None, query: str, body: str, params: dict[str, str]) -> SimAccount | None:
        if path.security is Security.NONE:
            return None
        account = account_of(key, self.accounts)
        if path.security is Security.SIGNED:
            if self.faults.reject_timestamp > 0:
                self.faults.reject_timestamp -= 1
                raise Refusal(400, -1021, "Timestamp for this request is outside of the recvWindow.")
            check_time(params, self.time_ms())
            check_signature(query, body, account.secret)
        return account

    def _check_faults(self, path: str, method: str) -> None:
        if path in self.faults.refused_answers:
            raise self.faults.refused_answers[path]
        if path == "/fapi/v1/listenKey" and method == "PUT" and self.faults.unknown_listen_key > 0:
            self.faults.unknown_listen_key -= 1
            raise Refusal(400, -1125, "This listenKey does not exist.")
