"""The positions of before the start as legs of hedges: in coins, by what the venue lists of their instruments."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.memory import PositionFact
from monitor.domain.names import AccountKey, Symbol
from monitor.engine.hedges import Recalled


def recalled(
    account: AccountKey,
    positions: Iterable[PositionFact],
    instruments: Mapping[Symbol, Instrument],
    mark: Callable[[Symbol], float],
) -> tuple[Recalled, ...]:
    """What an account held, in its venue's own units. `mark` is NaN where it is not known; an instrument that is not
    listed any more has no coin that we know, and its leg no size.
    """
    return tuple(_leg(account, fact, instruments.get(fact.symbol), mark(fact.symbol)) for fact in positions)


def _leg(account: AccountKey, fact: PositionFact, instrument: Instrument | None, mark: float) -> Recalled:
    coin = "" if instrument is None else instrument.coin
    base = None if instrument is None else _base(fact, instrument, mark)
    return Recalled(account=account, symbol=fact.symbol, side=fact.side, coin=coin, base=base)


def _base(fact: PositionFact, instrument: Instrument, mark: float) -> float | None:
    size = fact.quantity * instrument.contract_size * instrument.coin_multiplier
    if instrument.payoff is Payoff.LINEAR:
        return size
    return None if instrument.payoff is not Payoff.INVERSE or math.isnan(mark) else size / mark
