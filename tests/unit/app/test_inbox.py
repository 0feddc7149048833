"""The inbox: prices conflate, facts never vanish silently, one wake-up takes all that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.inbox import GATHER_SECONDS, GRACE_SECONDS, MANY_TICKS, MOST_ARRAYS, Inbox, in_columns
from monitor.domain.errors import Overrun
from monitor.domain.events import (
    AssetTick,
    Elapsed,
    Event,
    FeedUp,
    FundingRates,
    OptionMarks,
    Tick,
    Ticks,
    TiersLoaded,
)
from tests.soak.virtual import in_virtual_time
from tests.unit.app.clocks import FakeClock


def tick(symbol: str, mark: float) -> Tick:
    return Tick("binance", symbol, mark, venue_time=1.0, received=1.0)


def array(rows: dict[str, float], received: float = 1.0, venue: str = "binance") -> Ticks:
    return Ticks(venue, tuple(rows), tuple(rows.values()), (1.0,) * len(rows), received)


class Frame:
    """A frame that remembers how many of its prices were taken, and how many nobody saw."""

    def __init__(self) -> None:
        self.taken = self.unseen = 0

    def seen(self) -> None:
        self.taken += 1

    def replaced(self) -> None:
        self.unseen += 1


def last_marks(events: Iterable[Event]) -> dict[str, float]:
    """What an engine knows that takes one event after the other."""
    known: dict[str, float] = {}
    for event in events:
        if isinstance(event, Tick):
            known[event.symbol] = event.mark
        elif isinstance(event, Ticks):
            known.update(zip(event.symbols, event.marks, strict=True))
    return known


def rows(events: Iterable[Event]) -> int:
    return sum(len(event.symbols) if isinstance(event, Ticks) else 1 for event in events)


def marks(batch: tuple[Event, ...]) -> list[tuple[str, float]]:
    return [(event.symbol, event.mark) for event in batch if isinstance(event, Tick)]


async def test_a_newer_price_replaces_the_waiting_one_and_goes_to_the_end() -> None:
    inbox = Inbox(limit=10)
    for event in (tick("BTCUSDT", 1.0), tick("ETHUSDT", 2.0), tick("BTCUSDT", 3.0)):
        inbox.put(event)
    assert inbox.depth == 2
    assert inbox.conflated_total == 1
    assert marks(await inbox.batch()) == [("ETHUSDT", 2.0), ("BTCUSDT", 3.0)]


async def test_what_waited_is_measured_from_when_it_was_put_whatever_it_says_of_itself() -> None:
    clock = FakeClock()
    inbox = Inbox(limit=10, steady=clock.monotonic)
    inbox.wanted = lambda venue, symbol: symbol == "BTCUSDT"
    inbox.put(TiersLoaded("bybit", None, (), received=clock.now() - 2000.0))
    await inbox.batch()
    assert inbox.waited_seconds == 0.0, "a table made anew of answers that were kept is old, and has not waited"

    inbox.put(tick("NOBODYUSDT", 1.0))
    clock.time += 1.0
    inbox.put(tick("BTCUSDT", 2.0))
    clock.time += 3.0
    inbox.put(tick("BTCUSDT", 3.0))
    await inbox.batch()
    assert inbox.waited_seconds == 3.0, "from the first that was worth a step, though a newer one took its place"

    inbox.put(tick("NOBODYUSDT", 1.0))
    clock.time += 5.0
    await inbox.batch(patience_seconds=0.001)
    assert inbox.waited_seconds == 0.0, "what nobody waits for is not late"


def funding(*symbols: str, rate: float = 0.0001) -> FundingRates:
    return FundingRates("binance", symbols, (rate,) * len(symbols), (9.0,) * len(symbols), 1.0)


async def test_newer_funding_of_the_same_contracts_replaces_what_waits() -> None:
    inbox = Inbox(limit=10)
    newest, other = funding("BTCUSDT", "ETHUSDT", rate=0.0002), funding("TSLAUSDT")
    for event in (funding("BTCUSDT", "ETHUSDT"), other, newest, tick("BTCUSDT", 1.0)):
        inbox.put(event)
    assert await inbox.batch() == (other, newest, tick("BTCUSDT", 1.0))
    assert inbox.conflated_total == 1


def option_marks(*symbols: str, volatility: float) -> OptionMarks:
    count = len(symbols)
    return OptionMarks("binance", symbols, (volatility,) * count, (60_000.0,) * count, 1.0)


async def test_newer_marks_of_the_same_options_replace_what_waits_and_wake_nobody() -> None:
    inbox = Inbox(limit=10)
    inbox.put(option_marks("A", "B", volatility=0.5))
    inbox.put(option_marks("C", volatility=0.6))
    newest = option_marks("A", "B", volatility=0.7)
    inbox.put(newest)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(inbox.batch(), 0.02)
    inbox.put(tick("BTCUSDT", 1.0))
    assert await inbox.batch() == (option_marks("C", volatility=0.6), newest, tick("BTCUSDT", 1.0))
    assert inbox.conflated_total == 1


async def test_funding_wakes_nobody_and_goes_with_the_next_price() -> None:
    inbox = Inbox(limit=10)
    inbox.wanted = lambda venue, symbol: True
    waiting = asyncio.create_task(inbox.batch())
    inbox.put(funding("BTCUSDT"))
    await asyncio.sleep(3 * (GATHER_SECONDS + GRACE_SECONDS))
    assert not waiting.done()
    inbox.put(tick("BTCUSDT", 1.0))
    assert await waiting == (funding("BTCUSDT"), tick("BTCUSDT", 1.0))


async def test_a_mark_and_an_index_price_of_the_same_name_do_not_replace_each_other() -> None:
    inbox = Inbox(limit=10)
    inbox.put(tick("BTCUSD", 1.0))
    inbox.put(AssetTick("binance", "BTCUSD", 2.0, venue_time=1.0, received=1.0))
    assert len(await inbox.batch()) == 2


async def test_a_burst_in_one_read_ends_on_its_last_price_with_every_frame_counted() -> None:
    inbox = Inbox(limit=10)
    for number in range(10_000):
        inbox.put(tick("BTCUSDT", float(number)))
    assert marks(await inbox.batch()) == [("BTCUSDT", 9999.0)]
    assert inbox.conflated_total == 9_999


async def test_facts_are_never_merged_and_keep_their_order() -> None:
    inbox = Inbox(limit=10)
    facts: list[Event] = [Elapsed(1.0), FeedUp("binance", None, "marks", 1.0), Elapsed(1.0), Elapsed(1.0)]
    for fact in facts:
        inbox.put(fact)
    assert list(await inbox.batch()) == facts


async def test_an_inbox_full_of_facts_refuses_the_next_one_and_remembers_it() -> None:
    inbox = Inbox(limit=3)
    for number in range(3):
        inbox.put(Elapsed(float(number)))
    with pytest.raises(Overrun, match="3 waiting facts"):
        inbox.put(Elapsed(3.0))
    assert inbox.overrun()
    assert not inbox.overrun()
    assert len(await inbox.batch()) == 3
    inbox.put(Elapsed(4.0))
    assert inbox.overruns_total == 1


async def test_prices_pass_an_inbox_that_is_full_of_facts() -> None:
    inbox = Inbox(limit=1)
    inbox.put(Elapsed(0.0))
    inbox.put(tick("BTCUSDT", 1.0))
    assert inbox.depth == 2


async def test_a_waiting_reader_wakes_once_for_all_that_came_in_between() -> None:
    inbox = Inbox(limit=10)
    reading = asyncio.create_task(inbox.batch())
    await asyncio.sleep(0)
    inbox.put(Elapsed(1.0))
    inbox.put(Elapsed(2.0))
    assert await reading == (Elapsed(1.0), Elapsed(2.0))
    assert inbox.depth == 0


async def test_a_newer_array_of_the_same_instruments_replaces_the_waiting_one_and_counts_its_rows() -> None:
    inbox = Inbox(limit=10)
    for event in (array({"BTC": 1.0, "ETH": 2.0}), tick("BTC", 3.0), array({"BTC": 4.0, "ETH": 5.0})):
        inbox.put(event)
    assert await inbox.batch() == (tick("BTC", 3.0), array({"BTC": 4.0, "ETH": 5.0})), (
        "the newest mark of BTC comes last"
    )
    assert inbox.conflated_total == 2


async def test_an_array_of_other_instruments_waits_beside_it() -> None:
    inbox = Inbox(limit=10)
    events = (array({"BTC": 1.0, "ETH": 2.0}), array({"BTC": 3.0}), array({"BTC": 9.0}, venue="okx"))
    for event in events:
        inbox.put(event)
    assert await inbox.batch() == events
    assert inbox.conflated_total == 0


async def test_when_too_many_different_arrays_wait_the_newest_mark_of_each_instrument_is_kept() -> None:
    inbox, first, single, newest = Inbox(limit=10), Frame(), Frame(), Frame()
    inbox.put(Elapsed(1.0))
    inbox.put(array({"BTC": 1.0}), first)
    inbox.put(tick("SOL", 7.0), single)
    inbox.put(array({"BTC": 9.0}, venue="okx"))
    for number in range(MOST_ARRAYS - 1):
        inbox.put(array({"BTC": 2.0 + number, f"NEW{number}": 1.0}, 2.0 + number), newest)
    assert inbox.depth == 3
    fact, binance, okx = await inbox.batch()
    assert (fact, okx) == (Elapsed(1.0), array({"BTC": 9.0}, venue="okx"))
    assert last_marks([binance]) == {
        "BTC": float(MOST_ARRAYS),
        "SOL": 7.0,
        **{f"NEW{number}": 1.0 for number in range(MOST_ARRAYS - 1)},
    }
    assert isinstance(binance, Ticks)
    assert binance.received == 1.0, "no mark looks younger than it is"
    assert inbox.conflated_total == MOST_ARRAYS - 1
    assert (first.unseen, single.unseen, newest.unseen) == (1, 0, 0), "only the first one has no mark left"


async def test_folded_arrays_that_are_replaced_in_their_turn_tell_all_their_frames() -> None:
    inbox, frames = Inbox(limit=10), [Frame() for _ in range(MOST_ARRAYS + 2)]
    for number in range(MOST_ARRAYS + 1):
        inbox.put(array({f"S{number}": 1.0}), frames[number])
    assert inbox.depth == 1
    inbox.put(array({f"S{number}": 2.0 for number in range(MOST_ARRAYS + 1)}), frames[-1])
    assert [frame.unseen for frame in frames] == [1] * (MOST_ARRAYS + 1) + [0]
    assert inbox.conflated_total == MOST_ARRAYS + 1


names = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=4, unique=True).map(tuple)


@given(st.lists(st.one_of(names, st.sampled_from("ABCDE")), max_size=60))
def test_whatever_waits_the_last_word_on_each_instrument_stands_and_every_row_is_accounted_for(
    put: list[tuple[str, ...] | str],
) -> None:
    inbox, sent, frames = Inbox(limit=1), list[Event](), list[Frame]()
    for number, one in enumerate(put):
        mark = number + 1.0
        sent.append(array(dict.fromkeys(one, mark), mark) if isinstance(one, tuple) else tick(one, mark))
        frames.append(Frame())
        inbox.put(sent[-1], frames[-1])
    assert not any(frame.taken for frame in frames)
    waiting = asyncio.run(inbox.batch(0.0))
    assert last_marks(waiting) == last_marks(sent)
    assert rows(waiting) + inbox.conflated_total == rows(sent)
    assert sum(isinstance(event, Ticks) for event in waiting) <= MOST_ARRAYS
    assert all(frame.taken + frame.unseen == 1 for frame in frames), "each is told once what became of it"
    shown = {mark for event in waiting for mark in (event.marks if isinstance(event, Ticks) else [event.mark])}  # type: ignore[union-attr]  # only marks were put
    assert [not frame.unseen for frame in frames] == [number + 1.0 in shown for number in range(len(put))]


async def test_a_frame_is_told_when_a_price_of_it_is_replaced_or_taken_and_waits_until_then() -> None:
    inbox, first, second, rest = Inbox(limit=10), Frame(), Frame(), Frame()
    inbox.put(tick("BTC", 1.0), first)
    inbox.put(tick("BTC", 2.0), second)
    assert (first.unseen, second.unseen, second.taken) == (1, 0, 0)
    await inbox.batch()
    assert second.taken == 1
    inbox.put(tick("BTC", 3.0), rest)
    assert (first.taken, second.unseen, rest.taken, rest.unseen) == (0, 0, 0, 0)


async def test_the_frame_of_a_fact_is_told_when_it_is_taken_and_not_when_it_finds_no_room() -> None:
    inbox, taken, refused = Inbox(limit=1), Frame(), Frame()
    inbox.put(Elapsed(1.0), taken)
    with pytest.raises(Overrun):
        inbox.put(Elapsed(2.0), refused)
    assert taken.taken == 0
    await inbox.batch()
    await inbox.batch(0.0)
    assert (taken.taken, refused.taken, refused.unseen) == (1, 0, 0)


async def test_whoever_waits_with_patience_gets_nothing_when_nothing_comes_and_is_not_late_for_the_next() -> None:
    inbox, loop = Inbox(limit=10), asyncio.get_running_loop()
    began = loop.time()
    assert await inbox.batch(0.02) == ()
    assert loop.time() - began >= 0.019
    loop.call_later(0.01, inbox.put, Elapsed(1.0))
    assert await inbox.batch(60.0) == (Elapsed(1.0),)
    began = loop.time()
    assert await inbox.batch(0.01) == (), "the alarm of a longer wait does not make a shorter one longer"
    assert loop.time() - began < 30.0
    began = loop.time()
    assert await inbox.batch(0.05) == ()
    assert loop.time() - began >= 0.049, "nor does that of a shorter one make a longer one shorter"


async def test_prices_that_come_closely_after_the_last_ones_are_decided_together() -> None:
    inbox, loop = Inbox(limit=10), asyncio.get_running_loop()
    inbox.put(tick("BTC", 1.0))
    first = await inbox.batch()
    began = loop.time()
    reading = asyncio.create_task(inbox.batch())
    for symbol in ("ETH", "SOL", "ADA"):
        await asyncio.sleep(0)
        inbox.put(tick(symbol, 1.0))
    assert (len(first), len(await reading)) == (1, 3)
    assert loop.time() - began >= 0.9 * GATHER_SECONDS


async def test_a_fact_waits_for_no_company_and_takes_the_prices_along() -> None:
    inbox = Inbox(limit=10)
    inbox.put(tick("BTC", 1.0))
    await inbox.batch()
    reading = asyncio.create_task(inbox.batch())
    await asyncio.sleep(0)
    inbox.put(tick("ETH", 2.0))
    inbox.put(Elapsed(1.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert reading.done(), "at once"
    assert await reading == (tick("ETH", 2.0), Elapsed(1.0))


@pytest.mark.parametrize(
    ("event", "wakes"),
    [
        (tick("HELD", 1.0), True),
        (tick("OTHER", 1.0), False),
        (array({"OTHER": 1.0}), True),
        (AssetTick("binance", "OTHER", 1.0, 1.0, 1.0), True),
        (Elapsed(1.0), True),
    ],
)
async def test_a_single_mark_that_nobody_holds_wakes_nobody(event: Event, wakes: bool) -> None:
    inbox = Inbox(limit=10)
    inbox.wanted = lambda _, symbol: symbol == "HELD"
    reading = asyncio.create_task(inbox.batch())
    for _ in range(3):
        await asyncio.sleep(0)
    inbox.put(event)
    for _ in range(3):
        await asyncio.sleep(0)
    assert reading.done() == wakes
    inbox.put(Elapsed(2.0))
    taken = (*await reading, *(await inbox.batch() if wakes else ()))
    assert taken == (event, Elapsed(2.0)), "it is taken with what does"


async def test_a_mark_that_nobody_holds_is_taken_when_patience_ends() -> None:
    inbox = Inbox(limit=10)
    inbox.wanted = lambda _, __: False
    inbox.put(tick("OTHER", 1.0))
    assert await inbox.batch(0.001) == (tick("OTHER", 1.0),)


def waits(stream: Iterable[tuple[float, Event]], patience: float | None = None) -> list[tuple[Event, float]]:
    """How long each event of a stream waits for a reader that does nothing else; (seconds of its coming, event)."""

    async def check() -> list[tuple[Event, float]]:
        inbox, loop = Inbox(limit=10), asyncio.get_running_loop()
        inbox.wanted = lambda _, symbol: symbol != "OTHER"
        came, waited = dict[Event, float](), list[tuple[Event, float]]()

        async def read() -> None:
            while True:
                for event in await inbox.batch(patience):
                    waited.append((event, loop.time() - came[event]))

        reading, began = asyncio.create_task(read()), loop.time()
        for seconds, event in stream:
            await asyncio.sleep(began + seconds - loop.time())
            came[event] = loop.time()
            inbox.put(event)
        await asyncio.sleep(1.0)
        reading.cancel()
        return waited

    return in_virtual_time(check())


BUSY: list[tuple[float, Event]] = [(0.0007 * number, tick(f"S{number}", 1.0)) for number in range(200)]
AT_ONCE = 1e-6  #: seconds of virtual time


def test_in_the_busiest_stream_no_price_waits_longer_than_is_said() -> None:
    waited = waits(BUSY)
    assert len(waited) == len(BUSY)
    assert waited[0][1] <= AT_ONCE, "the first one waits for nothing"
    assert 0.8 * GATHER_SECONDS < max(seconds for _, seconds in waited) <= GATHER_SECONDS + GRACE_SECONDS + AT_ONCE


@pytest.mark.parametrize("gap", [GATHER_SECONDS, GATHER_SECONDS + GRACE_SECONDS, 0.1])
def test_a_price_after_a_pause_waits_for_nothing(gap: float) -> None:
    pause = 1e-4 + gap
    stream: list[tuple[float, Event]] = [(pause * number, tick(f"S{number}", 1.0)) for number in range(50)]
    assert max(seconds for _, seconds in waits(stream)) <= AT_ONCE


@pytest.mark.parametrize("patience", [None, 0.001, 0.05])
def test_a_fact_waits_for_nothing_however_busy_the_prices_are(patience: float | None) -> None:
    facts: list[tuple[float, Event]] = [(0.0031 * number + 0.0002, Elapsed(float(number))) for number in range(40)]
    waited = waits(sorted(BUSY + facts, key=lambda row: row[0]), patience)
    assert len(waited) == len(BUSY) + len(facts)
    assert max(seconds for event, seconds in waited if isinstance(event, Elapsed)) <= AT_ONCE
    assert max(seconds for _, seconds in waited) <= GATHER_SECONDS + GRACE_SECONDS + AT_ONCE


def test_patience_ends_when_it_is_said_however_busy_the_prices_are() -> None:
    """The engine's own work that is due is never put off, and a mark that nobody holds is seen meanwhile."""
    stream: list[tuple[float, Event]] = [(0.0101, tick("OTHER", 1.0))]
    assert waits(stream, 0.02)[0][1] <= 0.02
    others: list[tuple[float, Event]] = [*BUSY[:10], (0.0101, tick("OTHER", 1.0)), *BUSY[20:]]
    assert max(seconds for _, seconds in waits(others, 0.02)) <= GATHER_SECONDS + GRACE_SECONDS + AT_ONCE


async def test_a_cancelled_reader_loses_nothing() -> None:
    inbox = Inbox(limit=10)
    reading = asyncio.create_task(inbox.batch())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    inbox.put(Elapsed(1.0))
    assert await inbox.batch() == (Elapsed(1.0),)


def test_many_marks_that_came_alone_are_taken_as_one_array_where_the_first_stood() -> None:
    ticks = [Tick("v", f"S{n:02}", 1.0 + n, 10.0 + n, 100.0 - n) for n in range(MANY_TICKS)]
    elsewhere, fact = Tick("w", "S00", 5.0, 1.0, 2.0), Elapsed(3.0)
    array, *others = in_columns([*reversed(ticks), elsewhere, fact])
    assert array == Ticks(
        "v",
        tuple(tick.symbol for tick in ticks),
        tuple(tick.mark for tick in ticks),
        tuple(tick.venue_time for tick in ticks),
        received=100.0 - (MANY_TICKS - 1),
    ), "in the order of names, and no younger than the oldest of them"
    assert others == [elsewhere, fact]


def test_few_marks_stay_what_they_are() -> None:
    ticks = tuple(Tick("v", f"S{n}", 1.0, 1.0, 1.0) for n in range(MANY_TICKS - 1))
    assert in_columns(ticks) == ticks


def test_the_funding_of_marks_that_are_taken_as_an_array_is_told_beside_it() -> None:
    ticks = [Tick("v", f"S{n:02}", 1.0, 1.0, 7.0) for n in range(MANY_TICKS)]
    ticks[3] = replace(ticks[3], funding_rate=0.01, next_funding_time=99.0)
    assert in_columns(ticks)[1:] == (FundingRates("v", ("S03",), (0.01,), (99.0,), 7.0),)
