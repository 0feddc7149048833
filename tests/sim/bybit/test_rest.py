"""REST of the simulated Bybit: who is let in, how often, and what the pages hold."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.gate import ADDRESS_LIMIT
from monitor.sim.market import Contract
from tests.sim.bybit.clients import Client

TIME, WALLET, POSITIONS = "/v5/market/time", "/v5/account/wallet-balance", "/v5/position/list"


@pytest.fixture
async def sim() -> AsyncIterator[SimBybit]:
    async with SimBybit(quiet=True, paced=False) as running:
        yield running


@pytest.fixture
async def account(sim: SimBybit) -> SimAccount:
    return sim.add_account("main")


@pytest.fixture
async def client(sim: SimBybit, account: SimAccount) -> AsyncIterator[Client]:
    async with Client(sim, account) as one:
        yield one


async def refused(client: Client, path: str = WALLET, **params: Any) -> int:
    body = await client.ask(path, **params)
    assert client.status == 200
    return int(body["retCode"])


class TestTheDoor:
    async def test_a_right_signature_is_let_in(self, client: Client) -> None:
        assert (await client.get(WALLET, accountType="UNIFIED"))["list"][0]["accountType"] == "UNIFIED"

    async def test_a_wrong_one_is_not(self, client: Client) -> None:
        assert await refused(client, secret="somebody else's", accountType="UNIFIED") == 10004

    async def test_nor_is_an_unknown_key(self, sim: SimBybit) -> None:
        stranger = SimBybit(network=False).add_account("stranger")
        async with Client(sim, stranger) as client:
            assert await refused(client, accountType="UNIFIED") == 10003

    async def test_nor_a_request_without_one(self, sim: SimBybit) -> None:
        async with Client(sim) as client:
            assert await refused(client, accountType="UNIFIED") == 10003
            assert int((await client.get(TIME))["timeSecond"]) == pytest.approx(time.time(), abs=2)

    @pytest.mark.parametrize(("off_ms", "code"), [(-4_000, 0), (-6_000, 10002), (500, 0), (2_000, 10002)])
    async def test_a_request_may_be_five_seconds_old_and_less_than_one_ahead(
        self, client: Client, off_ms: int, code: int
    ) -> None:
        now = round(time.time() * 1000)
        assert await refused(client, stamp=now + off_ms, accountType="UNIFIED") == code

    async def test_the_venues_clock_is_what_counts(self, sim: SimBybit, client: Client) -> None:
        sim.faults.clock_shift_seconds = 30.0
        assert await refused(client, accountType="UNIFIED") == 10002
        ahead = round(time.time() * 1000) + 30_000
        assert await refused(client, stamp=ahead, accountType="UNIFIED") == 0

    async def test_a_key_that_has_ended_is_told_so(self, sim: SimBybit, account: SimAccount, client: Client) -> None:
        account.api.expires = time.time() - 1.0
        assert await refused(client, accountType="UNIFIED") == 33004

    async def test_unknown_paths_are_not_found(self, client: Client) -> None:
        await client.ask("/v5/order/create", method="POST")
        assert client.status == 404


class TestLimits:
    async def test_headers_tell_what_is_left_of_this_second(self, client: Client) -> None:
        left = []
        for _ in range(2):
            await client.get(WALLET, accountType="UNIFIED")
            left.append(int(client.headers["X-BAPI-LIMIT-STATUS"]))
        assert client.headers["X-BAPI-LIMIT"] == "50"
        assert left == [49, 48]

    async def test_more_calls_of_a_key_than_that_are_refused(self, client: Client) -> None:
        codes = [(await client.ask("/v5/account/fee-rate", category="linear"))["retCode"] for _ in range(7)]
        assert codes[:5] == [0] * 5
        assert codes[5:] == [10006] * 2
        assert int(client.headers["X-BAPI-LIMIT-RESET-TIMESTAMP"]) > time.time() * 1000

    async def test_an_address_that_asks_too_often_is_banned(self, sim: SimBybit) -> None:
        statuses = [sim.gate.reply("GET", TIME, "", "", {}).status for _ in range(ADDRESS_LIMIT + 2)]
        assert statuses[:ADDRESS_LIMIT] == [200] * ADDRESS_LIMIT
        assert statuses[ADDRESS_LIMIT:] == [403, 403]
        assert sim.faults.banned_until > time.time() + 500


class TestPages:
    async def test_a_linear_question_for_positions_needs_a_coin(self, client: Client) -> None:
        assert await refused(client, POSITIONS, category="linear") == 10001
        assert await refused(client, POSITIONS, category="inverse") == 0

    async def test_positions_come_by_settlement_coin(self, account: SimAccount, client: Client) -> None:
        account.trade("BTCUSDT", 0.1)
        account.trade("BTCPERP", 0.1)
        account.trade("BTCUSD", 100.0)
        found = {}
        for coin in ("USDT", "USDC"):
            rows = (await client.get(POSITIONS, category="linear", settleCoin=coin))["list"]
            found[coin] = [row["symbol"] for row in rows]
        assert found == {"USDT": ["BTCUSDT"], "USDC": ["BTCPERP"]}
        assert [row["symbol"] for row in (await client.get(POSITIONS, category="inverse"))["list"]] == ["BTCUSD"]

    async def test_a_cursor_leads_through_all_positions(self, account: SimAccount, client: Client) -> None:
        held = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT"]
        for symbol in held:
            account.trade(symbol, 10.0)
        found, cursor, pages = [], "", 0
        while pages == 0 or cursor:
            page = await client.get(POSITIONS, category="linear", settleCoin="USDT", limit=2, cursor=cursor)
            found += [row["symbol"] for row in page["list"]]
            cursor, pages = page["nextPageCursor"], pages + 1
        assert (found, pages) == (held, 3)
        assert await refused(client, POSITIONS, category="linear", settleCoin="USDT", limit=201) == 10001

    async def test_tiers_come_fifteen_symbols_a_page(self, sim: SimBybit, client: Client) -> None:
        for number in range(12):
            sim.enlist(Contract(symbol=f"Z{number:02d}USDT", coin="BTC", quote="USDT"))
        first = await client.get("/v5/market/risk-limit", category="linear")
        second = await client.get("/v5/market/risk-limit", category="linear", cursor=first["nextPageCursor"])
        symbols = [{row["symbol"] for row in page["list"]} for page in (first, second)]
        assert [len(found) for found in symbols] == [15, 5]
        assert second["nextPageCursor"] == ""

    async def test_rates_of_inverse_tiers_are_in_percent(self, client: Client) -> None:
        rows = (await client.get("/v5/market/risk-limit", category="inverse", symbol="BTCUSD"))["list"]
        assert (rows[0]["maintenanceMargin"], rows[0]["initialMargin"], rows[0]["mmDeduction"]) == ("0.5", "1", "")
        assert rows[1]["mmDeduction"] == "0.75"

    async def test_the_log_begins_with_the_newest(self, account: SimAccount, client: Client) -> None:
        for amount in (1.0, 2.0, 3.0):
            account.transfer("USDT", amount)
        page = await client.get("/v5/account/transaction-log", accountType="UNIFIED", limit=2)
        assert [row["change"] for row in page["list"]] == ["3", "2"]
        rest = await client.get("/v5/account/transaction-log", accountType="UNIFIED", cursor=page["nextPageCursor"])
        assert [row["change"] for row in rest["list"]] == ["1"]

    async def test_candles_come_the_newest_first_and_end_at_the_mark(self, sim: SimBybit, client: Client) -> None:
        rows = (await client.get("/v5/market/mark-price-kline", category="linear", symbol="BTCUSDT", limit=5))["list"]
        starts = [int(row[0]) for row in rows]
        assert starts == sorted(starts, reverse=True)
        assert {before - after for before, after in itertools.pairwise(starts)} == {60_000}
        assert float(rows[0][4]) == sim.prices().mark("BTCUSDT")


class TestRows:
    async def test_the_empty_leg_of_a_hedged_symbol_has_no_side_and_a_line_of_zero(
        self, account: SimAccount, client: Client
    ) -> None:
        account.set_hedge("BTCUSDT", True)
        account.trade("BTCUSDT", 0.1, side="LONG")
        long, short = (await client.get(POSITIONS, category="linear", settleCoin="USDT"))["list"]
        assert (long["positionIdx"], long["side"], long["size"]) == (1, "Buy", "0.1")
        assert (short["positionIdx"], short["side"], short["size"], short["liqPrice"]) == (2, "", "0", "0")
        assert short["positionIM"] == ""

    async def test_a_line_outside_of_the_instruments_prices_is_not_printed(
        self, account: SimAccount, client: Client
    ) -> None:
        account.trade("BTCUSDT", 0.01)
        assert (await client.get(POSITIONS, category="linear", settleCoin="USDT"))["list"][0]["liqPrice"] == ""

    async def test_the_value_of_a_position_is_that_of_its_entry(
        self, sim: SimBybit, account: SimAccount, client: Client
    ) -> None:
        account.trade("BTCUSDT", 0.1, price=90_000.0)
        row = (await client.get(POSITIONS, category="linear", settleCoin="USDT"))["list"][0]
        assert float(row["positionValue"]) == 9_000.0
        assert float(row["unrealisedPnl"]) == pytest.approx(0.1 * (sim.prices().mark("BTCUSDT") - 90_000.0))

    async def test_in_portfolio_margin_positions_and_coins_print_no_margin(self, sim: SimBybit) -> None:
        account = sim.add_account("pm", mode=MarginMode.PORTFOLIO)
        account.trade("BTCUSDT", 0.1)
        async with Client(sim, account) as client:
            row = (await client.get(POSITIONS, category="linear", settleCoin="USDT"))["list"][0]
            wallet = (await client.get(WALLET, accountType="UNIFIED"))["list"][0]
        empty = [row[name] for name in ("leverage", "positionIM", "positionMM", "liqPrice")]
        assert empty == [""] * 4
        assert row["riskId"] == 0
        assert wallet["coin"][0]["totalPositionIM"] == wallet["coin"][0]["totalOrderIM"] == ""
        assert float(wallet["accountMMRate"]) > 0.0

    async def test_in_isolated_mode_the_account_has_no_totals(self, sim: SimBybit) -> None:
        account = sim.add_account("isolated", mode=MarginMode.ISOLATED)
        async with Client(sim, account) as client:
            wallet = (await client.get(WALLET, accountType="UNIFIED"))["list"][0]
        assert (wallet["accountMMRate"], wallet["totalMarginBalance"], wallet["totalMaintenanceMargin"]) == ("", "", "")
        assert float(wallet["totalEquity"]) == pytest.approx(9_996.0, rel=1e-3)

    async def test_coins_that_hold_nothing_are_left_out_unless_named(self, sim: SimBybit) -> None:
        account = sim.add_account("two", wallets={"USDT": 1.0, "ETH": 0.0})
        async with Client(sim, account) as client:
            usual = (await client.get(WALLET, accountType="UNIFIED"))["list"][0]["coin"]
            named = (await client.get(WALLET, accountType="UNIFIED", coin="ETH"))["list"][0]["coin"]
        assert ([row["coin"] for row in usual], [row["coin"] for row in named]) == (["USDT"], ["ETH"])

    async def test_a_key_says_what_it_may_do_and_when_it_ends(self, sim: SimBybit) -> None:
        ends = time.time() + 10 * 86_400.0
        account = sim.add_account("key", read_only=False, permissions={"Wallet": ["Withdraw"]}, expires=ends)
        async with Client(sim, account) as client:
            key = await client.get("/v5/user/query-api")
        assert (key["readOnly"], key["permissions"]["Wallet"], key["deadlineDay"]) == (0, ["Withdraw"], 10)
        assert key["ips"] == ["*"]

    async def test_every_path_answers_at_once_for_a_folder(self, sim: SimBybit, account: SimAccount) -> None:
        account.trade("BTCUSDT", 0.1)
        account.trade(next(iter(sim.options)), -0.1)
        answers = sim.answers_of("main", category="linear", settleCoin="USDT", accountType="UNIFIED", symbol="BTCUSDT")
        assert answers[POSITIONS]["list"][0]["symbol"] == "BTCUSDT"
        assert answers["/v5/account/option-asset-info"]["result"][0]["coin"] == "BTC"
