"""Two hundred positions come near their lines at one moment: what a person gets of it, and how soon."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from monitor.outputs.channels.wording import MAY_BE_REPEATED
from monitor.sim.binance.server import SimBinance
from tests.channels import fakes
from tests.channels.fakes import Asked, Fault
from tests.e2e.harness import CADENCE, daemon, write_config

COUNT = 200
MOST_MESSAGES = 20  #: on one channel, of two hundred alerts; twenty are one, and not all decided in one moment

PATIENCE_SECONDS = 2.0  #: before the fallback is told; 20 unless it is set
SOON_SECONDS = 25.0  #: and what the busiest machine may take besides: people are told within half a minute

QUICK = f"""
[alerts.position_distance]
for_seconds = 0.0
keep_firing_seconds = 0.5
[delivery]
fallback_after_seconds = {PATIENCE_SECONDS}
"""


@dataclass
class Telegram(fakes.Telegram):
    """As the real one: it takes so many messages at once, then one in each `every_seconds`; else it says when."""

    burst: int = 2
    every_seconds: float = 0.25
    told: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0
    early: int = 0  #: requests that came although it had said that they should not
    _tokens: float = 2.0
    _at: float = 0.0
    _not_before: float = 0.0

    def answer(self, asked: Asked) -> web.Response:
        now = time.monotonic()
        self.early += now < self._not_before - 0.05
        self._tokens = min(float(self.burst), self._tokens + (now - self._at) / self.every_seconds)
        self._at = now
        if self._tokens < 1.0:
            self.refused += 1
            self._not_before = now + self.retry_after
            return self.limited()
        self._tokens -= 1.0
        if asked.path.endswith("sendMessage"):
            self.told.append((now, str(asked.body["text"])))
        return super().answer(asked)


def positions(sim: SimBinance) -> None:
    """One isolated position in each of many coins, its line about a fifth below."""
    account = sim.add_account("main", wallets={"USDT": 100_000.0})
    for number in range(1, COUNT + 1):
        account.trade(f"X{number:03d}USDT", 1_000.0, isolated=True, leverage=5)


def phone_table(phone: fakes.Telegram, more: str) -> str:
    """The channel that leads to a person's phone."""
    return f'[channels.phone]\nkind = "telegram"\ntoken = "1:a"\nchats = [1]\napi = "{phone.url}"\n{more}\n'


def strike(sim: SimBinance) -> float:
    """All come near at once, half of them very near. Returns when."""
    for number in range(1, COUNT + 1):
        symbol = f"X{number:03d}USDT"
        sim.market.set_mark(symbol, sim.market.mark(symbol) * (0.84 if number % 2 else 0.88))
    return time.monotonic()


def relieve(sim: SimBinance) -> None:
    """All are far from their lines again."""
    for position in sim.accounts["main"].open_positions():
        sim.market.set_mark(position.symbol, 1.05 * position.entry)


def named(texts: Sequence[str]) -> list[int]:
    """The coins that messages name, in order, a coin once for each message."""
    return [number for text in texts for number in sorted({int(found) for found in re.findall(r"X(\d{3})USDT", text)})]


async def test_what_comes_at_once_is_a_few_messages_the_criticals_first_at_the_pace_that_the_service_sets(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    phone = Telegram(retry_after=1)
    async with phone.running(), SimBinance(quiet=True, cadence=CADENCE, more_symbols=COUNT) as sim:
        positions(sim)
        table = phone_table(phone, "per_minute = 600.0")
        file = write_config(tmp_path, sim, list(sim.accounts.values()), QUICK + table)
        file.chmod(0o600)
        async with daemon(file) as monitor:
            struck = strike(sim)
            await monitor.until("all told", lambda: len(named([text for _, text in phone.told])) >= COUNT, within=60.0)
            texts = [text for _, text in phone.told]
            levels = ["critical" if "CRITICAL" in text else "warning" for text in texts]
            assert levels == sorted(levels), "the criticals first"
            assert sorted(named(texts)) == list(range(1, COUNT + 1)), "each position once"
            assert len(texts) <= MOST_MESSAGES
            assert phone.told[0][0] - struck < SOON_SECONDS
            assert (phone.refused > 0, phone.early) == (True, 0), "429 came, and was heeded"
            last = phone.told[-1][0] - struck
            told = len(texts)
            relieve(sim)

            def ends() -> list[str]:
                return [text for _, text in phone.told[told:]]

            await monitor.until("all ends told", lambda: len(named(ends())) >= COUNT, within=60.0)
            assert sorted(named(ends())) == list(range(1, COUNT + 1)), "each end once"
            assert len(ends()) <= MOST_MESSAGES
            assert phone.early == 0
    record_property(
        "table",
        f"{COUNT} alerts at once: {told} messages, the first after {phone.told[0][0] - struck:.1f} s, the last after "
        f"{last:.1f} s; {phone.refused} answers 429; {len(ends())} messages at the end",
    )


async def test_while_the_service_takes_nothing_the_fallback_is_told_of_the_criticals_first_and_soon(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    phone, room = fakes.Telegram(retry_after=600), fakes.Discord()
    phone.break_down(Fault.LIMITED)
    async with phone.running(), room.running(), SimBinance(quiet=True, cadence=CADENCE, more_symbols=COUNT) as sim:
        positions(sim)
        table = phone_table(phone, 'fallback = "room"')
        table += f'[channels.room]\nkind = "discord"\nurl = "{room.url}"\nper_minute = 600.0\n'
        table += '[[routes]]\nname = "all"\nchannels = ["phone"]\n'
        file = write_config(tmp_path, sim, list(sim.accounts.values()), QUICK + table)
        file.chmod(0o600)
        async with daemon(file) as monitor:
            struck = strike(sim)
            await monitor.until("the fallback", lambda: room.messages, within=30.0)
            soon = time.monotonic() - struck

            def texts() -> list[str]:
                return [str(message) for message in room.messages.values()]

            await monitor.until("all told", lambda: len(named(texts())) >= COUNT, within=60.0)
            every = time.monotonic() - struck
            levels = ["critical" if "CRITICAL" in text else "warning" for text in texts()]
            assert levels == sorted(levels), "the criticals first"
            assert sorted(named(texts())) == list(range(1, COUNT + 1)), "each position once"
            assert len(texts()) <= MOST_MESSAGES
            assert soon < PATIENCE_SECONDS + SOON_SECONDS
            assert len(phone.asked) == 1, "it asked for ten minutes, and has them"
    record_property(
        "table",
        f"{COUNT} alerts at once, none taken: the fallback is told after {soon:.1f} s "
        f"(patience {PATIENCE_SECONDS:g} s), of all after {every:.1f} s in {len(texts())} messages",
    )


async def test_killed_in_the_midst_of_it_the_rest_is_told_and_what_may_come_twice_says_so(tmp_path: Path) -> None:
    phone = Telegram(retry_after=1)
    async with phone.running(), SimBinance(quiet=True, cadence=CADENCE, more_symbols=COUNT) as sim:
        positions(sim)
        file = write_config(
            tmp_path, sim, list(sim.accounts.values()), QUICK + phone_table(phone, "per_minute = 600.0")
        )
        file.chmod(0o600)

        def texts() -> list[str]:
            return [text for _, text in phone.told]

        async with daemon(file) as monitor:
            strike(sim)
            await monitor.until("some are told", lambda: len(phone.told) >= 4)
            await monitor.stop(signal.SIGKILL)
        before = named(texts())
        assert len(before) < COUNT, "killed too late"
        async with daemon(file) as monitor:
            await monitor.until("all told", lambda: set(named(texts())) == set(range(1, COUNT + 1)), within=60.0)
            await asyncio.sleep(2.0)
        told = Counter(named(texts()))
        again = {number for number, times in told.items() if times > 1}
        assert len(again) <= 20, "one message was under way"
        marked = [text for text in texts() if MAY_BE_REPEATED in text]
        assert again <= set(named(marked))
        assert all(times == 2 for number, times in told.items() if number in again)
