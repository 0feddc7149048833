"""`POST /info` of the simulated Hyperliquid: what questions get, what they weigh, and what is refused."""

from __future__ import annotations

import json

import pytest

from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from tests.sim.hyperliquid.clients import answer, ask, state, still
from tests.sim.still import NOON, pass_time


@pytest.fixture
def sim() -> SimHyperliquid:
    return still()


def test_only_pooled_modes_say_what_is_available(sim: SimHyperliquid) -> None:
    for mode in Mode:
        account = sim.add_account(mode.value, mode=mode)
        spot = answer(sim, "spotClearinghouseState", account)
        assert ("tokenToAvailableAfterMaintenance" in spot) is (mode in (Mode.UNIFIED, Mode.PORTFOLIO))
        assert ("portfolioMarginRatio" in spot) is (mode is Mode.PORTFOLIO)
        assert answer(sim, "userAbstraction", account) == mode.value


def test_roles_of_addresses(sim: SimHyperliquid) -> None:
    main = sim.add_account("main")
    sub, vault, agent = (
        sim.add_account("sub", master="main"),
        sim.add_account("v", vault=True),
        sim.add_agent("bot", "main"),
    )
    assert answer(sim, "userRole", main) == {"role": "user"}
    assert answer(sim, "userRole", sub) == {"role": "subAccount", "data": {"master": main.address}}
    assert answer(sim, "userRole", vault) == {"role": "vault"}
    assert answer(sim, "userRole", agent) == {"role": "agent", "data": {"user": main.address}}
    assert answer(sim, "userRole", user="0x" + "1" * 40) == {"role": "missing"}


def test_agents_and_strangers_have_empty_states(sim: SimHyperliquid) -> None:
    sim.add_account("main").trade("BTC", 0.1)
    for empty in (state(sim, sim.add_agent("bot", "main")), answer(sim, "clearinghouseState", user="0x" + "1" * 40)):
        assert (empty["assetPositions"], empty["marginSummary"]["accountValue"]) == ([], "0.0")


def test_an_address_is_the_same_in_great_letters(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    said = answer(sim, "clearinghouseState", user="0x" + account.address[2:].upper())
    assert said["marginSummary"]["accountValue"] == "10000.0"


def test_dexs_and_their_metas_come_in_one_order(sim: SimHyperliquid) -> None:
    names = ["" if row is None else row["name"] for row in answer(sim, "perpDexs")]
    metas = answer(sim, "allPerpMetas")
    assert names == ["", "xyz", "flx"]
    assert [meta["collateralToken"] for meta in metas] == [0, 235, 0]
    assert [meta["universe"][0]["name"] for meta in metas] == ["BTC", "xyz:GOLD", "flx:OIL"]
    for name, meta in zip(names, metas, strict=True):
        assert answer(sim, "meta", dex=name) == meta
        assert len(answer(sim, "metaAndAssetCtxs", dex=name)[1]) == len(meta["universe"])


def test_tables_are_where_the_universe_says(sim: SimHyperliquid) -> None:
    meta = answer(sim, "meta")
    tables = dict(map(tuple, meta["marginTables"]))
    btc, hpos = meta["universe"][0], meta["universe"][-1]
    assert tables[btc["marginTableId"]]["marginTiers"][1] == {"lowerBound": "150000000.0", "maxLeverage": 20}
    assert (hpos["onlyIsolated"], hpos["marginMode"]) == (True, "strictIsolated")


def test_spot_pairs_have_prices_by_their_names(sim: SimHyperliquid) -> None:
    meta, prices = answer(sim, "spotMetaAndAssetCtxs")
    by_name = {row["coin"]: float(row["markPx"]) for row in prices}
    tokens = {row["index"]: row["name"] for row in meta["tokens"]}
    worth = {tokens[pair["tokens"][0]]: by_name[pair["name"]] for pair in meta["universe"]}
    assert worth == {"PURR": 0.2, "HYPE": 40.0, "UBTC": 60_000.0, "USDE": 1.0, "USDT0": 1.0}


def test_candles_end_with_the_present_mark(sim: SimHyperliquid) -> None:
    asked = {"coin": "BTC", "interval": "1m", "startTime": round((NOON - 3600) * 1000), "endTime": round(NOON * 1000)}
    rows = answer(sim, "candleSnapshot", req=asked)
    assert (len(rows), rows[-1]["c"]) == (61, "60000.0")


def test_histories_begin_where_they_are_asked_to(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.deposit(5.0)
    pass_time(sim, 10.0)
    account.withdraw(2.0)
    rows = answer(sim, "userNonFundingLedgerUpdates", account, startTime=round((NOON + 1) * 1000))
    assert [row["delta"]["type"] for row in rows] == ["withdraw"]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "nonsense"},
        {"type": "clearinghouseState"},
        {"type": "userRole", "user": "0x12"},
        {"type": "meta", "dex": "no"},
        {},
    ],
)
def test_what_cannot_be_made_out_is_422(sim: SimHyperliquid, said: dict[str, str]) -> None:
    assert sim.gate.reply("POST", "/info", "", json.dumps(said), {}).status == 422
    assert sim.gate.reply("POST", "/info", "", "{", {}).status == 422
    assert sim.gate.reply("GET", "/info", "", "", {}).status == 405


def test_weights_are_those_of_the_documents_and_1200_a_minute_is_all(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    for kind in ("userRole", "userAbstraction", "clearinghouseState"):
        ask(sim, kind, account)
    assert sim.requests.used(sim.clock.now()) == 60 + 20 + 2
    refused = [ask(sim, "userRole", account) for _ in range(20)][-1]
    assert (refused.status, refused.text) == (429, "null")
    pass_time(sim, 60.0)
    assert ask(sim, "userRole", account).status == 200


def test_long_answers_weigh_more(sim: SimHyperliquid) -> None:
    answer(sim, "candleSnapshot", req={"coin": "BTC", "interval": "1m", "startTime": round((NOON - 600 * 60) * 1000)})
    assert sim.requests.used(sim.clock.now()) == 20 + 601 // 60


def test_loans_and_supplies_are_told(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.PORTFOLIO, wallets={"HYPE": 100.0})
    account.borrow("USDC", 1_000.0)
    said = answer(sim, "borrowLendUserState", account)
    rows = dict(map(tuple, said["tokenToState"]))
    assert rows[0]["borrow"]["value"] == "1000.0"
    assert rows[150]["supply"]["value"] == "100.0"
    assert float(said["healthFactor"]) == pytest.approx(4_000.0 * 0.65 / 1_000.0)
    assert [row[0] for row in answer(sim, "allBorrowLendReserveStates")] == [0, 150, 197, 268]
