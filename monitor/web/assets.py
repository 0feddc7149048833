"""The files of the live page, read once at the start: what was not there then has no address, whatever a path says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

LIVE_PAGE = "live.html"
FOLDER = "/assets/"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}  #: what is served; a licence beside them is for whoever reads the folder

#: Scripts, styles, fonts and answers from here alone, and nothing written into the page.
LIVE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file with its type and the tag that changes with its content."""

    body: bytes
    content_type: str
    etag: str

    def answer(self, request: web.Request, cache: str) -> web.Response:
        """The file, or 304 where the browser has it already."""
        headers = {"ETag": f'"{self.etag}"', "Cache-Control": cache, "Content-Security-Policy": LIVE_POLICY}
        known = request.if_none_match or ()
        if any(tag.value in (self.etag, "*") for tag in known):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, headers=headers | {"Content-Type": self.content_type})


class Assets:
    """All of them by their path below the folder."""

    def __init__(self, room: Traversable | None = None) -> None:
        self._assets = dict(_found(room or files("monitor.web") / "assets"))
        if LIVE_PAGE not in self._assets:
            raise FileNotFoundError(f"{LIVE_PAGE} is missing among the files of the page: install marginwatch anew")

    def routes(self) -> list[web.RouteDef]:
        """The page and its files. No route takes a path apart: it is looked up whole."""
        return [web.get("/", self.page), web.get(FOLDER + "{path:.*}", self.asset)]

    async def page(self, request: web.Request) -> web.Response:
        """The live page: it holds no data, and asks for them."""
        return self._assets[LIVE_PAGE].answer(request, "no-store")

    async def asset(self, request: web.Request) -> web.Response:
        """One file; the browser asks each time whether its own is still the one."""
        found = self._assets.get(request.match_info["path"])
        if found is None:
            raise web.HTTPNotFound
        return found.answer(request, "no-cache")


def _found(room: Traversable, under: str = "") -> Iterator[tuple[str, Asset]]:
    for each in room.iterdir():
        path = under + each.name
        if each.is_dir():
            yield from _found(each, path + "/")
            continue
        content_type = TYPES.get(f".{each.name.rpartition('.')[2]}")
        if content_type is not None:
            body = each.read_bytes()
            yield path, Asset(body, content_type, sha256(body).hexdigest()[:32])
