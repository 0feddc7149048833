"""Apprise: what it is given, what is found out before it is asked, and what happens when it hangs."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading

import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import Change
from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.apprise import THREADS, AppriseChannel, AppriseSettings, check
from tests.channels.fakes import Fault, Ntfy
from tests.channels.samples import SECRET, StillClock, alert, change, message, using
from tests.programs import ROOT
from tests.wire.brokers import until


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Its plug-ins: the first use takes its time."""
    check(AppriseSettings(name="phone", url="ntfy://example.org/risk"))


def _settings(fake: Ntfy, timeout: float = 5.0) -> AppriseSettings:
    return AppriseSettings(name="phone", url=f"ntfy://{fake.url.removeprefix('http://')}/risk", timeout_seconds=timeout)


def _channel(fake: Ntfy, timeout: float = 5.0) -> AppriseChannel:
    return AppriseChannel(_settings(fake, timeout), StillClock())


async def test_title_and_text_arrive_as_they_are() -> None:
    fake = Ntfy()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(change(one=alert(text="<b>&amp; *x*\nsecond"))), None)
    body = fake.asked[0].body
    assert body["title"] == "main: margin ratio 82 % of cross:USDT"
    assert body["message"].startswith("<b>&amp; *x*\nsecond\n\nDetails: https://")
    assert body["topic"] == "risk"
    assert "X-Icon" not in fake.asked[0].headers  # nothing that a phone would fetch from elsewhere


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        ("ntfy://ntfy.example.org/risk", ""),
        ("mailto://user:pw@example.org?to=desk@example.org", ""),
        ("pover://" + "u" * 30 + "@" + "t" * 30, ""),
        (f"nosuch://{SECRET}", "does not know nosuch://"),
        (f"tgram://{SECRET}", "misses a part"),
        (SECRET, "must begin with the scheme"),
        ("", "must begin with the scheme"),
        (f"{SECRET} x://", "must begin with the scheme"),
        ("ntfy://a/b, ntfy://c/d", "several services"),
    ],
)
def test_a_url_is_checked_without_a_network_and_without_showing_it(url: str, mistake: str) -> None:
    found = check(AppriseSettings(name="phone", url=url))
    assert mistake in found
    assert bool(found) is bool(mistake)
    assert SECRET not in found


async def test_a_hanging_attempt_is_given_up_and_its_retry_waits_for_it_instead_of_sending_again() -> None:
    fake = Ntfy()
    async with fake.running(), using(channel := _channel(fake, 0.3)):
        fake.break_down(Fault.HANG)
        with pytest.raises(DeliveryFailed, match=r"no answer within 0.3 s") as failed:
            await channel.send(message(), None)
        assert failed.value.uncertain
        with pytest.raises(DeliveryFailed, match=r"no answer within 0.3 s"):
            await channel.send(message(), None)
        assert len(fake.asked) == 1


async def test_an_attempt_that_arrives_late_is_not_made_again() -> None:
    fake = Ntfy()
    async with fake.running(), using(channel := _channel(fake, 0.05)):
        fake.slow_seconds = 0.5
        told = message()
        with pytest.raises(DeliveryFailed):
            await channel.send(told, None)
        await until(lambda: not channel.attempts, "the late answer")
        await channel.send(told, None)
    assert len(fake.asked) == 1


async def test_few_threads_hang_at_a_time_and_that_is_told_once() -> None:
    fake = Ntfy()
    before = threading.active_count()
    with capture_logs() as lines:
        async with fake.running(), using(channel := _channel(fake, 0.02)):
            fake.break_down(Fault.HANG)
            for number in range(THREADS + 3):
                with pytest.raises(DeliveryFailed):
                    await channel.send(message(change(one=alert(account=str(number)))), None)
            assert threading.active_count() - before <= THREADS + 1
            with pytest.raises(DeliveryFailed, match="still hang"):
                await channel.send(message(), None)
        await until(lambda: not channel.attempts, "the threads end")
    assert [line["event"] for line in lines if line["event"].startswith("apprise hangs")] == [
        "apprise hangs",
        "apprise hangs no more",
    ]


async def test_while_it_hangs_the_loop_does_not() -> None:
    fake = Ntfy()  # it answers on the same loop, so that a loop that stood still would never be asked
    async with fake.running(), using(channel := _channel(fake, 60.0)):
        fake.break_down(Fault.HANG)
        sending = asyncio.create_task(channel.send(message(), None))
        await until(lambda: bool(fake.asked), "the attempt under way")
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert channel.attempts == 1
        assert not sending.done()
        sending.cancel()


_ENDS = """
import asyncio, sys
from monitor.outputs.channels.apprise import AppriseChannel, AppriseSettings
from monitor.domain.delivery import DeliveryFailed
from tests.channels.samples import StillClock, message

async def main():
    channel = AppriseChannel(AppriseSettings(name="a", url=sys.argv[1], timeout_seconds=1), StillClock())
    try:
        await channel.send(message(), None)
    except DeliveryFailed as failure:
        print(failure, flush=True)
    await channel.close()

asyncio.run(main())
print("end", flush=True)
"""


def test_what_hangs_does_not_keep_the_program_from_ending() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # it takes connections and never answers
        url = f"ntfy://127.0.0.1:{server.getsockname()[1]}/risk?rto=600&cto=600"
        ran = subprocess.run([sys.executable, "-c", _ENDS, url], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout.splitlines() == ["a: no answer within 1 s", "end"]
    assert ran.returncode == 0


async def test_what_is_over_is_a_success() -> None:
    from monitor.outputs.channels.apprise import render

    assert render(message(change(Change.RESOLVED, number=2)))["notify_type"] == "success"
    assert render(message())["notify_type"] == "warning"
