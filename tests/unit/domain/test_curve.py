"""What a health curve is asked with, and what its document says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.curve import CurveRefused, CurveReport, CurveRequest, StageLines, asked, curve_json
from monitor.domain.lines import NEVER, Direction, Line, Ratio
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality

POOL = {"venue": "binance", "account": "main", "pool": "cross:USDT"}
KEY = PoolKey("binance", "main", "cross:USDT")


def test_the_market_is_what_is_meant_where_nothing_is_said() -> None:
    assert asked(POOL) == CurveRequest(pool=KEY, of=None, begin=-0.6, end=0.6, points=121)


def test_everything_can_be_said() -> None:
    query = POOL | {"of": "BTC", "from": "-0.25", "to": "1", "points": "11"}
    assert asked(query) == CurveRequest(pool=KEY, of="BTC", begin=-0.25, end=1.0, points=11)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"pool": ""}, "pool"),
        ({"of": ""}, "of"),
        ({"from": "nan"}, "from"),
        ({"from": "-1.01"}, "from"),
        ({"to": "much"}, "to"),
        ({"to": "10.1"}, "to"),
        ({"from": "0.5", "to": "0.5"}, "from"),
        ({"points": "1"}, "points"),
        ({"points": "1002"}, "points"),
        ({"points": "-3"}, "points"),
        ({"points": "٣"}, "points"),
        ({"coin": "BTC"}, "coin"),
        ({"of": "B" * 121}, "of"),
        ({"n" * 200: "1"}, "n" * 120),
    ],
)
def test_what_makes_no_sense_is_named_with_its_cure(wrong: dict[str, str], key: str) -> None:
    with pytest.raises(CurveRefused) as refused:
        asked(POOL | wrong)
    assert refused.value.key == key
    assert refused.value.cure
    assert not refused.value.missing


def test_today_is_a_place_of_its_own() -> None:
    moves = asked(POOL).moves()
    assert len(moves) == 121
    assert moves[0] == -0.6
    assert moves[-1] == 0.6
    assert moves[60] == 0.0


DOWN = Line.at(81.0, 0.19)
SIDES = {Direction.DOWN: DOWN, Direction.UP: NEVER}
REPORT = CurveReport(
    pool=KEY,
    of="BTC",
    stable=False,
    at=1.0,
    quality=Quality.LIVE,
    reasons=(),
    price_now=100.0,
    sigma_ratio=None,
    moves=(-0.5, 0.0),
    prices=(50.0, 100.0),
    equity_usd=(None, 20.0),
    required_usd=(0.5, float("nan")),
    stages=(StageLines(name="liquidation", ratio=Ratio.of(0.05), lines=SIDES),),
    lines=SIDES,
)


@pytest.mark.parametrize(
    ("of", "stable", "kind", "named"),
    [("BTC", False, "coin", "BTC"), ("USDT", True, "depeg", "USDT"), (None, False, "market", "market")],
)
def test_it_says_what_moves(of: str | None, stable: bool, kind: str, named: str) -> None:
    document = curve_json(replace(REPORT, of=of, stable=stable))
    assert (document["kind"], document["of"]) == (kind, named)


def test_what_is_not_known_is_null_and_a_line_that_is_none_says_so() -> None:
    assert curve_json(REPORT) == {
        "schema": 1,
        "at": 1.0,
        "venue": "binance",
        "account": "main",
        "pool": "cross:USDT",
        "of": "BTC",
        "kind": "coin",
        "quality": "LIVE",
        "reasons": [],
        "price_now": 100.0,
        "sigma_ratio": None,
        "move": [-0.5, 0.0],
        "price": [50.0, 100.0],
        "equity_usd": [None, 20.0],
        "requirement_usd": [0.5, None],
        "line": {"down": {"state": "at", "price": 81.0, "distance_ratio": 0.19}, "up": {"state": "never"}},
        "stages": [
            {
                "name": "liquidation",
                "margin_ratio": {"state": "at", "value": 0.05},
                "down": {"state": "at", "price": 81.0, "distance_ratio": 0.19},
                "up": {"state": "never"},
            }
        ],
        "notes": [],
    }
