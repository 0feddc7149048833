"""The disk of the store fills up while the daemon runs: people are told all the same, of that too, and once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from monitor.sim.binance.server import SimBinance
from tests.e2e.catcher import Catcher, catcher
from tests.e2e.harness import CADENCE, Daemon, daemon
from tests.e2e.test_people import NEAR, STEADY, config, killed, long_at_ten
from tests.unit.store.disk import fill, small_disk

FULL = "MarginwatchStoreDown"
SOON = """
[alerts.store_down]
for_seconds = 0.5
keep_firing_seconds = 0.5
"""


def written(state: Path, rule: str) -> list[str]:
    """What the audit says of a rule, in order; numbers of an incident must follow each other without a gap."""
    with closing(sqlite3.connect(f"file:{state / 'marginwatch.db'}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT incident, number, what FROM audit WHERE rule = ? ORDER BY id", (rule,)
        ).fetchall()
    for incident in {row[0] for row in rows}:
        numbers = [number for of, number, _ in rows if of == incident]
        assert numbers == list(range(1, len(numbers) + 1)), (incident, rows)
    return [what for _, _, what in rows]


async def valued(monitor: Daemon, name: str, value: float) -> bool:
    return await monitor.value(name) == value


def told_once(hook: Catcher) -> bool:
    """Whether no change of an incident was in two messages. A body says which change it tells, and since when."""
    seen = Counter(
        (each["fingerprint"], each["startsAt"], each["annotations"]["change"], each["annotations"]["reason"])
        for each in hook.alerts
    )
    return max(seen.values()) == 1


async def test_alerts_go_out_while_the_disk_is_full_and_afterwards_all_is_written_and_was_told_once(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "state") as state:
        async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
            file = config(tmp_path, sim, long_at_ten(sim), hook, SOON)
            async with daemon(file) as monitor:
                assert await monitor.value("store_writing") == 1.0
                filler = state / "filler"
                fill(filler)
                sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
                await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
                sim.market.set_mark("BTCUSDT", 0.915 * STEADY)
                await monitor.until("that it got worse", lambda: hook.told(NEAR, severity="critical") == ["escalated"])
                [line] = await monitor.until("the log", lambda: monitor.events("store does not write"))
                assert "no space left" in line["reason"]
                await monitor.until("the figure", lambda: valued(monitor, "store_writing", 0.0))
                await monitor.until("that people are told", lambda: hook.told(FULL) == ["fired"])
                [loss] = [each for each in hook.alerts if each["labels"]["alertname"] == FULL]
                assert "no space left" in loss["annotations"]["text"]
                assert (await monitor.get("/-/ready"))[0] == 200
                assert "escalated" not in written(state, "position_distance"), "else the disk was not full"

                filler.unlink()
                sim.market.set_mark("BTCUSDT", 0.902 * STEADY)  # what is decided next is written at once, with the rest
                await monitor.until("writing", lambda: valued(monitor, "store_writing", 1.0))
                await monitor.until("that nothing waits", lambda: valued(monitor, "store_waiting", 0.0))
                await monitor.until("the end of it", lambda: hook.told(FULL) == ["fired", "resolved"])
                assert monitor.events("store writes again")
                await monitor.until("the audit", lambda: written(state, "store_down") == ["fired", "resolved"])
                assert written(state, "position_distance") == ["fired", "escalated", "worsened"]
                assert await monitor.value("store_lost_total") == 0.0
                before = hook.told(NEAR)
                await killed(monitor)
            async with daemon(file):
                await asyncio.sleep(2.5)  # long enough for a page to come, if one were to
            assert hook.told(NEAR) == before
            assert hook.told(FULL) == ["fired", "resolved"]
            assert told_once(hook)


async def test_a_monitor_that_starts_on_a_full_disk_tells_nothing_anew_and_what_is_new_all_the_same(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "state") as state:
        async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
            file = config(tmp_path, sim, long_at_ten(sim), hook, SOON)
            async with daemon(file) as monitor:
                sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
                await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
                await monitor.until("that it is written as sent", lambda: sent(state, 1))
                await killed(monitor)
            filler = state / "filler"
            fill(filler)
            async with daemon(file) as monitor:
                assert hook.told(NEAR) == ["fired"]
                sim.market.set_mark("BTCUSDT", 0.915 * STEADY)
                await monitor.until("that it got worse", lambda: hook.told(NEAR, severity="critical") == ["escalated"])
                sim.market.set_mark("BTCUSDT", 0.902 * STEADY)
                await monitor.until("that people are told", lambda: hook.told(FULL) == ["fired"])
                filler.unlink()
                sim.market.set_mark("BTCUSDT", 1.05 * STEADY)
                await monitor.until("the ends", lambda: (hook.told(FULL)[-1], hook.told(NEAR)[-1]) == ("resolved",) * 2)
                await monitor.until("the audit", lambda: written(state, "store_down") == ["fired", "resolved"])
                assert written(state, "position_distance") == ["fired", "escalated", "worsened", "resolved"]
                await monitor.stop()
            assert told_once(hook)


def sent(state: Path, count: int) -> bool:
    """Whether so many messages are written down as sent."""
    with closing(sqlite3.connect(f"file:{state / 'marginwatch.db'}?mode=ro", uri=True)) as database:
        (found,) = database.execute("SELECT count(*) FROM outbox WHERE state = 'sent'").fetchone()
    return int(found) >= count
