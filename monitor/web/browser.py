"""`GET /api/v1/session`: what the live page may do in this browser, and by which thresholds it marks what it shows."""

from __future__ import annotations

from aiohttp import web

from monitor.web.api import answer
from monitor.web.desk import Desk
from monitor.web.gate import Gate


class Browser:
    """The handler."""

    def __init__(self, desk: Desk, gate: Gate) -> None:
        self._desk, self._gate = desk, gate

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/api/v1/session", self.session, allow_head=False)]

    async def session(self, request: web.Request) -> web.Response:
        """Whether changes would be taken, with the nonce that they need; no page of another site may know it."""
        self._gate.ours(request)
        may = self._gate.may_use_forms(request)
        login = self._gate.asks and not may
        why = "" if may else "Log in with the token." if login else "Without a token only this machine may."
        return answer(
            {
                "may_change": may,
                "nonce": self._gate.script_nonce(request),
                "login": login,
                "why_not": why,
                "levels": {name: dict(levels) for name, levels in self._desk.levels.items()},
            }
        )
