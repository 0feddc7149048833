"""Nothing that the monitor writes or serves holds a key, a secret, a signature or a listen key, whatever goes wrong."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from monitor.sim.binance.refusals import Refusal
from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import CADENCE, Daemon, daemon, write_config
from tests.unit.cli.processes import marginwatch


async def everything_said(monitor: Daemon) -> str:
    """The log, and every page that is served."""
    pages = ["/", "/metrics", "/api/v1/pools", "/-/ready", "/-/healthy", "/nothing", "/style.css"]
    texts = [(await monitor.get(page))[1] for page in pages]
    return "\n".join([monitor.log.read_text(), *texts])


def assert_clean(text: str, secrets: list[str]) -> None:
    for secret in secrets:
        for part in (secret, secret[:16], secret[-16:]):
            assert part not in text
    assert not re.search(r"signature=[0-9a-fA-F]{8}", text)
    assert not re.search(r"listenKey=[A-Za-z0-9]{8}", text)


async def test_a_run_full_of_faults_at_debug_level_tells_no_secret(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.3, price=sim.market.mark("BTCUSDT"))
        wrong = sim.add_account("wrong")
        config = write_config(tmp_path, sim, [account, wrong])
        planted = "a-wrong-secret-that-is-long-enough-to-be-seen"
        (tmp_path / "wrong.secret").write_text(planted)
        secrets = [account.key, account.secret, wrong.key, planted]
        async with daemon(config, {"MARGINWATCH_LOG_LEVEL": "debug"}, ready=False) as monitor:
            await monitor.until("listening", lambda: monitor.events("listening"))
            monitor.url = monitor.events("listening")[0]["url"]
            await monitor.until("the user stream", lambda: monitor.events("feed up", stream="user"), within=30.0)
            secrets.append(sim.keys.key_of("main") or "")
            assert len(secrets[-1]) > 16
            faults = sim.faults
            faults.garbage_frames.update(market=3, private=1)
            faults.truncated_frames.update(market=2)
            faults.garbage_answers.update({"/fapi/v3/account": 2, "/fapi/v3/positionRisk": 2})
            faults.truncated_answers.update({"/fapi/v1/accountConfig": 1})
            faults.reject_timestamp = 2
            faults.rate_limited = 2
            sim.unknown_event()
            sim.send("private", '{"e":"ACCOUNT_UPDATE","listenKey":"' + secrets[-1] + '"')
            await asyncio.sleep(2.0)
            sim.expire_listen_key("main")
            await asyncio.sleep(1.0)
            secrets.append(sim.keys.key_of("main") or secrets[-1])
            faults.refused_answers["/fapi/v3/account"] = Refusal(
                400, -1102, f"signature=abcdef0123456789 {account.key}"
            )
            faults.slow_answers["/fapi/v1/symbolConfig"] = 4.0
            await asyncio.sleep(2.0)
            faults.refuse |= {"market", "private", "rest"}
            sim.drop()
            await asyncio.sleep(1.5)
            await sim.close_port()
            await asyncio.sleep(1.0)
            text = await everything_said(monitor)
            assert "main" in text
            assert (await monitor.document())["diagnosis"]["binance"], "what could not be read can be looked at"
            assert monitor.events("unreadable input")
            assert_clean(text, secrets)
            await monitor.stop()
        assert_clean(monitor.log.read_text(), secrets)


async def test_expected_errors_tell_no_secret(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main")
        config = write_config(tmp_path, sim, [account], "[web]\n")  # a table given twice: not TOML
        said = ""
        for command in (("check-config",), ("run",), ("capture", "main", str(tmp_path / "out"))):
            done = await asyncio.to_thread(marginwatch, *command, "--config", str(config))
            assert done.returncode == 78
            said += done.stdout + done.stderr
        assert "Traceback" not in said
        assert_clean(said, [account.key, account.secret])
