"""What scripts of the live page may change: with the session of this browser and its nonce, and from our page alone."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.unit.web.staging import TOKEN, Stage, alert, staged

ACK = f"/api/v1/alerts/{alert().fingerprint}/ack"
BODY = {"author": "Ada"}
NONCE = "X-Marginwatch-Nonce"
LEVELS = {"margin_ratio": {"warning": 0.6, "critical": 0.8}}


async def session(stage: Stage, **headers: str) -> dict[str, Any]:
    answer = await stage.ask("GET", "/api/v1/session", headers=headers)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = await answer.json()
    assert isinstance(found, dict)
    return found


async def cookie_of(stage: Stage) -> str:
    """The cookie of a browser that has logged in."""
    page = await (await stage.ask("GET", "/login")).text()
    nonce = page.split('name="nonce" value="')[1].split('"')[0]
    origin = {"Origin": stage.server.url}
    fields = {"nonce": nonce, "token": TOKEN, "next": "/"}
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.post(stage.server.url + "/login", data=fields, headers=origin, allow_redirects=False) as answer,
    ):
        assert answer.status == 303
        return answer.headers["Set-Cookie"].partition(";")[0]


async def test_on_this_machine_without_a_token_the_page_may() -> None:
    async with staged(levels=LEVELS) as stage:
        found = await session(stage)
        assert (found["may_change"], found["login"], found["why_not"]) == (True, False, "")
        assert found["levels"] == LEVELS
        assert (await stage.ask("POST", ACK, BODY, {NONCE: found["nonce"]})).status == 200


async def test_with_a_token_the_page_may_after_logging_in() -> None:
    async with staged(token=TOKEN) as stage:
        before = await session(stage)
        assert (before["may_change"], before["login"], before["nonce"]) == (False, True, "")
        assert before["why_not"]

        cookie = await cookie_of(stage)
        nonce = (await session(stage, Cookie=cookie))["nonce"]
        headers = {"Cookie": cookie, NONCE: nonce, "Origin": stage.server.url, "Sec-Fetch-Site": "same-origin"}
        assert (await stage.ask("POST", ACK, BODY, headers)).status == 200
        assert [command.author for command in stage.commands] == ["Ada"]  # type: ignore[union-attr]  # acknowledgements


@pytest.mark.parametrize("left_out", ["Cookie", NONCE])
async def test_neither_the_cookie_nor_the_nonce_is_enough(left_out: str) -> None:
    async with staged(token=TOKEN) as stage:
        cookie = await cookie_of(stage)
        nonce = (await session(stage, Cookie=cookie))["nonce"]
        headers = {name: value for name, value in {"Cookie": cookie, NONCE: nonce}.items() if name != left_out}

        assert (await stage.ask("POST", ACK, BODY, headers)).status == 401
        assert not stage.commands


async def test_a_nonce_of_another_session_or_form_is_none() -> None:
    async with staged(token=TOKEN) as stage:
        one, other = await cookie_of(stage), await cookie_of(stage)
        nonce = (await session(stage, Cookie=other))["nonce"]
        page = await (await stage.ask("GET", "/login")).text()
        of_a_form = page.split('name="nonce" value="')[1].split('"')[0]
        for wrong in (nonce, of_a_form, "", "nonsense", "99999999." + "0" * 64):
            answer = await stage.ask("POST", ACK, BODY, {"Cookie": one, NONCE: wrong})
            assert answer.status == 403, wrong
        assert not stage.commands


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "https://evil.example.org"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
async def test_a_page_of_another_site_learns_no_nonce_and_may_use_none(foreign: dict[str, str]) -> None:
    async with staged() as stage:
        nonce = (await session(stage))["nonce"]
        assert (await stage.ask("GET", "/api/v1/session", headers=foreign)).status == 403
        assert (await stage.ask("POST", ACK, BODY, {NONCE: nonce, **foreign})).status == 403
        assert not stage.commands


async def test_behind_a_proxy_without_a_token_nobody_may() -> None:
    async with staged() as stage:
        found = await session(stage, **{"X-Forwarded-For": "203.0.113.9"})
        assert (found["may_change"], found["login"], found["nonce"]) == (False, False, "")
        assert "token" in found["why_not"]


@pytest.mark.parametrize("path", ["/api/v1/session", "/api/v1/stream", "/api/v1/history", "/api/v1/curve"])
async def test_nothing_allows_other_sites_to_read(path: str) -> None:
    async with staged() as stage:
        answer = await stage.ask("OPTIONS", path, headers={"Origin": "https://evil.example.org"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
