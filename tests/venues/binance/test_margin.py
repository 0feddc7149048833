"""An account as pools, mode by mode."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import (
    Account,
    AccountMode,
    Balance,
    CollateralMode,
    MarginMode,
    Position,
    SymbolConfig,
    VenueAccount,
    VenuePosition,
)
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.lines import NEVER, Line
from monitor.domain.names import PoolKey, Side
from monitor.domain.tables import AssetRates, Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import DEFAULT_STAGES, Holding, Pool, counted_at
from monitor.venues.binance.margin import describe
from tests.venues.binance.support import ACCOUNT, VENUE

LINE = Line.at(80000.0, 0.2)


def listed(symbol: str, base: str, quote: str, coin: str | None = None, delivery: float | None = None) -> Instrument:
    return Instrument(
        venue=VENUE, symbol=symbol, payoff=Payoff.LINEAR, base=base, quote=quote, settle=quote, coin=coin or base,
        delivery_time=delivery,
    )  # fmt: skip


TABLES = Tables(
    instruments={
        one.symbol: one
        for one in (
            listed("BTCUSDT", "BTC", "USDT"),
            listed("ETHUSDT", "ETH", "USDT"),
            listed("BTCUSDC", "BTC", "USDC"),
            listed("BTCUSDT_261225", "BTC", "USDT", delivery=1798185600.0),
            listed("1000SHIBUSDT", "1000SHIB", "USDT", coin="SHIB"),
        )
    },
    tiers={symbol: flat(0.01) for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDC", "BTCUSDT_261225", "1000SHIBUSDT")},
    rates={
        "USDT": AssetRates(positive_rate=1.0, negative_rate=1.0001, requirement_rate=1.0001),
        "USDC": AssetRates(positive_rate=0.9999, negative_rate=1.0001, requirement_rate=1.0001),
        "BTC": AssetRates(positive_rate=0.95, negative_rate=1.05, requirement_rate=1.05),
    },
)


def position(symbol: str, quantity: float, **more: Any) -> Position:
    given: dict[str, Any] = {
        "symbol": symbol,
        "side": Side.LONG if quantity > 0 else Side.SHORT,
        "quantity": quantity,
        "entry_price": 100_000.0,
        "margin_mode": MarginMode.CROSS,
        "margin_asset": "USDC" if symbol.endswith("USDC") else "USDT",
        "venue": VenuePosition(
            mark_price=100_000.0,
            liquidation=LINE,
            unrealized_pnl=10.0,
            maintenance_margin=5.0,
            initial_margin=50.0,
        ),
    }
    return Position(**(given | more))


def isolated(symbol: str, quantity: float, wallet: float | None = 1000.0, **more: Any) -> Position:
    return position(symbol, quantity, margin_mode=MarginMode.ISOLATED, isolated_wallet=wallet, **more)


def account(
    *positions: Position,
    balances: dict[str, float | None] | None = None,
    multi: bool | None = False,
    hedge: bool | None = False,
    **more: Any,
) -> Account:
    collateral = {None: None, True: CollateralMode.MULTI_ASSETS, False: CollateralMode.SINGLE_ASSET}[multi]
    wallets = {"USDT": 5000.0} if balances is None else balances
    return Account(
        key=ACCOUNT,
        mode=AccountMode(collateral=collateral, hedge=hedge),
        positions={one.key: one for one in positions},
        balances={
            asset: Balance(asset=asset, wallet=wallet or 0.0, cross_wallet=wallet, venue_cross_unrealized_pnl=0.0)
            for asset, wallet in wallets.items()
        },
        **more,
    )


def pools(described: Account, tables: Tables = TABLES) -> dict[str, Pool]:
    description = describe(described, tables)
    assert description.unknown == ()
    return {pool.key.pool: pool for pool in description.pools}


def test_single_asset_cross_is_one_pool_of_the_margin_asset() -> None:
    (pool,) = describe(account(position("BTCUSDT", 0.5), position("ETHUSDT", -3.0)), TABLES).pools
    assert pool.key == PoolKey("binance", "main", "cross:USDT")
    assert (pool.numeraire, pool.cash, pool.isolated, pool.holdings) == ("USDT", 5000.0, False, ())
    assert [(leg.symbol, leg.side, leg.quantity, leg.entry) for leg in pool.legs] == [
        ("BTCUSDT", Side.LONG, 0.5, 100_000.0),
        ("ETHUSDT", Side.SHORT, -3.0, 100_000.0),
    ]
    assert {leg.settle for leg in pool.legs} == {"USDT"}
    assert pool.stages == DEFAULT_STAGES
    assert (pool.reasons, pool.unknown, pool.backstop) == ((), (), None)


def test_the_venues_figures_are_summed_from_rows_and_never_from_totals() -> None:
    totals = VenueAccount(equity=99999.0, maintenance_margin=99999.0)
    found = pools(account(position("BTCUSDT", 0.5), position("ETHUSDT", -3.0), isolated("BTCUSDC", 1.0), venue=totals))
    venue = found["cross:USDT"].venue
    assert (venue.equity, venue.maintenance_margin, venue.initial_margin) == (5020.0, 10.0, 100.0)
    assert venue.ratio == pytest.approx(10.0 / 5020.0)
    assert not venue.ratio_inverted


def test_usdt_and_usdc_are_two_pools() -> None:
    found = pools(account(position("BTCUSDT", 0.5), position("BTCUSDC", 0.2), balances={"USDT": 10.0, "USDC": 20.0}))
    assert list(found) == ["cross:USDC", "cross:USDT"]
    assert [leg.symbol for leg in found["cross:USDC"].legs] == ["BTCUSDC"]
    assert (found["cross:USDC"].cash, found["cross:USDT"].cash) == (20.0, 10.0)


def test_a_balance_without_positions_is_a_pool_and_a_zero_one_is_none() -> None:
    found = pools(account(balances={"USDT": 10.0, "BNB": 0.0, "USDC": -3.0}))
    assert {name: pool.cash for name, pool in found.items()} == {"cross:USDC": -3.0, "cross:USDT": 10.0}
    assert all(pool.legs == () and pool.unknown == () for pool in found.values())


def test_an_isolated_position_is_a_pool_of_its_own_wallet() -> None:
    found = pools(account(isolated("BTCUSDT", 0.5), position("ETHUSDT", 1.0)))
    assert list(found) == ["cross:USDT", "isolated:BTCUSDT:long"]
    pool = found["isolated:BTCUSDT:long"]
    assert (pool.isolated, pool.numeraire, pool.cash) == (True, "USDT", 1000.0)
    assert (pool.venue.equity, pool.venue.maintenance_margin) == (1010.0, 5.0)
    assert [leg.symbol for leg in found["cross:USDT"].legs] == ["ETHUSDT"]


def test_all_in_isolated_positions_leaves_no_cross_pool() -> None:
    described = account(isolated("BTCUSDT", 0.5), balances={"USDT": 0.0})
    assert list(pools(described)) == ["isolated:BTCUSDT:long"]


def test_hedge_cross_has_both_sides_in_one_pool_and_one_printed_price_for_both() -> None:
    found = pools(account(position("BTCUSDT", 0.5, hedge=True), position("BTCUSDT", -0.2, hedge=True), hedge=True))
    pool = found["cross:USDT"]
    assert [(leg.side, leg.quantity) for leg in pool.legs] == [(Side.LONG, 0.5), (Side.SHORT, -0.2)]
    assert [leg.tier_group for leg in pool.legs] == [None, None]
    assert [(line.side, line.printed, line.moves) for line in pool.venue.lines] == [
        (Side.LONG, LINE, (("BTCUSDT", 1.0),)),
        (Side.SHORT, LINE, (("BTCUSDT", 1.0),)),
    ]


def test_hedge_isolated_has_a_pool_a_side() -> None:
    described = account(isolated("BTCUSDT", 0.5, hedge=True), isolated("BTCUSDT", -0.2, 300.0, hedge=True), hedge=True)
    found = pools(described)
    assert list(found) == ["cross:USDT", "isolated:BTCUSDT:long", "isolated:BTCUSDT:short"]
    assert found["isolated:BTCUSDT:short"].cash == 300.0
    assert [len(found[name].venue.lines) for name in list(found)[1:]] == [1, 1]


def test_multi_assets_is_one_pool_in_usd_with_a_row_an_asset() -> None:
    described = account(
        position("BTCUSDT", 0.5), position("BTCUSDC", -0.2), multi=True, balances={"BTC": 0.3, "USDT": -200.0},
        venue=VenueAccount(equity=9000.0, maintenance_margin=90.0, initial_margin=900.0),
    )  # fmt: skip
    (pool,) = describe(described, TABLES).pools
    assert (pool.key.pool, pool.numeraire, pool.cash) == ("multi-assets", "USD", 0.0)
    assert pool.holdings == (
        Holding(asset="BTC", amount=0.3, collateral=counted_at(0.95), negative_rate=1.05, requirement_rate=1.05),
        Holding(asset="USDC", amount=0.0, collateral=counted_at(0.9999), negative_rate=1.0001, requirement_rate=1.0001),
        Holding(asset="USDT", amount=-200.0, collateral=counted_at(1.0), negative_rate=1.0001, requirement_rate=1.0001),
    )
    assert [leg.settle for leg in pool.legs] == ["USDC", "USDT"]
    assert (pool.venue.equity, pool.venue.maintenance_margin, pool.venue.initial_margin) == (9000.0, 90.0, 900.0)
    assert pool.venue.ratio == pytest.approx(0.01)
    assert pool.reasons == ("no balance of USDC in the account: taken as 0",)
    # What the venue assumes of collateral's price is not known, so that its printed price is held to loosely.
    assert {line.tolerance for line in pool.venue.lines} == {0.02}


def test_multi_assets_keeps_isolated_positions_apart() -> None:
    found = pools(account(position("BTCUSDT", 0.5), isolated("ETHUSDT", 1.0), multi=True))
    assert list(found) == ["multi-assets", "isolated:ETHUSDT:long"]


def test_multi_assets_without_rates_is_unknown_and_an_unlisted_asset_counts_nothing() -> None:
    described = account(position("BTCUSDT", 0.5), multi=True, balances={"USDT": 10.0, "ODD": 5.0})
    (pool,) = describe(described, TABLES).pools
    assert (pool.unknown, pool.reasons) == ((), ("ODD is not in the asset index: it counts nothing",))
    (blind,) = describe(described, Tables(instruments=TABLES.instruments, tiers=TABLES.tiers)).pools
    assert blind.unknown == ("no collateral rates for ODD", "no collateral rates for USDT")
    (owed,) = describe(account(multi=True, balances={"ODD": -5.0, "USDT": 10.0}), TABLES).pools
    assert owed.unknown == ("no collateral rates for ODD",)


def test_credits_are_one_cross_pool_that_settles_one_to_one_in_usd() -> None:
    described = account(
        position("BTCUSDT", 0.5), position("BTCUSDC", -0.2), balances={"BNFCR": 5001.25, "USDC": 0.0, "USDT": 7.0}
    )
    (pool,) = describe(described, TABLES).pools
    assert (pool.key.pool, pool.numeraire, pool.cash) == ("cross:BNFCR", "USD", 5001.25)
    assert {leg.settle for leg in pool.legs} == {"USD"}
    assert pool.reasons == ("credits trading mode: the balance of USDT is not counted",)
    assert pool.venue.equity == pytest.approx(5021.25)


def test_a_debt_beside_credits_is_not_guessed_at() -> None:
    (pool,) = describe(account(balances={"BNFCR": 100.0, "USDT": -7.0}), TABLES).pools
    assert pool.unknown == ("credits trading mode: cannot tell how the debt in USDT counts",)


def test_a_bnfcr_row_of_zero_changes_nothing() -> None:
    found = pools(account(position("BTCUSDT", 0.5), balances={"BNFCR": 0.0, "USDT": 10.0}))
    assert list(found) == ["cross:USDT"]


def test_credits_in_multi_assets_mode_are_usd_beside_the_collateral() -> None:
    described = account(position("BTCUSDT", 0.5), multi=True, balances={"BNFCR": -50.0, "BTC": 0.1})
    (pool,) = describe(described, TABLES).pools
    assert (pool.key.pool, pool.cash, [row.asset for row in pool.holdings]) == ("multi-assets", -50.0, ["BTC"])
    assert {leg.settle for leg in pool.legs} == {"USD"}


def test_a_delivery_contract_stands_beside_its_perpetual_on_the_same_coin() -> None:
    found = pools(account(position("BTCUSDT", 0.5), position("BTCUSDT_261225", -0.5)))
    legs = found["cross:USDT"].legs
    assert [(leg.symbol, leg.base, leg.coin) for leg in legs] == [
        ("BTCUSDT", "BTC", "BTC"),
        ("BTCUSDT_261225", "BTC", "BTC"),
    ]
    assert found["cross:USDT"].unknown == ()


def test_a_thousand_of_a_coin_moves_with_the_coin() -> None:
    (leg,) = pools(account(position("1000SHIBUSDT", 100.0)))["cross:USDT"].legs
    assert (leg.base, leg.coin) == ("1000SHIB", "SHIB")


@pytest.mark.parametrize("auto", [True, False, None])
def test_auto_add_margin_makes_the_cross_pool_the_backstop(auto: bool | None) -> None:
    setting = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", auto_add_margin=auto)}
    found = pools(account(isolated("BTCUSDT", 0.5), symbols=setting))
    expected = PoolKey("binance", "main", "cross:USDT") if auto else None
    assert found["isolated:BTCUSDT:long"].backstop == expected


def test_auto_add_margin_without_anything_to_add_has_no_backstop() -> None:
    setting = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", auto_add_margin=True)}
    found = pools(account(isolated("BTCUSDT", 0.5), symbols=setting, balances={"USDC": 100.0}))
    assert found["isolated:BTCUSDT:long"].backstop is None


def test_auto_add_margin_in_multi_assets_mode_draws_on_the_one_pool() -> None:
    setting = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", auto_add_margin=True)}
    found = pools(account(isolated("BTCUSDT", 0.5), symbols=setting, multi=True))
    assert found["isolated:BTCUSDT:long"].backstop == PoolKey("binance", "main", "multi-assets")


def test_leverage_gives_the_initial_rate_and_nothing_else() -> None:
    setting = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", leverage=20.0)}
    plain, with_leverage = (
        pools(account(position("BTCUSDT", 0.5), position("ETHUSDT", 1.0), symbols=symbols))["cross:USDT"]
        for symbols in ({}, setting)
    )
    assert [leg.initial_margin_rate for leg in with_leverage.legs] == [0.05, None]
    assert [leg.initial_margin_rate for leg in plain.legs] == [None, None]
    assert [leg.tiers for leg in plain.legs] == [leg.tiers for leg in with_leverage.legs]


def test_a_missing_bracket_table_leaves_the_tiers_unknown() -> None:
    tables = Tables(instruments=TABLES.instruments, tiers={"BTCUSDT": flat(0.01)})
    legs = pools(account(position("BTCUSDT", 0.5), position("ETHUSDT", 1.0)), tables)["cross:USDT"].legs
    assert [leg.tiers is None for leg in legs] == [False, True]


@pytest.mark.parametrize(
    ("multi", "hedge", "reasons"),
    [
        (None, False, ("cannot tell how the balances back the positions",)),
        (False, None, ("cannot tell one-way from hedge mode",)),
        (
            None,
            None,
            ("cannot tell how the balances back the positions", "cannot tell one-way from hedge mode"),
        ),
    ],
)
def test_an_unreadable_mode_is_computed_not_at_all(
    multi: bool | None, hedge: bool | None, reasons: tuple[str, ...]
) -> None:
    description = describe(account(position("BTCUSDT", 0.5), multi=multi, hedge=hedge), TABLES)
    assert (description.pools, description.unknown) == ((), reasons)


def test_a_mode_that_its_own_positions_contradict_is_unreadable() -> None:
    description = describe(account(position("BTCUSDT", 0.5, hedge=True), hedge=False), TABLES)
    assert description.pools == ()
    assert description.unknown == ("the account says one-way mode, but BTCUSDT is held in hedge mode",)
    description = describe(account(position("BTCUSDT", 0.5), hedge=True), TABLES)
    assert description.unknown == ("the account says hedge mode, but BTCUSDT is held in one-way mode",)


def test_a_position_of_unreadable_margin_mode_makes_the_cross_pool_unknown_but_no_isolated_one() -> None:
    found = pools(account(position("BTCUSDT", 0.5, margin_mode=None), isolated("ETHUSDT", 1.0)))
    assert found["cross:USDT"].unknown == ("cannot tell whether BTCUSDT long is cross or isolated",)
    assert [leg.symbol for leg in found["cross:USDT"].legs] == ["BTCUSDT"]
    assert found["isolated:ETHUSDT:long"].unknown == ()


def test_what_is_missing_makes_its_pool_unknown_in_words() -> None:
    found = pools(
        account(position("BTCUSDT", 0.5, entry_price=None), isolated("ETHUSDT", 1.0, None), balances={"USDT": None})
    )
    assert found["cross:USDT"].unknown == (
        "no entry price of BTCUSDT long",
        "no cross wallet of USDT in the account",
    )
    assert found["isolated:ETHUSDT:long"].unknown == ("no isolated wallet of ETHUSDT long",)
    without_row = pools(account(position("BTCUSDT", 0.5), balances={}))
    assert without_row["cross:USDT"].unknown == ("no cross wallet of USDT in the account",)


def test_without_contract_data_the_name_serves_and_that_is_said() -> None:
    (pool,) = describe(account(position("BTCUSDT", 0.5)), Tables(tiers=TABLES.tiers)).pools
    assert pool.reasons == ("no contract data for BTCUSDT: base and quote taken from its name",)
    assert (pool.legs[0].base, pool.legs[0].quote, pool.unknown) == ("BTC", "USDT", ())
    odd = position("WHATEVER", 1.0, margin_asset=None)
    (pool,) = describe(account(odd), Tables()).pools
    assert pool.unknown == ("no contract data for WHATEVER",)


def test_a_line_that_the_venue_did_not_print_is_not_compared() -> None:
    silent = position("BTCUSDT", 0.5, venue=VenuePosition(mark_price=1.0))
    never = position("ETHUSDT", 0.5, venue=VenuePosition(mark_price=1.0, liquidation=NEVER))
    lines = pools(account(silent, never))["cross:USDT"].venue.lines
    assert [(line.symbol, line.printed) for line in lines] == [("ETHUSDT", NEVER)]


def test_the_order_of_pools_and_legs_does_not_depend_on_the_order_of_rows() -> None:
    rows = [position("ETHUSDT", 1.0), position("BTCUSDT", -1.0), isolated("BTCUSDC", 1.0), isolated("ETHUSDT", -2.0)]
    forth = describe(account(*rows, balances={"USDT": 1.0, "USDC": 2.0}), TABLES)
    back = describe(account(*reversed(rows), balances={"USDC": 2.0, "USDT": 1.0}), TABLES)
    assert forth == back
