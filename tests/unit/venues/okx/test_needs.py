"""What is asked and streamed for what is held."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import Balance, MarginMode, Order, Position
from monitor.domain.events import AccountSnapshot, OrderChanged, PositionChanged
from monitor.domain.names import AccountKey, Side
from monitor.venues.okx.needs import Needs, TierKey, of_events, of_snapshot, together

MAIN = AccountKey("okx", "main")


def position(symbol: str, mode: MarginMode | None = MarginMode.CROSS, **more: object) -> Position:
    return Position(symbol=symbol, side=Side.LONG, quantity=1.0, entry_price=1.0, margin_mode=mode, **more)  # type: ignore[arg-type]  # keywords of the row


def snapshot(
    *positions: Position, orders: tuple[Order, ...] = (), balances: tuple[Balance, ...] = ()
) -> AccountSnapshot:
    return AccountSnapshot(account=MAIN, positions=positions, balances=balances, asked=0.0, received=0.0, orders=orders)


def test_nothing_held_needs_nothing() -> None:
    assert of_snapshot(snapshot(balances=(Balance(asset="USDT", wallet=0.0),))) == Needs()


def test_a_swap_needs_its_mark_its_tiers_its_funding_and_the_prices_of_both_its_assets() -> None:
    needs = of_snapshot(snapshot(position("BTC-USDT-SWAP")))
    assert needs.tiers == {TierKey("SWAP", "BTC-USDT", "cross")}
    texts = {one.text for one in needs.mark_topics() | needs.index_topics() | needs.funding_topics()}
    assert texts == {
        "mark-price:BTC-USDT-SWAP",
        "funding-rate:BTC-USDT-SWAP",
        "index-tickers:BTC-USD",
        "index-tickers:USDT-USD",
    }


def test_an_option_needs_the_volatilities_of_its_family_and_no_funding() -> None:
    needs = of_snapshot(snapshot(position("BTC-USD-261225-50000-C")))
    assert needs.option_families == {"BTC-USD"}
    assert {one.text for one in needs.option_topics()} == {"opt-summary:BTC-USD"}
    assert {one.text for one in needs.index_topics()} == {"index-tickers:BTC-USD"}
    assert not needs.funding_topics()
    assert needs.tiers == {TierKey("OPTION", "BTC-USD", "cross")}


def test_units_of_account_have_no_index() -> None:
    needs = of_snapshot(
        snapshot(position("BTC-USD_UM-SWAP", margin_asset="USDⓈ"), balances=(Balance(asset="USD", wallet=5.0),))
    )
    assert needs.assets == {"BTC"}


@pytest.mark.parametrize("mode", [MarginMode.ISOLATED, None])
def test_an_isolated_position_and_one_whose_mode_is_unreadable_need_both_tables(mode: MarginMode | None) -> None:
    needs = of_snapshot(snapshot(position("ETH-USDT-SWAP", mode)))
    assert {key.mode for key in needs.tiers} == {"cross", "isolated"}


def test_a_table_of_a_pair_is_asked_by_the_pair_and_others_by_family() -> None:
    (pair,) = of_snapshot(snapshot(position("BTC-USDT"))).tiers
    assert pair.params() == {"instType": "MARGIN", "tdMode": "cross", "instId": "BTC-USDT"}
    (future,) = of_snapshot(snapshot(position("BTC-USD-261225"))).tiers
    assert future.params() == {"instType": "FUTURES", "tdMode": "cross", "instFamily": "BTC-USD"}


def test_resting_orders_count_as_held() -> None:
    resting = Order(id="1", symbol="SOL-USDT-SWAP", quantity=1.0, price=2.0, margin_mode=MarginMode.CROSS)
    needs = of_snapshot(snapshot(orders=(resting,)))
    assert needs.symbols == {"SOL-USDT-SWAP"}
    assert needs.tiers == {TierKey("SWAP", "SOL-USDT", "cross")}


def test_an_order_for_cash_has_no_tiers_and_one_on_margin_has() -> None:
    cash = Order(id="1", symbol="NEW-USDT", quantity=1.0, price=2.0)
    assert of_snapshot(snapshot(orders=(cash,))).tiers == frozenset()
    assert of_snapshot(snapshot(orders=(cash,))).symbols == {"NEW-USDT"}
    margin = Order(id="1", symbol="BTC-USDT", quantity=1.0, price=2.0, margin_mode=MarginMode.CROSS)
    assert of_snapshot(snapshot(orders=(margin,))).tiers == {TierKey("MARGIN", "BTC-USDT", "cross")}


def test_what_is_owed_is_what_is_borrowed_negative_or_a_positions_debt() -> None:
    needs = of_snapshot(
        snapshot(
            position("BTC-USDT", liability=100.0, liability_asset="USDT"),
            balances=(
                Balance(asset="ETH", wallet=-1.0, borrowed=1.0),
                Balance(asset="SOL", wallet=5.0, venue_equity=-2.0),
                Balance(asset="BTC", wallet=1.0, venue_equity=1.0),
            ),
        )
    )
    assert needs.lent == {"ETH", "SOL", "USDT"}
    assert needs.assets == {"BTC", "ETH", "SOL", "USDT"}


def test_what_positions_settle_in_may_have_to_be_lent() -> None:
    needs = of_snapshot(snapshot(position("BTC-USDT-SWAP", margin_asset="USDT")))
    assert needs.lent == {"USDT"}


def test_pushes_add_what_they_show_and_nothing_that_is_closed() -> None:
    opened = PositionChanged(
        account=MAIN, symbol="BTC-USDT-SWAP", side=None, quantity=1.0, entry_price=1.0, margin_mode=None,
        isolated_wallet=None, venue_time=1.0, received=1.0,
    )  # fmt: skip
    closed = PositionChanged(
        account=MAIN, symbol="ETH-USDT-SWAP", side=None, quantity=0.0, entry_price=None, margin_mode=None,
        isolated_wallet=None, venue_time=1.0, received=1.0,
    )  # fmt: skip
    resting = Order(id="1", symbol="SOL-USDT-SWAP", quantity=-1.0, price=2.0)
    ordered = OrderChanged(account=MAIN, order=resting, venue_time=1.0, received=1.0)
    found = of_events((opened, closed, ordered))
    assert found.symbols == {"BTC-USDT-SWAP", "SOL-USDT-SWAP"}


def test_needs_of_several_accounts_are_joined_and_compared() -> None:
    one, other = of_snapshot(snapshot(position("BTC-USDT-SWAP"))), of_snapshot(snapshot(position("ETH-USDT-SWAP")))
    both = together((one, other))
    assert both.symbols == {"BTC-USDT-SWAP", "ETH-USDT-SWAP"}
    assert one <= both
    assert not both <= one
