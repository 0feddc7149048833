"""Whatever happened: an engine that is told what stands reports what the one reports that saw everything."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.domain.events import ClockRead, Elapsed
from monitor.domain.reports import AccountReport
from monitor.outputs.journal.standing import Standing
from tests.unit.engine.likeness import compare, plain
from tests.unit.engine.situations import MAIN, OTHER, engine
from tests.unit.engine.test_incremental import HAPPENINGS, Truth

#: What a baseline cannot tell (docs/journal.md): that a price waits for a second frame, as its last frame alone is
#: believed; which mode held when an account was answered last, so that the answer is compared or is not; that a push
#: of minutes ago was older than one before it; and that readings left a position out again and again that was there.
UNTOLD = {"jumps", "hides its mode", "changes its mode", "is pushed late", "is ordered late"}
TOLD = HAPPENINGS.filter(lambda one: one[0] not in UNTOLD)


@given(happenings=st.lists(st.lists(TOLD, min_size=1, max_size=3), max_size=12))
def test_a_new_engine_that_is_told_what_stands_reports_the_same(
    happenings: list[list[tuple[str, str, float, bool]]],
) -> None:
    holes = [symbol for together in happenings for what, symbol, *_ in together if what == "is read with a hole"]
    assume(len(holes) == len(set(holes)))
    truth, keeper, lived = Truth(), Standing(), engine(MAIN, OTHER)
    batch = [ClockRead("paper", 0.0, 0.01, truth.now), *truth.beginning()]
    for together in [[], *happenings]:
        batch += [event for one in together for event in truth.after(*one)]
        keeper.see(batch)
        lived.step(batch, truth.now)
        batch = []
    truth.now += 1.0
    lived.step([Elapsed(truth.now)], truth.now)
    told = engine(MAIN, OTHER)
    told.step([*keeper.events(), Elapsed(truth.now)], truth.now)
    for mine, theirs in zip(lived.reports(), told.reports(), strict=True):
        compare(plain(without_why(mine)), plain(without_why(theirs)), mine.key.account)


def without_why(report: AccountReport) -> AccountReport:
    """Without the words for a venue's line that is not known: they say which of two readings left it out."""
    return replace(
        report,
        pools=tuple(
            replace(
                pool,
                positions=tuple(replace(row, venue_line=replace(row.venue_line, reasons=())) for row in pool.positions),
            )
            for pool in report.pools
        ),
    )
