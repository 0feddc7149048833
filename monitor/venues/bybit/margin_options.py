"""Options of Bybit as legs of a pool. Part of `margin`; formulas stand in README.md."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.accounts import Position
from monitor.domain.instruments import Payoff
from monitor.domain.tables import Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import NAN, Leg, Option
from monitor.venues.bybit.coins import option_of
from monitor.venues.bybit.margin_legs import Contract, Said
from monitor.venues.bybit.parameters import OptionFactors, Parameters

YEAR_SECONDS = 365.0 * 86_400.0


def option_leg(
    position: Position, contract: Contract, tables: Tables, parameters: Parameters, said: Said, *, portfolio: bool
) -> Leg | None:
    """An option held. In portfolio margin its value is equity; in cross margin it is none, and a short asks for it.

    None for a long option of a cross account of which nothing is known: it changes nothing.
    """
    symbol, side, instrument = position.symbol, position.side, contract.instrument
    mark = tables.options.get(symbol)
    expiry = None if instrument is None else instrument.delivery_time
    name = option_of(symbol)
    if mark is None or mark.received is None or expiry is None or name is None:
        what = (
            "its expiry is unknown"
            if mark is not None and mark.received is not None
            else "no volatility or no forward price is known"
        )
        if position.quantity > 0 and not portfolio:
            said.reasons.append(f"{symbol} is left out ({what}): a long option counts nothing in cross margin")
            return None
        said.unknown.append(f"{symbol} cannot be priced: {what}")
        return None
    factors = parameters.options.get(name.base)
    short = position.quantity < 0 and not portfolio
    # The rule speaks of the index; what moves is the forward, which keeps its distance from it.
    index = mark.underlying if mark.index is None else mark.index
    if factors is None:
        factors = parameters.option_default
        told = _factor_told(position, factors, index) if short else None
        if told is not None:
            factors = replace(factors, maintenance=told)
            said.reasons.append(f"the maintenance factor of {name.base} options is read out of the venue's figures")
        elif short:
            said.reasons.append(f"margin factors of {name.base} options are assumed to be those of the default")
    of_forward = index / mark.underlying
    terms = Option(
        strike=name.strike,
        call=name.call,
        volatility=mark.volatility,
        years=max(0.0, expiry - mark.received) / YEAR_SECONDS,
        underlying=mark.underlying,
        index_rate=factors.maintenance * of_forward if short else 0.0,
        mark_rate=factors.maintenance if short else 0.0,
        mark_add=1.0 if short else 0.0,
        index_add=factors.liquidation_fee * of_forward if short else 0.0,
        in_equity=portfolio,
    )
    return Leg(
        symbol=symbol,
        side=side,
        quantity=position.quantity,
        entry=0.0,  # the premium is in the wallet already
        base=contract.base,
        quote=contract.quote,
        settle=contract.settle,
        coin=contract.coin,
        payoff=Payoff.OPTION,
        tiers=flat(0.0),
        initial_margin_rate=0.0,
        constant_initial=_initial_of_short(position, terms, factors, index) if short else 0.0,
        option=terms,
    )


def _factor_told(position: Position, factors: OptionFactors, index: float) -> float | None:
    """The maintenance factor that the venue's own requirement of a short option was made with; None: not told.

    Requirement a unit = factor * max(index, mark) + mark + liquidation fee * index.
    """
    required, mark = position.venue.maintenance_margin, position.venue.mark_price
    if not required or mark is None:
        return None
    factor = (required / abs(position.quantity) - mark - factors.liquidation_fee * index) / max(index, mark)
    return factor if 0.0 < factor < 1.0 else None


def _initial_of_short(position: Position, terms: Option, factors: OptionFactors, index: float) -> float:
    """The initial margin of a short option as it stands, in the settlement asset; NaN without a mark or an entry."""
    mark, entry = position.venue.mark_price, position.entry_price
    if mark is None or entry is None:
        return NAN
    out = max(0.0, terms.strike - index if terms.call else index - terms.strike)
    price = max(mark, entry)
    at_risk = max(factors.initial * index - out, factors.initial_floor * index) + price
    least = factors.maintenance * max(index, mark) + mark + factors.liquidation_fee * index
    return abs(position.quantity) * max(at_risk, least)
