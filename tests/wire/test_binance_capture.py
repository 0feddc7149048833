"""`capture` of every product: what is asked, how it is called, and that `assess` computes with it."""

from __future__ import annotations

import json

import pytest

from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected
from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.domain.names import AccountKey
from monitor.sim.binance import SimBinance
from monitor.sim.binance.refusals import Refusal
from monitor.venues.binance import capture, offline
from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.settings import AccountSettings, Credentials, Secret
from tests.wire.binance import KINDS, NAME, Kind
from tests.wire.harness import SHORT, ShiftedClock, urls_of

every_product = pytest.mark.parametrize("kind", KINDS, ids=str)


def _settings(sim: SimBinance) -> BinanceSettings:
    (account,) = sim.registry.everybody()
    keys = Credentials(api_key=Secret(account.key), api_secret=Secret(account.secret))
    one = AccountSettings(venue="binance", name=NAME, credentials=keys, product=account.product)
    return BinanceSettings(accounts=(one,), urls=urls_of(sim), timings=SHORT)


async def _captured(sim: SimBinance, clock: Clock) -> tuple[dict[str, bytes], list[str]]:
    left_out: list[str] = []
    answers, first = await capture.capture(_settings(sim), NAME, clock, left_out.append)
    assert abs(first - clock.now()) < 30.0
    return answers, left_out


@every_product
async def test_what_is_captured_is_what_assess_reads(kind: Kind) -> None:
    clock = ShiftedClock()
    async with SimBinance(quiet=True) as sim:
        kind.make(sim)
        answers, left_out = await _captured(sim, clock)
    assert left_out == []
    assert all(json.loads(body) is not None for body in answers.values())
    read = offline.read(answers, AccountKey("binance", NAME), clock.now())
    assert not read.problems
    (config,) = [one for one in read.events if isinstance(one, AccountConfig)]
    (snapshot,) = [one for one in read.events if isinstance(one, AccountSnapshot)]
    assert config.mode.collateral is not None
    assert config.problems == ()
    assert snapshot.problems == ()
    assert snapshot.positions or snapshot.balances or snapshot.wallets


async def test_pairs_and_prices_of_what_is_held_are_asked_one_by_one() -> None:
    of = {kind.product: kind for kind in KINDS}
    async with SimBinance(quiet=True) as sim:
        of["margin"].make(sim)
        cross, _ = await _captured(sim, ShiftedClock())
    assert {name for name in cross if "priceIndex" in name} == {
        "sapi_v1_margin_priceIndex__symbol=BTCUSDT.json",
        "sapi_v1_margin_priceIndex__symbol=ETHUSDT.json",
    }
    async with SimBinance(quiet=True) as sim:
        of["isolated-margin"].make(sim)
        pairs, _ = await _captured(sim, ShiftedClock())
    assert [name for name in pairs if "Tier" in name] == ["sapi_v1_margin_isolatedMarginTier__symbol=SOLUSDT.json"]


@pytest.mark.parametrize("span", [False, True])
async def test_units_of_risk_are_asked_of_accounts_that_have_them(span: bool) -> None:
    async with SimBinance(quiet=True) as sim:
        sim.add_account(NAME, product="portfolio-margin-pro", um_wallets={"USDT": 1_000.0}, span=span)
        answers, left_out = await _captured(sim, ShiftedClock())
    assert ("sapi_v2_portfolio_account.json" in answers) is span
    assert left_out == []


async def test_what_is_optional_may_be_refused_and_what_is_not_may_not() -> None:
    kind = next(one for one in KINDS if one.product == "portfolio-margin")
    async with SimBinance(quiet=True) as sim:
        kind.make(sim)
        sim.faults.refused_answers["/sapi/v1/portfolio/collateralRate"] = Refusal(400, -1100, "no")
        answers, left_out = await _captured(sim, ShiftedClock())
        assert "sapi_v1_portfolio_collateralRate.json" not in answers
        assert len(left_out) == 1
        assert left_out[0].startswith("sapi_v1_portfolio_collateralRate.json is left out")
        sim.faults.refused_answers["/papi/v1/balance"] = Refusal(401, -2015, "no")
        with pytest.raises(AuthRejected):
            await _captured(sim, ShiftedClock())
