"""MQTT 3.1.1 and a websocket client on blocking sockets, as little as it takes: what the floor of P1 is made of."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.feed_server import framed, shake_hands
from bench.harness import Skipped
from bench.timing import cores, on_core

WAIT_SECONDS = 10.0
CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
TEXT, PING = 1, 9


@contextlib.contextmanager
def mosquitto() -> Iterator[int]:
    """A broker of our own on the servers' core; its port. Raises Skipped where it is not installed."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Skipped("mosquitto is not installed: sudo apt-get install --no-install-recommends mosquitto")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mosquitto.conf"
        file.write_text(f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
        with on_core(cores()[0]):
            broker = subprocess.Popen([found, "-c", str(file)], stderr=subprocess.DEVNULL)
        try:
            dialled(port).close()
            yield port
        finally:
            broker.kill()
            broker.wait()


def dialled(port: int) -> socket.socket:
    """A connection without delay, as soon as somebody listens."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            found = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return found


def _length(size: int) -> bytes:
    """The remaining length of a packet: seven bits a byte."""
    found = bytearray()
    while True:
        size, low = size >> 7, size & 127
        found.append(low | (128 if size else 0))
        if not size:
            return bytes(found)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


class Mqtt:
    """One client: connects at once, publishes without confirmation, or listens to everything."""

    def __init__(self, port: int, name: str) -> None:
        self._socket = dialled(port)
        self._stream = self._socket.makefile("rb")
        self._send(CONNECT, _text("MQTT") + bytes([4, 2, 0, 60]) + _text(name))
        kind, _ = self._read()
        assert kind == CONNACK

    def subscribe(self) -> None:
        """Hear everything."""
        self._send(SUBSCRIBE, struct.pack("!H", 1) + _text("#") + b"\x00")
        kind, _ = self._read()
        assert kind == SUBACK

    def publish(self, topic: str, payload: bytes) -> None:
        """Once, unconfirmed."""
        self._send(PUBLISH, _text(topic) + payload)

    def heard(self) -> bytes:
        """The payload of the next message. TimeoutError where none comes."""
        while True:
            kind, body = self._read()
            if kind & 0xF0 == PUBLISH:
                return body[2 + struct.unpack("!H", body[:2])[0] :]

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()

    def _send(self, kind: int, body: bytes) -> None:
        self._socket.sendall(bytes([kind]) + _length(len(body)) + body)

    def _read(self) -> tuple[int, bytes]:
        kind = self._stream.read(1)[0]
        size = shift = 0
        while True:
            one = self._stream.read(1)[0]
            size |= (one & 127) << shift
            shift += 7
            if one < 128:
                return kind, self._stream.read(size)


class WebSocket:
    """A client that reads short text frames."""

    def __init__(self, port: int) -> None:
        self._socket = dialled(port)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while self._stream.readline() != b"\r\n":
            pass

    def read(self) -> bytes:
        """The next frame's payload."""
        _, size = self._stream.read(2)
        if size == 126:
            (size,) = struct.unpack("!H", self._stream.read(2))
        return self._stream.read(size)


class Venue:
    """The exchange for one client: accepts it, acknowledges what it subscribes to, sends what it is told."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(WAIT_SECONDS)
        self.port = int(self._listener.getsockname()[1])

    def accept(self) -> None:
        """Wait for the client."""
        self._client, _ = self._listener.accept()
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shake_hands(self._client)
        threading.Thread(target=self._answer, daemon=True).start()

    def send(self, text: str) -> None:
        """One frame."""
        self._client.sendall(framed(text))

    def close(self) -> None:
        """Hang up."""
        self._client.close()
        self._listener.close()

    def _answer(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            stream = self._client.makefile("rb")
            while head := stream.read(2):
                size = head[1] & 127
                if size == 126:
                    (size,) = struct.unpack("!H", stream.read(2))
                mask, raw = stream.read(4), stream.read(size)
                text = bytes(byte ^ mask[place & 3] for place, byte in enumerate(raw))
                if head[0] & 15 == TEXT:
                    self.send(json.dumps({"result": None, "id": json.loads(text)["id"]}))
                elif head[0] & 15 == PING:
                    self._client.sendall(bytes([0x8A, len(text)]) + text)
