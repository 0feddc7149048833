"""Funding out of arrays of marks: what is read, what is left out, and how often."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.events import FundingIntervals, FundingRates
from monitor.venues.binance.funding import EVERY_SECONDS, MOST_ARRAYS, Glances, intervals, of_answer, of_frame
from tests.venues.binance.support import E0, NOW, VENUE, decoded, frame

NEXT = 1_790_006_400.0


def row(symbol: str = "BTCUSDT", **more: Any) -> dict[str, Any]:
    said = {"e": "markPriceUpdate", "E": E0 * 1000, "s": symbol, "p": "60000.0", "r": "0.0001", "T": NEXT * 1000}
    return {**said, "st": 1, **more}


def wrapped(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"stream": "!markPrice@arr@1s", "data": list(rows)}, separators=(",", ":")).encode()


class TestReading:
    def test_each_row_has_its_rate_and_the_time_of_its_next_payment(self) -> None:
        found = of_frame(wrapped(row(), row("ETHUSDT", r="-0.00025", T=(NEXT + 3600) * 1000)), VENUE, NOW)
        assert found == FundingRates(VENUE, ("BTCUSDT", "ETHUSDT"), (0.0001, -0.00025), (NEXT, NEXT + 3600), NOW)

    def test_a_bare_array_says_the_same(self) -> None:
        assert of_frame(json.dumps([row()]).encode(), VENUE, NOW) == of_frame(wrapped(row()), VENUE, NOW)

    def test_recorded_frames_are_read(self) -> None:
        found = of_frame(frame("mark_price_array_2026"), VENUE, NOW)
        assert found is not None
        assert dict(zip(found.symbols, found.rates, strict=True))["BTCUSDT"] == 0.0001

    def test_contracts_of_both_families_pay(self) -> None:
        found = of_frame(wrapped(row(), row("BTCUSD_PERP", st=2)), VENUE, NOW)
        assert found is not None
        assert found.symbols == ("BTCUSDT", "BTCUSD_PERP")

    def test_a_rate_without_a_time_is_a_rate(self) -> None:
        found = of_frame(wrapped(row(T=0)), VENUE, NOW)
        assert found is not None
        assert found.next_times == (None,)

    @pytest.mark.parametrize(
        "bad",
        [row(r=""), row(r="", T=0), row(r="nan"), row(r=None), row(r="1_0"), row(s="")],
        ids=["empty", "delivery", "nan", "absent", "underscored", "nameless"],
    )
    def test_a_row_that_says_nothing_of_ours_is_left_out(self, bad: dict[str, Any]) -> None:
        found = of_frame(wrapped(bad, row("ETHUSDT")), VENUE, NOW)
        assert found is not None
        assert found.symbols == ("ETHUSDT",)
        assert of_frame(wrapped(bad), VENUE, NOW) is None

    @pytest.mark.parametrize("raw", [b"", b"[", b"{}", b"[1]", b'{"data": 3}', b"[" * 5000, b"\xff"])
    def test_what_cannot_be_read_says_nothing(self, raw: bytes) -> None:
        assert of_frame(raw, VENUE, NOW) is None
        assert of_answer(raw, VENUE, NOW) is None

    def test_an_answer_has_longer_names(self) -> None:
        rows = [
            {"symbol": "BTCUSDT", "markPrice": "60000", "lastFundingRate": "0.0002", "nextFundingTime": NEXT * 1000},
            {"symbol": "BTCUSDT_260925", "markPrice": "60000", "lastFundingRate": "", "nextFundingTime": 0},
        ]
        found = of_answer(json.dumps(rows).encode(), VENUE, NOW)
        assert found == FundingRates(VENUE, ("BTCUSDT",), (0.0002,), (NEXT,), NOW)


class TestIntervals:
    def test_hours_are_seconds_and_what_says_none_is_left_out(self) -> None:
        rows = [
            {"symbol": "LPTUSDT", "adjustedFundingRateCap": "0.02", "fundingIntervalHours": 4, "disclaimer": False},
            {"symbol": "ADAUSDT", "fundingIntervalHours": "8"},
            {"symbol": "XUSDT", "fundingIntervalHours": 0},
            {"symbol": "", "fundingIntervalHours": 8},
        ]
        found = intervals(json.dumps(rows).encode(), VENUE, NOW)
        assert found == FundingIntervals(VENUE, ("LPTUSDT", "ADAUSDT"), (14_400.0, 28_800.0), NOW)

    @pytest.mark.parametrize("raw", [b"[]", b"{}", b"", b'[{"symbol": "XUSDT"}]'])
    def test_nothing_said_is_nothing_known(self, raw: bytes) -> None:
        assert intervals(raw, VENUE, NOW) is None


class TestGlances:
    def test_an_array_is_looked_at_once_in_a_while(self) -> None:
        glances, raw = Glances(), wrapped(row())
        events = decoded(raw).events
        looked = [glances.at(raw, events, NOW + second) is not None for second in range(12)]
        assert [second for second, yes in enumerate(looked) if yes] == [0, int(EVERY_SECONDS)]

    def test_two_arrays_of_a_second_each_have_their_turn(self) -> None:
        glances, coins, shares = Glances(), wrapped(row()), wrapped(row("TSLAUSDT"))
        assert glances.at(coins, decoded(coins).events, NOW) is not None
        assert glances.at(shares, decoded(shares).events, NOW) is not None
        assert glances.at(coins, decoded(coins).events, NOW + 1) is None

    def test_a_clock_that_was_set_back_stops_nothing(self) -> None:
        glances, raw = Glances(), wrapped(row())
        events = decoded(raw).events
        assert glances.at(raw, events, NOW) is not None
        assert glances.at(raw, events, NOW - 100.0) is not None

    def test_what_is_no_array_is_not_looked_at(self) -> None:
        glances, single = Glances(), frame("mark_price_single_bare")
        assert glances.at(single, decoded(single).events, NOW) is None
        assert glances.at(b"{}", (), NOW) is None

    def test_arrays_in_ever_other_orders_are_forgotten(self) -> None:
        glances = Glances()
        for number in range(2 * MOST_ARRAYS):
            raw = wrapped(row(f"C{number}USDT"))
            assert glances.at(raw, decoded(raw).events, NOW) is not None
        assert len(glances._looked) <= MOST_ARRAYS
