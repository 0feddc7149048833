"""The daemon itself, on a simulated venue, scraped and judged by a real Prometheus and a real Alertmanager.

The files are those that `marginwatch rules export` writes for the daemon's own configuration, only looked at more often
than every five seconds.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from monitor.sim.binance.server import SimBinance
from tests.channels import real_alertmanager
from tests.channels.real_alertmanager import Alertmanager
from tests.e2e.harness import CADENCE, daemon, write_config
from tests.programs import program
from tests.prometheus.real import Prometheus, binary, prometheus, until_told
from tests.unit.cli.processes import marginwatch
from tests.wire.brokers import free_port

RATIO, LINE = "MarginwatchMarginRatio", "MarginwatchPositionDistance"
GAUGE = 'marginwatch_pool_margin_ratio{pool="isolated:BTCUSDT:long"}'
#: What is kept firing for a while would hide whether the expressions themselves go on.
ALERTS = """
[alerts.margin_ratio]
thresholds = {warning = 0.9, critical = 0.95}
for_seconds = 0.0
keep_firing_seconds = 0.0
[alerts.position_distance]
for_seconds = 0.0
keep_firing_seconds = 0.0
[alerts.data_quality]
for_seconds = 0.0
[alerts.account_down]
for_seconds = 0.0
[[alerts.overrides]]
rule = "margin_ratio"
account = "main"
thresholds = {warning = 0.5, critical = 0.7}
"""


def _export(folder: Path, config: Path, port: int, alertmanager: str) -> None:
    """The files of `rules export`, for other addresses and more haste than theirs."""
    done = marginwatch("rules", "export", str(folder), "--config", str(config))
    assert done.returncode == 0, done.stderr
    for name in ("recording.yml", "rules.yml", "prometheus.yml"):
        text = (folder / name).read_text(encoding="utf-8").replace("interval: 5s", "interval: 500ms")
        text = text.replace("127.0.0.1:9786", f"127.0.0.1:{port}")
        text = text.replace("127.0.0.1:9093", alertmanager.removeprefix("http://")).replace("for: 30s", "for: 1s")
        (folder / name).write_text(text, encoding="utf-8")


async def _stays(people: Alertmanager, *alerts: str) -> None:
    """They fire, and go on to, for as many looks as a wrong rule needs to end them."""
    for _ in range(8):
        firing = await people.names()
        assert {(name, "critical") for name in alerts} <= firing, firing
        await asyncio.sleep(0.5)
    assert all(("critical", "resolved") not in people.told(name) for name in alerts)


async def _known(scraper: Prometheus, query: str, values: int) -> bool:
    return len(await scraper.values(query)) == values


@pytest.mark.system
@pytest.mark.timeout(240)
@pytest.mark.parametrize("which", ["installed", "newer"])
async def test_a_breach_outlives_its_feed_and_the_daemon_and_ends_with_the_position(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_alertmanager, "PATIENCE", 60.0)
    path, port = binary(which), free_port()
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000.0})
        mark = sim.market.mark("BTCUSDT")
        account.trade("BTCUSDT", 0.3, price=mark, isolated=True, leverage=10)
        config = write_config(tmp_path, sim, [account], ALERTS)
        config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
        folder = tmp_path / "prometheus"
        manager = real_alertmanager.alertmanager(program("prometheus-alertmanager"), tmp_path / "am")
        async with manager as people:
            _export(folder, config, port, people.url)
            async with prometheus(path, folder) as scraper:
                async with daemon(config) as monitor:
                    await monitor.until("a scrape", lambda: _known(scraper, GAUGE, 1))
                    assert (RATIO, "critical") not in await people.names()
                    sim.market.set_mark("BTCUSDT", mark * 0.9045)
                    await until_told(people, RATIO, "firing")
                    await until_told(people, LINE, "firing")

                    # The feed dies: streams and polls.
                    sim.faults.refuse |= {"market", "public", "private", "rest"}
                    sim.drop()
                    await monitor.until("nothing is known of the pool", lambda: _known(scraper, GAUGE, 0), within=60.0)
                    await _stays(people, RATIO, LINE)

                    # The daemon dies.
                    await monitor.stop(signal.SIGKILL)
                    await until_told(people, "MarginwatchDown", "firing")
                    await _stays(people, RATIO, LINE)

                # The venue is there again, the position was closed meanwhile, and the daemon starts.
                sim.faults.refuse.clear()
                account.trade("BTCUSDT", -0.3, price=sim.market.mark("BTCUSDT"), isolated=True)
                async with daemon(config) as monitor:
                    for alert in ("MarginwatchDown", RATIO, LINE):
                        await until_told(people, alert, "resolved")
                    heard = len(people.told(RATIO))
                    await monitor.stop(signal.SIGKILL)
                    await until_told(people, "MarginwatchDown", "firing")
                    await asyncio.sleep(3.0)
                    assert len(people.told(RATIO)) == heard, "what was closed stays closed in the next outage"
