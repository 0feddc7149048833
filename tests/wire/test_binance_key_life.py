"""Complaint 15 for every product: a key or token dies by its event, by a refusal, in silence, or of age.

In earnest data has to be back in 15 s, here in 15 s / 20; meanwhile REST tells what happens.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.events import FeedDown
from monitor.domain.names import AccountKey
from monitor.sim.binance import SimBinance
from monitor.sim.binance.server import Cadence
from tests.wire.binance import KINDS, NAME, Kind, briefly, said
from tests.wire.harness import SHORT, Wired, simulator, until, wired

WITH_KEYS = [kind for kind in KINDS if kind.product != "isolated-margin"]
WITH_TOKENS = [kind for kind in KINDS if "socket-api" in kind.routes]


def _messages(wire: Wired) -> dict[str, int]:
    return {row.stream: row.messages for row in wire.streams() if row.account}


def _keys(sim: SimBinance) -> set[str]:
    return {key for keys in sim.key_ring.all if (key := keys.key_of(NAME)) is not None}


async def _told_again(wire: Wired, kind: Kind, account: object) -> None:
    """Every stream that tells of what the owner does tells it again."""
    before = _messages(wire)
    kind.move(account, 0)
    await until(lambda: said(wire, kind) == kind.truth(account))
    await until(lambda: any(count > before[row] for row, count in _messages(wire).items()), what="a push")


@pytest.mark.parametrize("kind", briefly(WITH_KEYS, "margin", "portfolio-margin-pro"), ids=str)
@pytest.mark.parametrize("death", ["event", "refused"])
async def test_a_dead_listen_key_is_replaced_and_rest_bridges(kind: Kind, death: str) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        timings = replace(SHORT, keep_alive_every_seconds=0.5 if death == "refused" else 1500.0)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            old, mark = _keys(sim), len(wire.events)
            sim.expire_listen_key(NAME, event=death == "event")
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account), what="over REST")
            await until(lambda: wire.since(mark, FeedDown), what="the stream is down")
            await until(lambda: all(row.up for row in wire.streams()), what="the stream is back")
            assert _keys(sim)
            assert not _keys(sim) & old
            await _told_again(wire, kind, account)
        assert not wire.ended
        assert not any(key in repr(wire.events) for key in old)


@pytest.mark.parametrize("kind", [one for one in WITH_KEYS if one.product != "margin"], ids=str)
async def test_a_key_that_died_in_silence_is_found_by_what_rest_shows(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.5)
            mark = len(wire.events)
            sim.expire_listen_key(NAME, event=False)
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account), what="over REST")
            await until(lambda: wire.since(mark, FeedDown), what="the doubt")
            await until(lambda: all(row.up for row in wire.streams()), what="the stream is back")
            await until(lambda: wire.status(kind.rows[-2 if len(kind.rows) > 1 else 0], NAME).up)
        assert not wire.ended


async def test_a_debt_that_no_warning_told_costs_the_key_of_the_risk_stream() -> None:
    kind = next(one for one in KINDS if one.product == "margin")
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.5)
            old = sim.key_ring.risk.key_of(NAME)
            sim.expire_listen_key(NAME, event=False)
            account.borrow("ETH", 0.5)
            await until(lambda: said(wire, kind) == kind.truth(account))
            await until(lambda: wire.up("warnings", NAME) and sim.key_ring.risk.key_of(NAME) not in (None, old))
            await until(lambda: wire.status("warnings", NAME).reconnects == 1)
            assert wire.up("user", NAME)
        assert not wire.ended


@pytest.mark.parametrize("kind", WITH_TOKENS, ids=str)
@pytest.mark.parametrize("death", ["event", "silence"])
async def test_a_dead_listen_token_is_replaced_on_the_same_socket(kind: Kind, death: str) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.5)
            old = sim.tokens.latest_of(NAME)
            sim.expire_listen_token(NAME, event=death == "event")
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account), what="over REST")
            await until(lambda: sim.tokens.latest_of(NAME) not in (None, old), what="another token")
            await until(lambda: wire.up("user", NAME))
            before = wire.status("user", NAME).messages
            kind.move(account, 1)
            await until(lambda: wire.status("user", NAME).messages > before, what="pushes arrive again")
            assert wire.status("user", NAME).reconnects == 0
            assert bool(wire.all(FeedDown)) is (death == "event")
        assert not wire.ended
        assert old is not None
        assert old not in repr(wire.events)


@pytest.mark.parametrize("kind", WITH_TOKENS[1:], ids=str)
async def test_a_token_is_renewed_before_it_ends(kind: Kind) -> None:
    """Tokens live a day, here 0.9 s: nobody notices that one follows the other."""
    sim = SimBinance(quiet=True, cadence=Cadence(mark_seconds=0.1, listen_token_seconds=0.9))
    async with sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            tokens = set()
            for _ in range(15):
                await asyncio.sleep(0.1)
                tokens.add(sim.tokens.latest_of(NAME))
            assert len(tokens) >= 3
            assert not wire.all(FeedDown)
            assert wire.status("user", NAME).reconnects == 0
            await _told_again(wire, kind, account)


@pytest.mark.parametrize("kind", WITH_TOKENS, ids=str)
async def test_a_token_that_is_refused_is_no_reason_to_hammer(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        sim.faults.unknown_listen_token = 5
        async with wired(sim) as wire:
            await until(lambda: not sim.faults.unknown_listen_token and wire.up("user", NAME))
            assert sim.requests.count("/sapi/v1/userListenToken") <= 8
            await _told_again(wire, kind, account)


async def test_a_pair_that_is_opened_later_is_told_of() -> None:
    kind = next(one for one in KINDS if one.product == "isolated-margin")
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            account.transfer("ETHUSDT", "USDT", 1_000.0)
            await until(lambda: said(wire, kind) == kind.truth(account))
            await until(lambda: sim.requests.count("/sapi/v1/userListenToken") == 2)
            await until(lambda: sim.requests.count("/sapi/v1/margin/isolatedMarginTier") >= 2)
            await asyncio.sleep(0.3)
            before = wire.status("user", NAME).messages
            account.transfer("ETHUSDT", "USDT", 1.0)
            await until(lambda: wire.status("user", NAME).messages > before)
            assert wire.up("user", NAME)


async def test_no_token_and_no_key_reaches_a_recording() -> None:
    kind = next(one for one in KINDS if one.product == "margin")
    kept: list[bytes] = []

    class Kept:
        def frame(self, venue: str, account: str | None, stream: str, raw: bytes, received: float) -> None:
            kept.append(raw)

        def answer(
            self, venue: str, account: str | None, name: str, status: int, body: bytes, asked: float, received: float
        ) -> None:
            kept.append(body)

    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim, recorder=Kept()) as wire:
            await wire.all_up()
            secrets = _keys(sim) | {sim.tokens.latest_of(NAME) or "none"}
            kind.move(account, 0)
            sim.expire_listen_key(NAME)
            sim.expire_listen_token(NAME)
            await asyncio.sleep(0.5)
            secrets |= _keys(sim) | {sim.tokens.latest_of(NAME) or "none"}
        assert len(kept) > 10
        assert not [raw for raw in kept for secret in secrets if secret.encode() in raw]
        assert AccountKey("binance", NAME) in {getattr(one, "account", None) for one in wire.events}
