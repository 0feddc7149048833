"""When the engine reports: decisions in the very step, everything else soon, and never more than a slice at once."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.accounts import Position
from monitor.domain.events import AccountClosed, Elapsed, Event, FeedDown, FeedUp, Tick, Ticks
from monitor.domain.lines import Direction, State
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport
from monitor.domain.tables import AssetRates
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from monitor.engine.market import FEW_ROWS
from monitor.margin.book import Book
from monitor.margin.sweep import Sweep, sweep
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    MAIN,
    MULTI,
    OTHER,
    VENUE,
    T,
    asset,
    config,
    engine,
    held,
    pool,
    reading,
    report,
    running,
    started,
    tick,
    tiers,
    usdt,
)

CROSS = "cross:USDT"
EVERY = 0.05


def many(count: int, **more: Any) -> tuple[Engine, list[AccountKey]]:
    """An engine with many accounts like MAIN, all of them LIVE at T and nothing owed."""
    keys = [AccountKey(VENUE, f"a{number}") for number in range(count)]
    found = engine(*keys, lines_every_seconds=EVERY, **more)
    events: list[Event] = started()[:7]
    for key in keys:
        events += [config(account=key), reading(BTC, account=key, balances=[usdt(10_000.0)])]
    result = found.step(events, T)
    while result.due is not None:
        result = found.step([], result.due)
    assert {each.quality for each in found.reports()} == {Quality.LIVE}
    return found, keys


class TestWhatCrosses:
    """With a wallet of 10,000 and 1 BTC bought at 60,000: the requirement is 0.5 % of its value, less 50."""

    def running(self, **more: Any) -> Engine:
        return running(BTC, lines_every_seconds=10.0, **more)

    def test_a_ratio_that_crosses_a_level_between_two_reports_is_reported_in_the_very_step(self) -> None:
        slow = self.running(ratio_levels=(0.05,))
        assert slow.step([tick("BTCUSDT", 56_000.0, T + 1)], T + 1).reports == ()
        crossed = slow.step([tick("BTCUSDT", 54_000.0, T + 2)], T + 2)
        assert pool(crossed, CROSS).ratio.value == pytest.approx(220 / 4_000)
        assert slow.step([tick("BTCUSDT", 54_100.0, T + 2.1)], T + 2.1).reports == (), "told once"
        back = slow.step([tick("BTCUSDT", 56_000.0, T + 3)], T + 3)
        assert pool(back, CROSS).ratio.value == pytest.approx(230 / 6_000)

    @pytest.mark.parametrize("level", [0.1, 0.15])
    def test_a_distance_that_crosses_a_level_is_reported_in_the_very_step(self, level: float) -> None:
        slow = self.running(distance_levels=(0.1, 0.15))
        line = pool(slow, CROSS).positions[0].line.price
        assert line is not None
        assert slow.step([tick("BTCUSDT", 1.001 * line / (1 - level), T + 1)], T + 1).reports == () or level == 0.1
        crossed = slow.step([tick("BTCUSDT", 0.999 * line / (1 - level), T + 2)], T + 2)
        assert pool(crossed, CROSS).positions[0].line.distance_ratio == pytest.approx(level, abs=0.001)

    def test_liquidation_is_a_level_whatever_the_rules_say(self) -> None:
        slow = self.running()
        crossed = slow.step([tick("BTCUSDT", 50_100.0, T + 1)], T + 1)
        assert pool(crossed, CROSS).ratio.state is State.LIQUIDATABLE
        assert pool(crossed, CROSS).positions[0].line.state is State.LIQUIDATABLE
        without = slow.step([tick("BTCUSDT", 49_000.0, T + 2)], T + 2)
        assert pool(without, CROSS).ratio.value == math.inf
        back = slow.step([tick("BTCUSDT", 56_000.0, T + 3)], T + 3)
        assert pool(back, CROSS).positions[0].line.state is State.AT

    def test_a_market_line_counts_as_much_as_a_position(self) -> None:
        """A long of one coin and a short of another: only together do they come near."""
        slow = running(BTC, ALONE, lines_every_seconds=10.0, distance_levels=(0.17,))
        lines = pool(slow, CROSS).market
        assert lines[Direction.DOWN].distance_ratio == pytest.approx(0.1633, abs=0.001)
        away = slow.step([tick("BTCUSDT", 62_000.0, T + 1)], T + 1)
        assert pool(away, CROSS).market[Direction.DOWN].distance_ratio == pytest.approx(0.19, abs=0.01)

    def test_what_becomes_unknown_or_known_is_reported_in_the_very_step(self) -> None:
        slow = self.running()
        jumped = slow.step([tick("BTCUSDT", 25_000.0, T + 1)], T + 1)
        assert pool(jumped, CROSS).quality is Quality.UNKNOWN
        assert pool(slow.step([tick("BTCUSDT", 60_000.0, T + 2)], T + 2), CROSS).quality is Quality.LIVE

    def test_an_account_that_is_described_anew_does_not_hide_another_that_crosses(self) -> None:
        two = engine(MAIN, OTHER, lines_every_seconds=10.0, ratio_levels=(0.05,))
        two.step([*started(BTC), config(account=OTHER), reading(BTC, ALONE, account=OTHER)], T)
        batch: list[Event] = [reading(ALONE, asked=T + 1), tick("BTCUSDT", 54_000.0, T + 1)]
        assert [each.key for each in two.step(batch, T + 1).reports] == [MAIN, OTHER]
        batch = [reading(BTC, ALONE, asked=T + 2), tick("BTCUSDT", 54_010.0, T + 2)]
        assert [each.key for each in two.step(batch, T + 2).reports] == [MAIN], "nothing crossed in the other"
        batch = [reading(BTC, asked=T + 3), tick("BTCUSDT", 60_000.0, T + 3)]
        assert [each.key for each in two.step(batch, T + 3).reports] == [MAIN, OTHER]


class TestWhatIsOwed:
    def test_what_does_not_cross_is_owed_and_comes_when_it_is_due(self) -> None:
        slow = running(BTC, ALONE, lines_every_seconds=EVERY)
        prompt = running(BTC, ALONE)
        assert slow.step([], T).due is None, "nothing moved since the first report"
        frames = [tick("BTCUSDT", 59_000.0, T + 0.01), tick("ETHUSDT", 3_010.0, T + 0.01)]
        moved = slow.step(frames, T + 0.01)
        prompt.step(frames, T + 0.01)
        assert (moved.reports, moved.due) == ((), T + EVERY)
        early = slow.step([], math.nextafter(T + EVERY, 0.0))
        assert (early.reports, early.due) == ((), T + EVERY), "who comes too early is told again"
        met = slow.step([], T + EVERY)
        assert (report(met).key, met.due) == (MAIN, None)
        assert report(slow).pools == report(prompt).pools

    def test_an_account_that_was_not_reported_for_long_is_reported_at_once(self) -> None:
        slow = running(BTC, lines_every_seconds=EVERY)
        result = slow.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        assert report(result).at == T + 1
        assert result.due is None

    def test_a_price_seen_again_makes_its_report_younger_and_no_more(self) -> None:
        slow = running(BTC, lines_every_seconds=EVERY)
        before = pool(slow, CROSS)
        slow.step([tick("BTCUSDT", 60_000.0, T + 1)], T + 1)
        assert pool(slow, CROSS).positions is before.positions

    def test_of_several_accounts_the_first_that_is_due_is_told(self) -> None:
        two = engine(MAIN, OTHER, lines_every_seconds=1.0)
        two.step([*started(BTC), config(account=OTHER)], T)
        two.step([reading(BTC, account=OTHER, asked=T)], T + 0.5)
        assert two.step([tick("BTCUSDT", 59_000.0, T + 0.6)], T + 0.6).due == T + 1.0
        assert two.step([], T + 1.0).due == T + 1.5

    def test_where_each_step_reports_all_nothing_is_due(self) -> None:
        prompt = running(BTC, ALONE)
        result = prompt.step([tick("BTCUSDT", 55_000.0, T + 1)], T + 1)
        assert (report(result).key, result.due) == (MAIN, None)

    def test_a_report_of_another_reason_pays_what_is_owed(self) -> None:
        slow = running(BTC, lines_every_seconds=EVERY)
        slow.step([tick("BTCUSDT", 59_000.0, T + 0.01)], T + 0.01)
        down = slow.step([FeedDown(VENUE, None, "marks", T + 0.02, "closed with 1006")], T + 0.02)
        assert pool(down, CROSS).equity_usd == pytest.approx(9_000.0)
        assert down.due is None

    def test_a_coin_is_as_far_as_its_only_position_though_its_price_comes_a_moment_later(self) -> None:
        slow = running(BTC, lines_every_seconds=EVERY)
        slow.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        due = slow.step([asset("BTC", 59_000.0, T + 1)], T + 1.01).due
        assert due is not None
        slow.step([], due)
        found = pool(slow, CROSS)
        assert found.coins["BTC"][Direction.DOWN].distance_ratio == pytest.approx(
            found.positions[0].line.distance_ratio, rel=1e-9
        )

    def test_a_clock_that_is_set_back_makes_nobody_wait(self) -> None:
        slow = running(BTC, lines_every_seconds=10.0)
        slow.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        result = slow.step([], T - 100.0)
        assert pool(result, CROSS).equity_usd == pytest.approx(9_000.0)

    def test_who_looks_at_reports_changes_nothing(self) -> None:
        looked, alone = running(BTC, lines_every_seconds=EVERY), running(BTC, lines_every_seconds=EVERY)
        for number in range(20):
            now = T + 0.02 * number
            batch = [tick("BTCUSDT", 60_000.0 - number, now)]
            looked.reports()
            assert looked.step(batch, now) == alone.step(batch, now)
            assert looked.reports() is looked.reports(), "the same tuple while nothing is new"


class TestSlices:
    def test_a_step_reports_no_more_than_a_slice_the_others_follow_in_turn(self) -> None:
        alive, keys = many(10, legs_per_step=4)
        result = alive.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        told = [each.key for each in result.reports]
        assert told == keys[:4]
        while result.due is not None:
            assert result.due <= T + 1 + EVERY
            result = alive.step([], result.due)
            assert len(result.reports) <= 4
            told += [each.key for each in result.reports]
        assert told == keys
        assert {pool_of(each).equity_usd for each in alive.reports()} == {9_000.0}

    def test_after_a_full_slice_there_is_a_rest(self) -> None:
        alive, _ = many(10, legs_per_step=4)
        now = T + 1
        result = alive.step([tick("BTCUSDT", 59_000.0, now)], now)
        assert result.due is not None
        assert result.due > now
        assert alive.step([tick("ETHUSDT", 3_001.0, now)], now).reports == ()

    def test_what_crosses_goes_before_what_is_owed_and_needs_no_rest(self) -> None:
        alive, keys = many(6, legs_per_step=2, ratio_levels=(0.05,))
        alive.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        result = alive.step([tick("BTCUSDT", 54_000.0, T + 1.001)], T + 1.001)
        assert [each.key for each in result.reports] == keys[:2]
        assert result.due == T + 1.001, "at once"
        result = alive.step([], T + 1.002)
        result = alive.step([], T + 1.003)
        assert {pool_of(each).equity_usd for each in alive.reports()} == {4_000.0}

    def test_a_thousand_batches_in_a_row_do_not_starve_an_owed_account(self) -> None:
        alive, keys = many(3, legs_per_step=1, ratio_levels=tuple(0.02 + 0.0001 * i for i in range(400)))
        alive.step([reading(BTC, ALONE, account=keys[2], asked=T + 0.5)], T + 0.5)
        seen: dict[AccountKey, float] = {}
        for number in range(1000):
            now = T + 1 + number / 1000
            for each in alive.step([tick("BTCUSDT", 60_000.0 - number, now)], now).reports:
                seen[each.key] = now
            assert len(seen) == 3 or number < 100
            assert all(now - at <= 0.1 for at in seen.values())

    def test_one_account_that_is_greater_than_a_slice_is_reported_all_the_same(self) -> None:
        alive = running(BTC, held_eth(), lines_every_seconds=EVERY, legs_per_step=1)
        assert report(alive.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)).at == T + 1

    def test_new_tables_are_brought_to_all_accounts_a_few_at_a_time(self) -> None:
        alive, _ = many(5, legs_per_step=10)
        now = T + 1
        result = alive.step([tiers(now, BTCUSDT=flat(0.02))], now)
        counts = [len(result.reports)]
        while result.due is not None:
            assert result.due <= now, "the others follow at once"
            now += 0.001
            result = alive.step([], now)
            counts.append(len(result.reports))
        assert counts == [2, 2, 1]
        assert {pool_of(each).maintenance_margin_usd for each in alive.reports()} == {1_200.0}

    def test_who_is_closed_waits_for_nothing(self) -> None:
        alive, keys = many(5, legs_per_step=5)
        alive.step([tiers(T + 1, BTCUSDT=flat(0.02))], T + 1)
        result = alive.step([AccountClosed(keys[3], T + 1.001), AccountClosed(keys[1], T + 1.001)], T + 1.001)
        while result.due is not None:
            result = alive.step([], result.due)
        assert [each.key for each in alive.reports()] == [keys[0], keys[2], keys[4]]
        assert {pool_of(each).maintenance_margin_usd for each in alive.reports()} == {1_200.0}

    def test_lost_facts_are_doubted_a_slice_at_a_time(self) -> None:
        alive, keys = many(6, legs_per_step=4)
        alive.force_resync("too many events waited")
        assert [each.key for each in alive.step([], T + 1).reports] == keys[:4]
        assert [each.key for each in alive.step([], T + 1).reports] == keys[4:]


def test_before_its_first_report_an_account_is_unknown_and_nothing_is_kept() -> None:
    keys = [AccountKey(VENUE, f"a{number}") for number in range(60)]
    alive = engine(*keys, lines_every_seconds=EVERY)
    assert len(alive.step([], T).reports) == 50
    assert [each.quality for each in alive.reports()] == [Quality.UNKNOWN] * 60
    assert [each.key for each in alive.step([], T).reports] == keys[50:]


class TestHealth:
    def test_a_look_that_finds_nothing_new_makes_no_report(self) -> None:
        slow = running(BTC, lines_every_seconds=EVERY)
        assert slow.step([FeedUp(VENUE, None, "marks", T)], T).reports == ()
        assert slow.step([Elapsed(T + 1)], T + 1).reports == ()

    def test_each_price_that_grows_old_is_told_when_it_does(self) -> None:
        slow = running(BTC, held_eth(), lines_every_seconds=EVERY)
        frames: list[Event] = [asset("USDT", 1.0, T + 2), tick("ETHUSDT", 3_000.0, T + 2)]
        slow.step(frames, T + 2)
        reasons = []
        for second in range(3, 9):
            for each in slow.step([Elapsed(T + second)], T + second).reports:
                reasons.append((second, each.reasons))
        old = [f"{CROSS}: the mark of {symbol} is older than 5 s" for symbol in ("BTCUSDT", "ETHUSDT")]
        assert reasons == [(6, (old[0],)), (8, tuple(old))]

    def test_a_price_that_was_old_makes_its_pool_live_in_the_very_step(self) -> None:
        slow = running(BTC, lines_every_seconds=10.0)
        slow.step([Elapsed(T + 6)], T + 6)
        back = slow.step([tick("BTCUSDT", 60_000.0, T + 7), asset("USDT", 1.0, T + 7)], T + 7)
        assert report(back).quality is Quality.LIVE

    def test_a_feed_of_one_account_concerns_no_other(self) -> None:
        two = engine(MAIN, OTHER, lines_every_seconds=EVERY)
        two.step([*started(BTC), config(account=OTHER), reading(account=OTHER)], T)
        down = two.step([FeedDown(VENUE, "other", "user", T + 1, "closed")], T + 1)
        assert [each.key for each in down.reports] == [OTHER]


FRAMES = st.lists(
    st.tuples(
        st.lists(
            st.tuples(
                st.sampled_from(["BTCUSDT", "ETHUSDT", "XRPUSDT", "NEWUSDT"]),
                st.sampled_from([math.nan, -1.0, 0.0, 1.0, 1.0, 1.01, 0.97, 0.3, 0.31, 3.0]),
                st.sampled_from([0.0, 0.0, 0.0, -1.0, -20.0, 1e6]),
            ),
            max_size=5,
        ),
        st.sampled_from([0.01, 0.3, 1.0, 7.0, 61.0]),
        st.booleans(),
    ),
    max_size=8,
)


OTHERS = tuple(f"F{number}USDT" for number in range(FEW_ROWS))  #: that nobody holds


@given(frames=FRAMES, every=st.sampled_from([0.0, EVERY]), others=st.sampled_from([(), OTHERS]))
def test_a_frame_of_many_marks_does_what_its_marks_do_one_by_one(
    frames: Sequence[tuple[list[tuple[str, float, float]], float, bool]], every: float, others: tuple[str, ...]
) -> None:
    settings: dict[str, Any] = {
        "lines_every_seconds": every,
        "ratio_levels": (0.03, 0.05),
        "distance_levels": (0.1, 0.15),
    }
    together, alone = running(BTC, ALONE, mode=MULTI, **settings), running(BTC, ALONE, mode=MULTI, **settings)
    marks, now = {"BTCUSDT": 60_000.0, "ETHUSDT": 3_000.0, "XRPUSDT": 2.0, "NEWUSDT": 1.0}, T
    for rows, seconds, timed in frames:
        now += seconds
        found = [(symbol, marks[symbol] * factor, now + late) for symbol, factor, late in rows]
        found += [(symbol, 1.0, now) for symbol in others]
        symbols, prices, stamps = zip(*found, strict=True) if found else ((), (), ())
        later: list[Event] = [Elapsed(now)] if timed else []
        one = together.step([Ticks(VENUE, symbols, prices, stamps, now + 0.05), *later], now)
        each = [Tick(VENUE, symbol, price, stamp, now + 0.05) for symbol, price, stamp in found]
        other = alone.step([*each, *later], now)
        assert one == other
        assert together.reports() == alone.reports()


def test_only_so_many_sets_of_instruments_are_remembered() -> None:
    alive = running(BTC)
    for number in range(100):
        symbols = ("BTCUSDT", f"C{number}USDT", *OTHERS)
        marks, stamps = (60_000.0 - number, *[1.0] * (FEW_ROWS + 1)), (T + number,) * len(symbols)
        frame = Ticks(VENUE, symbols, marks, stamps, T + number)
        alive.step([frame], T + number)
    assert pool(alive, CROSS).positions[0].mark_price == 59_901.0


def held_eth() -> Position:
    """A second position of the same pool."""
    return held("ETHUSDT", 1.0, 3_000.0)


def pool_of(found: AccountReport) -> PoolReport:
    """The only pool of an account."""
    (only,) = found.pools
    return only


def test_what_needs_a_search_is_searched_for_all_that_moved_but_not_at_each_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[list[str], list[str]]] = []

    def recorded(
        book: Book, accounts: Collection[AccountKey], *, search: Collection[AccountKey], **more: Any
    ) -> tuple[Sweep, ...]:
        asked.append(([key.account for key in accounts], [key.account for key in search]))
        return sweep(book, accounts, search=search, **more)

    two = engine(MAIN, OTHER, lines_every_seconds=1.0)
    two.step([*started(BTC), config(account=OTHER), reading(held_eth(), account=OTHER)], T)
    monkeypatch.setattr("monitor.engine.valuation.sweep", recorded)
    two.step([tick("BTCUSDT", 59_000.0, T + 0.1)], T + 0.1)
    two.step([tick("ETHUSDT", 3_001.0, T + 0.2)], T + 0.2)
    two.step([tick("ETHUSDT", 3_002.0, T + 1.0)], T + 1.0)
    two.step([tick("ETHUSDT", 3_003.0, T + 1.1)], T + 1.1)
    two.step([tick("ETHUSDT", 3_004.0, T + 1.2)], T - 0.5)
    assert asked == [
        (["main"], []),
        (["other"], []),
        (["main", "other"], ["main", "other"]),
        (["other"], []),
        (["other"], ["other"]),
    ]


def test_what_is_too_much_to_search_at_once_is_searched_in_turns_with_a_rest_after_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []

    def recorded(
        book: Book, accounts: Collection[AccountKey], *, search: Collection[AccountKey], **more: Any
    ) -> tuple[Sweep, ...]:
        asked.append([key.account for key in search])
        return sweep(book, accounts, search=search, **more)

    two = engine(MAIN, OTHER, lines_every_seconds=1.0)
    two.step([*started(BTC), config(account=OTHER), reading(BTC, account=OTHER)], T)
    monkeypatch.setattr("monitor.engine.valuation.sweep", recorded)
    monkeypatch.setattr("monitor.engine.valuation.SEARCHED_LEGS", 1)
    monkeypatch.setattr("monitor.engine.valuation.weight", lambda _: 200)
    two.step([reading(held_eth(), asked=T + 0.5), reading(held_eth(), account=OTHER, asked=T + 0.5)], T + 0.5)
    for after in (1.0, 1.02, 1.03, 1.05, 1.08):
        two.step([tick("ETHUSDT", 3_000.0 + after, T + after)], T + after)
    assert [len(turn) for turn in asked[1:]] == [1, 0, 0, 1, 0], "a rest of 40 ms after each"
    assert {name for turn in asked for name in turn} == {"main", "other"}


def test_a_line_that_needs_a_search_is_told_of_no_later_than_its_account_is_due() -> None:
    """Collateral that counts less than its price bends the lines of its pool."""
    counted = AssetRates(positive_rate=0.95, negative_rate=1.05, requirement_rate=1.0)
    bent = engine(lines_every_seconds=EVERY, distance_levels=(0.1, 0.15))
    events = [*started(mode=MULTI)[:8], asset("USDT", 1.0, T, counted)]
    bent.step([*events, reading(BTC, balances=[usdt(11_000.0)])], T)
    before = pool(bent, "multi-assets").positions[0].line.price
    assert before is not None
    bent.step([tick("BTCUSDT", before / 0.849, T + 0.01)], T + 0.01)
    bent.step([tick("BTCUSDT", before / 0.851, T + 0.02)], T + 0.02)
    bent.step([], T + EVERY)
    found = pool(bent, "multi-assets").positions[0]
    assert found.mark_price == before / 0.851
    assert found.line.distance_ratio == pytest.approx(0.149, abs=1e-3)
