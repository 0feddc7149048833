"""Bad input on the real wire, through the real session and the real engine, to the report.

Whatever comes: it is counted, it lowers the quality in words where it hides something, nothing crashes, and a position
that was seen once is never reported as gone, or as one that no price liquidates, because of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import Elapsed
from monitor.domain.lines import State
from monitor.domain.names import AccountKey, PositionKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, Notice, PoolReport, PositionReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings, Limits
from monitor.sim.binance import SimBinance
from monitor.sim.binance.accounts import SimAccount
from monitor.venues.binance.margin import describe
from monitor.venues.settings import Timings
from tests import steady
from tests.wire.harness import QUICK, SHORT, Wired, wired

MAIN = AccountKey("binance", "main")
BTC = PositionKey("BTCUSDT", Side.LONG)
PATIENCE_SECONDS = 20.0  #: a busy machine; each of these happens in well under a second
OFTEN = replace(SHORT, account_every_seconds=0.15)
RARELY = replace(SHORT, account_every_seconds=300.0, config_every_seconds=300.0)  # only what is asked for is read
ALWAYS = 1_000_000

ACCOUNT, RISK = "/fapi/v3/account", "/fapi/v3/positionRisk"
TIERS, CONFIG, MARKS = "/fapi/v1/leverageBracket", "/fapi/v1/accountConfig", "/fapi/v1/premiumIndex"


class Watch:
    """The engine behind a session. Every step holds every report against what must never be said."""

    def __init__(self, wire: Wired) -> None:
        limits = Limits(mark_seconds=0.6, asset_seconds=2.0)
        settings = EngineSettings(accounts=(MAIN,), venue_limits={"binance": limits}, lines_every_seconds=0.0)
        self.wire, self.sim = wire, wire.sim
        self.engine = Engine({"binance": describe}, settings)
        self.notices: list[Notice] = []
        self.marks: set[float] = set()  #: every mark of BTCUSDT that a report ever had
        self.closed: set[PositionKey] = set()  #: what the test itself closed
        self._taken = 0
        self._seen: set[PositionKey] = set()

    def step(self) -> AccountReport:
        events = self.wire.events[self._taken :]
        self._taken += len(events)
        now = steady.now()
        result = self.engine.step([*events, Elapsed(now)], now)
        self.notices += result.notices
        for ask in result.resyncs:
            self.wire.session.resync(ask.account, ask.why, config=ask.config)
        (report,) = self.engine.reports()
        self._hold(report)
        return report

    def _hold(self, report: AccountReport) -> None:
        held = {PositionKey(one.symbol, one.side): one for pool in report.pools for one in pool.positions}
        missing = self._seen - self.closed - held.keys()
        assert not missing, f"{missing} was seen before, and is not reported any more: {report.reasons}"
        self._seen |= held.keys()
        for pool in report.pools:
            assert pool.quality is Quality.LIVE or pool.reasons, "what is not live has a reason in words"
            for one in pool.positions:
                assert one.symbol != "BTCUSDT" or one.line.state is not State.NEVER, f"called safe: {pool.reasons}"
                assert one.mark_price is None or one.mark_price > 0.0
            if (btc := held.get(BTC)) is not None and btc.mark_price is not None:
                self.marks.add(btc.mark_price)

    async def until(self, condition: Callable[[AccountReport], object], what: str) -> AccountReport:
        began = steady.monotonic()
        while not condition(report := self.step()):
            if steady.monotonic() - began > PATIENCE_SECONDS:
                pools = [(pool.key.pool, pool.quality, pool.reasons) for pool in report.pools]
                raise AssertionError(f"{what}: not within {PATIENCE_SECONDS} s; {report.reasons} {pools}")
            await asyncio.sleep(0.01)
        return report

    async def live(self) -> AccountReport:
        return await self.until(lambda report: live(report, BTC), "live, with the position")

    async def settled(self) -> None:
        """Until the user stream is up and nothing is asked any more: whatever is asked from now on, the test caused."""
        last, since = -1, 0.0

        def quiet(_: AccountReport) -> bool:
            nonlocal last, since
            asked = len(self.sim.requests.requests)
            if asked != last or not self.wire.up("user", "main"):
                last, since = asked, steady.monotonic()
            return steady.monotonic() - since > 0.3

        await self.until(quiet, "quiet")

    async def says(self, quality: Quality, *words: str) -> AccountReport:
        """Until the pool of BTCUSDT, or the account while it has none, has this quality for a reason in these words."""

        def said(report: AccountReport) -> bool:
            pool = pool_of(report)
            found, reasons = (report.quality, report.reasons) if pool is None else (pool.quality, pool.reasons)
            return found is quality and any(all(word in reason for word in words) for reason in reasons)

        return await self.until(said, f"{quality} because of {words}")

    def malformed(self, stream: str, account: str = "") -> int:
        return int(self.wire.status(stream, account).malformed)


def pool_of(report: AccountReport, key: PositionKey = BTC) -> PoolReport | None:
    found = [pool for pool in report.pools if any((one.symbol, one.side) == key for one in pool.positions)]
    return found[0] if found else None


def known(one: AccountReport | PoolReport) -> bool:
    return one.ratio.value is not None


def position_of(report: AccountReport, key: PositionKey = BTC) -> PositionReport:
    pool = pool_of(report, key)
    assert pool is not None
    return next(one for one in pool.positions if (one.symbol, one.side) == key)


def live(report: AccountReport, key: PositionKey) -> bool:
    pool = pool_of(report, key)
    return report.up and pool is not None and pool.quality is Quality.LIVE and known(pool)


def trader(sim: SimBinance) -> SimAccount:
    """10 000 USDT behind half a bitcoin: some 20 % from its line."""
    sim.market.set_mark("BTCUSDT", 100_000.0)
    account = sim.add_account("main", wallets={"USDT": 10_000.0})
    account.trade("BTCUSDT", 0.5, price=100_000.0)
    return account


@contextlib.asynccontextmanager
async def watched(
    spoil: Callable[[SimBinance], None] = lambda _: None, timings: Timings = OFTEN
) -> AsyncIterator[tuple[Watch, SimAccount]]:
    """`spoil` is done before anything is asked. At the end no job has died."""
    async with SimBinance(quiet=True, cadence=QUICK) as sim:
        account = trader(sim)
        spoil(sim)
        async with wired(sim, timings=timings, seed_candles=0) as wire:
            yield Watch(wire), account
            assert not wire.ended
            assert "Traceback" not in repr(wire.events)


# Frames: garbled, cut short, reordered, unknown


@pytest.mark.parametrize("fault", ["garbage_frames", "truncated_frames"])
async def test_a_few_frames_that_cannot_be_read_are_counted_and_the_next_ones_are_believed(fault: str) -> None:
    async with watched() as (watch, _):
        await watch.live()
        getattr(watch.sim.faults, fault)["market"] += 5
        await watch.until(lambda _: watch.malformed("marks") + watch.malformed("assets") >= 5, "counted")
        assert watch.wire.session.malformed(), "and kept for diagnosis"
        await watch.live()


@pytest.mark.parametrize("fault", ["garbage_frames", "truncated_frames"])
async def test_marks_of_which_nothing_can_be_read_any_more_come_over_rest_and_the_report_says_so(fault: str) -> None:
    async with watched() as (watch, _):
        await watch.live()
        getattr(watch.sim.faults, fault)["market"] = ALWAYS
        await watch.says(Quality.PARTIAL, "the marks stream is down: nothing came that could be read")
        assert watch.malformed("marks") > 0
        watch.sim.market.set_mark("BTCUSDT", 97_000.0)
        report = await watch.until(lambda one: position_of(one).mark_price == 97_000.0, "marks over REST")
        assert position_of(report).line.state is State.AT


async def test_marks_that_can_be_read_nowhere_grow_stale_and_hide_the_figures() -> None:
    async with watched() as (watch, _):
        await watch.live()
        watch.sim.faults.garbage_frames["market"] = watch.sim.faults.garbage_answers[MARKS] = ALWAYS
        report = await watch.says(Quality.STALE, "the mark of BTCUSDT is older than")
        pool = pool_of(report)
        assert pool is not None
        assert not pool.quality.figures_shown
        counted = watch.malformed("marks")
        await watch.until(lambda _: watch.malformed("marks") > counted, "answers that are no data count too")
        assert any("html" in text.lower() for text in watch.wire.session.malformed())


@pytest.mark.parametrize("fault", ["garbage_frames", "truncated_frames"])
async def test_what_a_frame_of_the_user_stream_would_have_told_is_read_at_once(fault: str) -> None:
    async with watched(timings=RARELY) as (watch, account):
        await watch.live()
        await watch.settled()
        getattr(watch.sim.faults, fault)["private"] = ALWAYS
        account.trade("ETHUSDT", 1.0)  # the pushes about it are lost in the garbage
        await watch.until(lambda report: live(report, PositionKey("ETHUSDT", Side.LONG)), "read over REST")
        assert watch.malformed("user", "main") >= 1


async def test_a_bad_row_of_a_push_costs_that_row_and_has_the_account_read() -> None:
    async with watched(timings=RARELY) as (watch, _):
        await watch.live()
        await watch.settled()
        asked, stamp = watch.sim.requests.count(RISK), watch.sim.time_ms()
        rows = [{"s": "BTCUSDT", "pa": "NaN", "ps": "BOTH"}, {"s": 7}]
        push = {"e": "ACCOUNT_UPDATE", "E": stamp, "T": stamp, "a": {"m": "ORDER", "B": [{"a": "USDT"}], "P": rows}}
        watch.sim.send("private", json.dumps(push))
        await watch.until(lambda _: watch.sim.requests.count(RISK) > asked, "read again")
        assert watch.malformed("user", "main") >= 1
        assert position_of(await watch.live()).quantity == 0.5


async def test_pushes_in_the_wrong_order_end_where_the_venue_is() -> None:
    async with watched(timings=RARELY) as (watch, account):
        await watch.live()
        watch.sim.faults.reordered_frames["private"] = 1
        account.trade("BTCUSDT", 0.1)
        account.trade("BTCUSDT", 0.1)
        await watch.until(lambda report: abs(position_of(report).quantity - 0.7) < 1e-9, "0.7 BTC")
        assert position_of(await watch.live()).quantity == pytest.approx(0.7)


async def test_an_older_mark_that_comes_after_a_newer_one_is_not_believed() -> None:
    async with watched() as (watch, _):
        await watch.live()
        before, stamp = watch.wire.status("marks").messages, watch.sim.time_ms()
        for at, price in ((stamp - 2, "100500.00"), (stamp - 5_000, "91000.00")):
            row = {"e": "markPriceUpdate", "E": at, "s": "BTCUSDT", "p": price, "i": price, "r": "0", "T": stamp}
            watch.sim.send("market", json.dumps({"stream": "!markPrice@arr@1s", "data": [row]}))
            await watch.until(lambda _: watch.wire.status("marks").messages > before, "arrived")
        await watch.until(lambda _: watch.wire.status("marks").messages > before + 8, "both arrived, and more")
        assert 91_000.0 not in watch.marks
        await watch.live()


async def test_kinds_nobody_knows_are_counted_apart_and_the_account_is_read_once_for_them() -> None:
    async with watched(timings=RARELY) as (watch, _):
        await watch.live()
        await watch.settled()
        watch.sim.unknown_event("market")
        await watch.until(lambda _: watch.wire.status("marks").unrecognised == 1, "counted with the market")
        asked = watch.sim.requests.count(RISK)
        for _ in range(5):
            watch.sim.unknown_event("private")
        await watch.until(lambda _: watch.wire.status("user", "main").unrecognised == 5, "counted with the account")
        await watch.until(lambda _: watch.sim.requests.count(RISK) > asked, "read again")
        assert watch.malformed("user", "main") == 0
        await watch.live()


# Prices that are none


@pytest.mark.parametrize("price", ["NaN", "-1", "0", "", "Infinity", "1e999"])
async def test_a_price_that_is_none_is_counted_and_the_last_good_one_grows_stale(price: str) -> None:
    async with watched() as (watch, _):
        await watch.live()
        watch.sim.faults.bad_price["BTCUSDT"] = price
        await watch.says(Quality.STALE, "the mark of BTCUSDT is older than")
        assert watch.malformed("marks") > 0
        assert watch.marks == {100_000.0}
        assert watch.wire.up("marks"), "the other symbols' prices are as good as before"
        watch.sim.faults.bad_price.clear()
        await watch.live()


@pytest.mark.parametrize(
    ("fault", "value"), [("missing_field", "p"), ("missing_field", "E"), ("bad_row", 7), ("bad_row", None)]
)
async def test_a_row_that_is_none_is_counted_and_costs_that_symbol_only(fault: str, value: Any) -> None:
    async with watched() as (watch, account):
        account.trade("ETHUSDT", 1.0, isolated=True)
        await watch.until(lambda report: live(report, PositionKey("ETHUSDT", Side.LONG)), "both pools are live")
        getattr(watch.sim.faults, fault)["BTCUSDT"] = value
        report = await watch.says(Quality.STALE, "the mark of BTCUSDT is older than")
        assert watch.malformed("marks") > 0
        await watch.until(lambda report: live_pool(report, "ETHUSDT"), "the other pool is as live as before")
        assert pool_of(report) is not None


def live_pool(report: AccountReport, symbol: str) -> bool:
    pool = pool_of(report, PositionKey(symbol, Side.LONG))
    return pool is not None and pool.quality is Quality.LIVE


async def test_an_asset_price_that_is_none_is_counted_with_its_stream_and_changes_nothing() -> None:
    async with watched() as (watch, _):
        ratio = (await watch.live()).ratio.value
        for price in ("NaN", "-1"):
            row = {"e": "assetIndexUpdate", "E": watch.sim.time_ms(), "s": "USDTUSD", "i": price, "b": "0", "a": "0"}
            watch.sim.send("market", json.dumps({"stream": "!assetIndex@arr", "data": [row]}))
        await watch.until(lambda _: watch.malformed("assets") == 2, "counted")
        assert (await watch.live()).ratio.value == pytest.approx(ratio)


# Snapshots: rows that cannot be read, half of them, none


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"positionAmt": "NaN"}, "cannot be read"),
        ({"positionAmt": "0.5x"}, "cannot be read"),
        ({"positionAmt": "-0.5", "positionSide": "LONG"}, "cannot be read"),
        ({"symbol": ""}, "cannot be read"),
        ({"symbol": None}, "cannot be read"),
    ],
)
async def test_a_position_that_cannot_be_read_is_counted_named_and_kept(row: dict[str, Any], words: str) -> None:
    async with watched() as (watch, _):
        await watch.live()
        watch.sim.faults.bad_position_row["BTCUSDT"] = row
        report = await watch.says(Quality.PARTIAL, words)
        assert position_of(report).quantity == 0.5
        assert watch.malformed("account", "main") > 0
        assert any("BTCUSDT" in text or "positionAmt" in text for text in watch.wire.session.malformed())
        watch.sim.faults.bad_position_row.clear()
        await watch.live()


async def test_an_empty_snapshot_closes_nothing_before_a_second_one_confirms_it() -> None:
    async with watched() as (watch, _):
        await watch.live()
        watch.sim.faults.empty(1)
        report = await watch.says(Quality.PARTIAL, "BTCUSDT long is missing from the last reading")
        assert position_of(report).suspect
        await watch.live()
        assert not [one for one in watch.notices if one.kind == "position_vanished"]


async def test_half_a_snapshot_keeps_all_positions_for_as_long_as_it_is_half() -> None:
    async with watched() as (watch, account):
        account.trade("ETHUSDT", 1.0)
        await watch.until(lambda report: live(report, PositionKey("ETHUSDT", Side.LONG)), "both positions")
        watch.sim.faults.half_snapshot = ALWAYS
        await watch.says(Quality.PARTIAL, "is in account but not in positionRisk")
        asked = watch.sim.requests.count(RISK)
        await watch.until(lambda _: watch.sim.requests.count(RISK) >= asked + 6, "several readings")
        assert not [one for one in watch.notices if one.kind == "position_vanished"]
        watch.sim.faults.half_snapshot = 0
        await watch.live()


@pytest.mark.parametrize("fault", ["garbage_answers", "truncated_answers"])
@pytest.mark.parametrize("path", [ACCOUNT, RISK])
async def test_an_account_that_cannot_be_read_from_the_start_is_unknown_with_the_reason(fault: str, path: str) -> None:
    def spoil(sim: SimBinance) -> None:
        getattr(sim.faults, fault)[path] = ALWAYS

    async with watched(spoil) as (watch, _):
        report = await watch.says(Quality.UNKNOWN, "no account reading yet", "the last try failed")
        assert not report.up
        assert not known(report)
        assert watch.malformed("account", "main") > 0
        assert not watch.wire.status("account", "main").up
        getattr(watch.sim.faults, fault).clear()
        await watch.live()


# Tables and modes


@pytest.mark.parametrize("symbols", [{"*"}, {"BTCUSDT"}])
async def test_without_maintenance_tiers_nothing_is_known_of_lines_but_the_equity(symbols: set[str]) -> None:
    def spoil(sim: SimBinance) -> None:
        sim.faults.missing_brackets |= symbols

    async with watched(spoil) as (watch, _):
        report = await watch.says(Quality.UNKNOWN, "no maintenance tiers for BTCUSDT")
        assert not known(report)
        assert position_of(report).line.state is State.UNKNOWN


@pytest.mark.parametrize("fault", ["garbage_answers", "truncated_answers", "edit_answer"])
async def test_a_tier_table_that_cannot_be_read_is_counted_kept_and_unknown(fault: str) -> None:
    def halved(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "brackets": []} if row["symbol"] == "BTCUSDT" else row for row in rows]

    def spoil(sim: SimBinance) -> None:
        getattr(sim.faults, fault)[TIERS] = halved if fault == "edit_answer" else ALWAYS

    async with watched(spoil) as (watch, _):
        report = await watch.says(Quality.UNKNOWN, "no maintenance tiers for BTCUSDT")
        assert position_of(report).line.state is State.UNKNOWN
        assert watch.malformed("tiers", "main") > 0
        assert watch.wire.session.malformed()
        getattr(watch.sim.faults, fault).clear()
        if fault != "edit_answer":  # a table that could be read is read again in hours
            await watch.live()


async def test_a_mode_that_was_never_readable_is_unknown_and_no_pool_is_computed() -> None:
    def spoil(sim: SimBinance) -> None:
        sim.faults.unreadable_mode = True

    async with watched(spoil) as (watch, _):
        report = await watch.until(
            lambda one: any("mode" in reason for reason in one.reasons), "the mode is the reason"
        )
        assert report.quality is Quality.UNKNOWN
        assert (report.up, known(report), report.equity_usd) == (False, False, None)
        watch.sim.faults.unreadable_mode = False
        await watch.live()


async def test_a_mode_that_becomes_unreadable_hides_the_figures_and_keeps_the_pools() -> None:
    async with watched(timings=replace(OFTEN, config_every_seconds=0.3)) as (watch, _):
        await watch.live()
        watch.sim.faults.unreadable_mode = True
        report = await watch.says(Quality.UNKNOWN, "mode")
        assert (report.up, known(report)) == (False, False)
        pool = pool_of(report)
        assert pool is not None
        assert not pool.quality.figures_shown
        watch.sim.faults.unreadable_mode = False
        await watch.live()


@pytest.mark.parametrize("fault", ["garbage_answers", "truncated_answers"])
async def test_modes_that_cannot_be_read_at_all_are_counted_and_unknown(fault: str) -> None:
    def spoil(sim: SimBinance) -> None:
        getattr(sim.faults, fault)[CONFIG] = ALWAYS

    async with watched(spoil) as (watch, _):
        report = await watch.until(
            lambda one: any("mode" in reason for reason in one.reasons), "the mode is the reason"
        )
        assert (report.quality, report.up, known(report)) == (Quality.UNKNOWN, False, False)
        await watch.until(lambda _: watch.malformed("config", "main") > 0, "counted")
        assert not watch.wire.status("config", "main").up
