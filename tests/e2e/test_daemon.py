"""The daemon from start to end on a simulated exchange: what it shows, how it recovers, how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from monitor.sim.binance.server import SimBinance
from monitor.sim.story import fall_towards_liquidation
from tests.e2e.harness import CADENCE, children, daemon, is_running, most_memory_mb, write_config
from tests.unit.cli.processes import marginwatch

CROSS = {"venue": "binance", "account": "main", "pool": "cross:USDT"}


def held(sim: SimBinance) -> None:
    """An account with a cross long, an isolated short and nothing odd."""
    account = sim.add_account("main", wallets={"USDT": 10_000.0})
    account.trade("BTCUSDT", 0.3, price=sim.market.mark("BTCUSDT"))
    account.trade("ETHUSDT", -2.0, price=sim.market.mark("ETHUSDT"), isolated=True, leverage=4)


async def test_ready_soon_with_the_figures_that_the_venue_itself_computes(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        account = sim.accounts["main"]
        async with daemon(write_config(tmp_path, sim, [account])) as monitor:
            price = await monitor.value("position_liquidation_price", symbol="BTCUSDT")
            (position,) = account.cross_positions("USDT")
            assert price == pytest.approx(account.liquidation_price(position), rel=1e-6)
            mark = sim.market.mark("BTCUSDT")
            equity = account.cross_wallet("USDT") + position.profit(mark)
            ratio = await monitor.value("pool_margin_ratio", **CROSS)
            assert ratio == pytest.approx(position.maintenance(mark) / equity, rel=1e-6)
            assert await monitor.value("position_liquidation_price", symbol="ETHUSDT", side="short") == pytest.approx(
                account.liquidation_price(account.positions["ETHUSDT", "BOTH"]), rel=1e-6
            )
            assert await monitor.value("account_up") == 1.0
            assert abs(await monitor.value("position_drift_ratio", symbol="BTCUSDT") or 1.0) < 1e-6
            assert (await monitor.get("/-/healthy"))[0] == 200
            document = await monitor.document()
            assert [pool["pool"] for pool in document["accounts"][0]["pools"]]
            done = await asyncio.to_thread(marginwatch, "status", "--url", monitor.url)
            assert (done.returncode, "cross:USDT" in done.stdout) == (0, True)
            done = await asyncio.to_thread(marginwatch, "status", "--url", monitor.url, "--json")
            assert json.loads(done.stdout)["ready"] is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Two seconds are allowed, then the last resort ends it: a busy machine may need that once or twice."""
    ends = []
    for run in range(3):
        folder = tmp_path / str(run)
        folder.mkdir()
        ends.append(await ended(folder, number))
        if ends[-1][1] == "stopped":
            return
    pytest.fail(f"how long it took to end, and its last word: {ends}")


async def ended(tmp_path: Path, number: signal.Signals) -> tuple[float, str]:
    """Start it, send the signal, see that everything is gone; how long that took, and the last event in its log."""
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            left = children(monitor.process.pid)
            seconds = await monitor.stop(number)
            assert monitor.process.returncode == 0
            assert not [pid for pid in left if is_running(pid)]
            last = str(monitor.lines()[-1]["event"])
            with pytest.raises(aiohttp.ClientConnectorError):
                await monitor.get("/-/healthy")
        assert sorted(os.listdir(tmp_path)) == ["config.toml", "log", "main.key", "main.secret", "state"]
    return seconds, last


async def test_a_signal_right_after_the_start_ends_it_too(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values())), ready=False) as monitor:
            await monitor.until("listening", lambda: monitor.events("listening"))
            await monitor.stop()
            assert monitor.process.returncode == 0


async def test_a_crash_pages_before_the_venue_liquidates(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main", wallets={"USDT": 4_000.0})
        account.trade("BTCUSDT", 0.5, price=sim.market.mark("BTCUSDT"))
        quick = "[alerts.margin_ratio]\nfor_seconds = 0.0\n"
        async with daemon(write_config(tmp_path, sim, [account], quick)) as monitor:
            assert await monitor.total("alerts_firing", rule="margin_ratio", severity="critical") == 0.0
            sim.market.crash(fall_towards_liquidation(account, 0.9), 1.0)

            def paged() -> bool:
                return bool(monitor.events("alert_fired", rule="margin_ratio", severity="critical")) or bool(
                    monitor.events("alert_escalated", rule="margin_ratio", severity="critical")
                )

            await monitor.until("a critical alert", paged)
            assert account.open_positions()
            assert 0.8 < (await monitor.value("pool_margin_ratio", **CROSS) or 0.0) < 1.0
            assert await monitor.total("alerts_firing", rule="margin_ratio", severity="critical") == 1.0
            done = await asyncio.to_thread(marginwatch, "status", "--url", monitor.url)
            assert done.returncode == 20


async def test_losing_the_venue_makes_reports_stale_and_its_return_makes_them_live(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            sim.faults.refuse |= {"market", "public", "private", "rest"}
            sim.drop()

            async def stale() -> bool:
                return await monitor.value("pool_quality", quality="STALE", **CROSS) == 1.0

            await monitor.until("the pool is STALE", stale)
            samples = await monitor.metrics()
            # The figures are gone; what says how sure we are stays.
            assert not [name for name in samples if name.startswith("position_")]
            assert "pool_margin_ratio" not in samples
            assert "account_margin_ratio" not in samples
            assert await monitor.value("account_up") == 0.0
            assert await monitor.value("account_last_update_timestamp_seconds") is not None
            assert (await monitor.get("/-/ready"))[0] == 503
            done = await asyncio.to_thread(marginwatch, "status", "--url", monitor.url)
            assert done.returncode in (20, 30)
            assert "STALE" in done.stdout
            sim.faults.refuse.clear()

            async def live() -> bool:
                return await monitor.value("pool_quality", quality="LIVE", **CROSS) == 1.0

            await monitor.until("the pool is LIVE again", live)
            assert await monitor.value("pool_margin_ratio", **CROSS) is not None
            downs = monitor.events("feed down", stream="marks")
            assert len(downs) == 1, "a loss is one line, however often a reconnect fails"


async def test_the_series_of_a_closed_position_are_gone_at_the_next_scrape(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        account = sim.accounts["main"]
        async with daemon(write_config(tmp_path, sim, [account])) as monitor:
            assert await monitor.value("pool_quality", pool="isolated:ETHUSDT:short", quality="LIVE") == 1.0
            account.close("ETHUSDT")

            async def gone() -> bool:
                samples = await monitor.metrics()
                return not any("ETHUSDT" in str(labels) for values in samples.values() for labels in values)

            await monitor.until("no series of ETHUSDT", gone)
            assert await monitor.value("position_mark_price", symbol="BTCUSDT") is not None


async def test_told_to_stop_calling_it_makes_no_call_until_the_time_named(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            sim.ban(4)
            await monitor.until("the ban is alerted", lambda: monitor.events("alert_fired", rule="venue_ban"))
            await asyncio.sleep(2.0)
            assert sim.requests.during_ban <= 2, "but those that were under way when the ban came"
            assert await monitor.value("pool_margin_ratio", **CROSS) is not None, "the streams still tell"
            await monitor.until("the ban is over", lambda: monitor.events("alert_resolved", rule="venue_ban"))
            before = len(sim.requests.requests)
            await monitor.until("readings again", lambda: len(sim.requests.requests) > before)


@pytest.mark.parametrize("shift", [2.0, -2.0])
async def test_a_clock_that_is_off_is_measured_and_calls_keep_working(tmp_path: Path, shift: float) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            sim.faults.clock_shift_seconds = shift

            async def measured() -> bool:
                return abs((await monitor.value("clock_offset_seconds") or 0.0) - shift) < 0.2

            await monitor.until("the offset is measured", measured)
            read = await monitor.value("account_last_update_timestamp_seconds")

            async def read_again() -> bool:
                return (await monitor.value("account_last_update_timestamp_seconds") or 0.0) > (read or 0.0) + 1.0

            await monitor.until("the account is read again", read_again)
            assert await monitor.value("pool_quality", quality="LIVE", **CROSS) == 1.0


async def test_a_wrong_key_silences_its_own_account_only(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        other = sim.add_account("other")
        other.trade("BTCUSDT", 0.1, price=sim.market.mark("BTCUSDT"))
        config = write_config(tmp_path, sim, list(sim.accounts.values()))
        (tmp_path / "other.secret").write_text("not-the-secret-of-this-account")
        sooner = {f"MARGINWATCH_ALERTS__{rule}__FOR_SECONDS": "4" for rule in ("ACCOUNT_DOWN", "POLL_DOWN")}
        async with daemon(config, sooner, ready=False) as monitor:
            await monitor.until("listening", lambda: monitor.events("listening"))
            monitor.url = monitor.events("listening")[0]["url"]

            async def good_one_up() -> bool:
                return await monitor.value("account_up", account="main") == 1.0

            await monitor.until("the good account is up", good_one_up, within=30.0)
            assert await monitor.value("account_up", account="other") == 0.0
            assert await monitor.value("pool_margin_ratio", **CROSS) is not None
            status, text = await monitor.get("/-/ready")
            assert status == 503
            assert "binance/other" in text
            await monitor.until("told", partial(monitor.events, "reading failed", what="account", account="other"))
            for rule in ("account_down", "poll_down"):
                fired = partial(monitor.events, "alert_fired", rule=rule, account="other")
                await monitor.until(f"{rule} fires", fired)
            assert not monitor.events("alert_fired", rule="account_down", account="main")


async def test_a_key_that_may_withdraw_is_refused(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main", permissions={"enableWithdrawals": True})
        account.trade("BTCUSDT", 0.1, price=sim.market.mark("BTCUSDT"))
        async with daemon(write_config(tmp_path, sim, [account]), ready=False) as monitor:
            await monitor.until("listening", lambda: monitor.events("listening"))
            monitor.url = monitor.events("listening")[0]["url"]
            told = await monitor.until("refused", lambda: monitor.events("reading failed", what="account"), within=30.0)
            assert "withdraw" in told[0]["reason"]
            assert await monitor.value("account_up") == 0.0
            assert await monitor.value("pool_margin_ratio") is None


async def test_a_key_that_may_trade_is_warned_of_where_the_user_allows_it(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main", permissions={"enableFutures": True})
        account.trade("BTCUSDT", 0.1, price=sim.market.mark("BTCUSDT"))
        sooner = {"MARGINWATCH_ALERTS__KEY_PERMISSION__FOR_SECONDS": "0.5"}
        async with daemon(write_config(tmp_path, sim, [account], permissions="warn"), sooner) as monitor:
            await monitor.until("warned of", lambda: monitor.events("alert_fired", rule="key_permission"))
            assert await monitor.value("pool_margin_ratio", **CROSS) is not None


async def test_a_burst_in_one_read_is_counted_whole_and_ends_on_its_last_price(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            mark = sim.market.mark("BTCUSDT")
            before = await monitor.value("feed_messages_total", stream="marks") or 0.0
            sim.mark_burst("BTCUSDT", [mark * (1.0 - step * 1e-6) for step in range(10_000)])

            async def last_price() -> bool:
                return await monitor.value("position_mark_price", symbol="BTCUSDT") == pytest.approx(
                    sim.market.mark("BTCUSDT"), rel=1e-9
                )

            await monitor.until("the last price", last_price)
            assert (await monitor.value("feed_messages_total", stream="marks") or 0.0) - before >= 10_000
            assert (await monitor.value("engine_conflated_total") or 0.0) > 0.0
            assert await monitor.value("feed_malformed_total", stream="marks") == 0.0


async def test_an_empty_snapshot_is_doubted_and_not_believed(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            sim.faults.empty(1)
            started = len(sim.requests.requests)
            while len(sim.requests.requests) < started + 12:
                samples = await monitor.metrics()
                assert {"BTCUSDT", "ETHUSDT"} == {dict(key)["symbol"] for key in samples["position_mark_price"]}
                await asyncio.sleep(0.1)
            assert not monitor.events("alert_fired", rule="position_vanished")


async def test_a_taken_port_is_one_line_and_the_code_69(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        config = write_config(tmp_path, sim, list(sim.accounts.values()))
        async with daemon(config, {"MARGINWATCH_WEB__PORT": str(sim.port)}, ready=False) as monitor:
            assert await asyncio.wait_for(monitor.process.wait(), 30) == 69
            assert f"cannot listen on 127.0.0.1:{sim.port}" in monitor.log.read_text()
            assert "Traceback" not in monitor.log.read_text()


async def test_capture_writes_what_assess_reads(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        account = sim.accounts["main"]
        config = write_config(tmp_path, sim, [account])
        out = tmp_path / "captured"
        done = await asyncio.to_thread(marginwatch, "capture", "main", str(out), "--config", str(config))
        assert (done.returncode, done.stderr) == (0, "")
        everything = b"".join(file.read_bytes() for file in out.iterdir()).decode()
        assert account.key not in everything
        assert account.secret not in everything
        done = await asyncio.to_thread(marginwatch, "assess", str(out))
        assert done.returncode == 0
        assert "cross:USDT" in done.stdout
        assert "isolated:ETHUSDT:short" in done.stdout
        done = await asyncio.to_thread(marginwatch, "capture", str(out), "--config", str(config))
        assert (done.returncode, done.stderr.count("\n")) == (73, 1), "answers of two moments are never mixed"
        other = tmp_path / "other"
        done = await asyncio.to_thread(marginwatch, "capture", str(other), "--config", str(config))
        assert (done.returncode, done.stderr) == (0, ""), "the only account need not be named"
        assert sorted(file.name for file in other.iterdir()) == sorted(file.name for file in out.iterdir())
        none = tmp_path / "none"
        (tmp_path / "main.secret").write_text("not-the-secret-of-this-account")
        done = await asyncio.to_thread(marginwatch, "capture", "main", str(none), "--config", str(config))
        assert (done.returncode, done.stderr.count("\n")) == (77, 1)
        await sim.close_port()
        done = await asyncio.to_thread(marginwatch, "capture", "main", str(none), "--config", str(config))
        assert (done.returncode, done.stderr.count("\n")) == (69, 1)
        assert not none.exists()


async def test_the_log_of_a_quiet_run_is_short(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        async with daemon(write_config(tmp_path, sim, list(sim.accounts.values()))) as monitor:
            await asyncio.sleep(2.0)
            before = len(monitor.lines())
            await asyncio.sleep(3.0)
            assert len(monitor.lines()) == before
            assert before < 25
            assert most_memory_mb(monitor.process.pid) <= 200.0
