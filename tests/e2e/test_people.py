"""From a price to a person: the daemon as a process, a simulated exchange, a webhook that is heard, and kill -9."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from pathlib import Path

import aiohttp

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.server import SimBinance
from tests.e2e.catcher import Catcher, catcher
from tests.e2e.harness import CADENCE, Daemon, daemon, write_config
from tests.e2e.test_secrets import assert_clean, everything_said
from tests.unit.cli.processes import marginwatch

NEAR = "MarginwatchPositionDistance"
QUICK = """
[alerts.position_distance]
for_seconds = 0.3
keep_firing_seconds = 1.0
[alerts.margin_ratio]
for_seconds = 0.3
keep_firing_seconds = 1.0
[delivery.grouping_seconds]
warning = 0.0
"""
STEADY = 100_000.0


def long_at_ten(sim: SimBinance) -> SimAccount:
    """An account with 1,000 USDT and 0.1 BTC: its line lies about a tenth below."""
    sim.market.set_mark("BTCUSDT", STEADY)
    account = sim.add_account("main", wallets={"USDT": 1_100.0})
    account.trade("BTCUSDT", 0.1, price=STEADY)
    return account


def config(folder: Path, sim: SimBinance, account: SimAccount, hook: Catcher, more: str = "") -> Path:
    file = write_config(folder, sim, [account], QUICK + hook.table() + more)
    file.chmod(0o600)  # the webhook's address is a secret
    return file


async def killed(monitor: Daemon) -> None:
    monitor.process.send_signal(signal.SIGKILL)
    await monitor.process.wait()


async def test_a_breach_is_told_once_whatever_restarts_and_its_end_once_though_it_came_while_down(
    tmp_path: Path,
) -> None:
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        file = config(tmp_path, sim, account, hook)
        async with daemon(file) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
            await killed(monitor)
        async with daemon(file) as monitor:
            await asyncio.sleep(3.0)  # long enough for a page to come, if one were to
            assert hook.told(NEAR) == ["fired"]
            firing = json.loads((await monitor.get("/api/v1/alerts"))[1])["alerts"]
            assert [each["name"] for each in firing if each["name"] == NEAR] == [NEAR]
            await killed(monitor)
        sim.market.set_mark("BTCUSDT", 1.05 * STEADY)
        async with daemon(file) as monitor:
            await monitor.until("the end", lambda: hook.told(NEAR) == ["fired", "resolved"])
            await asyncio.sleep(1.0)
            assert hook.told(NEAR) == ["fired", "resolved"]


async def test_a_breach_while_down_is_told_and_a_position_that_vanished_meanwhile_too(tmp_path: Path) -> None:
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        account.trade("ETHUSDT", 0.01, price=sim.market.mark("ETHUSDT"))
        file = config(tmp_path, sim, account, hook)
        async with daemon(file) as monitor:
            await asyncio.sleep(1.0)
            assert hook.told(NEAR) == []
            await killed(monitor)
        account.close("ETHUSDT")
        sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
        async with daemon(file) as monitor:
            await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
            await monitor.until("the loss", lambda: hook.told("MarginwatchPositionVanished") == ["fired"])
            said = [each for each in hook.alerts if each["labels"]["alertname"] == "MarginwatchPositionVanished"]
            assert "not running" in said[0]["annotations"]["summary"]
            await killed(monitor)
        async with daemon(file):
            await asyncio.sleep(2.5)
        assert hook.told("MarginwatchPositionVanished") == ["fired"], "it is known by now"


async def test_an_acknowledgement_from_the_command_line_survives_a_restart_and_ends_when_it_grows_worse(
    tmp_path: Path,
) -> None:
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        file = config(tmp_path, sim, account, hook)
        async with daemon(file) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
            firing = json.loads((await monitor.get("/api/v1/alerts"))[1])["alerts"]
            mark = next(each["fingerprint"] for each in firing if each["name"] == NEAR)
            done = await asyncio.to_thread(
                marginwatch, "alerts", "ack", mark[:8], "--comment", "on it", "--author", "desk", "--url", monitor.url
            )
            assert done.returncode == 0, done.stderr
            await monitor.until("the acknowledgement", lambda: hook.told(NEAR) == ["fired", "acknowledged"])
            await killed(monitor)
        async with daemon(file) as monitor:
            listed = await asyncio.to_thread(marginwatch, "alerts", "list", "--json", "--url", monitor.url)
            states = {each["fingerprint"]: each["state"] for each in json.loads(listed.stdout)["alerts"]}
            assert states[mark] == "acknowledged"
            sim.market.set_mark("BTCUSDT", 0.915 * STEADY)
            await monitor.until("worse", lambda: hook.told(NEAR, severity="critical") == ["escalated"])


async def test_a_channel_that_fails_holds_up_nothing_and_what_waited_comes_when_it_is_back(tmp_path: Path) -> None:
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        hook.status = 503
        async with daemon(config(tmp_path, sim, account, hook, "[delivery]\ncap_seconds = 0.5\n")) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("attempts", lambda: monitor.events("alert_fired", rule="position_distance"))

            async def failing() -> bool:
                return (await monitor.value("channel_failed_total", channel="hook") or 0.0) >= 2.0

            await monitor.until("failures", failing)
            assert await monitor.value("channel_up", channel="hook") == 0.0
            hook.status = 200
            await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])


async def test_planted_secrets_of_channels_reach_no_log_page_message_or_database(tmp_path: Path) -> None:
    planted = {
        "telegram": "123456789:PLANTEDtelegramTOKENabcdefghijklmnop", "slack": "xoxb-PLANTED-slack-token-0123456789",
        "url": "PLANTED-url-secret-0123456789", "web": "PLANTED-web-token-0123456789",
        "mqtt": "PLANTED-mqtt-password-0123456789", "hmac": "PLANTED-hmac-secret-0123456789",
    }  # fmt: skip
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        text = f"""
[channels.phone]
kind = "telegram"
token = "{planted["telegram"]}"
chats = [1]
buttons = true
api = "http://127.0.0.1:{hook.port}"
[channels.desk]
kind = "slack"
token = "{planted["slack"]}"
channel = "C1"
api = "http://127.0.0.1:{hook.port}"
[channels.room]
kind = "discord"
url = "http://127.0.0.1:{hook.port}/{planted["url"]}"
[channels.any]
kind = "apprise"
url = "json://user:{planted["url"]}@127.0.0.1:{hook.port}/"
[channels.pager]
kind = "pagerduty"
routing_key = "{planted["url"]}"
api = "http://127.0.0.1:1/"
[dead_man.watch]
url = "http://127.0.0.1:{hook.port}/ping/{planted["url"]}"
every_seconds = 0.5
[mqtt]
host = "127.0.0.1"
port = 1
username = "monitor"
password = "{planted["mqtt"]}"
"""
        file = config(tmp_path, sim, account, hook, f'secret = "{planted["hmac"]}"\n' + text)
        file.write_text(file.read_text().replace("[web]\n", f'[web]\ntoken = "{planted["web"]}"\n'))
        file.chmod(0o600)
        secrets = [*planted.values(), account.key, account.secret]
        async with daemon(file, {"MARGINWATCH_LOG_LEVEL": "debug"}) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
            async with aiohttp.ClientSession() as http:
                for token in ("wrong", planted["web"]):
                    headers = {"Authorization": f"Bearer {token}"}
                    await http.post(f"{monitor.url}/api/v1/test", json={}, headers=headers)
            await asyncio.sleep(2.0)
            pages = ["/api/v1/alerts", "/api/v1/silences", "/runbooks/", f"/alerts/{hook.alerts[0]['fingerprint']}"]
            said = await everything_said(monitor) + "".join([(await monitor.get(page))[1] for page in pages])
            assert_clean(said + json.dumps(hook.bodies), secrets)
            await monitor.stop()
        assert_clean(monitor.log.read_text(), secrets)
        for kept in (tmp_path / "state").iterdir():
            raw = kept.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in raw], kept.name
        with sqlite3.connect(tmp_path / "state" / "marginwatch.db") as database:
            (count,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            assert count > 3
        database.close()
