"""The door of Bybit's REST side: limits of the address and of each key, signatures and faults, then the answer."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import web

from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.asks import Ask
from monitor.sim.bybit.faults import Faults
from monitor.sim.bybit.refusals import TOO_MANY, Refusal, owner_of, wrong_time
from monitor.sim.bybit.rest import PATHS, Path
from monitor.sim.http import Reply, respond
from monitor.sim.requests import Request, RequestLog
from monitor.sim.sent import Answered, Sent

ADDRESS_LIMIT, ADDRESS_SECONDS = 600, 5.0  #: requests of one address
ADDRESS_BAN_SECONDS = 600
BANNED = "access too frequent"


@dataclass(slots=True, kw_only=True)
class Gate:
    """Answers requests. `now` is the true time, in which limits and bans count; `time_ms` the venue's own clock."""

    faults: Faults
    requests: RequestLog
    sent: Sent
    accounts: Mapping[str, SimAccount]
    now: Callable[[], float]
    time_ms: Callable[[], int]
    asks: Callable[[Mapping[str, str], SimAccount | None], Ask]
    _latest: deque[float] = field(default_factory=deque)
    _calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)  #: by account and path

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request over HTTP."""
        return await respond(request, self.reply)

    def reply(self, method: str, raw_path: str, query: str, body: str, headers: Mapping[str, str]) -> Reply:
        """One request, from the address's limit to the headers of the key's."""
        if "rest" in self.faults.refuse:
            self.sent.answers[Answered(method, raw_path, "", 503)] += 1
            return Reply(503, "Service Unavailable", {}, content_type="text/plain")
        now, account, out = self.now(), "", {}
        banned = now < self.faults.banned_until
        try:
            self._check_address(now)
            path = self._path(raw_path, method)
            owner = None
            if path.signed:
                owner = self._owner(headers, query or body)
                account = owner.name
                out = self._use(path, raw_path, account, now)
            self._check_faults(raw_path)
            params = dict(parse_qsl(query, keep_blank_values=True))
            result = path.answer(self.asks(params, owner))
            result = self.faults.spoil_result(raw_path, account, result)
            whole = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": self.time_ms()}
            whole = self.faults.spoil_body(raw_path, f"{account} {raw_path}?{query}", whole)
            text = self.faults.spoil_text(raw_path, json.dumps(whole, separators=(",", ":")))
            status, code = 200, 0
        except Refusal as refusal:
            status, code = refusal.status, refusal.code
            if code == TOO_MANY and not out:
                out = self._later(now)
            text = refusal.message
            if status == 200:
                text = json.dumps(
                    {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": self.time_ms()}
                )
        self.requests.add(Request(now, method, raw_path, account, status, code, 1, during_ban=banned))
        self.requests.use(now, 1)
        self.sent.answers[Answered(method, raw_path, account, status)] += 1
        kind = "application/json" if status == 200 else "text/plain"
        return Reply(status, text, out, wait_seconds=self.faults.wait_seconds(raw_path), content_type=kind)

    def _check_address(self, now: float) -> None:
        if now < self.faults.banned_until:
            raise Refusal(403, BANNED, 403)
        if self.faults.system_busy > 0:
            self.faults.system_busy -= 1
            raise Refusal(429, "Too Many Requests", 429)
        self._latest.append(now)
        while self._latest[0] <= now - ADDRESS_SECONDS:
            self._latest.popleft()
        if len(self._latest) > ADDRESS_LIMIT:
            self.faults.banned_until = now + ADDRESS_BAN_SECONDS
            raise Refusal(403, BANNED, 403)

    def _path(self, path: str, method: str) -> Path:
        found = PATHS.get(path)
        if found is None or method != "GET":
            raise Refusal(404, "Not Found", 404)
        return found

    def _owner(self, headers: Mapping[str, str], signed: str) -> SimAccount:
        if self.faults.reject_timestamp > 0:
            self.faults.reject_timestamp -= 1
            raise wrong_time(headers.get("X-BAPI-TIMESTAMP", ""), self.time_ms(), 5000)
        return owner_of(headers, signed, self.accounts, self.time_ms())

    def _use(self, path: Path, raw_path: str, account: str, now: float) -> dict[str, str]:
        """Count a call of a key; the headers that say what is left of this second."""
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            raise Refusal(TOO_MANY, "Too many visits. Exceeded the API Rate Limit.")
        calls = self._calls.setdefault((account, raw_path), deque())
        while calls and calls[0] <= now - 1.0:
            calls.popleft()
        calls.append(now)
        if len(calls) > path.calls_a_second:
            raise Refusal(TOO_MANY, "Too many visits. Exceeded the API Rate Limit.")
        return {
            "X-Bapi-Limit": str(path.calls_a_second),
            "X-Bapi-Limit-Status": str(path.calls_a_second - len(calls)),
            "X-Bapi-Limit-Reset-Timestamp": str(self.time_ms()),
        }

    def _later(self, now: float) -> dict[str, str]:
        shift = self.time_ms() / 1000.0 - now
        reset = round((now + shift + self.faults.retry_after_seconds) * 1000.0)
        return {"X-Bapi-Limit": "50", "X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(reset)}

    def _check_faults(self, path: str) -> None:
        refused = self.faults.refused_answers.get(path)
        if refused is not None:
            raise Refusal(refused.code, refused.message)
