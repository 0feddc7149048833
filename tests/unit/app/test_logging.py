"""Logs: no planted secret survives, whichever way it takes; a line is one JSON object for machines."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from monitor.app import logging as app_logging
from monitor.app.redaction import MASK, Redactor

API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
API_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdce3ef6e9b8a5c4b3ee4a9"
LISTEN_KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
SHORT_SECRET = "hunter2-correct"
PLANTED = (API_KEY, API_SECRET, SIGNATURE, LISTEN_KEY, SHORT_SECRET)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


JOURNAL, TERMINAL = pytest.param(io.StringIO, id="journal"), pytest.param(Terminal, id="terminal")


@pytest.fixture(params=[JOURNAL, TERMINAL])
def stream(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in app_logging.TAMED}
    stream: io.StringIO = request.param()
    app_logging.configure("debug", secrets=[SHORT_SECRET], stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def fail_deep(api_secret: str) -> None:
    local_copy = api_secret
    raise RuntimeError(f"GET https://fapi.binance.com/fapi/v3/account?timestamp=1&signature={SIGNATURE} {local_copy}")


def test_planted_secrets_survive_on_no_way_at_debug_level(stream: io.StringIO) -> None:
    log = structlog.get_logger("monitor.test")
    log.debug("asked", url=f"https://x.test/fapi/v1/listenKey?listenKey={LISTEN_KEY}&signature={SIGNATURE}")
    log.info("connected", url=f"wss://fstream.binance.com/private/ws/{LISTEN_KEY}")
    log.info("headers", headers={"X-MBX-APIKEY": API_KEY, "nested": [{"secret": SHORT_SECRET}]})
    log.info("settings", api_key=API_KEY, api_secret=API_SECRET, password=SHORT_SECRET)
    log.info(f"text with apiKey={API_KEY}, 'secret': '{SHORT_SECRET}', \"signature\": \"{SIGNATURE}\"")
    log.info("frame", raw='{"e":"listenKeyExpired","listenKey":"' + LISTEN_KEY + '"}')
    log.info("plain", words=SHORT_SECRET)
    for name in ("ccxt.base.exchange", "websockets.client", "aiohttp.access", "some.library"):
        logging.getLogger(name).debug("GET /fapi?signature=%s key %s", SIGNATURE, API_KEY)
        logging.getLogger(name).error("failed: %s %s", {"apiKey": API_KEY, "secret": SHORT_SECRET}, LISTEN_KEY)
    try:
        fail_deep(API_SECRET)
    except RuntimeError:
        log.exception("failed", api_key=API_KEY)
        logging.getLogger("ccxt").exception("failed too")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"careless token={SHORT_SECRET}", stacklevel=1)
    written = stream.getvalue()
    assert "failed too" in written
    assert "RuntimeError" in written
    assert "careless" in written
    for secret in PLANTED:
        assert secret not in written
        assert secret[:20] not in written or secret == SHORT_SECRET
    assert MASK in written


def test_a_secret_that_was_cut_off_is_masked_too() -> None:
    redactor = Redactor(["QmFzZTY0LWxvb2tpbmctc2VjcmV0", "12345678"])
    assert redactor.shortened('no JSON: {"x": "QmFzZTY0LWxv') == f'no JSON: {{"x": "{MASK}'
    assert redactor.shortened("row 3: no price «12345678» QmFzZTY") == f"row 3: no price «{MASK}» QmFzZTY"
    assert redactor.shortened("no number: «abc», and BTCUSDT at 60000.5") == "no number: «abc», and BTCUSDT at 60000.5"


def test_ordinary_words_and_numbers_are_left_alone() -> None:
    text = "account binance/main: pool cross:USDT ratio 0.4149, line 26316.9 on BTCUSDT; http://127.0.0.1:9786/metrics"
    assert Redactor().text(text) == text


def test_libraries_that_print_requests_stay_quiet_at_debug_level(stream: io.StringIO) -> None:
    for name in ("ccxt.base.exchange", "websockets.client", "aiohttp.access"):
        logging.getLogger(name).debug("a whole frame")
        logging.getLogger(name).info("a whole header")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("stream", [JOURNAL], indirect=True)
def test_a_machine_reads_one_json_object_a_line(stream: io.StringIO) -> None:
    structlog.get_logger().warning("feed lost", stream="user", reason="socket\nclosed")
    logging.getLogger("other").warning("hello %s", "there")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert first["event"] == "feed lost"
    assert first["level"] == "warning"
    assert first["stream"] == "user"
    assert first["timestamp"].endswith("Z")
    assert second["event"] == "hello there"
    assert second["logger"] == "other"
