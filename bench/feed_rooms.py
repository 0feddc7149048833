"""P3: 500 marks of venues that send one a frame, decoded, applied and recomputed, against ccxt.pro that parses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import msgspec

from bench.feed_array import FRAMES, POSITIONS, QUICK_SECONDS, START, SYMBOLS
from bench.harness import Row, bench, compared
from bench.kernel_account import VENUE, Held, decider, loaded, opening, surroundings
from bench.timing import interleaved
from monitor.app.inbox import in_columns
from monitor.domain.events import Event
from monitor.domain.frames import Decoded
from monitor.venues.bybit.codec import decode as of_bybit
from monitor.venues.okx.codec import decode as of_okx

Write = Callable[[str, float, int], str]
Parse = Callable[[Any, Any, Any], None]


@dataclass(frozen=True, slots=True)
class Room:
    """One venue: how it writes a mark, how we read it, and how the peer does."""

    name: str
    write: Write
    decode: Callable[..., Decoded]
    peer: Callable[[list[str]], Any]


class Frames:
    """The marks of all instruments, a frame each, again and again at other prices; and who hears them."""

    def __init__(self, held: Held, room: Room) -> None:
        self._room = room
        self.decider, self.around = decider(loaded(), START), surroundings()
        self.decider.step(opening(held, START), START, self.around)
        others = Held.of(SYMBOLS).symbols[POSITIONS:]
        self._marks = [*zip(held.symbols, held.entries, strict=True), *((symbol, 100.0) for symbol in others)]
        self._moves = cycle([1.0 + 1e-4 * step for step in (*range(FRAMES), *range(FRAMES, 0, -1))])
        self.at = START
        self.raw: list[bytes] = []

    @property
    def symbols(self) -> list[str]:
        """All instruments."""
        return [symbol for symbol, _ in self._marks]

    def next(self) -> None:
        """Write the next frames."""
        self.at += QUICK_SECONDS
        move, now = next(self._moves), int(self.at * 1000)
        self.raw = [self._room.write(symbol, mark * move, now).encode() for symbol, mark in self._marks]

    def decoded(self) -> list[Event]:
        """Decode them all."""
        decode, at = self._room.decode, self.at
        return [event for raw in self.raw for event in decode(raw, venue=VENUE, account=None, received=at).events]

    def heard(self) -> None:
        """Decode them all, and take the one step that they cause."""
        self.decider.step(in_columns(self.decoded()), self.at, self.around)

    def check(self) -> None:
        """RuntimeError unless every mark arrived, and the account was live without any alert to the end."""
        view = self.decider.view
        if len(self.decoded()) < SYMBOLS or not view.ready or view.alerts:
            raise RuntimeError(f"not at peace: {len(self.decoded())} marks, {view.not_ready}, {view.alerts}")


def _okx_frame(symbol: str, mark: float, now: int) -> str:
    return (
        f'{{"arg":{{"channel":"mark-price","instId":"{symbol}"}},"data":[{{"instType":"SWAP","instId":"{symbol}",'
        f'"markPx":"{mark:.8f}","ts":"{now}"}}]}}'
    )


def _bybit_frame(symbol: str, mark: float, now: int) -> str:
    return (
        f'{{"topic":"tickers.{symbol}","type":"delta","data":{{"symbol":"{symbol}","markPrice":"{mark:.8f}",'
        f'"indexPrice":"{mark:.8f}","bid1Size":"12.411","openInterestValue":"2912341.77"}},"cs":24987956059,"ts":{now}}}'
    )


def _exchange(name: str, markets: Mapping[str, dict[str, Any]]) -> Any:
    import ccxt.pro  # heavy, and only the peer needs it

    exchange = getattr(ccxt.pro, name)({"enableRateLimit": False, "options": {"defaultType": "swap"}})
    exchange.set_markets([exchange.parse_market(market) for market in markets.values()])
    return exchange


def _okx_peer(symbols: list[str]) -> Any:
    return _exchange(
        "okx",
        {
            symbol: {
                "instType": "SWAP",
                "instId": symbol,
                "uly": symbol,
                "settleCcy": "USDT",
                "ctType": "linear",
                "ctVal": "1",
                "ctValCcy": symbol.removesuffix("USDT"),
                "tickSz": "0.01",
                "lotSz": "1",
                "minSz": "1",
                "lever": "100",
                "state": "live",
                "listTime": "1600000000000",
                "expTime": "",
            }
            for symbol in symbols
        },
    )


def _bybit_peer(symbols: list[str]) -> Any:
    import ccxt.pro

    exchange = ccxt.pro.bybit({"enableRateLimit": False, "options": {"defaultType": "swap"}})
    exchange.set_markets(
        [
            exchange.safe_market_structure(
                {
                    "id": symbol,
                    "symbol": f"{symbol.removesuffix('USDT')}/USDT:USDT",
                    "base": symbol.removesuffix("USDT"),
                    "quote": "USDT",
                    "settle": "USDT",
                    "type": "swap",
                    "swap": True,
                    "contract": True,
                    "linear": True,
                    "precision": {"price": 0.01, "amount": 0.001},
                }
            )
            for symbol in symbols
        ]
    )
    return exchange


ROOMS = (
    Room("OKX mark-price", _okx_frame, of_okx, _okx_peer),
    Room("Bybit tickers", _bybit_frame, of_bybit, _bybit_peer),
)


@bench("P3")
def rooms() -> Iterator[Row]:
    """Back to back, as one read buffer brings them."""
    held = Held.of(POSITIONS)
    for room in ROOMS:
        frames = Frames(held, room)
        exchange = room.peer(frames.symbols)
        client = SimpleNamespace(url="ws://127.0.0.1", resolve=lambda *_: None)

        def parsed(exchange: Any = exchange, client: Any = client, frames: Frames = frames) -> None:
            for raw in frames.raw:
                exchange.handle_ticker(client, msgspec.json.decode(raw))

        frames.next()
        parsed()
        if len(exchange.tickers) != SYMBOLS:
            raise RuntimeError(f"ccxt.pro read {len(exchange.tickers)} of {SYMBOLS} marks: {room.name}")
        found = interleaved({"ours": frames.heard, "ccxt.pro": parsed, "decode": frames.decoded}, before=frames.next)
        frames.check()
        what = f"{room.name}: {SYMBOLS} frames decoded, applied, recomputed 1 x {POSITIONS}"
        yield compared("P3", what, found["ours"], "ccxt.pro parses them", found["ccxt.pro"], 20.0, at_least=True)
        yield compared(
            "P3", "their decoding alone", found["decode"], "ccxt.pro parses them", found["ccxt.pro"], at_least=True
        )
