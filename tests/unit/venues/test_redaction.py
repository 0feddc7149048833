"""What every room hides, whatever its own words are."""

from __future__ import annotations

import json

import pytest

from monitor.venues.redaction import PERSONAL, REMOVED, answer, emptied, has_word, looks_like


@pytest.mark.parametrize("name", ["orderId", "apiKey", "user_name", "ids", "mainUID", "withdrawAddress"])
def test_a_field_tells_by_one_of_its_words(name: str) -> None:
    assert has_word(name, PERSONAL | {"name"})


@pytest.mark.parametrize("name", ["positionIdx", "bidPrice", "monkeys", "notional", "equity"])
def test_a_word_inside_of_another_tells_nothing(name: str) -> None:
    assert not has_word(name, PERSONAL)


@pytest.mark.parametrize("text", ["0x" + "a1" * 10, "some.body@example.org", "192.0.2.17", "2001:db8:0:0:0:0:0:1"])
def test_addresses_go_wherever_they_stand(text: str) -> None:
    assert looks_like().sub(REMOVED, f"said by {text} yesterday") == f"said by {REMOVED} yesterday"


def test_a_rooms_own_patterns_go_too_and_figures_stay() -> None:
    like = looks_like(r"[A-Z]{8}  # a key", r"\d{12}")
    assert like.sub(REMOVED, "ABCDEFGH 123456789012 1.25 BTCUSDT") == f"{REMOVED} {REMOVED} 1.25 BTCUSDT"


def test_what_is_emptied_stays_of_its_kind() -> None:
    assert [emptied(one) for one in ("x", "", 7, 1.5, True, None, [1], {"a": 1})] == [
        REMOVED,
        "",
        0,
        0,
        True,
        None,
        [],
        {},
    ]


def test_what_is_no_json_goes_whole() -> None:
    assert json.loads(answer("account", b"<html>secret", lambda body: body)) == {"removed": "account was not JSON"}
    assert answer("account", b'{ "a": "1.50" }', lambda body: body) == b'{"a":"1.50"}'
