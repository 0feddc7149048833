"""What the flight recorder is told by a real session: every frame and every answer, and never a listen key."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from monitor.domain.recording import Recorder
from monitor.sim.binance import SimBinance
from tests.wire.harness import SHORT, simulator, until, wired

KEPT_ALIVE_OFTEN = replace(SHORT, keep_alive_every_seconds=0.2)


@dataclass
class Notebook:
    """A recorder that keeps everything in memory."""

    frames: list[tuple[str, str | None, str, bytes, float]] = field(default_factory=list)
    answers: list[tuple[str, str | None, str, int, bytes, float, float]] = field(default_factory=list)

    def frame(self, venue: str, account: str | None, stream: str, raw: bytes, received: float) -> None:
        self.frames.append((venue, account, stream, raw, received))

    def answer(
        self, venue: str, account: str | None, name: str, status: int, raw: bytes, asked: float, received: float
    ) -> None:
        self.answers.append((venue, account, name, status, raw, asked, received))

    def sockets(self) -> set[tuple[str | None, str]]:
        return {(account, stream) for _, account, stream, _, _ in self.frames}

    def named(self, name: str) -> list[tuple[str | None, int, bytes]]:
        return [(account, status, raw) for _, account, what, status, raw, _, _ in self.answers if what == name]

    def everything(self) -> bytes:
        return b"".join([raw for *_, raw, _ in self.frames] + [raw for *_, raw, _, _ in self.answers])


def with_account() -> SimBinance:
    sim = simulator()
    sim.add_account("main").trade("BTCUSDT", 0.1)
    return sim


async def test_every_frame_and_every_answer_is_told_as_it_came_and_whose_it_is() -> None:
    recorder: Recorder = (notebook := Notebook())
    async with with_account() as sim, wired(sim, recorder=recorder) as wire:
        await wire.all_up()
        sim.accounts["main"].trade("ETHUSDT", 1.0)
        await until(lambda: (None, "market") in notebook.sockets() and ("main", "user") in notebook.sockets())
        await until(lambda: notebook.named("positionRisk"))
        marks = [json.loads(raw) for _, _, stream, raw, _ in notebook.frames if stream == "market"]
        assert marks[0].keys() == {"result", "id"}, "the acknowledgement too, and before anybody has understood it"
        assert any(one.get("stream") == "!markPrice@arr@1s" for one in marks)
        updates = [json.loads(raw)["e"] for _, _, stream, raw, _ in notebook.frames if stream == "user"]
        assert "ACCOUNT_UPDATE" in updates
        names = {(account, name) for _, account, name, *_ in notebook.answers}
        assert names >= {
            (None, "time"),
            (None, "exchangeInfo"),
            ("main", "account"),
            ("main", "positionRisk"),
            ("main", "accountConfig"),
            ("main", "symbolConfig"),
            ("main", "leverageBracket"),
            ("main", "apiRestrictions"),
            ("main", "listenKey"),
        }
        assert all(status == 200 for *_, status, _, _, _ in notebook.answers)
        assert all(asked <= received for *_, asked, received in notebook.answers)
        assert json.loads(notebook.named("positionRisk")[0][2])[0]["symbol"] == "BTCUSDT"
        counted = sum(one.messages for one in wire.streams())
        assert counted == len(notebook.frames), "as many as the ledger counts"


async def test_a_refused_answer_and_one_that_is_no_data_are_told_too() -> None:
    notebook = Notebook()
    async with with_account() as sim:
        sim.faults.garbage_answers["/fapi/v3/account"] = 1
        async with wired(sim, recorder=notebook) as wire:
            await until(lambda: len(notebook.named("account")) > 1, what="it was asked once more")
            await wire.all_up()
        first = notebook.named("account")[0][2]
    with pytest.raises(ValueError, match="column"):
        json.loads(first)


async def test_no_listen_key_is_told() -> None:
    """It stands in the answers that make it and in the frame that says that it expired."""
    notebook, keys = Notebook(), set[str]()
    async with with_account() as sim, wired(sim, timings=KEPT_ALIVE_OFTEN, recorder=notebook) as wire:
        await wire.all_up()
        keys.add(sim.keys.key_of("main") or "")
        await until(lambda: len(notebook.named("listenKey")) >= 3, what="made, and kept alive")
        sim.send("private", json.dumps({"e": "ACCOUNT_UPDATE", "listenKey": min(keys)})[:-4])
        sim.expire_listen_key("main", event=True)
        await until(lambda: any(b"listenKeyExpired" in raw for *_, raw, _ in notebook.frames))
        await until(lambda: wire.up("user", "main") and sim.keys.key_of("main") not in (None, *keys))
        keys.add(sim.keys.key_of("main") or "")
        assert all(len(key) > 16 for key in keys)
        assert all(account == "main" and raw == b"" for account, _, raw in notebook.named("listenKey"))
        said = notebook.everything()
        assert b'"listenKey": "***' in said or b'"listenKey":"***' in said
        for secret in (*keys, sim.accounts["main"].key, sim.accounts["main"].secret):
            assert secret[:16].encode() not in said
            assert secret[-16:].encode() not in said
