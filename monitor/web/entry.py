"""Who may read which path, and how refusals are said: as JSON to programs, as a page to people."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.web.api import answer
from monitor.web.assets import FOLDER
from monitor.web.doors import Doors
from monitor.web.gate import Gate, named
from monitor.web.hosts import Hosts
from monitor.web.login_page import sorry_page
from monitor.web.refusal import Refusal
from monitor.web.users import is_of_users

_FOR_EVERYBODY = frozenset({"/-/healthy", "/-/ready", "/style.css", "/login"})  #: whether there is a token or not
_COMPUTED = frozenset({"/api/v1/whatif", "/api/v1/stress", "/api/v1/curve"})  #: nothing changes, and it costs some work
_NO_PATH = Refusal(404, "path", "", "there is no such path, or not for this method: see docs/api.md")


class Entry:
    """Names, users, and the token for reading; without a `gate` or `doors` nobody is asked for them."""

    def __init__(self, hosts: Hosts, gate: Gate | None, doors: Doors | None) -> None:
        self._hosts, self._gate, self._doors = hosts, gate, doors

    async def let_in(self, request: web.Request) -> None:
        """Raises `Refusal` for whoever may not see what is asked for."""
        # On an address that others reach too, whoever may call may read; names are theirs to choose.
        if self._hosts.local:
            named(self._hosts, request)
        if self._doors is not None:
            await self._doors.users.let_in(request)
        if self._gate is None:
            return
        if request.path in _COMPUTED:
            self._gate.compute(request)
        elif request.method in ("GET", "HEAD") and not _for_everybody(request.path):
            self._gate.read(request)

    def guarded(self) -> Middleware:
        """What aiohttp asks before each handler."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                await self.let_in(request)
                return await handler(request)
            except ConnectionError:
                return web.Response(status=499)  # nobody is there any more to read it
            except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
                if not request.path.startswith("/api/"):
                    raise
                headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
                return answer(_NO_PATH.json(), error.status, headers)
            except Refusal as refusal:
                return _refused(request, refusal)

        return guarded


def _for_everybody(path: str) -> bool:
    return path in _FOR_EVERYBODY or path.startswith(FOLDER)


def _refused(request: web.Request, refusal: Refusal) -> web.Response:
    if request.path.startswith("/api/") or request.path == "/metrics":
        return answer(refusal.json(), refusal.status, refusal.headers)
    # Who a user is the browser itself asks, when it sees this answer; the token is asked for by a page.
    if refusal.status == 401 and request.method == "GET" and not is_of_users(refusal):
        raise web.HTTPSeeOther(f"/login?next={quote(request.path)}") from None
    back = request.path if request.path.startswith("/alerts/") else "/"
    text = sorry_page("not done", f"{refusal.key}: {refusal.cure}", back)
    return web.Response(text=text, status=refusal.status, content_type="text/html", headers=refusal.headers)
