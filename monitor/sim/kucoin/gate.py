"""The door of the REST side: bans, pools of weight, keys and faults, then the answer; every request is written down."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from monitor.sim.http import Reply, respond
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.answers import Ask
from monitor.sim.kucoin.faults import Faults
from monitor.sim.kucoin.refusals import TOO_MANY, Refusal, owner_of, wrong_time
from monitor.sim.kucoin.rest import POOLS, PUBLIC, WINDOW_SECONDS, Path, found
from monitor.sim.kucoin.tokens import ANY, FUTURES, SPOT
from monitor.sim.requests import Request, RequestLog
from monitor.sim.sent import Answered, Sent

GOOD = "200000"
UNLIMITED = 1_000_000  #: printed where there are no limits
BLOCKED = "error code: 1015"
Asks = Callable[[Mapping[str, str], SimAccount | None, str, str], Ask]


@dataclass(slots=True)
class Pool:
    """What was used of one pool since its window began."""

    began: float
    used: int = 0


@dataclass(slots=True, kw_only=True)
class Gate:
    """Answers requests. `now` is the true time, in which limits and bans count; `time_ms` the venue's own clock.

    `limited=False` switches the limits off; `strict_permissions=False` lets a key that may only read (General) ask
    everything, as the older documents say.
    """

    faults: Faults
    requests: RequestLog
    sent: Sent
    accounts: Mapping[str, SimAccount]
    now: Callable[[], float]
    time_ms: Callable[[], int]
    asks: Asks
    limited: bool = True
    strict_permissions: bool = False
    pools: dict[tuple[str, str], Pool] = field(default_factory=dict)  #: by pool and account ("": the address)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request over HTTP."""
        return await respond(request, self.reply)

    def reply(self, method: str, raw_path: str, query: str, body: str, headers: Mapping[str, str]) -> Reply:
        """One request. A path may begin with the name of its host, which is not part of what is signed."""
        host, path = _host(raw_path)
        if "rest" in self.faults.refuse:
            self.sent.answers[Answered(method, path, "", 503)] += 1
            return Reply(503, "Service Unavailable", {}, content_type="text/plain")
        now, name, weight, more = self.now(), "", 1, {}
        banned = now < self.faults.banned_until
        if banned:
            return self._blocked(method, path, now)
        try:
            place, last = self._path(method, path, host)
            weight = place.weight
            owner = self._owner(place, method, path, query, body, headers)
            name = owner.name if owner is not None else ""
            more = self._use(place, name, now)
            if path in self.faults.refused_answers:
                raise self.faults.refused_answers[path]
            params = {**_fields(body), **dict(parse_qsl(query, keep_blank_values=True))}
            data = place.answer(self.asks(params, owner, host, last))
            data = self.faults.spoil_answer(path, name, data)
            text = self.faults.spoil_text(path, json.dumps({"code": GOOD, "data": data}, separators=(",", ":")))
            status, code = 200, GOOD
        except Refusal as refusal:
            status, code = refusal.status, refusal.code
            text = json.dumps({"code": code, "msg": refusal.message})
            if code == TOO_MANY:
                more = self._later(place, name, now)
        self.requests.add(Request(now, method, path, name, status, int(code), weight, during_ban=banned))
        self.requests.use(now, weight)
        self.sent.answers[Answered(method, path, name, status)] += 1
        return Reply(status, text, more, wait_seconds=self.faults.wait_seconds(path))

    def _blocked(self, method: str, path: str, now: float) -> Reply:
        """What the wall before the venue answers an address that asked too much: no JSON."""
        self.requests.add(Request(now, method, path, "", 429, 1015, 1, during_ban=True))
        self.sent.answers[Answered(method, path, "", 429)] += 1
        left = math.ceil(self.faults.banned_until - now)
        return Reply(429, BLOCKED, {"Retry-After": str(left)}, content_type="text/plain")

    def _path(self, method: str, path: str, host: str) -> tuple[Path, str]:
        place = found(path)
        if place is None or (host != ANY and host not in place[0].hosts):
            raise Refusal(404, "404", "Not Found")
        if place[0].method != method:
            raise Refusal(405, "415000", "Unsupported method")
        return place

    def _owner(
        self, place: Path, method: str, path: str, query: str, body: str, headers: Mapping[str, str]
    ) -> SimAccount | None:
        if not place.signed:
            return None
        if self.faults.reject_timestamp > 0:
            self.faults.reject_timestamp -= 1
            raise wrong_time()
        signed = method + path + (f"?{query}" if query else "") + body
        return owner_of(
            headers, self.accounts, signed, self.time_ms(), place.permission if self.strict_permissions else ""
        )

    def _use(self, place: Path, user: str, now: float) -> dict[str, str]:
        """Count a request in its pool; the headers that say what is left. A window begins with its first request."""
        pool = self._pool(place, user, now)
        limit = POOLS[place.pool]
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            raise Refusal(429, TOO_MANY, "Too many requests in a short period of time, please retry later")
        if self.limited and pool.used + self.faults.foreign_weight + place.weight > limit:
            raise Refusal(429, TOO_MANY, "Too many requests in a short period of time, please retry later")
        pool.used += place.weight
        limit = limit if self.limited or self.faults.foreign_weight else UNLIMITED
        left = max(0, limit - pool.used - self.faults.foreign_weight)
        return _headers(limit, left, pool.began + WINDOW_SECONDS - now)

    def _pool(self, place: Path, user: str, now: float) -> Pool:
        key = (place.pool, "" if place.pool == PUBLIC else user)
        pool = self.pools.get(key)
        if pool is None or now - pool.began >= WINDOW_SECONDS:
            pool = self.pools[key] = Pool(now)
        return pool

    def _later(self, place: Path, user: str, now: float) -> dict[str, str]:
        pool = self._pool(place, user, now)
        full = pool.used + self.faults.foreign_weight + place.weight > POOLS[place.pool]
        wait = pool.began + WINDOW_SECONDS - now if full else float(self.faults.retry_after_seconds)
        return _headers(POOLS[place.pool], 0, wait)


def _headers(limit: int, left: int, wait_seconds: float) -> dict[str, str]:
    return {
        "gw-ratelimit-limit": str(limit),
        "gw-ratelimit-remaining": str(left),
        "gw-ratelimit-reset": str(max(0, round(wait_seconds * 1000.0))),
    }


def _host(raw_path: str) -> tuple[str, str]:
    for host in (FUTURES, SPOT):
        if raw_path.startswith(f"/{host}/"):
            return host, raw_path.removeprefix(f"/{host}")
    return ANY, raw_path


def _fields(body: str) -> dict[str, Any]:
    if not body:
        return {}
    try:
        said = json.loads(body)
    except ValueError:
        raise Refusal(400, "400100", "Parameter error") from None
    return said if isinstance(said, dict) else {}
