"""`GET /api/v1/curve`: the health curve of one pool. docs/api.md describes it."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from monitor.domain.curve import CurveRefused, CurveReport, CurveRequest, asked, curve_json
from monitor.domain.errors import Busy, TookTooLong
from monitor.web.api import answer
from monitor.web.refusal import Refusal

AGAIN_SECONDS = 1


class Draws(Protocol):
    """Who answers."""

    async def curve(self, request: CurveRequest) -> CurveReport:
        """The curve. Raises CurveRefused, Busy or TookTooLong."""
        ...


class Curves:
    """The handler."""

    def __init__(self, supposing: Draws) -> None:
        self._supposing = supposing

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/api/v1/curve", self.curve, allow_head=False)]

    async def curve(self, request: web.Request) -> web.Response:
        """Equity and requirement of a pool along a move of prices."""
        try:
            wanted = asked({key: request.query[key] for key in request.query})
            return answer(curve_json(await self._supposing.curve(wanted)))
        except CurveRefused as refused:
            status = 404 if refused.missing else 400
            raise Refusal(status, refused.key, refused.value, refused.cure) from None
        except Busy as error:
            raise Refusal(503, "curve", "", str(error), {"Retry-After": f"{AGAIN_SECONDS}"}) from None
        except TookTooLong as error:
            raise Refusal(504, "curve", "", str(error)) from None
