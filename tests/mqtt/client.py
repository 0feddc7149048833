"""A subscriber of its own: every message with its topic, its retain flag and its expiry."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import NamedTuple

from aiomqtt import Client, ProtocolVersion

from tests.mqtt.secure import VIEWER, SecureBroker


class Heard(NamedTuple):
    topic: str
    payload: bytes
    retained: bool
    expiry_seconds: int | None


def person(broker: SecureBroker, user: str = "viewer") -> Client:
    """A client of somebody who is not us."""
    context = ssl.create_default_context(cafile=str(broker.ca_file))
    return Client(
        "127.0.0.1", broker.port, username=user, password=VIEWER, tls_context=context, protocol=ProtocolVersion.V5
    )


@contextlib.asynccontextmanager
async def watching(broker: SecureBroker, *topics: str) -> AsyncIterator[list[Heard]]:
    """What comes in on these topics, first what is retained."""
    heard: list[Heard] = []
    async with person(broker) as client:
        for topic in topics:
            await client.subscribe(topic, qos=1)

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                expiry = getattr(message.properties, "MessageExpiryInterval", None)
                heard.append(Heard(message.topic.value, message.payload, bool(message.retain), expiry))

        task = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
