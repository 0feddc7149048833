"""What readings decide: whether two answers belong together, and which keys are too powerful."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.accounts import Permissions
from monitor.venues.binance.polls import disagreement
from monitor.venues.desk import powers


def row(symbol: str, amount: str = "1", at: int | None = 1, side: str = "BOTH") -> dict[str, Any]:
    return {"symbol": symbol, "positionSide": side, "positionAmt": amount, "updateTime": at, "notional": "x"}


def differ(account: list[dict[str, Any]], risk: list[dict[str, Any]]) -> object:
    return disagreement(json.dumps({"assets": [], "positions": account}).encode(), json.dumps(risk).encode())


def test_answers_written_at_one_moment_agree() -> None:
    assert differ([row("BTCUSDT"), row("ETHUSDT")], [row("ETHUSDT"), row("BTCUSDT")]) == {}


def test_a_differing_update_time_is_movement() -> None:
    assert differ([row("BTCUSDT", at=1)], [row("BTCUSDT", at=2)]) == {("BTCUSDT", "BOTH"): (1, 2)}


def test_a_position_in_one_answer_only_is_movement() -> None:
    assert differ([], [row("BTCUSDT")]) == {("BTCUSDT", "BOTH"): (None, 1)}


def test_a_row_without_a_position_is_none() -> None:
    assert differ([row("BTCUSDT", "0.000")], []) == {}


def test_the_two_sides_of_a_symbol_are_compared_apart() -> None:
    both = [row("BTCUSDT", side="LONG"), row("BTCUSDT", "-1", side="SHORT")]
    assert differ(both, [both[0], {**both[1], "updateTime": 9}]) == {("BTCUSDT", "SHORT"): (1, 9)}


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[1]", b'{"positions": 5}'])
def test_what_cannot_be_read_is_left_to_the_reader_of_the_answer(raw: bytes) -> None:
    assert disagreement(raw, b"[]") == {}


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        (Permissions(can_read=True, can_withdraw=True, can_transfer=True), ("withdraw", "transfer")),
        (Permissions(can_transfer=True), ("transfer",)),
        (Permissions(can_trade=True, can_withdraw=False, can_transfer=False), ()),
        (Permissions(), ()),
    ],
)
def test_a_key_that_moves_funds_is_too_powerful(permissions: Permissions, words: tuple[str, ...]) -> None:
    assert powers(permissions) == words
