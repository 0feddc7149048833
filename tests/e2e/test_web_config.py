"""The installed daemon with TLS and users, and the installed commands that speak to it as its configuration says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import CADENCE, daemon, write_config
from tests.e2e.test_people import long_at_ten
from tests.unit.cli.processes import marginwatch
from tests.unit.web.certificates import authority
from tests.unit.web.test_users import hashed

PASSWORD = "PLANTED-password-of-the-desk"
SECURE = "tls_server_config:\n  cert_file: desk.crt\n  key_file: desk.key\n"
NAMED = {"MARGINWATCH_WEB__CONFIG_FILE": "web.yml", "MARGINWATCH_WEB__USER_FILE": "user"}


async def test_commands_find_their_way_by_the_configuration_and_strangers_find_none(tmp_path: Path) -> None:
    authority(tmp_path).sign("desk", "risk.example.org")
    (tmp_path / "web.yml").write_text(f"{SECURE}basic_auth_users:\n  ada: {hashed(PASSWORD)}\n")
    (tmp_path / "user").write_text(f"ada:{PASSWORD}\n")
    (tmp_path / "user").chmod(0o600)
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        config = write_config(tmp_path, sim, [long_at_ten(sim)])
        async with daemon(config, NAMED, ready=False) as monitor:
            lines = await monitor.until("listening", lambda: monitor.events("listening"))
            assert lines[0]["url"].startswith("https://127.0.0.1:")
            port = {"MARGINWATCH_WEB__PORT": lines[0]["url"].rpartition(":")[2]}

            async def says(*arguments: str, more: dict[str, str]) -> tuple[int, str]:
                done = await asyncio.to_thread(marginwatch, *arguments, "--config", str(config), more=port | more)
                return done.returncode, done.stdout + done.stderr

            async def shown() -> bool:
                _, told = await says("status", "--json", more=NAMED)
                return bool(json.loads(told)["accounts"][0]["pools"])

            await monitor.until("the account", shown, within=30.0)
            code, told = await says("status", more=NAMED | {"MARGINWATCH_WEB__USER_FILE": ""})
            assert (code, "wants a user" in told) == (77, True), told
            assert await monitor.stop() < 10.0
            assert PASSWORD not in monitor.log.read_text()
