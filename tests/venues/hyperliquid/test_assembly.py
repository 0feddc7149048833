"""Two halves of an account that come apart: what is said while one is missing, or older than the other."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import Balance
from monitor.domain.events import AccountSnapshot
from monitor.venues.hyperliquid.assembly import Assembly
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    NOW,
    Row,
    coin,
    cross,
    decoded,
    dex,
    frame,
    isolated,
    spot,
)


class Heard:
    """One connection of one address."""

    def __init__(self) -> None:
        self.assembly = Assembly(ACCOUNT)

    def states(self, **dexs: Row) -> AccountSnapshot | None:
        pairs = [["" if name == "first" else name, state] for name, state in dexs.items()]
        return self._say("allDexsClearinghouseState", {"user": ADDRESS, "clearinghouseStates": pairs})

    def spot(self, total: float | str) -> AccountSnapshot | None:
        body = spot(coin("USDC", total), available={"USDC": 0.0})
        return self._say("spotState", {"user": ADDRESS, "spotState": body})

    def _say(self, channel: str, data: Row) -> AccountSnapshot | None:
        told = self.assembly.put(decoded(frame(channel, data))).events
        assert len(told) <= 1
        for event in told:
            assert isinstance(event, AccountSnapshot)
            return event
        return None


def dollars(snapshot: AccountSnapshot | None) -> Balance:
    assert snapshot is not None
    return next(one for one in snapshot.balances if one.asset == "USDC")


def long(mark: float) -> Row:
    return dex(0.0, cross("BTC", 1.0, 60000.0, mark), maintenance=750.0)


def test_nothing_is_told_until_both_halves_are_here() -> None:
    first, second = Heard(), Heard()
    assert first.states(first=dex()) is None
    assert first.spot(10.0) is not None
    assert second.spot(10.0) is None
    assert second.states(first=dex()) is not None


def test_one_dex_alone_is_no_half() -> None:
    heard = Heard()
    heard.spot(10.0)
    said = {"user": ADDRESS, "dex": "", "clearinghouseState": dex(5.0)}
    assert heard._say("clearinghouseState", said) is None
    assert heard.states(first=dex(5.0), xyz=dex(6.0)) is not None
    later = heard._say("clearinghouseState", {"user": ADDRESS, "dex": "", "clearinghouseState": dex(7.0)})
    assert later is not None
    assert [one.venue.equity for one in later.wallets] == [7.0, 6.0]


def test_a_snapshot_is_as_old_as_the_frame_that_completed_it() -> None:
    heard = Heard()
    heard.spot(10.0)
    found = heard.states(first=dex())
    assert found is not None
    assert (found.asked, found.received) == (NOW, NOW)


def test_prices_that_move_between_the_halves_move_no_cash() -> None:
    """Total 5000 at a mark of 60 000. At 61 000 the dexs say so at once; the total of before holds no profit of it."""
    heard = Heard()
    heard.states(first=long(60000.0))
    before = dollars(heard.spot(5000.0))
    after = dollars(heard.states(first=long(61000.0)))
    assert before.cross_wallet == after.cross_wallet == pytest.approx(5000.0)
    assert before.wallet == after.wallet == pytest.approx(5000.0)
    assert after.venue_margin_balance == pytest.approx(750.0 + 1000.0), "nothing was left, at the marks of now"
    caught_up = dollars(heard.spot(6000.0))
    assert caught_up.cross_wallet == pytest.approx(5000.0)


def test_a_fill_between_the_halves_is_counted_once() -> None:
    """The position is closed at 61 000 and gone; the total, old or new, holds what it won."""
    heard = Heard()
    heard.states(first=long(61000.0))
    heard.spot(6000.0)
    closed = dollars(heard.states(first=dex(0.0)))
    assert closed.cross_wallet == pytest.approx(6000.0)
    heard.states(first=dex(0.0))
    assert dollars(heard.spot(5999.0)).cross_wallet == pytest.approx(5999.0)


def test_isolated_margin_belongs_to_its_position_and_not_to_the_rest() -> None:
    heard = Heard()
    heard.states(first=dex(0.0, isolated("ETH", 1.0, 3000.0, 3100.0, -2600.0)))
    found = dollars(heard.spot(1500.0))
    assert found.cross_wallet == pytest.approx(1000.0)
    assert found.wallet == pytest.approx(1400.0), "with the isolated margin, without its profit"


def test_a_bad_balance_costs_itself_and_is_said() -> None:
    heard = Heard()
    heard.states(first=dex())
    found = heard.spot("many")
    assert found is not None
    assert found.balances == ()
    assert found.problems == ("balance row 0 cannot be read: total is not a number",)
