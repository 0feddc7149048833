"""`POST /api/v1/stress`: scenarios of prices, and what they would do (docs/stress.md). It changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Protocol

import msgspec
from aiohttp import web

from monitor.domain.errors import BadRequest, Busy, TookTooLong
from monitor.domain.stress import StressReport, StressRequest
from monitor.domain.stress_json import KEYS, read_request, stress_json
from monitor.domain.whatif_json import mistakes_json
from monitor.web.api import answer, written
from monitor.web.asked import body_of
from monitor.web.refusal import Refusal

AGAIN_SECONDS = 1


class Stresses(Protocol):
    """Who answers."""

    async def stress(self, request: StressRequest, told: Callable[[StressReport], bytes]) -> bytes:
        """What each scenario does. Raises BadRequest, Busy or TookTooLong."""
        ...


class StressTests:
    """The handlers. `usual` is what a request does not mention: the configuration's `[stress]`."""

    def __init__(self, supposing: Stresses, usual: StressRequest) -> None:
        self._supposing, self._usual = supposing, usual
        self._schema = (files("monitor.web") / "stress.schema.json").read_bytes()

    def routes(self) -> list[web.RouteDef]:
        """Both routes."""
        return [web.post("/api/v1/stress", self.stress), web.get("/api/v1/stress/schema", self.schema)]

    async def schema(self, _: web.Request) -> web.Response:
        """The JSON schema of an answer."""
        return web.Response(body=self._schema, content_type="application/schema+json")

    async def stress(self, request: web.Request) -> web.Response:
        """Pools, accounts and groups after each scenario."""
        body = await body_of(request, *KEYS)
        try:
            text = await self._supposing.stress(read_request(body, self._usual), _told)
        except BadRequest as refused:
            return answer(mistakes_json(refused), 400)
        except Busy as error:
            raise Refusal(503, "stress", "", str(error), {"Retry-After": f"{AGAIN_SECONDS}"}) from None
        except TookTooLong as error:
            raise Refusal(504, "stress", "", str(error)) from None
        return web.Response(body=text, content_type="application/json")


def _told(report: StressReport) -> bytes:
    return msgspec.json.encode(stress_json(report, written))
