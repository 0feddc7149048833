"""Whatever happened: an engine that is told what stands reports what the one reports that saw everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.events import Elapsed
from monitor.outputs.journal.standing import Standing
from tests.unit.engine.situations import MAIN, OTHER, engine
from tests.unit.engine.test_incremental import HAPPENINGS, Truth, assert_same

#: What a baseline cannot tell (docs/journal.md): that a price waits for a second frame, as its last frame alone is
#: believed; and the pools of before, where a mode can no longer be read.
TOLD = HAPPENINGS.filter(lambda one: one[0] not in ("jumps", "hides its mode"))


@given(happenings=st.lists(st.lists(TOLD, min_size=1, max_size=3), max_size=12))
def test_a_new_engine_that_is_told_what_stands_reports_the_same(
    happenings: list[list[tuple[str, str, float, bool]]],
) -> None:
    truth, keeper, lived = Truth(), Standing(), engine(MAIN, OTHER)
    batch = truth.beginning()
    for together in [[], *happenings]:
        batch += [event for one in together for event in truth.after(*one)]
        keeper.see(batch)
        lived.step(batch, truth.now)
        batch = []
    truth.now += 1.0
    lived.step([Elapsed(truth.now)], truth.now)
    told = engine(MAIN, OTHER)
    told.step([*keeper.events(), Elapsed(truth.now)], truth.now)
    assert_same(lived, told)
