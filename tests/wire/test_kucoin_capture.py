"""A capture of a simulated account, taken apart again: the folder says what the session says."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.errors import AuthRejected, FeedLost
from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.faults import POSITIONS
from monitor.sim.kucoin.refusals import Refusal
from monitor.venues.kucoin.capture import capture
from monitor.venues.kucoin.margin import describe
from monitor.venues.kucoin.offline import read
from monitor.venues.kucoin.redact import redact
from tests.wire.harness import ShiftedClock
from tests.wire.kucoin import COIN, ETHER, INVERSE, settings_of, simulator


async def captured(sim: SimKucoin, name: str = "main", **settings: Any) -> tuple[dict[str, bytes], float, list[str]]:
    left_out: list[str] = []
    answers, at = await capture(settings_of(sim, **settings), name, ShiftedClock(), left_out.append)
    return answers, at, left_out


def assessed(answers: dict[str, bytes], at: float, name: str = "main") -> AccountReport:
    """What the engine makes of a folder; nothing in it is missing or odd."""
    key = AccountKey("kucoin", name)
    offline = read(answers, key, at)
    assert not offline.missing
    assert not offline.problems
    engine = Engine({"kucoin": describe}, EngineSettings(accounts=(key,)))
    engine.step(offline.events, at)
    (report,) = engine.reports()
    return report


async def test_a_captured_classic_account_is_assessed_as_it_stands() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 100_000.0, "BTC": 1.0, "ETH": 2.0})
        account.trade(COIN, 50.0)
        account.trade(ETHER, -300.0, mode="ISOLATED")
        account.trade(INVERSE, 500.0)
        for step in range(120):
            account.place(COIN, 1.0, 50_000.0 + step)
        answers, at, left_out = await captured(sim)
        assert not left_out
        assert {"api_v1_positions.json", "api_v1_account-overview__currency=XBT.json"} <= answers.keys()
        assert "api_v1_orders__status=active__page=2.json" in answers
        assert f"api_v1_contracts_risk-limit_{ETHER}.json" in answers
        assert not any("bullet" in name for name in answers)
        clean = {name: redact(name, raw) for name, raw in answers.items()}
        for told in (answers, clean):
            report = assessed(told, at)
            assert report.quality is not Quality.UNKNOWN, report.reasons
            drifts = [abs(drift) for pool in report.pools for drift in pool.drift.values()]
            assert drifts
            assert max(drifts) < 2e-3
            events = read(told, AccountKey("kucoin", "main"), at).events
            (snapshot,) = [one for one in events if isinstance(one, AccountSnapshot)]
            assert len(snapshot.orders) == 120


async def test_a_captured_unified_account_brings_its_own_tables() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", kind="unified", wallets={"USDT": 10_000.0, "BTC": 1.0})
        account.trade(COIN, 50.0)
        answers, at, left_out = await captured(sim)
        assert not left_out
        assert "api_ua_v1_unified_account_overview.json" in answers
        assert "api_ua_v1_market_collateral-discount-ratio.json" in answers
        report = assessed(answers, at)
        assert [pool.key.pool for pool in report.pools] == ["multi-assets"]
        assert report.quality is not Quality.UNKNOWN, report.reasons


@pytest.mark.parametrize("product", ["margin", "isolated-margin"])
async def test_a_captured_margin_account_has_prices_and_limits(product: str) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", margin={"USDT": 1_000.0}, isolated={"BTC-USDT": {"USDT": 500.0}})
        account.borrow("BTC", 0.005, None if product == "margin" else "BTC-USDT")
        name = f"main-{product}"
        answers, at, left_out = await captured(sim, name, products={"main": (product,)})
        assert not left_out
        assert {"api_v1_margin_config.json", "api_v3_mark-price_all-symbols.json"} <= answers.keys()
        report = assessed(answers, at, name)
        assert report.quality is Quality.LIVE, report.reasons
        (pool,) = report.pools
        assert pool.key.pool == ("margin" if product == "margin" else "margin:BTC-USDT")
        assert pool.ratio.value is not None


async def test_an_optional_answer_that_fails_is_left_out_and_named() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        path = "/api/v1/contracts/active"
        sim.faults.refused_answers[path] = Refusal(500, "500000", "planted")
        answers, at, left_out = await captured(sim)
        assert "api_v1_contracts_active.json" not in answers
        assert any("api_v1_contracts_active.json is left out" in text for text in left_out)
        assert any(isinstance(one, AccountConfig) for one in read(answers, AccountKey("kucoin", "main"), at).events)


async def test_without_positions_there_is_no_capture() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.refused_answers[POSITIONS] = Refusal(500, "500000", "planted")
        with pytest.raises(FeedLost):
            await captured(sim)


async def test_a_key_that_is_refused_ends_it_at_once() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        with pytest.raises(AuthRejected):
            await captured(sim, secret="planted-wrong-secret")
