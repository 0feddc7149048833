"""What was asked, acknowledged and delivered, and what follows from silence: 5 s, 10 s; marks tick within 5 s."""

from __future__ import annotations

import pytest

from monitor.domain.events import FeedDown, FeedUp
from monitor.domain.frames import Decoded, Frame, FrameKind, RowProblem
from monitor.domain.view import FeedStatus
from monitor.venues.ledger import KEPT_CHARACTERS, KEPT_FRAMES, Ledger, Several
from monitor.venues.phases import Phase
from monitor.venues.subscriptions import Attempt, Judgement, LedgerLimits, StreamRule

MARKS = StreamRule(stream="marks", topic="!marks", event="mark", silent_seconds=5.0)
ASSETS = StreamRule(stream="assets", topic="!assets", event="asset", silent_seconds=10.0)
USER = StreamRule(stream="user")
WALL = 1_700_000_000.0


def ledger(*rules: StreamRule) -> tuple[Ledger, Attempt]:
    book = Ledger("v", None, rules or (MARKS, ASSETS), LedgerLimits())
    attempt = book.dial()
    book.adopt(attempt)
    return book, attempt


def phases(attempt: Attempt) -> list[str]:
    return [one.phase.value for one in attempt.subscriptions.values()]


def data(stream: str = "", kind: FrameKind = FrameKind.DATA, name: str = "", **more: object) -> Decoded:
    return Decoded(kind, name, stream, **more)  # type: ignore[arg-type]  # keywords of the table's rows


def test_a_stream_is_up_when_it_is_acknowledged_and_ticking() -> None:
    book, attempt = ledger()
    attempt.asked(["marks", "assets"], 1, 0.0)
    assert phases(attempt) == ["subscribing", "subscribing"]
    assert attempt.acknowledged(1, 0.1)
    assert phases(attempt) == ["acknowledged", "acknowledged"]
    assert book.edges(WALL) == ()
    attempt.delivered("marks", 1.0)
    assert book.edges(WALL) == (FeedUp("v", None, "marks", WALL),)
    assert [one.up for one in attempt.subscriptions.values()] == [True, False]
    attempt.delivered("assets", 1.0)
    assert attempt.up
    assert book.edges(WALL) == (FeedUp("v", None, "assets", WALL),)
    assert book.edges(WALL) == ()


def test_a_stream_that_is_quiet_by_nature_is_up_with_the_handshake() -> None:
    book, attempt = ledger(USER)
    attempt.asked(["user"], None, 0.0)
    assert attempt.up
    assert book.edges(WALL) == (FeedUp("v", None, "user", WALL),)
    assert attempt.judge(100_000.0, book.missed) == Judgement()


def test_without_acknowledgement_it_is_dead_at_5_s_and_reconnected_at_10_s() -> None:
    book, attempt = ledger()
    attempt.asked(["marks", "assets"], 1, 0.0)
    assert attempt.judge(4.9, book.missed) == Judgement()
    assert attempt.judge(5.0, book.missed) == Judgement(("marks", "assets"))
    assert [type(edge) for edge in book.edges(WALL)] == [FeedDown, FeedDown]
    attempt.asked(["marks", "assets"], 2, 5.0)
    assert attempt.judge(9.9, book.missed) == Judgement()
    judgement = attempt.judge(10.0, book.missed)
    assert judgement.reconnect == "marks: no acknowledgement in 5 s"
    assert book.missed == {"marks": 2, "assets": 2}
    assert [status.missed_acknowledgements for status in book.statuses()] == [2, 2]


def test_a_late_acknowledgement_of_either_request_is_one() -> None:
    for number in (1, 2):
        book, attempt = ledger(MARKS)
        attempt.asked(["marks"], 1, 0.0)
        attempt.judge(5.0, book.missed)
        attempt.asked(["marks"], 2, 5.0)
        assert attempt.acknowledged(number, 6.0)
        assert phases(attempt) == ["acknowledged"]
        assert attempt.judge(10.9, book.missed) == Judgement()


def test_an_acknowledgement_of_nothing_that_was_asked_changes_nothing() -> None:
    _, attempt = ledger(MARKS)
    attempt.asked(["marks"], 1, 0.0)
    assert not attempt.acknowledged(99, 0.1)
    assert phases(attempt) == ["subscribing"]


@pytest.mark.parametrize("number", [1, None])
def test_a_refused_subscription_is_dead_at_once_and_reconnected_at_10_s(number: int | None) -> None:
    book, attempt = ledger(MARKS)
    attempt.asked(["marks"], 1, 0.0)
    attempt.refused(number, "unknown topic")
    assert book.edges(WALL)[0] == FeedDown(
        "v", None, "marks", WALL, "the venue refused the subscription: unknown topic"
    )
    assert attempt.judge(10.0, book.missed).reconnect.startswith("marks: the venue refused")


def test_acknowledged_and_never_a_frame_is_a_wrong_route() -> None:
    book, attempt = ledger(MARKS)
    attempt.asked(["marks"], 1, 0.0)
    attempt.acknowledged(1, 1.0)
    assert attempt.judge(5.9, book.missed) == Judgement()
    assert attempt.judge(6.0, book.missed) == Judgement(("marks",))
    (down,) = book.edges(WALL)
    assert isinstance(down, FeedDown)
    assert "acknowledged, but never sent anything" in down.reason
    attempt.asked(["marks"], 2, 6.0)
    attempt.acknowledged(2, 6.1)
    assert phases(attempt) == ["silent"]
    assert "never sent anything" in attempt.judge(11.0, book.missed).reconnect


def test_a_stream_that_stops_ticking_is_dead_after_its_limit_and_alive_with_the_next_frame() -> None:
    book, attempt = ledger(MARKS)
    attempt.asked(["marks"], 1, 0.0)
    attempt.delivered("marks", 100.0)
    book.edges(WALL)
    assert attempt.judge(104.9, book.missed) == Judgement()
    assert attempt.judge(105.0, book.missed) == Judgement(("marks",))
    (down,) = book.edges(WALL)
    assert isinstance(down, FeedDown)
    assert down.reason == "silent for 5 s"
    attempt.delivered("marks", 106.0)
    assert book.edges(WALL) == (FeedUp("v", None, "marks", WALL),)
    assert attempt.judge(110.9, book.missed) == Judgement()


def test_a_first_failure_is_told_although_nothing_was_ever_up() -> None:
    book, attempt = ledger(MARKS)
    attempt.lost("refused")
    assert book.edges(WALL) == (FeedDown("v", None, "marks", WALL, "refused"),)
    again = book.dial()
    book.adopt(again)
    again.lost("refused")
    assert book.edges(WALL) == ()


def test_reconnections_count_sockets_that_opened_and_counters_survive_them() -> None:
    book, _ = ledger(MARKS)
    book.opened()
    book.count(data("!marks", venue_time=WALL - 2.0), b"{}", WALL, 0.5)
    book.adopt(book.dial())
    book.adopt(book.dial())
    book.opened()
    (status,) = book.statuses()
    assert (status.reconnects, status.messages, status.last_message, status.phase) == (1, 1, WALL, "connecting")
    assert status.lag_seconds == pytest.approx(2.5)


def test_during_a_rollover_the_old_connection_is_shown_until_the_new_one_delivers() -> None:
    book, old = ledger(MARKS)
    old.asked(["marks"], 1, 0.0)
    old.delivered("marks", 1.0)
    book.edges(WALL)
    new = book.dial()
    assert [status.up for status in book.statuses()] == [True]
    new.asked(["marks"], 1, 2.0)
    new.delivered("marks", 3.0)
    book.adopt(new)
    old.lost("closed")
    assert book.edges(WALL) == ()
    assert [status.up for status in book.statuses()] == [True]


def test_a_frame_belongs_to_its_topic_or_its_event_and_otherwise_to_nobody() -> None:
    book, _ = ledger()
    assert book.stream_of(data("!assets")) == "assets"
    assert book.stream_of(data("", name="asset")) == "assets"
    assert book.stream_of(data("!elsewhere")) is None
    assert Ledger("v", "main", (USER,), LedgerLimits()).stream_of(data("", name="anything")) == "user"


def test_every_frame_is_counted_by_its_kind() -> None:
    book, _ = ledger()
    for kind in FrameKind:
        book.count(data("!marks", kind), b"{}", WALL, 0.0)
    book.count(data("!assets", problems=(RowProblem("BTC", "NaN"), RowProblem("ETH", "-1"))), b"[]", WALL, 0.0)
    marks, assets = book.statuses()
    assert (marks.messages, marks.malformed, marks.ignored, marks.unrecognised) == (len(FrameKind), 1, 1, 1)
    assert (assets.messages, assets.malformed) == (1, 2)


def accounted(status: FeedStatus) -> int:
    one = status
    seen = one.applied + one.conflated + one.overrun + one.ignored + one.acknowledged + one.refused
    return seen + one.unrecognised + one.unreadable + one.waiting


def test_each_frame_is_in_exactly_one_count() -> None:
    book, _ = ledger(MARKS)
    for number, kind in enumerate(FrameKind, start=1):
        book.count(data("!marks", kind, problems=(RowProblem("BTC", "NaN"),)), b"{}", WALL, 0.0)
        (status,) = book.statuses()
        assert accounted(status) == status.messages == number


PRICE = FeedUp("v", None, "marks", WALL)  #: which one it is does not matter here


def outcomes(book: Ledger) -> tuple[int, int, int, int]:
    """Of all frames: how many wait, were applied, conflated away, refused."""
    (status,) = book.statuses()
    assert accounted(status) == status.messages
    return status.waiting, status.applied, status.conflated, status.overrun


def test_a_frame_of_one_price_waits_until_that_is_seen_or_replaced() -> None:
    book, _ = ledger(MARKS)
    frames: list[Frame] = [book.count(data("!marks", events=(PRICE,)), b"{}", WALL, 0.0) for _ in range(3)]
    assert outcomes(book) == (3, 0, 0, 0)
    frames[0].replaced()
    assert outcomes(book) == (2, 0, 1, 0)
    frames[1].seen()
    assert outcomes(book) == (1, 1, 1, 0)
    book.counters["marks"].found_no_room()
    assert outcomes(book) == (0, 1, 1, 1)


def test_a_frame_that_says_nothing_of_what_is_held_waits_for_nobody() -> None:
    book, _ = ledger(MARKS)
    book.count(data("!marks"), b"{}", WALL, 0.0)
    assert outcomes(book) == (0, 1, 0, 0)


@pytest.mark.parametrize("seen", [(), (0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_a_frame_of_several_prices_is_conflated_away_when_all_are_replaced_and_else_applied(
    seen: tuple[int, ...],
) -> None:
    book, _ = ledger(ASSETS)
    frame: Frame = Several(book.count(data("!assets", events=(PRICE,) * 3), b"[]", WALL, 0.0), 3)
    for number in range(3):
        assert outcomes(book) == (1, 0, 0, 0), "not before all is said"
        if number in seen:
            frame.seen()
        else:
            frame.replaced()
    assert outcomes(book) == ((0, 1, 0, 0) if seen else (0, 0, 1, 0))


def test_the_last_malformed_frames_are_kept_short_and_without_keys() -> None:
    book, _ = ledger()
    for number in range(2 * KEPT_FRAMES):
        raw = b'{"e":"x","listenKey":"planted-key","n":%d,"more":"%s"' % (number, b"y" * 5000)
        book.count(data("", FrameKind.MALFORMED, why="truncated"), raw, WALL, 0.0)
    assert len(book.malformed) == KEPT_FRAMES
    assert all(len(text) < KEPT_CHARACTERS + 50 and "planted-key" not in text for text in book.malformed)
    assert '"n":9' in book.malformed[-1]


def test_a_key_cut_off_in_its_middle_is_no_less_hidden() -> None:
    book, _ = ledger()
    raw = b'{"e":"x","pad":"%s","listenKey":"planted-key' % (b"y" * (KEPT_CHARACTERS - 40))
    book.count(data("", FrameKind.MALFORMED, why="truncated"), raw, WALL, 0.0)
    assert "plant" not in book.malformed[-1]


def test_a_stopped_stream_says_why_and_stays_so() -> None:
    book, attempt = ledger(USER)
    book.stop("the key is not valid")
    attempt.lost("cancelled")
    (status,) = book.statuses()
    assert (status.phase, status.up) == (Phase.STOPPED.value, False)
    assert book.edges(WALL)[0] == FeedDown("v", None, "user", WALL, "the key is not valid")


def test_a_stream_that_sends_only_what_cannot_be_read_is_not_called_silent() -> None:
    book, attempt = ledger()
    attempt.asked(["marks", "assets"], 1, 0.0)
    attempt.acknowledged(1, 0.0)
    attempt.delivered("assets", 4.0)
    attempt.misread(3.0)
    attempt.judge(5.0, book.missed)
    assert attempt.subscriptions["marks"].reason == "nothing came that could be read for 5 s"
    attempt.judge(14.0, book.missed)
    assert attempt.subscriptions["assets"].reason == "silent for 10 s", (
        "what could not be read came before its last data"
    )
