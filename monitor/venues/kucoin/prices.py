"""What coins are worth in USDT, out of the pairs that the venue marks: most are quoted in BTC, and so is USDT. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from monitor.domain.events import AssetTick
from monitor.domain.names import Asset, Symbol
from monitor.venues.kucoin.codec import MarginMark
from monitor.venues.kucoin.needs import UNIT
from monitor.venues.kucoin.settings import VENUE

COIN = "BTC"
UNIT_PAIR = f"{UNIT}-{COIN}"  #: USDT in BTC: it turns the others into USDT


def pairs_for(assets: Iterable[Asset], listed: Collection[Symbol]) -> list[Symbol]:
    """The pairs that tell these assets' prices; of an asset that none tells there is no price."""
    wanted: set[Symbol] = set()
    for asset in assets:
        if asset == UNIT:
            wanted |= {UNIT_PAIR} & set(listed)
        elif f"{asset}-{UNIT}" in listed:
            wanted.add(f"{asset}-{UNIT}")
        elif UNIT_PAIR in listed and (asset == COIN or f"{asset}-{COIN}" in listed):
            wanted |= {UNIT_PAIR} if asset == COIN else {UNIT_PAIR, f"{asset}-{COIN}"}
    return sorted(wanted)


class Prices:
    """Turns marks of pairs into prices. What USDT is worth in BTC has to be told first.

    USDT itself is worth one: the venue counts in it, and compares assets and debts at the same prices.
    """

    def __init__(self) -> None:
        self._unit: float | None = None  #: of USDT, in BTC

    def ticks(self, mark: MarginMark, received: float) -> tuple[AssetTick, ...]:
        """The prices that a mark tells, none while it tells none."""
        base, _, quote = mark.pair.partition("-")
        if mark.pair == UNIT_PAIR:
            self._unit = mark.value
            unit = AssetTick(VENUE, UNIT, 1.0, mark.time, received)
            return unit, AssetTick(VENUE, COIN, 1.0 / mark.value, mark.time, received)
        if quote == UNIT:
            return (AssetTick(VENUE, base, mark.value, mark.time, received),)
        if quote != COIN or self._unit is None:
            return ()
        return (AssetTick(VENUE, base, mark.value / self._unit, mark.time, received),)
