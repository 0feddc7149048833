"""The demo, the first thing that a stranger sees: no account, nothing to configure, a story, an end."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import time
from pathlib import Path

from tests.unit.cli.processes import COMMAND, environment, marginwatch


async def test_a_short_demo_tells_its_story_in_plain_lines_and_sums_up() -> None:
    done = await asyncio.to_thread(marginwatch, "demo", "--seconds", "40", "--port", "0")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    out = done.stdout
    assert re.search(r"metrics: http://127\.0\.0\.1:\d+/metrics", out)
    for told in ("Calm.", "a hole", "The market falls", "Binance is lost", "answers again", "stand naked"):
        assert told in out
    for pool in ("main cross:USDT", "multi multi-assets", "hedge multi-assets", "desk cross:USDT"):
        assert re.search(rf"{pool} ratio [\d.]+ LIVE", out), "four accounts at three venues, each live"
    assert re.search(r"FIRED critical hedge_broken: hedge btc of basis", out)
    assert re.search(r"(FIRED|ESCALATED) critical (market|position)_distance: main", out), (
        "one danger, told by its line"
    )
    assert "STALE" in out
    assert "RESOLVED" in out
    assert re.search(r"highest margin ratio: 0\.[89]\d+ \(main cross:USDT\)", out)
    assert re.search(r"from receipt to report: median [\d.]+ ms", out)
    assert "Traceback" not in out


async def test_ctrl_c_ends_the_demo_and_its_metrics_were_there(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        process = await asyncio.create_subprocess_exec(
            COMMAND, "demo", "--port", "0", stdout=out, stderr=out, env=environment()
        )
    try:
        deadline = time.monotonic() + 30
        while "Calm." not in (tmp_path / "out").read_text():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        found = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", (tmp_path / "out").read_text())
        assert found is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        for name in ("pool_margin_ratio", "position_liquidation_price", "event_to_report_seconds_bucket", "build_info"):
            assert f"marginwatch_{name}{{" in text
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert "Traceback" not in (tmp_path / "out").read_text()
        assert "highest margin ratio" in (tmp_path / "out").read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_demo_writes_nothing_anywhere_unless_it_is_told_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    places = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "STATE_DIRECTORY": str(home / "service")}
    done = await asyncio.to_thread(marginwatch, "demo", "--seconds", "4", "--port", "0", more=places)
    assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []


async def test_a_demo_records_itself_into_the_folder_that_it_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    done = await asyncio.to_thread(marginwatch, "demo", "--seconds", "6", "--port", "0", "--journal", str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    checked = await asyncio.to_thread(marginwatch, "journal", "verify", str(folder))
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def test_a_taken_port_is_said_and_another_one_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = await asyncio.to_thread(marginwatch, "demo", "--seconds", "2", "--port", str(port))
    assert done.returncode == 0, done.stderr
    assert f"port {port} is taken: using" in done.stdout
