"""A warning that stands in every answer is told once, and again when it comes back."""

from __future__ import annotations

from monitor.domain.events import Event, VenueWarning
from monitor.venues.binance.loans.isolated import level_warning
from monitor.venues.binance.warned import Warned
from tests.venues.binance.support import ACCOUNT, NOW


def of(symbol: str, status: str, level: float) -> VenueWarning:
    found = level_warning(status, level, symbol, ACCOUNT, NOW, NOW)
    assert found is not None
    return found


def test_only_what_changed_is_told() -> None:
    told: list[Event] = []
    warned = Warned(told.append)
    call, nearer, other = (
        of("ETHUSDT", "MARGIN_CALL", 1.2),
        of("ETHUSDT", "MARGIN_CALL", 1.19),
        of("BTCUSDT", "MARGIN_CALL", 1.2),
    )
    warned.told([call])
    warned.told([nearer])
    assert told == [call]
    warned.told([nearer, other])
    assert told == [call, other]
    worse = of("ETHUSDT", "PRE_LIQUIDATION", 1.17)
    warned.told([worse, other])
    assert told == [call, other, worse]
    warned.told([])
    warned.told([call])
    assert told == [call, other, worse, call]
