"""The REST door: whose request it is, at which host, how much is left of a pool, and the shapes of answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.sim.kucoin.rest import BY_NAME, EXACT
from tests.programs import shared
from tests.sim.kucoin.clients import ask, data, headers_of, refusal, signed, still
from tests.sim.still import clock_of, pass_time

POSITIONS = "/api/v1/positions"


def test_a_request_that_is_signed_right_is_answered() -> None:
    sim = still()
    assert data(sim, POSITIONS, sim.add_account("a")) == []


def test_a_public_path_needs_no_key() -> None:
    assert data(still(), "/api/v1/timestamp") == 1_767_268_800_000


@pytest.mark.parametrize("version", ["2", "3"])
def test_versions_with_a_signed_passphrase_are_alike(version: str) -> None:
    sim = still()
    account = sim.add_account("a")
    assert ask(sim, POSITIONS, account, headers={"KC-API-KEY-VERSION": version}).status == 200


def test_a_plain_passphrase_is_that_of_an_old_key() -> None:
    sim = still()
    account = sim.add_account("a")
    plain = {"KC-API-KEY-VERSION": "1", "KC-API-PASSPHRASE": account.passphrase}
    assert refusal(ask(sim, POSITIONS, account, headers=plain)) == (401, "400004")
    account.key_version = 1
    assert ask(sim, POSITIONS, account, headers=plain).status == 200


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"KC-API-SIGN": ""}, "400001"),
        ({"KC-API-KEY": "nobody"}, "400003"),
        ({"KC-API-PASSPHRASE": signed("other", "words")}, "400004"),
        ({"KC-API-SIGN": signed("other", "words")}, "400005"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(wrong: dict[str, str], code: str) -> None:
    sim = still()
    assert refusal(ask(sim, POSITIONS, sim.add_account("a"), headers=wrong)) == (401, code)


@pytest.mark.parametrize(("late_seconds", "good"), [(4.9, True), (-4.9, True), (5.1, False), (-5.1, False)])
def test_a_request_may_be_five_seconds_off(late_seconds: float, good: bool) -> None:
    sim = still()
    account = sim.add_account("a")
    headers = headers_of(account, "GET", POSITIONS, "", sim.now() - late_seconds)
    reply = sim.gate.reply("GET", POSITIONS, "", "", headers)
    assert reply.status == (200 if good else 400)
    assert good or json.loads(reply.text)["code"] == "400002"


def test_the_query_is_signed_as_it_was_sent() -> None:
    sim = still()
    account = sim.add_account("a")
    headers = headers_of(account, "GET", f"{POSITIONS}?currency=USDT", "", sim.now())
    assert sim.gate.reply("GET", POSITIONS, "currency=XBT", "", headers).status == 401


def test_a_key_without_the_permission_is_refused_where_the_venue_insists() -> None:
    sim = still(strict_permissions=True)
    account = sim.add_account("a")
    assert refusal(ask(sim, POSITIONS, account)) == (403, "400007")
    account.permissions = "General,Futures"
    assert ask(sim, POSITIONS, account).status == 200
    assert data(sim, "/api/v1/user/api-key", account)["permission"] == "General,Futures"


def test_each_host_knows_its_own_paths() -> None:
    sim = still()
    account = sim.add_account("a")
    assert ask(sim, POSITIONS, account, host="futures").status == 200
    assert refusal(ask(sim, POSITIONS, account, host="spot")) == (404, "404")
    assert ask(sim, "/api/v3/margin/accounts", account, host="spot").status == 200
    assert refusal(ask(sim, "/api/v3/margin/accounts", account, host="futures")) == (404, "404")
    assert refusal(ask(sim, POSITIONS, account, method="POST")) == (405, "415000")


def test_a_pool_of_weight_begins_with_its_first_request() -> None:
    sim = still()
    account = sim.add_account("a")
    first = ask(sim, POSITIONS, account)
    assert first.headers["gw-ratelimit-limit"] == "2000"
    assert first.headers["gw-ratelimit-remaining"] == "1998"
    clock_of(sim).advance(10.0)
    second = ask(sim, "/api/v1/account-overview", account, currency="USDT")
    assert second.headers["gw-ratelimit-remaining"] == "1993"
    assert second.headers["gw-ratelimit-reset"] == "20000"
    clock_of(sim).advance(20.0)
    assert ask(sim, POSITIONS, account).headers["gw-ratelimit-remaining"] == "1998"


def test_pools_and_users_do_not_share() -> None:
    sim = still()
    one, other = sim.add_account("a"), sim.add_account("b")
    ask(sim, POSITIONS, one)
    assert ask(sim, POSITIONS, other).headers["gw-ratelimit-remaining"] == "1998"
    assert ask(sim, "/api/v3/margin/accounts", one).headers["gw-ratelimit-remaining"] == "3985"
    assert ask(sim, "/api/v1/contracts/active").headers["gw-ratelimit-remaining"] == "1997"


def test_an_empty_pool_refuses_until_it_is_full_again() -> None:
    sim = still()
    account = sim.add_account("a")
    ask(sim, POSITIONS, account)
    sim.faults.foreign_weight = 1_997
    reply = ask(sim, POSITIONS, account)
    assert refusal(reply) == (429, "429000")
    assert (reply.headers["gw-ratelimit-remaining"], reply.headers["gw-ratelimit-reset"]) == ("0", "30000")
    clock_of(sim).advance(30.0)
    assert ask(sim, POSITIONS, account).status == 200


def test_an_address_that_is_blocked_gets_no_json() -> None:
    sim = still()
    sim.ban(30)
    reply = ask(sim, "/api/v1/timestamp")
    assert (reply.status, reply.text, reply.headers["Retry-After"]) == (429, "error code: 1015", "30")
    assert sim.requests.during_ban == 1


def test_positions_of_one_currency_are_named_xbt() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.buy("XBTUSDTM", 10.0)
    account.buy("XBTUSDM", 5_000.0)
    rows = data(sim, POSITIONS, account, currency="XBT")
    assert [(row["symbol"], row["settleCurrency"], row["isInverse"]) for row in rows] == [("XBTUSDM", "XBT", True)]
    assert rows[0]["markValue"] < 0.0 < rows[0]["posInit"]
    assert data(sim, "/api/v1/account-overview", account)["currency"] == "XBT"


def test_an_overview_adds_up() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 100.0)
    account.trade("ETHUSDTM", -100.0, mode="ISOLATED")
    account.place("SOLUSDTM", 100.0, 180.0)
    sim.set_mark("ETHUSDTM", 3_300.0)
    row = data(sim, "/api/v1/account-overview", account, currency="USDT")
    parts = row["positionMargin"] + row["orderMargin"] + row["frozenFunds"] + row["availableBalance"]
    assert row["marginBalance"] == pytest.approx(parts - row["unrealisedPNL"])
    assert row["accountEquity"] == pytest.approx(row["marginBalance"] + row["unrealisedPNL"])


def test_lists_come_in_pages() -> None:
    sim = still()
    account = sim.add_account("a")
    for price in range(5):
        account.place("XBTUSDTM", 1.0, 90_000.0 + price)
    page = data(sim, "/api/v1/orders", account, status="active", pageSize=2, currentPage=3)
    assert (page["totalNum"], page["totalPage"], len(page["items"])) == (5, 3, 1)
    assert page["items"][0]["price"] == "90004"
    assert data(sim, "/api/v1/orders", account, status="done")["items"] == []


def test_margin_accounts_hide_from_the_default_question() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 1_000.0}, isolated={"BTC-USDT": {"USDT": 100.0}})
    assert data(sim, "/api/v3/margin/accounts", account)["accounts"] == []
    assert len(data(sim, "/api/v3/margin/accounts", account, queryType="MARGIN_V2")["accounts"]) == 1
    assert data(sim, "/api/v3/isolated/accounts", account)["assets"] == []
    assert len(data(sim, "/api/v3/isolated/accounts", account, queryType="ALL")["assets"]) == 1


def test_a_classic_account_has_no_unified_answers_and_the_other_way_round() -> None:
    sim = still()
    classic, other = sim.add_account("c"), sim.add_account("u", kind="unified")
    other.buy("XBTUSDTM", 10.0)
    assert json.loads(ask(sim, "/api/ua/v1/unified/account/overview", classic).text)["code"] == "400302"
    assert data(sim, POSITIONS, other) == []
    assert data(sim, "/api/ua/v1/account/mode", other)["selfAccountMode"] == "UNIFIED"
    assert len(data(sim, "/api/ua/v1/unified/position/open-list", other)) == 1


@pytest.mark.parametrize("path", [path for path, each in EXACT.items() if each.method == "GET" and not each.signed])
def test_each_public_path_answers(path: str) -> None:
    assert data(still(), path, symbol="XBTUSDTM") is not None


@pytest.mark.parametrize("edges", BY_NAME)
def test_each_path_with_a_name_in_it_answers_for_each_contract_only(edges: tuple[str, str]) -> None:
    sim = still()
    for symbol in sim.board.specs:
        assert data(sim, edges[0] + symbol + edges[1])
    assert refusal(ask(sim, f"{edges[0]}NOSUCH{edges[1]}")) == (200, "100001")


def test_margin_marks_are_in_bitcoin() -> None:
    sim = still()
    sim.market.set_asset("USDT", 1.0)
    sim.market.set_asset("BTC", 50_000.0)
    marks = {row["symbol"]: row["value"] for row in data(sim, "/api/v3/mark-price/all-symbols")}
    assert marks["USDT-BTC"] == pytest.approx(0.00002)
    assert "BTC-BTC" not in marks
    assert data(sim, "/api/v1/mark-price/USDT-BTC/current")["value"] == marks["USDT-BTC"]


def test_what_happened_to_an_account_is_logged() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 100.0})
    account.deposit("USDT", 50.0)
    account.buy("XBTUSDTM", 10.0)
    sim.market.set_funding_rate("XBTUSDTM", 0.0001)
    pass_time(sim, 8 * 3600.0)
    account.close("XBTUSDTM")
    account.borrow("BTC", 0.001)
    log = data(sim, "/api/v1/transaction-history", account, currency="USDT")["dataList"]
    assert [row["type"] for row in log] == ["RealisedPNL", "RealisedPNL", "TransferIn"]
    assert data(sim, "/api/v1/funding-history", account, symbol="XBTUSDTM")["dataList"][0]["funding"] < 0.0
    assert data(sim, "/api/v3/hf/margin/account/ledgers", account)[0]["bizType"] == "BORROW"


# shapes, against recorded ones


def recorded(name: str, path: str) -> Any:
    """The data of a recorded answer."""
    file = shared(f"fixtures/kucoin/{name}")
    found = next(each for each in json.loads(file.read_text(encoding="utf-8")) if each["path"] == path)
    return found["response"]["data"]


ONLY_RECORDED = {
    "minRiskLimit", "takerFixFee", "fundingBaseSymbol", "fundingQuoteSymbol", "sourceExchanges", "premiumsSymbol1M",
    "premiumsSymbol8H", "fundingBaseSymbol1M", "fundingQuoteSymbol1M", "lowPrice", "highPrice", "priceChgPct",
    "priceChg", "buyLimit", "sellLimit",
}  # fmt: skip


def test_positions_have_the_recorded_fields_and_kinds() -> None:
    cross, isolated = recorded("futures_private_rest.json", POSITIONS)
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.trade("XBTUSDM", 100.0, mode="CROSS")
    account.trade("XBTUSDTM", 10.0, mode="ISOLATED")
    for mine, theirs in zip(data(sim, POSITIONS, account), (cross, isolated), strict=True):
        assert not set(theirs) - set(mine)
        for name, value in theirs.items():
            kinds = (int, float) if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
            assert isinstance(mine[name], kinds), name


def test_contracts_have_the_recorded_fields() -> None:
    theirs = recorded("futures_public_rest.json", "/api/v1/contracts/{symbol}")
    assert set(theirs) - set(data(still(), "/api/v1/contracts/XBTUSDTM")) <= ONLY_RECORDED


def test_risk_limits_of_bitcoin_are_the_recorded_ones() -> None:
    theirs = recorded("futures_private_rest.json", "/api/v1/contracts/risk-limit/{symbol}")
    mine = data(still(), "/api/v1/contracts/risk-limit/XBTUSDTM")
    assert mine == theirs[: len(mine)]


def test_unified_answers_have_the_recorded_fields() -> None:
    sim = still()
    account = sim.add_account("u", kind="unified")
    account.buy("XBTUSDTM", 1.0)
    for path in ("/api/ua/v1/unified/account/overview", "/api/ua/v1/unified/position/open-list"):
        theirs, mine = recorded("futures_private_rest.json", path), data(sim, path, account)
        theirs, mine = (theirs[0], mine[0]) if isinstance(theirs, list) else (theirs, mine)
        assert not set(theirs) - set(mine), path
        assert all(isinstance(mine[name], type(theirs[name])) for name in theirs), path
