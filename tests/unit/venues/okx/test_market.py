"""What the public socket is asked for, and for how long."""

from __future__ import annotations

from monitor.domain.events import Event
from monitor.domain.frames import Frame
from monitor.venues.okx.endpoints import Topic
from monitor.venues.okx.market import ASSETS, LINGERS, MARKS, OPTIONS, MarketStream, stays
from monitor.venues.okx.needs import Needs
from monitor.venues.okx.settings import OkxSettings
from tests.unit.venues.okx.asked import Venue

SWAP = Needs(frozenset({"BTC-USDT-SWAP"}), assets=frozenset({"BTC", "USDT"}))
FUTURE = Needs(frozenset({"BTC-USDT-261225"}), assets=frozenset({"BTC", "USDT"}))


def unheard(event: Event, frame: Frame | None = None, /) -> None:
    """Nobody listens."""


def stream() -> tuple[MarketStream, Venue]:
    venue = Venue()
    made = MarketStream(OkxSettings(), venue, unheard, venue.clock, lambda _: None)  # type: ignore[arg-type]  # it stands where the client does
    return made, venue


def test_nothing_is_wanted_before_anything_is_known_and_rows_wait() -> None:
    market, _ = stream()
    assert [market.ledger.row(row).phase for row in (MARKS, ASSETS, OPTIONS)] == ["waiting"] * 3
    market.need(Needs())
    assert [market.ledger.row(row).phase for row in (MARKS, ASSETS, OPTIONS)] == ["idle"] * 3
    assert market.up(MARKS)


def test_prices_must_tick_and_funding_may_be_silent() -> None:
    market, _ = stream()
    market.need(SWAP)
    rules, timings = market.ledger.wanted(), OkxSettings().timings
    assert rules["mark-price:BTC-USDT-SWAP"].silent_seconds == timings.marks_silent_seconds == 25.0
    assert rules["funding-rate:BTC-USDT-SWAP"].silent_seconds is None
    assert rules["funding-rate:BTC-USDT-SWAP"].stream == MARKS
    assert rules["index-tickers:BTC-USD"].silent_seconds == timings.assets_silent_seconds == 150.0


def test_a_perpetual_that_is_closed_is_streamed_on_for_a_while() -> None:
    market, venue = stream()
    market.need(SWAP)
    venue.clock.at += LINGERS - 1
    market.need(Needs())
    assert "mark-price:BTC-USDT-SWAP" in market.ledger.wanted()
    venue.clock.at += 2
    market.need(Needs())
    assert not market.ledger.wanted()


def test_what_expires_is_let_go_at_once_for_it_will_be_silent() -> None:
    market, _ = stream()
    market.need(FUTURE)
    assert "mark-price:BTC-USDT-261225" in market.ledger.wanted()
    market.need(Needs())
    assert "mark-price:BTC-USDT-261225" not in market.ledger.wanted()
    assert "index-tickers:BTC-USD" in market.ledger.wanted()
    assert not stays(Topic("opt-summary", family="BTC-USD"))


def test_what_nobody_needs_any_more_may_be_silent_and_must_tick_when_it_is_needed_again() -> None:
    market, _ = stream()
    mark, index = "mark-price:BTC-USDT-SWAP", "index-tickers:BTC-USD"
    for needs, seconds in ((SWAP, 25.0), (Needs(), None), (SWAP, 25.0)):
        market.need(needs)
        assert market.ledger.wanted()[mark].silent_seconds == seconds
        assert (market.ledger.wanted()[index].silent_seconds is None) is (seconds is None)


def test_what_does_not_exist_is_let_go_where_nobody_needs_it_and_else_refused() -> None:
    market, venue = stream()
    mark, index = Topic("mark-price", inst="BTC-USDT-SWAP"), Topic("index-tickers", inst="BTC-USD")
    market.need(SWAP)
    assert not market._miss(mark), "a contract that is held has a price"
    assert market._miss(index), "not every coin has one"
    assert mark.text in market.ledger.wanted()
    market.need(Needs())
    assert market._miss(mark)
    assert mark.text not in market.ledger.wanted()
    venue.clock.at += 1.0
    market.need(SWAP)
    assert mark.text in market.ledger.wanted(), "until it is needed again"
