"""People and the running daemon: a token in a file, the command line, a browser's form, signs of life, and the metrics
that tell of it all.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from subprocess import CompletedProcess

import aiohttp

from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import CADENCE, daemon, write_config
from tests.e2e.test_people import long_at_ten
from tests.e2e.test_secrets import assert_clean, everything_said
from tests.unit.cli.processes import marginwatch

TOKEN = "PLANTED-token-of-the-desk-0123456789"
QUICK = "[alerts.position_distance]\nfor_seconds = 0.0\n[heartbeats.backup]\nevery_seconds = 3600.0\n"


async def test_a_person_with_the_token_silences_and_acknowledges_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    named = {"MARGINWATCH_WEB__TOKEN_FILE": str(tmp_path / "token")}
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        async with daemon(write_config(tmp_path, sim, [account], QUICK), named) as monitor:

            async def says(*arguments: str, known: bool = True) -> CompletedProcess[str]:
                url = ("--url", monitor.url)
                return await asyncio.to_thread(marginwatch, "alerts", *arguments, *url, more=named if known else {})

            async def count(**labels: str) -> float:
                return await monitor.value("alerts_firing", rule="position_distance", **labels) or 0.0

            async def firing() -> str:
                alerts = json.loads((await monitor.get("/api/v1/alerts"))[1])["alerts"]
                return next((each["fingerprint"] for each in alerts if each["rule"] == "position_distance"), "")

            sim.market.set_mark("BTCUSDT", 96_000.0)
            mark = await monitor.until("the alert", firing)
            assert await count(severity="warning", state="firing") == 1.0

            matchers = ("rule=position_distance", "account=~ma.*")
            refused = await says("silence", *matchers, "--for", "1h", "--comment", "no", known=False)
            assert (refused.returncode, await monitor.value("silences_active")) == (77, 0.0)
            silenced = await says("silence", *matchers, "--for", "1h", "--comment", "upgrade", "--author", "desk")
            assert (silenced.returncode, silenced.stderr) == (0, "")
            assert silenced.stdout.endswith(": 1 alert quiet now\n")
            assert await monitor.value("silences_active") == 1.0
            assert await count(severity="warning", state="silenced") == 1.0
            ended = await says("unsilence", silenced.stdout.split()[1])
            assert ended.returncode == 0, ended.stderr
            assert await monitor.value("silences_active") == 0.0

            await pressed(monitor.url, mark)
            assert await count(severity="warning", state="acknowledged") == 1.0
            changes = json.loads((await monitor.get(f"/api/v1/alerts/{mark}/history"))[1])["history"]
            assert [each["change"] for each in changes] == ["acknowledged", "unsilenced", "silenced", "fired"]
            assert all(each["reason"] for each in changes)
            assert changes[0]["alert"]["by"] == "Ada"
            for change in ("fired", "silenced", "unsilenced", "acknowledged"):
                assert await monitor.value("alert_transitions_total", rule="position_distance", change=change) == 1.0
                assert monitor.events(f"alert_{change}", rule="position_distance")[0]["reason"]

            bearer = {"Authorization": f"Bearer {TOKEN}"}
            assert await monitor.value("heartbeat_last_timestamp_seconds", heartbeat="backup") is None
            beat = f"{monitor.url}/api/v1/heartbeats/backup"
            async with aiohttp.ClientSession() as client, client.post(beat, headers=bearer) as answer:
                assert answer.status == 200

            async def beaten() -> bool:
                return await monitor.value("heartbeat_last_timestamp_seconds", heartbeat="backup") is not None

            await monitor.until("the sign of life", beaten)
            said = await everything_said(monitor) + (await monitor.get(f"/alerts/{mark}"))[1]
            assert_clean(said + str([refused, silenced, ended]), [TOKEN])


async def pressed(url: str, fingerprint: str) -> None:
    """What a browser does: log in by the form, open the alert, press its button."""
    page = f"/alerts/{fingerprint}"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(f"{url}/login?next={page}") as answer:
            fields = {"nonce": nonce_of(await answer.text()), "next": page, "token": TOKEN}
        async with browser.post(f"{url}/login", data=fields) as answer:
            assert answer.url.path == page
            fields = {"nonce": nonce_of(await answer.text()), "action": "acknowledge", "author": "Ada"}
        async with browser.post(url + page, data=fields) as answer:
            assert "Acknowledged by Ada" in await answer.text()


def nonce_of(page: str) -> str:
    """The nonce of the first form."""
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found is not None
    return found[1]
