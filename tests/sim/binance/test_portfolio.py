"""Portfolio margin at the simulated Binance, retail and Pro: figures, stages, answers and pushes."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.portfolio.accounts import PortfolioAccount
from monitor.sim.binance.portfolio.tables import counted, tiers
from monitor.sim.clock import ManualClock
from tests.sim.clients import Client, until

NOW = 1_795_000_000.0


def venue() -> SimBinance:
    return SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)


def held(sim: SimBinance, **terms: Any) -> PortfolioAccount:
    """An account with both kinds of futures and a loan."""
    account = sim.add_account(
        "whole",
        product="portfolio-margin",
        wallets={"BTC": 0.2},
        um_wallets={"USDT": 20_000.0},
        cm_wallets={"ETH": 2.0},
        **terms,
    )
    account.borrow("ETH", 1.0)
    account.trade("BTCUSDT", 1.0, price=98_000.0, fee_rate=0.0)
    account.trade("ETHUSD_PERP", -200.0, price=3_400.0, fee_rate=0.0)
    return account


class TestFigures:
    def test_the_ratio_is_counted_equity_over_all_requirements(self) -> None:
        account = held(venue())
        totals = account.totals()
        index = account.index
        eth = account.amount("ETH")
        equity = 0.2 * index("BTC") * 0.95 + eth * index("ETH") * 0.95
        equity += account.amount("USDT") * index("USDT")
        assert totals.equity == pytest.approx(equity)
        (btc,), (short,) = account.um.open_positions(), account.cm.open_positions()
        needed = btc.maintenance(account.market.mark("BTCUSDT")) * index("USDT")
        needed += short.maintenance(account.market.mark("ETHUSD_PERP")) * index("ETH")
        assert totals.maintenance == pytest.approx(needed + 0.1 * index("ETH"))
        assert totals.ratio == pytest.approx(equity / totals.maintenance)

    def test_a_debt_counts_in_full(self) -> None:
        assert counted("BTC", -1_000.0, tiered=False) == -1_000.0
        assert counted("BTC", 1_000.0, tiered=False) == 950.0

    def test_tiers_of_pro_do_not_jump_where_they_meet(self) -> None:
        for row in tiers("BTC")[:-1]:
            assert counted("BTC", row.cap, tiered=True) == pytest.approx(counted("BTC", row.cap + 1e-6, tiered=True))

    def test_a_short_in_coins_that_can_lose_no_more_than_there_is_has_no_line(self) -> None:
        account = held(venue())
        assert account.line(account.cm.open_positions()[0]) == 0.0

    @pytest.mark.parametrize(
        ("symbol", "more"), [("BTCUSDT", 0.0), ("ETHUSD_PERP", -5_000.0), ("ETHUSD_PERP", 4_000.0)]
    )
    def test_a_line_is_where_the_ratio_comes_to_105_with_every_index_held(self, symbol: str, more: float) -> None:
        account = held(venue())
        if more:
            account.trade(symbol, more, fee_rate=0.0)
        position = next(iter(account.part(symbol).open_positions()))
        line = account.line(position)
        assert account.totals({symbol: line}).ratio == pytest.approx(1.05, rel=1e-9)

    def test_nothing_needed_is_printed_as_a_huge_ratio(self) -> None:
        account = venue().add_account("whole", product="portfolio-margin")
        assert account.totals().ratio == 99_999_999.0
        assert account.standing() == "NORMAL"

    def test_what_open_orders_lose_lowers_the_ratio_of_retail_only(self) -> None:
        for product, lowers in (("portfolio-margin", True), ("portfolio-margin-pro", False)):
            account = venue().add_account("whole", product=product, um_wallets={"USDT": 5_000.0})  # type: ignore[call-overload]  # either of both
            account.trade("BTCUSDT", 0.1)
            before = account.totals().ratio
            account.set_open_loss("USDT", 100.0)
            assert (account.totals().ratio < before) is lowers


class TestStages:
    def fallen(self, sim: SimBinance, account: PortfolioAccount, ratio: float) -> None:
        """Let BTC fall until the ratio is just below a number."""
        for _ in range(100_000):
            if account.totals().ratio < ratio:
                return
            sim.market.set_mark("BTCUSDT", sim.market.mark("BTCUSDT") * 0.9998)
        raise AssertionError(f"never below {ratio}")

    def test_each_stage_is_told_once_and_the_last_one_closes_everything(self) -> None:
        sim = venue()
        account = held(sim)
        told: list[str] = []
        account.push = lambda _, frame, __: told.append(frame["s"]) if frame["e"] == "riskLevelChange" else None
        for ratio in (1.5, 1.2):
            self.fallen(sim, account, ratio)
            sim.tick(0.001)
            sim.tick(0.001)
        assert told == ["MARGIN_CALL", "REDUCE_ONLY"]
        self.fallen(sim, account, 1.05)
        sim.tick(0.001)
        assert told[2:] == ["FORCE_LIQUIDATION"]
        assert not account.um.open_positions()
        assert not account.cm.open_positions()
        assert not account.purse.owes()
        assert account.um.wallets["USDT"] > 0.0

    def test_margin_orders_are_cancelled_first_and_that_may_be_enough(self) -> None:
        sim = venue()
        account = sim.add_account(
            "whole", product="portfolio-margin", wallets={"USDT": 500.0}, um_wallets={"USDT": 5_000.0}
        )
        account.trade("BTCUSDT", 0.5, price=98_000.0, fee_rate=0.0)
        account.order("USDT", 500.0, loss=4_000.0)
        self.fallen(sim, account, 1.05)
        sim.tick(0.001)
        assert account.um.open_positions()
        assert account.purse.of("USDT").locked == 0.0
        assert account.totals().open_loss == 0.0

    def test_debts_beyond_everything_are_liquidated_without_any_position(self) -> None:
        sim = venue()
        account = sim.add_account("whole", product="portfolio-margin", wallets={"BTC": 0.1}, um_wallets={})
        account.borrow("USDT", 8_000.0)
        account.transfer("USDT", -8_000.0)
        sim.market.set_asset("BTC", 70_000.0)
        sim.tick(0.001)
        assert not account.purse.owes()


class TestRetail:
    async def test_answers_carry_the_venues_fields(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = held(sim)
            async with Client(sim, account) as client:
                body = await client.get("/papi/v1/account", signed=True)
                ratio = float(body["accountEquity"]) / float(body["accountMaintMargin"])
                assert float(body["uniMMR"]) == pytest.approx(ratio, rel=1e-7)
                assert (body["accountStatus"], client.headers["X-MBX-USED-WEIGHT-1M"]) == ("NORMAL", "20")
                rows = {row["asset"]: row for row in await client.get("/papi/v1/balance", signed=True)}
                assert (rows["ETH"]["crossMarginBorrowed"], rows["ETH"]["cmWalletBalance"]) == (
                    "1.00000000",
                    "2.00000000",
                )
                assert rows["USDT"]["umWalletBalance"] == "20000.00000000"
                (um,) = await client.get("/papi/v1/um/positionRisk", signed=True)
                assert not {"marginType", "isolatedWallet"} & set(um)
                assert float(um["liquidationPrice"]) == pytest.approx(account.line(account.um.open_positions()[0]))
                rates = await client.get("/sapi/v1/portfolio/collateralRate")
                assert {"asset": "BTC", "collateralRate": "0.9500"} in rates
                assert client.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "50"
                await client.get("/fapi/v1/time")
                assert client.headers["X-MBX-USED-WEIGHT-1M"] == "1"  # a pool of its own

    async def test_the_user_stream_says_which_futures_and_nothing_isolated(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = held(sim)
            async with Client(sim, account) as client:
                _, body = await client.ask("POST", "/papi/v1/listenKey")
                async with client.http.ws_connect(f"{sim.stream}/pm/ws/{body['listenKey']}") as raw:
                    await until(lambda: bool(sim.hub.on("pm")))
                    account.trade("ETHUSD_PERP", 10.0)
                    frame = await raw.receive_json(timeout=20)
                    assert (frame["e"], frame["fs"], frame["a"]["P"][0]["s"]) == ("ACCOUNT_UPDATE", "CM", "ETHUSD_PERP")
                    assert "iw" not in frame["a"]["P"][0]
                    await raw.receive_json(timeout=20)
                    account.repay("ETH", 0.5)
                    frame = await raw.receive_json(timeout=20)
                    assert (frame["e"], frame["t"], frame["l"]) == ("liabilityChange", "REPAY", "0.50000000")
                    frame = await raw.receive_json(timeout=20)
                    assert frame["e"] == "outboundAccountPosition"
                    account.set_open_loss("BTC", 0.01)
                    frame = await raw.receive_json(timeout=20)
                    assert (frame["e"], frame["O"]) == ("openOrderLoss", [{"a": "BTC", "o": "-0.01000000"}])


class TestPro:
    def opened(self, sim: SimBinance, *, span: bool = False) -> PortfolioAccount:
        account = sim.add_account(
            "pro", product="portfolio-margin-pro", wallets={"BTC": 2.0}, um_wallets={"USDT": 5_000.0}, span=span
        )
        account.trade("BTCUSDT", -1.0, price=98_000.0, fee_rate=0.0)
        return account

    async def test_answers_of_pro(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = self.opened(sim)
            async with Client(sim, account) as client:
                body = await client.get("/sapi/v1/portfolio/account", signed=True)
                assert (body["accountType"], body["accountStatus"]) == ("PM_1", "NORMAL")
                assert client.headers["X-SAPI-USED-UID-WEIGHT-1M"] == "5"
                (row, _) = await client.get("/sapi/v1/portfolio/balance", signed=True)
                assert (row["asset"], row["optionEquity"]) == ("BTC", "0")
                rates = await client.get("/sapi/v2/portfolio/collateralRate", signed=True)
                btc = next(row for row in rates if row["asset"] == "BTC")["collateralInfo"]
                worth = 2.0 * account.index("BTC")
                tier = next(t for t in btc if float(t["tierFloor"]) < worth <= float(t["tierCap"]))
                assert counted("BTC", worth, tiered=True) == pytest.approx(
                    worth * float(tier["collateralRate"]) + float(tier["cum"])
                )
                (position,) = await client.get("/fapi/v3/positionRisk", signed=True)
                assert float(position["liquidationPrice"]) == pytest.approx(
                    account.line(account.um.open_positions()[0])
                )
                status, answer = await client.ask("GET", "/sapi/v2/portfolio/account", signed=True)
                assert (status, answer["code"]) == (400, -21001)

    async def test_span_says_what_each_unit_of_risk_needs(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = self.opened(sim, span=True)
            async with Client(sim, account) as client:
                body = await client.get("/sapi/v2/portfolio/account", signed=True)
                assert body["accountType"] == "PM_3"
                needed = float(body["riskUnitMMList"][0]["uniMaintainUsd"])
                assert needed == pytest.approx(float(body["accountMaintMargin"]))

    async def test_its_socket_tells_of_the_account_every_five_seconds(self) -> None:
        clock = ManualClock(NOW)
        async with SimBinance(clock=clock, quiet=True, paced=False, network=False) as sim:
            account = self.opened(sim)
            key = sim.keys.create("pro", sim.time_ms())
            socket = sim.dial(f"/pm-classic/ws/{key}")
            for _ in range(10):
                clock.advance(1.0)
                sim.tick(1.0)
            assert sum(socket.waiting.values()) == 2
            assert '"e":"PM_PRO_ACCOUNT_UPDATE"' in await socket.receive()
            assert account.product == "portfolio-margin-pro"


@pytest.mark.parametrize(
    ("product", "file"),
    [
        ("usdm", "/fapi/v3/account"),
        ("coinm", "/dapi/v1/account"),
        ("margin", "/sapi/v1/margin/account"),
        ("isolated-margin", "/sapi/v1/margin/isolated/account"),
        ("portfolio-margin", "/papi/v1/account"),
        ("portfolio-margin-pro", "/sapi/v1/portfolio/account"),
    ],
)
def test_the_picture_of_an_account_holds_its_own_answers_and_no_others(product: str, file: str) -> None:
    sim = venue()
    sim.add_account("one", product=product)  # type: ignore[call-overload]  # any of them
    picture = sim.answers_of("one")
    assert file in picture
    others = {"/fapi/v3/account", "/dapi/v1/account", "/sapi/v1/margin/account", "/papi/v1/account"} - {file}
    allowed = {"/fapi/v3/account", "/dapi/v1/account"} if product == "portfolio-margin-pro" else set[str]()
    assert not (others - allowed) & set(picture)
