"""The door of the REST side: limits, keys, timestamps and faults, then the answer; every request is written down."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from monitor.sim.binance import rest as usdm
from monitor.sim.binance.coinm import rest as coinm
from monitor.sim.binance.faults import LISTEN_KEYS, Faults
from monitor.sim.binance.loans import rest as loans
from monitor.sim.binance.paths import (
    COINM,
    HEADERS,
    ISOLATED_MARGIN,
    LIMITS,
    MARGIN,
    PORTFOLIO,
    PORTFOLIO_PRO,
    USDM,
    Ask,
    Member,
    Path,
    Pool,
    Security,
)
from monitor.sim.binance.portfolio import rest as portfolio
from monitor.sim.binance.refusals import Refusal, check_key, check_signature, check_time, params_of
from monitor.sim.binance.rest import Rest
from monitor.sim.http import Reply, respond
from monitor.sim.requests import Request, RequestLog
from monitor.sim.sent import Answered, Sent
from monitor.sim.venue import BAN_SECONDS

REFUSALS_UNTIL_BAN = 20  #: how often a client may ignore a 429 within a minute

PATHS: dict[str, Path] = {**usdm.PATHS, **coinm.PATHS, **loans.PATHS, **portfolio.PATHS}

_OF_FUTURES = ("/fapi/v1/exchangeInfo", "/fapi/v1/premiumIndex", "/fapi/v1/assetIndex", "/fapi/v1/fundingInfo")
_OF_COINS = ("/dapi/v1/exchangeInfo", "/dapi/v1/premiumIndex", "/dapi/v1/fundingInfo")
_OF_ASSETS = "/sapi/v1/portfolio/asset-index-price"
PUBLIC: Mapping[str, tuple[str, ...]] = {
    USDM: ("/fapi/v1/time", *_OF_FUTURES),
    COINM: ("/fapi/v1/assetIndex", "/dapi/v1/time", *_OF_COINS),
    MARGIN: ("/fapi/v1/assetIndex",),
    ISOLATED_MARGIN: ("/fapi/v1/assetIndex",),
    PORTFOLIO: (*_OF_FUTURES, *_OF_COINS, _OF_ASSETS),
    PORTFOLIO_PRO: (*_OF_FUTURES, *_OF_COINS, _OF_ASSETS),
}
"""What belongs to the picture of an account besides its own answers, by product."""

_TOO_MANY = "Too many requests; current limit is {} requests per minute. Please use the websocket for live updates."


@dataclass(slots=True, kw_only=True)
class Gate:
    """Answers requests. `now` is the true time, in which limits and bans count; `time_ms` the venue's own clock.

    `requests` counts the weight of both futures; `pools` that of every other limit, those of sapi by path.
    """

    rest: Rest
    faults: Faults
    requests: RequestLog
    sent: Sent
    accounts: Callable[[], Iterable[Member]]
    now: Callable[[], float]
    time_ms: Callable[[], int]
    next_funding_ms: Callable[[], int]
    pools: dict[str, RequestLog] = field(default_factory=dict)
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
        now, account, weight, pool = self.now(), "", 0, _pool_of(raw_path)
        banned = now < self.faults.banned_until
        headers: dict[str, str] = {}
        try:
            self._check_ban(now)
            path = self._path(raw_path, method)
            pool = path.pool
            params = params_of(query, body)
            weight = path.weight(params)
            self._use_weight(now, weight, pool, raw_path)
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
        headers[HEADERS[pool]] = str(self._used(now, pool, raw_path))
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
            raise Refusal(
                429, -1003, _TOO_MANY.format(LIMITS[Pool.FUTURES]), retry_after=self.faults.retry_after_seconds
            )

    def everything(self, account: Member) -> dict[str, Any]:
        """What every GET path answers an account that asks for a picture of itself, by path and query."""
        picture: dict[str, Any] = {}
        for name, path in PATHS.items():
            public = path.security is Security.NONE
            if name not in PUBLIC[account.product] if public else account.product not in path.products:
                continue
            for params in path.each(account):
                ask = Ask("GET", params, self.time_ms(), self.next_funding_ms(), account)
                query = "&".join(f"{key}={value}" for key, value in params.items())
                picture[f"{name}?{query}" if query else name] = path.answer(self.rest, ask)
        return picture

    def _log(self, pool: Pool, path: str) -> RequestLog:
        if pool is Pool.FUTURES:
            return self.requests
        return self.pools.setdefault(f"{pool} {path}" if pool in (Pool.SAPI, Pool.UID) else pool, RequestLog())

    def _used(self, now: float, pool: Pool, path: str) -> int:
        return self._log(pool, path).used(now) + (self.faults.foreign_weight if pool is not Pool.UID else 0)

    def _use_weight(self, now: float, weight: int, pool: Pool, path: str) -> None:
        self._log(pool, path).use(now, weight)
        if self._used(now, pool, path) <= LIMITS[pool]:
            return
        minute, times = int(now // 60), 1
        if self._refused_in[0] == minute:
            times += self._refused_in[1]
        self._refused_in = (minute, times)
        if times >= REFUSALS_UNTIL_BAN:
            self.faults.banned_until = now + BAN_SECONDS
        raise Refusal(429, -1003, _TOO_MANY.format(LIMITS[pool]), retry_after=math.ceil(60.0 - now % 60.0))

    def _path(self, path: str, method: str) -> Path:
        found = PATHS.get(path)
        if found is None or method not in found.methods:
            raise Refusal(404, -5000, f"Path {path}, Method {method} is invalid")
        return found

    def _check(self, path: Path, key: str | None, query: str, body: str, params: dict[str, str]) -> Member | None:
        if path.security is Security.NONE:
            return None
        account = self._account(path, key, params)
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
        if path in LISTEN_KEYS and method == "PUT" and self.faults.unknown_listen_key > 0:
            self.faults.unknown_listen_key -= 1
            raise Refusal(400, -1125, "This listenKey does not exist.")

    def _account(self, path: Path, key: str | None, params: Mapping[str, str]) -> Member:
        """Whose key it is. One key opens several products: the path tells which of them is meant."""
        accounts = list(self.accounts())
        known = check_key(key, [account.key for account in accounts])
        found = [account for account in accounts if account.key == known and account.product in path.products]
        if not found:
            raise Refusal(401, -2015, "Invalid API-key, IP, or permissions for action.")
        isolated = params.get("isIsolated", "").lower() == "true"
        return next((one for one in found if (one.product == ISOLATED_MARGIN) == isolated), found[0])


def _pool_of(path: str) -> Pool:
    """The limit that an unknown path would count against."""
    family = path.strip("/").partition("/")[0]
    return {"sapi": Pool.SAPI, "papi": Pool.PAPI, "api": Pool.SPOT}.get(family, Pool.FUTURES)
