"""What stress is asked with: all mistakes at once, and what is not mentioned as configured."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.errors import BadRequest
from monitor.domain.names import AccountKey
from monitor.domain.stress import Family, Scenario, StressRequest
from monitor.domain.stress_json import read_request

USUAL = StressRequest(
    grid=(-0.2, 0.2),
    betas={"ETH": 1.3},
    named=(Scenario(name="alts", family=Family.NAMED, others=-0.4),),
    crashes=(Scenario(name="then", family=Family.CRASH, others=-0.5),),
)


def test_nothing_said_means_what_is_configured() -> None:
    assert read_request({}, USUAL) == USUAL


def test_everything_can_be_said() -> None:
    body = {
        "accounts": ["paper/main", {"venue": "paper", "account": "other"}],
        "families": ["grid", "crash"],
        "grid": [-0.5, 0, 1],
        "gaps": [0.1],
        "depegs": [],
        "sigmas": [-3],
        "betas": {"SOL": 2},
        "coins": ["BTC"],
        "names": ["then"],
    }
    assert read_request(body, USUAL) == StressRequest(
        accounts=(AccountKey("paper", "main"), AccountKey("paper", "other")),
        families=(Family.GRID, Family.CRASH),
        grid=(-0.5, 0.0, 1.0),
        gaps=(0.1,),
        depegs=(),
        sigmas=(-3.0,),
        betas={"SOL": 2.0},
        coins=("BTC",),
        named=USUAL.named,
        crashes=USUAL.crashes,
        names=("then",),
    )


def test_who_brings_scenarios_wants_these() -> None:
    mine = {"name": "mine", "moves": {"BTC": -0.3}, "others": -0.4, "gap": True, "text": "why"}
    own = (
        Scenario(name="mine", family=Family.OWN, moves={"BTC": -0.3}, others=-0.4, gap=True, text="why"),
        Scenario(name="own 2", family=Family.OWN),
    )
    request = read_request({"scenarios": [mine, {}]}, USUAL)
    assert (request.own, request.families) == (own, ())
    both = read_request({"scenarios": [mine], "families": ["grid"]}, USUAL)
    assert both.families == (Family.GRID,)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"grids": []}, "grids"),
        ({"families": ["own"]}, "families[0]"),
        ({"families": "grid"}, "families"),
        ({"grid": [-0.1] * 41}, "grid"),
        ({"grid": [-1.1]}, "grid[0]"),
        ({"grid": [True]}, "grid[0]"),
        ({"grid": ["-0.1"]}, "grid[0]"),
        ({"gaps": [float("nan")]}, "gaps[0]"),
        ({"sigmas": [21]}, "sigmas[0]"),
        ({"betas": []}, "betas"),
        ({"betas": {"ETH": -1}}, "betas.ETH"),
        ({"betas": {"": 1}}, "betas."),
        ({"coins": [""]}, "coins[0]"),
        ({"names": ["a\nb"]}, "names[0]"),
        ({"accounts": "paper/main"}, "accounts"),
        ({"accounts": ["paper"]}, "accounts[0]"),
        ({"accounts": [7]}, "accounts[0]"),
        ({"scenarios": {}}, "scenarios"),
        ({"scenarios": [3]}, "scenarios[0]"),
        ({"scenarios": [{"move": {}}]}, "scenarios[0].move"),
        ({"scenarios": [{"name": ""}]}, "scenarios[0].name"),
        ({"scenarios": [{"others": 11}]}, "scenarios[0].others"),
        ({"scenarios": [{"gap": 1}]}, "scenarios[0].gap"),
        ({"scenarios": [{"text": "x" * 501}]}, "scenarios[0].text"),
        ({"scenarios": [{"moves": {"BTC": "down"}}]}, "scenarios[0].moves.BTC"),
    ],
)
def test_a_mistake_is_named_by_its_key_and_with_a_cure(body: dict[str, Any], key: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_request(body, USUAL)
    (mistake,) = refused.value.mistakes
    assert mistake.key == key
    assert mistake.cure


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(BadRequest) as refused:
        read_request({"grid": [-2, -0.1, 99], "coins": 7, "what": {"deep": 1}}, USUAL)
    assert [mistake.key for mistake in refused.value.mistakes] == ["grid[0]", "grid[2]", "coins", "what"]
