"""Whatever an answer holds, it is refused whole, or a row of it is named: no other exception, no number made up."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.accounts import Balance
from monitor.domain.errors import MarginwatchError
from monitor.domain.events import AccountSnapshot
from monitor.domain.lines import State
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.binance import offline
from monitor.venues.binance.margin import describe
from monitor.venues.binance.parameters import DEFAULTS, MEANING
from tests.venues.binance.support import ACCOUNT, VENUE
from tests.venues.binance.test_portfolio import LENT
from tests.venues.binance.test_product_folders import FOLDERS
from tests.venues.binance.told import TIME, Files, portfolio_folder, told

INTRUDERS: list[Any] = [None, "", "0", "-1", "nan", "inf", "1e999", "1_0", True, [], {}, -5, 0, "x"]
TABLES: dict[str, Files] = {name: files for name, (_, files) in FOLDERS.items()}
TABLES["a loan"] = portfolio_folder(LENT)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each leaf of an answer."""
    if isinstance(value, dict):
        return [place for key, one in value.items() for place in places(one, (*path, key))]
    if isinstance(value, list):
        return [place for key, one in enumerate(value) for place in places(one, (*path, key))]
    return [path]


LEAVES = [
    (name, file, place)
    for name, files in TABLES.items()
    for file, body in files.items()
    for place in places(json.loads(body))
    if place
]


def spoilt(files: Files, file: str, place: tuple[Any, ...], put: Any) -> Files:
    body = json.loads(files[file])
    at = body
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = put
    return {**files, file: json.dumps(body).encode()}


def numbers(balance: Balance) -> list[float]:
    return [balance.wallet, balance.borrowed, balance.interest]


@given(st.sampled_from(LEAVES), st.sampled_from(INTRUDERS))
def test_one_field_that_is_something_else(leaf: tuple[str, str, tuple[Any, ...]], put: Any) -> None:
    name, file, place = leaf
    files = spoilt(TABLES[name], file, place, put)
    try:
        read = offline.read(files, ACCOUNT, TIME)
    except MarginwatchError:
        return
    for event in read.events:
        if isinstance(event, AccountSnapshot):
            rows = [*event.balances, *(row for wallet in event.wallets for row in wallet.balances.values())]
            assert all(math.isfinite(number) for row in rows for number in numbers(row))
            assert all(row.borrowed >= 0.0 and row.interest >= 0.0 for row in rows)
    engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,), lines_every_seconds=0.0))
    engine.step(read.events, TIME)
    (report,) = engine.reports()
    for pool in report.pools:
        assert pool.ratio.value is None or pool.ratio.value >= 0.0
        assert (pool.ratio.state is State.UNKNOWN) == (pool.ratio.value is None)


@pytest.mark.parametrize("value", [0.0, -1.0, 0.5, 1.0, 1e6])
@pytest.mark.parametrize("parameter", DEFAULTS)
@pytest.mark.parametrize("name", TABLES)
def test_no_setting_of_a_parameter_breaks_a_description(name: str, parameter: str, value: float) -> None:
    account = told(TABLES[name], BTC=40000.0).with_parameters(**{parameter: value})
    for result in account.results().values():
        assert result.ratio.value is None or result.ratio.value >= 0.0


def test_each_parameter_has_a_default_and_a_meaning() -> None:
    assert DEFAULTS.keys() == MEANING.keys()
    assert all(MEANING.values())
