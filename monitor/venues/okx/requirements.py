"""Whether the venue requires of positions what its tiers say: it changes those now and then, and tells nobody. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from monitor.domain.accounts import MarginMode, Position
from monitor.domain.events import TiersLoaded
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import Symbol
from monitor.domain.tiers import TierTable
from monitor.venues.okx.endpoints import InstType, family, inst_type
from monitor.venues.okx.needs import CROSS, ISOLATED, TierKey

AGREES = 0.01  #: how far a rate may lie off its tier's, relative to it: neighbouring tiers are much farther apart
CONTRACTS = frozenset({InstType.SWAP, InstType.FUTURES})


def contradicted(
    positions: Iterable[Position], instruments: Mapping[Symbol, Instrument], loaded: TiersLoaded
) -> frozenset[TierKey]:
    """The tables that cannot be those of now, as the requirement printed beside a position shows.

    That is an amount, of the size held only. Of a position that is alone in its family it must be of its size's tier;
    of one among others, of any tier: how the venue counts them together does not show in a row. Not for portfolio
    margin, where a row prints what its whole risk unit requires.
    """
    held = [one for one in positions if inst_type(one.symbol) in CONTRACTS]
    together = Counter(map(_key, held))
    tables = {CROSS: dict(loaded.tiers), ISOLATED: dict(loaded.isolated)}
    found: set[TierKey] = set()
    for one in held:
        key, instrument = _key(one), instruments.get(one.symbol)
        table = tables[key.mode].get(one.symbol)
        if instrument is None or table is None:
            continue  # it is not known, and that is told elsewhere
        shown = _rates(one, instrument)
        size = one.contracts if together[key] == 1 else None
        if shown and not any(_agree(rate, usual) for rate in shown for usual in _rates_of(table, size)):
            found.add(key)
    return frozenset(found)


def _key(position: Position) -> TierKey:
    mode = ISOLATED if position.margin_mode is MarginMode.ISOLATED else CROSS
    return TierKey(inst_type(position.symbol), family(position.symbol), mode)


def _rates(position: Position, instrument: Instrument) -> tuple[float, ...]:
    """What the venue requires as a ratio of the position's value. Of a coin-margined one it is in no document whether
    the amount is in the coin or in USD: either may be meant.
    """
    required, mark, contracts = position.venue.maintenance_margin, position.venue.mark_price, position.contracts
    if not required or not mark or not contracts:
        return ()
    worth = contracts * instrument.contract_size
    if instrument.payoff is Payoff.INVERSE:
        return required * mark / worth, required / worth
    return (required / (worth * mark),)


def _rates_of(table: TierTable, size: float | None) -> list[float]:
    """The rate of the tier of this size, or all of them where it is None."""
    rates = [tier.rate for tier in table.tiers if size is None or tier.floor <= size]
    return rates if size is None else rates[-1:]


def _agree(rate: float, usual: float) -> bool:
    return abs(rate - usual) <= AGREES * usual
