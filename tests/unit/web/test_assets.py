"""The files of the live page: what is there is served with a tag, and nothing else has an address."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from monitor.web.assets import LIVE_POLICY, TYPES, Assets
from tests.unit.web.staging import TOKEN, Stage, staged

ROOM = Path(str(files("monitor.web") / "assets"))
SERVED = sorted(str(each.relative_to(ROOM)) for each in ROOM.rglob("*") if each.suffix in TYPES)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def raw(stage: Stage, path: str, **headers: str) -> aiohttp.ClientResponse:
    """Ask for a path exactly as it is written."""
    url = URL(stage.server.url + path, encoded=True)
    async with aiohttp.ClientSession() as client, client.get(url, headers=headers, allow_redirects=False) as answer:
        await answer.read()
        return answer


async def test_every_file_of_the_page_is_served_as_what_it_is(stage: Stage) -> None:
    async with aiohttp.ClientSession() as client:
        for path in SERVED:
            async with client.get(f"{stage.server.url}/assets/{path}") as answer:
                assert answer.status == 200, path
                assert answer.headers["Content-Type"] == TYPES[Path(path).suffix]
                assert await answer.read() == (ROOM / path).read_bytes()


async def test_what_a_browser_has_is_not_sent_again(stage: Stage) -> None:
    first = await raw(stage, "/assets/live.css")
    again = await raw(stage, "/assets/live.css", **{"If-None-Match": first.headers["ETag"]})
    other = await raw(stage, "/assets/live.css", **{"If-None-Match": '"of-another-version"'})

    assert (again.status, again.headers["ETag"]) == (304, first.headers["ETag"])
    assert (again.content_length or 0, other.status) == (0, 200)
    assert first.headers["Cache-Control"] == "no-cache", "a new version must show at once"


@pytest.mark.parametrize(
    "path",
    [
        "../server.py", "..%2fserver.py", "%2e%2e/server.py", "js/../../server.py", "js/..%2f..%2fserver.py", "",
        "js", "js/", "//etc/passwd", "%2fetc%2fpasswd", "live.css%00", "live.css%00.js", "LIVE.CSS", "live.css/",
        "vendor/uplot/LICENSE", "..%5cserver.py", ".%2e/.%2e/.%2e/etc/passwd", "%c0%ae%c0%ae/server.py",
    ],
)  # fmt: skip
async def test_no_path_leads_elsewhere(stage: Stage, path: str) -> None:
    assert (await raw(stage, f"/assets/{path}")).status in (400, 404)


async def test_the_page_may_load_from_here_alone_and_carries_nothing_inline(stage: Stage) -> None:
    answer = await raw(stage, "/")
    text = await answer.text()

    assert answer.headers["Content-Security-Policy"] == LIVE_POLICY
    assert "unsafe" not in LIVE_POLICY
    assert "'none'" in LIVE_POLICY.partition(";")[0]
    assert "http://" not in text
    assert "https://" not in text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text)
    assert '<noscript><p class="noscript">' in text
    assert "/plain" in text


async def test_all_that_the_page_names_is_there(stage: Stage) -> None:
    text = (ROOM / "live.html").read_text()
    named = set(re.findall(r'(?:href|src)="/assets/([^"]+)"', text))
    for module in (ROOM / "js").glob("*.js"):
        named |= {f"js/{found}" for found in re.findall(r'from "\./([^"]+)"', module.read_text())}

    assert named <= set(SERVED)
    assert "js/main.js" in named


async def test_the_files_are_no_secret_but_the_page_is_where_reading_needs_the_token() -> None:
    async with staged(token=TOKEN, reading=True) as stage:
        assert (await raw(stage, "/assets/live.css")).status == 200
        page = await raw(stage, "/")
        assert (page.status, page.headers["Location"]) == (303, "/login?next=/")


def test_a_folder_without_the_page_is_noticed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing for browsers")
    with pytest.raises(FileNotFoundError, match=r"live\.html"):
        Assets(tmp_path)
