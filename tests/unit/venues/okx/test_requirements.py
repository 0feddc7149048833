"""A table of tiers is doubted where the venue requires of a position what the table does not say, and only there."""

from __future__ import annotations

from math import inf, nextafter

import pytest

from monitor.domain.accounts import MarginMode, Position, VenuePosition
from monitor.domain.events import TiersLoaded
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import Side
from monitor.domain.tiers import Tier, TierBy, TierTable
from monitor.venues.okx.needs import TierKey
from monitor.venues.okx.requirements import contradicted

SWAP, COINS, DATED = "BTC-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-261225"
TABLE = TierTable((Tier(0.0, 0.004), Tier(nextafter(1000.0, inf), 0.005)), TierBy.CONTRACTS)
LOADED = TiersLoaded("okx", None, ((SWAP, TABLE), (COINS, TABLE)), 0.0, isolated=((SWAP, TABLE),))
CROSS = TierKey("SWAP", "BTC-USDT", "cross")
MARK = 100_000.0


def listed(symbol: str, payoff: Payoff, size: float) -> Instrument:
    settle = "BTC" if payoff is Payoff.INVERSE else "USDT"
    return Instrument(
        venue="okx",
        symbol=symbol,
        payoff=payoff,
        base="BTC",
        quote="USD",
        settle=settle,
        coin="BTC",
        contract_size=size,
    )


LISTED = {SWAP: listed(SWAP, Payoff.LINEAR, 0.01), COINS: listed(COINS, Payoff.INVERSE, 100.0)}


def held(
    required: float | None,
    contracts: float = 10.0,
    symbol: str = SWAP,
    mode: MarginMode = MarginMode.CROSS,
    side: Side = Side.LONG,
) -> Position:
    return Position(
        symbol=symbol,
        side=side,
        quantity=contracts if side is Side.LONG else -contracts,
        entry_price=MARK,
        margin_mode=mode,
        contracts=contracts,
        venue=VenuePosition(mark_price=MARK, maintenance_margin=required),
    )


@pytest.mark.parametrize(("contracts", "rate"), [(10.0, 0.004), (1000.0, 0.004), (1001.0, 0.005)])
def test_the_rate_of_its_size_contradicts_nothing(contracts: float, rate: float) -> None:
    position = held(contracts * 0.01 * MARK * rate, contracts)
    assert not contradicted([position], LISTED, LOADED)


@pytest.mark.parametrize(("contracts", "rate"), [(10.0, 0.006), (10.0, 0.005), (1001.0, 0.004)])
def test_a_rate_that_is_not_its_tier_s_contradicts_the_table(contracts: float, rate: float) -> None:
    position = held(contracts * 0.01 * MARK * rate, contracts)
    assert contradicted([position], LISTED, LOADED) == {CROSS}


def test_cross_and_isolated_have_tables_of_their_own() -> None:
    positions = [held(10.0 * 0.01 * MARK * 0.004), held(10.0 * 0.01 * MARK * 0.009, mode=MarginMode.ISOLATED)]
    assert contradicted(positions, LISTED, LOADED) == {CROSS._replace(mode="isolated")}


def test_of_two_legs_any_tier_s_rate_is_right_and_no_other() -> None:
    legs = [held(10.0 * 0.01 * MARK * 0.005), held(10.0 * 0.01 * MARK * 0.005, side=Side.SHORT)]
    assert not contradicted(legs, LISTED, LOADED), "they may count together"
    legs[0] = held(10.0 * 0.01 * MARK * 0.007)
    assert contradicted(legs, LISTED, LOADED) == {CROSS}


@pytest.mark.parametrize("price", [1.0, MARK], ids=["in the coin", "in USD"])
def test_a_coin_margined_requirement_is_right_in_either_unit(price: float) -> None:
    worth = 10.0 * 100.0 / MARK
    assert not contradicted([held(worth * 0.004 * price, symbol=COINS)], LISTED, LOADED)
    key = TierKey("SWAP", "BTC-USD", "cross")
    assert contradicted([held(worth * 0.006 * price, symbol=COINS)], LISTED, LOADED) == {key}


@pytest.mark.parametrize(
    "position",
    [held(None), held(0.0), held(99.0, symbol=DATED), held(99.0, symbol="BTC-USDT"), held(99.0, 0.0)],
    ids=["nothing printed", "zero printed", "not listed", "spot margin", "no size"],
)
def test_what_tells_nothing_contradicts_nothing(position: Position) -> None:
    assert not contradicted([position], LISTED, LOADED)
