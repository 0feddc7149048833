"""The keys of stress: which moves of prices are tried, and scenarios with a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from monitor.app.config_keys import Name, Section, key
from monitor.app.stress_crashes import CRASHES
from monitor.domain import stress
from monitor.domain.stress import Family, Scenario, StressRequest

if TYPE_CHECKING:
    from monitor.app.config import Config

Move = Annotated[float, Field(ge=-1, le=10, allow_inf_nan=False)]
Sigmas = Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)]
Moves = Annotated[tuple[Move, ...], Field(max_length=40)]


class NamedScenario(Section):
    """A scenario of your own: where prices go."""

    moves: dict[str, Move] = key({}, "by coin, the move of its price as a ratio: -0.3 is 30 % down, -1 to zero")
    others: Move = key(0.0, "ratio; the move of all other coins; stablecoins move only where they are named")
    gap: bool = key(False, "the prices are there at once, and nothing is liquidated on the way")
    text: str = key("", "what it is, in words")
    source: str = key("", "where its numbers are from")

    @field_validator("moves")
    @classmethod
    def _coins(cls, value: dict[str, float]) -> dict[str, float]:
        for name in value:
            if not name or name != name.upper():
                raise ValueError(f"{name!r} is no coin: write it as the venue does, upper case (BTC)")
        return value


class Stress(Section):
    """Moves of prices that `marginwatch stress` and /api/v1/stress try where a request names no others."""

    grid: Moves = key(stress.GRID, "ratios; everything but stablecoins moves by each")
    gaps: Moves = key(stress.GAPS, "ratios; each of the largest coins alone is there at once")
    depegs: Moves = key(stress.DEPEGS, "ratios; each stablecoin alone moves by it")
    sigmas: Annotated[tuple[Sigmas, ...], Field(max_length=40)] = key(
        stress.SIGMAS, "daily standard deviations; all coins move by as many of their own at once"
    )
    betas: dict[str, Beta] = key({}, "how fast a coin follows the moves of grid; empty: those of [engine]")
    coins: Annotated[tuple[str, ...], Field(max_length=40)] = key((), "coins that have gaps; empty: the largest held")
    scenarios: Annotated[dict[Name, NamedScenario], Field(max_length=50)] = key(
        {}, "scenarios of your own: [stress.scenarios.NAME]"
    )

    @field_validator("scenarios")
    @classmethod
    def _not_a_crash(cls, value: dict[str, NamedScenario]) -> dict[str, NamedScenario]:
        taken = {crash.name for crash in CRASHES}
        for name in value:
            if name in taken:
                raise ValueError(f"{name} is the name of a crash that is built in: choose another")
        return value


def stress_request(config: Config) -> StressRequest:
    """What a request for stress means where it says nothing else."""
    table = config.stress
    return StressRequest(
        grid=table.grid,
        gaps=table.gaps,
        depegs=table.depegs,
        sigmas=table.sigmas,
        betas=dict(table.betas or config.engine.betas),
        coins=table.coins,
        crashes=CRASHES,
        named=tuple(
            Scenario(name=name, family=Family.NAMED, **scenario.model_dump())
            for name, scenario in table.scenarios.items()
        ),
    )
