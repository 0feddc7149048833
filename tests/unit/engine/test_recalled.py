"""Positions of before the start, in coins: only where the venue still says what one of their units is."""

from __future__ import annotations

from math import nan

import pytest

from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.memory import PositionFact
from monitor.domain.names import AccountKey, Side
from monitor.engine.recalled import recalled

MAIN = AccountKey("alpha", "one")


def listed(payoff: Payoff, **changed: object) -> Instrument:
    return Instrument(
        venue="alpha", symbol="X", payoff=payoff, base="1000PEPE", quote="USDT", settle="USDT", coin="PEPE",
        coin_multiplier=1000.0, contract_size=100.0, **changed,  # type: ignore[arg-type]  # by name
    )  # fmt: skip


@pytest.mark.parametrize(
    ("payoff", "mark", "base"),
    [
        (Payoff.LINEAR, nan, -200_000.0),
        (Payoff.INVERSE, 50.0, -4_000.0),
        (Payoff.INVERSE, nan, None),
        (Payoff.QUANTO, 50.0, None),
        (Payoff.OPTION, 50.0, None),
    ],
)
def test_a_position_of_contracts_in_coins(payoff: Payoff, mark: float, base: float | None) -> None:
    fact = PositionFact(symbol="X", side=Side.SHORT, quantity=-2.0)
    (leg,) = recalled(MAIN, [fact], {"X": listed(payoff)}, lambda _: mark)

    assert (leg.account, leg.symbol, leg.side, leg.coin, leg.base) == (MAIN, "X", Side.SHORT, "PEPE", base)


def test_what_is_not_listed_any_more_has_neither_coin_nor_size() -> None:
    (leg,) = recalled(MAIN, [PositionFact(symbol="Y", side=Side.LONG, quantity=2.0)], {}, lambda _: 5.0)

    assert (leg.coin, leg.base) == ("", None)
