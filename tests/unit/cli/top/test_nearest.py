"""The line reached first, each way, with the name of what moves; doubt is shown."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.cli.top import nearest
from monitor.cli.top.nearest import Near

NEVER: dict[str, Any] = {"state": "never"}
UNKNOWN: dict[str, Any] = {"state": "unknown", "reasons": ["no price of ETH"]}
NOW: dict[str, Any] = {"state": "liquidatable", "distance_ratio": 0.0}


def line(distance: float, price: float | None = None) -> dict[str, Any]:
    return {"state": "at", "distance_ratio": distance} | ({} if price is None else {"price": price})


def pool(
    coins: dict[str, Any], market: dict[str, Any] | None = None, depegs: dict[str, Any] | None = None
) -> dict[str, Any]:
    sides = {name: {"down": each, "up": NEVER} for name, each in coins.items()}
    pegs = {name: {"down": each, "up": NEVER} for name, each in (depegs or {}).items()}
    return {"coins": sides, "market": market or {}, "depegs": pegs, "positions": []}


def down(found: dict[str, Any]) -> Near:
    near = nearest.each_way(found, "down")
    assert near is not None
    return near


def test_the_nearer_of_coin_market_and_peg_is_told_by_name() -> None:
    assert down(pool({"BTC": line(0.2), "SOL": line(0.1)})).what == "SOL"
    assert down(pool({"BTC": line(0.2)}, {"down": line(0.1)})).what == nearest.MARKET
    assert down(pool({"BTC": line(0.2)}, depegs={"USDT": line(0.05)})).what == "USDT"


def test_a_line_that_is_not_known_hides_nothing_but_a_nearer_one() -> None:
    near = down(pool({"BTC": line(0.2), "ETH": UNKNOWN}))
    assert (near.what, near.doubt) == ("BTC", True)
    assert near.short(12) == "BTC -20.0 %?"
    assert down(pool({"BTC": NEVER, "ETH": UNKNOWN})).line is UNKNOWN


def test_what_can_be_liquidated_now_comes_before_all() -> None:
    assert down(pool({"BTC": line(0.001), "ETH": NOW})).short(12).strip() == "NOW"


def test_a_pool_without_a_line_has_no_nearest_one() -> None:
    assert nearest.of_pool(pool({})) is None


@pytest.mark.parametrize(
    ("each", "said"),
    [
        (line(0.043), "       -4.3 %"),
        (line(12.0), "    13 times"),
        (line(5000.0), ">1000 times"),
        (NEVER, "never"),
        (UNKNOWN, "unknown"),
        (NOW, "NOW"),
    ],
)
def test_a_distance_in_words(each: dict[str, Any], said: str) -> None:
    assert nearest.distance(each, falling=True) == said.strip()


def test_what_has_to_happen() -> None:
    assert nearest.movement(Near("SOL", line(0.043, 181.77), True)) == "SOL falls 4.3 % to 181.77"
    assert nearest.movement(Near("market", line(0.5), False)) == "all coins together rise 50.0 %"
    assert nearest.movement(Near("ETH", UNKNOWN, True)) == "no price of ETH"
    assert nearest.movement(Near("ETH", NEVER, True)) == "no price does it"
    assert "not known" in nearest.movement(Near("ETH", line(0.1), True, doubt=True))
