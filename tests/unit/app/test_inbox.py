"""The inbox: prices conflate, facts never vanish silently, one wake-up takes all that waits."""

from __future__ import annotations

import asyncio

import pytest

from monitor.app.inbox import Inbox
from monitor.domain.errors import Overrun
from monitor.domain.events import AssetTick, Elapsed, Event, FeedUp, Tick


def tick(symbol: str, mark: float) -> Tick:
    return Tick("binance", symbol, mark, venue_time=1.0, received=1.0)


def marks(batch: tuple[Event, ...]) -> list[tuple[str, float]]:
    return [(event.symbol, event.mark) for event in batch if isinstance(event, Tick)]


async def test_a_newer_price_replaces_the_waiting_one_and_goes_to_the_end() -> None:
    inbox = Inbox(limit=10)
    for event in (tick("BTCUSDT", 1.0), tick("ETHUSDT", 2.0), tick("BTCUSDT", 3.0)):
        inbox.put(event)
    assert inbox.depth == 2
    assert inbox.conflated_total == 1
    assert marks(await inbox.batch()) == [("ETHUSDT", 2.0), ("BTCUSDT", 3.0)]


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


async def test_a_cancelled_reader_loses_nothing() -> None:
    inbox = Inbox(limit=10)
    reading = asyncio.create_task(inbox.batch())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    inbox.put(Elapsed(1.0))
    assert await inbox.batch() == (Elapsed(1.0),)
