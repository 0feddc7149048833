"""Which prices go where in which scenario."""

from __future__ import annotations

import pytest

from monitor.domain.stress import Family, Scenario, StressRequest
from monitor.domain.stress_scenarios import Stakes, move_of, percent, scenarios

STABLE = {"USDT", "USDC"}
STAKES = Stakes(coins=("BTC", "ETH", "WBTC"), stablecoins=("USDT",), sigmas={"BTC": 0.02, "ETH": 0.03})


def made(family: Family, stakes: Stakes = STAKES, **how: object) -> dict[str, Scenario]:
    request = StressRequest(families=(family,), **how)  # type: ignore[arg-type]  # a test's freedom
    return {each.name: each for each in scenarios(request, stakes)[0]}


def notes(family: Family, stakes: Stakes = STAKES, **how: object) -> tuple[str, ...]:
    return scenarios(StressRequest(families=(family,), **how), stakes)[1]  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("asset", "move"),
    [("BTC", -0.3), ("WBTC", -0.3), ("SOL", -0.4), ("USDT", 0.0), ("USDC", -0.1), ("USD", 0.0), ("STETH", -0.5)],
)
def test_named_coins_what_stands_for_them_others_and_stablecoins(asset: str, move: float) -> None:
    scenario = Scenario(
        name="one",
        family=Family.OWN,
        moves={"BTC": -0.3, "ETH": -0.2, "STETH": -0.5, "USDC": -0.1, "USD": -0.9},
        others=-0.4,
    )
    assert move_of(scenario, asset, STABLE) == move


def test_the_grid_moves_everything_alike() -> None:
    found = made(Family.GRID, grid=(-0.5, 0.05))
    assert list(found) == ["market -50%", "market +5%"]
    assert move_of(found["market -50%"], "DOGE", STABLE) == -0.5


def test_betas_move_each_coin_by_its_own_and_never_below_zero() -> None:
    found = made(Family.BETAS, grid=(-0.5,), betas={"ETH": 1.5, "DOGE": 3.0})["betas -50%"]
    assert [move_of(found, coin, STABLE) for coin in ("BTC", "ETH", "DOGE")] == [-0.5, -0.75, -1.0]


def test_without_betas_there_are_none_of_these_and_that_is_said() -> None:
    assert made(Family.BETAS) == {}
    assert "stress.betas" in notes(Family.BETAS)[0]


def test_all_correlations_one_is_so_many_sigmas_of_each() -> None:
    found = made(Family.TOGETHER, sigmas=(-3.0, 60.0, -60.0))
    three = found["together -3 sigma"]
    assert [move_of(three, coin, STABLE) for coin in ("BTC", "WBTC", "ETH", "SOL")] == pytest.approx(
        [-0.06, -0.06, -0.09, -0.09]
    )
    assert move_of(found["together -60 sigma"], "ETH", STABLE) == -1.0
    assert "not known" not in three.text


def test_a_coin_without_a_sigma_moves_as_the_wildest_and_is_named() -> None:
    stakes = Stakes(coins=("BTC", "DOGE"), sigmas={"BTC": 0.02})
    assert "DOGE" in made(Family.TOGETHER, stakes, sigmas=(1.0,))["together +1 sigma"].text


def test_where_no_sigma_is_known_that_is_said() -> None:
    assert made(Family.TOGETHER, Stakes(coins=("BTC",))) == {}
    assert "standard deviation" in notes(Family.TOGETHER, Stakes(coins=("BTC",)))[0]
    assert notes(Family.TOGETHER, Stakes()) == ()


def test_each_coin_gaps_alone() -> None:
    found = made(Family.GAP, gaps=(-0.3,))
    assert list(found) == ["BTC gap -30%", "ETH gap -30%"]
    assert (found["BTC gap -30%"].gap, move_of(found["BTC gap -30%"], "ETH", STABLE)) == (True, 0.0)
    assert list(made(Family.GAP, gaps=(0.1,), coins=("DOGE",))) == ["DOGE gap +10%"]


def test_of_many_coins_only_the_largest_have_a_gap_and_that_is_said() -> None:
    stakes = Stakes(coins=tuple(f"C{n}" for n in range(20)))
    assert len(made(Family.GAP, stakes, gaps=(-0.3,))) == 12
    assert "C11" in notes(Family.GAP, stakes)[0]
    assert notes(Family.GAP, Stakes(coins=("BTC", "WBTC"))) == ()


def test_each_stablecoin_loses_its_peg_alone() -> None:
    assert made(Family.DEPEG, depegs=(-0.1,))["USDT -10%"].moves == {"USDT": -0.1}


def test_names_choose_among_what_has_names_only() -> None:
    named = Scenario(name="alts", family=Family.NAMED)
    crash = Scenario(name="then", family=Family.CRASH)
    request = StressRequest(
        families=(Family.GRID, Family.NAMED, Family.CRASH),
        grid=(0.1,),
        named=(named,),
        crashes=(crash,),
        names=("then",),
    )
    assert [each.name for each in scenarios(request, STAKES)[0]] == ["market +10%", "then"]
    own = Scenario(name="mine", family=Family.OWN)
    assert scenarios(StressRequest(families=(), own=(own,)), STAKES)[0] == (own,)


@pytest.mark.parametrize(("move", "text"), [(-0.5, "-50%"), (0.05, "+5%"), (-0.125, "-12.5%"), (-0.5252, "-52.52%")])
def test_moves_are_written_as_percent(move: float, text: str) -> None:
    assert percent(move) == text
