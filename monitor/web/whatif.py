"""`POST /api/v1/whatif`: what would be, if. It changes nothing, neither here nor at any venue."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Protocol

import msgspec
from aiohttp import web

from monitor.domain.errors import BadRequest, Busy, TookTooLong
from monitor.domain.whatif import WhatIf, WhatIfReport
from monitor.domain.whatif_json import answer_json, mistakes_json, request_of
from monitor.web.api import answer, written
from monitor.web.asked import body_of
from monitor.web.refusal import Refusal

KEYS = ("edits", "moves", "market", "betas", "pegs", "funding_days", "accounts")
AGAIN_SECONDS = 1


class Supposes(Protocol):
    """Who answers."""

    async def whatif(self, request: WhatIf, told: Callable[[WhatIfReport], bytes]) -> bytes:
        """Before and after. Raises BadRequest, Busy or TookTooLong."""
        ...


class WhatIfs:
    """The handlers."""

    def __init__(self, supposing: Supposes) -> None:
        self._supposing = supposing
        self._schema = (files("monitor.web") / "whatif.schema.json").read_bytes()

    def routes(self) -> list[web.RouteDef]:
        """Both routes."""
        return [web.post("/api/v1/whatif", self.whatif), web.get("/api/v1/whatif/schema", self.schema)]

    async def schema(self, _: web.Request) -> web.Response:
        """The JSON schema of requests and answers."""
        return web.Response(body=self._schema, content_type="application/schema+json")

    async def whatif(self, request: web.Request) -> web.Response:
        """Before and after of edits, moves of prices and days of funding."""
        body = await body_of(request, *KEYS)
        try:
            text = await self._supposing.whatif(request_of(body), _told)
        except BadRequest as refused:
            return answer(mistakes_json(refused), 400)
        except Busy as error:
            raise Refusal(503, "whatif", "", str(error), {"Retry-After": f"{AGAIN_SECONDS}"}) from None
        except TookTooLong as error:
            raise Refusal(504, "whatif", "", str(error)) from None
        return web.Response(body=text, content_type="application/json")


def _told(report: WhatIfReport) -> bytes:
    return msgspec.json.encode(answer_json(report, written))
