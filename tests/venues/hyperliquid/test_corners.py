"""What is seldom seen: answers of odd shapes, rows with holes, and accounts whose tables lag behind what they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Account, MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick, Ticks
from monitor.domain.frames import FrameKind, RowProblem
from monitor.domain.names import PositionKey, Side
from monitor.domain.tables import Tables
from monitor.venues.hyperliquid import answers
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.reading import reason
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    NOW,
    SPOT_META,
    UNIVERSE,
    VENUE,
    coin,
    cross,
    decoded,
    dex,
    folder_of,
    frame,
    isolated,
    meta,
    named,
    perp,
    raw,
    spot,
    told,
)


def test_all_perpetuals_pay_each_hour() -> None:
    found = answers.funding_intervals(UNIVERSE, VENUE, NOW)
    assert found.symbols == ("BTC", "ETH", "xyz:GOLD", "xyz:TSLA")
    assert set(found.intervals_seconds) == {3600.0}


def test_a_pair_without_a_price_is_named_and_others_stand() -> None:
    pairs = {**SPOT_META, "universe": [{"name": "@1", "tokens": [235, 0]}, {"name": "@2", "tokens": [360, 0]}]}
    contexts = [{"coin": "@1", "midPx": None, "markPx": "0"}, {"coin": "@2", "midPx": "1.001"}]
    bad: list[RowProblem] = []
    (tick,) = answers.asset_prices(raw([pairs, contexts]), VENUE, NOW, bad)
    assert tick.asset == "USDH"
    assert [one.row for one in bad] == ["pair @1"]


def test_contexts_without_names_go_by_their_places() -> None:
    pairs = {**SPOT_META, "universe": [{"name": "@1", "tokens": [235, 0]}]}
    (tick,) = answers.asset_prices(raw([pairs, [{"midPx": "0.999"}]]), VENUE, NOW)
    assert (tick.asset, tick.price_usd) == ("USDE", 0.999)


def test_a_perpetual_without_a_name_makes_places_uncertain() -> None:
    with pytest.raises(MalformedAnswer, match="places cannot be told"):
        answers.universe(None, raw([{"universe": [{"name": "BTC"}, {"szDecimals": 1}]}]), None, VENUE)


def test_words_of_a_refusal_that_are_no_json_name_no_topic() -> None:
    for words in (
        "Invalid {not json}",
        "Invalid } before {",
        'Invalid {"subscription": 5}',
        "Invalid {}",
        "Invalid [1]",
    ):
        found = decoded(frame("error", words))
        assert (found.kind, found.request_id) == (FrameKind.REFUSED, None)


def test_one_context_of_a_coin_that_may_back_an_account_tells_its_price() -> None:
    found = decoded(
        frame("activeAssetCtx", {"coin": "BTC", "ctx": {"markPx": 60000.5, "oraclePx": 60001, "funding": None}})
    )
    assert [type(event) for event in found.events] == [Ticks, AssetTick]


def test_a_price_with_an_underscore_or_a_bare_number_is_told_apart() -> None:
    contexts = [{"markPx": "60_000", "funding": None}, {"markPx": 3000.5, "funding": None}]
    found = decoded(frame("allDexsAssetCtxs", {"ctxs": [["", contexts]]}))
    (ticks,) = found.events
    assert isinstance(ticks, Ticks)
    assert ticks.symbols == ("ETH",)


def test_a_fill_without_a_time_is_a_bad_row() -> None:
    fills = [{"coin": "BTC", "closedPnl": "1", "fee": "0"}]
    found = decoded(frame("userFills", {"user": ADDRESS, "fills": fills}))
    assert (found.kind, found.events) == (FrameKind.MALFORMED, ())


def test_a_user_event_of_orders_says_nothing_of_risk() -> None:
    found = decoded(frame("user", {"nonUserCancel": [{"coin": "BTC", "oid": 1}]}))
    assert (found.kind, found.events) == (FrameKind.DATA, ())


def test_reasons_hold_nothing_of_what_was_said() -> None:
    assert reason(RecursionError()) == "nested too deep"
    assert reason(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")) == "not UTF-8"
    assert reason(ValueError()) == "ValueError"


def test_a_position_of_size_zero_and_a_price_that_is_none_are_no_position_and_no_price() -> None:
    rows = [cross("BTC", 0.5, 60000.0, 60000.0, "0.0"), cross("ETH", 1.0, 3000.0, 3000.0)]
    state = dex(5000.0, *rows)
    state["assetPositions"][1]["position"]["szi"] = "0.0"
    found = told(folder_of({"": state}, metas=[meta(perp("BTC", 40), perp("ETH", 25))]))
    (position,) = found.account.positions.values()
    assert position.venue.liquidation.reasons == ("the venue's liquidation price is no price",)
    assert found.pool("cross:USDC").venue.lines == ()


def test_an_isolated_row_without_its_cash_leg_is_a_bad_row() -> None:
    row = isolated("BTC", 0.5, 60000.0, 60000.0, -25000.0)
    del row["position"]["leverage"]["rawUsd"]
    found = told(folder_of({"": dex(0.0, row)}, metas=[meta(perp("BTC", 40))]), problems=True)
    assert found.account.positions == {}


def holding(*rows: dict[str, object]) -> tuple[Account, Tables]:
    found = told(folder_of({"": dex(5000.0, *rows)}, metas=[meta(perp("BTC", 40))]))
    return found.account, found.tables


def test_a_dex_that_was_not_read_with_a_position_on_it_is_unknown() -> None:
    account, tables = holding(cross("BTC", 0.1, 60000.0, 60000.0))
    (pool,) = describe(replace(account, wallets={}), tables).pools
    assert pool.unknown == ("the dex first dex of the account was not read",)


def test_rows_with_holes_make_their_pool_unknown_in_words() -> None:
    account, tables = holding(cross("BTC", 0.1, 60000.0, 60000.0), isolated("BTC", 0.0, 1.0, 1.0, 0.0))
    key = PositionKey("BTC", Side.LONG)
    holes = replace(account.positions[key], entry_price=None, margin_asset=None)
    alone = replace(holes, margin_mode=MarginMode.ISOLATED, isolated_wallet=None)
    cross_pool, *_ = describe(replace(account, positions={key: holes}), replace(tables, instruments={})).pools
    assert set(cross_pool.unknown) == {
        "no contract data for BTC",
        "which token backs BTC is not known",
        "no entry price of BTC long",
    }
    *_, isolated_pool = describe(replace(account, positions={key: alone}), tables).pools
    assert "no margin of BTC long" in isolated_pool.unknown


def test_portfolio_margin_of_nothing_is_no_pool_and_without_usdc_is_unknown() -> None:
    empty = told(folder_of({"": dex()}, mode="portfolioMargin", money=spot(available={})))
    assert empty.description.pools == ()
    held = folder_of(
        {"": dex(0.0, cross("BTC", 0.1, 60000.0, 60000.0))},
        mode="portfolioMargin",
        money=spot(coin("HYPE", 5, ltv="0.5"), available={}),
        metas=[meta(perp("BTC", 40))],
    )
    account = told(held)
    without = replace(account.account, balances={"HYPE": account.account.balances["HYPE"]})
    pools = describe(without, account.tables).pools
    assert any(pool.unknown for pool in pools)


def test_a_loan_whose_collateral_has_no_price_in_the_answer_is_rebuilt() -> None:
    money = spot(coin("USDC", -50, borrowed="50"), coin("UBTC", 1), available={}, portfolioMarginRatio="0.1")
    account = told(folder_of({"": dex()}, mode="portfolioMargin", money=money))
    assert account.pool("portfolio-margin").reasons[0].startswith("a loan:")
    assert "no price in its answer" in account.pool("portfolio-margin").reasons[0]


def test_a_capture_without_the_words_of_the_mode_is_unknown() -> None:
    files = folder_of({"": dex(5.0)})
    del files[named("userAbstraction")]
    assert told(files).description.unknown == ("cannot tell the account's mode",)
    assert told(files).account.key == ACCOUNT


def test_perpetuals_name_their_dex_whatever_its_place_in_another_answer() -> None:
    metas = [meta(perp("BTC", 40)), meta(perp("xyz:GOLD", 20), token="USDE"), meta(perp("hyna:BTC", 10))]
    known = answers.universe(raw([None, {"name": "hyna"}, {"name": "xyz"}]), raw(metas), raw(SPOT_META), VENUE)
    assert [(one.name, one.collateral) for one in known.dexs] == [("", "USDC"), ("xyz", "USDE"), ("hyna", "USDC")]


def test_perpetuals_of_two_dexs_in_one_make_places_uncertain() -> None:
    metas = [meta(perp("BTC", 40)), meta(perp("xyz:GOLD", 20), perp("hyna:BTC", 10))]
    with pytest.raises(MalformedAnswer, match="several dexs"):
        answers.universe(raw([None, {"name": "xyz"}]), raw(metas), raw(SPOT_META), VENUE)


@pytest.mark.parametrize("row", [{"coin": "+14720", "token": 150}, {"coin": "HYPE"}])
def test_sides_of_outcomes_and_rows_without_a_token_are_no_balances(row: dict[str, object]) -> None:
    found = told(folder_of({"": dex()}, money=spot({**row, "total": "5", "hold": "0"})))
    assert found.account.balances == {}
