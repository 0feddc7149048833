"""A real browser in front of the pages: logging in, the button, a link on another site, forms of another site, a phone.

Run by hand: `pytest -m system tests/e2e/test_browser.py`; skipped where no Chromium is installed.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.unit.web.staging import TOKEN, Stage, alert, staged

pytestmark = pytest.mark.system
PATH = f"/alerts/{alert().fingerprint}"
BUTTON = "document.querySelector('button')?.textContent"
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}


class Tab:
    """One tab, steered over the browser's own protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._last = socket, 0

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": params})
        while True:
            answer = await self._socket.receive_json(timeout=20)
            if answer.get("id") == self._last:
                return dict(answer.get("result", {}))

    async def js(self, text: str) -> Any:
        return (await self.call("Runtime.evaluate", expression=text)).get("result", {}).get("value")

    async def open(self, url: str) -> None:
        await self.call("Page.navigate", url=url)
        await self.until("location.href", url)

    async def until(self, text: str, value: object) -> None:
        """Wait until the page says so."""
        found = None
        for _ in range(100):
            found = await self.js(f"document.readyState === 'complete' ? {text} : undefined")
            if found == value:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{text} is {found!r} and not {value!r}")


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Tab]:
    names = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next((found for found in names if found), None)
    if path is None:
        pytest.skip("missing program: chromium")
    process = await asyncio.create_subprocess_exec(
        path, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
        "--remote-allow-origins=*", f"--user-data-dir={folder}", "about:blank",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        file = folder / "DevToolsActivePort"
        for _ in range(200):
            if file.exists() and len(file.read_text().splitlines()) == 2:
                break
            await asyncio.sleep(0.1)
        port = file.read_text().splitlines()[0]
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/json") as answer:
                tabs = json.loads(await answer.text())
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with client.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                await tab.call("Page.enable")
                yield tab
    finally:
        process.terminate()
        async with asyncio.timeout(20):
            await process.wait()


@asynccontextmanager
async def another_site(target: str) -> AsyncIterator[str]:
    """A page under another name, which links to an alert, sends a form to it, and fetches a sign of life."""

    async def page(_: web.Request) -> web.Response:
        text = f"""<a id="link" href="{target}{PATH}">look</a><img src="{target}/api/v1/heartbeats/backup">
<form id="form" method="post" action="{target}{PATH}"><input name="action" value="acknowledge"></form>"""
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://localhost:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def log_in(tab: Tab, stage: Stage) -> None:
    await tab.open(stage.server.url + PATH)
    assert "Log in to acknowledge" in await tab.js("document.body.innerText")
    await tab.js("document.querySelector('a.button').click()")
    await tab.until("location.pathname", "/login")
    await tab.js(f"document.querySelector('[name=token]').value = '{TOKEN}'; document.querySelector('button').click()")
    await tab.until("location.pathname", PATH)
    await tab.until(BUTTON, "Acknowledge")


async def test_a_browser_logs_in_follows_a_link_elsewhere_and_presses_the_button(tmp_path: Path) -> None:
    async with staged(token=TOKEN) as stage, another_site(stage.server.url) as elsewhere, browser(tmp_path) as tab:
        await log_in(tab, stage)
        assert await tab.js("document.cookie") == ""
        await tab.open(elsewhere)
        await tab.js("document.getElementById('link').click()")
        await tab.until("location.pathname", PATH)
        await tab.until(BUTTON, "Acknowledge")
        assert stage.commands == []
        await tab.js("document.querySelector('[name=author]').value = 'Ada'; document.querySelector('button').click()")
        await tab.until(BUTTON, "Withdraw")
        assert [getattr(command, "author", "") for command in stage.commands] == ["Ada"]


@pytest.mark.parametrize("token", [TOKEN, ""], ids=["logged in", "without a token"])
async def test_a_page_of_another_site_changes_nothing_through_the_browser(tmp_path: Path, token: str) -> None:
    async with staged(token=token) as stage, another_site(stage.server.url) as elsewhere, browser(tmp_path) as tab:
        if token:
            await log_in(tab, stage)
        await tab.open(elsewhere)
        await tab.js("document.getElementById('form').submit()")
        await tab.until("location.pathname", PATH)
        assert "only the monitor's own pages may ask for this" in await tab.js("document.body.innerText")
        assert (stage.commands, stage.beats) == ([], [])


async def test_no_page_is_wider_than_a_phone(tmp_path: Path) -> None:
    long = alert(summary="a-name-without-any-break-" * 6, labels={"pool": "isolated:1000000MOGUSDT:" * 4})
    async with staged() as stage, staged(token=TOKEN) as guarded, browser(tmp_path) as tab:
        stage.view = replace(stage.view, alerts=(long,))
        await tab.call("Emulation.setDeviceMetricsOverride", **PHONE)
        for url in (
            f"{stage.server.url}/", f"{stage.server.url}/alerts/{long.fingerprint}", f"{stage.server.url}/runbooks/",
            f"{guarded.server.url}/login",
        ):  # fmt: skip
            await tab.open(url)
            assert await tab.js("document.documentElement.scrollWidth") <= 360, url
