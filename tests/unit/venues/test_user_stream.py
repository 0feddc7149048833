"""Which frames of a user stream have the account read again: what could not be read may have told anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.binance.client import Client
from monitor.venues.binance.codec import decode
from monitor.venues.binance.keyed import routes
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.binance.user import UserStream
from monitor.venues.settings import AccountSettings, Credentials, Secret, Timings
from tests.wire.harness import unheard

MAIN = AccountKey("binance", "main")
READ_ALL, READ_POSITIONS = True, False


class StillClock:
    """Time that is set by hand."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits here")


class Bench:
    """A user stream without a socket, and what it asked for."""

    def __init__(self, **more: Any) -> None:
        self.clock = StillClock()
        self.asked: list[tuple[str, bool]] = []
        self.held: set[str] = set()
        settings = AccountSettings(
            venue="binance", name="main", credentials=Credentials(api_key=Secret("k"), api_secret=Secret("s"))
        )
        client = Client(BinanceSettings(), lambda _: None, self.clock)
        self.stream = UserStream(
            settings,
            routes(BinanceUrls())["usdm"],
            client,
            unheard,
            self.clock,
            Timings(),
            lambda *said: self.asked.append(said),
            self.held.update,
            **more,
        )

    def hears(self, frame: Any) -> Decoded:
        raw = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        decoded = decode(raw, venue="binance", account=MAIN, received=self.clock.time)
        self.stream.heard(decoded)
        return decoded


def update(**more: Any) -> dict[str, Any]:
    return {"e": "ACCOUNT_UPDATE", "E": 999_000, "T": 999_000, "a": {"m": "ORDER", "B": [], "P": [], **more}}


POSITION = {"s": "BTCUSDT", "pa": "0.1", "ps": "BOTH", "ep": "100000", "mt": "cross", "iw": "0"}
ORDER = {"s": "BTCUSDT", "c": "x", "S": "SELL", "x": "NEW", "X": "NEW", "q": "1", "ps": "BOTH"}


@pytest.mark.parametrize(
    ("frame", "kind", "asks"),
    [
        (b"\xff{]not json", FrameKind.MALFORMED, READ_ALL),
        (b'{"e":"ACCOUNT_UPDATE","E":1,"a":{"B":[', FrameKind.MALFORMED, READ_ALL),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "E": "soon"}, FrameKind.MALFORMED, READ_ALL),
        (update(P=[{**POSITION, "pa": "NaN"}]), FrameKind.MALFORMED, READ_ALL),
        (update(P=[{**POSITION, "pa": "much"}, POSITION]), FrameKind.DATA, READ_POSITIONS),
        (update(P=[POSITION]), FrameKind.DATA, READ_POSITIONS),
        ({"e": "MARGIN_CALL", "E": 999_000, "p": []}, FrameKind.DATA, READ_POSITIONS),
        ({"e": "ORDER_TRADE_UPDATE", "E": 1, "o": {**ORDER, "c": "autoclose-1"}}, FrameKind.DATA, READ_POSITIONS),
        ({"e": "ORDER_TRADE_UPDATE", "E": 1, "o": {**ORDER, "c": "adl_autoclose"}}, FrameKind.DATA, READ_POSITIONS),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "ac": {"s": "BTCUSDT", "l": 9}}, FrameKind.DATA, READ_ALL),
        ({"e": "SOMETHING_NEW", "E": 999_000}, FrameKind.UNRECOGNISED, READ_ALL),
        ({"x": 1}, FrameKind.UNRECOGNISED, READ_ALL),
    ],
)
def test_a_frame_that_moves_warns_or_cannot_be_read_has_the_account_read(
    frame: Any, kind: FrameKind, asks: bool
) -> None:
    bench = Bench()
    assert bench.hears(frame).kind is kind
    assert [config for _, config in bench.asked] == [asks]
    assert bench.asked[0][0], "the reason is in words"


@pytest.mark.parametrize("name", ["TRADE_LITE", "ORDER_TRADE_UPDATE"])
def test_a_frame_that_moves_nothing_asks_for_nothing(name: str) -> None:
    bench = Bench()
    assert bench.hears({"e": name, "E": 1, "o": ORDER}).kind is FrameKind.IGNORED
    assert not bench.asked


def test_what_came_while_a_reading_was_under_way_makes_it_doubtful() -> None:
    bench = Bench()
    before = bench.clock.time - 1.0
    assert not bench.stream.event_since(before)
    bench.hears(b"{")
    assert bench.stream.event_since(before)


def test_an_unknown_kind_that_comes_every_second_is_asked_about_once_a_minute() -> None:
    bench = Bench()
    for _ in range(119):
        bench.hears({"e": "SOMETHING_NEW", "E": 999_000})
        bench.clock.time += 1.0
    assert len(bench.asked) == 2
    bench.hears(b"{")
    assert len(bench.asked) == 3, "a frame that cannot be read is never held back"


def test_a_position_that_is_pushed_is_told_as_held_and_a_closed_one_is_not() -> None:
    bench = Bench()
    rows = [{"s": symbol, "pa": size, "ep": "1", "ps": "BOTH"} for symbol, size in (("NEWUSDT", "3"), ("OLDUSDT", "0"))]
    bench.hears(update(P=rows))
    assert bench.held == {"NEWUSDT"}


def test_a_stream_that_ticked_and_stopped_is_opened_anew() -> None:
    bench = Bench(ticking=("PM_PRO_ACCOUNT_UPDATE", 20.0))
    bench.clock.time += 1_000.0
    assert "PM_PRO" not in bench.stream.objection(None), "what never came is not missed"
    bench.stream.heard(Decoded(FrameKind.IGNORED, name="PM_PRO_ACCOUNT_UPDATE"))
    bench.clock.time += 19.9
    assert "PM_PRO" not in bench.stream.objection(None)
    bench.clock.time += 0.2
    bench.stream._key.created(Secret("k"), bench.clock.time)
    assert bench.stream.objection(None) == "no PM_PRO_ACCOUNT_UPDATE for 20 s"
    bench.stream.opened()
    assert not bench.stream.objection(None), "another connection begins anew"


def test_a_hint_has_the_account_read_and_nothing_else() -> None:
    bench = Bench(hints=("balanceUpdate",))
    bench.stream.heard(Decoded(FrameKind.DATA, name="balanceUpdate", venue_time=999.0))
    bench.stream.heard(Decoded(FrameKind.DATA, name="somethingElse", venue_time=999.0))
    bench.stream.heard(Decoded(FrameKind.IGNORED, name="balanceUpdate", venue_time=999.0))
    assert bench.asked == [("the user stream told of a change", False)]
