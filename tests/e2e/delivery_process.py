"""A process that delivers and is killed at a named point: with the real store, against a server that writes down.

Started once; forks for each run that it is told of on its standard input, one JSON object a line:
`{"folder", "port", "kind", "change", "point"}`. It answers with how the run ended: 0, or minus the signal.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from monitor.alerts.dispatch import Dispatcher
from monitor.alerts.routing import RoutingSettings
from monitor.app.clock import SystemClock
from monitor.domain.alerts import Change
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.keeping import Saved
from monitor.outputs.delivery.service import Delivery
from monitor.outputs.delivery.settings import DeliverySettings, traits
from monitor.store.store import Store
from tests.unit.outputs.delivery.post import alert, change, commit, utc

#: What happens one after the other to one account; a run goes as far as it is told.
STORY = (Change.FIRED, Change.WORSENED, Change.RESOLVED)
KINDS = {"key": (True, False), "edits": (False, True), "plain": (False, False)}
PATIENCE_SECONDS = 20.0


class Wire:
    """A channel to the server that writes down: one line there, one back."""

    kind = "wire"

    def __init__(self, name: str, port: int) -> None:
        self.name, self._port = name, port
        self.keyed, self.edits = KINDS[name]

    async def send(self, message: Message, handle: str | None) -> str | None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            raise DeliveryFailed(self.name, "cannot be reached") from None
        said = {
            "key": message.key,
            "change": message.changes[0].change,
            "handle": handle,
            "repeated": message.repeated,
        }
        writer.write(json.dumps(said).encode() + b"\n")
        answer = json.loads(await reader.readline())
        writer.close()
        return str(answer["handle"]) if self.edits else None

    async def close(self) -> None:
        pass


def main() -> None:
    """Fork for each line."""
    print("ready", flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_run(told))
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


async def _run(told: dict[str, Any]) -> None:
    """Go on with the story up to a change, and die at a point of its way, or end when all is done."""
    store = Store(Path(told["folder"]) / "alerts.db", SystemClock())
    saved = store.open()
    channel = Wire(told["kind"], told["port"])
    upto = STORY.index(Change(told["change"]))
    armed = False

    def crash(point: str) -> None:
        if armed and point == told["point"]:
            os.kill(os.getpid(), signal.SIGKILL)

    delivery = Delivery(
        [channel],
        Dispatcher(RoutingSettings(), [traits(channel)], utc),
        store,
        SystemClock(),
        saved,
        settings=DeliverySettings(first_seconds=0.01, cap_seconds=0.05),
        crash=crash,
    )
    task = asyncio.create_task(delivery.run())
    await _settled(delivery, task)
    # What is remembered decides what is new, as it does where the decisions are made: what is written is not decided
    # again, what is not is.
    for number in range(_known(saved) + 1, upto + 2):
        armed = number == upto + 1
        delivery.take(commit(change(STORY[number - 1], about=alert(since=1000.0), number=number)))
        await _settled(delivery, task)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    store.close(5.0)


def _known(saved: Saved) -> int:
    """How many changes of the story are written down."""
    return saved.alerts[0].number if saved.alerts else len(STORY) if saved.handles else 0


async def _settled(delivery: Delivery, task: asyncio.Task[None]) -> None:
    """Until nothing waits any more, and everything is written."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not delivery.is_idle():  # noqa: ASYNC110  # it is asked from outside, and only here: no event is kept for it
            await asyncio.sleep(0.001)
    if task.done():
        task.result()


if __name__ == "__main__":
    main()
