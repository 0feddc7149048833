"""The pages on which a person does something: an alert with its button, logging in and out."""

from __future__ import annotations

import re

from aiohttp import web

from monitor.domain.alerts import AlertChange
from monitor.domain.errors import MarginwatchError
from monitor.domain.silences import LONGEST_AUTHOR, LONGEST_COMMENT
from monitor.web import asked
from monitor.web.alert_page import Form, alert_page
from monitor.web.api import Commands
from monitor.web.gate import COOKIE, Gate
from monitor.web.login_page import login_page, sorry_page
from monitor.web.refusal import Refusal
from monitor.web.sessions import SESSION_SECONDS

_ALERT = "/alerts/{fingerprint:[0-9a-f]{16}}"
_NEXT = re.compile(r"/(alerts/[0-9a-f]{16}|runbooks/[A-Za-z0-9]*)?\Z")
_NOT_HERE = "Only the machine on which the monitor runs may acknowledge: no web.token_file is set."


class Forms:
    """The handlers of those pages."""

    def __init__(self, commands: Commands, gate: Gate) -> None:
        self._commands, self._gate = commands, gate
        self._view, self._desk = commands.view, commands.desk

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get(_ALERT, self.alert),
            web.post(_ALERT, self.act),
            web.get("/login", self.show_login),
            web.post("/login", self.login),
            web.post("/logout", self.logout),
        ]

    async def alert(self, request: web.Request) -> web.Response:
        """The page of one alert."""
        fingerprint = request.match_info["fingerprint"]
        history: tuple[AlertChange, ...] = ()
        trouble = ""
        try:
            history = await self._desk.history(fingerprint)
        except MarginwatchError as error:
            trouble = str(error)
        # A browser that followed a link on another site keeps back the cookie of a strict session. One more request,
        # which is ours, has it.
        elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
        form = self._form(request, fingerprint)
        text = alert_page(
            self._view(), fingerprint, history, form, trouble=trouble, again=elsewhere and self._gate.asks
        )
        if text is None:
            return _page(sorry_page("unknown alert", "No alert with this fingerprint is known.", "/"), 404)
        return _page(text)

    def _form(self, request: web.Request, fingerprint: str) -> Form:
        if self._gate.may_use_forms(request):
            logout = self._gate.nonce(request, "logout") if self._gate.asks else ""
            return Form(nonce=self._gate.nonce(request, fingerprint), logout=logout)
        return Form(login=self._gate.asks, why_not=_NOT_HERE)

    async def act(self, request: web.Request) -> web.Response:
        """The button was pressed."""
        fingerprint = request.match_info["fingerprint"]
        fields = await asked.form_of(request)
        self._gate.form(request, fingerprint, fields.get("nonce", ""))
        action = fields.get("action", "")
        if action not in ("acknowledge", "withdraw"):
            raise Refusal(400, "action", action[:60], "must be acknowledge or withdraw")
        await self._commands.acknowledge(
            fingerprint,
            asked.text_in(fields, "author", LONGEST_AUTHOR) or "somebody",
            asked.text_in(fields, "comment", LONGEST_COMMENT),
            "web",
            incident=asked.text_in(fields, "incident", 64),
            withdrawn=action == "withdraw",
        )
        raise web.HTTPSeeOther(f"/alerts/{fingerprint}")

    async def show_login(self, request: web.Request) -> web.Response:
        """The form that asks for the token."""
        if not self._gate.asks:
            return _page(sorry_page("log in", "There is no token to log in with: set web.token_file.", "/"), 404)
        return _page(login_page(self._gate.nonce(request, "login"), _following(request.query.get("next", "/"))))

    async def login(self, request: web.Request) -> web.Response:
        """The token was given."""
        fields = await asked.form_of(request)
        following = _following(fields.get("next", "/"))
        try:
            cookie = self._gate.login(request, fields.get("token", "").strip(), fields.get("nonce", ""))
        except Refusal as refusal:
            if refusal.status not in (401, 429):
                raise
            page = login_page(self._gate.nonce(request, "login"), following, refusal.cure)
            return _page(page, refusal.status, refusal.headers)
        response = web.HTTPSeeOther(following)
        secure = request.secure or request.headers.get("Origin", "").startswith("https:")
        response.set_cookie(
            COOKIE, cookie, max_age=int(SESSION_SECONDS), path="/", httponly=True, samesite="Strict", secure=secure
        )
        raise response

    async def logout(self, request: web.Request) -> web.Response:
        """This browser is to be forgotten."""
        fields = await asked.form_of(request)
        self._gate.form(request, "logout", fields.get("nonce", ""))
        self._gate.logout(request)
        response = web.HTTPSeeOther("/")
        response.del_cookie(COOKIE, path="/")
        raise response


def _following(path: str) -> str:
    """Where to go on: one of our own pages."""
    return path if _NEXT.match(path) else "/"


def _page(text: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
