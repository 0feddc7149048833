"""What-if over any account of the paper venue: what is undone is as before, nothing is lost on the way from one account
to another, and prices that are supposed do what prices do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.domain.accounts import MarginMode, Position
from monitor.domain.events import AssetTick, Tick
from monitor.domain.lines import Direction, State
from monitor.domain.names import AccountKey
from monitor.domain.reports import PoolReport
from monitor.domain.whatif import Close, Collateral, Edit, SetMarginMode, Trade, Transfer, WhatIf, WhatIfReport
from monitor.engine.engine import Engine
from monitor.engine.picture import Picture
from monitor.engine.settings import EngineSettings
from monitor.engine.whatif import what_if
from tests.unit.engine.situations import (
    MAIN,
    OTHER,
    T,
    asset,
    config,
    describe,
    held,
    reading,
    started,
    tick,
    usdt,
)

FEWER = settings(max_examples=settings().max_examples // 4)  # each example describes and solves an account often
PRICES = {"BTC": 60_000.0, "ETH": 3_000.0}
MOVES = st.floats(-0.9, 0.9)


@dataclass(frozen=True, slots=True)
class Held:
    """What an account is drawn to hold."""

    positions: tuple[Position, ...]
    wallet: float


@st.composite
def accounts(draw: st.DrawFn) -> Held:
    """One or two coins, long or short, cross or with margin of their own, opened near the mark; a wallet for them."""
    positions = []
    for coin, price in PRICES.items():
        if coin == "BTC" or draw(st.booleans()):
            size = draw(st.floats(0.05, 3.0)) * draw(st.sampled_from([1.0, -1.0])) * 60_000.0 / price
            entry = price * draw(st.floats(0.95, 1.05))
            own = draw(st.none() | st.floats(0.1, 0.5))
            isolated = None if own is None else abs(size) * entry * own
            positions.append(held(f"{coin}USDT", size, entry, isolated=isolated))
    return Held(tuple(positions), draw(st.floats(20_000.0, 200_000.0)))


def pictured(*drawn: Held, prices: dict[str, float] = PRICES, usdt_price: float = 1.0) -> Picture:
    """One or two accounts, at such prices."""
    keys = (MAIN, OTHER)[: len(drawn)]
    engine = Engine(
        {"paper": describe}, EngineSettings(accounts=keys, lines_every_seconds=0.0, wanted_distance_ratio=0.0)
    )
    tables = [event for event in started() if not isinstance(event, (Tick, AssetTick))]
    events: list[Any] = [*tables, asset("USDT", usdt_price, T)]
    for coin, price in prices.items():
        events += [tick(f"{coin}USDT", price / usdt_price), asset(coin, price)]
    for key, one in zip(keys, drawn, strict=True):
        events += [config(account=key), reading(*one.positions, balances=(usdt(one.wallet),), account=key)]
    engine.step(events, T + 1.0)
    return engine.picture()


def ask(picture: Picture, *edits: Edit, **request: Any) -> WhatIfReport:
    return what_if(picture, WhatIf(edits=edits, **request))


def near(one: float | None, other: float | None, rel: float, abs_: float = 0.0) -> bool:
    """Whether both are unknown, or both the same number."""
    return one is other if one is None or other is None else one == pytest.approx(other, rel=rel, abs=abs_)


def same(one: Sequence[PoolReport], other: Sequence[PoolReport]) -> None:
    """The same pools, with the same figures, positions and lines; what holds nothing at all may be there or not."""
    first, second = ({pool.key: pool for pool in pools if pool.positions} for pools in (one, other))
    assert first.keys() == second.keys()
    for key, pool in first.items():
        there = second[key]
        scale = 1.0 + sum(position.notional_usd or 0.0 for position in pool.positions)
        assert near(pool.equity_usd, there.equity_usd, 1e-9, 1e-9 * scale)
        assert near(pool.maintenance_margin_usd, there.maintenance_margin_usd, 1e-9)
        assert pool.ratio.state == there.ratio.state
        assert near(pool.ratio.value, there.ratio.value, 1e-6)
        held_, kept = ({(p.symbol, p.side): p.quantity for p in each.positions} for each in (pool, there))
        assert held_ == pytest.approx(kept, rel=1e-9)
        for coin, sides in pool.coins.items():
            for direction, line in sides.items():
                assert line.state == there.coins[coin][direction].state
                assert near(line.price, there.coins[coin][direction].price, 1e-6)


def before_and_after(report: WhatIfReport) -> tuple[Sequence[PoolReport], Sequence[PoolReport]]:
    return report.accounts[0].before.pools, report.accounts[0].after.pools


@FEWER
@given(accounts(), st.floats(0.01, 5.0), st.sampled_from([1.0, -1.0]), st.floats(0.9, 1.1))
def test_what_is_bought_and_sold_again_at_one_price_without_a_fee_was_never_there(
    drawn: Held, size: float, sign: float, price: float
) -> None:
    (first, *_) = drawn.positions
    assume(first.isolated_wallet is None)  # an isolated position gives margin back that it was not given
    assume(first.quantity + sign * size != 0.0)
    there = Trade(account=MAIN, symbol=first.symbol, quantity=sign * size, price=60_000.0 * price, fee_rate=0.0)
    back = Trade(account=MAIN, symbol=first.symbol, quantity=-sign * size, price=60_000.0 * price, fee_rate=0.0)
    before, after = before_and_after(ask(pictured(drawn), there, back))
    # Against what is held a profit is realized and the rest is opened anew: equity is the same, whatever the entry.
    same(before, after)


@FEWER
@given(accounts(), st.floats(1.0, 10_000.0))
def test_collateral_that_comes_and_goes_again_changes_nothing(drawn: Held, amount: float) -> None:
    comes, goes = (Collateral(account=MAIN, asset="USDT", amount=each) for each in (amount, -amount))
    same(*before_and_after(ask(pictured(drawn), comes, goes)))


@FEWER
@given(accounts())
def test_a_margin_mode_that_is_changed_and_changed_back_changes_nothing(drawn: Held) -> None:
    (first, *_) = drawn.positions
    isolated = first.isolated_wallet is not None
    there, back = (MarginMode.CROSS, MarginMode.ISOLATED) if isolated else (MarginMode.ISOLATED, MarginMode.CROSS)
    margin = first.isolated_wallet or 1_000.0
    edits = [
        SetMarginMode(
            account=MAIN, symbol=first.symbol, margin_mode=mode, margin=margin if mode is MarginMode.ISOLATED else None
        )
        for mode in (there, back)
    ]
    same(*before_and_after(ask(pictured(drawn), *edits)))


@FEWER
@given(accounts(), accounts(), st.floats(1.0, 15_000.0))
def test_what_goes_from_one_account_to_another_is_neither_more_nor_less_there(
    one: Held, other: Held, amount: float
) -> None:
    report = ask(pictured(one, other), Transfer(account=MAIN, to=OTHER, asset="USDT", amount=amount))
    gone: dict[AccountKey, float] = {
        each.key: (each.after.equity_usd or 0.0) - (each.before.equity_usd or 0.0) for each in report.accounts
    }
    assert gone == {MAIN: pytest.approx(-amount, rel=1e-6), OTHER: pytest.approx(amount, rel=1e-6)}


@FEWER
@given(accounts(), st.floats(0.1, 1.0))
def test_closing_at_the_mark_without_a_fee_leaves_the_account_its_equity(drawn: Held, fraction: float) -> None:
    edits = [
        Close(account=MAIN, symbol=each.symbol, fraction=fraction, side=each.side, fee_rate=0.0)
        for each in drawn.positions
    ]
    (change,) = ask(pictured(drawn), *edits).accounts
    assert change.after.equity_usd == pytest.approx(change.before.equity_usd, rel=1e-9, abs=1e-6)


@FEWER
@given(accounts())
def test_moves_of_nothing_move_nothing(drawn: Held) -> None:
    still = ask(pictured(drawn), moves={"BTC": 0.0, "ETH": 0.0}, pegs={"USDT": 1.0}, market=0.0)
    before, after = before_and_after(still)
    assert [(each.ratio, each.equity_usd, each.coins, each.market) for each in after] == [
        (each.ratio, each.equity_usd, each.coins, each.market) for each in before
    ]
    assert [each.already for each in still.liquidations] == [True] * len(still.liquidations)


@FEWER
@given(accounts(), MOVES, MOVES, st.floats(0.8, 1.1))
def test_prices_that_are_supposed_do_what_prices_do(drawn: Held, btc: float, eth: float, peg: float) -> None:
    supposed = ask(pictured(drawn), moves={"BTC": btc, "ETH": eth}, pegs={"USDT": peg})
    prices = {"BTC": 60_000.0 * (1.0 + btc), "ETH": 3_000.0 * (1.0 + eth)}
    there = pictured(drawn, prices=prices, usdt_price=peg).accounts[MAIN].report
    same(there.pools, supposed.accounts[0].after.pools)


@FEWER
@given(accounts(), st.floats(0.05, 0.95))
def test_a_pool_is_liquidated_where_its_line_is_and_not_before(drawn: Held, fall: float) -> None:
    report = ask(pictured(drawn), market=-fall)
    begins = {each.pool: each.begins for each in report.liquidations}
    for pool in before_and_after(report)[0]:
        line = pool.market[Direction.DOWN]
        if pool.ratio.state is State.LIQUIDATABLE:
            assert begins[pool.key] == 0.0
        elif line.state is State.AT and line.distance_ratio is not None and line.distance_ratio < fall:
            assert begins[pool.key] == pytest.approx(line.distance_ratio / fall, rel=1e-6)
        else:
            assert pool.key not in begins
    order = [each.begins or 0.0 for each in report.liquidations]
    assert order == sorted(order)
