"""A capture of a simulated address, taken apart again: the folder says what the session says."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.errors import FeedLost
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from monitor.venues.hyperliquid.capture import capture
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.offline import read
from monitor.venues.hyperliquid.redact import redact
from monitor.venues.hyperliquid.refusals import AddressRefused
from tests.wire.harness import ShiftedClock
from tests.wire.hyperliquid import named, settings_of, simulator

MAIN = AccountKey("hyperliquid", "main")


async def captured(
    sim: SimHyperliquid, account: str = "main", **settings: Any
) -> tuple[dict[str, bytes], float, list[str]]:
    left_out: list[str] = []
    answers, at = await capture(settings_of(sim, **settings), account, ShiftedClock(), left_out.append)
    return answers, at, left_out


@pytest.mark.parametrize(
    ("mode", "pools"),
    [
        (Mode.STANDARD, {"cross:USDC", "cross:xyz:USDE", "isolated:SOL:long"}),
        (Mode.UNIFIED, {"cross:USDC", "cross:USDE", "isolated:SOL:long"}),
        (Mode.PORTFOLIO, {"portfolio-margin", "cross:USDE", "isolated:SOL:long"}),
    ],
    ids=named,
)
async def test_a_captured_account_is_assessed_as_it_stands_also_redacted(mode: Mode, pools: set[str]) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=mode, wallets={"USDC": 20_000.0, "HYPE": 50.0, "USDE": 900.0})
        if not account.pooled:
            account.move_to_dex(900.0, "xyz")
        account.trade("BTC", 0.5)
        account.trade("xyz:GOLD", 0.5)
        account.trade("SOL", 10.0, isolated=True, leverage=5)
        answers, at, left_out = await captured(sim)
        assert not left_out
        assert {
            "info__type=clearinghouseState.json",
            "info__dex=xyz__type=clearinghouseState.json",
            "info__type=spotClearinghouseState.json",
            "info__type=userAbstraction.json",
        } <= answers.keys()
        assert ("info__type=borrowLendUserState.json" in answers) is (mode is Mode.PORTFOLIO)
        clean = {name: redact(name, raw) for name, raw in answers.items()}
        assert not [name for name, raw in clean.items() if account.address.encode() in raw]
        for told in (answers, clean):
            offline = read(told, MAIN, at)
            assert not offline.problems
            engine = Engine({"hyperliquid": describe}, EngineSettings(accounts=(MAIN,)))
            engine.step(offline.events, at)
            (report,) = engine.reports()
            assert report.quality is not Quality.UNKNOWN, report.reasons
            assert {pool.key.pool for pool in report.pools if pool.positions} == pools
            assert max(abs(drift) for pool in report.pools for drift in pool.drift.values()) < 1e-6


async def test_an_optional_answer_that_fails_is_left_out_and_named_without_the_venues_words() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade("BTC", 0.1)
        sim.faults.refused_answers["spotMetaAndAssetCtxs"] = (500, "planted words")
        answers, _, left_out = await captured(sim)
        assert "info__type=spotMetaAndAssetCtxs.json" not in answers
        assert len(left_out) == 1
        assert "spotMetaAndAssetCtxs.json is left out" in left_out[0]
        assert "planted words" not in left_out[0]


async def test_a_required_answer_that_fails_ends_it() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.refused_answers["spotClearinghouseState"] = (500, "null")
        with pytest.raises(FeedLost):
            await captured(sim)


async def test_an_agents_address_ends_it_with_the_master_named() -> None:
    async with simulator() as sim:
        master = sim.add_account("main")
        sim.add_agent("bot", of="main")
        with pytest.raises(AddressRefused, match=master.address):
            await captured(sim, "bot")
