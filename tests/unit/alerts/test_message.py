"""What messages say. Whole texts stand here, so that a change of a word is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts import message as words
from monitor.alerts.message import (
    LINE_CHARACTERS,
    MOST_LINES,
    grouped,
    in_place_of,
    message,
    not_kept,
    superseded,
    title,
    unacknowledged,
)
from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity

ALERT = Alert(
    rule="margin_ratio",
    severity=Severity.CRITICAL,
    labels={"account": "main"},
    since=1000.0,
    summary="main cross: margin ratio 85 % (100 % is liquidation)",
    text="main cross: margin ratio 85 % (100 % is liquidation)\nAdd 100 USD to the pool.\nData LIVE.",
    worst=0.912,
    fingerprint="00ff",
    incident="00ff-1",
)
AT = "https://risk.example.org"


def change(what: Change = Change.FIRED, reason: str = "", number: int = 1, **about: object) -> AlertChange:
    alert = replace(ALERT, **about)  # type: ignore[arg-type]  # the fields of an alert, by name
    return AlertChange(change=what, alert=alert, at=8200.0, previous=Severity.WARNING, reason=reason, number=number)


def test_a_message_says_what_in_one_line_and_the_rest_below_it() -> None:
    told = message(change(reason="the worst has come"), "chat", AT, 9.0)

    assert told.title == "CRITICAL: main cross: margin ratio 85 % (100 % is liquidation)"
    assert told.text == "Add 100 USD to the pool.\nData LIVE.\nWhy now: the worst has come."
    assert told.link == "https://risk.example.org/alerts/00ff"
    assert told.runbook == "https://risk.example.org/runbooks/MarginwatchMarginRatio"
    assert (told.key, told.thread, told.channel, told.at) == ("00ff-1-1", "00ff-1", "chat", 9.0)
    assert not told.repeated
    assert not told.test


def test_without_an_address_there_are_no_links() -> None:
    told = message(change(), "chat", "", 9.0)

    assert (told.link, told.runbook) == ("", "")


@pytest.mark.parametrize(
    ("what", "first"),
    [
        (Change.FIRED, "CRITICAL: main"),
        (Change.WORSENED, "CRITICAL, worse: main"),
        (Change.ESCALATED, "CRITICAL, was WARNING: main"),
        (Change.REPEATED, "CRITICAL, still: main"),
        (Change.EASED, "CRITICAL, eased from WARNING: main"),
        (Change.RESOLVED, "Resolved: main"),
        (Change.ACKNOWLEDGED, "Acknowledged: main"),
        (Change.UNACKNOWLEDGED, "CRITICAL, no longer acknowledged: main"),
        (Change.SILENCED, "Silenced: main"),
        (Change.UNSILENCED, "CRITICAL, no longer silenced: main"),
        (Change.INHIBITED, "Held back: main"),
        (Change.UNINHIBITED, "CRITICAL, no longer held back: main"),
    ],
)
def test_the_title_begins_with_what_changed(what: Change, first: str) -> None:
    assert title(change(what, summary="main")) == first


def test_every_change_has_a_title() -> None:
    assert {title(change(what)) for what in Change}


def test_a_title_is_one_line_whatever_the_summary_holds() -> None:
    assert title(change(summary="two\nlines  and\ta tab")) == "CRITICAL: two lines and a tab"


def test_a_change_whose_level_before_is_unknown_names_the_level_that_it_has() -> None:
    assert title(replace(change(Change.ESCALATED, summary="main"), previous=None)) == "CRITICAL, was CRITICAL: main"


@pytest.mark.parametrize(
    ("state", "by", "note", "line"),
    [
        (AlertState.ACKNOWLEDGED, "mia", "closing it", "Acknowledged by mia: closing it."),
        (AlertState.ACKNOWLEDGED, "mia", "", "Acknowledged by mia."),
        (AlertState.SILENCED, "silence 7", "until noon", "Silenced by silence 7: until noon."),
        (AlertState.INHIBITED, "00aa", "account down", "Held back: account down."),
    ],
)
def test_a_message_says_who_keeps_it_quiet(state: AlertState, by: str, note: str, line: str) -> None:
    assert message(change(state=state, by=by, note=note), "chat", "", 9.0).text.splitlines()[-1] == line


def test_a_reason_that_the_state_names_already_is_not_said_twice() -> None:
    told = change(Change.SILENCED, reason="until noon", state=AlertState.SILENCED, by="silence 7", note="until noon")

    assert "Why now" not in message(told, "chat", "", 9.0).text


def test_the_end_says_how_long_it_lasted_and_what_the_worst_was() -> None:
    told = message(change(Change.RESOLVED, reason="over for 5 min", text="", summary=""), "chat", "", 9.0)

    assert told.text == "Resolved after 2 h. Worst seen: 91.2 %.\nWhy now: over for 5 min."


@pytest.mark.parametrize(
    ("rule", "worst", "told"),
    [
        ("deficit", 1234.5, "Resolved after 2 h. Worst seen: 1,234.5."),
        ("a rule of another version", 0.5, "Resolved after 2 h. Worst seen: 0.5."),
        ("feed_down", None, "Resolved after 2 h."),
    ],
)
def test_the_worst_is_a_percentage_only_of_rules_that_read_a_ratio(rule: str, worst: float | None, told: str) -> None:
    assert message(change(Change.RESOLVED, rule=rule, worst=worst, text=""), "chat", "", 9.0).text == told


def test_a_text_that_begins_with_something_else_than_the_summary_is_said_whole() -> None:
    assert message(change(text="Another line."), "chat", "", 9.0).text == "Another line."


def test_several_messages_become_one_that_lists_them_the_loudest_first() -> None:
    warning = change(severity=Severity.WARNING, summary="b: feed down", incident="b", number=3)
    over = change(Change.RESOLVED, severity=Severity.WARNING, summary="c: deficit", incident="c")
    told = grouped([message(each, "chat", AT, 1.0) for each in (change(summary="a"), warning, over)], AT, 9.0)

    assert told.title == "3 alerts (1 critical, 1 warning, 1 resolved): a"
    assert told.text == "• CRITICAL: a\n• WARNING: b: feed down\n• Resolved: c: deficit"
    assert [each.alert.summary for each in told.changes] == ["a", "b: feed down", "c: deficit"]
    assert told.link == "https://risk.example.org/"
    assert told.runbook == ""
    assert told.key == "00ff-1-1+2"
    assert not told.repeated


def test_a_group_of_one_is_that_one() -> None:
    only = message(change(), "chat", AT, 1.0)

    assert grouped([only], AT, 9.0) is only


def test_a_digest_says_what_it_is_though_it_holds_one() -> None:
    told = grouped([message(change(), "mail", "", 1.0)], "", 9.0, digest=True)

    assert told.title == "Digest of 1 alerts (1 critical)"
    assert told.link == ""


def test_a_group_that_holds_a_possible_repetition_may_be_repeated() -> None:
    first, second = message(change(), "chat", "", 1.0), message(change(incident="b"), "chat", "", 1.0)

    assert grouped([first, replace(second, repeated=True)], "", 9.0).repeated


def test_long_lines_are_cut_and_many_counted() -> None:
    many = [message(change(summary="x" * 500, incident=str(number)), "chat", "", 1.0) for number in range(60)]
    lines = grouped(many, "", 9.0).text.splitlines()

    assert len(lines) == MOST_LINES + 1
    assert {len(line) for line in lines[:-1]} == {LINE_CHARACTERS}
    assert lines[-1] == "… and 10 more"


def test_marks_are_added_to_a_message() -> None:
    told = message(change(summary="main", text=""), "chat", "", 1.0)

    assert unacknowledged(told, 600.0).title == "Not acknowledged for 10 min: CRITICAL: main"
    assert in_place_of(told, "mail").text == "Sent here because chat did not take it."
    assert in_place_of(told, "mail").channel == "mail"
    assert "could not be written down" in not_kept(told).text
    older = superseded(change(Change.WORSENED, text="", number=2), "chat", "", 9.0)
    assert (older.key, older.text) == ("00ff-1-2-older", "Told anew: see the newer message.")


def test_a_test_message_says_that_it_is_one() -> None:
    told, other = words.test("mail", AT, 9.0), words.test("mail", "", 9.5)

    assert told.test
    assert told.title == "Test: mail can be reached"
    assert told.changes == ()
    assert told.link == "https://risk.example.org/"
    assert told.key != other.key
    assert other.link == ""
