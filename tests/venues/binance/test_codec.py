"""Our own frames in the shape of 2026, each named for its situation, and what the codec makes of it."""

from __future__ import annotations

import json

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.events import AssetTick, BalanceChanged, ConfigChanged, PositionChanged, Tick, Ticks, VenueWarning
from monitor.domain.events import WarningKind as Warn
from monitor.domain.frames import FrameKind
from monitor.domain.names import Side
from monitor.domain.tables import AssetRates
from tests.venues.binance.support import ACCOUNT, E0, NOW, all_frames, decoded, frame, raw, ticks_of

# frame -> kind, name, events, problems
EXPECTED = {
    "account_config_leverage_changed": (FrameKind.DATA, "ACCOUNT_CONFIG_UPDATE", 1, 0),
    "account_config_multi_assets_switched_on": (FrameKind.DATA, "ACCOUNT_CONFIG_UPDATE", 1, 0),
    "account_config_without_anything": (FrameKind.MALFORMED, "ACCOUNT_CONFIG_UPDATE", 0, 0),
    "account_update_funding_of_a_cross_position": (FrameKind.DATA, "ACCOUNT_UPDATE", 1, 0),
    "account_update_isolated_long": (FrameKind.DATA, "ACCOUNT_UPDATE", 2, 0),
    "account_update_one_side_of_a_hedge_closed": (FrameKind.DATA, "ACCOUNT_UPDATE", 3, 0),
    "account_update_one_way_short": (FrameKind.DATA, "ACCOUNT_UPDATE", 2, 0),
    "account_update_sign_contradicts_side": (FrameKind.DATA, "ACCOUNT_UPDATE", 1, 1),
    "account_update_with_one_bad_position": (FrameKind.DATA, "ACCOUNT_UPDATE", 2, 1),
    "account_update_without_body": (FrameKind.MALFORMED, "ACCOUNT_UPDATE", 0, 0),
    "asset_index_array_2026": (FrameKind.DATA, "assetIndexUpdate", 3, 0),
    "asset_index_of_a_strange_name": (FrameKind.DATA, "assetIndexUpdate", 1, 1),
    "asset_index_single": (FrameKind.DATA, "assetIndexUpdate", 1, 0),
    "asset_index_without_buffers": (FrameKind.DATA, "assetIndexUpdate", 1, 0),
    "contract_info": (FrameKind.IGNORED, "contractInfo", 0, 0),
    "listen_key_expired": (FrameKind.KEY_EXPIRED, "listenKeyExpired", 0, 0),
    "listen_key_expired_wrapped": (FrameKind.KEY_EXPIRED, "listenKeyExpired", 0, 0),
    "margin_call_of_two_cross_positions": (FrameKind.DATA, "MARGIN_CALL", 2, 0),
    "margin_call_without_rows": (FrameKind.DATA, "MARGIN_CALL", 1, 0),
    "mark_price_array_2026": (FrameKind.DATA, "markPriceUpdate", 1, 0),
    "mark_price_array_empty": (FrameKind.DATA, "", 0, 0),
    "mark_price_array_merged_with_coin_margined": (FrameKind.DATA, "markPriceUpdate", 1, 0),
    "mark_price_array_of_coin_margined_only": (FrameKind.DATA, "markPriceUpdate", 1, 0),
    "mark_price_array_of_shares_with_empty_fields": (FrameKind.DATA, "markPriceUpdate", 1, 0),
    "mark_price_array_with_a_row_of_an_unknown_kind": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_with_a_row_that_is_no_object": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_with_infinite_time": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_with_one_empty_price": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_with_one_nan_price": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_with_one_negative_price": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_with_one_price_missing": (FrameKind.DATA, "markPriceUpdate", 1, 1),
    "mark_price_array_without_one_good_row": (FrameKind.MALFORMED, "markPriceUpdate", 0, 2),
    "mark_price_single_bare": (FrameKind.DATA, "markPriceUpdate", 1, 0),
    "mark_price_single_zero": (FrameKind.MALFORMED, "markPriceUpdate", 0, 1),
    "mark_price_with_numbers_instead_of_text": (FrameKind.DATA, "markPriceUpdate", 1, 0),
    "server_shutdown": (FrameKind.IGNORED, "serverShutdown", 0, 0),
    "subscribe_acknowledged": (FrameKind.ACKNOWLEDGED, "", 0, 0),
    "subscribe_refused": (FrameKind.REFUSED, "", 0, 0),
    "subscribe_refused_bare": (FrameKind.REFUSED, "", 0, 0),
    "subscriptions_listed": (FrameKind.ACKNOWLEDGED, "", 0, 0),
    "trade_lite": (FrameKind.IGNORED, "TRADE_LITE", 0, 0),
    "unknown_event": (FrameKind.UNRECOGNISED, "MARGIN_HOLIDAY", 0, 0),
    "unknown_object": (FrameKind.UNRECOGNISED, "", 0, 0),
}


def test_every_frame_in_the_folder_is_spoken_of() -> None:
    assert set(EXPECTED) == set(all_frames())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_frame_is_counted_as_what_it_is(name: str) -> None:
    found = decoded(frame(name))
    assert (found.kind, found.name, len(found.events), len(found.problems)) == EXPECTED[name]
    assert bool(found.why) == (found.kind in (FrameKind.MALFORMED, FrameKind.REFUSED))


@pytest.mark.parametrize("length", [20, 64])
@pytest.mark.parametrize("padding", ["", 190 * "."], ids=["whole", "where the words are cut"])
def test_the_words_of_a_refusal_never_hold_a_key(length: int, padding: str) -> None:
    """They are shown as the reason of the stream, on the page and in the API."""
    key = ("pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1")[:length]
    words = f"{padding}This listenKey {key} does not exist."
    for body in (f'{{"code":-1125,"msg":"{words}"}}', f'{{"error":{{"code":-1125,"msg":"{words}"}},"id":7}}'):
        found = decoded(body)
        assert found.kind is FrameKind.REFUSED
        assert key[:5] not in found.why
        assert found.why.endswith("(code -1125)")
        assert padding or "This listenKey *** does not exist." in found.why


MARK = {
    "e": "markPriceUpdate",
    "E": 1790000000000,
    "s": "BTCUSDT",
    "p": "91234.50000000",
    "i": "91230.11000000",
    "r": "0.00010000",
    "T": 1790006400000,
}


def test_a_mark_alone_has_its_index_funding_and_times_in_seconds() -> None:
    found = decoded(raw(MARK))
    assert found.venue_time == E0
    assert found.events == (
        Tick("binance", "BTCUSDT", 91234.5, E0, NOW, index=91230.11, funding_rate=0.0001, next_funding_time=1790006400),
    )


def test_a_delivery_contract_has_no_funding_and_that_is_unknown_not_zero() -> None:
    (tick,) = ticks_of(decoded(raw({**MARK, "s": "BTCUSDT_261225", "r": "", "T": 0})))
    assert tick.symbol == "BTCUSDT_261225"
    assert tick.funding_rate is None
    assert tick.next_funding_time is None


def test_an_array_of_marks_is_one_event_of_columns() -> None:
    found = decoded(frame("mark_price_array_2026"))
    assert found.stream == "!markPrice@arr@1s"
    assert found.venue_time == E0
    (ticks,) = found.events
    assert isinstance(ticks, Ticks)
    assert ticks.received == NOW
    assert (ticks.symbols[0], ticks.marks[0], ticks.venue_times[0]) == ("BTCUSDT", 91234.5, E0)
    assert len(ticks.symbols) == len(ticks.marks) == len(ticks.venue_times) == 5


def test_a_symbol_in_chinese_is_a_symbol() -> None:
    assert ticks_of(decoded(frame("mark_price_array_2026")))[4].symbol == "币安人生USDT"


def test_rows_of_both_families_in_a_merged_array_are_marks() -> None:
    found = decoded(frame("mark_price_array_merged_with_coin_margined"))
    assert [tick.symbol for tick in ticks_of(found)] == ["BTCUSDT", "BTCUSD_PERP", "ETHUSDT", "ETHUSD_261225"]


def wrapped(*rows: object, spaces: bool = False) -> bytes:
    body = {"stream": "!markPrice@arr@1s", "data": list(rows)}
    return json.dumps(body, separators=(", ", ": ") if spaces else (",", ":")).encode()


@pytest.mark.parametrize("spaces", [False, True], ids=["as the venue writes", "with spaces between"])
@pytest.mark.parametrize("more", [{}, {"st": 1}, {"E": 1790000000500}, {"E": "1790000000000"}, {"p": 5}])
def test_an_array_says_the_same_however_it_is_written(more: dict[str, object], spaces: bool) -> None:
    """The usual frame is read by another way than the unusual one."""
    second = {**MARK, "s": "ETHUSDT", **more}
    both = decoded(wrapped(MARK, second, spaces=spaces))
    apart = [tick for row in (MARK, second) for tick in ticks_of(decoded(raw(row)))]
    plain = [(tick.symbol, tick.mark, tick.venue_time, tick.received) for tick in apart]
    assert [(tick.symbol, tick.mark, tick.venue_time, tick.received) for tick in ticks_of(both)] == plain
    assert (both.kind, both.stream, both.problems) == (FrameKind.DATA, "!markPrice@arr@1s", ())
    assert both.venue_time == max(tick.venue_time for tick in apart)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"p": "nan"}, "ETHUSDT"),
        ({"p": "inf"}, "ETHUSDT"),
        ({"p": "0"}, "ETHUSDT"),
        ({"p": "-1"}, "ETHUSDT"),
        ({"p": None}, "ETHUSDT"),
        ({"p": "1e308"}, None),
        ({"E": -1}, "ETHUSDT"),
        ({"E": "nan"}, "ETHUSDT"),
        ({"s": ""}, "?"),
        ({"s": 7}, "7.0"),
    ],
)
def test_a_bad_row_costs_that_row_only(bad: dict[str, object], named: str | None) -> None:
    others = [{**MARK, "s": "BTCUSDT"}, {**MARK, "s": "SOLUSDT", "p": "1e308"}]
    found = decoded(wrapped(others[0], {**MARK, "s": "ETHUSDT", **bad}, others[1]))
    assert [problem.row for problem in found.problems] == ([] if named is None else [named])
    symbols = [tick.symbol for tick in ticks_of(found)]
    assert symbols == (["BTCUSDT", "ETHUSDT", "SOLUSDT"] if named is None else ["BTCUSDT", "SOLUSDT"])


@pytest.mark.parametrize("family", [1, 2, "2", 3, None, []])
def test_whatever_a_row_says_of_its_family_its_name_tells_it(family: object) -> None:
    found = decoded(wrapped(MARK, {**MARK, "s": "BTCUSD_PERP", "st": family}))
    assert [tick.symbol for tick in ticks_of(found)] == ["BTCUSDT", "BTCUSD_PERP"]
    assert found.problems == ()


def test_marks_and_assets_in_one_array_are_both_there() -> None:
    index = {"e": "assetIndexUpdate", "E": 1790000000000, "s": "ADAUSD", "i": "1.5"}
    ticks, asset = decoded(wrapped(index, MARK)).events[::1]
    assert isinstance(ticks, Ticks)
    assert isinstance(asset, AssetTick)


def test_the_row_that_is_bad_is_named_and_the_others_stand() -> None:
    for name in ("nan_price", "negative_price", "empty_price", "price_missing"):
        found = decoded(frame(f"mark_price_array_with_one_{name}"))
        assert [tick.symbol for tick in ticks_of(found)] == ["BTCUSDT", "SOLUSDT"]
        assert [problem.row for problem in found.problems] == ["ETHUSDT"]


def test_an_asset_counts_at_one_less_its_bid_buffer_and_owes_at_one_plus_its_ask_buffer() -> None:
    tick = decoded(frame("asset_index_array_2026")).events[1]
    assert tick == AssetTick("binance", "ADA", 1.9295737, E0, NOW, AssetRates(
        positive_rate=0.9, negative_rate=1.1, requirement_rate=1.1))  # fmt: skip
    # The rates that the venue prints beside it: 1.73661633 and 2.12253107.
    assert tick.price_usd * 0.9 == pytest.approx(1.73661633, abs=1e-8)
    assert tick.price_usd * 1.1 == pytest.approx(2.12253107, abs=1e-8)


def test_without_buffers_the_rates_are_unknown_but_the_price_stands() -> None:
    (tick,) = decoded(frame("asset_index_without_buffers")).events
    assert isinstance(tick, AssetTick)
    assert (tick.asset, tick.price_usd, tick.rates) == ("USDT", 0.99962, None)


def test_hedge_sides_survive_the_close_of_one_of_them() -> None:
    balance, closed, kept = decoded(frame("account_update_one_side_of_a_hedge_closed")).events
    assert isinstance(balance, BalanceChanged)
    assert isinstance(closed, PositionChanged)
    assert isinstance(kept, PositionChanged)
    assert (closed.symbol, closed.side, closed.quantity, closed.entry_price) == ("BTCUSDT", Side.LONG, 0.0, None)
    assert (kept.symbol, kept.side, kept.quantity, kept.entry_price) == ("BTCUSDT", Side.SHORT, -0.02, 90500.1)


def test_one_way_has_no_side_but_the_sign() -> None:
    change = decoded(frame("account_update_one_way_short")).events[1]
    assert isinstance(change, PositionChanged)
    assert (change.side, change.quantity, change.margin_mode) == (None, -3.5, MarginMode.CROSS)
    assert change.isolated_wallet is None


def test_a_change_is_timed_by_its_transaction_not_by_its_message() -> None:
    found = decoded(frame("account_update_one_way_short"))
    assert found.venue_time == E0
    assert {event.venue_time for event in found.events if isinstance(event, PositionChanged | BalanceChanged)} == {
        E0 - 0.003
    }


def test_an_isolated_position_brings_its_wallet() -> None:
    change = decoded(frame("account_update_isolated_long")).events[1]
    assert isinstance(change, PositionChanged)
    assert (change.margin_mode, change.isolated_wallet) == (MarginMode.ISOLATED, 100.0)


def test_funding_of_a_cross_position_changes_a_balance_only() -> None:
    assert decoded(frame("account_update_funding_of_a_cross_position")).events == (
        BalanceChanged(
            account=ACCOUNT,
            asset="USDT",
            wallet=1000.5,
            cross_wallet=900.25,
            venue_time=E0 - 0.003,
            received=NOW,
        ),
    )


def test_config_changes_say_what_changed_and_nothing_else() -> None:
    (leverage,) = decoded(frame("account_config_leverage_changed")).events
    (flag,) = decoded(frame("account_config_multi_assets_switched_on")).events
    assert isinstance(leverage, ConfigChanged)
    assert isinstance(flag, ConfigChanged)
    assert (leverage.symbol, leverage.leverage, leverage.multi_assets) == ("BTCUSDT", 25.0, None)
    assert (flag.symbol, flag.leverage, flag.multi_assets) == (None, None, True)


def test_a_margin_call_names_each_position_and_a_bare_one_is_still_a_call() -> None:
    calls = decoded(frame("margin_call_of_two_cross_positions")).events
    assert [(call.kind, call.symbol, call.side) for call in calls if isinstance(call, VenueWarning)] == [
        (Warn.MARGIN_CALL, "ETHUSDT", Side.LONG),
        (Warn.MARGIN_CALL, "BTCUSDT", Side.SHORT),
    ]
    (bare,) = decoded(frame("margin_call_without_rows")).events
    assert isinstance(bare, VenueWarning)
    assert (bare.kind, bare.symbol) == (Warn.MARGIN_CALL, None)


@pytest.mark.parametrize(
    ("client_id", "execution", "status", "kind"),
    [
        ("autoclose-1590", "CALCULATED", "FILLED", Warn.LIQUIDATION),
        ("autoclose-1590", "NEW", "NEW", Warn.LIQUIDATION),
        ("anything", "CALCULATED", "FILLED", Warn.LIQUIDATION),
        ("autoclose-1590", "CALCULATED", "NEW_INSURANCE", Warn.LIQUIDATION),
        ("adl_autoclose", "CALCULATED", "FILLED", Warn.ADL),
        ("anything", "CALCULATED", "NEW_ADL", Warn.ADL),
        ("settlement_autoclose-5", "TRADE", "FILLED", Warn.SETTLEMENT),
        ("delivery_autoclose-5", "TRADE", "FILLED", Warn.SETTLEMENT),
        ("my-autoclose-1", "TRADE", "FILLED", None),
    ],
)
def test_orders_by_the_venues_own_hand_are_warnings(
    client_id: str, execution: str, status: str, kind: Warn | None
) -> None:
    order = {
        "s": "BTCUSDT",
        "c": client_id,
        "S": "SELL",
        "x": execution,
        "X": status,
        "z": "1",
        "ap": "9",
        "ps": "BOTH",
    }
    found = decoded(raw({"e": "ORDER_TRADE_UPDATE", "E": 1790000000000, "T": 1790000000000, "o": order}))
    warnings = [(event.kind, event.symbol, event.side) for event in found.events if isinstance(event, VenueWarning)]
    assert warnings == ([] if kind is None else [(kind, "BTCUSDT", Side.LONG)])
    assert found.kind is (FrameKind.IGNORED if kind is None else FrameKind.DATA)
    assert all("1590" not in event.detail for event in found.events if isinstance(event, VenueWarning))


def test_an_acknowledgement_carries_the_id_that_we_asked_with() -> None:
    assert decoded(frame("subscribe_acknowledged")).request_id == 7
    refused = decoded(frame("subscribe_refused"))
    assert (refused.request_id, refused.why) == (
        9,
        "Invalid request: request ID must be an unsigned integer (code 2)",
    )


def test_an_accounts_event_on_a_public_stream_belongs_to_nobody() -> None:
    found = decoded(frame("account_update_one_way_short"), account=None)
    assert (found.kind, found.events) == (FrameKind.UNRECOGNISED, ())


def test_several_arrays_a_second_each_stand_for_themselves() -> None:
    # A symbol's absence from an array proves nothing: each array speaks of its own rows only.
    first, second = (
        decoded(frame("mark_price_array_2026")),
        decoded(frame("mark_price_array_of_shares_with_empty_fields")),
    )
    assert {tick.symbol for tick in ticks_of(second)} == {"TSLAUSDT", "XAUUSDT"}
    assert not {"TSLAUSDT", "XAUUSDT"} & {tick.symbol for tick in ticks_of(first)}


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b" ",
        b"null",
        b"7",
        b'"text"',
        b"true",
        b"[",
        b"{",
        b'{"stream":"!markPrice@arr@1s","data":[{"e":"markPriceUpdate","E":17900',
        b'{"e":5}',
        b'{"e":"markPriceUpdate"}',
        b'{"e":"markPriceUpdate","E":1,"s":"","p":"1"}',
        b'{"e":"markPriceUpdate","E":1790000000000,"s":"BTCUSDT","p":1e999}',
        b'{"e":"ACCOUNT_UPDATE","E":1,"a":{"B":[{"a":"USDT"}]}}',
        b"\xff\xfe\x00",
        b'{"e":"\xff"}',
        b"[" * 100_000,
        b'{"data":' * 50_000,
        "\ud800",
    ],
    ids=range(19),
)
def test_what_cannot_be_read_is_malformed_and_says_why(broken: bytes | str) -> None:
    found = decoded(broken)
    assert found.kind is FrameKind.MALFORMED
    assert found.events == ()
    assert found.why
