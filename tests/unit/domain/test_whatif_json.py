"""What-if as JSON: requests read with all their mistakes, and the answer's words for what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import BadRequest
from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.quality import Quality
from monitor.domain.whatif import (
    Close,
    Collateral,
    Liquidation,
    NextLiquidation,
    Paid,
    SetLeverage,
    SetMarginMode,
    Trade,
    Transfer,
    Unit,
    WhatIf,
    WhatIfReport,
)
from monitor.domain.whatif_json import answer_json, mistakes_json, request_of

MAIN = AccountKey("paper", "main")
WHOSE = {"venue": "paper", "account": "main"}


def mistakes(given: object) -> dict[str, str]:
    """Key and cure of each."""
    with pytest.raises(BadRequest) as caught:
        request_of(given)
    return {each.key: each.cure for each in caught.value.mistakes}


def test_every_edit_is_read() -> None:
    request = request_of(
        {
            "edits": [
                {
                    "do": "trade",
                    **WHOSE,
                    "symbol": "BTCUSDT",
                    "quantity": -2,
                    "leverage": 9,
                    "margin_mode": "isolated",
                },
                {"do": "trade", **WHOSE, "symbol": "X", "quantity": 1, "unit": "usd", "price": 9, "side": "long"},
                {"do": "close", **WHOSE, "symbol": "BTCUSDT"},
                {"do": "close", **WHOSE, "symbol": "BTCUSDT", "fraction": 0.5, "side": "short", "fee_rate": 0},
                {"do": "collateral", **WHOSE, "asset": "USDT", "amount": -5.5},
                {"do": "transfer", **WHOSE, "to_venue": "other", "to_account": "b", "asset": "USDT", "amount": 5},
                {"do": "leverage", **WHOSE, "symbol": "BTCUSDT", "leverage": 20},
                {"do": "margin_mode", **WHOSE, "symbol": "BTCUSDT", "margin_mode": "cross", "margin": None},
            ],
            "moves": {"BTC": -0.12},
            "market": 0.1,
            "betas": {"ETH": 1.3},
            "pegs": {"USDT": 0.95},
            "funding_days": 5,
            "accounts": [WHOSE],
        }
    )
    isolated = MarginMode.ISOLATED
    assert request == WhatIf(
        edits=(
            Trade(account=MAIN, symbol="BTCUSDT", quantity=-2.0, leverage=9.0, margin_mode=isolated),
            Trade(account=MAIN, symbol="X", quantity=1.0, unit=Unit.USD, price=9.0, side=Side.LONG),
            Close(account=MAIN, symbol="BTCUSDT"),
            Close(account=MAIN, symbol="BTCUSDT", fraction=0.5, side=Side.SHORT, fee_rate=0.0),
            Collateral(account=MAIN, asset="USDT", amount=-5.5),
            Transfer(account=MAIN, to=AccountKey("other", "b"), asset="USDT", amount=5.0),
            SetLeverage(account=MAIN, symbol="BTCUSDT", leverage=20.0),
            SetMarginMode(account=MAIN, symbol="BTCUSDT", margin_mode=MarginMode.CROSS),
        ),
        moves={"BTC": -0.12},
        market=0.1,
        betas={"ETH": 1.3},
        pegs={"USDT": 0.95},
        funding_days=5.0,
        accounts=(MAIN,),
    )
    assert request_of({}) == WhatIf()


def test_all_mistakes_are_named_at_once_with_key_and_cure() -> None:
    found = mistakes(
        {
            "edits": [
                {"do": "trade", "venue": "paper", "symbol": "BTCUSDT", "quantity": 0, "unit": "lots", "price": -1},
                {"do": "dance"},
                {"do": "close", **WHOSE, "symbol": "BTCUSDT", "fraction": 3, "speed": 1},
                "open",
                {"do": "transfer", **WHOSE, "asset": "USDT", "amount": True},
                {"do": "leverage", **WHOSE, "symbol": "BTCUSDT"},
                {"do": "margin_mode", **WHOSE, "symbol": "B\n", "margin_mode": None},
            ],
            "moves": {"BTC": -1},
            "pegs": {"USDT": "0.95"},
            "funding_days": float("nan"),
            "accounts": [[]],
            "market": -2,
            "betas": {"ETH": 99},
            "speed": {},
        }
    )
    assert found.keys() == {
        "edits[0].account",
        "edits[0].quantity",
        "edits[0].unit",
        "edits[0].price",
        "edits[1].do",
        "edits[2].fraction",
        "edits[2].speed",
        "edits[3]",
        "edits[4].to_venue",
        "edits[4].to_account",
        "edits[4].amount",
        "edits[5].leverage",
        "edits[6].symbol",
        "edits[6].margin_mode",
        "moves.BTC",
        "pegs.USDT",
        "funding_days",
        "accounts[0]",
        "accounts[0].venue",
        "accounts[0].account",
        "market",
        "betas.ETH",
        "speed",
    }
    assert found["edits[1].do"] == "must be one of trade, close, collateral, transfer, leverage, margin_mode"
    assert found["edits[0].unit"] == "must be one of shown, coins, contracts, usd"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ([], "request"),
        ({"edits": [{}] * 51}, "edits"),
        ({"edits": "open"}, "edits"),
        ({"moves": {str(number): 0.1 for number in range(201)}}, "moves"),
        ({"moves": [1]}, "moves"),
    ],
)
def test_what_is_too_much_or_of_another_shape_is_refused(given: Any, key: str) -> None:
    assert key in mistakes(given)


def test_a_refusal_repeats_values_shortly_and_never_a_structure() -> None:
    with pytest.raises(BadRequest) as caught:
        request_of({"edits": {"a": 1}, "moves": {"BTC": [1, 2]}, "market": "x" * 500})
    body = mistakes_json(caught.value)
    shown = {row["key"]: row["value"] for row in body["mistakes"]}
    assert body["error"] == body["mistakes"][0]
    assert (shown["edits"], shown["moves.BTC"], len(shown["market"])) == ("an object", "a list of 2", 80)


def test_what_is_not_known_is_null_in_an_answer_and_no_number() -> None:
    pool = PoolKey("paper", "main", "cross:USDT")
    report = WhatIfReport(
        at=1.0,
        quality=Quality.PARTIAL,
        done=("done",),
        accounts=(),
        liquidations=(Liquidation(pool=pool, begins=None, takes_usd=None),),
        next=NextLiquidation(pool=pool, line=Line.at(1.0, 0.5), of="BTC", direction=Direction.UP, takes_usd=None),
        funding=(Paid(pool=pool, usd=None, reasons=("not known",)),),
        worst_after=Ratio.of(float("inf")),
    )
    body = answer_json(report)
    assert body["liquidations"][0]["begins"] is None
    assert body["next"]["line"] == {"state": "at", "price": 1.0, "distance_ratio": 0.5}
    assert body["worst"]["after"] == {"state": "liquidatable"}
    assert body["funding"][0]["usd"] is None
    assert answer_json(WhatIfReport(at=1.0, quality=Quality.LIVE, done=(), accounts=()))["next"] is None
