"""One step of the engine: reconciliation, failures, lines, volatility and advice."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.domain.accounts import Account, VenueAccount, VenuePosition
from monitor.domain.errors import BadPool
from monitor.domain.events import (
    CandlesLoaded,
    Elapsed,
)
from monitor.domain.lines import NEVER, Direction, State
from monitor.domain.quality import Quality
from monitor.domain.tables import Tables
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.margin import evaluate as kernel
from monitor.margin.pool import Description, Pool
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    MAIN,
    MULTI,
    OTHER,
    VENUE,
    T,
    at_price,
    config,
    describe,
    engine,
    held,
    paid,
    pool,
    pushed,
    reading,
    report,
    running,
    started,
    tick,
    usdt,
)


class TestReconciliation:
    def printed(self, price: float | None) -> VenuePosition:
        return VenuePosition(liquidation=NEVER if price is None else at_price(price, 60_000.0), mark_price=60_000.0)

    def test_the_venues_answer_is_computed_again_on_its_own_marks(self) -> None:
        alive = running()
        line = (60_000 - 10_000 - 50) / 0.995
        position = held("BTCUSDT", 1.0, 60_000.0, venue=self.printed(line))
        answer = reading(
            position, balances=[usdt(10_000.0, equity=10_000.0)], asked=T + 1, marks=[("BTCUSDT", 60_000.0)]
        )
        result = alive.step([answer, tick("BTCUSDT", 55_000.0, T + 1)], T + 1)
        found = pool(result, "cross:USDT")
        assert found.drift == pytest.approx({"equity": 0.0, "line": 0.0}, abs=1e-9)
        assert found.positions[0].drift_ratio == pytest.approx(0.0, abs=1e-9)
        assert found.positions[0].venue_line.price == pytest.approx(line)
        assert found.quality is Quality.LIVE

    def test_a_disagreement_is_told_in_words(self) -> None:
        alive = running()
        position = held("BTCUSDT", 1.0, 60_000.0, venue=self.printed(None))
        result = alive.step([reading(position, asked=T + 1, marks=[("BTCUSDT", 60_000.0)])], T + 1)
        found = pool(result, "cross:USDT")
        assert found.quality is Quality.PARTIAL
        assert found.reasons == ("BTCUSDT long: the venue says no liquidation price, we say 50201",)
        assert found.positions[0].drift_ratio is None

    def test_it_waits_for_mode_and_tables(self) -> None:
        late = engine()
        pieces = started()
        position = held("BTCUSDT", 1.0, 60_000.0, venue=self.printed(50_000.0))
        answer = reading(position, balances=[usdt(10_000.0, equity=9_000.0)], marks=[("BTCUSDT", 60_000.0)])
        late.step([answer], T)
        assert report(late).pools == ()
        late.step([pieces[7]], T)
        assert pool(late, "cross:USDT").drift == {"equity": pytest.approx(1 / 9)}
        late.step(pieces[:7], T)
        assert set(pool(late, "cross:USDT").drift) == {"equity", "line"}

    def test_in_multi_assets_mode_assets_are_valued_at_their_index(self) -> None:
        alive = running(mode=MULTI)
        btc = replace(usdt(1.0), asset="BTC")
        answer = reading(balances=[btc], asked=T + 1, venue=VenueAccount(equity=50_000.0, ratio=0.0))
        result = alive.step([answer], T + 1)
        assert pool(result, "multi-assets").drift == {"equity": pytest.approx(0.2), "ratio": 0.0}
        assert pool(result, "multi-assets").venue_ratio == 0.0

    def test_a_reading_with_problems_is_compared_with_nothing(self) -> None:
        alive = running()
        result = alive.step([reading(balances=[usdt(1.0, equity=2.0)], asked=T + 1, problems=["row 1"])], T + 1)
        assert pool(result, "cross:USDT").drift == {}

    def test_what_was_compared_stands_until_the_next_reading(self) -> None:
        alive = running()
        alive.step([reading(balances=[usdt(10_000.0, equity=9_000.0)], asked=T + 1)], T + 1)
        result = alive.step([paid("USDT", 5_000.0, at=T + 2, cross=5_000.0)], T + 2)
        assert pool(result, "cross:USDT").drift == {"equity": pytest.approx(1 / 9)}


class TestFailures:
    def test_a_pool_that_cannot_be_computed_costs_itself_and_drops_its_old_value(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([paid("USDT", math.inf, at=T + 1, cross=math.inf)], T + 1)
        found = pool(result, "cross:USDT")
        assert (found.quality, found.ratio.state, found.equity_usd) == (Quality.UNKNOWN, State.UNKNOWN, None)
        assert "cash = inf" in found.reasons[0]
        assert pool(result, "isolated:ETHUSDT:short").quality is Quality.LIVE
        quick = alive.step([tick("BTCUSDT", 59_000.0, T + 2), tick("ETHUSDT", 2_999.0, T + 2)], T + 2)
        assert pool(quick, "cross:USDT").quality is Quality.UNKNOWN
        healed = alive.step([paid("USDT", 9_000.0, at=T + 3, cross=9_000.0)], T + 3)
        assert pool(healed, "cross:USDT").ratio.state is State.AT

    def test_also_where_reports_are_not_made_at_each_step(self) -> None:
        slow = running(BTC, ALONE, lines_every_seconds=10.0)
        told = slow.step([paid("USDT", math.inf, at=T + 1, cross=math.inf)], T + 1)
        assert pool(told, "cross:USDT").quality is Quality.UNKNOWN
        assert slow.step([tick("ETHUSDT", 2_990.0, T + 2)], T + 2).reports == ()
        result = slow.step([], T + 11)
        assert pool(result, "cross:USDT").quality is Quality.UNKNOWN
        assert pool(result, "isolated:ETHUSDT:short").equity_usd == pytest.approx(2_050)

    def test_a_sweep_that_fails_has_all_of_its_accounts_reported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slow = running(BTC, lines_every_seconds=10.0)

        def fails(*_: object, **__: object) -> object:
            raise BadPool("it would not be computed")

        monkeypatch.setattr("monitor.engine.valuation.sweep", fails)
        monkeypatch.setattr("monitor.engine.valuation.evaluate", fails)
        result = slow.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        assert pool(result, "cross:USDT").reasons == ("it would not be computed",)
        assert pool(result, "cross:USDT").positions[0].line.state is State.UNKNOWN

    def test_a_name_used_twice_makes_that_pool_unknown(self) -> None:
        def twice(account: Account, tables: Tables) -> Description:
            (only,) = describe(account, tables).pools
            return Description((only, only))

        doubled = Engine({VENUE: twice}, EngineSettings(accounts=(MAIN,)))
        doubled.step(started(BTC), T)
        (found,) = report(doubled).pools
        assert found.quality is Quality.UNKNOWN
        assert "is used twice" in found.reasons[0]

    def test_what_its_venue_cannot_describe_is_unknown_with_the_reason(self) -> None:
        failing = {"how": ""}

        def fragile(account: Account, tables: Tables) -> Description:
            if failing["how"] == "raises":
                raise BadPool("no such contract")
            if failing["how"] == "unknown":
                return Description((), ("a mode that we do not know",))
            return describe(account, tables)

        alive = Engine({VENUE: fragile}, EngineSettings(accounts=(MAIN,), wanted_distance_ratio=0.0))
        alive.step(started(BTC), T)
        for number, (how, reason) in enumerate(
            (("raises", "no such contract"), ("unknown", "a mode that we do not know"))
        ):
            failing["how"] = how
            result = alive.step([reading(BTC, asked=T + 1 + number)], T + 1)
            assert report(result).quality is Quality.UNKNOWN
            assert report(result).reasons == (reason,)
            assert pool(result, "cross:USDT").equity_usd is None
        failing["how"] = ""
        alive.step([reading(BTC, asked=T + 5)], T + 1)
        assert report(alive).quality is Quality.LIVE

    def test_a_kernel_that_fails_costs_the_account_that_it_fails_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        two = engine(MAIN, OTHER)
        two.step([*started(BTC), config(account=OTHER), reading(BTC, account=OTHER)], T)

        def fails(book: object, *, accounts: object = None, **more: object) -> object:
            if accounts is None or MAIN in accounts:  # type: ignore[operator]  # a list of accounts
                raise BadPool("it would not be computed")
            return kernel.evaluate(book, accounts=accounts, **more)  # type: ignore[arg-type]

        monkeypatch.setattr("monitor.engine.valuation.evaluate", fails)
        result = two.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        assert report(result).quality is Quality.UNKNOWN
        assert pool(result, "cross:USDT").reasons == ("it would not be computed",)
        assert report(result, OTHER).quality is Quality.LIVE
        monkeypatch.undo()
        assert report(two.step([tick("BTCUSDT", 58_000.0, T + 2)], T + 2)).quality is Quality.LIVE


class TestVolatilityAndAdvice:
    def test_a_seeded_volatility_gives_the_distance_in_sigmas(self) -> None:
        alive = running(BTC)
        assert pool(alive, "cross:USDT").positions[0].distance_sigmas is None
        closes = tuple(60_000.0 * math.exp(0.001 * (i % 2)) for i in range(60))
        result = alive.step([CandlesLoaded(VENUE, "BTCUSDT", closes, 60.0, T)], T + 1)
        (position,) = pool(result, "cross:USDT").positions
        assert position.line.price is not None
        sigma = 0.001 * math.sqrt(1440)
        assert position.distance_sigmas == pytest.approx(math.log(60_000 / position.line.price) / sigma)

    def test_advice_is_given_while_a_line_is_nearer_than_wanted(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2)
        alive.step([Elapsed(T)], T)
        found = pool(alive, "cross:USDT")
        assert found.advice_add_usd == pytest.approx(2_192, abs=1)
        assert found.advice_text.startswith("add 2,193 USDT")
        far = alive.step([paid("USDT", 50_000.0, at=T + 1, cross=50_000.0)], T + 1)
        assert (pool(far, "cross:USDT").advice_add_usd, pool(far, "cross:USDT").advice_text) == (None, "")
        alive.step([Elapsed(T + 2)], T + 2)
        assert pool(alive, "cross:USDT").advice_text == ""

    def test_it_brings_the_reported_market_line_to_the_wanted_distance(self) -> None:
        """The line moves by the user's own betas, and holds still what he calls a stablecoin."""
        eth = held("ETHUSDT", 5.0, 3_000.0)
        alive = running(BTC, eth, wanted_distance_ratio=0.3, betas={"BTC": 1.5}, stablecoins=("USDT", "ETH"))
        alive.step([Elapsed(T)], T)
        add = pool(alive, "cross:USDT").advice_add_usd
        assert add is not None
        wallet = 10_000.0 + add
        far = alive.step([paid("USDT", wallet, at=T + 1, cross=wallet)], T + 1)
        assert pool(far, "cross:USDT").market[Direction.DOWN].distance_ratio == pytest.approx(0.3, rel=1e-3)

    def test_no_price_waits_for_it(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2)
        alive.step([tick("BTCUSDT", 59_000.0, T + 1), Elapsed(T + 1)], T + 1)
        assert pool(alive, "cross:USDT").advice_text == ""
        (told,) = alive.step([], T + 1.05).reports
        assert told.pools[0].advice_text != ""

    def test_a_stream_that_never_pauses_does_not_keep_it_away(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2)
        said = []
        for number in range(1, 31):
            now = T + number / 10
            alive.step([tick("BTCUSDT", 59_000.0 - number, now), Elapsed(now)], now)
            said.append(bool(pool(alive, "cross:USDT").advice_text))
        assert said.index(True) == 19, "two seconds after the first step"

    def test_it_is_not_sought_at_each_step_because_it_is_dear(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2, advice_every_seconds=5.0)
        alive.step([Elapsed(T)], T)
        before = pool(alive, "cross:USDT").advice_add_usd
        alive.step([tick("BTCUSDT", 59_000.0, T + 4.8)], T + 4.8)
        alive.step([Elapsed(T + 4.9)], T + 4.9)
        assert pool(alive, "cross:USDT").advice_add_usd == before
        alive.step([Elapsed(T + 5)], T + 5)
        assert pool(alive, "cross:USDT").advice_add_usd != before

    def test_a_reading_that_brings_nothing_new_keeps_it_and_one_that_does_drops_it(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2)
        alive.step([Elapsed(T)], T)
        advised = pool(alive, "cross:USDT").advice_text
        alive.step([paid("USDT", 10_000.0, at=T + 1, cross=10_000.0)], T + 1)
        assert pool(alive, "cross:USDT").advice_text == advised != ""
        alive.step([paid("USDT", 10_100.0, at=T + 1.1, cross=10_100.0)], T + 1.1)
        assert pool(alive, "cross:USDT").advice_text == ""

    def test_one_pool_a_step_is_advised_the_longest_waiting_first(self) -> None:
        alive = running(BTC, ALONE, wanted_distance_ratio=0.2, advice_every_seconds=0.0)
        names = ("cross:USDT", "isolated:ETHUSDT:short")
        alive.step([Elapsed(T)], T)
        assert [bool(pool(alive, name).advice_text) for name in names] == [True, False]
        alive.step([Elapsed(T + 1)], T + 1)
        assert [bool(pool(alive, name).advice_text) for name in names] == [True, True]

    def test_a_pool_that_is_gone_is_not_advised(self) -> None:
        alive = running(BTC, ALONE, wanted_distance_ratio=0.2)
        alive.step([pushed("ETHUSDT", 0.0, 3_000.0, at=T + 1)], T + 1)
        alive.step([Elapsed(T + 2)], T + 2)
        alive.step([Elapsed(T + 3)], T + 3)
        assert pool(alive, "cross:USDT").advice_text != ""

    def test_advice_that_cannot_be_found_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object, **__: object) -> object:
            raise BadPool("no")

        monkeypatch.setattr("monitor.engine.valuation.advise", fails)
        alive = running(BTC, wanted_distance_ratio=0.2)
        alive.step([Elapsed(T)], T)
        assert pool(alive, "cross:USDT").advice_text == ""


def test_a_description_keeps_what_makes_a_pool_unknown() -> None:
    def partly(account: Account, tables: Tables) -> Description:
        (only,) = describe(account, tables).pools
        odd: Pool = replace(only, unknown=("no cross wallet of USDT",))
        return Description((odd,))

    alive = Engine({VENUE: partly}, EngineSettings(accounts=(MAIN,)))
    alive.step(started(BTC), T)
    found = pool(alive, "cross:USDT")
    assert found.quality is Quality.UNKNOWN
    assert found.reasons[0] == "no cross wallet of USDT"
