"""`whatif`: edits as people type them, before and after in 80 columns, of a folder and of a running monitor."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.cli.codes import Exit, Misused, guarded
from monitor.cli.daemon import Daemon
from monitor.cli.whatif import Asked, body_of, whatif
from monitor.cli.whatif_edits import FORMS, edit_of
from monitor.cli.whatif_words import answer_lines
from monitor.domain.whatif import Close, Trade, WhatIf
from monitor.domain.whatif_json import answer_json, request_of
from monitor.engine.whatif import what_if
from tests.programs import ROOT
from tests.unit.cli.processes import inside, marginwatch
from tests.unit.engine.situations import MAIN, OTHER, config, held, reading
from tests.unit.engine.test_whatif_edits import told

FAQ = ROOT / "tests" / "venues" / "binance" / "faq_account"
SCHEMA = json.loads((ROOT / "monitor/web/whatif.schema.json").read_text())
A = {"venue": "binance", "account": "main"}


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        (
            "open binance/main BTCUSDT 2 10x isolated",
            {"do": "trade", "quantity": 2.0, "unit": "shown", "leverage": 10.0, "margin_mode": "isolated"},
        ),
        (
            "open binance/main BTCUSDT short 1_000usd @60000 margin=50 fee=0.0004",
            {"do": "trade", "quantity": -1e3, "unit": "usd", "price": 6e4, "margin": 50.0, "fee_rate": 0.0004},
        ),
        ("buy binance/main BTCUSDT 30ct", {"do": "trade", "quantity": 30.0, "unit": "contracts"}),
        ("sell binance/main BTCUSDT 1.5coins", {"do": "trade", "quantity": -1.5, "unit": "coins"}),
        ("close binance/main BTCUSDT", {"do": "close", "fraction": 1.0}),
        ("close binance/main BTCUSDT 25% short", {"do": "close", "fraction": 0.25, "side": "short"}),
        ("flip binance/main BTCUSDT @60000", {"do": "close", "fraction": 2.0, "price": 6e4}),
        ("leverage binance/main BTCUSDT 20x", {"do": "leverage", "leverage": 20.0}),
        ("leverage binance/main BTCUSDT 20", {"do": "leverage", "leverage": 20.0}),
        ("isolate binance/main BTCUSDT margin=9", {"do": "margin_mode", "margin_mode": "isolated", "margin": 9.0}),
        ("cross binance/main BTCUSDT long", {"do": "margin_mode", "margin_mode": "cross", "side": "long"}),
    ],
)
def test_an_edit_is_read_as_it_is_typed(text: str, edit: dict[str, Any]) -> None:
    assert edit_of(text) == {**A, "symbol": "BTCUSDT", **edit}
    request_of({"edits": [edit_of(text)]})


def test_money_is_added_taken_and_sent() -> None:
    assert edit_of("add binance/main 500 USDT isolated:BTCUSDT:long") == {
        **A,
        "do": "collateral",
        "amount": 500.0,
        "asset": "USDT",
        "pool": "isolated:BTCUSDT:long",
    }
    assert edit_of("withdraw binance/main 500 USDT")["amount"] == -500.0
    assert edit_of("move 5000 USDT binance/main:cross:USDT okx/main") == {
        **A,
        "do": "transfer",
        "to_venue": "okx",
        "to_account": "main",
        "asset": "USDT",
        "amount": 5_000.0,
        "pool": "cross:USDT",
    }


def test_an_only_account_need_not_be_said() -> None:
    assert edit_of("close BTCUSDT", ("binance", "main")) == edit_of("close binance/main BTCUSDT")
    assert edit_of("close okx/b BTC-USDT-SWAP", ("binance", "main"))["venue"] == "okx"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must begin with one of open, close"),
        ("dance", "must begin with one of open, close"),
        ("open binance BTCUSDT 2", "binance is no account"),
        ("open binance/main BTCUSDT", "SIZE is missing"),
        ("open binance/main BTCUSDT two", "two is no size"),
        ("open binance/main BTCUSDT 2lots", "2lots is no size"),
        ("open binance/main BTCUSDT long -2", "a long is not opened by a sale"),
        ("open binance/main BTCUSDT 2 @dear", "dear is no number"),
        ("close binance/main BTCUSDT now", "now is too much"),
    ],
)
def test_what_cannot_be_understood_is_told_with_the_right_form(text: str, why: str) -> None:
    with pytest.raises(Misused, match=why) as caught:
        edit_of(text)
    verb = text.split()[0] if text else ""
    assert FORMS.get(verb, "") in str(caught.value)


def test_options_become_a_request(tmp_path: Path) -> None:
    asked = Asked(moves=("btc=-12%,ETH=0.1",), market="-5%", betas=("SOL=1.5",), pegs=("USDT=0.95",), funding_days=3.0)
    assert body_of(asked, None) == {
        "moves": {"BTC": -0.12, "ETH": 0.1},
        "market": -0.05,
        "betas": {"SOL": 1.5},
        "pegs": {"USDT": 0.95},
        "funding_days": 3.0,
    }
    file = tmp_path / "request.json"
    file.write_text('{"market": -0.1, "moves": {"BTC": 0.5}}')
    assert body_of(Asked(request=str(file), moves=("ETH=1%",)), None) == {
        "market": -0.1,
        "moves": {"BTC": 0.5, "ETH": 0.01},
    }
    for wrong in (Asked(), Asked(moves=("BTC",)), Asked(market="much"), Asked(moves=("BTC=x",))):
        with pytest.raises(Misused):
            body_of(wrong, None)
    file.write_text("[]")
    with pytest.raises(Misused, match="must hold one JSON object"):
        body_of(Asked(request=str(file)), None)


def test_before_and_after_fit_80_columns_and_say_all() -> None:
    alone, hedge = held("ETHUSDT", -10.0, 3_100.0, isolated=4_000.0), held("BTCUSDT", -1.0, 60_000.0)
    picture = told(
        held("BTCUSDT", 1.0, 59_000.0),
        alone,
        accounts=(MAIN, OTHER),
        more=[config(account=OTHER), reading(hedge, account=OTHER)],
    )
    edits = (
        Close(account=MAIN, symbol="ETHUSDT"),
        Trade(account=OTHER, symbol="ETHUSDT", quantity=-3.0),
    )
    report = what_if(picture, WhatIf(edits=edits, moves={"BTC": -0.3}, funding_days=1.0))
    lines = list(answer_lines(answer_json(report)))
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 80
    assert "LIQUIDATED 1. paper/main cross:USDT when prices have gone" in text
    assert "isolated:ETHUSDT:short  gone" in text
    assert "worst ratio" in text
    assert "next to be liquidated: paper/other cross:USDT" in text
    assert "funding takes unknown USD of paper/other cross:USDT" in text
    assert "order book" in text


def test_of_a_folder_it_is_computed_without_a_monitor() -> None:
    done = marginwatch("whatif", "--from", str(FAQ), "open BTCUSDT 2 10x", "--move", "BTC=-12%", "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(body)
    assert body["accounts"][0]["before"]["margin_ratio"]["value"] == pytest.approx(0.4149, abs=5e-5)
    assert body["accounts"][0]["after"]["margin_ratio"]["value"] > 0.6


def test_a_mistake_is_one_line_with_its_exit_code() -> None:
    done = inside("whatif", "--from", str(FAQ), "open DOGEUSDT 2")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("marginwatch: edits[0].symbol = 'DOGEUSDT'")
    assert inside("whatif", "--from", str(FAQ)).returncode == 2
    assert inside("whatif", "--url", "http://127.0.0.1:9", "--move", "BTC=1%").returncode == 69


def test_of_a_monitor_it_is_asked_over_the_api(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent: list[tuple[object, ...]] = []
    answer = answer_json(what_if(told(held("BTCUSDT", 1.0, 59_000.0)), WhatIf()))

    def ask(_: Daemon, *what: object) -> object:
        sent.append(what)
        return answer

    monkeypatch.setattr(Daemon, "ask", ask)
    whatif(Asked(market="-1%"), Daemon("http://127.0.0.1:1"), None, as_json=True)
    assert sent[0][:3] == ("POST", "/api/v1/whatif", {"market": -0.01})
    assert json.loads(capsys.readouterr().out) == answer


def test_all_that_makes_no_sense_is_told_at_once() -> None:
    edits = ("opn binance/main BTCUSDT 2", "close binance BTCUSDT", "open binance/main BTCUSDT 1 infx")
    asked = Asked(
        edits=edits, moves=("BTC", "ETH=nan"), market="abc", betas=("ETH",), pegs=("USDT=x",), funding_days=float("inf")
    )
    with pytest.raises(Misused) as caught:
        body_of(asked, None)
    begins = [text.split(":")[0] for text in caught.value.texts]
    assert begins == [
        *map(repr, edits),
        "--move BTC", "--move ETH=nan", "--market abc", "--beta ETH", "--peg USDT=x", "--funding inf",
    ]  # fmt: skip


def test_each_mistake_that_a_folder_is_asked_with_is_a_line() -> None:
    done = inside("whatif", "--from", str(FAQ), "open DOGEUSDT 2", "take binance/nobody 1 USDT", "--move", "BTC=-3")
    assert done.stderr == ("marginwatch: moves.BTC = -3.0: must be a ratio above -1 and up to 100, such as -0.12\n")
    done = inside("whatif", "--from", str(FAQ), "open DOGEUSDT 2", "take binance/nobody 1 USDT")
    assert [line.split(" = ")[0] for line in done.stderr.splitlines()] == [
        "marginwatch: edits[0].symbol", "marginwatch: edits[1]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("request_text", "why"), [('{"edits": "x"}', "edits must be a list"), ('{"moves": [1]}', "moves must be an object")]
)
def test_a_request_that_options_cannot_be_added_to_is_refused(tmp_path: Path, request_text: str, why: str) -> None:
    (tmp_path / "asked.json").write_text(request_text)
    with pytest.raises(Misused, match=why):
        body_of(Asked(request=str(tmp_path / "asked.json"), moves=("BTC=1%",), edits=("flip a/b C",)), None)


async def test_each_mistake_that_a_monitor_names_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"key": "market", "value": -3, "cure": "too far"}, {"key": "edits[0]", "value": None, "cure": "no object"}]

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": rows[0], "mistakes": rows}, status=400)

    app = web.Application()
    app.add_routes([web.post("/api/v1/whatif", refuse)])
    async with TestServer(app) as server:
        daemon = Daemon(str(server.make_url("")).rstrip("/"))
        asked = partial(whatif, Asked(market="-1%"), daemon, None, as_json=True)
        assert await asyncio.to_thread(guarded, asked) == Exit.FAILED
    assert capsys.readouterr().err == "marginwatch: market = -3: too far\nmarginwatch: edits[0]: no object\n"
