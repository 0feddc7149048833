"""Connections of a simulated venue over real websockets."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence

from aiohttp import WSCloseCode, WSMsgType, web

from monitor.sim.connections import Connection, Outgoing, S
from monitor.sim.faults import Faults
from monitor.sim.sent import Sent


class SocketConnection(Connection[S]):
    """One websocket. Frames go through an outbox, which a task of its own empties."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        speech: S,
        faults: Faults,
        sent: Sent,
        now: Callable[[], float],
    ) -> None:
        super().__init__(speech, faults, sent, now)
        self._socket, self._transport = socket, transport
        self._outbox: asyncio.Queue[Outgoing] = asyncio.Queue()

    def _write(self, outgoing: Outgoing) -> None:
        self._outbox.put_nowait(outgoing)

    def blast(self, all_at_once: Sequence[Outgoing]) -> None:
        """Many frames in one write, as a stuck line that comes free does."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(text_frame(one.text) for one in all_at_once))
            for one in all_at_once:
                self.wrote(one.line)

    async def ping(self, text: str) -> None:
        """A ping frame; ConnectionError if the client is gone."""
        await self._socket.ping(text.encode())

    async def close(self, code: int) -> None:
        """The closing handshake."""
        await self._socket.close(code=code)

    def drop(self) -> None:
        """Cut the connection without a word: the client sees 1006."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Empty the outbox until the socket closes."""
        while not self._socket.closed:
            outgoing = await self._outbox.get()
            try:
                await self._socket.send_str(outgoing.text)
            except ConnectionError:
                return
            self.wrote(outgoing.line)

    async def read(self) -> None:
        """Answer the client until it leaves."""
        async for message in self._socket:
            if message.type is WSMsgType.PING:
                if self.route not in self.faults.deaf:
                    await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.last_pong = self.now()
            elif message.type is WSMsgType.TEXT and not self.hear(message.data):
                await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests")
                return


def text_frame(text: str) -> bytes:
    """One unmasked websocket text frame (RFC 6455, section 5.2)."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    if len(payload) < 65_536:
        return b"\x81\x7e" + struct.pack(">H", len(payload)) + payload
    return b"\x81\x7f" + struct.pack(">Q", len(payload)) + payload
