"""What begins after the start: contracts listed since, and portfolios that change."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.market import Contract
from tests.wire.bybit import SHORT, Watched, simulator, wired
from tests.wire.harness import until

WALLETS = {"USDT": 50_000.0}
RARE = replace(SHORT, account_every_seconds=60.0, config_every_seconds=60.0)
FEES, RISK = "/v5/account/fee-rate", "/v5/asset/portfolio-margin"


def enlist(sim: SimBybit) -> str:
    """List a contract on a coin that has no pair."""
    sim.enlist(Contract(symbol="Y100USDT", coin="Y100", quote="USDT", step_size="1"), 2.0)
    return "Y100USDT"


async def test_a_contract_listed_since_is_charged_the_fee_that_the_venue_tells_of_it() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim, timings=RARE) as wire:
            monitor = Watched(wire)
            await until(monitor.live, what="everything known")
            asked = sum(request.path == FEES for request in sim.requests.requests)
            account.trade(enlist(sim), 100.0)
            await until(lambda: "Y100USDT" in dict(wire.all(AccountConfig)[-1].fees), what="its fee")
            await until(monitor.live, what="everything known again")
            assert sum(request.path == FEES for request in sim.requests.requests) == asked + 1
        assert not wire.ended


async def test_a_coin_without_a_pair_has_the_price_that_its_contract_says_in_portfolio_margin() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=MarginMode.PORTFOLIO, wallets=WALLETS)
        account.trade(enlist(sim), 100.0)
        async with wired(sim) as wire:
            monitor = Watched(wire)
            await until(monitor.live, what="everything known")
            usd = sim.prices().index("Y100USDT") * wire.prices()["USDT"].price_usd
            await until(lambda: abs(wire.prices()["Y100"].price_usd / usd - 1.0) < 0.05, what="its price")


async def test_after_a_fill_in_portfolio_margin_the_scenarios_are_soon_those_of_what_is_held() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=MarginMode.PORTFOLIO, wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim, timings=RARE) as wire:
            monitor = Watched(wire)
            await until(monitor.live, what="everything known")
            mark = len(wire.events)
            account.trade("BTCUSDT", 0.1)
            filled = account.open_positions()[0].updated_ms / 1000.0

            def asked() -> list[float]:
                return [one.venue.risk_asked or 0.0 for one in wire.since(mark, AccountSnapshot)]

            await until(lambda: any(at >= filled for at in asked()), what="scenarios of after the fill")
            await until(monitor.live, what="everything known again")
