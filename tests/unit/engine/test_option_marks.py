"""What options are priced with: taken at each push, described now and then, and doubted when it is old."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from monitor.domain.accounts import Account
from monitor.domain.events import AccountClosed, Elapsed, Event, FeedDown, InstrumentsLoaded, OptionMarks
from monitor.domain.instruments import Payoff
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.domain.tables import OptionMark, Tables
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.engine.tables import VenueTables
from monitor.margin.pool import Description, Holding, Leg, Option, Pool
from tests.unit.engine.situations import (
    MAIN,
    VENUE,
    T,
    asset,
    config,
    held,
    instrument,
    instruments,
    option_marks,
    reading,
    report,
    tick,
    tiers,
)
from tests.unit.engine.situations import running as ordinary

CALL = "BTC-CALL"
SHORT_CALL = held(CALL, -1.0, 900.0)


def describe(account: Account, tables: Tables) -> Description:
    """One pool in dollars, with a short option that is priced with what the tables say."""
    marks = {position.symbol: tables.options.get(position.symbol) for position in account.positions.values()}
    legs = tuple(
        Leg(
            symbol=position.symbol,
            side=position.side,
            quantity=position.quantity,
            entry=position.entry_price or 0.0,
            base="BTC",
            quote="USDT",
            settle="USDT",
            payoff=Payoff.OPTION,
            tiers=flat(0.0),
            option=Option(
                strike=70_000.0,
                call=True,
                volatility=nan if mark is None else mark.volatility,
                years=0.1,
                underlying=60_000.0 if mark is None else mark.underlying,
                index_rate=0.1,
                in_equity=False,
            ),
        )
        for position, mark in zip(account.positions.values(), marks.values(), strict=True)
    )
    cash = Holding(asset="USDT", amount=50_000.0)
    return Description((Pool(key=PoolKey(*account.key, "all"), numeraire="USD", holdings=(cash,), legs=legs),))


def running(**more: object) -> Engine:
    settings = EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0, wanted_distance_ratio=0.0, **more)  # type: ignore[arg-type]
    found = Engine({VENUE: describe}, settings)
    found.step(
        [
            instruments(),
            tiers(),
            tick(CALL, 900.0),
            asset("USDT", 1.0),
            asset("BTC", 60_000.0),
            option_marks(T, **{CALL: (0.5, 60_000.0)}),
            config(),
            reading(SHORT_CALL),
        ],
        T,
    )
    assert requirement(found) == pytest.approx(6_000.0)
    return found


def requirement(engine: Engine) -> float | None:
    return report(engine).pools[0].maintenance_margin_usd


def test_an_option_whose_value_is_no_part_of_equity_is_no_part_of_what_it_consists_of() -> None:
    (held,) = report(running()).pools[0].collateral
    assert (held.asset, held.amount, held.share_ratio) == ("USDT", 50_000.0, 1.0)


class TestTables:
    def test_the_newest_word_on_each_option_stands_in_the_tables_at_once(self) -> None:
        tables = VenueTables()
        made = tables.of(MAIN)
        tables.set_options(option_marks(10.0, A=(0.5, 100.0), B=(0.6, 200.0)), ())
        tables.set_options(option_marks(11.0, A=(0.7, 101.0)), ())
        tables.set_options(option_marks(9.0, B=(9.9, 9.9)), ())
        assert made.options == {"A": OptionMark(0.7, 101.0, 11.0), "B": OptionMark(0.6, 200.0, 10.0)}

    def test_it_tells_which_of_those_held_are_priced_otherwise(self) -> None:
        tables = VenueTables()
        assert tables.set_options(option_marks(10.0, A=(0.5, 100.0), B=(0.6, 200.0)), {"A"}) == {"A"}
        assert tables.set_options(option_marks(11.0, A=(0.5, 100.0), B=(0.7, 200.0)), {"A"}) == set()
        assert tables.set_options(option_marks(12.0, A=(0.5, 100.5), B=(0.7, 200.0)), {"A"}) == {"A"}

    def test_another_index_beside_the_forward_prices_it_otherwise(self) -> None:
        tables = VenueTables()
        told = replace(option_marks(10.0, A=(0.5, 100.0)), indexes=(99.5,))
        assert tables.set_options(told, {"A"}) == {"A"}
        assert tables.set_options(replace(told, received=11.0), {"A"}) == set()
        assert tables.set_options(replace(told, indexes=(99.4,), received=12.0), {"A"}) == {"A"}
        assert tables.of(MAIN).options == {"A": OptionMark(0.5, 100.0, 12.0, 99.4)}

    @pytest.mark.parametrize("bad", [(0.0, 100.0), (nan, 100.0), (0.5, -1.0), (0.5, inf)])
    def test_what_is_no_volatility_or_price_changes_nothing(self, bad: tuple[float, float]) -> None:
        tables = VenueTables()
        tables.set_options(option_marks(10.0, A=(0.5, 100.0)), ())
        assert tables.set_options(option_marks(11.0, A=bad), {"A"}) == set()
        assert tables.of(MAIN).options == {"A": OptionMark(0.5, 100.0, 10.0)}

    def test_what_expired_is_forgotten(self) -> None:
        tables = VenueTables()
        tables.set_options(option_marks(10.0, BTCUSDT=(0.5, 100.0), GONE=(0.5, 100.0)), ())
        tables.load_instruments(InstrumentsLoaded(VENUE, (instrument("BTC"),), 11.0))
        assert list(tables.of(MAIN).options) == ["BTCUSDT"]


class TestDescribingAnew:
    def test_is_done_at_once_when_it_was_not_for_a_while(self) -> None:
        engine = running()
        engine.step([option_marks(T + 5, **{CALL: (0.5, 70_000.0)})], T + 5)
        assert requirement(engine) == pytest.approx(7_000.0)

    def test_is_done_once_in_an_interval_however_many_pushes_come(self) -> None:
        engine = running()
        for number in range(1, 10):
            told = engine.step([option_marks(T + number / 10, **{CALL: (0.5, 60_000.0 + number)})], T + number / 10)
            assert not told.reports
            assert told.due == T + 1.0
        told = engine.step([Elapsed(T + 1.0)], T + 1.0)
        assert requirement(engine) == pytest.approx(6_000.9)
        assert told.due is None

    def test_goes_with_any_other_description(self) -> None:
        engine = running()
        told = engine.step(
            [option_marks(T + 0.1, **{CALL: (0.5, 61_000.0)}), reading(SHORT_CALL, asked=T + 0.1)], T + 0.1
        )
        assert requirement(engine) == pytest.approx(6_100.0)
        assert told.due is None

    def test_waits_as_long_as_it_is_told(self) -> None:
        engine = running(options_every_seconds=0.0)
        engine.step([option_marks(T + 0.1, **{CALL: (0.5, 61_000.0)})], T + 0.1)
        assert requirement(engine) == pytest.approx(6_100.0)

    def test_waits_for_no_time_that_is_long_to_come_when_the_clock_was_set_back(self) -> None:
        engine = running()
        engine.step([option_marks(T + 0.1, **{CALL: (0.5, 61_000.0)})], T - 3_600.0)
        assert requirement(engine) == pytest.approx(6_100.0)

    def test_is_not_done_for_options_that_are_not_held_or_of_another_venue(self) -> None:
        engine = running()
        assert not engine.step([option_marks(T + 5, **{"BTC-PUT": (0.5, 70_000.0)})], T + 5).reports
        elsewhere = OptionMarks("elsewhere", (CALL,), (0.5,), (70_000.0,), T + 5)
        assert not engine.step([elsewhere], T + 5).reports

    def test_is_not_done_for_an_account_that_is_closed(self) -> None:
        engine = running()
        engine.step([option_marks(T + 0.1, **{CALL: (0.5, 61_000.0)})], T + 0.1)
        told = engine.step([AccountClosed(MAIN, T + 0.2)], T + 0.2)
        assert told.due is None
        assert engine.reports() == ()

    def test_does_not_hold_other_steps_up(self) -> None:
        engine = running()
        told = engine.step([option_marks(T + 0.5, **{CALL: (0.5, 61_000.0)}), tick(CALL, 901.0, T + 0.5)], T + 0.5)
        assert [found.key for found in told.reports] == [MAIN]
        assert told.due == T + 1.0


class TestAge:
    def test_old_ones_lower_the_quality_of_the_pools_that_hold_options(self) -> None:
        engine = running()
        later = T + 31.0
        fresh: list[Event] = [tick(CALL, 900.0, later), asset("USDT", 1.0, later), asset("BTC", 60_000.0, later)]
        told = report(engine.step(fresh, later))
        assert told.pools[0].quality is Quality.PARTIAL
        assert told.pools[0].reasons == (f"what {CALL} is priced with is older than 30 s",)
        assert told.pools[0].as_of == T
        assert requirement(engine) is not None

    def test_time_alone_makes_them_old_and_the_same_figures_make_them_young_again(self) -> None:
        engine = running()
        later = T + 29.0
        engine.step([tick(CALL, 900.0, later), asset("USDT", 1.0, later), asset("BTC", 60_000.0, later)], later)
        told = engine.step([Elapsed(T + 31.0)], T + 31.0)
        assert report(told).reasons == (f"all: what {CALL} is priced with is older than 30 s",)
        told = engine.step([option_marks(T + 31.5, **{CALL: (0.5, 60_000.0)})], T + 31.5)
        assert not any("priced with" in reason for reason in report(told).reasons)


def test_an_options_stream_that_is_down_concerns_only_who_holds_options() -> None:
    """Be they priced by the model, or not because nothing was ever told of them."""
    down, text = FeedDown(VENUE, None, "options", T + 1, "lost"), "the options stream is down: lost"
    holder, other = running(), ordinary(held("BTCUSDT", 1.0, 60_000.0))
    holder.step([down], T + 1)
    assert text in report(holder).pools[0].reasons
    other.step([down], T + 1)
    assert text not in report(other).pools[0].reasons
    listed = InstrumentsLoaded(VENUE, (replace(instrument("BTC"), payoff=Payoff.OPTION),), T + 2)
    other.step([listed, FeedDown(VENUE, None, "options", T + 2, "lost")], T + 2)
    assert text in report(other).pools[0].reasons
