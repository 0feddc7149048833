"""The real feed against small servers of our own that behave badly."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from monitor.app.clock import SystemClock
from monitor.domain.errors import AuthRejected, FeedLost, Overrun
from monitor.venues.backoff import Backoff
from monitor.venues.feed import Feed, _Socket
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import Moment
from tests.wire.harness import SHORT, until

Serve = Callable[[ServerConnection], Awaitable[None]]
KEY = "planted-listen-key"


class Listener:
    """A `Talk` that writes down what it hears and counts as delivering from the first frame."""

    def __init__(self, heard: list[bytes], log: list[str]) -> None:
        self.heard, self.log, self.mine = heard, log, 0

    def opened(self, at: Moment) -> Sequence[str]:
        self.log.append("opened")
        return ("hello",)

    def frame(self, raw: bytes, at: Moment) -> None:
        self.mine += 1
        self.heard.append(raw)

    def watch(self, at: Moment) -> Sequence[str]:
        return ()

    def delivering(self) -> bool:
        return self.mine > 0

    def replacement_wanted(self) -> str:
        return ""

    def adopted(self, at: Moment) -> None:
        self.log.append("adopted")

    def lost(self, reason: str, at: Moment) -> None:
        self.log.append(f"lost: {reason}")


class Line:
    """A feed that is dialled to a server, with what it heard and what became of it."""

    def __init__(self, port: int, timings: Timings = SHORT) -> None:
        self.heard: list[bytes] = []
        self.log: list[str] = []

        async def address() -> Secret:
            return Secret(f"ws://127.0.0.1:{port}/private/ws?listenKey={KEY}")

        self.feed = Feed("v", "user", address, lambda: Listener(self.heard, self.log), SystemClock(), timings)

    async def lost(self, seconds: float = 3.0) -> FeedLost:
        with pytest.raises(FeedLost) as caught:
            await asyncio.wait_for(self.feed.run(), seconds)
        assert KEY not in str(caught.value)
        assert KEY not in "".join(self.log)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        return caught.value


@contextlib.asynccontextmanager
async def server(handler: Serve, **options: object) -> AsyncIterator[int]:
    async with serve(handler, "127.0.0.1", 0, close_timeout=0.1, **options) as running:  # type: ignore[arg-type]  # options of serve
        yield next(iter(running.sockets)).getsockname()[1]


async def idle(peer: ServerConnection) -> None:
    await peer.wait_closed()


async def test_a_connection_that_is_cut_without_a_word_is_lost_with_1006() -> None:
    async def cut(peer: ServerConnection) -> None:
        await peer.recv()
        peer.transport.abort()

    async with server(cut) as port:
        line = Line(port)
        assert (await line.lost()).code == 1006
        assert line.log == ["adopted", "opened", "lost: the connection was closed"]


async def test_a_polite_close_is_lost_with_its_code() -> None:
    async def leave(peer: ServerConnection) -> None:
        await peer.close(1012)

    async with server(leave) as port:
        assert (await Line(port).lost()).code == 1012


async def test_a_peer_that_stalls_is_found_by_our_own_heartbeat() -> None:
    async def deaf(peer: ServerConnection) -> None:
        await peer.recv()
        peer.transport.pause_reading()
        await asyncio.sleep(1.6)

    async with server(deaf) as port:
        began = asyncio.get_running_loop().time()
        await Line(port).lost()
        took = asyncio.get_running_loop().time() - began
        assert took < SHORT.ping_every_seconds + SHORT.ping_timeout_seconds + SHORT.close_seconds + 0.7


async def test_a_peer_that_only_answers_pings_is_not_lost_by_the_socket() -> None:
    """That is for the ledger to find."""
    async with server(idle) as port:
        line = Line(port)
        running = asyncio.create_task(line.feed.run())
        await until(lambda: line.log == ["adopted", "opened"])
        await asyncio.sleep(2 * (SHORT.ping_every_seconds + SHORT.ping_timeout_seconds))
        assert line.log == ["adopted", "opened"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert line.log[-1] == "lost: the feed ended: CancelledError"


async def test_a_handshake_that_is_never_answered_ends_with_the_deadline() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    listener = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with listener:
        line = Line(listener.sockets[0].getsockname()[1], replace(SHORT, connect_seconds=0.2))
        assert "no connection within 0.2 s" in (await line.lost(1.0)).why


async def test_a_refused_handshake_tells_its_status_and_not_its_address() -> None:
    async with server(idle, process_request=lambda peer, _: peer.respond(503, "no")) as port:
        assert (await Line(port).lost()).code == 503


async def test_a_port_where_nobody_listens_is_a_lost_feed_like_any_other() -> None:
    async with server(idle) as port:
        pass
    assert "cannot connect: " in (await Line(port).lost()).why


async def test_an_array_larger_than_the_librarys_default_arrives() -> None:
    async def talk(peer: ServerConnection) -> None:
        await peer.send("[" + "1," * 1_500_000 + "1]")
        await peer.wait_closed()

    async with server(talk) as port:
        line = Line(port)
        running = asyncio.ensure_future(line.feed.run())
        await until(lambda: line.heard)
        assert len(line.heard[0]) == 3_000_003
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_message_in_parts_is_one_message() -> None:
    async def talk(peer: ServerConnection) -> None:
        await peer.send(["mark", "", "Price"])
        await peer.send("whole")
        await peer.wait_closed()

    async with server(talk) as port:
        line = Line(port)
        running = asyncio.ensure_future(line.feed.run())
        await until(lambda: len(line.heard) == 2)
        assert line.heard == [b"markPrice", b"whole"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_parts_without_end_lose_the_connection_and_not_the_memory() -> None:
    async def endless(peer: ServerConnection) -> None:
        peer.transport.write(b"\x01\x00" + b"\x00\x00" * 10_000)
        await peer.wait_closed()

    async with server(endless) as port:
        line = Line(port)
        await line.lost()
        assert line.heard == []


async def test_what_fails_in_the_handling_of_a_frame_ends_the_feed_with_that_error() -> None:
    class Clumsy(Listener):
        def frame(self, raw: bytes, at: Moment) -> None:
            super().frame(raw, at)
            raise ZeroDivisionError("a bug")

    async def talk(peer: ServerConnection) -> None:
        await peer.send("one")
        await peer.send("two")
        await peer.wait_closed()

    async with server(talk) as port:
        line = Line(port)
        line.feed._talk = lambda: Clumsy(line.heard, line.log)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(line.feed.run(), 20.0)
        assert line.heard == [b"one"], "and no frame after it is handled"
        assert line.log[-1] == "lost: the feed ended: ZeroDivisionError"


async def test_a_frame_past_all_bounds_loses_the_connection_and_not_the_daemon() -> None:
    async def flood(peer: ServerConnection) -> None:
        await peer.send(b"x" * (9 * 1024 * 1024))
        await peer.wait_closed()

    async with server(flood) as port:
        line = Line(port)
        await line.lost()
        assert line.heard == []


async def test_ten_thousand_frames_of_one_burst_are_all_handled_in_order() -> None:
    async def burst(peer: ServerConnection) -> None:
        blob = b"".join(b"\x81\x05" + b"%05d" % number for number in range(10_000))
        peer.transport.write(blob)
        await peer.wait_closed()

    async with server(burst) as port:
        line = Line(port)
        running = asyncio.ensure_future(line.feed.run())
        await until(lambda: len(line.heard) >= 10_000)
        assert line.heard == [b"%05d" % number for number in range(10_000)]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_no_compression_is_offered() -> None:
    offers: list[str | None] = []

    async def look(peer: ServerConnection) -> None:
        assert peer.request is not None
        offers.append(peer.request.headers.get("Sec-WebSocket-Extensions"))

    async with server(look) as port:
        await Line(port).lost()
    assert offers == [None]


async def test_at_its_age_a_socket_goes_only_after_its_successor_delivers() -> None:
    """Numbers are sent on each socket; in what is heard none is missing, across five replacements."""
    open_now: list[ServerConnection] = []
    most, least, counter, began = [0], [99], [0], [0]

    async def tick(peer: ServerConnection) -> None:
        began[0] += 1
        await asyncio.sleep(0.03)  # a venue needs a moment to serve a new subscription
        open_now.append(peer)
        most[0] = max(most[0], len(open_now))
        await peer.wait_closed()
        open_now.remove(peer)
        least[0] = min(least[0], len(open_now))

    async def count() -> None:
        while True:
            await asyncio.sleep(0.01)
            if open_now:
                counter[0] += 1
            for peer in list(open_now):
                with contextlib.suppress(Exception):
                    await peer.send(str(counter[0]))

    timings = replace(SHORT, rollover_seconds=0.2, rollover_jitter_seconds=0.05)
    async with server(tick) as port:
        line = Line(port, timings)
        jobs = [asyncio.ensure_future(line.feed.run()), asyncio.ensure_future(count())]
        await until(lambda: began[0] >= 6)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    numbers = {int(raw) for raw in line.heard}
    assert numbers >= set(range(min(numbers), max(numbers) + 1)), "a gap"
    assert most[0] == 2
    assert line.log.count("adopted") >= 5
    assert [entry for entry in line.log if entry.startswith("lost")] == ["lost: the feed ended: CancelledError"]


async def test_a_successor_that_does_not_come_leaves_the_old_socket_in_peace() -> None:
    dials = [0]

    async def once(peer: ServerConnection) -> None:
        dials[0] += 1
        if dials[0] > 1:
            peer.transport.abort()
            return
        while True:
            await peer.send("tick")
            await asyncio.sleep(0.02)

    async with server(once) as port:
        line = Line(port, replace(SHORT, rollover_seconds=0.2, rollover_jitter_seconds=0.01))
        running = asyncio.ensure_future(line.feed.run())
        await until(lambda: dials[0] >= 4)
        heard = len(line.heard)
        await until(lambda: len(line.heard) > heard + 5)
        assert not running.done()
        assert line.log.count("adopted") == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_against_a_server_that_accepts_and_closes_we_do_not_hammer() -> None:
    dials = [0]

    async def accept_and_close(peer: ServerConnection) -> None:
        dials[0] += 1

    waits = []
    async with server(accept_and_close) as port:
        backoff = Backoff(Timings(backoff_first_seconds=0.1, backoff_factor=2.0, backoff_cap_seconds=5.0))
        for _ in range(5):
            await Line(port).lost()
            waits.append(backoff.after(0.0))
    assert dials[0] == 5, "one attempt is one call"
    assert sum(waits) > 1.0, "and each waits longer than the one before"


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    listener = await asyncio.start_server(proxy, "127.0.0.1", 0)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    async with listener:
        await Line(9).lost()
    assert asked[0].startswith(b"CONNECT 127.0.0.1:9 HTTP/1.1")
    assert KEY.encode() not in asked[0]


# The library's hook: used by the version that is installed, and done without by any other.


@contextlib.asynccontextmanager
async def running(line: Line) -> AsyncIterator[None]:
    work = asyncio.ensure_future(line.feed.run())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def says_three(peer: ServerConnection) -> None:
    await peer.send("one")
    await peer.send(["t", "w", "o"])
    await peer.send("three")
    await peer.wait_closed()


async def test_the_installed_library_hands_every_message_over_and_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a new version fail here, all still works, but each message costs a wake-up more: see `_Socket`."""
    kept: list[bytes] = []
    recv = ClientConnection.recv

    async def spy(socket: ClientConnection, decode: bool | None = None) -> object:
        kept.append(await recv(socket, decode))  # type: ignore[arg-type]  # bytes, for decode is False
        return kept[-1]

    monkeypatch.setattr(ClientConnection, "recv", spy)
    async with server(says_three) as port:
        line = Line(port)
        async with running(line):
            await until(lambda: len(line.heard) == 3)
    assert kept == []


async def test_a_library_without_the_hook_costs_nothing_that_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_Socket, "process_event")
    async with server(says_three) as port:
        line = Line(port)
        async with running(line):
            await until(lambda: len(line.heard) == 3)
        assert line.heard == [b"one", b"two", b"three"]
    async with server(idle) as port:
        line = Line(port)
        async with running(line):
            await until(lambda: "opened" in line.log)
    assert line.log[-1] == "lost: the feed ended: CancelledError"


async def test_a_library_without_the_hook_still_tells_how_a_connection_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_Socket, "process_event")

    async def leave(peer: ServerConnection) -> None:
        await peer.close(1012)

    async with server(leave) as port:
        assert (await Line(port).lost()).code == 1012


def pour(connection: socket.socket, data: bytes) -> None:
    """Send as fast as the other side takes. The socket stays non-blocking: its loop shares that flag."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[connection.send(rest) :]
        except BlockingIOError:
            select.select([], [connection], [], 1.0)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_peer_that_never_pauses_leaves_the_loop_to_others_after_each_buffer(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Bytes handled between two turns of the loop, while the system's own buffers are full of more."""
    size, most = 1000, [0]

    class Slow(Listener):
        def frame(self, raw: bytes, at: Moment) -> None:
            super().frame(raw, at)
            sum(range(300))  # as long as a frame takes to be understood: the peer is faster

    async def flood(peer: ServerConnection) -> None:
        frame = b"\x82\x7e" + size.to_bytes(2, "big") + bytes(size)
        await peer.recv()  # so the answer to the handshake is out: what we pour must not overtake it
        connection = peer.transport.get_extra_info("socket").dup()
        with contextlib.suppress(OSError), contextlib.closing(connection):
            await asyncio.to_thread(pour, connection, frame * (16 * 1024))
        await peer.wait_closed()

    async def check() -> None:
        async with server(flood) as port:
            line = Line(port, replace(SHORT, ping_every_seconds=60.0))  # no pong amidst what is poured
            line.feed._talk = lambda: Slow(line.heard, line.log)
            async with running(line):
                while len(line.heard) < 16 * 1024:
                    before = len(line.heard)
                    await asyncio.sleep(0)
                    most[0] = max(most[0], len(line.heard) - before)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(check(), 60.0))
    assert most[0] * size <= 2 * 256 * 1024


# Rollover: whatever goes wrong in the moment of the change, nothing is left open and the right one is told lost.


@pytest.mark.parametrize("fault", ["cancelled while the old one closes", "no room for the news"])
async def test_what_ends_a_feed_at_a_rollover_leaves_no_connection_behind(fault: str) -> None:
    peers: list[ServerConnection] = []

    async def tick(peer: ServerConnection) -> None:
        peers.append(peer)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await peer.send("tick")
                await asyncio.sleep(0.01)

    class Named(Listener):
        def adopted(self, at: Moment) -> None:
            self.log.append("adopted")
            if len(peers) == 2:
                if fault == "no room for the news":
                    raise Overrun(1)
                work.cancel()  # it strikes at the next await: the closing of the old one

        def lost(self, reason: str, at: Moment) -> None:
            self.log.append(f"lost: number {talks.index(self) + 1}")

    talks: list[Named] = []
    async with server(tick) as port:
        line = Line(port, replace(SHORT, rollover_seconds=0.2, rollover_jitter_seconds=0.0))

        def talk() -> Named:
            talks.append(Named(line.heard, line.log))
            return talks[-1]

        line.feed._talk = talk
        before = asyncio.all_tasks()
        work = asyncio.ensure_future(line.feed.run())
        with pytest.raises((asyncio.CancelledError, Overrun)):
            await asyncio.wait_for(work, 20.0)
        assert line.log[-1] == "lost: number 2"
        await until(lambda: all(peer.state is State.CLOSED for peer in peers), what="both are closed")
        ours = {task for task in asyncio.all_tasks() - before if "socket" in task.get_name()}
        assert not ours


async def test_a_connection_that_wants_to_be_replaced_is_replaced_by_one_that_delivers_first() -> None:
    """As after a venue's notice that it will close the connection soon."""
    peers: list[ServerConnection] = []

    async def tick(peer: ServerConnection) -> None:
        peers.append(peer)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await peer.send("tick")
                await asyncio.sleep(0.01)

    class Leaving(Listener):
        def replacement_wanted(self) -> str:
            return "it will be closed" if self is talks[0] and self.mine > 5 else ""

    talks: list[Leaving] = []
    async with server(tick) as port:
        line = Line(port)

        def talk() -> Leaving:
            talks.append(Leaving(line.heard, line.log))
            return talks[-1]

        line.feed._talk = talk
        work = asyncio.ensure_future(line.feed.run())
        try:
            await until(lambda: line.log.count("adopted") == 2)
            assert len(peers) == 2
            assert talks[1].mine > 0, "it delivered before the old one went"
            await until(lambda: peers[0].state is State.CLOSED)
            assert not any(text.startswith("lost") for text in line.log)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def test_a_login_refused_at_a_rollover_leaves_the_serving_connection_alone() -> None:
    peers: list[ServerConnection] = []

    async def tick(peer: ServerConnection) -> None:
        peers.append(peer)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await peer.send("tick")
                await asyncio.sleep(0.01)

    class Refused(Listener):
        def delivering(self) -> bool:
            return False

        def watch(self, at: Moment) -> Sequence[str]:
            raise AuthRejected("v", "user", "the login was refused")

    async with server(tick) as port:
        line = Line(port, replace(SHORT, rollover_seconds=0.2, rollover_jitter_seconds=0.0))
        talks: list[Listener] = []

        def talk() -> Listener:
            talks.append((Refused if talks else Listener)(line.heard, line.log))
            return talks[-1]

        line.feed._talk = talk
        work = asyncio.ensure_future(line.feed.run())
        try:
            await until(lambda: len(peers) >= 3, what="it is tried again")
            assert not work.done()
            heard = talks[0].mine
            await until(lambda: talks[0].mine > heard + 5)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
