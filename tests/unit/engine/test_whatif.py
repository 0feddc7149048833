"""What-if: prices that move, stablecoins off their peg, funding, groups, liquidations, and a venue's own scenarios."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from monitor.domain.accounts import Account, AccountMode, Balance, CollateralMode, Position, RiskUnit, VenueAccount
from monitor.domain.errors import BadRequest
from monitor.domain.events import CandlesLoaded, FundingIntervals, FundingRates, InstrumentsLoaded, Tick
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.tables import Tables
from monitor.domain.tiers import flat
from monitor.domain.whatif import Close, Trade, WhatIf
from monitor.engine.engine import Engine
from monitor.engine.picture import Picture, pools_of
from monitor.engine.settings import EngineSettings
from monitor.engine.whatif import what_if
from monitor.margin.pool import Description, Option, ScenarioGrid
from tests.unit.engine.situations import (
    MAIN,
    MULTI,
    OTHER,
    T,
    asset,
    config,
    describe,
    engine,
    held,
    instrument,
    reading,
    started,
    tick,
    usdt,
)
from tests.unit.engine.test_whatif_edits import after, ask, put, told, trade

LONG = held("BTCUSDT", 1.0, 60_000.0)
ALONE = held("ETHUSDT", -10.0, 3_000.0, isolated=4_000.0)
DAY = 86_400.0


def test_prices_move_everything_that_depends_on_them_and_nothing_else() -> None:
    report = what_if(told(LONG, ALONE), WhatIf(moves={"BTC": -0.1}))
    assert after(report).equity_usd == pytest.approx(4_000.0)
    assert after(report).positions[0].mark_price == pytest.approx(54_000.0)
    assert after(report, "isolated:ETHUSDT:short").equity_usd == pytest.approx(4_000.0)
    assert report.done == ("prices move: BTC -10.00%",)
    assert report.liquidations == ()


def test_the_market_moves_by_betas_and_what_is_named_by_its_own() -> None:
    request = WhatIf(market=0.1, moves={"BTC": -0.05}, betas={"ETH": 2.0})
    report = what_if(told(LONG, ALONE), request)
    assert after(report, "isolated:ETHUSDT:short").equity_usd == pytest.approx(4_000.0 - 6_000.0)
    assert after(report).equity_usd == pytest.approx(7_000.0)
    assert report.done == ("prices move: all other coins +10.00% (times their betas), BTC -5.00%",)
    whole = what_if(told(LONG), WhatIf(market=-0.05))
    assert after(whole).equity_usd == pytest.approx(7_000.0)
    assert whole.done[0].startswith("prices move: all coins -5.00%")


def test_a_stablecoin_off_its_peg_moves_marks_the_other_way_and_what_is_held_of_it() -> None:
    report = what_if(told(LONG), WhatIf(pegs={"USDT": 0.96}))
    assert after(report).positions[0].mark_price == pytest.approx(62_500.0)
    assert after(report).equity_usd == pytest.approx((10_000.0 + 2_500.0) * 0.96)
    assert report.done == ("prices move: USDT at 0.96 USD",)


def test_a_stablecoin_without_a_price_counted_one_and_stands_where_it_is_put() -> None:
    events = [event for event in started(LONG) if event != asset("USDT", 1.0, T)]
    one = engine()
    one.step(events, T + 1.0)
    report = what_if(one.picture(), WhatIf(pegs={"USDT": 0.96}))
    assert after(report).equity_usd == pytest.approx((10_000.0 + 2_500.0) * 0.96)
    assert after(report).quality is Quality.LIVE


def test_what_is_liquidated_stands_in_order_with_what_it_takes() -> None:
    report = what_if(told(LONG, ALONE), WhatIf(moves={"BTC": -0.2, "ETH": 0.6}))
    first, second = report.liquidations
    assert (first.pool.pool, second.pool.pool) == ("isolated:ETHUSDT:short", "cross:USDT")
    assert first.begins is not None
    assert second.begins is not None
    assert 0.0 < first.begins < second.begins < 1.0
    assert first.takes_usd == pytest.approx(3_000.0 * 10 * (1 + first.begins * 0.6) * 0.005, rel=1e-6)
    assert (first.symbols, first.already) == (("ETHUSDT",), False)
    assert report.next is None
    assert report.worst_after.value == inf


def test_a_pool_that_an_edit_makes_liquidatable_is_liquidated_at_once() -> None:
    report = ask(told(LONG), put("USDT", -9_900.0))
    (one,) = report.liquidations
    assert (one.begins, one.already) == (0.0, False)
    assert one.takes_usd == after(report).funds_at_risk_usd
    already = ask(told(LONG, wallet=100.0), trade("ETHUSDT", 0.01))
    assert already.liquidations[0].already


def test_nothing_supposed_reports_all_accounts_as_they_are() -> None:
    picture = told(LONG)
    report = what_if(picture, WhatIf())
    assert report.done == ()
    assert report.accounts[0].after.ratio == report.accounts[0].before.ratio
    assert report.accounts[0].before.pools[0].coins == picture.accounts[MAIN].report.pools[0].coins


def test_only_accounts_that_are_asked_for_are_reported() -> None:
    picture = told(LONG, accounts=(MAIN, OTHER), more=[config(account=OTHER), reading(LONG, account=OTHER)])
    assert {each.key for each in what_if(picture, WhatIf(moves={"BTC": -0.1})).accounts} == {MAIN, OTHER}
    chosen = WhatIf(moves={"BTC": -0.1}, accounts=(OTHER,))
    assert [each.key for each in what_if(picture, chosen).accounts] == [OTHER]
    with pytest.raises(BadRequest) as caught:
        what_if(picture, WhatIf(accounts=(MAIN._replace(account="nobody"),)))
    assert caught.value.mistakes[0].key == "accounts[0]"


def test_moves_leave_an_account_that_nobody_has_read_unknown() -> None:
    report = what_if(told(LONG, accounts=(MAIN, OTHER)), WhatIf(moves={"BTC": -0.1}))
    assert [each.after.quality for each in report.accounts] == [Quality.LIVE, Quality.UNKNOWN]
    assert report.quality is Quality.UNKNOWN


def paying(*positions: Position, interval: float | None = DAY / 3.0) -> Picture:
    """BTC pays 0.01 % in an hour, and every eight hours if that is known."""
    known = [] if interval is None else [FundingIntervals("paper", ("BTCUSDT",), (interval,), T)]
    rates = FundingRates("paper", ("BTCUSDT",), (0.0001,), (T + 3_600.0,), T + 0.05)
    return told(*positions, more=[*known, rates])


def test_days_of_funding_leave_the_wallet_payment_by_payment() -> None:
    report = what_if(paying(LONG), WhatIf(funding_days=5.0))
    (row,) = report.funding
    assert row.usd == pytest.approx(15 * 6.0)
    assert after(report).equity_usd == pytest.approx(10_000.0 - 90.0)
    assert report.done == ("funding of 5 days is paid",)
    short = what_if(paying(held("BTCUSDT", -1.0, 60_000.0)), WhatIf(funding_days=0.01))
    assert short.funding[0].usd == 0.0


def test_funding_that_is_not_known_is_not_zero() -> None:
    once = what_if(paying(LONG, interval=None), WhatIf(funding_days=5.0))
    assert once.funding[0].usd is None
    assert after(once).equity_usd == pytest.approx(10_000.0 - 6.0)
    assert once.funding[0].reasons[-1] == "6.00 USD of it are known, and counted"
    never = what_if(told(LONG), WhatIf(funding_days=5.0))
    assert never.funding[0].usd is None
    assert after(never).equity_usd == pytest.approx(10_000.0)
    assert never.funding[0].reasons == ("the funding of BTCUSDT is not known",)


def test_funding_may_liquidate_though_prices_stand_still() -> None:
    report = what_if(paying(replace(LONG, quantity=10.0)), WhatIf(funding_days=100.0))
    assert [each.begins for each in report.liquidations] == [1.0]


def test_what_is_delivered_on_a_date_pays_no_funding() -> None:
    dated = replace(instrument("BTC"), delivery_time=T + 10 * DAY)
    report = what_if(told(LONG, more=[InstrumentsLoaded("paper", (dated,), T + 0.1)]), WhatIf(funding_days=5.0))
    assert report.funding[0].usd == 0.0


def test_a_pool_that_holds_no_position_pays_nothing_and_is_not_told() -> None:
    coins = (usdt(10_000.0), Balance(asset="BTC", wallet=0.5, cross_wallet=0.5))
    picture = told(LONG, more=[reading(LONG, balances=coins, asked=T + 0.1)])
    assert [row.pool.pool for row in what_if(picture, WhatIf(funding_days=1.0)).funding] == ["cross:USDT"]


def test_a_coin_without_a_price_in_dollars_moves_by_its_mark() -> None:
    doge = InstrumentsLoaded("paper", (instrument("BTC"), instrument("DOGE")), T + 0.02)
    buys = Trade(account=MAIN, symbol="DOGEUSDT", quantity=1_000.0, price=0.1)
    report = what_if(told(more=[doge, tick("DOGEUSDT", 0.1)]), WhatIf(edits=(buys,), moves={"DOGE": 1.0}))
    assert after(report).positions[0].mark_price == pytest.approx(0.2)


def test_a_group_is_told_before_and_after() -> None:
    settings = EngineSettings(
        accounts=(MAIN, OTHER),
        lines_every_seconds=0.0,
        wanted_distance_ratio=0.0,
        groups={MAIN: "desk", OTHER: "desk"},
    )
    one = Engine({"paper": describe}, settings)
    short = held("BTCUSDT", -1.0, 60_000.0)
    one.step([*started(LONG), config(account=OTHER), reading(short, account=OTHER)], T + 1.0)
    report = what_if(one.picture(), WhatIf(edits=(Close(account=OTHER, symbol="BTCUSDT"),)))
    (group,) = report.groups
    assert group.before.exposures[0].net_usd == pytest.approx(0.0)
    assert group.after.exposures[0].net_usd == pytest.approx(60_000.0)
    assert [hedge.state for hedge in group.before.hedges] == ["held"]
    assert [hedge.state for hedge in group.after.hedges] == ["broken"]


def test_a_mark_that_is_too_old_for_what_is_opened_is_said() -> None:
    one = engine()
    one.step([*started(LONG), Tick("paper", "ETHUSDT", 3_000.0, venue_time=T - 60.0, received=T)], T + 1.0)
    one.step([tick("BTCUSDT", 60_000.0, T + 20.0), reading(LONG, asked=T + 20.0), asset("USDT", 1.0, T + 20.0)], T + 21)
    report = ask(one.picture(), trade("ETHUSDT", 1.0))
    assert after(report).quality is Quality.STALE
    assert "the mark of ETHUSDT is older than 5 s" in after(report).reasons


def test_assets_that_back_a_pool_in_dollars_are_edited_and_moved() -> None:
    coins = (usdt(10_000.0), Balance(asset="BTC", wallet=0.5, cross_wallet=0.5))
    picture = told(LONG, mode=MULTI, more=[reading(LONG, balances=coins, asked=T + 0.1)])
    report = ask(picture, put("BTC", 0.5), put("ETH", 1.0))
    assert after(report, "multi-assets").equity_usd == pytest.approx(10_000.0 + 60_000.0 + 3_000.0)
    fallen = what_if(picture, WhatIf(moves={"BTC": -0.5}))
    assert after(fallen, "multi-assets").equity_usd == pytest.approx(10_000.0 - 30_000.0 + 15_000.0)


def test_what_stands_for_another_coin_moves_as_that_does_unless_it_is_named() -> None:
    coins = (usdt(10_000.0), Balance(asset="WBTC", wallet=1.0, cross_wallet=1.0))
    picture = told(mode=MULTI, more=[asset("WBTC", 60_000.0), reading(balances=coins, asked=T + 0.1)])

    def left(request: WhatIf) -> float | None:
        return after(what_if(picture, request), "multi-assets").equity_usd

    assert left(WhatIf(moves={"BTC": -0.5})) == pytest.approx(40_000.0)
    assert left(WhatIf(moves={"BTC": -0.5, "WBTC": -0.25})) == pytest.approx(55_000.0)
    assert left(WhatIf(market=-0.1, betas={"BTC": 2.0})) == pytest.approx(58_000.0)


def test_what_portfolio_margin_requires_beyond_the_venues_scenarios_is_said_to_be_guessed() -> None:
    report = what_if(scenarios(), WhatIf(moves={"BTC": -0.1}))
    assert any("guessed beyond" in note for note in report.notes)


def test_the_sigma_of_a_day_is_known_beside_lines_of_what_is_supposed() -> None:
    closes = tuple(60_000.0 * (1.0 + 0.001 * (step % 2)) for step in range(60))
    candles = CandlesLoaded("paper", "BTCUSDT", closes, 60.0, T)
    report = ask(told(LONG, more=[candles]), trade(quantity=1.0))
    assert after(report).positions[0].distance_sigmas is not None


def test_a_picture_is_not_changed_by_later_steps() -> None:
    one = engine()
    one.step(started(LONG), T + 1.0)
    picture = one.picture()
    one.step([tick("BTCUSDT", 50_000.0, T + 2.0), reading(asked=T + 2.0)], T + 2.0)
    assert picture.prices.mark("paper", "BTCUSDT") == 60_000.0
    assert picture.at == T + 1.0
    account = picture.accounts[MAIN].account
    assert account is not None
    assert pools_of(picture, account) == Description(picture.accounts[MAIN].pools)
    assert {"USDT", "USDC"} <= set(picture.stablecoins)


def test_a_picture_before_anything_was_read_says_why_nothing_can_be_supposed() -> None:
    picture = engine().picture()
    assert picture.accounts[MAIN].unknown == ("no account reading yet",)
    unreadable = engine()
    unreadable.step([*started(LONG), config(AccountMode(collateral=None, hedge=False), asked=T + 1)], T + 1.0)
    assert unreadable.picture().accounts[MAIN].account is None


UNIT = RiskUnit(
    asset="BTC",
    maintenance_margin=9_500.0,
    reference_price=60_000.0,
    moves=(-0.15, 0.0, 0.15),
    profits=((-9_000.0, 0.0, 9_000.0),),
    contingency=500.0,
)
PORTFOLIO = AccountMode(collateral=CollateralMode.PORTFOLIO, hedge=False)


def with_scenarios(account: Account, tables: Tables) -> Description:
    """One pool, its requirement the venue's scenarios of BTC; nobody but the venue knows that of others."""
    (pool, *_) = describe(
        replace(account, mode=replace(account.mode, collateral=CollateralMode.MULTI_ASSETS)), tables
    ).pools
    grids = [
        ScenarioGrid(
            asset=unit.asset,
            reference_price=unit.reference_price or 0.0,
            moves=unit.moves,
            profits=unit.profits,
            contingency=unit.contingency or 0.0,
        )
        for unit in account.venue.risk_units
    ]
    return Description(
        (replace(pool, grids=tuple(grids), legs=tuple(replace(leg, tiers=flat(0.0)) for leg in pool.legs)),)
    )


def scenarios(unit: RiskUnit = UNIT, *positions: Position) -> Picture:
    units = VenueAccount(risk_units=(unit,))
    answer = reading(*(positions or (LONG,)), asked=T + 0.1, venue=units, balances=(usdt(50_000.0),))
    return told(*(positions or (LONG,)), mode=PORTFOLIO, describes=with_scenarios, more=[answer])


def test_a_trade_is_put_into_the_venues_own_scenarios() -> None:
    more, less = ask(scenarios(), trade(quantity=1.0)), ask(scenarios(), trade(quantity=-0.5))
    # The worst loss doubles, and with it what is asked for beside it; that never shrinks.
    assert after(more, "multi-assets").maintenance_margin_usd == pytest.approx(18_000.0 + 1_000.0)
    assert after(less, "multi-assets").maintenance_margin_usd == pytest.approx(4_500.0 + 500.0)
    assert any("scenarios of BTC are taken with the trade" in note for note in more.accounts[0].notes)
    first = ask(scenarios(replace(UNIT, contingency=None)), trade(quantity=-1.0), trade(quantity=1.0))
    assert after(first, "multi-assets").maintenance_margin_usd == pytest.approx(9_000.0)


def test_scenarios_without_a_requirement_stay_without_one() -> None:
    report = ask(scenarios(replace(UNIT, maintenance_margin=None)), trade(quantity=1.0))
    assert after(report, "multi-assets").maintenance_margin_usd == pytest.approx(18_000.0 + 500.0)


def test_what_only_the_venue_can_tell_is_unknown_after_a_trade() -> None:
    report = ask(scenarios(), trade("ETHUSDT", 1.0))
    assert after(report, "multi-assets").quality is Quality.UNKNOWN
    assert after(report, "multi-assets").ratio.state is State.UNKNOWN
    assert "is its own figure, and nothing tells it for another size" in after(report, "multi-assets").reasons[0]


def with_option(account: Account, tables: Tables) -> Description:
    """The position is a call on its coin."""
    (pool,) = describe(account, tables).pools
    option = Option(strike=60_000.0, call=True, volatility=0.5, years=0.1, underlying=60_000.0)
    legs = tuple(
        replace(leg, option=option, entry=0.0, tiers=flat(0.0), symbol="CALL", payoff=Payoff.OPTION)
        for leg in pool.legs
    )
    return Description((replace(pool, legs=legs),))


def test_options_move_by_their_model_beside_the_venues_own_mark() -> None:
    picture = told(LONG, describes=with_option, more=[tick("CALL", 3_900.0, T)])
    report = what_if(picture, WhatIf(moves={"BTC": 0.1}))
    assert any("volatility of now" in note for note in report.notes)
    up, down = (what_if(picture, WhatIf(moves={"BTC": move})) for move in (0.1, -0.9))
    assert after(up).positions[0].mark_price == pytest.approx(3_900.0 + 7_670.0 - 3_783.0, rel=1e-3)
    assert after(down).positions[0].mark_price == pytest.approx(max(0.0, 3_900.0 - 3_783.0), abs=10.0)


def test_a_position_in_a_coin_goes_with_its_own_legs_only() -> None:
    both = scenarios(UNIT, LONG, held("ETHUSDT", 1.0, 3_000.0))
    report = ask(both, trade(quantity=1.0))
    assert after(report, "multi-assets").maintenance_margin_usd == pytest.approx(19_000.0)
