"""Which pool stands at the top of every list."""

from __future__ import annotations

from monitor.domain.danger import by_danger, nearest_line
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.quality import Quality
from monitor.domain.reports import PoolReport
from tests.sample_reports import pool


def lined(name: str, ratio: float, *down: Line) -> PoolReport:
    """A pool whose only lines are these, each of a coin that falls."""
    coins = {f"C{number}": {Direction.DOWN: line, Direction.UP: NEVER} for number, line in enumerate(down)}
    return pool(name, ratio=Ratio.of(ratio), coins=coins, depegs={}, market={}, positions=())


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


def test_the_nearer_line_stands_first_though_its_ratio_be_calmer() -> None:
    near = lined("cross:B", 0.1, Line.at(90.0, 0.04))
    far = lined("cross:A", 0.5, Line.at(50.0, 0.4))
    assert by_danger([far, near]) == [near, far]


def test_a_line_that_is_not_known_hides_nothing_but_where_all_are_unknown_the_pool_stands_first() -> None:
    dark = lined("cross:D", 0.1, Line.unknown("no price"))
    at_once = lined("cross:C", 0.1, LIQUIDATABLE)
    half_known = lined("cross:B", 0.1, Line.unknown("no price"), Line.at(90.0, 0.04))
    nowhere = lined("cross:A", 0.9, NEVER)
    assert by_danger([nowhere, half_known, at_once, dark]) == [dark, at_once, half_known, nowhere]


def test_the_nearest_line_of_a_pool_is_unknown_where_one_of_them_is() -> None:
    assert nearest_line(lined("cross:B", 0.1, Line.at(90.0, 0.04), Line.at(80.0, 0.2))) == Line.at(90.0, 0.04)
    assert nearest_line(lined("cross:B", 0.1, Line.unknown("no price"), Line.at(90.0, 0.04))) == Line.unknown(
        "no price"
    )


def test_equally_dangerous_pools_stand_in_the_order_of_their_names() -> None:
    assert [one.key.pool for one in by_danger([pool("cross:USDT"), pool("cross:USDC")])] == ["cross:USDC", "cross:USDT"]
