"""Snapshots in pages: what a complete one leaves out is gone, and an empty one is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.events import BalanceChanged, PositionChanged
from monitor.domain.frames import Decoded
from monitor.domain.names import Side
from monitor.venues.okx.codec import Paged
from monitor.venues.okx.pages import Pages
from tests.venues.okx.support import STAMP, coin, decoded, frame, swap

BTC, ETH, SOL = (swap(f"{one}-USDT-SWAP", "1", "100", "100") for one in ("BTC", "ETH", "SOL"))


def snapshot(*rows: dict[str, Any], page: int = 1, last: bool = True) -> Decoded:
    return decoded(frame("positions", *rows, eventType="snapshot", curPage=page, lastPage=last))


def change(*rows: dict[str, Any]) -> Decoded:
    return decoded(frame("positions", *rows, eventType="event_update"))


def held(found: Decoded) -> dict[str, float]:
    return {event.symbol: event.quantity for event in found.events if isinstance(event, PositionChanged)}


def doubt(found: Decoded) -> str:
    return found.doubt if isinstance(found, Paged) else ""


def test_what_a_complete_snapshot_leaves_out_is_gone() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ETH))
    assert held(pages.put(snapshot(ETH))) == {"ETH-USDT-SWAP": 1.0, "BTC-USDT-SWAP": 0.0}
    assert held(pages.put(snapshot(ETH))) == {"ETH-USDT-SWAP": 1.0}


def test_a_coin_that_is_gone_owes_nothing_any_more() -> None:
    pages = Pages()
    owing, other = coin("USDT", "5", liab="7", interest="1", ordFrozen="2"), coin("BTC", "1")
    pages.put(decoded(frame("account", {"uTime": STAMP, "details": [owing, other]}, eventType="snapshot")))
    found = pages.put(decoded(frame("account", {"uTime": STAMP, "details": [other]}, eventType="snapshot")))
    (gone,) = [event for event in found.events if isinstance(event, BalanceChanged) and event.asset == "USDT"]
    assert gone.row is not None
    assert (gone.wallet, gone.row.wallet, gone.row.borrowed, gone.row.interest) == (0.0, 0.0, 0.0, 0.0)


def test_a_snapshot_in_pages_is_judged_at_its_last() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ETH, SOL))
    assert held(pages.put(snapshot(BTC, page=1, last=False))) == {"BTC-USDT-SWAP": 1.0}
    assert held(pages.put(snapshot(SOL, page=2))) == {"SOL-USDT-SWAP": 1.0, "ETH-USDT-SWAP": 0.0}


def test_a_change_leaves_out_what_did_not_change() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ETH))
    assert held(pages.put(change(BTC))) == {"BTC-USDT-SWAP": 1.0}
    assert held(pages.put(change({**BTC, "pos": "0"}))) == {"BTC-USDT-SWAP": 0.0}
    assert held(pages.put(snapshot(ETH))) == {"ETH-USDT-SWAP": 1.0}  # told already, and not told again


def test_an_empty_snapshot_closes_nothing_and_is_a_reason_to_ask() -> None:
    pages = Pages()
    assert doubt(pages.put(snapshot())) == ""  # nothing was held before
    pages.put(snapshot(BTC))
    found = pages.put(snapshot())
    assert held(found) == {}
    assert doubt(found) == "an empty snapshot of positions"
    assert held(pages.put(snapshot(ETH))) == {"ETH-USDT-SWAP": 1.0, "BTC-USDT-SWAP": 0.0}


def test_a_snapshot_with_a_page_missing_or_a_bad_row_closes_nothing() -> None:
    for spoiled in (snapshot(ETH, page=2), snapshot(ETH, {**SOL, "pos": "nan"})):
        pages = Pages()
        pages.put(snapshot(BTC, ETH))
        found = pages.put(spoiled)
        assert "BTC-USDT-SWAP" not in held(found)
        assert doubt(found) == "a snapshot of positions did not come whole"


def test_a_page_lost_between_two_snapshots_spoils_only_its_own() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ETH))
    pages.put(snapshot(BTC, page=1, last=False))  # its second page never comes
    assert held(pages.put(snapshot(ETH))) == {"ETH-USDT-SWAP": 1.0, "BTC-USDT-SWAP": 0.0}
    assert doubt(pages.put(snapshot(ETH))) == ""


def test_both_sides_of_a_symbol_are_two_positions() -> None:
    long, short = {**BTC, "posSide": "long"}, {**BTC, "posSide": "short"}
    pages = Pages()
    pages.put(snapshot(long, short))
    closed = [event for event in pages.put(snapshot(long)).events if isinstance(event, PositionChanged)][-1]
    assert (closed.side, closed.quantity, closed.row) == (Side.SHORT, 0.0, None)


def test_balances_are_put_together_the_same_way() -> None:
    def of_account(*rows: dict[str, Any]) -> Decoded:
        return decoded(frame("account", {"details": list(rows), "uTime": STAMP}, eventType="snapshot"))

    pages = Pages()
    pages.put(of_account(coin("USDT", "5"), coin("BTC", "1")))
    events = [event for event in pages.put(of_account(coin("USDT", "5"))).events if isinstance(event, BalanceChanged)]
    assert [(event.asset, event.wallet) for event in events] == [("USDT", 5.0), ("BTC", 0.0)]


def test_other_channels_pass_as_they_are() -> None:
    found = decoded(b"pong")
    assert Pages().put(found) is found


ALONE = {**BTC, "mgnMode": "isolated", "margin": "5"}


def test_a_position_shown_cross_and_isolated_at_once_is_told_by_neither_row() -> None:
    pages = Pages()
    found = pages.put(snapshot(BTC, ALONE, ETH))
    assert held(found) == {"ETH-USDT-SWAP": 1.0}
    assert doubt(found) == "held cross and isolated at once: BTC-USDT-SWAP"


def test_an_isolated_position_beside_a_cross_one_does_not_take_its_place() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ETH))
    found = pages.put(change(ALONE))
    assert (held(found), bool(doubt(found))) == ({}, True)


@pytest.mark.parametrize("channel", ["positions", "balance_and_position"])
def test_the_end_of_an_isolated_position_does_not_close_the_cross_one(channel: str) -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ALONE, ETH))
    gone = {**ALONE, "pos": "0"}
    rows = {"positions": gone, "balance_and_position": {"eventType": "filled", "pTime": STAMP, "posData": [gone]}}
    found = pages.put(decoded(frame(channel, rows[channel], eventType="event_update")))
    assert (held(found), bool(doubt(found))) == ({}, True)
    # From then on there is one, and its rows are believed.
    pages.put(snapshot(BTC, ETH))
    found = pages.put(snapshot(BTC, ETH))
    assert (held(found), doubt(found)) == ({"BTC-USDT-SWAP": 1.0, "ETH-USDT-SWAP": 1.0}, "")
    assert held(pages.put(change({**BTC, "pos": "0"}))) == {"BTC-USDT-SWAP": 0.0}


def test_both_are_told_apart_over_the_pages_of_a_snapshot() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, page=1, last=False))
    assert bool(doubt(pages.put(snapshot(ALONE, ETH, page=2))))
    assert bool(doubt(pages.put(change({**BTC, "pos": "2"}))))


def test_a_snapshot_without_the_isolated_one_of_two_closes_only_that() -> None:
    pages = Pages()
    pages.put(snapshot(BTC, ALONE, ETH))
    found = pages.put(snapshot(BTC, ETH))
    assert held(found) == {"BTC-USDT-SWAP": 1.0, "ETH-USDT-SWAP": 1.0}
    assert bool(doubt(found))  # it is asked what became of the other
