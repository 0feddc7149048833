"""Requests as they are sent and answered: signatures, headers of each call, deadlines, and no secret anywhere."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from monitor.app.clock import SystemClock
from monitor.domain.errors import AuthRejected, FeedLost
from monitor.venues.rest import Rest
from monitor.venues.settings import Credentials, Secret
from tests.wire.harness import ShiftedClock

KEY, SECRET = "planted-api-key", "planted-api-secret"
CREDENTIALS = Credentials(api_key=Secret(KEY), api_secret=Secret(SECRET))
ORIGIN = "https://fapi.binance.com"


class Server:
    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        self.bodies.append(await request.text())
        wait, status = float(request.query.get("wait", 0)), int(request.query.get("status", 200))
        await asyncio.sleep(wait)
        if request.query.get("cut"):
            assert request.transport is not None
            request.transport.abort()
        headers = {"X-MBX-USED-WEIGHT-1M": request.query.get("n", "0"), "Retry-After": request.query.get("n", "0")}
        return web.Response(status=status, headers=headers, text=request.query.get("say", '{"ok": 1}'))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    here = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", here.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.port = runner.addresses[0][1]
    yield here
    await runner.cleanup()


@pytest.fixture
async def rest(server: Server) -> AsyncIterator[Rest]:
    client = Rest("v", "binance", {ORIGIN: f"http://127.0.0.1:{server.port}"}, SystemClock(), 1.0)
    yield client
    await client.close()


async def test_a_request_is_signed_with_the_key_of_its_own_call(server: Server, rest: Rest) -> None:
    other = Credentials(api_key=Secret("other-key"), api_secret=Secret("other-secret"))
    await asyncio.gather(
        *(rest.call("fapiPrivateV3GetAccount", {"n": n}, "account", c) for n, c in enumerate([CREDENTIALS, other] * 5))
    )
    assert len(server.seen) == 10
    for request in server.seen:
        key = request.headers["X-MBX-APIKEY"]
        secret = SECRET if key == KEY else "other-secret"
        query, _, signature = request.query_string.rpartition("&signature=")
        assert signature == hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        assert (key == KEY) == (int(parse_qs(query)["n"][0]) % 2 == 0)


async def test_a_public_request_carries_no_key(server: Server, rest: Rest) -> None:
    await rest.call("fapiPrivateV3GetAccount", {}, "account", CREDENTIALS)
    await rest.call("fapiPublicGetTime", {}, "clock")
    assert "X-MBX-APIKEY" not in server.seen[-1].headers
    assert server.seen[-1].query_string == ""


async def test_each_of_many_calls_in_flight_gets_its_own_status_and_headers(rest: Rest) -> None:
    calls = [
        rest.call("fapiPublicGetTime", {"n": n, "wait": str(0.2 - n / 100), "status": 200 + n}, "clock")
        for n in range(20)
    ]
    for n, answer in enumerate(await asyncio.gather(*calls)):
        assert (answer.status, answer.headers["retry-after"], answer.headers["x-mbx-used-weight-1m"]) == (
            200 + n,
            str(n),
            str(n),
        )


@pytest.mark.parametrize("status", [400, 401, 403, 418, 429, 500, 503])
async def test_a_refusal_is_an_answer_like_any_other(rest: Rest, status: int) -> None:
    body = '{"code":-1125,"msg":"This listenKey does not exist."}'
    answer = await rest.call("fapiPublicGetTime", {"status": status, "say": body, "n": 7}, "clock")
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (status, body.encode(), "7")


@pytest.mark.parametrize("body", ["", "<html>", "[1, 2", "NaN", '{"a": "é"}', " [1] "])
async def test_a_body_comes_back_as_it_came(rest: Rest, body: str) -> None:
    answer = await rest.call("fapiPublicGetTime", {"say": body}, "clock")
    assert answer.body == body.encode()


async def test_no_answer_before_the_deadline_is_a_lost_request(rest: Rest) -> None:
    with pytest.raises(FeedLost, match="no answer within 1 s"):
        await rest.call("fapiPublicGetTime", {"wait": 3}, "clock")


async def test_a_connection_cut_in_the_middle_tells_nothing_of_its_address(rest: Rest) -> None:
    with pytest.raises(FeedLost) as caught:
        await rest.call("fapiPrivateV3GetAccount", {"cut": 1}, "account", CREDENTIALS)
    assert caught.value.__suppress_context__
    for planted in (KEY, SECRET, "signature", "127.0.0.1"):
        assert planted not in str(caught.value)


async def test_a_secret_that_cannot_sign_is_an_error_about_the_key(rest: Rest) -> None:
    broken = "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----"
    with pytest.raises(AuthRejected, match="the key cannot sign") as caught:
        await rest.call(
            "fapiPrivateV3GetAccount", {}, "account", Credentials(api_key=Secret(KEY), api_secret=Secret(broken))
        )
    assert "planted" not in str(caught.value)


async def test_a_signature_carries_the_venues_time_by_our_measured_offset(server: Server) -> None:
    clock = ShiftedClock()
    rest = Rest("v", "binance", {ORIGIN: f"http://127.0.0.1:{server.port}"}, clock, 1.0)
    rest.apply_offset(-5.0)
    clock.shift = 1000.0
    await rest.call("fapiPrivateV3GetAccount", {}, "account", CREDENTIALS)
    rest.apply_offset(2.0)
    await rest.call("fapiPrivateV3GetAccount", {}, "account", CREDENTIALS)
    first, second = (int(request.query["timestamp"]) / 1000 for request in server.seen)
    assert first == pytest.approx(clock.now() - 5.0, abs=1.0)
    assert second == pytest.approx(clock.now() + 2.0, abs=1.0)
    await rest.close()


async def test_no_log_at_any_level_holds_a_key_or_a_signature(rest: Rest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await rest.call("fapiPrivateV3GetAccount", {}, "account", CREDENTIALS)
    with pytest.raises(FeedLost):
        await rest.call("fapiPrivateV3GetAccount", {"cut": 1}, "account", CREDENTIALS)
    for planted in (KEY, SECRET, "signature="):
        assert planted not in caplog.text


def test_the_library_is_not_imported_before_the_first_request() -> None:
    code = "import sys, monitor.venues.binance.session; sys.exit('ccxt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


async def test_a_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    rest = Rest("v", "binance", {ORIGIN: "http://venue.invalid"}, SystemClock(), 1.0)
    await rest.call("fapiPublicGetTime", {}, "clock")
    assert server.seen[0].headers["Host"] == "venue.invalid"
    await rest.close()


# Venues that sign otherwise


async def test_a_passphrase_and_headers_of_the_venue_go_with_a_request_and_lists_into_a_body(server: Server) -> None:
    keys = Credentials(api_key=Secret(KEY), api_secret=Secret(SECRET), passphrase=Secret("planted-passphrase"))
    client = Rest(
        "v",
        "okx",
        {"https://{hostname}": f"http://127.0.0.1:{server.port}"},
        SystemClock(),
        1.0,
        headers={"x-simulated-trading": "1"},
    )
    try:
        params = {"simPos": [{"instId": "BTC-USDT-SWAP", "pos": "1"}], "acctLv": "4"}
        await client.call("privatePostAccountPositionBuilder", params, "risk", keys)
        await client.call("publicGetPublicTime", {}, "clock")
    finally:
        await client.close()
    signed, public = server.seen
    assert signed.headers["OK-ACCESS-PASSPHRASE"] == "planted-passphrase"
    assert signed.headers["x-simulated-trading"] == public.headers["x-simulated-trading"] == "1"
    assert signed.path == "/api/v5/account/position-builder"
    assert server.bodies[0] == '{"simPos":[{"instId":"BTC-USDT-SWAP","pos":"1"}],"acctLv":"4"}'
    assert "OK-ACCESS-PASSPHRASE" not in public.headers, "it belongs to one call"


async def test_a_cursor_is_sent_and_signed_as_the_venue_gave_it(server: Server) -> None:
    client = Rest("v", "bybit", {"https://api.{hostname}": f"http://127.0.0.1:{server.port}"}, SystemClock(), 1.0)
    cursor = "page_args%3Dabc%26symbol%3D6%26"
    try:
        await client.call("privateGetV5PositionList", {"category": "linear", "cursor": cursor}, "account", CREDENTIALS)
    finally:
        await client.close()
    (asked,) = server.seen
    query = f"category=linear&cursor={cursor}"
    assert asked.raw_path == f"/v5/position/list?{query}"
    text = asked.headers["X-BAPI-TIMESTAMP"] + KEY + asked.headers["X-BAPI-RECV-WINDOW"] + query
    assert asked.headers["X-BAPI-SIGN"] == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


async def test_a_path_that_the_library_lacks_is_asked_with_or_without_a_signature(server: Server) -> None:
    rest = Rest(
        "binance",
        "binance",
        {"https://api.binance.com": f"http://127.0.0.1:{server.port}"},
        SystemClock(),
        1.0,
        added={
            "signedHere": ("portfolio/collateralRate", "sapiV2", "GET"),
            "keyedHere": ("margin/listen-key", "sapi", "PUT"),
        },
        signed_like={"margin/listen-key": "listenKey"},
    )
    try:
        await rest.call("signedHere", {}, "collateral", CREDENTIALS)
        await rest.call("keyedHere", {"listenKey": "abc"}, "user", CREDENTIALS)
    finally:
        await rest.close()
    signed, keyed = server.seen
    assert (signed.method, signed.path) == ("GET", "/sapi/v2/portfolio/collateralRate")
    assert "signature" in signed.query
    assert (keyed.method, keyed.path_qs) == ("PUT", "/sapi/v1/margin/listen-key")
    assert server.bodies[1] == "listenKey=abc"
    assert {one.headers["X-MBX-APIKEY"] for one in server.seen} == {KEY}
