"""Recorded answers through the function that reads their kind, told by what they hold."""

from __future__ import annotations

import json
from typing import Any

from monitor.domain.accounts import Position
from monitor.domain.events import AccountConfig
from monitor.domain.frames import RowProblem
from monitor.venues.bybit import account_answers, answers
from tests.venues.bybit.support import ACCOUNT, T0, VENUE, coin, wallet


def raw(response: dict[str, Any]) -> bytes:
    # A test's answer may have no time, which no real one lacks.
    return json.dumps({"time": T0 * 1000} | response).encode()


def read_answer(response: dict[str, Any]) -> tuple[str, list[RowProblem]]:
    """The kind of the answer, and the bad rows in it."""
    problems: list[RowProblem] = []
    result, body = response["result"], raw(response)
    rows = result.get("list") or [{}]
    first: dict[str, Any] = rows[0]
    if "marginMode" in result:
        account_answers.account_config(body, [], ACCOUNT, T0, T0, problems)
        return "config", problems
    if "coin" in first and "accountType" in first:
        snapshot = account_answers.account_snapshot(body, [], [], ACCOUNT, T0, T0, bad_rows=problems)
        assert snapshot.balances
        return "wallet", problems
    if "takerFeeRate" in first:
        account_answers.account_config(_info(), [body], ACCOUNT, T0, T0, problems)
        return "fees", problems
    if "positionIdx" in first:
        account_answers.account_snapshot(wallet(coin("USDT", 1)), [body], [], ACCOUNT, T0, T0, bad_rows=problems)
        return "positions", problems
    if "contractType" in first:
        assert answers.instruments([body], VENUE, T0, problems).instruments
        return "instruments", problems
    if "riskLimitValue" in first:
        assert answers.tiers([body], VENUE, T0, problems).tiers
        return "tiers", problems
    if "markPrice" in first:
        assert answers.marks(body, VENUE, T0, problems)
        return "tickers", problems
    return "nothing of ours", problems


def positions_of(response: dict[str, Any]) -> tuple[Position, ...]:
    return account_answers.account_snapshot(wallet(coin("USDT", 1)), [raw(response)], [], ACCOUNT, T0, T0).positions


def config_of(response: dict[str, Any]) -> AccountConfig:
    return account_answers.account_config(raw(response), [], ACCOUNT, T0, T0)


def _info() -> bytes:
    body = {"retCode": 0, "result": {"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 5}}
    return json.dumps(body).encode()
