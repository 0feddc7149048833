"""What reports say of funding: payments, burn, and where a pool stands after the next one, in figures done by hand."""

from __future__ import annotations

import math

import pytest

from monitor.domain.accounts import Account, AccountMode, Balance, Position
from monitor.domain.events import AccountClosed, Elapsed, Event, FundingIntervals, FundingRates, Tick
from monitor.domain.instruments import Payoff
from monitor.domain.lines import Line, State
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.domain.reports import BurnReport, PoolReport
from monitor.domain.tables import AssetRates, Tables
from monitor.domain.tiers import flat
from monitor.engine.afters import Afters
from monitor.engine.burn import NOTHING_BURNS, Burn, Payment
from monitor.engine.engine import Engine
from monitor.engine.funding import Due
from monitor.engine.settings import EngineSettings
from monitor.engine.valuation import Priced, needs_of
from monitor.margin.pool import Debt, Description, Leg, Pool, Requirement, Stage
from monitor.margin.prices import Prices
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    HEDGE,
    LONG,
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
    usdt,
)

HOUR, DAY = 3600.0, 86_400.0
PAID = T + 10.0  #: when the payment was made after which the next one was announced
SEEN = PAID + 1.0


def announced(rates: dict[str, float], next_time: float | None, at: float) -> FundingRates:
    return FundingRates(VENUE, tuple(rates), tuple(rates.values()), (next_time,) * len(rates), at)


def prices(at: float, btc: float = 60_000.0, eth: float = 3_000.0) -> list[Event]:
    return [
        tick("BTCUSDT", btc, at),
        tick("ETHUSDT", eth, at),
        asset("USDT", 1.0, at),
        asset("BTC", btc, at),
        asset("ETH", eth, at),
    ]


def paying(rates: dict[str, float], *positions: Position, hours: float = 8.0, **more: object) -> Engine:
    """An engine that saw one payment of these, and knows the next, `hours` later."""
    found = running(*positions, **more)  # type: ignore[arg-type]  # settings as the test names them
    found.step([announced(rates, PAID, T)], T)
    found.step([*prices(SEEN), announced(rates, PAID + hours * HOUR, SEEN)], SEEN)
    return found


def burn(shown: Engine | PoolReport, name: str = "cross:USDT") -> BurnReport:
    found = (shown if isinstance(shown, PoolReport) else pool(shown, name)).burn
    assert found is not None
    return found


class TestPayments:
    def test_a_cross_long_pays_a_positive_rate(self) -> None:
        """1 BTC at 60,000 pays 0.0001 of it: 6 USD each 8 hours."""
        found = paying({"BTCUSDT": 0.0001}, BTC)
        position = pool(found, "cross:USDT").positions[0]
        assert position.funding_rate == 0.0001
        assert position.next_funding_time == PAID + 8 * HOUR
        assert position.funding_usd == pytest.approx(6.0)
        assert burn(found).next_usd == pytest.approx(6.0)
        assert burn(found).next_time == PAID + 8 * HOUR
        assert burn(found).usd_per_day == pytest.approx(18.0)
        assert burn(found).reasons == ()

    def test_a_short_pays_a_negative_one_out_of_its_isolated_wallet(self) -> None:
        """5 ETH short at 3,000 pay 0.0004: 6 USD each 4 hours, of 2,000 that lack 75 of being liquidated."""
        found = paying({"ETHUSDT": -0.0004}, ALONE, hours=4.0)
        shown = burn(found, "isolated:ETHUSDT:short")
        assert pool(found, "isolated:ETHUSDT:short").positions[0].funding_usd == pytest.approx(6.0)
        assert shown.usd_per_day == pytest.approx(36.0)
        assert shown.seconds == pytest.approx((2_000.0 - 75.0) / 36.0 * DAY)
        assert burn(found) == NOTHING_BURNS, "the cross pool holds nothing"

    def test_what_is_received_never_liquidates(self) -> None:
        found = paying({"ETHUSDT": 0.0004}, ALONE)
        shown = burn(found, "isolated:ETHUSDT:short")
        assert shown.next_usd == pytest.approx(-6.0)
        assert shown.seconds == math.inf

    def test_the_sides_of_a_hedge_pay_each_other(self) -> None:
        both = (held("BTCUSDT", 1.0, 60_000.0, hedge=True), held("BTCUSDT", -1.0, 61_000.0, hedge=True))
        found = paying({"BTCUSDT": 0.0001}, *both, mode=HEDGE)
        shown = [position.funding_usd for position in pool(found, "cross:USDT").positions]
        assert shown == pytest.approx([6.0, -6.0])
        assert (burn(found).usd_per_day, burn(found).seconds) == (0.0, math.inf)

    def test_each_contract_has_its_own_interval(self) -> None:
        """BTC pays 6 USD each 8 hours, ETH 1.5 each hour; the hour comes first."""
        found = running(BTC, held("ETHUSDT", 5.0, 3_000.0))
        rates = {"BTCUSDT": 0.0001}
        found.step([announced(rates, PAID, T), announced({"ETHUSDT": 0.0001}, PAID, T)], T)
        later = [announced(rates, PAID + 8 * HOUR, SEEN), announced({"ETHUSDT": 0.0001}, PAID + HOUR, SEEN)]
        found.step([*prices(SEEN), *later], SEEN)
        assert burn(found).usd_per_day == pytest.approx(18.0 + 36.0)
        assert burn(found).next_usd == pytest.approx(1.5)
        assert burn(found).next_time == PAID + HOUR

    def test_a_single_mark_tells_its_funding_too(self) -> None:
        found = running(BTC)
        announcements = ((T + 1.0, PAID), (T + 2.0, PAID), (SEEN, PAID + HOUR))  # the second one says nothing new
        for at, next_time in announcements:
            event = Tick(VENUE, "BTCUSDT", 60_000.0, at, at + 0.05, funding_rate=0.001, next_funding_time=next_time)
            found.step([*prices(at), event], at + 0.1)
        assert burn(found).usd_per_day == pytest.approx(60.0 * 24)

    def test_news_of_funding_is_reported_though_no_price_moved_and_no_news_is_not(self) -> None:
        found = paying({"BTCUSDT": 0.0001}, BTC)
        again = announced({"BTCUSDT": 0.0001, "ETHUSDT": 0.5}, PAID + 8 * HOUR, SEEN + 1.0)
        assert found.step([again], SEEN + 1.0).reports == ()
        other = announced({"BTCUSDT": 0.0002, "ETHUSDT": 0.5}, PAID + 8 * HOUR, SEEN + 2.0)
        assert burn(pool(found.step([other], SEEN + 2.0), "cross:USDT")).next_usd == pytest.approx(12.0)

    def test_the_venue_may_say_how_often_a_contract_pays(self) -> None:
        found = running(BTC)
        found.step([*prices(T + 1.0), announced({"BTCUSDT": 0.0001}, T + HOUR, T + 1.0)], T + 1.0)
        said = FundingIntervals(VENUE, ("BTCUSDT", "ETHUSDT"), (4 * HOUR, 8 * HOUR), T + 2.0)
        assert burn(pool(found.step([said], T + 2.0), "cross:USDT")).usd_per_day == pytest.approx(36.0)

    def test_an_inverse_contract_pays_in_its_coin(self) -> None:
        """100 contracts of 100 USD are 10,000 USD, 0.2 BTC at 50,000: 0.0003 of it are 0.00006 BTC, 3 USD."""

        def describe(account: Account, _: Tables) -> Description:
            leg = Leg(
                symbol="BTCUSD", side=LONG, quantity=100.0, multiplier=100.0, entry=50_000.0, base="BTC", quote="USD",
                settle="BTC", payoff=Payoff.INVERSE, tiers=flat(0.004),
            )  # fmt: skip
            return Description((Pool(key=PoolKey(*account.key, "cross:BTC"), numeraire="BTC", cash=1.0, legs=(leg,)),))

        found = Engine({VENUE: describe}, EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0))
        start: list[Event] = [event for event in started() if not isinstance(event, Tick)]
        found.step([*start, tick("BTCUSD", 50_000.0), asset("BTC", 50_000.0), announced({"BTCUSD": 3e-4}, PAID, T)], T)
        at: list[Event] = [tick("BTCUSD", 50_000.0, SEEN), asset("BTC", 50_000.0, SEEN)]
        found.step([*at, announced({"BTCUSD": 3e-4}, PAID + 8 * HOUR, SEEN)], SEEN)
        found.step([Elapsed(SEEN + 1.0)], SEEN + 1.0)
        shown = burn(found, "cross:BTC")
        assert shown.next_usd == pytest.approx(3.0)
        assert shown.seconds == pytest.approx((1.0 - 0.0008) * 50_000.0 / 9.0 * DAY)
        assert shown.after_ratio is not None
        assert shown.after_ratio.value == pytest.approx(0.0008 / (1.0 - 0.00006))


class TestUnknown:
    def test_an_interval_is_not_assumed(self) -> None:
        found = running(BTC)
        found.step([*prices(T + 1.0), announced({"BTCUSDT": 0.0001}, T + HOUR, T + 1.0)], T + 1.0)
        shown = burn(found)
        assert (shown.usd_per_day, shown.seconds) == (None, None)
        assert shown.next_usd == pytest.approx(6.0), "the next payment is known all the same"
        assert shown.reasons == ("how often BTCUSDT pays funding is not known before a payment of it was seen",)

    def test_without_a_rate_nothing_is_known(self) -> None:
        found = running(BTC)
        assert burn(found) == BurnReport(
            usd_per_day=None, seconds=None, reasons=("the funding of BTCUSDT is not known",)
        )
        assert pool(found, "cross:USDT").positions[0].funding_usd is None

    def test_one_unknown_rate_hides_what_the_pool_pays(self) -> None:
        found = paying({"BTCUSDT": 0.0001}, BTC, held("ETHUSDT", 5.0, 3_000.0))
        shown = burn(found)
        assert (shown.usd_per_day, shown.seconds, shown.next_usd, shown.next_time) == (None, None, None, None)
        assert shown.reasons == ("the funding of ETHUSDT is not known",)

    def test_a_rate_without_a_time(self) -> None:
        found = running(BTC)
        found.step([*prices(T + 1.0), announced({"BTCUSDT": 0.0001}, None, T + 1.0)], T + 1.0)
        assert pool(found, "cross:USDT").positions[0].funding_usd == pytest.approx(6.0)
        assert burn(found).reasons == ("when BTCUSDT pays funding is not known",)
        assert burn(found).next_usd is None

    def test_a_rate_of_zero_pays_nothing_whenever(self) -> None:
        found = running(BTC)
        found.step([*prices(T + 1.0), announced({"BTCUSDT": 0.0}, None, T + 1.0)], T + 1.0)
        assert burn(found) == NOTHING_BURNS
        assert pool(found, "cross:USDT").positions[0].funding_usd == 0.0

    def test_what_is_old_is_unknown_and_not_zero(self) -> None:
        found = paying({"BTCUSDT": 0.0001}, BTC)
        later = SEEN + 700.0
        again = reading(BTC, asked=later)
        shown = found.step([*prices(later), config(asked=later), again], later)
        assert pool(shown, "cross:USDT").positions[0].funding_usd is None
        assert burn(found).usd_per_day is None

    def test_a_pool_of_which_nothing_may_be_said_burns_nothing_known(self) -> None:
        found = paying({"BTCUSDT": 0.0001}, BTC)
        found.step([config(AccountMode(collateral=None, hedge=None), asked=SEEN + 1.0)], SEEN + 1.0)
        dark = pool(found, "cross:USDT")
        assert (dark.quality, dark.burn, dark.collateral, dark.one_sided) == (Quality.UNKNOWN, None, (), None)

    def test_interest_on_a_loan_is_not_known(self) -> None:
        def describe(account: Account, _: Tables) -> Description:
            debt = Debt(asset="USDT", amount=100.0)
            return Description((Pool(key=PoolKey(*account.key, "loan"), numeraire="USDT", cash=500.0, debts=(debt,)),))

        found = Engine({VENUE: describe}, EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0))
        found.step(started(), T)
        assert burn(found, "loan").reasons == ("the interest on USDT is not known",)
        assert burn(found, "loan").seconds is None


class TestSeconds:
    """1 BTC at 60,000 requires 0.5 % less 50: 250. With 10,250 in the wallet 10,000 may burn."""

    def room(self, usd: float, rate: float, hours: float = 8.0) -> BurnReport:
        found = engine()
        found.step(started(BTC, wallet=250.0 + usd), T)
        found.step([announced({"BTCUSDT": rate}, PAID, T)], T)
        found.step([*prices(SEEN), announced({"BTCUSDT": rate}, PAID + hours * HOUR, SEEN)], SEEN)
        return burn(found)

    def test_far_away_it_is_a_steady_stream(self) -> None:
        assert self.room(10_000.0, 0.0001).seconds == pytest.approx(10_000.0 / 18.0 * DAY)

    def test_near_by_payments_are_counted(self) -> None:
        """Payments of 60: the second one takes the 100 that are left."""
        assert self.room(100.0, 0.001).seconds == pytest.approx(PAID + 16 * HOUR - SEEN)

    def test_the_very_next_payment_may_be_one_too_many(self) -> None:
        assert self.room(59.9, 0.001).seconds == pytest.approx(PAID + 8 * HOUR - SEEN)

    def test_that_is_known_before_any_interval_is(self) -> None:
        found = engine()
        found.step(started(BTC, wallet=300.0), T)
        found.step([*prices(T + 1.0), announced({"BTCUSDT": 0.001}, T + HOUR, T + 1.0)], T + 1.0)
        assert burn(found).usd_per_day is None
        assert burn(found).seconds == pytest.approx(HOUR - 1.0)

    def test_between_the_payments_of_a_day_and_the_stream_nothing_is_nearer_than_the_day(self) -> None:
        shown = self.room(3 * 60.0 + 0.1, 0.001)
        assert shown.seconds is not None
        assert shown.seconds >= DAY

    @pytest.mark.parametrize(
        ("requirement", "room"),
        [(Requirement.NONE, 1_000.0), (Requirement.MAINTENANCE, 1_000.0 - 300.0 / 0.95)],
    )
    def test_room_is_what_liquidation_compares(self, requirement: Requirement, room: float) -> None:
        """1 BTC at 60,000 on 1,000 with a maintenance of 0.5 %: nothing but equity counts, or a threshold of 0.95."""
        threshold = 0.95 if requirement is Requirement.MAINTENANCE else 1.0

        def describe(account: Account, _: Tables) -> Description:
            leg = Leg(
                symbol="BTCUSDT", side=LONG, quantity=1.0, entry=60_000.0, base="BTC", quote="USDT", settle="USDT",
                tiers=flat(0.005),
            )  # fmt: skip
            stage = Stage(name="liquidation", requirement=requirement, threshold=threshold)
            key = PoolKey(*account.key, "cross:USDT")
            return Description((Pool(key=key, numeraire="USDT", cash=1_000.0, legs=(leg,), stages=(stage,)),))

        found = Engine({VENUE: describe}, EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0))
        found.step([*started(BTC), announced({"BTCUSDT": 1e-6}, PAID, T)], T)
        found.step([*prices(SEEN), announced({"BTCUSDT": 1e-6}, PAID + 8 * HOUR, SEEN)], SEEN)
        assert burn(found).seconds == pytest.approx(room / 0.18 * DAY)

    def test_without_a_usd_price_of_what_backs_it_nothing_is_known(self) -> None:
        def describe(account: Account, _: Tables) -> Description:
            leg = Leg(
                symbol="BTCUSDT", side=LONG, quantity=1.0, entry=60_000.0, base="BTC", quote="USDT", settle="XYZ",
                tiers=flat(0.005),
            )  # fmt: skip
            key = PoolKey(*account.key, "cross:XYZ")
            return Description((Pool(key=key, numeraire="XYZ", cash=10_000.0, legs=(leg,)),))

        found = Engine({VENUE: describe}, EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0))
        found.step([*started(BTC), announced({"BTCUSDT": 1e-6}, PAID, T)], T)
        shown = found.reports()[0].pools[0]
        assert shown.burn is None or shown.burn.seconds is None

    def test_what_is_liquidatable_has_no_time_left(self) -> None:
        assert self.room(-1.0, 0.001).seconds == 0.0


class TestAfter:
    def stood(self, *positions: Position, rates: dict[str, float], **more: object) -> Engine:
        found = paying(rates, *positions, **more)  # type: ignore[arg-type]
        found.step([Elapsed(SEEN + 1.0)], SEEN + 1.0)
        return found

    def test_ratio_and_line_are_those_of_the_smaller_wallet(self) -> None:
        """The wallet of 2,000 pays 6: 75 of 1,994, and 5.025 P = 16,994."""
        found = self.stood(ALONE, rates={"ETHUSDT": -0.0004})
        shown = burn(found, "isolated:ETHUSDT:short")
        assert shown.after_ratio is not None
        assert shown.after_ratio.value == pytest.approx(75.0 / 1_994.0)
        assert shown.after_line is not None
        assert shown.after_line.distance_ratio == pytest.approx(16_994.0 / 5.025 / 3_000.0 - 1.0)
        assert shown.after_at == SEEN + 1.0

    def test_in_multi_assets_mode_the_asset_that_pays_is_counted_as_it_counts(self) -> None:
        """A wallet of 1,000 USDT at 0.99 and 0.2 BTC at 0.95: 990 + 11,400; the payment of 6 takes 5.94."""
        found = engine()
        balances = [usdt(1_000.0), Balance(asset="BTC", wallet=0.2, cross_wallet=0.2)]
        rates = {
            "USDT": AssetRates(positive_rate=0.99, negative_rate=1.01, requirement_rate=1.0),
            "BTC": AssetRates(positive_rate=0.95, negative_rate=1.05, requirement_rate=1.0),
        }

        def told(at: float) -> list[Event]:
            own = [asset(name, price, at, rates[name]) for name, price in (("USDT", 1.0), ("BTC", 60_000.0))]
            return [*prices(at), *own]

        start = [event for event in started(BTC, mode=MULTI) if type(event).__name__ != "AccountSnapshot"]
        found.step([*start, *told(T), reading(BTC, balances=balances), announced({"BTCUSDT": 1e-4}, PAID, T)], T)
        found.step([*told(SEEN), announced({"BTCUSDT": 1e-4}, PAID + 8 * HOUR, SEEN)], SEEN)
        found.step([Elapsed(SEEN + 1.0)], SEEN + 1.0)
        shown = pool(found, "multi-assets")
        assert shown.equity_usd == pytest.approx(990.0 + 11_400.0)
        assert burn(shown).next_usd == pytest.approx(6.0)
        after = burn(shown).after_ratio
        assert after is not None
        assert after.value == pytest.approx(250.0 / (990.0 + 11_400.0 - 5.94))
        assert burn(shown).seconds == pytest.approx((990.0 + 11_400.0 - 250.0) / (18.0 * 0.99) * DAY)
        parts = {part.asset: part for part in shown.collateral}
        assert parts["USDT"].value_usd == pytest.approx(990.0)
        assert parts["BTC"].value_usd == pytest.approx(11_400.0)
        assert parts["BTC"].share_ratio == pytest.approx(11_400.0 / 12_390.0)
        assert (parts["BTC"].price_usd, parts["BTC"].amount, parts["BTC"].stable) == (60_000.0, 0.2, False)
        assert parts["USDT"].stable

    def test_nobody_waits_for_it(self) -> None:
        found = paying({"BTCUSDT": 0.0001}, BTC)
        assert burn(found).after_ratio is None
        assert report(found.step([Elapsed(SEEN + 1.0)], SEEN + 1.0)).pools[0].burn != NOTHING_BURNS
        assert burn(found).after_ratio is not None

    def test_it_is_not_computed_again_for_nothing(self) -> None:
        found = self.stood(BTC, rates={"BTCUSDT": 0.0001})
        found.step([*prices(SEEN + 2.0), Elapsed(SEEN + 2.0)], SEEN + 2.0)
        found.step([Elapsed(SEEN + 3.0)], SEEN + 3.0)
        assert burn(found).after_at == SEEN + 1.0

    def test_another_payment_is_looked_at_again(self) -> None:
        found = self.stood(BTC, rates={"BTCUSDT": 0.0001})
        found.step([*prices(SEEN + 2.0), announced({"BTCUSDT": 0.0003}, PAID + 8 * HOUR, SEEN + 2.0)], SEEN + 2.0)
        found.step([Elapsed(SEEN + 3.0)], SEEN + 3.0)
        assert burn(found).after_at == SEEN + 3.0

    def test_so_is_a_later_one_and_the_older_is_not_shown_meanwhile(self) -> None:
        found = self.stood(BTC, rates={"BTCUSDT": 0.0001})
        at = PAID + 8 * HOUR + 1.0
        told = [*prices(at), config(asked=at), reading(BTC, asked=at)]
        found.step([*told, announced({"BTCUSDT": 0.0001}, PAID + 16 * HOUR, at)], at)
        assert burn(found).after_ratio is None
        found.step([Elapsed(at + 1.0)], at + 1.0)
        assert burn(found).after_at == at + 1.0

    def test_time_alone_makes_it_old(self) -> None:
        found = self.stood(BTC, rates={"BTCUSDT": 0.0001}, after_every_seconds=5.0)
        found.step([*prices(SEEN + 7.0), Elapsed(SEEN + 7.0)], SEEN + 7.0)
        found.step([Elapsed(SEEN + 8.0)], SEEN + 8.0)
        assert burn(found).after_at == SEEN + 7.0

    def test_what_was_found_of_another_position_is_forgotten(self) -> None:
        found = self.stood(BTC, rates={"BTCUSDT": 0.0001})
        found.step([reading(held("BTCUSDT", 2.0, 60_000.0), asked=SEEN + 2.0)], SEEN + 2.0)
        assert burn(found).after_ratio is None
        found.step([Elapsed(SEEN + 3.0)], SEEN + 3.0)
        assert burn(found).after_ratio is not None

    def test_what_was_found_of_the_same_position_is_kept_through_a_reading(self) -> None:
        found = self.stood(BTC, rates={"BTCUSDT": 0.0001})
        found.step([reading(BTC, asked=SEEN + 2.0)], SEEN + 2.0)
        assert burn(found).after_at == SEEN + 1.0

    def test_few_at_a_time_are_looked_at_and_a_closed_account_never(self) -> None:
        found = engine(MAIN, OTHER)
        other: list[Event] = [config(account=OTHER), reading(BTC, account=OTHER)]
        found.step([*started(BTC), *other, announced({"BTCUSDT": 0.0001}, PAID, T)], T)
        looked = {one.key for one in found.step([Elapsed(T + 0.5)], T + 0.5).reports for two in one.pools if two.burn}
        assert len(looked) == 1
        found.step([AccountClosed(OTHER, T + 0.6)], T + 0.6)
        assert [one.key for one in found.reports()] == [MAIN]

    def test_a_pool_that_cannot_be_computed_any_more_is_not_looked_at(self) -> None:
        found = paying({"BTCUSDT": 0.0001}, BTC)
        found.step([reading(held("BTCUSDT", math.nan, 60_000.0), asked=SEEN + 1.0)], SEEN + 1.0)
        found.step([Elapsed(SEEN + 2.0)], SEEN + 2.0)
        assert pool(found, "cross:USDT").burn is None


class TestAfters:
    """What the engine keeps of pools that are going to pay, by itself."""

    def priced(self, quantity: float) -> Priced:
        leg = Leg(symbol="BTCUSDT", side=LONG, quantity=quantity, entry=1.0, base="BTC", quote="USDT", settle="USDT")
        wanted = Pool(key=PoolKey(*MAIN, "cross:USDT"), numeraire="USDT", legs=(leg,))
        return Priced(wanted, needs_of(wanted, Prices()))

    def test_a_pool_that_the_kernel_refuses_has_no_figures_and_is_not_tried_without_end(self) -> None:
        afters, bad = Afters(Prices(), EngineSettings(), ()), self.priced(math.nan)
        afters.want(MAIN, bad, Burn((Payment("USDT", 1.0, 1.0, Due(0.1, T + 1.0, None)),)))
        assert afters.seek(T) == (MAIN,)
        assert afters.of(bad) is None
        assert afters.seek(T + 1.0) == ()
        assert afters.seek(T + 100.0) == (MAIN,)

    def test_a_pool_that_is_gone_is_not_looked_at_any_more(self) -> None:
        found = paying({"BTCUSDT": 0.0001, "ETHUSDT": -0.0004}, BTC, ALONE)
        found.step([Elapsed(SEEN + 1.0)], SEEN + 1.0)
        assert len(found._afters.seek(SEEN + 100.0)) == 1
        for second in (2.0, 3.0):  # absent from two readings
            found.step([reading(BTC, asked=SEEN + second)], SEEN + second)
        assert [one.key.pool for one in found.reports()[0].pools] == ["cross:USDT"]
        looked = [found._afters.seek(SEEN + 200.0 + second) for second in range(3)]
        assert [len(accounts) for accounts in looked] == [1, 0, 0]

    def test_of_a_forgotten_account_nothing_is_left(self) -> None:
        afters = Afters(Prices(), EngineSettings(), ())
        afters.want(MAIN, self.priced(1.0), Burn((Payment("USDT", 1.0, 1.0, Due(0.1, T + 1.0, None)),)))
        afters.forget(OTHER)
        afters.forget(MAIN)
        assert afters.seek(T) == ()


def test_a_line_after_a_payment_that_liquidates() -> None:
    found = engine()
    found.step([*started(BTC, wallet=300.0), announced({"BTCUSDT": 0.001}, T + HOUR, T)], T)
    found.step([Elapsed(T + 1.0)], T + 1.0)
    assert burn(found).after_line == Line(State.LIQUIDATABLE, distance_ratio=0.0)
