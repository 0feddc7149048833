"""Options at OKX: their terms, and what a short one requires. Sources stand in README.md beside this file."""

from __future__ import annotations

from math import nan

from monitor.domain.accounts import Position
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import Asset
from monitor.domain.tables import OptionMark
from monitor.domain.tiers import flat
from monitor.margin.pool import Leg, Option
from monitor.venues.okx.margin_words import Words

YEAR_SECONDS = 365.0 * 86400.0
INDEX_FLOORS = {"BTC": 0.03}
OTHER_INDEX_FLOOR = 0.05
"""The constant of a short option's maintenance: 0.03 for BTC, 0.05 for ETH and whatever else there may be."""


def option_leg(
    position: Position,
    instrument: Instrument,
    *,
    settle: Asset,
    mark: OptionMark | None,
    factor: float,
    fee: float,
    words: Words,
) -> Leg:
    """An option: its premium is in cash already, so that it counts with its value (entry 0).

    A short requires floor x `factor` and its own value, and `fee` for closing. The floor is of the index, 1 where it
    settles in the coin itself; initial margin is of the mark in the answer.
    """
    symbol, quantity = position.symbol, position.quantity
    if mark is None or mark.received is None:
        words.refuse(f"no volatility and forward price of {symbol}")
    expiry, strike = instrument.delivery_time, instrument.strike
    if strike is None or instrument.call is None or expiry is None:
        words.refuse(f"the terms of {symbol} could not be read")
    floor = INDEX_FLOORS.get(instrument.coin, OTHER_INDEX_FLOOR) * factor
    size = quantity * instrument.contract_size
    now = mark.received if mark is not None else None
    index, spread = position.venue.index_price, 1.0
    if mark is not None and index is not None and settle != instrument.base:
        spread = index / mark.underlying  # the kernel moves the forward, and the index with it
    in_coin = settle == instrument.base
    initial = -size * _initial(position, instrument, mark, factor * spread, in_coin=in_coin) if size < 0 else 0.0
    return Leg(
        symbol=symbol,
        side=position.side,
        quantity=size,
        entry=0.0,
        base=instrument.base,
        quote=instrument.quote,
        settle=settle,
        coin=instrument.coin,
        payoff=Payoff.OPTION,
        contracts=abs(quantity),
        tiers=flat(0.0),
        initial_margin_rate=0.0,
        constant_initial=initial,
        option=Option(
            strike=strike or 1.0,
            call=bool(instrument.call),
            volatility=0.0 if mark is None else mark.volatility,
            years=0.0 if expiry is None or now is None else max(0.0, expiry - now) / YEAR_SECONDS,
            underlying=1.0 if mark is None else mark.underlying,
            index_rate=floor * spread,
            mark_rate=floor if instrument.call is False else 0.0,
            mark_add=1.0 if quantity < 0 else 0.0,
            index_add=fee * spread,
        ),
    )


def _initial(
    position: Position, instrument: Instrument, mark: OptionMark | None, factor: float, *, in_coin: bool
) -> float:
    """Initial margin of a short option, a unit: its value, and the larger of 10 % and 15 % less what it is out of the
    money, times the factor. NaN where something is not known.
    """
    value = position.venue.mark_price
    if mark is None or value is None or instrument.strike is None or instrument.call is None:
        return nan
    out = instrument.strike - mark.underlying if instrument.call else mark.underlying - instrument.strike
    floor = max(0.10, 0.15 - max(0.0, out) / mark.underlying) * factor
    return floor * (1.0 if in_coin else mark.underlying) + value
