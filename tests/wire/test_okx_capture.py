"""A capture of a simulated account, taken apart again: the folder says what the session says."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode
from monitor.domain.errors import AuthRejected, FeedLost
from monitor.domain.events import AccountConfig, AccountSnapshot, InstrumentsLoaded
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.okx import SimOkx
from monitor.sim.okx.refusals import Refusal
from monitor.venues.okx.capture import capture
from monitor.venues.okx.margin import describe
from monitor.venues.okx.offline import read
from monitor.venues.okx.redact import redact
from tests.wire.harness import ShiftedClock
from tests.wire.okx import ETHER, SWAP, settings_of, simulator

MAIN = AccountKey("okx", "main")


async def captured(sim: SimOkx, **settings: Any) -> tuple[dict[str, bytes], float, list[str]]:
    left_out: list[str] = []
    answers, at = await capture(settings_of(sim, **settings), "main", ShiftedClock(), left_out.append)
    return answers, at, left_out


async def test_a_captured_account_is_assessed_as_it_stands() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", level=3, wallets={"USDT": 10_000.0, "BTC": 1.0})
        account.trade(SWAP, 50.0)
        account.trade(ETHER, -300.0)
        account.trade_spot("ETH-USDT", 5.0)
        for step in range(120):
            account.place(SWAP, 1.0, 50_000.0 + step)
        answers, at, left_out = await captured(sim)
        assert not left_out
        assert {"api_v5_account_balance.json", "api_v5_account_positions.json"} <= answers.keys()
        assert "api_v5_trade_orders-pending__page=2.json" in answers
        assert "api_v5_public_position-tiers__instFamily=BTC-USDT__instType=SWAP__tdMode=cross.json" in answers
        clean = {name: redact(name, raw) for name, raw in answers.items()}
        for told in (answers, clean):
            offline = read(told, MAIN, at)
            assert not offline.missing
            assert not offline.problems
            (snapshot,) = [one for one in offline.events if isinstance(one, AccountSnapshot)]
            assert len(snapshot.orders) == 120
            engine = Engine({"okx": describe}, EngineSettings(accounts=(MAIN,)))
            engine.step(offline.events, at)
            (report,) = engine.reports()
            assert report.quality is not Quality.UNKNOWN, report.reasons
            (pool,) = report.pools
            assert max(abs(drift) for drift in pool.drift.values()) < 1e-3


async def test_portfolio_margin_and_options_bring_their_own_answers() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", level=4, wallets={"BTC": 5.0, "USDT": 50_000.0})
        option = next(name for _, name in sim.board.instruments if name.endswith("-C") and name.startswith("BTC-USD-"))
        account.trade(option, -1.0)
        answers, at, left_out = await captured(sim)
        assert not left_out
        assert "api_v5_account_position-builder.json" in answers
        assert "api_v5_public_opt-summary__instFamily=BTC-USD.json" in answers
        offline = read(answers, MAIN, at)
        (config,) = [one for one in offline.events if isinstance(one, AccountConfig)]
        assert config.mode.collateral is CollateralMode.PORTFOLIO
        (snapshot,) = [one for one in offline.events if isinstance(one, AccountSnapshot)]
        assert snapshot.venue.risk_units
        (listed,) = [one for one in offline.events if isinstance(one, InstrumentsLoaded)]
        assert option in {one.symbol for one in listed.instruments}


async def test_an_optional_answer_that_fails_is_left_out_and_named() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        sim.faults.refused_answers["/api/v5/account/max-withdrawal"] = Refusal(500, "50026", "planted words")
        answers, _, left_out = await captured(sim)
        assert "api_v5_account_max-withdrawal.json" not in answers
        assert ["max-withdrawal.json is left out" in one for one in left_out] == [True]
        assert "planted words" not in left_out[0]


async def test_a_required_answer_that_fails_ends_it() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.refused_answers["/api/v5/account/balance"] = Refusal(500, "50026", "planted words")
        with pytest.raises(FeedLost):
            await captured(sim)


async def test_a_wrong_key_ends_it() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        with pytest.raises(AuthRejected):
            await captured(sim, secret="planted-wrong-secret")
