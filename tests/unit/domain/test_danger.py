"""Which pool stands at the top of every list."""

from __future__ import annotations

from monitor.domain.danger import by_danger
from monitor.domain.lines import Ratio
from monitor.domain.quality import Quality
from tests.sample_reports import pool


def test_the_most_dangerous_stands_first_and_unknown_stands_before_safe() -> None:
    liquidatable = pool("cross:A", ratio=Ratio.of(float("inf")))
    over = pool("cross:B", ratio=Ratio.of(1.2))
    unknown = pool("cross:C", ratio=Ratio.unknown("no mark"), quality=Quality.UNKNOWN)
    stale_danger = pool("cross:D", ratio=Ratio.of(0.9), quality=Quality.STALE)
    stale_calm = pool("cross:E", ratio=Ratio.of(0.1), quality=Quality.STALE)
    known_danger = pool("cross:F", ratio=Ratio.of(0.95))
    known_calm = pool("cross:G", ratio=Ratio.of(0.0))
    wanted = [liquidatable, over, unknown, stale_danger, stale_calm, known_danger, known_calm]
    assert by_danger(reversed(wanted)) == wanted


def test_equally_dangerous_pools_stand_in_the_order_of_their_names() -> None:
    assert [one.key.pool for one in by_danger([pool("cross:USDT"), pool("cross:USDC")])] == ["cross:USDC", "cross:USDT"]
