"""A folder of raw answers as events, what a missing one costs, and answers that tell nobody whose they are."""

from __future__ import annotations

import json

import pytest

from monitor.domain.errors import InputMissing
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, CollateralLoaded, InstrumentsLoaded, Tick
from monitor.venues.hyperliquid.offline import read
from monitor.venues.hyperliquid.parameters import DEFAULTS, MEANING, number
from monitor.venues.hyperliquid.redact import redact
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    T0,
    coin,
    cross,
    dex,
    folder_of,
    meta,
    named,
    perp,
    raw,
    recorded_answers,
    spot,
    told,
)

METAS = [meta(perp("BTC", 40), perp("HYPE", 10)), meta(perp("xyz:GOLD", 20), token="USDE")]
STATES = {"": dex(5000.0, cross("BTC", 0.1, 60000.0, 60000.0)), "xyz": dex(60.0)}


def test_file_names_are_those_of_their_requests() -> None:
    assert named("clearinghouseState") == "info__type=clearinghouseState.json"
    assert named("clearinghouseState", dex="xyz", user=ADDRESS) == "info__dex=xyz__type=clearinghouseState.json"


def test_tables_come_first_and_the_account_last() -> None:
    events = read(folder_of(STATES, metas=METAS), ACCOUNT, T0).events
    assert isinstance(events[0], InstrumentsLoaded)
    assert isinstance(events[-1], AccountSnapshot)
    assert [type(event) for event in events].index(AccountConfig) < len(events) - 1
    assert {one.name for one in events[-1].wallets} == {"first dex", "xyz"}


def test_without_the_clearinghouse_there_is_nothing_to_assess() -> None:
    with pytest.raises(InputMissing, match="info__type=clearinghouseState"):
        read({named("userAbstraction"): b'"default"'}, ACCOUNT, T0)


@pytest.mark.parametrize(
    ("missing", "cost"),
    [
        ("userAbstraction", "mode is unknown"),
        ("spotClearinghouseState", "second signal"),
        ("allPerpMetas", "no margin tables"),
        ("metaAndAssetCtxs", "mark prices only"),
    ],
)
def test_what_a_missing_answer_costs_is_said(missing: str, cost: str) -> None:
    files = folder_of(STATES, metas=METAS)
    files.pop(named(missing), None)
    found = told(files)
    assert cost in found.missing[named(missing)]
    assert found.missing[named(missing)] in found.config.problems


def test_a_folder_with_the_meta_of_the_first_dex_alone_is_computed() -> None:
    files = folder_of({"": STATES[""]}, metas=METAS)
    for name in ("allPerpMetas", "perpDexs", "spotMeta"):
        del files[named(name)]
    files[named("meta")] = raw(METAS[0])
    found = told(files)
    assert found.results()["cross:USDC"].maintenance_margin == pytest.approx(75.0)
    assert set(found.missing) == {named("metaAndAssetCtxs")}


def test_marks_that_were_read_stand_before_those_of_the_positions() -> None:
    contexts = [
        {"universe": [{"name": "BTC"}, {"name": "HYPE"}]},
        [{"markPx": "61000"}, {"markPx": "20", "oraclePx": "21"}],
    ]
    more = {named("metaAndAssetCtxs"): raw(contexts), "README.txt": b"a note", "notes.json": b"{}"}
    events = read(folder_of(STATES, metas=METAS, more=more), ACCOUNT, T0).events
    assert {event.symbol: event.mark for event in events if isinstance(event, Tick)} == {"BTC": 61000.0, "HYPE": 20.0}
    assert {event.asset: event.price_usd for event in events if isinstance(event, AssetTick)} == {"HYPE": 21.0}


def test_portfolio_margin_wants_its_reserves() -> None:
    money = spot(coin("USDC", 1000), available={"USDC": 900.0})
    files = folder_of(STATES, mode="portfolioMargin", money=money, metas=METAS)
    assert named("allBorrowLendReserveStates") in told(files).missing
    files[named("allBorrowLendReserveStates")] = raw([[150, {"oraclePx": "20", "ltv": "0.65"}]])
    events = read(files, ACCOUNT, T0).events
    assert any(isinstance(event, CollateralLoaded) for event in events)


def test_the_address_of_an_agent_is_refused_in_words() -> None:
    files = folder_of(STATES, metas=METAS, more={named("userRole"): raw({"role": "agent", "data": {"user": ADDRESS}})})
    assert any("agent" in problem for problem in told(files).config.problems)


# Redaction


def test_no_address_and_no_hash_is_left_of_what_was_recorded() -> None:
    for record in recorded_answers("info_recorded.json"):
        cleaned = redact(named(record["request"]["type"]), raw(record["response"])).decode()
        assert "0x" not in cleaned, record["request"]["type"]


def test_what_risk_is_computed_from_stays() -> None:
    files = folder_of(STATES, mode="unifiedAccount", money=spot(coin("USDC", 10), available={"USDC": 1.0}), metas=METAS)
    before, after = told(files), told({name: redact(name, text) for name, text in files.items()})
    assert before.account == after.account
    assert before.tables == after.tables


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("userRole", {"role": "subAccount", "data": {"master": ADDRESS}}),
        ("subAccounts", [{"name": "secret plan", "subAccountUser": ADDRESS, "master": ADDRESS}]),
        ("perpDexs", [None, {"name": "xyz", "deployer": ADDRESS, "feeRecipient": ADDRESS}]),
        ("userFills", [{"coin": "BTC", "oid": 55030848197, "tid": 745210434703679, "cloid": "0x" + "e" * 32}]),
    ],
)
def test_identifiers_go(kind: str, body: object) -> None:
    cleaned = redact(named(kind), raw(body)).decode()
    assert ADDRESS not in cleaned
    assert "secret plan" not in cleaned
    assert "55030848197" not in cleaned
    assert "745210434703679" not in cleaned


def test_names_of_tokens_and_dexs_stay() -> None:
    body = {"tokens": [{"name": "USDC", "index": 0, "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054"}]}
    cleaned = json.loads(redact(named("spotMeta"), raw(body)))
    assert cleaned["tokens"][0]["name"] == "USDC"
    assert json.loads(redact(named("perpDexs"), raw([None, {"name": "xyz"}]))) == [None, {"name": "xyz"}]


def test_what_is_no_json_is_replaced_whole() -> None:
    assert b"was not JSON" in redact(named("meta"), b"<html>" + ADDRESS.encode())


# Parameters


def test_each_number_of_the_rules_has_a_default_and_a_meaning() -> None:
    assert DEFAULTS.keys() == MEANING.keys()
    assert all(text.endswith(")") for text in MEANING.values()), "the unit stands at the end"
    assert number({"portfolio_threshold": 0.9}, "portfolio_threshold") == 0.9
    assert number({}, "portfolio_threshold") == 0.95
