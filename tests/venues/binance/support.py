"""What the tests of Binance's words share: our own frames by name, recorded data, and short ways to say an account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from monitor.domain.events import Tick, Ticks
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.venues.binance.codec import decode
from tests.programs import shared

VENUE = "binance"
ACCOUNT = AccountKey(VENUE, "main")
NOW = 1_790_000_001.5  # when our socket has it: 1.5 s after the frames' own event time
E0 = 1_790_000_000.0  # the event time of our own frames, in seconds

HERE = Path(__file__).parent
FRAMES = HERE / "frames"
FAQ = HERE / "faq_account"


def frame(name: str) -> bytes:
    return (FRAMES / f"{name}.json").read_bytes()


def all_frames() -> list[str]:
    return sorted(file.stem for file in FRAMES.glob("*.json"))


def decoded(raw: bytes | str, account: AccountKey | None = ACCOUNT) -> Decoded:
    return decode(raw, venue=VENUE, account=account, received=NOW)


def ticks_of(found: Decoded) -> list[Tick]:
    """All marks of a frame one by one, whether it held one or many."""
    ticks: list[Tick] = []
    for event in found.events:
        if isinstance(event, Tick):
            ticks.append(event)
        elif isinstance(event, Ticks):
            columns = zip(event.symbols, event.marks, event.venue_times, strict=True)
            ticks += [Tick(event.venue, symbol, mark, at, event.received) for symbol, mark, at in columns]
    return ticks


def recorded_frames(*names: str) -> list[dict[str, Any]]:
    """Received frames of recordings beside the checkout; skips the test where they are not there."""
    records = []
    for name in names:
        with shared(f"fixtures/binance/{name}").open(encoding="utf-8") as lines:
            records += [json.loads(line) for line in lines if line.strip()]
    return [record for record in records if record["dir"] == "recv"]


def recorded_answers(name: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads(shared(f"fixtures/binance/{name}").read_text(encoding="utf-8"))
    return [answer for answer in answers if "response" in answer]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()
