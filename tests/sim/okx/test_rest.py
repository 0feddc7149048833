"""Requests to the simulated OKX: signatures, limits, envelopes, pages, and what is "" because it does not apply."""

from __future__ import annotations

import json

import pytest

from monitor.sim.okx import SimOkx
from monitor.sim.okx.rest import PATHS
from tests.sim.okx.clients import ask, headers_of, refusal, rows, stamp, still
from tests.sim.still import NOON, clock_of, pass_time

BALANCE, POSITIONS, CONFIG = "/api/v5/account/balance", "/api/v5/account/positions", "/api/v5/account/config"


@pytest.fixture
def sim() -> SimOkx:
    return still()


def test_public_answers_need_no_key_and_come_in_the_envelope(sim: SimOkx) -> None:
    reply = ask(sim, "/api/v5/public/time")
    assert json.loads(reply.text) == {"code": "0", "data": [{"ts": str(round(NOON * 1000))}], "msg": ""}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"OK-ACCESS-KEY": ""}, "50103"),
        ({"OK-ACCESS-PASSPHRASE": ""}, "50104"),
        ({"OK-ACCESS-KEY": "nobody"}, "50111"),
        ({"OK-ACCESS-SIGN": "wrong"}, "50113"),
        ({"OK-ACCESS-PASSPHRASE": "wrong"}, "50105"),
        ({"OK-ACCESS-TIMESTAMP": "yesterday"}, "50112"),
        ({"OK-ACCESS-TIMESTAMP": stamp(NOON - 31.0)}, "50102"),
        ({"OK-ACCESS-TIMESTAMP": stamp(NOON + 31.0)}, "50102"),
        ({"x-simulated-trading": "1"}, "50101"),
    ],
)
def test_request_that_is_not_signed_as_it_must_is_refused_with_its_code(
    sim: SimOkx, changed: dict[str, str], code: str
) -> None:
    account = sim.add_account("a")
    assert refusal(ask(sim, BALANCE, account, headers=changed)) == (401, code)


def test_signature_covers_the_query_and_the_body(sim: SimOkx) -> None:
    account = sim.add_account("a")
    said = headers_of(account, "GET", BALANCE, "", sim.now())
    other = sim.gate.reply("GET", BALANCE, "ccy=USDT", "", said)
    assert refusal(other) == (401, "50113")


def test_demo_key_wants_the_header_of_demo_trading(sim: SimOkx) -> None:
    account = sim.add_account("a", demo=True)
    assert refusal(ask(sim, CONFIG, account)) == (401, "50101")
    assert rows(sim, CONFIG, account, headers={"x-simulated-trading": "1"})[0]["label"] == "a"


def test_limit_counts_by_path_and_user_in_a_window_that_slides(sim: SimOkx) -> None:
    one, other = sim.add_account("a"), sim.add_account("b")
    assert [ask(sim, CONFIG, one).status for _ in range(6)] == [200] * 5 + [429]
    assert refusal(ask(sim, CONFIG, one)) == (429, "50011")
    assert ask(sim, CONFIG, other).status == 200
    assert ask(sim, BALANCE, one).status == 200
    clock_of(sim).advance(2.01)
    assert ask(sim, CONFIG, one).status == 200


def test_limits_can_be_switched_off() -> None:
    sim = still(limited=False)
    account = sim.add_account("a")
    assert {ask(sim, CONFIG, account).status for _ in range(50)} == {200}


def test_resting_orders_come_newest_first_a_page_at_a_time(sim: SimOkx) -> None:
    account = sim.add_account("a")
    placed = [account.place("BTC-USDT-SWAP", 1.0, 50_000.0 + place) for place in range(150)]
    first = rows(sim, "/api/v5/trade/orders-pending", account)
    second = rows(sim, "/api/v5/trade/orders-pending", account, after=first[-1]["ordId"])
    third = rows(sim, "/api/v5/trade/orders-pending", account, after=second[-1]["ordId"])
    assert (len(first), len(second), third) == (100, 50, [])
    assert [row["ordId"] for row in first + second] == placed[::-1]


def test_bills_tell_each_change_of_a_balance(sim: SimOkx) -> None:
    account = sim.add_account("a")
    account.deposit("USDT", 500.0)
    account.trade("BTC-USDT-SWAP", 10.0)
    sim.keeper.fund([account])
    funding, fee, deposit = rows(sim, "/api/v5/account/bills", account)
    assert (deposit["type"], deposit["subType"], deposit["balChg"]) == ("1", "11", "500")
    assert fee["type"] == "2"
    assert float(fee["balChg"]) == pytest.approx(float(fee["fee"]))
    assert (funding["type"], funding["subType"], funding["instId"]) == ("8", "173", "BTC-USDT-SWAP")
    assert float(funding["bal"]) == pytest.approx(account.cash["USDT"])
    assert rows(sim, "/api/v5/account/bills", account, after=fee["billId"]) == [deposit]


def test_funding_of_an_isolated_position_is_taken_from_its_margin(sim: SimOkx) -> None:
    account = sim.add_account("a")
    position = account.trade("BTC-USDT-SWAP", 10.0, mode="isolated")
    cash, margin = account.cash["USDT"], position.margin
    sim.keeper.fund([account])
    assert account.cash["USDT"] == cash
    assert position.margin is not None
    assert margin is not None
    assert position.margin == pytest.approx(margin - 0.0001 * position.value(sim.board.prices))
    assert rows(sim, "/api/v5/account/bills", account)[0]["balChg"] == "0"


def test_futures_mode_gives_no_account_figures_and_spot_mode_none_at_all(sim: SimOkx) -> None:
    futures, spot = sim.add_account("a", level=2), sim.add_account("b", level=1)
    futures.trade("BTC-USDT-SWAP", 1.0)
    said = rows(sim, BALANCE, futures)[0]
    assert (said["adjEq"], said["mgnRatio"], said["mmr"]) == ("", "", "")
    assert float(said["details"][0]["mgnRatio"]) > 1.0
    plain = rows(sim, BALANCE, spot)[0]
    assert (plain["adjEq"], plain["details"][0]["mgnRatio"]) == ("", "")


def test_account_without_positions_has_no_ratio(sim: SimOkx) -> None:
    said = rows(sim, BALANCE, sim.add_account("a", level=3))[0]
    assert (said["mgnRatio"], said["adjEq"] != "") == ("", True)


def test_spot_mode_with_borrowing_has_figures_of_the_account(sim: SimOkx) -> None:
    account = sim.add_account("a", level=1, borrows=True, wallets={"BTC": 1.0})
    account.trade_spot("ETH-USDT", 5.0)
    said = rows(sim, BALANCE, account)[0]
    assert float(said["mgnRatio"]) > 1.0
    assert rows(sim, CONFIG, account)[0]["enableSpotBorrow"] is True


def test_long_and_short_of_one_contract_stand_beside_each_other_in_hedge_mode(sim: SimOkx) -> None:
    account = sim.add_account("a", hedge=True)
    account.trade("BTC-USDT-SWAP", 3.0, side="long")
    account.trade("BTC-USDT-SWAP", -2.0, side="short")
    said = rows(sim, POSITIONS, account)
    assert [(row["posSide"], row["pos"]) for row in said] == [("long", "3"), ("short", "2")]
    with pytest.raises(ValueError, match="does not fit long_short mode"):
        account.trade("BTC-USDT-SWAP", 1.0)


def test_unified_contract_settles_in_what_the_config_names(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDC": 5000.0})
    account.trade("BTC-USD_UM-SWAP", 1.0)
    listed = next(
        row for row in rows(sim, "/api/v5/public/instruments", instType="SWAP") if row["instId"] == "BTC-USD_UM-SWAP"
    )
    assert (listed["settleCcy"], listed["uly"], listed["instFamily"]) == ("USDⓈ", "BTC-USD", "BTC-USD_UM")
    assert (rows(sim, POSITIONS, account)[0]["ccy"], rows(sim, CONFIG, account)[0]["settleCcy"]) == ("USDC", "USDC")


def test_tiers_are_by_contracts_and_each_begins_a_lot_after_the_one_before(sim: SimOkx) -> None:
    path = "/api/v5/public/position-tiers"
    said = rows(sim, path, instType="SWAP", tdMode="cross", instFamily="BTC-USDT,ETH-USDT")
    btc = [row for row in said if row["instFamily"] == "BTC-USDT"]
    assert (btc[0]["minSz"], btc[0]["maxSz"], btc[1]["minSz"], btc[0]["mmr"]) == ("0", "1000", "1000.01", "0.004")
    assert {row["instFamily"] for row in said} == {"BTC-USDT", "ETH-USDT"}
    six = ",".join(["BTC-USDT"] * 6)
    assert refusal(ask(sim, path, instType="SWAP", tdMode="cross", instFamily=six)) == (400, "51000")
    assert refusal(ask(sim, path, instType="SWAP", tdMode="cross")) == (400, "50015")
    assert rows(sim, path, instType="MARGIN", tdMode="cross", ccy="BTC")[0]["maxSz"] == "50"
    pair = rows(sim, path, instType="MARGIN", tdMode="isolated", instId="BTC-USDT")[0]
    assert (pair["baseMaxLoan"], pair["quoteMaxLoan"], pair["mmr"]) == ("50", "500000", "0.02")


def test_what_does_not_exist_is_refused_as_the_venue_does(sim: SimOkx) -> None:
    assert refusal(ask(sim, "/api/v5/account/nothing")) == (404, "50404")
    assert refusal(ask(sim, "/api/v5/public/funding-rate", instId="X-USDT-SWAP")) == (200, "51001")
    assert refusal(ask(sim, "/api/v5/public/instruments", instType="OPTION")) == (400, "50015")
    assert refusal(ask(sim, "/api/v5/public/instruments")) == (400, "50014")


def test_builder_says_the_accounts_units_and_its_graph_the_ratio_by_move(sim: SimOkx) -> None:
    account = sim.add_account("a", level=4, wallets={"USDT": 20_000.0})
    account.trade("BTC-USDT-SWAP", 50.0)
    said = rows(sim, "/api/v5/account/position-builder", account, body={"inclRealPosAndEq": True, "acctLv": "4"})[0]
    balance = rows(sim, BALANCE, account)[0]
    assert said["marginRatio"] == balance["mgnRatio"]
    assert said["totalMmr"] == balance["mmr"]
    unit = said["riskUnitData"][0]
    worst = min(float(gain) for row in unit["mr1Scenarios"].values() for gain in row.values())
    assert float(unit["mr1"]) == pytest.approx(-worst)
    asked = {"inclRealPosAndEq": True, "type": "mmr", "mmrConfig": {"acctLv": "4"}}
    graph = rows(sim, "/api/v5/account/position-builder-graph", account, body=asked)[0]["mmrData"]
    by_move = {float(row["shockFactor"]): float(row["mmrRatio"]) for row in graph}
    assert by_move[0.0] == pytest.approx(float(said["marginRatio"]))
    assert by_move[-0.2] < by_move[-0.1] < by_move[0.0]


def test_builder_says_what_a_move_of_prices_would_make_of_it_and_of_another_level(sim: SimOkx) -> None:
    account, path = sim.add_account("a", level=4, wallets={"USDT": 20_000.0}), "/api/v5/account/position-builder"
    account.trade("BTC-USDT-SWAP", 50.0)
    now = rows(sim, path, account, body={"acctLv": "4"})[0]
    moved = rows(sim, path, account, body={"acctLv": "4", "idxVol": "-0.1"})[0]
    assert (now["riskUnitData"][0]["mmrBf"], moved["riskUnitData"][0]["mmrBf"]) == ("", now["totalMmr"])
    assert float(moved["totalMmr"]) == pytest.approx(0.9 * float(now["totalMmr"]), rel=1e-6)
    clock_of(sim).advance(2.0)
    other = rows(sim, path, account, body={"acctLv": "3"})[0]
    assert float(other["totalMmr"]) == pytest.approx(0.5 * sim.board.mark("BTC-USDT-SWAP") * 0.9996 * 0.004)
    simulated = {"simPos": [{"instId": "BTC-USDT-SWAP", "pos": "1", "avgPx": "1"}]}
    assert refusal(ask(sim, path, account, body=simulated)) == (200, "51000")


def test_daily_settlement_pays_the_profit_of_futures_out_and_resets_their_average(sim: SimOkx) -> None:
    account = sim.add_account("a")
    future = next(each.name for each in sim.board.instruments.values() if each.name.startswith("BTC-USDT-2"))
    first = account.trade(future, 10.0, fee_rate=0.0).average
    sim.market.move(0.05, 1.0, ["BTC"])
    pass_time(sim, 1.0)
    cash = account.cash["USDT"]
    pass_time(sim, 20 * 3600.0 + 1.0)  # over 08:00 UTC
    row = next(row for row in rows(sim, POSITIONS, account) if row["instId"] == future)
    assert row["upl"] == "0"
    assert float(row["nonSettleAvgPx"]) == pytest.approx(first)
    assert account.cash["USDT"] - cash == pytest.approx(float(row["settledPnl"]))
    assert float(row["avgPx"]) > first


def test_every_path_that_is_listed_answers(sim: SimOkx) -> None:
    account = sim.add_account("a", level=4)
    needed = {"instType": "SWAP", "tdMode": "cross", "instFamily": "BTC-USDT", "quoteCcy": "USD"}
    for path, each in PATHS.items():
        if each.method != "GET":
            continue
        more = {"instId": "BTC-USDT-SWAP"} if path.endswith(("funding-rate", "candles")) else needed
        said = rows(sim, path, account if each.signed else None, **more)
        assert isinstance(said, list), path
