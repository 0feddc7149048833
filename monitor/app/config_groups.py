"""The keys of groups: accounts that belong together, and the hedges between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from monitor.app.config_keys import Name, Section, Wait, key
from monitor.domain.errors import ConfigError
from monitor.domain.names import AccountKey, Side
from monitor.engine.group_settings import GroupSettings, HedgeLeg, HedgeSettings

if TYPE_CHECKING:
    from monitor.app.config import Config

LEGS = "two or more of account:SYMBOL, account:SYMBOL:long, account:SYMBOL:short"
_EXAMPLES = {"binance": "BTCUSDT", "bybit": "BTCUSDT", "okx": "BTC-USDT-SWAP"}
#: Dated contracts and options of venues whose perpetuals have no hyphen: BTCUSDT-26JUN26, BTC-26JUN26-90000-C-USDT.
_OTHERS = re.compile(r"-\d{1,2}[A-Z]{3}\d{2}(-|$)")
Tolerance = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
UpToOne = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class Hedge(Section):
    """A hedge over accounts that is watched: a leg that shrinks or vanishes leaves the other one naked."""

    legs: Annotated[tuple[str, ...], Field(min_length=2)] = Field(description=LEGS)
    tolerance_ratio: Tolerance | None = key(None, "ratio of the larger side that may be missing; else the group's")

    @field_validator("legs")
    @classmethod
    def _parts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            account, symbol, side = parts(text)
            if not account or not symbol or side not in ("", *Side):
                raise ValueError(f"{text!r} is no leg; write {LEGS}")
        return value


class Group(Section):
    """A group that accounts name by their key `group`: how the hedges between them are watched."""

    tolerance_ratio: Tolerance = key(0.05, "ratio of its larger side that a hedge may lack and still be whole")
    detect: bool = key(True, "watch as a hedge what holds itself over accounts in one coin, though nobody declared it")
    detect_after_seconds: Wait = key(300.0, "seconds that positions must have held each other to be taken for a hedge")
    near_ratio: UpToOne = key(0.5, "margin ratio from which the pool of a leg is near liquidation")
    near_distance_ratio: UpToOne = key(0.15, "ratio of the price; a leg with a nearer line is near liquidation, too")
    hedges: dict[Name, Hedge] = key({}, "one table a hedge: [groups.NAME.hedges.HEDGE]")


def parts(leg: str) -> tuple[str, str, str]:
    """Account, symbol and side of a leg as it is written; "" for what is not there."""
    account, _, rest = leg.partition(":")
    symbol, _, side = rest.partition(":")
    return account, symbol, side


def group_mistakes(config: Config) -> Iterator[ConfigError]:
    """What is wrong between groups and accounts: each with its key, its value and the cure."""
    members = {
        name: [account for account, table in config.accounts.items() if table.group == name] for name in config.groups
    }
    taken: dict[str, str] = {}
    for name, group in config.groups.items():
        if not members[name]:
            cure = f'no account is in this group: set group = "{name}" in the tables of its accounts'
            yield ConfigError(f"groups.{name}", None, cure)
            continue
        for hedge, table in group.hedges.items():
            where = f"groups.{name}.hedges.{hedge}.legs"
            for leg in table.legs:
                if (account := parts(leg)[0]) not in members[name]:
                    yield ConfigError(where, leg, f"{account} is not in this group; it has: {', '.join(members[name])}")
                if (other := taken.setdefault(leg, where)) != where or table.legs.count(leg) > 1:
                    yield ConfigError(where, leg, f"belongs to one hedge, once; it stands in {other}")
            if len({parts(leg)[0] for leg in table.legs}) < 2:
                yield ConfigError(where, list(table.legs), "all legs are in one account: name one of another account")


def group_doubts(config: Config) -> Iterator[str]:
    """What is no mistake and most likely not meant: groups of one, symbols spelt otherwise, hedges of one side."""
    for name in dict.fromkeys(table.group for table in config.accounts.values() if table.group):
        inside = [account for account, table in config.accounts.items() if table.group == name]
        if len(inside) == 1:
            yield f"accounts.{inside[0]}.group: nobody else is in the group {name}"
    for name, group in config.groups.items():
        for hedge, table in group.hedges.items():
            where = f"groups.{name}.hedges.{hedge}.legs"
            told = [parts(leg) for leg in table.legs]
            for account, symbol, _ in told:
                venue = config.accounts[account].venue
                if symbol != symbol.upper() or (venue == "okx") != ("-" in symbol and not _OTHERS.search(symbol)):
                    yield f"{where}: {symbol} does not look like a symbol of {venue} (as {_EXAMPLES[venue]})"
            sides = {side for _, _, side in told}
            if len(sides) == 1 and "" not in sides:
                yield f"{where}: all legs are {sides.pop()}: nothing there holds anything else"


def group_settings(config: Config) -> dict[str, GroupSettings]:
    """What the engine is told of each group that has a table."""
    return {name: GroupSettings(**group.model_dump(exclude={"hedges"})) for name, group in config.groups.items()}


def hedges(config: Config) -> tuple[HedgeSettings, ...]:
    """The declared hedges."""
    return tuple(
        HedgeSettings(
            group=name,
            name=hedge,
            legs=tuple(_leg(config, leg) for leg in table.legs),
            tolerance_ratio=table.tolerance_ratio,
        )
        for name, group in config.groups.items()
        for hedge, table in group.hedges.items()
    )


def _leg(config: Config, text: str) -> HedgeLeg:
    account, symbol, side = parts(text)
    key = AccountKey(config.accounts[account].venue, account)
    return HedgeLeg(account=key, symbol=symbol, side=Side(side) if side else None)
