"""What-if: trades, collateral, transfers, leverage and margin modes of the paper venue, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.accounts import (
    Account,
    AccountMode,
    Balance,
    MarginMode,
    Position,
    SymbolConfig,
)
from monitor.domain.errors import BadPool, BadRequest
from monitor.domain.events import Event, InstrumentsLoaded
from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, AccountKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport
from monitor.domain.tables import Tables
from monitor.domain.whatif import (
    Close,
    Collateral,
    Edit,
    SetLeverage,
    SetMarginMode,
    Trade,
    Transfer,
    Unit,
    WhatIf,
    WhatIfReport,
)
from monitor.engine.engine import Engine
from monitor.engine.picture import Picture
from monitor.engine.settings import EngineSettings
from monitor.engine.whatif import what_if
from monitor.margin.pool import Describe, Description
from tests.unit.engine.situations import (
    CROSS,
    HEDGE,
    ISOLATED,
    MAIN,
    ONE_WAY,
    OTHER,
    T,
    config,
    describe,
    held,
    instrument,
    reading,
    started,
    usdt,
)

Figures = tuple[float | None, float | None]


def told(
    *positions: Position,
    mode: AccountMode = ONE_WAY,
    wallet: float = 10_000.0,
    describes: Describe = describe,
    accounts: tuple[AccountKey, ...] = (MAIN,),
    more: Iterable[Event] = (),
    symbols: tuple[SymbolConfig, ...] = (),
    fees: tuple[tuple[str, float], ...] = (("", 0.0005),),
) -> Picture:
    """What an engine with one account is pictured as, its fees known."""
    engine = Engine(
        {"paper": describes}, EngineSettings(accounts=accounts, lines_every_seconds=0.0, wanted_distance_ratio=0.0)
    )
    fee = tuple((f"{coin}USDT", rate) for _, rate in fees for coin in ("BTC", "ETH"))
    events = [*started(*positions, mode=mode, wallet=wallet), config(mode, *symbols, asked=T + 0.01, fees=fee), *more]
    engine.step(events, T + 1.0)
    return engine.picture()


def ask(picture: Picture, *edits: Edit) -> WhatIfReport:
    return what_if(picture, WhatIf(edits=edits))


def pool(report: AccountReport, name: str) -> PoolReport:
    return next(each for each in report.pools if each.key.pool == name)


def after(report: WhatIfReport, name: str = "cross:USDT") -> PoolReport:
    return pool(report.accounts[0].after, name)


def refused(picture: Picture, edit: Edit) -> tuple[str, str]:
    """The key of the one mistake, and its cure."""
    with pytest.raises(BadRequest) as caught:
        ask(picture, edit)
    (mistake,) = caught.value.mistakes
    return mistake.key, mistake.cure


def trade(symbol: str = "BTCUSDT", quantity: float = 1.0, **how: Any) -> Trade:
    return Trade(account=MAIN, symbol=symbol, quantity=quantity, **how)


def close(symbol: str = "BTCUSDT", fraction: float = 1.0, **how: Any) -> Close:
    return Close(account=MAIN, symbol=symbol, fraction=fraction, **how)


LONG = held("BTCUSDT", 1.0, 59_000.0)
ALONE = held("ETHUSDT", -10.0, 3_100.0, isolated=4_000.0)


def test_what_is_opened_at_the_mark_costs_its_fee_and_looks_its_tier_up_anew() -> None:
    report = ask(told(), trade(quantity=2.0))
    assert after(report).equity_usd == pytest.approx(10_000.0 - 60.0)
    assert after(report).maintenance_margin_usd == pytest.approx(120_000.0 * 0.005 - 50.0)
    assert after(report).positions[0].quantity == 2.0
    assert report.accounts[0].before.pools[0].positions == ()
    assert "opened at 60000" in report.done[0]
    assert report.next is not None
    assert report.next.of == "BTC"
    assert report.worst_after.value == after(report).ratio.value


def test_what_is_added_above_the_mark_is_entered_at_the_mean_and_has_lost_the_difference() -> None:
    report = ask(told(LONG), trade(quantity=1.0, price=61_000.0))
    assert after(report).positions[0].entry_price == pytest.approx(60_000.0)
    assert after(report).equity_usd == pytest.approx(10_000.0 + 1_000.0 - 1_000.0 - 30.5)


def test_a_part_that_is_closed_realizes_its_part_of_the_profit() -> None:
    report = ask(told(LONG), close(fraction=0.25))
    assert after(report).equity_usd == pytest.approx(11_000.0 - 7.5)
    assert after(report).positions[0].quantity == pytest.approx(0.75)
    assert "25% closed" in report.done[0]
    assert "+250.00 USDT realized" in report.done[0]


def test_a_sale_against_a_long_closes_it_and_what_is_left_opens_a_short() -> None:
    report = ask(told(LONG), trade(quantity=-3.0))
    (position,) = after(report).positions
    assert (position.side, position.quantity, position.entry_price) == (Side.SHORT, -2.0, 60_000.0)
    assert after(report).equity_usd == pytest.approx(11_000.0 - 90.0)


def test_flipping_an_isolated_position_keeps_its_mode_and_leverage() -> None:
    alone = replace(ALONE, leverage=5.0)
    report = ask(told(alone), close("ETHUSDT", 2.0))
    turned = after(report, "isolated:ETHUSDT:long")
    assert turned.equity_usd == pytest.approx(30_000.0 / 5.0)
    assert {each.key.pool for each in report.accounts[0].after.pools} == {"cross:USDT", "isolated:ETHUSDT:long"}
    assert after(report).equity_usd == pytest.approx(10_000.0 + 4_000.0 + 1_000.0 - 6_000.0 - 30.0)


def test_the_other_side_of_a_hedge_is_a_position_of_its_own() -> None:
    both = held("BTCUSDT", 1.0, 59_000.0, hedge=True)
    report = ask(told(both, mode=HEDGE), trade(quantity=-0.5))
    assert sorted(each.quantity for each in after(report).positions) == [-0.5, 1.0]
    assert len(ask(told(both, mode=HEDGE), trade(quantity=-0.5, side=Side.LONG)).done) == 1
    key, cure = refused(told(both, mode=HEDGE), trade(quantity=-5.0, side=Side.LONG))
    assert (key, cure) == ("edits[0].quantity", "only 1 of BTCUSDT long can be closed")
    assert refused(told(both, mode=HEDGE), close(fraction=2.0))[0] == "edits[0].fraction"


def test_where_each_symbol_chooses_its_side_tells_whether_sides_are_kept_apart() -> None:
    mode = replace(ONE_WAY, hedge=None, hedge_by_symbol=True)
    report = ask(told(LONG, mode=mode), trade(quantity=-0.5))
    assert [each.quantity for each in after(report).positions] == [0.5]
    report = ask(told(LONG, mode=mode), trade("ETHUSDT", 1.0, side=Side.LONG), trade("ETHUSDT", -1.0, side=Side.SHORT))
    assert sorted(each.quantity for each in after(report).positions) == [-1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("quantity", "unit", "held_then"),
    [(2.0, Unit.SHOWN, 2.0), (2.0, Unit.COINS, 2.0), (2.0, Unit.CONTRACTS, 2.0), (60_000.0, Unit.USD, 1.0)],
)
def test_a_size_is_counted_as_it_is_said(quantity: float, unit: Unit, held_then: float) -> None:
    report = ask(told(), trade(quantity=quantity, unit=unit))
    assert after(report).positions[0].quantity == pytest.approx(held_then)


def inverse(account: Account, tables: Tables) -> Description:
    """What settles in BTC, backed by BTC."""
    made = describe(replace(account, positions={}), tables)
    legs = [
        replace(leg, payoff=Payoff.INVERSE, base="BTC", quote=USD, settle="BTC", quantity=leg.quantity * 10.0)
        for pool in describe(replace(account, balances={"USDT": usdt(0.0)}), tables).pools
        for leg in pool.legs
    ]
    return Description(
        tuple(replace(each, legs=tuple(legs)) if each.numeraire == "BTC" else each for each in made.pools)
    )


def in_coin() -> tuple[Event, ...]:
    one = replace(instrument("BTC"), payoff=Payoff.INVERSE, quote=USD, settle="BTC", contract_size=10.0)
    coin = Balance(asset="BTC", wallet=1.0, cross_wallet=1.0)
    return (InstrumentsLoaded("paper", (one,), T + 0.02), reading(balances=(coin,), asked=T + 0.02))


@pytest.mark.parametrize(
    ("quantity", "unit"), [(60_000.0, Unit.SHOWN), (1.0, Unit.COINS), (6_000.0, Unit.CONTRACTS), (60_000.0, Unit.USD)]
)
def test_an_inverse_contract_counts_dollars_and_wins_coins(quantity: float, unit: Unit) -> None:
    picture = told(more=in_coin(), describes=inverse)
    report = ask(picture, trade(quantity=quantity, unit=unit, price=50_000.0 if unit is not Unit.COINS else 60_000.0))
    (position,) = after(report, "cross:BTC").positions
    assert position.quantity == pytest.approx(60_000.0)
    if unit is not Unit.COINS:
        assert after(report, "cross:BTC").equity_usd == pytest.approx((1.0 + 0.2 - 1.2 * 0.0005) * 60_000.0)
    again = ask(picture, trade(quantity=60_000.0, price=50_000.0), trade(quantity=60_000.0, price=75_000.0))
    assert after(again, "cross:BTC").positions[0].entry_price == pytest.approx(60_000.0)
    half = ask(picture, trade(quantity=60_000.0, price=50_000.0), close(fraction=0.5))
    assert after(half, "cross:BTC").equity_usd == pytest.approx((1.2 - 1.2 * 0.0005 - 0.5 * 0.0005) * 60_000.0)


def test_an_isolated_position_that_is_opened_takes_its_margin_out_of_the_shared_pool() -> None:
    report = ask(told(), trade("ETHUSDT", -10.0, margin_mode=ISOLATED, leverage=10.0))
    assert after(report, "isolated:ETHUSDT:short").equity_usd == pytest.approx(3_000.0)
    assert after(report).equity_usd == pytest.approx(10_000.0 - 3_000.0 - 15.0)
    chosen = ask(told(), trade("ETHUSDT", -10.0, margin_mode=ISOLATED, margin=1_234.0))
    assert after(chosen, "isolated:ETHUSDT:short").equity_usd == pytest.approx(1_234.0)


def test_what_is_set_for_the_symbol_is_taken_where_a_trade_says_nothing() -> None:
    setting = SymbolConfig(symbol="ETHUSDT", margin_mode=ISOLATED, leverage=20.0)
    report = ask(told(symbols=(setting,)), trade("ETHUSDT", 10.0))
    assert after(report, "isolated:ETHUSDT:long").equity_usd == pytest.approx(1_500.0)


def test_without_any_leverage_margin_has_to_be_said() -> None:
    key, cure = refused(told(), trade("ETHUSDT", 10.0, margin_mode=ISOLATED))
    assert key == "edits[0].leverage"
    assert "give it, or the margin" in cure


def test_what_is_added_to_an_isolated_position_without_leverage_gets_as_much_margin_a_value() -> None:
    report = ask(told(ALONE), trade("ETHUSDT", -10.0, price=3_100.0))
    assert after(report, "isolated:ETHUSDT:short").equity_usd == pytest.approx(8_000.0 + 2_000.0)
    assert any("as much margin a value" in note for note in report.accounts[0].notes)


def test_an_isolated_position_that_is_closed_brings_margin_and_profit_back() -> None:
    half, whole = ask(told(ALONE), close("ETHUSDT", 0.5)), ask(told(ALONE), close("ETHUSDT"))
    assert after(half, "isolated:ETHUSDT:short").equity_usd == pytest.approx(2_000.0 + 500.0)
    assert after(half).equity_usd == pytest.approx(10_000.0 + 2_000.0 + 500.0 - 7.5)
    assert [each.key.pool for each in whole.accounts[0].after.pools] == ["cross:USDT"]
    assert after(whole).equity_usd == pytest.approx(15_000.0 - 15.0)


def test_where_no_shared_pool_is_left_what_comes_free_is_said_to_go_nowhere() -> None:
    picture = told(ALONE, more=[reading(ALONE, balances=(), asked=T + 0.1), reading(ALONE, balances=(), asked=T + 0.2)])
    half, whole = ask(picture, close("ETHUSDT", 0.5)), ask(picture, close("ETHUSDT"))
    assert after(half, "isolated:ETHUSDT:short").equity_usd == pytest.approx(2_500.0)
    assert whole.accounts[0].after.pools == ()
    assert any("a wallet that is not described" in note for note in whole.accounts[0].notes)
    more = ask(picture, trade("ETHUSDT", -1.0))
    assert any("is not taken from any" in note for note in more.accounts[0].notes)


def test_a_trade_that_fits_nothing_says_which_word_is_wrong() -> None:
    picture = told(LONG)
    assert refused(picture, trade("BTC-PERP"))[0] == "edits[0].symbol"
    assert "BTCUSDT" in refused(picture, trade("BTC-PERP"))[1]
    assert refused(picture, trade("XYZ"))[0] == "edits[0].symbol"
    assert refused(picture, trade(margin_mode=ISOLATED)) == (
        "edits[0].margin_mode",
        "BTCUSDT long is held in cross margin: change that first, by an edit of its own",
    )
    assert "holds BTCUSDT long" in refused(picture, close("ETHUSDT"))[1]
    assert "holds nothing" in refused(told(), close("ETHUSDT"))[1]
    assert refused(picture, Trade(account=AccountKey("paper", "nobody"), symbol="BTCUSDT", quantity=1.0))[1] == (
        "no such account; there are: paper/main"
    )


def test_what_has_no_mark_needs_a_price() -> None:
    doge = InstrumentsLoaded("paper", (instrument("BTC"), instrument("DOGE")), T + 0.02)
    assert refused(told(more=[doge]), trade("DOGEUSDT", 100.0))[0] == "edits[0].price"
    report = ask(told(more=[doge]), trade("DOGEUSDT", 100.0, price=0.1))
    assert report.quality is Quality.UNKNOWN


def test_options_and_loans_are_not_traded_in_a_supposition() -> None:
    option = replace(instrument("BTC"), symbol="BTC-C", payoff=Payoff.OPTION)
    pair = replace(instrument("BTC"), symbol="BTC-USDT", spot=True)
    picture = told(more=[InstrumentsLoaded("paper", (option, pair), T + 0.02)])
    assert "options" in refused(picture, trade("BTC-C"))[1]
    assert "loans" in refused(picture, trade("BTC-USDT"))[1]


def test_without_an_entry_price_nothing_can_be_closed_or_added() -> None:
    unknown = replace(LONG, entry_price=None)
    assert "entry price" in refused(told(unknown), trade())[1]
    assert "entry price" in refused(told(unknown), close())[1]


def test_a_fee_that_nobody_knows_is_assumed_in_words() -> None:
    report = ask(told(fees=()), trade())
    assert report.accounts[0].notes == ("the taker fee of BTCUSDT is not known: 0.05% of what is traded is assumed",)
    assert after(ask(told(), trade(fee_rate=0.0))).equity_usd == 10_000.0


def test_collateral_comes_and_goes() -> None:
    assert after(ask(told(LONG), put("USDT", 500.0))).equity_usd == pytest.approx(11_500.0)
    assert after(ask(told(LONG), put("USDT", -500.0))).equity_usd == pytest.approx(10_500.0)
    assert "holds 10000 USDT" in refused(told(LONG), put("USDT", -20_000.0))[1]
    assert "no such pool" in refused(told(LONG), put("USDT", 1.0, "cross:XYZ"))[1]
    assert "nothing backs pools in it" in refused(told(LONG), put("XYZ", 1.0))[1]


def put(name: str, amount: float, where: str = "") -> Collateral:
    return Collateral(account=MAIN, asset=name, amount=amount, pool=where)


def test_an_account_that_borrows_may_give_more_than_it_has() -> None:
    report = ask(told(LONG, mode=replace(ONE_WAY, borrows=True)), put("USDT", -10_500.0))
    assert after(report).equity_usd == pytest.approx(500.0)


def test_margin_is_added_to_an_isolated_position_and_taken_back() -> None:
    name = "isolated:ETHUSDT:short"
    into = ask(told(ALONE), Transfer(account=MAIN, to=MAIN, asset="USDT", amount=500.0, to_pool=name))
    assert after(into, name).equity_usd == pytest.approx(5_500.0)
    assert after(into).equity_usd == pytest.approx(9_500.0)
    back = ask(told(ALONE), Transfer(account=MAIN, to=MAIN, asset="USDT", amount=500.0, from_pool=name))
    assert after(back, name).equity_usd == pytest.approx(4_500.0)
    assert after(back).equity_usd == pytest.approx(10_500.0)
    assert refused(told(ALONE), put("BTC", 1.0, name))[0] == "edits[0].asset"
    assert refused(told(ALONE), Transfer(account=MAIN, to=MAIN, asset="USDT", amount=1.0))[0] == "edits[0].to_pool"


def test_collateral_goes_from_one_account_to_another() -> None:
    more: list[Event] = [config(account=OTHER), reading(LONG, account=OTHER)]
    picture = told(LONG, accounts=(MAIN, OTHER), more=more)
    report = ask(picture, Transfer(account=MAIN, to=OTHER, asset="USDT", amount=4_000.0))
    there = {each.key: each.after.pools[0].equity_usd for each in report.accounts}
    assert there == {MAIN: pytest.approx(7_000.0), OTHER: pytest.approx(15_000.0)}


def test_what_is_sent_to_an_account_that_nobody_has_read_arrives_nowhere() -> None:
    picture = told(LONG, accounts=(MAIN, OTHER))
    report = ask(picture, Transfer(account=MAIN, to=OTHER, asset="USDT", amount=4_000.0))
    assert "arrive nowhere" in report.done[0]
    assert any("nothing can be supposed of paper/other: no account reading yet" in note for note in report.notes)
    assert report.quality is Quality.LIVE
    of_it = ask(picture, Trade(account=OTHER, symbol="BTCUSDT", quantity=1.0))
    assert "not made" in of_it.done[0]
    assert of_it.quality is Quality.UNKNOWN


def test_a_leverage_changes_what_is_set_and_not_what_is_required() -> None:
    setting = SymbolConfig(symbol="BTCUSDT", leverage=5.0, max_notional=1.0)
    report = ask(told(LONG, symbols=(setting,)), SetLeverage(account=MAIN, symbol="BTCUSDT", leverage=20.0))
    assert after(report).positions[0].leverage == 20.0
    assert after(report).ratio == report.accounts[0].before.pools[0].ratio
    alone = ask(told(ALONE), SetLeverage(account=MAIN, symbol="ETHUSDT", leverage=20.0))
    assert any("keeps its own margin" in note for note in alone.accounts[0].notes)
    assert refused(told(), SetLeverage(account=MAIN, symbol="XYZ", leverage=2.0))[0] == "edits[0].symbol"


def test_a_trade_that_names_a_leverage_sets_it() -> None:
    report = ask(told(), trade(leverage=25.0))
    assert after(report).positions[0].leverage == 25.0


def mode_of(symbol: str, margin_mode: MarginMode, **how: Any) -> SetMarginMode:
    return SetMarginMode(account=MAIN, symbol=symbol, margin_mode=margin_mode, **how)


def test_a_position_goes_from_cross_to_isolated_with_its_initial_margin() -> None:
    report = ask(told(replace(LONG, leverage=10.0)), mode_of("BTCUSDT", ISOLATED))
    assert after(report, "isolated:BTCUSDT:long").equity_usd == pytest.approx(5_900.0 + 1_000.0)
    assert after(report).equity_usd == pytest.approx(4_100.0)
    chosen = ask(told(LONG), mode_of("BTCUSDT", ISOLATED, margin=3_000.0))
    assert after(chosen, "isolated:BTCUSDT:long").equity_usd == pytest.approx(4_000.0)
    by_symbol = ask(told(LONG, symbols=(SymbolConfig(symbol="BTCUSDT", leverage=10.0),)), mode_of("BTCUSDT", ISOLATED))
    assert after(by_symbol, "isolated:BTCUSDT:long").equity_usd == pytest.approx(6_900.0)
    assert refused(told(LONG), mode_of("BTCUSDT", ISOLATED))[0] == "edits[0].margin"
    assert refused(told(LONG), mode_of("BTCUSDT", CROSS))[1] == "BTCUSDT long is in it already"


def test_a_position_goes_from_isolated_to_cross_with_all_that_is_its_own() -> None:
    report = ask(told(ALONE), mode_of("ETHUSDT", CROSS))
    assert [each.key.pool for each in report.accounts[0].after.pools] == ["cross:USDT"]
    assert after(report).equity_usd == pytest.approx(15_000.0)


def together(account: Account, tables: Tables) -> Description:
    """A venue that counts all positions together, whatever their margin mode."""
    return describe(
        replace(account, positions={key: replace(each, margin_mode=CROSS) for key, each in account.positions.items()}),
        tables,
    )


def apart(account: Account, tables: Tables) -> Description:
    """A venue whose account keeps every position by itself; its margin is told by its initial margin."""
    alone = {
        key: replace(each, margin_mode=ISOLATED, isolated_wallet=each.venue.initial_margin or each.isolated_wallet)
        for key, each in account.positions.items()
    }
    return describe(replace(account, positions=alone), tables)


def test_a_margin_mode_that_the_account_has_not_is_refused() -> None:
    assert refused(told(describes=together), trade(margin_mode=ISOLATED))[0] == "edits[0].margin_mode"
    assert refused(told(LONG, describes=together), mode_of("BTCUSDT", ISOLATED, margin=9.0))[0] == (
        "edits[0].margin_mode"
    )
    assert refused(told(describes=apart), trade(margin_mode=CROSS, leverage=2.0))[0] == "edits[0].margin_mode"
    assert refused(told(ALONE, describes=apart), mode_of("ETHUSDT", CROSS))[0] == "edits[0].margin_mode"
    report = ask(told(describes=apart), trade("ETHUSDT", 10.0, leverage=10.0))
    assert after(report, "isolated:ETHUSDT:long").equity_usd == pytest.approx(3_000.0)


def test_an_account_that_cannot_be_described_refuses_with_the_reason() -> None:
    def fails(account: Account, tables: Tables) -> Description:
        if len(account.positions) > 1:
            raise BadPool("two are too many")
        return describe(account, tables)

    assert refused(told(LONG, describes=fails), trade("ETHUSDT", 1.0))[1] == "two are too many"


def test_what_the_venue_describes_nowhere_cannot_be_edited() -> None:
    def blind(account: Account, tables: Tables) -> Description:
        return describe(replace(account, positions={}), tables)

    assert "is in none of the account's pools" in refused(told(LONG, describes=blind), close())[1]


def test_contracts_and_a_rate_of_a_level_follow_the_size() -> None:
    level = replace(LONG, contracts=1000.0, maintenance_rate=0.02)
    seen: list[Position] = []

    def watching(account: Account, tables: Tables) -> Description:
        seen.extend(account.positions.values())
        return describe(account, tables)

    ask(told(level, describes=watching), close(fraction=0.5))
    assert (seen[-1].contracts, seen[-1].maintenance_rate) == (500.0, None)
    ask(told(replace(level, margin_mode=ISOLATED, isolated_wallet=9e3), describes=watching), close(fraction=0.5))
    assert seen[-1].maintenance_rate == 0.02


def test_a_leverage_of_its_own_goes_with_what_a_flip_opens() -> None:
    report = ask(told(LONG, ALONE), trade(quantity=-3.0, leverage=5.0))
    assert [each.leverage for each in after(report).positions] == [5.0]
    set_anew = ask(told(LONG, ALONE), SetLeverage(account=MAIN, symbol="BTCUSDT", leverage=7.0))
    assert [each.leverage for each in after(set_anew).positions] == [7.0]
