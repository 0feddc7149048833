"""A folder of OKX's answers becomes events; what is missing is named with what it costs."""

from __future__ import annotations

import json

import pytest

from monitor.domain.errors import InputMissing, MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, PermissionsRead, Tick
from monitor.venues.okx import endpoints
from monitor.venues.okx.offline import read
from monitor.venues.okx.redact import redact
from tests.venues.okx.support import (
    ACCOUNT,
    STAMP,
    T0,
    VENUE,
    answer,
    balance,
    coin,
    config,
    contract,
    folder_of,
    named,
    swap,
    tier,
    tiers_file,
    told,
)


def files(**more: bytes) -> dict[str, bytes]:
    found = folder_of(
        setup=config("2"),
        money=balance(coin("USDT", "1000", coinUsdPrice="0.9998"), coin("BTC", "1", eq="1", eqUsd="60500")),
        positions=[swap("BTC-USDT-SWAP", "10", "60000", "61000", ccy="USDT")],
        listed=[contract("BTC-USDT-SWAP", "0.01")],
        tiers={tiers_file("SWAP", "cross", "BTC-USDT"): [tier("0", "1000", "0.004", instFamily="BTC-USDT")]},
    )
    return {**found, **more}


def test_files_are_named_as_the_venue_is_asked() -> None:
    assert set(files()) >= {
        "api_v5_account_balance.json",
        "api_v5_account_positions.json",
        "api_v5_account_config.json",
        "api_v5_trade_orders-pending.json",
        "api_v5_public_position-tiers__instFamily=BTC-USDT__instType=SWAP__tdMode=cross.json",
    }


def test_an_account_is_told_last_and_its_prices_before_it() -> None:
    offline = read(files(), ACCOUNT, T0)
    kinds = [type(event) for event in offline.events]
    assert kinds[-1] is AccountSnapshot
    assert kinds.index(AccountConfig) < kinds.index(Tick)
    assert PermissionsRead in kinds
    assert offline.problems == ()


def test_prices_that_were_not_captured_are_those_of_the_accounts_own_rows() -> None:
    events = read(files(), ACCOUNT, T0).events
    assert Tick(VENUE, "BTC-USDT-SWAP", 61000.0, T0, T0) in events
    assert {event.asset: event.price_usd for event in events if isinstance(event, AssetTick)} == {
        "USDT": 0.9998,
        "BTC": 60500.0,
    }


def test_prices_that_were_captured_stand_before_them() -> None:
    marks = answer({"instId": "BTC-USDT-SWAP", "instType": "SWAP", "markPx": "61001", "ts": STAMP})
    index = answer({"instId": "BTC-USD", "idxPx": "61002", "ts": STAMP})
    events = read(
        files(
            **{
                named(endpoints.MARK_PRICE, instType="SWAP"): marks,
                named(endpoints.INDEX_TICKERS, quoteCcy="USD"): index,
            }
        ),
        ACCOUNT,
        T0,
    ).events
    assert [event.mark for event in events if isinstance(event, Tick)] == [61001.0]
    assert {e.asset: e.price_usd for e in events if isinstance(e, AssetTick)} == {"BTC": 61002.0, "USDT": 0.9998}


def test_what_is_missing_is_named_with_what_it_costs() -> None:
    offline = read(files(), ACCOUNT, T0)
    assert set(offline.missing) == {
        "api_v5_market_index-tickers.json",
        "api_v5_public_mark-price.json",
        "api_v5_account_max-withdrawal.json",
    }
    without = {name: raw for name, raw in files().items() if "config" not in name and "tiers" not in name}
    missing = read(without, ACCOUNT, T0).missing
    assert "nothing can be computed" in missing["api_v5_account_config.json"]
    assert "margin ratios and lines are unknown" in missing["api_v5_public_position-tiers.json"]


def test_only_what_the_account_needs_is_missed() -> None:
    empty = folder_of(setup=config("2"), money=balance(coin("USDT", "1000")))
    bare = {name: raw for name, raw in empty.items() if "instruments" not in name}
    assert not {"api_v5_public_instruments.json", "api_v5_public_position-tiers.json"} & set(
        read(bare, ACCOUNT, T0).missing
    )
    portfolio = folder_of(setup=config("4"), money=balance(coin("USDT", "1000")))
    assert {"api_v5_account_position-builder.json", "api_v5_account_position-builder-graph.json"} <= set(
        read(portfolio, ACCOUNT, T0).missing
    )


def test_without_balance_or_positions_there_is_nothing_to_assess() -> None:
    for word in ("balance", "positions"):
        with pytest.raises(InputMissing, match=word):
            read({name: raw for name, raw in files().items() if word not in name}, ACCOUNT, T0)


def test_a_file_that_is_not_what_its_name_says_is_refused() -> None:
    with pytest.raises(MalformedAnswer):
        read(files(**{"api_v5_account_balance.json": b"{}"}), ACCOUNT, T0)


def test_a_note_beside_the_answers_is_passed_over() -> None:
    assert read(files(**{"notes__.txt": b"?", "a__b.json": b"?"}), ACCOUNT, T0).problems == ()


def test_an_account_is_the_same_after_its_answers_were_redacted() -> None:
    whole = files()
    clean = {name: redact(name, raw) for name, raw in whole.items()}
    assert told(clean).description == told(whole).description
    assert told(clean).account.positions == told(whole).account.positions


def test_a_bad_row_is_a_problem_in_words() -> None:
    rows = [swap("BTC-USDT-SWAP", "10", "60000", "61000"), swap("ETH-USDT-SWAP", "nan", "1", "1")]
    offline = read(files(**{"api_v5_account_positions.json": answer(*rows)}), ACCOUNT, T0)
    assert offline.problems == ("position row 1 cannot be read: pos is not a number",)


def test_redacted_answers_hold_nobodys_name() -> None:
    said = config(
        uid="44705892343619584",
        mainUid="444810535339712570",
        label="V5 Test",
        ip="120.255.24.182,49.245.196.13",
        roleType="0",
    )
    position = swap("BTC-USDT-SWAP", "1", "2", "3", posId="307173036051017730", tradeId="109844", cTime="1619507758793")
    resting = {"ordId": "2497956918703120999", "clOrdId": "mine", "tag": "", "instId": "BTC-USDT-SWAP", "sz": "1"}
    clean = json.loads(redact("x.json", answer(said, position, resting)))["data"]
    text = json.dumps(clean)
    for secret in ("4470589", "4448105", "V5 Test", "120.255", "3071730", "109844", "1619507758793", "24979", "mine"):
        assert secret not in text
    assert clean[0]["ip"] == "removed"  # that there are addresses is kept
    assert (clean[0]["acctLv"], clean[1]["instId"], clean[1]["pos"]) == ("2", "BTC-USDT-SWAP", "1")
    assert clean[2]["tag"] == ""


def test_what_looks_like_a_key_goes_wherever_it_stands() -> None:
    raw = answer({"note_of_mine": "x", "other": "12345678-90ab-cdef-1234-567890abcdef and me@example.org"})
    assert b"567890abcdef" not in redact("x.json", raw)
    assert b"example.org" not in redact("x.json", raw)
    assert json.loads(redact("x.json", b"<html>")) == {"removed": "x.json was not JSON"}


def test_figures_keep_their_digits() -> None:
    long = "78059.0500000000000002345678901234567890123456789"
    assert long.encode() in redact("x.json", answer({"avgPx": long, "deep": [{"keyed": 1, "api_key": 7}]}))
    assert b'"api_key":0' in redact("x.json", answer({"api_key": 7, "flag": True, "list_ids": [1], "id": {"a": 1}}))
