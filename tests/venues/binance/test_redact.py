"""What leaves an answer before it is attached to a bug report, and what must not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.accounts import AccountMode
from monitor.venues import folder
from monitor.venues.binance import offline
from monitor.venues.binance.answers import account_config
from monitor.venues.binance.redact import redact
from tests.venues.binance.support import ACCOUNT, FAQ, NOW, decoded, raw, recorded_answers, recorded_frames


def redacted(value: object) -> Any:
    return json.loads(redact("file.json", raw(value)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accountAlias", "SgsR"),
        ("uid", 350152),
        ("tradeGroupId", 77),
        ("listenKey", "pqia91ma19a5s61cv6a81va65sdf19v8a65a1"),
        ("apiKey", "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"),
        ("orderId", 8886774),
        ("clientOrderId", "my-bot-1"),
        ("tranId", 9689322392),
        ("email", "someone@example.org"),
        ("address", "0x1234567890abcdef1234567890abcdef12345678"),
        ("ip", "203.0.113.9"),
        ("ipList", ["203.0.113.9"]),
        ("createTime", 1623840271000),
        ("info", "paid by someone@example.org from 203.0.113.9"),
        ("x", "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"),
        ("y", "0x1234567890abcdef1234567890abcdef12345678"),
        ("z", "from 2001:db8:0:0:8:800:200c:417a"),
    ],
)
def test_what_tells_who_somebody_is_goes(field: str, value: object) -> None:
    text = redact("file.json", raw({"deep": [{field: value}], "asset": "USDT"})).decode()
    for word in [value] if not isinstance(value, list) else value:
        for part in str(word).split():
            if part not in ("paid", "by", "from"):
                assert part not in text
    assert "USDT" in text


def test_what_risk_is_computed_from_stays() -> None:
    for name, body in folder.read(FAQ).answers.items():
        before, after = json.loads(body), json.loads(redact(name, body))
        if isinstance(before, dict):
            before.pop("tradeGroupId", None), after.pop("tradeGroupId", None)
        assert after == before


def test_a_redacted_folder_is_assessed_as_before() -> None:
    found = folder.read(FAQ)
    clean = {name: redact(name, body) for name, body in found.answers.items()}
    args = (ACCOUNT, found.meta.time)
    assert offline.read(clean, *args) == offline.read(found.answers, *args)


def test_every_recorded_private_answer_keeps_its_shape() -> None:
    for record in recorded_answers("usdm_private_rest.json"):
        after = redacted(record["response"])
        assert type(after) is type(record["response"])
        assert "SgsR" not in json.dumps(after)


def test_flags_stay_because_they_name_nobody() -> None:
    assert redacted({"ipRestrict": True, "enableReading": True, "user": None}) == {
        "ipRestrict": True,
        "enableReading": True,
        "user": None,
    }
    modes = redact("fapi_v1_accountConfig.json", raw({"dualSidePosition": True, "multiAssetsMargin": False}))
    mode = account_config(modes, None, ACCOUNT, NOW, NOW).mode
    assert mode.hedge is True
    assert isinstance(mode, AccountMode)


@pytest.mark.parametrize("body", [b"", b"<html>203.0.113.9</html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_replaced_whole(body: bytes) -> None:
    assert json.loads(redact("file.json", body)) == {"removed": "file.json was not JSON"}


def test_of_a_push_the_ids_go_whose_names_are_one_letter_and_the_figures_stay() -> None:
    order = {
        "s": "BTCUSDT",
        "c": "my-bot-1",
        "S": "SELL",
        "q": "0.001",
        "i": 8886774,
        "t": 77,
        "caid": "mine",
        "aid": 9,
    }
    clean = redacted({"e": "ORDER_TRADE_UPDATE", "E": 5, "o": order})
    hidden = {"c": "removed", "i": 0, "t": 0, "caid": "removed", "aid": 0}
    assert clean == {"e": "ORDER_TRADE_UPDATE", "E": 5, "o": {**order, **hidden}}
    modes = {"e": "ACCOUNT_CONFIG_UPDATE", "E": 5, "i": "SfsR", "ai": {"j": True}}
    assert redacted({"data": modes}) == {"data": {**modes, "i": "removed"}}
    price = {"symbol": "BTCUSDT", "i": "60000", "t": 5}
    assert redacted([price]) == [price], "elsewhere these letters name other things"


@pytest.mark.parametrize("cause", ["autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-"])
def test_of_a_forced_order_it_stays_visible_that_the_venue_closed(cause: str) -> None:
    clean = redacted({"e": "ORDER_TRADE_UPDATE", "o": {"c": f"{cause}1768903"}})
    assert clean["o"]["c"] == f"{cause}removed"


def test_every_recorded_push_is_understood_as_before() -> None:
    pushes = [raw(record["msg"]) for record in recorded_frames("ws_private_usdm_frames.jsonl")]
    assert any(decoded(push).events for push in pushes)
    for push in pushes:
        if decoded(push).name == "markPriceUpdate":
            continue  # everybody's: it never comes by here
        assert decoded(redact("user", push)).events == decoded(push).events


def test_a_debts_transaction_goes_though_its_letter_is_a_time_elsewhere() -> None:
    debt = {"e": "liabilityChange", "E": 5, "a": "BTC", "t": "BORROW", "T": 1352286576452864727, "p": "1", "l": "1"}
    found = redacted(debt)
    assert found["T"] != debt["T"]
    assert (found["E"], found["a"], found["p"], found["l"]) == (5, "BTC", "1", "1")
    assert redacted({"e": "ACCOUNT_UPDATE", "E": 5, "T": 4, "a": {"m": "ORDER"}})["T"] == 4


@pytest.mark.parametrize("secret", ["token", "listenToken", "listenKey"])
def test_a_token_goes_wherever_it_stands(secret: str) -> None:
    token = "6xXxePXwZRjVSHKhzUCCGnmN3fkvMTXru+pYJS8RwijXk9Vcyr3rkwfVOTcP2OkONqciYA"
    assert token not in json.dumps(redacted({secret: token, "expirationTime": 1758792204196}))
    assert token not in json.dumps(redacted({"id": "1", "params": {secret: token}}))
