"""The public tables of the simulated OKX: position tiers, borrow tiers, discounts. Made up, in the venue's shapes.

Tiers are flat: the rate of the tier applies to the whole position, and nothing is deducted. Sizes are contracts for
derivatives, amounts of the currency for loans.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from monitor.domain.names import Asset
from monitor.sim.okx.listing import Instrument, Product


class Tier(NamedTuple):
    """One row: up to and with `most` the rates `mmr` and `imr` hold; `option_factor` is `optMgnFactor`."""

    number: int
    most: float
    mmr: float
    imr: float
    option_factor: float = 0.0


_MAJOR = (0.004, 0.005, 0.0065, 0.01, 0.015, 0.02, 0.025, 0.03)
_MINOR = (0.0065, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05)
_OTHER = (0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.05)
_RATES = {"BTC": _MAJOR, "ETH": _MAJOR, "SOL": _MINOR, "XRP": _MINOR, "DOGE": _MINOR, "YFI": _MINOR}
_FIRST_CAP = {  # contracts of tier 1, by family; the next tiers reach 2, 4, 8 ... times as far
    "BTC-USDT": 1000.0,
    "BTC-USDC": 500.0,
    "BTC-USD": 2000.0,
    "BTC-USD_UM": 1000.0,
    "ETH-USDT": 1000.0,
    "ETH-USDC": 500.0,
    "ETH-USD": 5000.0,
    "ETH-USD_UM": 1000.0,
    "SOL-USDT": 2000.0,
    "XRP-USDT": 2000.0,
    "DOGE-USDT": 1000.0,
    "FIL-USDT": 250_000.0,
    "YFI-USDT": 100_000.0,
}
NEW_CAP = 5_000.0  #: contracts of tier 1 of what is listed later
_OPTION_FACTORS = (1.0, 1.02, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0)


@cache
def derivative_tiers(product: Product, family: str) -> tuple[Tier, ...]:
    """The tiers of a family. SWAP and FUTURES have tables of their own: those of futures begin at half the size."""
    first = _FIRST_CAP.get(family, NEW_CAP) * (0.5 if product is Product.FUTURES else 1.0)
    coin = family.partition("-")[0]
    rates = _RATES.get(coin, _OTHER)
    factors = _OPTION_FACTORS if product is Product.OPTION else (0.0,) * len(rates)
    return tuple(
        Tier(place + 1, first * 2**place, rate, max(0.01, 2.0 * rate), factor)
        for place, (rate, factor) in enumerate(zip(rates, factors, strict=True))
    )


def tier_for(tiers: tuple[Tier, ...], size: float) -> Tier:
    """The tier that a size falls into; beyond the table its last row holds."""
    return next((tier for tier in tiers if size <= tier.most), tiers[-1])


def tier_of(instrument: Instrument, contracts: float) -> Tier:
    """The tier of a number of contracts."""
    return tier_for(derivative_tiers(instrument.product, instrument.family), contracts)


_LOAN_CAPS: dict[Asset, float] = {
    "USDT": 500_000.0,
    "USDC": 250_000.0,
    "BTC": 50.0,
    "ETH": 500.0,
    "SOL": 2_000.0,
    "XRP": 200_000.0,
    "DOGE": 1_000_000.0,
}
_LOAN_RATES = ((0.02, 0.1), (0.03, 0.2), (0.05, 0.25), (0.08, 1.0 / 3.0), (0.12, 0.5))


@cache
def loan_tiers(asset: Asset) -> tuple[Tier, ...]:
    """What borrowing an asset requires, by amount of it. KeyError for one that cannot be borrowed."""
    cap = _LOAN_CAPS[asset]
    return tuple(Tier(n + 1, cap * 2**n, mmr, imr) for n, (mmr, imr) in enumerate(_LOAN_RATES))


def can_be_borrowed(asset: Asset) -> bool:
    """Whether there are loan tiers."""
    return asset in _LOAN_CAPS


class Bracket(NamedTuple):
    """Coins from `least` up to `most` (None: without end) count at `rate` of their value."""

    least: float
    most: float | None
    rate: float


_STABLE = (Bracket(0.0, 5_000_000.0, 1.0), Bracket(5_000_000.0, None, 0.975))
_DISCOUNTS: dict[Asset, tuple[Bracket, ...]] = {
    "USDT": _STABLE,
    "USDC": _STABLE,
    "BTC": (
        Bracket(0.0, 20.0, 0.98),
        Bracket(20.0, 100.0, 0.975),
        Bracket(100.0, 400.0, 0.95),
        Bracket(400.0, None, 0.5),
    ),
    "ETH": (Bracket(0.0, 100.0, 0.98), Bracket(100.0, 1000.0, 0.975), Bracket(1000.0, None, 0.9)),
    "SOL": (Bracket(0.0, 500.0, 0.95), Bracket(500.0, 5000.0, 0.9), Bracket(5000.0, None, 0.0)),
    "XRP": (Bracket(0.0, 100_000.0, 0.9), Bracket(100_000.0, None, 0.5)),
    "DOGE": (Bracket(0.0, 200_000.0, 0.9), Bracket(200_000.0, None, 0.4)),
}


def discount(asset: Asset) -> tuple[Bracket, ...]:
    """How amounts of an asset count as collateral; an asset without a table counts nothing."""
    return _DISCOUNTS.get(asset, (Bracket(0.0, None, 0.0),))


def discounted(asset: Asset, amount: float) -> float:
    """How much of a positive amount counts: each bracket's share at its own rate."""
    counted = 0.0
    for bracket in discount(asset):
        upper = amount if bracket.most is None else min(amount, bracket.most)
        counted += max(0.0, upper - bracket.least) * bracket.rate
    return counted
