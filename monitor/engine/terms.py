"""What is set, or listed, about positions and does not move with prices: ranks, caps, leverages, dates, directions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import copysign

from monitor.domain.accounts import Account, MarginMode
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import Asset, PositionKey, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierBy, TierTable
from monitor.margin.pool import Leg, Pool
from monitor.margin.results import PositionResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Of one position; None is unknown. `cap_notional` (settlement asset) is what the last tier and the leverage admit,
    `cap_size` the same where tiers go by size, as a multiple of the position's own. `coins_per_unit`: how many coins
    one unit of quantity stands for; where `inverse`, a unit of quote currency at a price of 1.
    """

    adl_rank: int | None = None
    leverage: float | None = None
    auto_add_margin: bool | None = None
    delivery_time: float | None = None
    cap_notional: float | None = None
    cap_size: float | None = None
    coins_per_unit: float | None = None
    inverse: bool = False
    option: bool = False

    def exposure_base(self, position: PositionResult) -> float | None:
        """The coins that move the position as their own price does, signed; None where that is not known."""
        if self.coins_per_unit is None:
            return None
        if not self.inverse:
            return position.quantity * self.coins_per_unit
        return position.quantity / position.mark_price * self.coins_per_unit if position.mark_price else None

    def exposure_usd(self, position: PositionResult) -> float | None:
        """The same at the mark; None of an option, which moves as its delta says, and where it is not known."""
        if self.option or position.notional_usd is None:
            return None
        return copysign(position.notional_usd, position.quantity)

    def cap_usd(self, position: PositionResult) -> float | None:
        """The greatest notional allowed, in USD at the prices of now; None where there is no cap, or it is unknown."""
        notional, usd = position.notional, position.notional_usd
        if (self.cap_notional is None and self.cap_size is None) or not notional or usd is None:
            return None
        caps = [] if self.cap_notional is None else [self.cap_notional * usd / notional]
        caps += [] if self.cap_size is None else [self.cap_size * usd]
        return min(caps, default=None)


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Listed:
    """What is set and listed beside a description: the terms of positions, and for coins the symbol that moves so."""

    terms: Mapping[PositionKey, Terms] = field(default_factory=dict)
    coins: Mapping[Asset, Symbol] = field(default_factory=dict)


UNLISTED = Listed()


def listed(account: Account, tables: Tables, pool: Pool, stablecoins: Collection[Asset] = ()) -> Listed:
    """What is set and listed about a pool of an account."""
    terms = {
        PositionKey(leg.symbol, leg.side): _terms(account, tables, leg)
        for leg in pool.legs
        if not leg.order and PositionKey(leg.symbol, leg.side) in account.positions
    }
    return Listed(terms, _coin_symbols(tables, pool, stablecoins))


def _terms(account: Account, tables: Tables, leg: Leg) -> Terms:
    position = account.positions[PositionKey(leg.symbol, leg.side)]
    setting, instrument = account.symbols.get(leg.symbol), tables.instruments.get(leg.symbol)
    allowed = None if setting is None else setting.max_notional
    by_notional, by_size = _cap_of(leg.tiers, leg)
    caps = [cap for cap in (allowed, by_notional) if cap is not None]
    topped_up = None if setting is None else setting.auto_add_margin
    return Terms(
        adl_rank=position.venue.adl,
        leverage=position.leverage if setting is None or setting.leverage is None else setting.leverage,
        # Only an isolated position is topped up, whatever the symbol's setting says.
        auto_add_margin=False if position.margin_mode is MarginMode.CROSS else topped_up,
        delivery_time=None if instrument is None else instrument.delivery_time,
        cap_notional=min(caps, default=None),
        cap_size=by_size,
        coins_per_unit=_coins_per_unit(leg, instrument),
        inverse=leg.payoff is Payoff.INVERSE,
        option=leg.payoff is Payoff.OPTION,
    )


def _coins_per_unit(leg: Leg, instrument: Instrument | None) -> float | None:
    """Of options and of what is settled in an asset that is neither base nor quote no number of coins moves alike."""
    if leg.payoff not in (Payoff.LINEAR, Payoff.INVERSE):
        return None
    if instrument is not None:
        return instrument.coin_multiplier
    return 1.0 if leg.coin in (None, leg.base) else None


def _cap_of(tiers: TierTable | None, leg: Leg) -> tuple[float | None, float | None]:
    """The last tier's end: as a notional, or as a multiple of the leg where tiers go by size."""
    if tiers is None or tiers.cap is None:
        return None, None
    if tiers.by is TierBy.NOTIONAL:
        return tiers.cap, None
    size = leg.contracts if tiers.by is TierBy.CONTRACTS and leg.contracts is not None else leg.quantity
    return None, tiers.cap / abs(size) if size else None


def one_sided(pool: Pool, betas: Mapping[Asset, float], stablecoins: Collection[Asset]) -> bool:
    """Whether all positions lose when the market moves one way; what the market does not move is left out. False
    without any.
    """
    ways = set()
    for leg in pool.legs:
        coin = leg.coin or leg.base
        way = 0.0 if leg.order or coin in stablecoins else leg.quantity * betas.get(coin, 1.0)
        if way:
            ways.add(way > 0.0)
    return len(ways) == 1


def _coin_symbols(tables: Tables, pool: Pool, stablecoins: Collection[Asset]) -> dict[Asset, Symbol]:
    """For each coin that the pool holds, or holds an instrument on, the instrument that tells how much it moves."""
    found: dict[Asset, Symbol] = {}
    for leg in pool.legs:
        found.setdefault(leg.coin or leg.base, leg.symbol)
    wanted = {holding.asset for holding in pool.holdings} | {debt.asset for debt in pool.debts}
    missing = wanted - found.keys() - set(stablecoins)
    if missing:
        for instrument in tables.instruments.values():
            if instrument.coin in missing and instrument.delivery_time is None:
                found.setdefault(instrument.coin, instrument.symbol)
    return found
