"""Who may change something: with a token whoever shows it, without one only this machine.

A change comes over the API, with the token in a header, or by a form of our own pages, with the cookie of a session
and a nonce. Users with passwords (`users`) are let in before that, and need the token for changes all the same. Behind
a proxy every request seems to come from the proxy's machine: what was passed on needs the token.
"""

from __future__ import annotations

from math import ceil

import structlog
from aiohttp import web

from monitor.web.desk import Desk
from monitor.web.hosts import Hosts, host_of, is_loopback
from monitor.web.refusal import Refusal
from monitor.web.sessions import Guesses, Sessions, same_token

log = structlog.get_logger("web")

COOKIE = "marginwatch_session"
NONCE = "X-Marginwatch-Nonce"  #: the header by which a script of our own pages shows that it is one
BESIDE_USER = "X-Marginwatch-Token"  #: the header for the token where a user's password takes `Authorization`
_SCRIPT = "script"  #: the name of its form
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_SHOW_IT = {"WWW-Authenticate": 'Bearer realm="marginwatch"'}


class Gate:
    """Lets requests in or raises `Refusal`."""

    def __init__(self, desk: Desk, hosts: Hosts) -> None:
        self._token, self._reading, self._hosts = desk.token, desk.reading, hosts
        self._sessions, self._guesses = Sessions(desk.clock), Guesses(desk.clock)

    @property
    def asks(self) -> bool:
        """Whether there is a token to show."""
        return bool(self._token)

    def read(self, request: web.Request) -> None:
        """A request that changes nothing."""
        if self._reading and self.asks and not self.session(request):
            self._bearer(request)

    def compute(self, request: web.Request) -> None:
        """A question that costs some work: whoever may read, but no page of another site."""
        self.ours(request)
        self.read(request)

    def change(self, request: web.Request) -> None:
        """A change over the API: by a program with the token, or by a script of our pages with session and nonce."""
        nonce = request.headers.get(NONCE)
        if nonce is not None and not _shows_token(request):
            self.form(request, _SCRIPT, nonce)
            return
        self.ours(request)
        if self.asks:
            self._bearer(request)
        else:
            self._at_home(request)

    def form(self, request: web.Request, form: str, nonce: str) -> None:
        """A change by the form of that name on one of our pages."""
        self.ours(request)
        session = self.session(request)
        if not self.asks:
            self._at_home(request)
        elif not session:
            raise Refusal(401, "session", "", "log in first")
        self._fresh(nonce, form, session)

    def login(self, request: web.Request, token: str, nonce: str) -> str:
        """The cookie of a new session for whoever gives the token in the login form."""
        self.ours(request)
        self._fresh(nonce, "login", "")
        self._right(request, token)
        return self._sessions.open()

    def logout(self, request: web.Request) -> None:
        """End the session of this browser."""
        self._sessions.close(self.session(request))

    def session(self, request: web.Request) -> str:
        """The session of this browser, "" if it has none."""
        return self._sessions.of(request.cookies.get(COOKIE, ""))

    def may_use_forms(self, request: web.Request) -> bool:
        """Whether a form that is shown now could be sent."""
        if self.asks:
            return bool(self.session(request))
        try:
            self._at_home(request)
        except Refusal:
            return False
        return True

    def script_nonce(self, request: web.Request) -> str:
        """The nonce for changes by a script of our pages; "" where they would be refused."""
        return self.nonce(request, _SCRIPT) if self.may_use_forms(request) else ""

    def nonce(self, request: web.Request, form: str) -> str:
        """The nonce for a form of that name."""
        return self._sessions.nonce(form, "" if form == "login" else self.session(request))

    def ours(self, request: web.Request) -> None:
        """Refuse what a page of another site asks through somebody's browser."""
        named(self._hosts, request)
        if not self._hosts.same_site(request.headers, encrypted=request.secure):
            origin = request.headers.get("Origin", request.headers.get("Sec-Fetch-Site", ""))
            raise Refusal(403, "Origin", origin[:200], "only the monitor's own pages may ask for this")

    def _fresh(self, nonce: str, form: str, session: str) -> None:
        if not self._sessions.holds(nonce, form, session):
            raise Refusal(403, "form", "", "it is too old: load the page again")

    def _bearer(self, request: web.Request) -> None:
        scheme, token = _authorization(request)
        token = request.headers.get(BESIDE_USER, "").strip() or (token if scheme == "bearer" else "")
        if not token:
            cure = f"show the token: Authorization: Bearer TOKEN, or {BESIDE_USER}: TOKEN beside a user"
            raise Refusal(401, "Authorization", "", cure, _SHOW_IT)
        self._right(request, token)

    def _right(self, request: web.Request, token: str) -> None:
        peer = request.remote or ""
        wait = self._guesses.wait_seconds(peer)
        if wait > 0.0:
            headers = {"Retry-After": str(ceil(wait))}
            raise Refusal(429, "Authorization", "***", f"too many wrong tokens: wait {ceil(wait)} s", headers)
        if not self.asks or not same_token(token, self._token):
            if self._guesses.wrong(peer):
                log.warning("too many wrong tokens", peer=peer)
            raise Refusal(401, "Authorization", "***", "is not the token of this monitor", _SHOW_IT)

    def _at_home(self, request: web.Request) -> None:
        """Without a token: from this machine, called by a name of this machine, and not passed on."""
        home = is_loopback(request.remote or "") and is_loopback(host_of(request.headers.get("Host", "")))
        if not home or any(name in request.headers for name in _PASSED_ON):
            cure = "without a token only this machine may change anything: set web.token_file"
            raise Refusal(403, "web.token_file", "", cure)


def _authorization(request: web.Request) -> tuple[str, str]:
    """The scheme, in small letters, and what it shows."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower(), shown.strip()


def _shows_token(request: web.Request) -> bool:
    """Whether a request is a program's: a browser shows a token nowhere, and a user's password everywhere."""
    return BESIDE_USER in request.headers or _authorization(request)[0] not in ("", "basic")


def named(hosts: Hosts, request: web.Request) -> None:
    """Refuse a request that calls the server by a name that is not its own. One without a name is no browser's."""
    header = request.headers.get("Host")
    if header is not None and not hosts.known(header):
        cure = "not a name of this monitor: set web.external_url to the address by which it is called"
        raise Refusal(421, "Host", header[:200], cure)
