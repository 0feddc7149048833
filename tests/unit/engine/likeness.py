"""Whether two engines say the same: everything but numbers alike, numbers to a part in 10^9."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine


def assert_same(one: Engine, other: Engine) -> None:
    for mine, theirs in zip(one.reports(), other.reports(), strict=True):
        compare(plain(mine), plain(theirs), mine.key.account)


def plain(report: AccountReport) -> object:
    """A report without the times of its making, and without what only its history tells."""
    unlike = dataclasses.replace(report, at=0.0, last_update=None, unexplained_usd=None, unexplained_text="")
    return dataclasses.asdict(unlike)


def compare(mine: object, theirs: object, where: str) -> None:
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        assert mine.keys() == theirs.keys(), where
        for key in mine:
            compare(mine[key], theirs[key], f"{where}.{key}")
    elif isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        assert len(mine) == len(theirs), where
        for number, (left, right) in enumerate(zip(mine, theirs, strict=True)):
            compare(left, right, f"{where}[{number}]")
    elif isinstance(mine, float) and isinstance(theirs, float):
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9), where
    else:
        assert mine == theirs, where
