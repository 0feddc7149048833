"""A real mosquitto of one test's own, and somebody who listens to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiomqtt import Client

from tests.programs import program

STARTED_SECONDS = 20.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Broker:
    """mosquitto on loopback; with a user it wants that user's password."""

    def __init__(self, folder: Path, user: str = "", password: str = "") -> None:
        self.port = free_port()
        self._program = program("mosquitto")
        # Whoever runs the tests runs it: as the user of its package it could not read a test's folder.
        lines = ["user root", f"listener {self.port} 127.0.0.1", "persistence false"]
        lines.append(f"allow_anonymous {str(not user).lower()}")
        if user:
            users = folder / "users"
            subprocess.run([program("mosquitto_passwd"), "-b", "-c", str(users), user, password], check=True)
            lines.append(f"password_file {users}")
        self._file = folder / "mosquitto.conf"
        self._file.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([self._program, "-c", str(self._file)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTED_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                return
            assert self._process.poll() is None, "mosquitto ended"
            assert time.monotonic() < deadline, "mosquitto does not listen"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.asynccontextmanager
async def listening(
    broker: Broker, user: str | None = None, password: str | None = None
) -> AsyncIterator[list[tuple[str, bytes]]]:
    """All messages as they come."""
    heard: list[tuple[str, bytes]] = []
    async with Client("127.0.0.1", broker.port, username=user, password=password) as client:
        await client.subscribe("#")  # QoS 0: the broker then keeps the order, whatever the messages are

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.append((str(message.topic), message.payload))

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.005)
