"""Rows whose topics come and go: up when each is, and what fails is named. Complaint 16."""

from __future__ import annotations

from monitor.domain.events import FeedDown, FeedUp
from monitor.domain.frames import Decoded, FrameKind
from monitor.venues.ledger import IDLE, Ledger
from monitor.venues.phases import Phase
from monitor.venues.subscriptions import Attempt, Judgement, LedgerLimits

WALL = 1_700_000_000.0
BTC, ETH, XRP, ADA, SOL = (f"tickers.{one}USDT" for one in ("BTC", "ETH", "XRP", "ADA", "SOL"))


def ledger(*topics: str, first_seconds: float | None = 5.0) -> tuple[Ledger, Attempt]:
    book = Ledger("v", None, (), LedgerLimits(), rows=("marks", "assets"))
    book.want("marks", topics, first_seconds=first_seconds)
    attempt = book.dial()
    book.adopt(attempt)
    return book, attempt


def live(attempt: Attempt, now: float = 0.0) -> None:
    """Everything is asked for, acknowledged and delivers."""
    attempt.asked(attempt.unasked, 1, now)
    attempt.acknowledged(1, now)
    for key in attempt.subscriptions:
        attempt.delivered(key, now)


def test_a_row_is_up_when_each_of_its_topics_delivers() -> None:
    book, attempt = ledger(BTC, ETH)
    attempt.asked((BTC,), 1, 0.0)
    attempt.asked((ETH,), 2, 0.0)
    attempt.acknowledged(1, 0.1)
    attempt.delivered(BTC, 0.1)
    assert not book.up("marks")
    assert book.row("marks").phase == Phase.SUBSCRIBING
    assert book.edges(WALL) == ()
    attempt.acknowledged(2, 0.2)
    assert not book.up("marks"), "acknowledged is not delivering"
    attempt.delivered(ETH, 0.3)
    assert book.up("marks")
    assert book.edges(WALL) == (FeedUp("v", None, "marks", WALL),)


def test_topics_that_are_quiet_by_nature_are_up_with_their_acknowledgement() -> None:
    book = Ledger("v", "main", (), LedgerLimits(), rows=("user",))
    book.want("user", ["position", "wallet"])
    attempt = book.dial()
    book.adopt(attempt)
    attempt.asked(("position", "wallet"), 1, 0.0)
    attempt.acknowledged(1, 0.1)
    assert book.up("user")
    assert attempt.judge(100_000.0, book.missed) == Judgement()


def test_nobody_said_what_a_row_needs_is_waiting_and_nothing_needed_is_idle_and_up() -> None:
    book, _ = ledger(BTC)
    assert (book.row("assets").phase, book.up("assets")) == (Phase.WAITING, False)
    book.want("assets", [])
    assert (book.row("assets").phase, book.up("assets")) == (IDLE, True)
    assert FeedUp("v", None, "assets", WALL) in book.edges(WALL)


def test_a_partly_acknowledged_request_is_found_in_5_s_and_named_and_replaced_at_10_s() -> None:
    book, attempt = ledger(BTC, ETH, XRP)
    for number, topic in enumerate((BTC, ETH, XRP)):
        attempt.asked((topic,), number, 0.0)
    attempt.acknowledged(0, 0.1)
    attempt.delivered(BTC, 0.1)
    assert attempt.judge(4.9, book.missed) == Judgement()
    assert attempt.judge(5.0, book.missed) == Judgement((ETH, XRP))
    (down,) = book.edges(WALL)
    assert isinstance(down, FeedDown)
    assert down.reason == f"{ETH}, {XRP}: no acknowledgement in 5 s"
    attempt.asked((ETH,), 7, 5.0)
    attempt.asked((XRP,), 8, 5.0)
    judgement = attempt.judge(10.0, book.missed)
    assert judgement.reconnect == "", "what delivers goes on"
    assert judgement.replace == f"{ETH}: no acknowledgement in 5 s"
    assert book.missed == {"marks": 4}
    attempt.judge(11.0, book.missed)
    assert book.missed == {"marks": 4}, "each is counted once"


def test_where_nothing_delivers_the_connection_is_given_up() -> None:
    book, attempt = ledger(BTC, ETH)
    attempt.asked((BTC, ETH), 1, 0.0)
    attempt.judge(5.0, book.missed)
    assert attempt.judge(10.0, book.missed).reconnect == f"{BTC}: no acknowledgement in 5 s"


def test_the_first_frame_has_a_time_and_later_ones_have_none() -> None:
    book, attempt = ledger(BTC)
    attempt.asked((BTC,), 1, 0.0)
    attempt.acknowledged(1, 0.0)
    assert attempt.judge(5.0, book.missed) == Judgement((BTC,))
    assert "never sent anything" in book.row("marks").reason
    attempt.delivered(BTC, 6.0)
    assert book.up("marks")
    assert attempt.judge(100_000.0, book.missed) == Judgement()


def test_a_topic_that_joins_makes_the_row_wait_and_no_outage() -> None:
    book, attempt = ledger(BTC)
    live(attempt)
    book.edges(WALL)
    book.want("marks", [BTC, ETH], first_seconds=5.0)
    assert not book.up("marks"), "before the connection knows of it"
    assert attempt.take_in(book.wanted()) == ()
    assert attempt.unasked == (ETH,)
    assert not attempt.up
    assert book.edges(WALL) == ()
    live(attempt)
    assert book.up("marks")
    assert book.edges(WALL) == ()


def test_a_topic_that_goes_is_to_be_given_back_if_it_was_asked_for() -> None:
    book, attempt = ledger(BTC, ETH)
    attempt.asked((BTC,), 1, 0.0)
    book.want("marks", [XRP])
    assert attempt.take_in(book.wanted()) == (BTC,)
    assert attempt.unasked == (XRP,)
    assert book.key_of(Decoded(FrameKind.DATA, "", BTC)) is None, "a last frame of it is nobody's"


def test_many_that_fail_are_counted_and_one_reason_of_all_stands_alone() -> None:
    book, attempt = ledger(BTC, ETH, XRP, ADA, SOL)
    live(attempt)
    for topic in (BTC, ETH, XRP, ADA):
        attempt.doubt(topic, "it does not tell what REST shows", 1.0)
    assert book.row("marks").reason == f"{BTC}, {ETH}, {XRP} and 1 more: it does not tell what REST shows"
    attempt.lost("the connection was closed")
    assert book.row("marks").reason == "the connection was closed"
    assert book.row("marks").down


def test_a_refused_topic_is_asked_for_by_itself_at_once_and_then_rarely_and_costs_nobody_a_connection() -> None:
    book, attempt = ledger(BTC, ETH)
    attempt.asked((BTC, ETH), 1, 0.0)
    attempt.refused(1, "unknown topic", 0.1)
    assert set(attempt.judge(0.2, book.missed).resubscribe) == {BTC, ETH}
    attempt.asked((BTC,), 2, 0.2)
    attempt.asked((ETH,), 3, 0.2)
    attempt.acknowledged(2, 0.3)
    attempt.delivered(BTC, 0.3)
    attempt.refused(3, "unknown topic", 0.3)
    for now in (0.4, 10.0, 30.0, 60.2):
        assert attempt.judge(now, book.missed) == Judgement(), now
    assert book.row("marks").reason == f"{ETH}: the venue refused the subscription: unknown topic"
    assert attempt.judge(60.4, book.missed) == Judgement((ETH,))
    attempt.asked((ETH,), 4, 60.4)
    attempt.acknowledged(4, 60.5)
    attempt.delivered(ETH, 60.5)
    assert book.up("marks")


def test_a_refused_topic_is_named_and_takes_no_other_down_with_it() -> None:
    book, attempt = ledger(BTC, ETH)
    live(attempt)
    book.edges(WALL)
    book.want("marks", [BTC, ETH, XRP])
    attempt.take_in(book.wanted())
    attempt.asked((XRP,), 2, 1.0)
    attempt.refused(2, "unknown topic", 1.1)
    row = book.row("marks")
    assert (row.phase, row.up, row.down) == (Phase.LIVE, True, False)
    assert row.reason == f"{XRP}: the venue refused the subscription: unknown topic"
    assert not book.up("marks"), "not all that is wanted: what is refused has to be read in another way"
    assert book.edges(WALL) == ()
    assert attempt.up, "a connection that has all that there is can take another's place"

    attempt.lost("the connection was closed")
    assert book.row("marks").down
    (down,) = book.edges(WALL)
    assert isinstance(down, FeedDown)


def test_a_row_of_which_everything_is_refused_is_down() -> None:
    book, attempt = ledger(BTC, ETH)
    attempt.asked((BTC, ETH), 1, 0.0)
    attempt.refused(1, "unknown topic", 0.1)
    assert book.row("marks").down
    assert not attempt.up
    (down,) = book.edges(WALL)
    assert isinstance(down, FeedDown)
    assert down.reason == "the venue refused the subscription: unknown topic"


def test_a_topic_may_be_judged_otherwise_later() -> None:
    book, attempt = ledger(BTC, ETH)
    live(attempt)
    book.want("marks", [BTC, ETH], silent_seconds=5.0, quiet=[ETH])
    attempt.take_in(book.wanted())
    attempt.delivered(BTC, 100.0)
    assert attempt.judge(104.0, book.missed) == Judgement()
    book.want("marks", [BTC, ETH], silent_seconds=5.0)
    attempt.take_in(book.wanted())
    assert attempt.judge(104.0, book.missed) == Judgement((ETH,)), "it must tick now, and has not for long"


def test_a_doubted_topic_is_asked_for_again_once_and_then_another_connection_is_wanted() -> None:
    book, attempt = ledger(BTC, ETH)
    live(attempt)
    book.edges(WALL)
    attempt.doubt(ETH, "it does not tell what REST shows", 50.0)
    assert isinstance(book.edges(WALL)[0], FeedDown)
    assert attempt.judge(50.1, book.missed) == Judgement((ETH,))
    assert attempt.judge(50.6, book.missed) == Judgement()
    attempt.doubt(ETH, "once more", 51.0)
    assert attempt.judge(55.0, book.missed).replace == f"{ETH}: it does not tell what REST shows"
    attempt.delivered(ETH, 55.5)
    assert book.up("marks")
    assert attempt.judge(56.0, book.missed) == Judgement()


def test_a_row_over_two_routes_is_up_when_both_are_and_names_that_keep_apart_by_route() -> None:
    book = Ledger("v", None, (), LedgerLimits(), rows=("marks", "assets"))
    book.want("marks", [BTC], route="linear")
    book.want("marks", ["tickers.BTCUSD"], route="inverse")
    book.want("assets", [BTC], route="spot")
    linear, inverse, spot = (book.dial(route) for route in ("linear", "inverse", "spot"))
    for attempt in (linear, inverse, spot):
        book.adopt(attempt)
    live(linear)
    assert not book.up("marks")
    live(inverse)
    assert book.up("marks")
    assert not book.up("assets")
    ticker = Decoded(FrameKind.DATA, "tickers", BTC)
    assert book.stream_of(ticker, "linear") == "marks"
    assert book.stream_of(ticker, "spot") == "assets"
    book.count(Decoded(FrameKind.IGNORED, "pong"), b"", WALL, 0.0, "spot")
    assert [book.counters[row].messages for row in ("marks", "assets")] == [0, 1]
    inverse.lost("gone")
    assert book.row("marks").reason.startswith("tickers.BTCUSD")
    book.want("marks", [], route="inverse")
    assert book.up("marks"), "a lost connection that nobody needs is no outage"


def test_reconnections_are_counted_with_the_rows_of_their_route() -> None:
    book, _ = ledger(BTC)
    book.want("assets", [ETH], route="spot")
    for route in ("", "", "spot"):
        book.opened(route)
    assert [status.reconnects for status in book.statuses()] == [1, 0]


def test_a_ledger_that_was_stopped_says_why_until_it_is_dialled_again() -> None:
    book, attempt = ledger(BTC)
    live(attempt)
    book.edges(WALL)
    book.stop("the key may withdraw")
    assert book.row("marks").phase == Phase.STOPPED
    told = [one for one in book.edges(WALL) if isinstance(one, FeedDown)]
    assert {one.stream: one.reason for one in told}["marks"] == "the key may withdraw"
    book.adopt(book.dial())
    assert book.row("marks").phase == Phase.CONNECTING


def test_malformed_frames_are_kept_without_keys() -> None:
    book, _ = ledger(BTC)
    book.count(Decoded(FrameKind.MALFORMED, why="bad"), b'{"apiKey":"planted","x":1', WALL, 0.0)
    assert "planted" not in book.malformed[0]
