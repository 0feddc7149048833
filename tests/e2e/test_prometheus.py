"""A real Prometheus scrapes a real server: what it then knows, and what it no longer knows."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.domain.alerts import Alert, Severity
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.view import View
from monitor.outputs.prometheus import Exposition
from monitor.web.server import serve
from tests.programs import program
from tests.sample_reports import account, feed, pool, position, view

SCRAPE = 0.2
PATIENCE = 20.0


class Prometheus:
    """The server under scrape, and questions to the Prometheus that scrapes it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url, self._http = url, http
        self.view: View = view(account(pool()))

    async def ask(self, query: str) -> list[tuple[dict[str, str], str]]:
        """Labels and value of each series of an instant query."""
        async with self._http.get(f"{self._url}/api/v1/query", params={"query": query}) as answer:
            body: Any = await answer.json()
        assert body["status"] == "success", body
        return [(series["metric"], series["value"][1]) for series in body["data"]["result"]]

    async def values(self, query: str) -> list[str]:
        """The values alone."""
        return [value for _, value in await self.ask(query)]

    async def until(self, query: str, values: list[str]) -> None:
        """Wait until an instant query gives these values."""

        async def told() -> bool:
            return await self.values(query) == values

        await _until(told, f"{query} = {values}")


async def _until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        if await true():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not within {PATIENCE:.0f} s: {what}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[Prometheus]:
    binary = program("prometheus")
    http = aiohttp.ClientSession()
    port = _free_port()
    scraper = Prometheus(f"http://127.0.0.1:{port}", http)
    server = await serve(lambda: scraper.view, Exposition(rules=("margin_ratio",)), "127.0.0.1", 0)
    (tmp_path / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {SCRAPE * 1000:.0f}ms, scrape_timeout: {SCRAPE * 1000:.0f}ms}}\n"
        "scrape_configs:\n"
        "  - job_name: marginwatch\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{server.port}']}}]\n"
    )
    log = (tmp_path / "prometheus.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        binary,
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=log,
        stderr=log,
    )

    async def scraping() -> bool:
        assert process.returncode is None, (tmp_path / "prometheus.log").read_text()
        try:
            return await scraper.values("up") == ["1"]
        except aiohttp.ClientError:
            return False

    try:
        await _until(scraping, "the first scrape")
        yield scraper
    finally:
        await http.close()
        await _end(process)
        log.close()
        await server.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def test_prometheus_knows_every_answer_of_a_line(prometheus: Prometheus) -> None:
    prometheus.view = view(
        account(
            pool(
                ratio=Ratio.of(float("inf")),
                positions=(
                    position("BTCUSDT"),
                    position("ETHUSDT", Side.SHORT, line=NEVER),
                    position("SOLUSDT", line=LIQUIDATABLE),
                    position("XRPUSDT", line=Line.unknown("no tiers")),
                ),
                coins={"SHIB": {Direction.UP: NEVER, Direction.DOWN: Line.at(1.0, 0.5)}},
            )
        ),
        alerts=(Alert(rule="margin_ratio", severity=Severity.CRITICAL),),
    )
    distance = "marginwatch_position_liquidation_distance_ratio"
    await prometheus.until(f'{distance}{{symbol="ETHUSDT",side="short"}}', ["+Inf"])

    assert await prometheus.values(f'{distance}{{symbol="BTCUSDT"}}') == ["0.25"]
    assert await prometheus.values(f'{distance}{{symbol="SOLUSDT"}}') == ["0"]
    assert await prometheus.values(f'{distance}{{symbol="XRPUSDT"}}') == []
    priced = await prometheus.ask("marginwatch_position_liquidation_price")
    assert [(labels["symbol"], value) for labels, value in priced] == [("BTCUSDT", "45000")]
    assert await prometheus.values("marginwatch_pool_margin_ratio") == ["+Inf"]
    assert await prometheus.values('marginwatch_pool_coin_distance_ratio{coin="SHIB",direction="up"}') == ["+Inf"]
    assert await prometheus.values("marginwatch_pool_margin_ratio >= 1") == ["+Inf"]
    assert await prometheus.values('marginwatch_alerts_firing{severity="critical"}') == ["1"]
    assert await prometheus.values("marginwatch_build_info") == ["1"]
    assert len(await prometheus.values("marginwatch_event_to_report_seconds_bucket")) == 17


async def test_a_closed_position_is_gone_at_the_next_scrape(prometheus: Prometheus) -> None:
    position_of = 'marginwatch_position_mark_price{symbol="BTCUSDT"}'
    quality = 'marginwatch_pool_quality{quality="LIVE"}'
    await prometheus.until(position_of, ["60000"])

    prometheus.view = view(account(pool(positions=())))
    await prometheus.until(position_of, [])
    assert await prometheus.values(quality) == ["1"]

    prometheus.view = view(account())
    await prometheus.until(quality, [])
    assert await prometheus.values("marginwatch_account_up") == ["1"]


async def test_stale_figures_are_absent_and_the_flag_is_one(prometheus: Prometheus) -> None:
    ratio, flag = "marginwatch_pool_margin_ratio", 'marginwatch_pool_quality{quality="STALE"}'
    await prometheus.until(ratio, ["0.2"])
    assert await prometheus.values(flag) == ["0"]

    stale = pool(quality=Quality.STALE, reasons=("no mark of BTCUSDT for 9 s",))
    prometheus.view = view(account(stale, quality=Quality.STALE, up=False), feeds=(feed(up=False),))
    await prometheus.until(flag, ["1"])

    assert await prometheus.values(ratio) == []
    assert await prometheus.values("marginwatch_position_mark_price") == []
    assert await prometheus.values("marginwatch_account_up") == ["0"]
    assert await prometheus.values("marginwatch_feed_up") == ["0"]
    assert len(await prometheus.values("marginwatch_account_last_update_timestamp_seconds")) == 1
