"""What each answer becomes: modes, roles, tables, prices, and an account whole."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import CollateralMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountSnapshot
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Payoff
from monitor.venues.hyperliquid import answers
from monitor.venues.hyperliquid.names import FIRST_WALLET, NO_UNIVERSE
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    NOW,
    SPOT_META,
    T0,
    TOKENS,
    UNIVERSE,
    VENUE,
    Row,
    coin,
    cross,
    dex,
    meta,
    perp,
    raw,
    spot,
)

STANDARD = raw(spot(coin("USDC", 5)))
POOLED = raw(spot(coin("USDC", 5), available={"USDC": 5.0}))


@pytest.mark.parametrize(
    ("said", "money", "kind", "collateral"),
    [
        ("disabled", STANDARD, "standard", CollateralMode.SINGLE_ASSET),
        ("default", STANDARD, "standard", CollateralMode.SINGLE_ASSET),
        ("unifiedAccount", POOLED, "unified", CollateralMode.SINGLE_ASSET),
        ("portfolioMargin", POOLED, "portfolio", CollateralMode.PORTFOLIO),
    ],
)
def test_a_mode_is_read_by_two_signals_that_agree(
    said: str, money: bytes, kind: str, collateral: CollateralMode
) -> None:
    found = answers.account_config(raw(said), money, ACCOUNT, T0, NOW)
    assert (found.mode.kind, found.mode.collateral, found.mode.hedge) == (kind, collateral, False)
    assert found.problems == ()
    assert found.mode.borrows is (kind == "portfolio")


def test_one_signal_alone_is_not_believed() -> None:
    found = answers.account_config(raw("default"), None, ACCOUNT, T0, NOW)
    assert found.mode.collateral is None
    assert found.problems == ("the spot state was not read, so that nothing confirms the account's mode",)


@pytest.mark.parametrize("said", [None, 5, ["default"], {"mode": "default"}])
def test_a_mode_that_is_no_word_is_no_answer(said: object) -> None:
    with pytest.raises(MalformedAnswer):
        answers.account_config(raw(said), STANDARD, ACCOUNT, T0, NOW)


@pytest.mark.parametrize(
    ("body", "role", "master", "refused"),
    [
        ({"role": "user"}, "user", "", False),
        ({"role": "vault"}, "vault", "", False),
        ({"role": "subAccount", "data": {"master": ADDRESS}}, "subAccount", ADDRESS, False),
        ({"role": "agent", "data": {"user": ADDRESS}}, "agent", ADDRESS, True),
        ({"role": "missing"}, "missing", "", True),
        ({"role": "agent"}, "agent", "", True),
    ],
)
def test_an_agent_is_refused_with_its_master_named(body: Row, role: str, master: str, *, refused: bool) -> None:
    found = answers.role(raw(body), ACCOUNT)
    assert (found.role, found.master) == (role, master)
    assert bool(found.refusal) is refused
    assert not refused or role == "missing" or "master" in found.refusal
    assert not (refused and master) or master in found.refusal


# Tables

METAS = [
    meta(perp("BTC", 40, 56), perp("kPEPE", 10), tables={56: [(0.0, 40), (150e6, 20)]}),
    meta(perp("xyz:GOLD", 20, marginMode="strictIsolated"), perp("xyz:OLD", 5, isDelisted=True), token="USDH"),
]


def test_a_universe_knows_each_dexs_perpetuals_and_its_token() -> None:
    known = answers.universe(raw([None, {"name": "xyz"}]), raw(METAS), raw(SPOT_META), VENUE)
    assert [(one.name, one.symbols, one.collateral) for one in known.dexs] == [
        ("", ("BTC", "kPEPE"), "USDC"),
        ("xyz", ("xyz:GOLD", "xyz:OLD"), "USDH"),
    ]
    assert known.tokens == TOKENS
    assert (known.collateral("xyz"), known.collateral("abcd")) == ("USDH", None)


def test_the_meta_of_the_first_dex_alone_is_enough_for_it() -> None:
    known = answers.universe(None, raw(METAS[0]), None, VENUE)
    assert [(one.name, one.collateral) for one in known.dexs] == [("", "USDC")]
    assert NO_UNIVERSE.collateral("") == "USDC"


def test_perpetuals_are_linear_settle_in_the_token_of_their_dex_and_stay_when_delisted() -> None:
    known = answers.universe(raw([None, {"name": "xyz"}]), raw(METAS), raw(SPOT_META), VENUE)
    listed = {one.symbol: one for one in answers.instruments(raw(METAS), known, VENUE, NOW).instruments}
    assert {(one.payoff, one.contract_size) for one in listed.values()} == {(Payoff.LINEAR, 1.0)}
    assert (listed["BTC"].quote, listed["BTC"].settle) == ("USDT", "USDC")
    assert (listed["xyz:GOLD"].quote, listed["xyz:GOLD"].settle, listed["xyz:GOLD"].coin) == ("USD", "USDH", "GOLD")
    assert not listed["xyz:OLD"].trading


def test_margin_tables_become_tiers_with_deductions() -> None:
    found = dict(answers.tiers(raw(METAS), VENUE, NOW).tiers)
    first, second = found["BTC"].tiers
    assert (first.rate, first.deduction) == (1 / 80, 0.0)
    assert (second.floor, second.rate) == (150e6, 1 / 40)
    assert second.deduction == pytest.approx(1_875_000)
    assert found["kPEPE"].tiers[0].rate == pytest.approx(0.05), "a table below 50 is one tier of that leverage"


@pytest.mark.parametrize(
    ("row", "tables"),
    [
        (perp("BTC", 40, 56), {}),  # its table is not there
        (perp("BTC", 40, 56), {56: []}),
        (perp("BTC", 40, 56), {56: [(100.0, 40)]}),  # does not begin with 0
        (perp("BTC", 40, 56), {56: [(0.0, 40), (0.0, 20)]}),  # does not rise
        (perp("BTC", 40, 56), {56: [(0.0, 0)]}),
    ],
)
def test_a_table_that_is_none_costs_its_perpetual_alone(row: Row, tables: dict[int, list[tuple[float, int]]]) -> None:
    bad: list[RowProblem] = []
    found = answers.tiers(raw([meta(row, perp("ETH", 25), tables=tables)]), VENUE, NOW, bad)
    assert [symbol for symbol, _ in found.tiers] == ["ETH"]
    assert len(bad) == 1


RESERVES = [
    [0, {"oraclePx": "0.9998", "ltv": "0.0"}],
    [150, {"oraclePx": "20.5", "ltv": "0.65"}],
    [197, {"oraclePx": "60000", "ltv": "0.5"}],
    [999, {"oraclePx": "1", "ltv": "0.5"}],
    [235, "broken"],
    [360, {"oraclePx": "0", "ltv": "1.5"}],
]


def test_reserves_tell_what_collateral_counts_and_what_it_costs() -> None:
    bad: list[RowProblem] = []
    terms = answers.collateral(raw(RESERVES), UNIVERSE, VENUE, NOW, bad)
    assert {asset: one.steps for asset, one in terms.terms} == {"HYPE": ((0.0, 0.825),), "UBTC": ((0.0, 0.75),)}
    assert [one.row for one in bad] == ["reserve 4"]
    ticks = answers.reserve_prices(raw(RESERVES), UNIVERSE, VENUE, NOW)
    assert {one.asset: one.price_usd for one in ticks} == {"USDC": 0.9998, "HYPE": 20.5, "BTC": 60000.0}


def test_dollar_tokens_cost_what_their_pair_says_and_coins_go_by_oracles() -> None:
    pairs = {
        **SPOT_META,
        "universe": [
            {"name": "@150", "tokens": [235, 0], "index": 150},
            {"name": "@107", "tokens": [150, 0], "index": 107},
            {"name": "@200", "tokens": [268, 150], "index": 200},
        ],
    }
    contexts = [
        {"coin": "@107", "markPx": "20", "midPx": "20.1"},
        {"coin": "@150", "markPx": "0.9991", "midPx": "0.9993"},
        {"coin": "@200", "markPx": "0.05", "midPx": None},
    ]
    (tick,) = answers.asset_prices(raw([pairs, contexts]), VENUE, NOW)
    assert (tick.asset, tick.price_usd) == ("USDE", 0.9993)


def test_marks_of_a_dex_have_its_oracle_beside_them() -> None:
    body = [
        {"universe": [{"name": "BTC"}, {"name": "ETH"}]},
        [{"markPx": "60000", "oraclePx": "60001", "funding": "0.00001"}, {"markPx": None}],
    ]
    bad: list[RowProblem] = []
    (tick,) = answers.marks(raw(body), VENUE, NOW, bad)
    assert (tick.symbol, tick.mark, tick.index) == ("BTC", 60000.0, 60001.0)
    assert [one.row for one in bad] == ["context of ETH"]
    rates = answers.funding(raw(body), VENUE, NOW)
    assert rates is not None
    assert rates.rates == (0.00001,)
    with pytest.raises(MalformedAnswer):
        answers.marks(raw([body[0], []]), VENUE, NOW)


def test_a_gap_in_the_candles_begins_the_series_anew() -> None:
    rows = [{"t": 60_000 * minute, "c": str(minute)} for minute in (1, 2, 5, 6, 7)]
    found = answers.candles(raw([*rows, {"t": "x"}]), VENUE, "BTC", at=8 * 60.0)
    assert found.closes == (5.0, 6.0, 7.0)


def test_the_venues_clock() -> None:
    assert answers.server_time(raw({"time": 1_790_000_000_500, "specialStatuses": None})) == 1_790_000_000.5
    with pytest.raises(MalformedAnswer):
        answers.server_time(raw({"time": None}))


# An account whole


def snapshot(states: dict[str, Row], money: Row) -> AccountSnapshot:
    raws = {name: raw(state) for name, state in states.items()}
    return answers.account_snapshot(raws, raw(money), ACCOUNT, T0, NOW, universe=UNIVERSE)


def test_an_account_is_all_its_dexs_and_its_spot() -> None:
    states = {"": dex(1000.0, cross("BTC", 0.5, 60000.0, 61000.0), maintenance=381.25), "xyz": dex(5.0)}
    found = snapshot(states, spot(coin("USDC", 150)))
    assert [one.symbol for one in found.positions] == ["BTC"]
    assert found.marks == (("BTC", 61000.0),)
    assert {one.name: tuple(one.balances) for one in found.wallets} == {FIRST_WALLET: ("USDC",), "xyz": ("USDE",)}
    first = found.wallets[0].balances["USDC"]
    assert first.wallet == pytest.approx(500.0)
    assert (first.venue_margin_balance, first.venue_maintenance_margin) == (1000.0, 381.25)
    assert found.venue.withdrawable == pytest.approx(1005.0)
    assert found.problems == ()


def test_a_bad_row_makes_a_snapshot_that_closes_nothing() -> None:
    state = dex(1000.0, cross("BTC", 0.5, 60000.0, 61000.0))
    state["assetPositions"][0]["position"]["szi"] = "many"
    found = snapshot({"": state}, spot())
    assert found.positions == ()
    assert found.problems == ("position of dex first row 0 cannot be read: szi is not a number",)


@pytest.mark.parametrize("field", ["accountValue", "totalRawUsd"])
def test_a_dex_that_does_not_say_what_it_is_worth_is_no_answer(field: str) -> None:
    state = dex(1000.0)
    state["crossMarginSummary"] = {**state["crossMarginSummary"], field: ""}
    with pytest.raises(MalformedAnswer):
        snapshot({"": state}, spot())


def test_in_a_pooled_account_each_token_has_what_backs_its_cross_positions() -> None:
    states = {
        "": dex(0.0, cross("BTC", 0.5, 60000.0, 61000.0), maintenance=381.25),
        "xyz": dex(0.0, cross("xyz:GOLD", 1.0, 100.0, 90.0), maintenance=2.25),
    }
    found = snapshot(states, spot(coin("USDC", 2000), available={"USDC": 1618.75}))
    (usdc,) = found.balances  # of USDE, which backs GOLD, nothing is told: that is not 0
    assert usdc.cross_wallet == pytest.approx(1500.0), "without the 500 that BTC has won"
    assert usdc.venue_margin_balance == pytest.approx(2000.0)
    lent = spot(coin("USDC", 2000, ltv="0.0"), available={"USDC": 1618.75})
    _, usde = sorted(snapshot(states, lent).balances, key=lambda one: one.asset)
    assert usde.cross_wallet == pytest.approx(10.0), "in portfolio margin a token that is not there has 0"
