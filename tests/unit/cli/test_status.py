"""`status` for people: nothing past the width, the worst first, no text cut before its cure, short when all is dark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.cli import words_status
from monitor.cli.words_folded import folded, width
from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.schema import view_json
from tests import sample_reports as sample

CURE = "Add 17,928 USDT (17,920.42 USD) or close 1.049 of BTC-USDT-SWAP long to move every line 20% away."


def alert(number: int = 0, severity: str = "critical", rule: str = "margin_ratio", text: str = "") -> dict[str, Any]:
    summary = f"desk{number} cross:USDT: margin ratio 86.3 %"
    return {"severity": severity, "rule": rule, "summary": summary, "text": text or f"{summary}\n{CURE}", "labels": {}}


def document(*accounts: Any, alerts: tuple[dict[str, Any], ...] = (), **changed: Any) -> dict[str, Any]:
    return {**view_json(sample.view(*accounts)), "alerts": list(alerts), **changed}


def shown(body: dict[str, Any], columns: int = 80) -> list[str]:
    return list(folded(words_status.lines(body), columns))


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_line_is_past_the_width_and_no_word_is_lost(columns: int) -> None:
    body = document(sample.account(sample.pool(), sample.pool("isolated:BTCUSDT:long")), alerts=(alert(),))
    found = shown(body, columns)
    assert max(map(width, found)) <= columns
    assert " ".join(" ".join(found).split()) == " ".join(" ".join(words_status.lines(body)).split())


def test_an_alert_is_told_to_its_end_with_what_to_do() -> None:
    told = " ".join(" ".join(shown(document(sample.account(sample.pool()), alerts=(alert(),)))).split())
    assert f"CRITICAL margin_ratio: desk0 cross:USDT: margin ratio 86.3 % {CURE}" in told


def test_alerts_stand_before_accounts_and_the_verdict_before_all() -> None:
    found = shown(document(sample.account(sample.pool()), alerts=(alert(), alert(severity="warning"))))
    assert found[0].startswith("1 critical, 1 warning  1 account, 1 pool, at ")
    places = [
        next(place for place, line in enumerate(found) if line.startswith(word)) for word in ("CRIT", "WARN", "b")
    ]
    assert places == sorted(places)


def test_the_account_with_the_worst_pool_stands_first() -> None:
    calm = sample.account(sample.pool(ratio=Ratio.of(0.1)))
    other = AccountKey("okx", "desk")
    near = sample.account(sample.pool(owner=other, ratio=Ratio.of(0.9)), key=other)
    heads = [line for line in shown(document(calm, near)) if line.startswith(("binance/", "okx/"))]
    assert [head.split()[0] for head in heads] == ["okx/desk", "binance/main"]


def test_a_hundred_alerts_of_one_rule_are_not_a_hundred_lines() -> None:
    found = shown(document(sample.account(sample.pool()), alerts=tuple(alert(number) for number in range(100))))
    assert "CRITICAL margin_ratio: 95 more: see marginwatch alerts list" in found
    assert len(found) < 40


def test_accounts_of_which_nothing_is_known_are_told_together_and_never_as_safe() -> None:
    dark = [
        replace(
            sample.account(key=AccountKey("binance", f"desk{number}")),
            quality=Quality.UNKNOWN,
            reasons=("no account reading yet",),
            up=False,
        )
        for number in range(12)
    ]
    feeds = [
        {
            "venue": "binance",
            "account": f"desk{number}",
            "stream": stream,
            "phase": "waiting",
            "up": False,
            "reason": "",
        }
        for number in range(12)
        for stream in ("user", "account", "config", "tiers")
    ]
    found = shown(document(*dark, feeds=feeds))
    assert found[0].startswith("no alert  12 accounts not known")
    assert "UNKNOWN: 12 accounts: no account reading yet" in found
    assert all(any(f"binance/desk{number}" in line for line in found) for number in range(12))
    assert len(found) <= 20


def test_a_name_cannot_move_the_cursor_and_wide_letters_count_twice() -> None:
    assert list(folded(["a\x1b[2Jb"], 80)) == ["a [2Jb"]
    assert list(folded(["危険" * 3], 8)) == ["危険危険", "    危険"]


def test_a_word_longer_than_the_width_is_broken_as_a_terminal_would() -> None:
    found = list(folded(["x" * 50], 20))
    assert "".join(line.strip() for line in found) == "x" * 50
    assert max(map(len, found)) <= 20
