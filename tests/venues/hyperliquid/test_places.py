"""Marks that are told by their places: under which name they are believed, and what happens while they are not."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.events import AssetTick, FundingRates, Ticks
from monitor.domain.frames import Decoded
from monitor.venues.hyperliquid.codec import STALE_UNIVERSE
from monitor.venues.hyperliquid.names import Dex, Universe
from monitor.venues.hyperliquid.places import LAST_SECONDS, OWN_SECONDS, Places
from tests.venues.hyperliquid.support import NOW, TOKENS, decoded, frame

NAMES = ("BTC", "ETH", "SOL", "HYPE")
PRICES = {"BTC": 60000.0, "ETH": 3000.0, "SOL": 150.0, "HYPE": 20.0, "xyz:GOLD": 2000.0, "xyz:TSLA": 300.0}


def listed(*first: str) -> Universe:
    return Universe((Dex("", first or NAMES, "USDC"), Dex("xyz", ("xyz:GOLD", "xyz:TSLA"), "USDC")), TOKENS)


KNOWN = listed()


class Marks:
    """A connection on which marks come."""

    def __init__(self) -> None:
        self.places = Places()
        self.now = NOW

    def hear(
        self, *order: str, known: Universe = KNOWN, after: float = 3.0, moved: dict[str, float] | None = None
    ) -> Decoded:
        """A frame of both dexs, the first one's in this order."""
        self.now += after
        prices = {**PRICES, **(moved or {})}

        def rows(names: tuple[str, ...]) -> list[dict[str, Any]]:
            return [{"markPx": prices[name], "oraclePx": prices[name], "funding": "0.0001"} for name in names]

        ctxs = [["", rows(order or NAMES)], ["xyz", rows(("xyz:GOLD", "xyz:TSLA"))]]
        return self.places.put(decoded(frame("allDexsAssetCtxs", {"ctxs": ctxs}), universe=known), known, self.now)


def told(found: Decoded) -> dict[str, float]:
    return {
        symbol: mark
        for event in found.events
        if isinstance(event, Ticks)
        for symbol, mark in zip(event.symbols, event.marks, strict=True)
    }


SWAPPED = ("ETH", "BTC", "SOL", "HYPE")


def test_frames_that_fit_are_told_whole() -> None:
    marks = Marks()
    marks.places.own("BTC", 60010.0, marks.now)
    assert told(marks.hear()) == PRICES
    assert told(marks.hear()) == PRICES
    assert marks.hear().why == ""


def test_a_mark_that_is_not_that_of_what_an_account_holds_holds_back_its_dex_and_asks_for_the_perpetuals() -> None:
    """From the first frame on: nothing was streamed before, only the account was read."""
    marks = Marks()
    marks.places.own("BTC", 60000.0, marks.now)
    found = marks.hear(*SWAPPED)
    assert told(found) == {"xyz:GOLD": 2000.0, "xyz:TSLA": 300.0}
    assert found.why == STALE_UNIVERSE
    assert [one.row for one in found.problems] == ["dex first"]
    (rates,) = [event for event in found.events if isinstance(event, FundingRates)]
    assert rates.symbols == ("xyz:GOLD", "xyz:TSLA")
    assert not [event for event in found.events if isinstance(event, AssetTick)], "nor prices of collateral"


def test_marks_are_told_again_under_the_names_that_were_read_anew() -> None:
    marks = Marks()
    marks.places.own("BTC", 60000.0, marks.now)
    marks.hear(*SWAPPED)
    assert told(marks.hear(*SWAPPED, known=listed(*SWAPPED))) == PRICES


@pytest.mark.parametrize("wrong", [3000.0, 44000.0, 80000.0])
def test_what_an_account_told_long_ago_speaks_against_nothing(wrong: float) -> None:
    marks = Marks()
    marks.places.own("BTC", wrong, marks.now)
    assert "BTC" not in told(marks.hear())
    assert "BTC" in told(marks.hear(after=OWN_SECONDS))


def test_prices_that_leap_all_at_once_are_held_back_though_nothing_is_held() -> None:
    marks = Marks()
    marks.hear()
    found = marks.hear(*SWAPPED)
    assert set(told(found)) == {"xyz:GOLD", "xyz:TSLA"}
    assert found.why == STALE_UNIVERSE
    assert set(told(marks.hear(*SWAPPED))) == {"xyz:GOLD", "xyz:TSLA"}, "a second such frame proves nothing"


def test_a_leap_is_believed_once_the_perpetuals_were_read_and_are_in_the_same_order() -> None:
    marks = Marks()
    marks.hear()
    crash = {"BTC": 40000.0, "ETH": 2000.0, "SOL": 90.0}
    assert "BTC" not in told(marks.hear(moved=crash))
    assert told(marks.hear(known=listed(), moved=crash))["BTC"] == 40000.0


def test_a_leap_is_believed_after_a_minute_also_where_nothing_can_be_read() -> None:
    marks = Marks()
    marks.hear()
    assert "BTC" not in told(marks.hear(*SWAPPED))
    assert "BTC" in told(marks.hear(*SWAPPED, after=LAST_SECONDS))


def test_one_coin_may_leap_by_itself_and_all_may_move() -> None:
    marks = Marks()
    marks.hear()
    assert told(marks.hear(moved={"SOL": 60.0}))["SOL"] == 60.0
    assert "BTC" in told(marks.hear(moved={"BTC": 50000.0, "ETH": 2500.0, "SOL": 60.0, "HYPE": 17.0}))


def test_two_of_a_builders_perpetuals_that_changed_places_are_held_back_alone() -> None:
    marks = Marks()
    marks.hear()
    found = marks.hear(moved={"xyz:GOLD": 300.0, "xyz:TSLA": 2000.0})
    assert set(told(found)) == set(NAMES)
    assert [one.row for one in found.problems] == ["dex xyz"]


def test_a_mark_of_an_accounts_own_is_odd_beside_another_one_streamed() -> None:
    marks = Marks()
    assert not marks.places.own("BTC", 60000.0, marks.now), "nothing was streamed"
    marks.hear()
    assert not marks.places.own("BTC", 61000.0, marks.now)
    assert marks.places.own("BTC", 64000.0, marks.now)
    assert marks.places.own("BTC", 56000.0, marks.now)


def test_what_is_no_frame_of_all_marks_passes() -> None:
    places = Places()
    places.own("BTC", 1.0, NOW)
    one = decoded(frame("activeAssetCtx", {"coin": "BTC", "ctx": {"markPx": "60000"}}))
    assert places.put(one, KNOWN, NOW) is one
