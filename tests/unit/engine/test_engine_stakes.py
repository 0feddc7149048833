"""What reports say beside the kernel's figures: ranks, caps, collateral, sides, sigmas, sums of an account."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.domain.accounts import Account, Balance, SymbolConfig, VenuePosition
from monitor.domain.events import CandlesLoaded, ConfigChanged, Event, InstrumentsLoaded, Tick, TiersLoaded
from monitor.domain.instruments import Payoff
from monitor.domain.names import PoolKey
from monitor.domain.tables import AssetRates, Tables
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.margin.pool import Description, Holding, Leg, Pool
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    HEDGE,
    LONG,
    MAIN,
    MULTI,
    ONE_WAY,
    SHORT,
    VENUE,
    T,
    asset,
    config,
    engine,
    held,
    instrument,
    pool,
    reading,
    report,
    running,
    started,
    tick,
    tiers,
    usdt,
)

CAPPED = TierTable((Tier(0.0, 0.005),), cap=150_000.0)


def set_to(*symbols: SymbolConfig) -> Engine:
    found = running(BTC, ALONE)
    found.step([config(ONE_WAY, *symbols, asked=T + 1.0)], T + 1.0)
    return found


class TestTerms:
    def test_the_rank_is_the_venues(self) -> None:
        found = running(held("BTCUSDT", 1.0, 60_000.0, venue=VenuePosition(adl=3)))
        assert pool(found, "cross:USDT").positions[0].adl_rank == 3
        assert pool(running(BTC), "cross:USDT").positions[0].adl_rank is None

    def test_leverage_and_topping_up_are_as_set(self) -> None:
        both = [SymbolConfig(symbol=symbol, leverage=7.0, auto_add_margin=True) for symbol in ("BTCUSDT", "ETHUSDT")]
        found = set_to(*both)
        cross, alone = (found.reports()[0].pools[place].positions[0] for place in (0, 1))
        assert (cross.leverage, alone.leverage) == (7.0, 7.0)
        assert (cross.auto_add_margin, alone.auto_add_margin) == (False, True), "only an isolated one is topped up"

    def test_without_a_setting_they_are_unknown(self) -> None:
        found = set_to()
        alone = pool(found, "isolated:ETHUSDT:short").positions[0]
        assert (alone.leverage, alone.auto_add_margin, alone.cap_usd) == (None, None, None)

    def test_a_leverage_of_the_position_itself_holds_where_nothing_is_set_for_the_symbol(self) -> None:
        found = running(replace(BTC, leverage=12.0), replace(ALONE, leverage=5.0))
        set_for_one = SymbolConfig(symbol="ETHUSDT", leverage=7.0)
        found.step([config(ONE_WAY, set_for_one, SymbolConfig(symbol="BTCUSDT"), asked=T + 1.0)], T + 1.0)
        cross, alone = (found.reports()[0].pools[place].positions[0] for place in (0, 1))
        assert (cross.leverage, alone.leverage) == (12.0, 7.0)

    def test_the_cap_of_an_isolated_position_is_that_of_its_own_tiers(self) -> None:
        found = running(BTC, ALONE)
        common = (("BTCUSDT", CAPPED), ("ETHUSDT", CAPPED))
        found.step([TiersLoaded(VENUE, None, common, T, isolated=(("ETHUSDT", replace(CAPPED, cap=90_000.0)),))], T + 1)
        assert pool(found, "cross:USDT").positions[0].cap_usd == pytest.approx(150_000.0)
        assert pool(found, "isolated:ETHUSDT:short").positions[0].cap_usd == pytest.approx(90_000.0)

    def test_the_cap_is_that_of_the_leverage_or_of_the_last_tier(self) -> None:
        found = set_to(SymbolConfig(symbol="BTCUSDT", leverage=20.0, max_notional=200_000.0))
        assert pool(found, "cross:USDT").positions[0].cap_usd == pytest.approx(200_000.0)
        found.step([tiers(T + 2.0, None, BTCUSDT=CAPPED)], T + 2.0)
        assert pool(found, "cross:USDT").positions[0].cap_usd == pytest.approx(150_000.0)

    def test_a_cap_by_size_is_worth_what_the_mark_makes_it(self) -> None:
        table = replace(CAPPED, by=TierBy.BASE, cap=3.0)
        found = running(held("BTCUSDT", -2.0, 60_000.0))
        found.step([tiers(T + 1.0, None, BTCUSDT=table)], T + 1.0)
        assert pool(found, "cross:USDT").positions[0].cap_usd == pytest.approx(180_000.0)

    def test_a_leverage_that_was_just_changed_admits_who_knows_what(self) -> None:
        found = set_to(SymbolConfig(symbol="BTCUSDT", leverage=20.0, max_notional=200_000.0))
        change = ConfigChanged(account=MAIN, symbol="BTCUSDT", leverage=50.0, venue_time=T + 2.0, received=T + 2.0)
        found.step([change], T + 2.0)
        shown = pool(found, "cross:USDT").positions[0]
        assert (shown.leverage, shown.cap_usd) == (50.0, None)
        late = config(ONE_WAY, SymbolConfig(symbol="BTCUSDT", leverage=20.0, max_notional=200_000.0), asked=T + 1.5)
        found.step([late], T + 2.5)
        shown = pool(found, "cross:USDT").positions[0]
        assert (shown.leverage, shown.cap_usd) == (50.0, None), "the answer was on its way already"

    def test_a_contract_that_is_delivered_has_its_date(self) -> None:
        found = running(BTC)
        dated = replace(instrument("BTC"), delivery_time=T + 1e6)
        found.step([InstrumentsLoaded(VENUE, (dated, instrument("ETH")), T + 1.0)], T + 1.0)
        position = pool(found, "cross:USDT").positions[0]
        assert position.delivery_time == T + 1e6
        assert position.funding_usd == 0.0, "it pays none"


class TestSides:
    @pytest.mark.parametrize(
        ("quantities", "expected"),
        [((1.0, 5.0), True), ((-1.0, -5.0), True), ((1.0, -5.0), False), ((), False)],
        ids=["longs", "shorts", "against each other", "nothing"],
    )
    def test_positions_that_lose_together(self, quantities: tuple[float, ...], expected: bool) -> None:
        symbols = {"BTCUSDT": 60_000.0, "ETHUSDT": 3_000.0}
        positions = [
            held(symbol, quantity, entry)
            for (symbol, entry), quantity in zip(symbols.items(), quantities, strict=False)
        ]
        assert pool(running(*positions), "cross:USDT").one_sided is expected

    def test_a_coin_that_moves_against_the_market_turns_the_side(self) -> None:
        both = (BTC, held("ETHUSDT", -5.0, 3_000.0))
        assert pool(running(*both, betas={"ETH": -0.5}), "cross:USDT").one_sided

    def test_what_the_market_does_not_move_is_left_out(self) -> None:
        both = (BTC, held("ETHUSDT", -5.0, 3_000.0))
        assert pool(running(*both, stablecoins={"USDT", "ETH"}), "cross:USDT").one_sided

    def test_a_hedge_is_not_one_sided(self) -> None:
        both = (held("BTCUSDT", 2.0, 60_000.0, hedge=True), held("BTCUSDT", -1.0, 60_000.0, hedge=True))
        assert pool(running(*both, mode=HEDGE), "cross:USDT").one_sided is False


def candles(symbol: str, step: float, at: float = T) -> CandlesLoaded:
    """Closes that rise and fall by turns by a log return of `step`: a day's sigma is step * sqrt(1440)."""
    closes = tuple(1_000.0 * math.exp(step * (number % 2)) for number in range(40))
    return CandlesLoaded(VENUE, symbol, closes, 60.0, at)


class TestSigmas:
    def test_of_coins_and_of_the_market_by_notional(self) -> None:
        """60,000 of BTC at 1 % a minute, 15,000 of ETH at 2 %: (60 * 1 + 15 * 2) / 75."""
        found = running(BTC, held("ETHUSDT", 5.0, 3_000.0))
        found.step([candles("BTCUSDT", 0.01), candles("ETHUSDT", 0.02)], T + 1.0)
        shown, day = pool(found, "cross:USDT"), math.sqrt(1440.0)
        assert dict(shown.coin_sigmas) == pytest.approx({"BTC": 0.01 * day, "ETH": 0.02 * day})
        assert shown.market_sigma == pytest.approx(0.012 * day)

    def test_an_unknown_one_makes_the_markets_unknown(self) -> None:
        found = running(BTC, held("ETHUSDT", 5.0, 3_000.0))
        found.step([candles("BTCUSDT", 0.01)], T + 1.0)
        shown = pool(found, "cross:USDT")
        assert (set(shown.coin_sigmas), shown.market_sigma) == ({"BTC"}, None)

    def test_what_the_market_does_not_move_has_no_part_in_it(self) -> None:
        found = running(BTC, held("ETHUSDT", 5.0, 3_000.0), stablecoins={"USDT", "ETH"})
        found.step([candles("BTCUSDT", 0.01)], T + 1.0)
        assert pool(found, "cross:USDT").market_sigma == pytest.approx(0.01 * math.sqrt(1440.0))

    def test_a_coin_that_is_collateral_alone_moves_as_its_contract_does(self) -> None:
        found = collateral(usdt(50_000.0), Balance(asset="ETH", wallet=1.0, cross_wallet=1.0))
        found.step([candles("ETHUSDT", 0.01), tick("BTCUSDT", 60_001.0, T + 1.0)], T + 1.0)
        shown = pool(found, "multi-assets")
        assert dict(shown.coin_sigmas) == pytest.approx({"ETH": 0.01 * math.sqrt(1440.0)})

    def test_without_positions_there_is_none_of_the_market(self) -> None:
        assert pool(running(), "cross:USDT").market_sigma is None


RATES = {
    "USDT": AssetRates(positive_rate=0.99, negative_rate=1.01, requirement_rate=1.0),
    "ETH": AssetRates(positive_rate=0.9, negative_rate=1.1, requirement_rate=1.0),
}


def rated(at: float, **marks: float) -> list[Event]:
    return [asset(name, marks.get(name, 1.0), at, RATES[name]) for name in RATES]


def collateral(*balances: Balance) -> Engine:
    """A multi-assets account with 1 BTC long at 60,000."""
    found = engine()
    start = [event for event in started(BTC, mode=MULTI) if type(event).__name__ != "AccountSnapshot"]
    found.step([*start, *rated(T, ETH=3_000.0), reading(BTC, balances=balances)], T)
    return found


class TestCollateral:
    def test_a_single_asset_backs_all_of_it(self) -> None:
        """10,000 in the wallet and 1,000 won."""
        found = running(BTC)
        found.step([tick("BTCUSDT", 61_000.0, T + 1.0)], T + 1.0)
        (part,) = pool(found, "cross:USDT").collateral
        assert (part.asset, part.share_ratio, part.price_usd, part.stable) == ("USDT", 1.0, 1.0, True)
        assert part.amount == pytest.approx(11_000.0)
        assert part.value_usd == pytest.approx(11_000.0)

    def test_values_add_up_to_equity_with_what_was_lost(self) -> None:
        """20,000 USDT less 6,000 lost count 0.99; 2 ETH at 3,000 count 0.9."""
        found = collateral(usdt(20_000.0), Balance(asset="ETH", wallet=2.0, cross_wallet=2.0))
        shown = pool(found.step([tick("BTCUSDT", 54_000.0, T + 1.0)], T + 1.0), "multi-assets")
        parts = {part.asset: part for part in shown.collateral}
        assert parts["USDT"].amount == pytest.approx(14_000.0)
        assert parts["USDT"].value_usd == pytest.approx(13_860.0)
        assert parts["ETH"].value_usd == pytest.approx(5_400.0)
        assert parts["ETH"].share_ratio == pytest.approx(5_400.0 / 19_260.0)
        assert sum(part.value_usd or 0.0 for part in shown.collateral) == pytest.approx(shown.equity_usd)

    def test_a_debt_counts_against_and_has_no_share_of_the_sum(self) -> None:
        """What the paper venue takes from equity for a negative amount is the whole of it."""
        found = collateral(usdt(-1_000.0), Balance(asset="ETH", wallet=2.0, cross_wallet=2.0))
        parts = {part.asset: part for part in pool(found, "multi-assets").collateral}
        assert parts["USDT"].value_usd == pytest.approx(-1_000.0)
        assert parts["ETH"].share_ratio == pytest.approx(1.0)

    def test_nothing_has_no_shares(self) -> None:
        found = engine()
        found.step(started(wallet=0.0), T)
        (part,) = pool(found, "cross:USDT").collateral
        assert (part.amount, part.value_usd, part.share_ratio) == (0.0, 0.0, None)

    def test_a_price_that_is_assumed_is_not_shown(self) -> None:
        found = engine()
        found.step([event for event in started(BTC) if getattr(event, "asset", "") != "USDT"], T)
        (part,) = pool(found, "cross:USDT").collateral
        assert part.price_usd is None
        assert part.value_usd == pytest.approx(10_000.0)

    def test_a_cash_leg_that_lies_in_the_holding_is_no_profit_of_it(self) -> None:
        """Bought 1 BTC for 60,000 that the holding is net of: at 61,000 the position counts whole."""
        assert self.held_with(entry=0.0, mark=61_000.0) == pytest.approx(61_000.0 - 55_000.0)

    def test_an_inverse_one_neither(self) -> None:
        assert self.held_with(entry=0.0, mark=50_000.0, payoff=Payoff.INVERSE) == pytest.approx(
            -55_000.0 - 1 / 50_000.0
        )

    def held_with(self, entry: float, mark: float, payoff: Payoff = Payoff.LINEAR) -> float:
        def describe(account: Account, _: Tables) -> Description:
            leg = Leg(
                symbol="BTCUSDT", side=LONG, quantity=1.0, entry=entry, base="BTC", quote="USDT", settle="USDT",
                tiers=flat(0.005), payoff=payoff,
            )  # fmt: skip
            order = replace(leg, side=SHORT, quantity=-1.0, entry=99_000.0, order=True)
            holding = Holding(asset="USDT", amount=-55_000.0)
            key = PoolKey(*account.key, "cross")
            return Description((Pool(key=key, numeraire="USDT", holdings=(holding,), legs=(leg, order)),))

        found = Engine({VENUE: describe}, EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0))
        start = [event for event in started(BTC) if not isinstance(event, Tick)]
        found.step([*start, tick("BTCUSDT", mark)], T)
        (part,) = pool(found, "cross").collateral
        return part.amount

    def test_without_a_mark_no_amount_is_known(self) -> None:
        found = collateral(usdt(20_000.0))
        dark = engine()
        start = [event for event in started(BTC, mode=MULTI) if getattr(event, "symbol", "") != "BTCUSDT"]
        dark.step(start, T)
        assert pool(dark, "multi-assets").collateral == ()
        assert pool(found, "multi-assets").collateral != ()


class TestSums:
    def test_over_primary_pools(self) -> None:
        """1 BTC at 60,000 on 10,000, and 5 ETH short at 3,000 on 2,000."""
        shown = report(running(BTC, ALONE))
        assert shown.gross_notional_usd == pytest.approx(75_000.0)
        assert shown.net_notional_usd == pytest.approx(45_000.0)
        assert shown.equity_usd == pytest.approx(12_000.0)
        assert shown.effective_leverage_ratio == pytest.approx(75_000.0 / 12_000.0)
        assert shown.funds_at_risk_usd == pytest.approx(12_000.0)

    def test_one_that_is_unknown_makes_them_unknown(self) -> None:
        found = engine()
        start = [event for event in started(BTC, ALONE) if getattr(event, "symbol", "") != "ETHUSDT"]
        found.step(start, T)
        shown = report(found)
        sums = (shown.gross_notional_usd, shown.net_notional_usd, shown.funds_at_risk_usd, shown.equity_usd)
        assert (sums, shown.effective_leverage_ratio) == ((None,) * 4, None)

    def test_nothing_open_is_no_leverage_and_nothing_behind_it_is_infinite(self) -> None:
        assert report(running()).effective_leverage_ratio == 0.0
        found = engine()
        found.step(started(held("BTCUSDT", 1.0, 80_000.0)), T)
        assert report(found).effective_leverage_ratio == math.inf

    def test_its_group_is_as_configured(self) -> None:
        assert report(running(BTC, groups={MAIN: "desk"})).group == "desk"
        assert report(running(BTC)).group == ""
