"""Scenarios made out of a request and of what is held: which prices go where."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from monitor.domain.names import USD, Asset
from monitor.domain.stress import MOST_COINS, Family, Scenario, StressRequest

#: What stands for another coin, and moves as that does unless a scenario names it.
WRAPPED: Mapping[Asset, Asset] = {
    "WBTC": "BTC",
    "UBTC": "BTC",
    "CBBTC": "BTC",
    "BTCB": "BTC",
    "WETH": "ETH",
    "UETH": "ETH",
    "BETH": "ETH",
    "WBETH": "ETH",
    "STETH": "ETH",
    "WSTETH": "ETH",
    "CBETH": "ETH",
    "RETH": "ETH",
    "USOL": "SOL",
    "BNSOL": "SOL",
    "BBSOL": "SOL",
    "JITOSOL": "SOL",
    "MSOL": "SOL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What is held: `coins`, those with the largest positions first, `stablecoins`, and the daily standard deviation of
    each coin of which it is known.
    """

    coins: tuple[Asset, ...] = ()
    stablecoins: tuple[Asset, ...] = ()
    sigmas: Mapping[Asset, float] = field(default_factory=dict)


def scenarios(request: StressRequest, stakes: Stakes) -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """All scenarios of a request in the order of their families, and in words what is left out and why."""
    notes: list[str] = []
    makers = {
        Family.GRID: _grid(request),
        Family.BETAS: _betas(request, notes),
        Family.TOGETHER: _together(request, stakes, notes),
        Family.GAP: _gaps(request, stakes, notes),
        Family.DEPEG: _depegs(request, stakes),
        Family.NAMED: iter(request.named),
        Family.CRASH: iter(request.crashes),
    }
    found = [scenario for family in request.families if family in makers for scenario in makers[family]]
    wanted = set(request.names)
    chosen = (each for each in found if not wanted or each.family not in _BY_NAME or each.name in wanted)
    return (*chosen, *request.own), tuple(notes)


_BY_NAME = (Family.NAMED, Family.CRASH)


def move_of(scenario: Scenario, asset: Asset, stablecoins: Collection[Asset]) -> float:
    """How far the price of an asset goes: a ratio."""
    if asset == USD:
        return 0.0
    for name in (asset, WRAPPED.get(asset, asset)):
        if name in scenario.moves:
            return scenario.moves[name]
    return 0.0 if asset in stablecoins else scenario.others


def percent(move: float) -> str:
    """A move as names of scenarios have it: «+5%», «-12.5%»."""
    return f"{round(move * 100, 4):+g}%"


def _grid(request: StressRequest) -> Iterator[Scenario]:
    for move in request.grid:
        yield Scenario(
            name=f"market {percent(move)}",
            family=Family.GRID,
            others=move,
            text="everything but stablecoins moves alike",
        )


def _betas(request: StressRequest, notes: list[str]) -> Iterator[Scenario]:
    if not request.betas:
        notes.append("no scenarios with betas: none are given (stress.betas, or betas in the request)")
        return
    for move in request.grid:
        yield Scenario(
            name=f"betas {percent(move)}",
            family=Family.BETAS,
            moves={asset: max(-1.0, beta * move) for asset, beta in request.betas.items()},
            others=move,
            text="each coin moves by its beta times this, and those without one by this",
        )


def _together(request: StressRequest, stakes: Stakes, notes: list[str]) -> Iterator[Scenario]:
    known = {coin: sigma for coin in stakes.coins if (sigma := stakes.sigmas.get(coin)) is not None}
    if not known:
        if stakes.coins:
            notes.append("no scenarios with all correlations one: no coin's daily standard deviation is known yet")
        return
    largest = max(known.values())
    missing = [coin for coin in stakes.coins if coin not in known and WRAPPED.get(coin) not in known]
    text = "all correlations one: each coin moves by as many of its own daily standard deviations"
    if missing:
        text += f"; not known, and taken as the largest of the others ({largest:.2%}): {', '.join(missing)}"
    for count in request.sigmas:
        yield Scenario(
            name=f"together {count:+g} sigma",
            family=Family.TOGETHER,
            moves={coin: max(-1.0, count * sigma) for coin, sigma in known.items()},
            others=max(-1.0, count * largest),
            text=text,
        )


def _gaps(request: StressRequest, stakes: Stakes, notes: list[str]) -> Iterator[Scenario]:
    held = tuple(coin for coin in stakes.coins if coin not in WRAPPED)
    coins = request.coins or held[:MOST_COINS]
    if not request.coins and len(held) > len(coins):
        notes.append(f"a gap of one coin only for {', '.join(coins)}: of others it is told when they are asked for")
    for coin in coins:
        for move in request.gaps:
            yield Scenario(
                name=f"{coin} gap {percent(move)}",
                family=Family.GAP,
                moves={coin: move},
                gap=True,
                text="one coin alone is there at once: nothing is liquidated on the way",
            )


def _depegs(request: StressRequest, stakes: Stakes) -> Iterator[Scenario]:
    for coin in stakes.stablecoins:
        for move in request.depegs:
            yield Scenario(
                name=f"{coin} {percent(move)}",
                family=Family.DEPEG,
                moves={coin: move},
                text="one stablecoin loses its peg; coins keep their prices in USD",
            )
