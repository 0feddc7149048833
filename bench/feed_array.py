"""P3: one array of 500 marks decoded, applied and recomputed, against ccxt.pro that merely parses it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from types import SimpleNamespace

import msgspec

from bench.feed_clients import exchange_of
from bench.feed_server import array, row
from bench.harness import Row, bench, compared, seconds_text
from bench.kernel_account import VENUE, Held, decider, loaded, opening, surroundings
from bench.timing import interleaved, one_by_one
from monitor.venues.binance.codec import decode

SYMBOLS, POSITIONS = 500, 10
START = 1_800_000_000.0
FRAMES = 20
QUICK_SECONDS = 0.001  #: between two arrays: most steps decide and write no report
REPORTING_SECONDS, REPORTS = 0.1, 60


class Venue:
    """Arrays of all marks, each with other prices, so many seconds of the venue's clock apart; and who hears them."""

    def __init__(self, held: Held, every_seconds: float) -> None:
        self._every_seconds = every_seconds
        self.decider, self.around = decider(loaded(), START), surroundings()
        self.decider.step(opening(held, START), START, self.around)
        others = Held.of(SYMBOLS).symbols[POSITIONS:]
        self._marks = [*zip(held.symbols, held.entries, strict=True), *((symbol, 100.0) for symbol in others)]
        self._moves = cycle([1.0 + 1e-4 * step for step in (*range(FRAMES), *range(FRAMES, 0, -1))])
        self.at = START
        self.raw = b""
        self.reports = 0

    @property
    def symbols(self) -> list[str]:
        """All contracts."""
        return [symbol for symbol, _ in self._marks]

    def next(self) -> None:
        """Write the next array."""
        self.at += self._every_seconds
        move, now = next(self._moves), int(self.at * 1000)
        rows = (row(symbol, mark * move, now) for symbol, mark in self._marks)
        self.raw = array("!markPrice@arr@1s", rows).encode()

    def heard(self) -> None:
        """Decode the array and take the step that it causes."""
        found = decode(self.raw, venue=VENUE, account=None, received=self.at)
        decision = self.decider.step(found.events, self.at, self.around)
        self.reports += len(decision.result.reports)

    def check(self) -> None:
        """RuntimeError unless the account was live, without any alert, to the end."""
        view = self.decider.view
        if not (self.reports and view.ready) or view.alerts:
            raise RuntimeError(f"not at peace: {self.reports} reports, {view.not_ready}, {view.alerts}")


class Bare(msgspec.Struct, gc=False):
    """What a row of marks needs at least."""

    s: str
    p: float
    E: float


class BareFrame(msgspec.Struct, gc=False):
    """The frame around them."""

    data: list[Bare]


@bench("P3")
def marks() -> Iterator[Row]:
    """Back to back, so that no case is helped by the caches."""
    held = Held.of(POSITIONS)
    quick, rare = Venue(held, QUICK_SECONDS), Venue(held, REPORTING_SECONDS)
    exchange = exchange_of(quick.symbols)
    client = SimpleNamespace(url="ws://127.0.0.1/market/ws", resolve=lambda *_: None)
    bare = msgspec.json.Decoder(BareFrame, strict=False)

    def parsed() -> None:
        exchange.handle_mark_prices(client, msgspec.json.decode(quick.raw)["data"])

    def decoded() -> None:
        decode(quick.raw, venue=VENUE, account=None, received=quick.at)

    def bare_columns() -> None:
        rows = bare.decode(quick.raw).data
        _ = [row.s for row in rows], [row.p for row in rows], [row.E for row in rows]

    cases = {"ours": quick.heard, "ccxt.pro": parsed, "decode": decoded, "bare": bare_columns}
    found = interleaved(cases, before=quick.next)
    reporting = one_by_one(rare.heard, calls=REPORTS, before=rare.next)
    quick.check()
    rare.check()
    what = f"array of {SYMBOLS} marks: decode, apply, recompute 1 x {POSITIONS}"
    peer = "ccxt.pro parses it"
    yield compared("P3", what, found["ours"], peer, found["ccxt.pro"], 20.0, at_least=True)
    floor = found["ccxt.pro"].median
    times = floor / reporting.median
    yield Row(
        "P3", "the same, writing a report", seconds_text(reporting.median), f"{peer} {seconds_text(floor)}", times
    )
    yield compared("P3", "its decoding to columns", found["decode"], "bare msgspec, three columns", found["bare"])
