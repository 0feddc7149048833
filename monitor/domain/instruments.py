"""What is traded: the facts of an instrument that risk depends on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.domain.names import Asset, Symbol, Venue


class Payoff(StrEnum):
    """How profit follows the price. u is the mark (LINEAR, QUANTO) or its reciprocal (INVERSE).

    LINEAR settles in the quote asset, INVERSE in the base asset, QUANTO in a third one. OPTION is priced.
    """

    LINEAR = "linear"
    INVERSE = "inverse"
    QUANTO = "quanto"
    OPTION = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument of one venue.

    `base` is the venue's base asset ("1000SHIB"), `coin` the same without its multiplier ("SHIB") and
    `coin_multiplier` how many coins one base unit holds. `contract_size` is what one contract stands for: base units
    (linear) or quote units (inverse). `delivery_time` is in seconds since 1970, None for perpetuals; an option's is its
    expiry, with its `strike` and whether it is a `call`. `family` is what the venue looks tiers up by where several
    instruments share them, `fee_group` what it looks the user's fees up by. `spot`: a pair whose margin position holds
    the asset itself. Above `max_price` and below `min_price` the venue prints no liquidation price.
    """

    venue: Venue
    symbol: Symbol
    payoff: Payoff
    base: Asset
    quote: Asset
    settle: Asset
    coin: Asset
    coin_multiplier: float = 1.0
    contract_size: float = 1.0
    tick_size: float | None = None
    delivery_time: float | None = None
    trading: bool = True
    liquidation_fee_rate: float | None = None
    strike: float | None = None
    call: bool | None = None
    family: str = ""
    fee_group: str = ""
    spot: bool = False
    min_price: float | None = None
    max_price: float | None = None
