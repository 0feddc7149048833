"""What a wallet changed by, from the venue's frames and its history, through the engine: the explained is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from monitor.domain.events import AccountSnapshot, CashFlowsRead, Elapsed
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.refusals import Refusal
from monitor.venues.binance import product
from monitor.venues.binance.margin import describe
from tests.wire.harness import Wired, simulator, until, wired

KEY = AccountKey("binance", "main")
INCOME = "/fapi/v1/income"
AHEAD_SECONDS = 5.0  #: more than our clock may be thought wrong on a busy machine


@pytest.fixture
def whole_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's history tells at once what happened; in earnest the last second is not believed to be whole."""
    monkeypatch.setattr(product, "INCOME_LAG_SECONDS", -AHEAD_SECONDS)


@dataclass
class Desk:
    """A session, and an engine that is given what it emitted, at times of our own making."""

    wire: Wired
    account: SimAccount
    engine: Engine
    taken: int = 0

    def step(self, later: float) -> AccountReport:
        """All events so far, and the time `later` seconds after now; what the engine asks for is asked."""
        events, self.taken = self.wire.events[self.taken :], len(self.wire.events)
        now = self.wire.clock.now() + later
        result = self.engine.step([*events, Elapsed(now)], now)
        for ask in result.resyncs:
            if ask.flows_since is not None:
                self.wire.session.read_flows(ask.account, ask.flows_since)
        return self.engine.reports()[0]

    async def read(self) -> None:
        """Until the account was read twice more, each time begun after now."""
        began = self.wire.clock.now()
        self.wire.session.resync(KEY, "the test wants to know")
        await until(lambda: sum(read.asked >= began for read in self.wire.all(AccountSnapshot)) >= 2)

    async def history(self) -> None:
        """Until the history was read once more."""
        read = len(self.wire.all(CashFlowsRead))
        await until(lambda: len(self.wire.all(CashFlowsRead)) > read, what="a history")


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000.0, "USDC": 500.0})
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            found = Desk(wire, account, Engine({"binance": describe}, EngineSettings(accounts=(KEY,))))
            await found.read()
            assert found.step(0.0).unexplained_usd == 0.0
            yield found


async def test_trades_funding_and_margin_moves_are_explained() -> None:
    async with desk() as found:
        account, sim = found.account, found.wire.sim
        for quantity in (-0.05, -0.05, 0.2, -0.3, 0.1):
            account.trade("BTCUSDT", quantity)
        account.trade("ETHUSDT", 1.0, isolated=True, leverage=10)
        account.add_margin("ETHUSDT", 25.0)
        account.pay_funding("BTCUSDT", 0.0001)
        account.pay_funding("ETHUSDT", -0.0003)
        account.close("ETHUSDT")
        sim.keeper.adl(account, "BTCUSDT")
        await found.read()
        found.step(0.0)
        assert (found.step(11.0).unexplained_usd, found.step(60.0).unexplained_usd) == (0.0, 0.0)
        assert sim.requests.count(INCOME) == 0, "and nobody had to ask for the history"


async def test_a_transfer_out_is_told_with_its_name() -> None:
    async with desk() as found:
        found.account.transfer("USDT", -4_000.0)
        await found.read()
        found.step(0.0)
        report = found.step(11.0)
        assert report.unexplained_usd == pytest.approx(-4_000.0, rel=0.01)
        assert report.unexplained_text.endswith("; a transfer out of the account was reported")
        assert found.wire.sim.requests.count(INCOME) == 0


async def test_a_theft_that_nothing_tells_of_is_told_once_the_history_knows_nothing_either() -> None:
    async with desk() as found:
        found.account.steal("USDT", 4_000.0)
        await found.read()
        found.step(0.0)
        assert found.step(11.0).unexplained_usd == 0.0
        await found.history()
        report = found.step(60.0)
        assert report.unexplained_usd == pytest.approx(-4_000.0, rel=0.01)
        assert report.unexplained_text.startswith("\N{MINUS SIGN}4,000 USDT at ")
        assert found.wire.sim.requests.count(INCOME) == 1


async def test_what_the_stream_did_not_tell_while_it_was_down_the_history_does(whole_at_once: None) -> None:
    async with desk() as found:
        sim = found.wire.sim
        sim.faults.refuse.add("private")
        sim.drop("private")
        await until(lambda: not found.wire.up("user", "main"))
        found.account.trade("BTCUSDT", -0.05)
        found.account.pay_funding("BTCUSDT", 0.001)
        await found.read()
        found.step(0.0)
        sim.faults.clear()
        await until(lambda: found.wire.up("user", "main"))
        found.step(11.0)
        await found.history()
        assert found.step(60.0).unexplained_usd == 0.0


async def test_a_history_that_is_refused_is_asked_for_again() -> None:
    async with desk() as found:
        sim = found.wire.sim
        sim.faults.refused_answers[INCOME] = Refusal(500, -1000, "no")
        found.account.steal("USDC", 100.0)
        await found.read()
        found.step(0.0)
        found.step(11.0)
        await until(lambda: sim.requests.count(INCOME) >= 2)
        assert not found.wire.up("income", "main")
        del sim.faults.refused_answers[INCOME]
        await found.history()
        assert found.wire.up("income", "main")
        assert found.step(60.0).unexplained_usd == pytest.approx(-100.0, rel=0.01)


async def test_a_history_of_many_pages_is_put_together(whole_at_once: None) -> None:
    async with desk() as found:
        account = found.account
        for number in range(1_500):
            account.pay_funding("BTCUSDT", 1e-6)
            if number % 100 == 0:
                await asyncio.sleep(0.002)  # a page ends between two milliseconds
        began = found.wire.clock.now()
        found.wire.session.read_flows(KEY, began - 3_600.0)
        await found.history()
        (read,) = found.wire.all(CashFlowsRead)
        assert len(read.flows) >= 1_500
        assert read.since == began - 3_600.0
        assert began < read.until <= found.wire.clock.now() + AHEAD_SECONDS + 1.0, "whole until it was asked for"
        found.wire.session.read_flows(AccountKey("binance", "nobody"), began)


async def test_a_history_with_a_row_that_cannot_be_read_reaches_no_further_than_the_page_before() -> None:
    async with desk() as found:
        sim = found.wire.sim
        sim.faults.edit_answer[INCOME] = lambda rows: [*rows, {"incomeType": "FUNDING_FEE", "asset": ""}]
        began = found.wire.clock.now()
        found.wire.session.read_flows(KEY, began - 3_600.0)
        await found.history()
        (read,) = found.wire.all(CashFlowsRead)
        assert (read.flows, read.until) == ((), read.since)
        assert found.wire.status("income", "main").malformed == 1
