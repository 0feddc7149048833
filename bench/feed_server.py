"""A venue of our own for benchmarks: it shakes hands and writes mark prices at a pace, to one client at a time.

Plain threads and blocking sockets, so that its pace is exact and its work stays on its core. Each client has a port.
The first one also gets the asset prices that it subscribed to, each second, whoever is served.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from ctypes import c_int, c_ulonglong
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, PING, PONG = 1, 9, 10
ASSETS_EVERY_SECONDS = 1.0
SPAWN = get_context("spawn")


class Shared:
    """What the server's process and the benchmark tell each other."""

    def __init__(self, clients: int) -> None:
        self.active: Synchronized[int] = SPAWN.Value(c_int, 0)  #: which client gets frames
        self.sent: Synchronized[int] = SPAWN.Value(c_ulonglong, 0)  #: frames so far, to whomever
        self.ports = SPAWN.Array(c_int, clients)
        self.opened = SPAWN.Semaphore(0)


def header(length: int, opcode: int = TEXT) -> bytes:
    """The beginning of an unmasked frame."""
    if length < 126:
        return struct.pack("!BB", 0x80 | opcode, length)
    if length < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, length)
    return struct.pack("!BBQ", 0x80 | opcode, 127, length)


def framed(text: str) -> bytes:
    """A text as one frame."""
    raw = text.encode()
    return header(len(raw)) + raw


def row(symbol: str, mark: float, at_ms: int) -> str:
    """A mark price as the venue writes it."""
    return (
        f'{{"e":"markPriceUpdate","E":{at_ms},"s":"{symbol}","p":"{mark:.8f}","ap":"{mark:.8f}",'
        f'"P":"{mark:.8f}","i":"{mark:.8f}","r":"0.00010000","T":1800000000000,"st":1}}'
    )


def asset_row(asset: str, price: float, at_ms: int) -> str:
    """An asset's index as the venue writes it."""
    return (
        f'{{"e":"assetIndexUpdate","E":{at_ms},"s":"{asset}USD","i":"{price:.8f}","b":"0.05000000","a":"0.05000000",'
        f'"B":"{price:.8f}","A":"{price:.8f}","q":"0.05000000","g":"0.05000000","Q":"{price:.8f}","G":"{price:.8f}"}}'
    )


def array(stream: str, rows: Iterable[str]) -> str:
    """A frame of the combined route."""
    return f'{{"stream":"{stream}","data":[{",".join(rows)}]}}'


def serve(
    shared: Shared, marks: Sequence[tuple[str, float]], assets: Sequence[tuple[str, float]], per_second: float
) -> None:
    """Serve until killed: `marks` in turns, each in a frame of its own, so many a second."""
    clients: list[socket.socket | None] = [None] * len(shared.ports)
    for number in range(len(clients)):
        listener = socket.create_server(("127.0.0.1", 0))
        shared.ports[number] = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, clients, number), daemon=True).start()
    shared.opened.release()
    turn, due, assets_due = 0, time.perf_counter(), 0.0
    while True:
        if clients[0] is not None and time.perf_counter() >= assets_due:
            assets_due = time.perf_counter() + ASSETS_EVERY_SECONDS
            now = int(time.time() * 1000)
            clients[0].sendall(framed(array("!assetIndex@arr", (asset_row(*asset, now) for asset in assets))))
        due = max(due + 1.0 / per_second, time.perf_counter() - 0.01)
        time.sleep(max(0.0, due - time.perf_counter()))
        client = clients[shared.active.value]
        if client is not None:
            symbol, mark = marks[turn % len(marks)]
            client.sendall(framed(row(symbol, mark, int(time.time() * 1000))))
            shared.sent.value += 1
            turn += 1


def _accept(listener: socket.socket, clients: list[socket.socket | None], number: int) -> None:
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shake_hands(client)
        clients[number] = client
        threading.Thread(target=_answer, args=(client,), daemon=True).start()


def shake_hands(client: socket.socket) -> None:
    """Read the request and accept it, whatever its path."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += client.recv(65536)
    found = re.search(rb"(?i)sec-websocket-key:\s*(\S+)", request)
    assert found is not None
    accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )


def _answer(client: socket.socket) -> None:
    """Acknowledge each request and answer each ping."""
    stream = client.makefile("rb")
    while True:
        try:
            opcode, raw = _read(stream.read)
        except (EOFError, OSError):
            return  # it is gone
        if opcode == PING:
            client.sendall(header(len(raw), PONG) + raw)
        elif opcode == TEXT:
            client.sendall(framed(json.dumps({"result": None, "id": json.loads(raw)["id"]})))


def _read(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """(opcode, payload) of a client's frame, which is masked. EOFError at the end."""
    first, second = _exactly(read, 2)
    length = second & 127
    if length == 126:
        (length,) = struct.unpack("!H", _exactly(read, 2))
    elif length == 127:
        (length,) = struct.unpack("!Q", _exactly(read, 8))
    mask, raw = _exactly(read, 4), _exactly(read, length)
    return first & 15, bytes(byte ^ mask[place & 3] for place, byte in enumerate(raw))


def _exactly(read: Callable[[int], bytes], count: int) -> bytes:
    raw = read(count)
    if len(raw) < count:
        raise EOFError
    return raw
