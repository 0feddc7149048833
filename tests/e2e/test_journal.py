"""The flight recorder of a real daemon: closed in good order, killed, on a full disk, beside another one; no secret."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from monitor.outputs.journal.reader import files, read
from monitor.outputs.journal.records import Answer, Baseline, End, Frame, Lost, Outcome, Record, Run, Step
from monitor.outputs.journal.segment import Damage, blocks
from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import CADENCE, Daemon, daemon, write_config
from tests.unit.cli.processes import marginwatch


def table(folder: Path, more: str = "") -> str:
    return f'[journal]\ndirectory = "{folder}"\n{more}'


def held(sim: SimBinance) -> None:
    account = sim.add_account("main", wallets={"USDT": 10_000.0})
    account.trade("BTCUSDT", 0.3, price=sim.market.mark("BTCUSDT"))


def decompressed(folder: Path) -> bytes:
    return b"".join(block for file in files(folder) for block in blocks(file) if isinstance(block, bytes))


async def recorded(monitor: Daemon, folder: Path, steps: int) -> list[Record | Damage]:
    """What is on the disk once so many steps are."""

    def enough() -> list[Record | Damage]:
        found = list(read(folder)) if folder.exists() and any(folder.glob("*.mwj")) else []
        return found if sum(isinstance(row, Step) for row in found) >= steps else []

    found: list[Record | Damage] = await monitor.until(f"{steps} steps in the journal", enough)
    return found


async def test_a_run_is_recorded_and_closed_and_can_be_listed_verified_and_exported(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        config = write_config(tmp_path, sim, [sim.accounts["main"]], table(folder, "segment_seconds = 1.0\n"))
        async with daemon(config) as monitor:
            await recorded(monitor, folder, 20)
            await monitor.until("a second segment", lambda: len(files(folder)) > 1)
            assert await monitor.value("journal_writing") == 1.0
            await monitor.stop()
    found = list(read(folder))
    kinds = [type(row) for row in found]
    assert kinds[0] is Run
    assert isinstance(found[-1], End)
    assert found[-1].why == "stopped"
    assert {Frame, Answer, Step, Outcome, Baseline, End} <= set(kinds)
    assert Damage not in kinds
    steps = [row.number for row in found if isinstance(row, Step)]
    assert steps == list(range(1, len(steps) + 1))
    assert any(row.pools for row in found if isinstance(row, Outcome))
    listed = await asyncio.to_thread(marginwatch, "journal", "ls", "--config", str(config))
    verified = await asyncio.to_thread(marginwatch, "journal", "verify", "--config", str(config))
    assert (listed.returncode, verified.returncode) == (0, 0)
    assert listed.stdout.startswith("run 20")
    assert "closed, the monitor stopped" in listed.stdout
    assert verified.stdout.splitlines() == [verified.stdout.strip()]
    assert "nothing is damaged" in verified.stdout
    file = tmp_path / "history.csv"
    exported = await asyncio.to_thread(marginwatch, "journal", "export", str(folder), "--csv", str(file))
    assert (exported.returncode, exported.stderr) == (0, "")
    assert "cross:USDT" in file.read_text()
    last = files(folder)[-1]
    last.write_bytes(last.read_bytes()[:-9] + b"123456789")
    damaged = await asyncio.to_thread(marginwatch, "journal", "verify", str(folder))
    assert damaged.returncode == 1
    assert f"DAMAGED: {last.name}" in damaged.stdout


async def test_a_kill_costs_the_last_moment_and_nothing_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        config = write_config(tmp_path, sim, [sim.accounts["main"]], table(folder))
        async with daemon(config) as monitor:
            before = await recorded(monitor, folder, 15)
            await monitor.stop(signal.SIGKILL)
        after = list(read(folder))
        assert after[: len(before)] == before
        assert not [row for row in after if isinstance(row, Damage) and not row.torn]
        assert not [row for row in after if isinstance(row, End)]
        done = await asyncio.to_thread(marginwatch, "journal", "verify", str(folder))
        assert (done.returncode, "was not closed" in done.stdout) == (0, True)
        async with daemon(config) as monitor:  # the next one begins beside it, and changes nothing of it
            await monitor.until("a second run", lambda: len(files(folder)) > 1)
        assert list(read(files(folder)[0])) == after


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own, of half a megabyte."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a small file system here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))


async def test_on_a_full_disk_the_monitor_says_so_and_goes_on_and_so_does_the_journal_after_it(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        folder = disk / "journal"
        async with SimBinance(quiet=True, cadence=CADENCE) as sim:
            held(sim)
            config = write_config(tmp_path, sim, [sim.accounts["main"]], table(folder))
            async with daemon(config) as monitor:
                await recorded(monitor, folder, 5)
                filler = disk / "filler"
                fill(filler)
                lines = await monitor.until("the announcement", lambda: monitor.events("journal does not write"))
                assert "No space left on device" in lines[0]["reason"]
                await monitor.until("the figure", lambda: _is(monitor, "journal_writing", 0.0))
                assert (await monitor.get("/-/ready"))[0] == 200
                lost = await monitor.value("journal_lost_total") or 0.0
                await monitor.until("steps that go on and are counted", lambda: _more(monitor, lost))
                filler.unlink()
                await monitor.until(
                    "the journal again", lambda: len(monitor.events("journal writes")) == 2, within=30.0
                )
                await monitor.stop()
        found = list(read(folder))
        [missing] = [row for row in found if isinstance(row, Lost)]
        assert missing.why == "No space left on device"
        assert missing.counts["Step"] > 0
        assert not [row for row in found if isinstance(row, Damage)]
        place = found.index(missing)
        baseline = found[place - 1]
        following = next(row for row in found[place:] if isinstance(row, Step))
        assert isinstance(baseline, Baseline)
        assert following.number == baseline.after + 1
        done = await asyncio.to_thread(marginwatch, "journal", "verify", str(folder))
        assert done.returncode == 0
        assert "says itself that records were lost" in done.stdout


async def _is(monitor: Daemon, name: str, value: float) -> bool:
    return await monitor.value(name) == value


async def _more(monitor: Daemon, before: float) -> bool:
    return (await monitor.value("journal_lost_total") or 0.0) > before + 5.0


async def test_a_second_monitor_does_not_write_into_the_folder_of_the_first_and_runs_on(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        configs = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            configs.append(write_config(tmp_path / name, sim, [sim.accounts["main"]], table(folder)))
        async with daemon(configs[0]) as first:
            await recorded(first, folder, 1)
            async with daemon(configs[1]) as second:
                [line] = await second.until("the refusal", lambda: second.events("journal does not write"))
                assert (
                    f"another monitor (process {first.process.pid}) writes its journal into {folder}" in line["reason"]
                )
                assert (await second.get("/-/ready"))[0] == 200
                assert len(files(folder)) == 1
                await first.stop()
                await second.until("its turn", lambda: second.events("journal writes"), within=30.0)


async def test_the_files_hold_no_secret_whatever_goes_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        held(sim)
        account = sim.accounts["main"]
        wrong = sim.add_account("wrong")
        config = write_config(tmp_path, sim, [account, wrong], table(folder))
        planted = "a-wrong-secret-that-is-long-enough-to-be-seen"
        (tmp_path / "wrong.secret").write_text(planted)
        secrets = [account.key, account.secret, wrong.key, planted]
        async with daemon(config, ready=False) as monitor:
            await monitor.until("the user stream", lambda: monitor.events("feed up", stream="user"), within=30.0)
            secrets.append(sim.keys.key_of("main") or "")
            assert len(secrets[-1]) > 16
            sim.faults.garbage_frames.update(market=2, private=1)
            sim.faults.truncated_answers.update({"/fapi/v1/accountConfig": 1, "/fapi/v3/account": 1})
            sim.faults.reject_timestamp = 2
            sim.unknown_event()
            for text in (f'{{"e":"ACCOUNT_UPDATE","listenKey":"{secrets[-1]}"', f'{{"e":"X","k":"{secrets[-1]}"}}'):
                sim.send("private", text)
            sim.send("market", f'{{"stream":"x","data":{{"planted":"{account.secret}"}}}}')
            await asyncio.sleep(1.5)
            sim.expire_listen_key("main")
            await asyncio.sleep(1.5)
            secrets.append(sim.keys.key_of("main") or secrets[-1])
            sim.drop()
            await asyncio.sleep(1.5)
            await monitor.stop()
    written = decompressed(folder)
    kinds = {type(row) for row in read(folder)}
    assert {Frame, Answer, Step} <= kinds
    assert b'"planted":"****' in written, "a public text that holds a secret of the configuration is masked"
    for secret in secrets:
        for part in (secret, secret[:16], secret[-16:]):
            assert part.encode() not in written
    assert not re.search(rb"signature=[0-9a-fA-F]{8}", written)
    assert not re.search(rb"listenKey=[A-Za-z0-9]{8}", written)
    assert not re.search(rb"(?<![A-Za-z0-9])[A-Za-z0-9]{60,}(?![A-Za-z0-9])", written)
