"""What each frame of Hyperliquid's socket becomes."""

from __future__ import annotations

import json

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.events import (
    AssetTick,
    BalanceCause,
    CashFlow,
    FundingRates,
    PositionChanged,
    Ticks,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import FrameKind
from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.venues.hyperliquid.assembly import Heard
from monitor.venues.hyperliquid.codec import STALE_UNIVERSE
from monitor.venues.hyperliquid.names import Dex, Universe
from monitor.venues.hyperliquid.oracles import Contexts, Oracles
from tests.venues.hyperliquid.support import (
    ADDRESS,
    NOW,
    STAMP,
    T0,
    UNIVERSE,
    Row,
    coin,
    cross,
    decoded,
    dex,
    frame,
    isolated,
    spot,
)

SUBSCRIPTION = {"type": "allDexsClearinghouseState", "user": ADDRESS}
STRANGER = "0x" + "cd" * 20


def context(mark: object = "60000.5", oracle: object = "60010", funding: object = "0.0000125") -> Row:
    return {"markPx": mark, "oraclePx": oracle, "funding": funding, "midPx": None, "impactPxs": None}


def all_contexts(*dexs: tuple[str, list[Row]]) -> Row:
    return frame("allDexsAssetCtxs", {"ctxs": [list(one) for one in dexs]})


def states(**dexs: Row) -> Row:
    pairs = [["" if name == "first" else name, state] for name, state in dexs.items()]
    return frame("allDexsClearinghouseState", {"user": ADDRESS, "clearinghouseStates": pairs})


def test_a_pong_and_the_greeting_say_nothing() -> None:
    assert decoded({"channel": "pong"}).kind is FrameKind.IGNORED
    assert decoded("Websocket connection established.").kind is FrameKind.IGNORED


def test_an_acknowledgement_names_its_topic() -> None:
    found = decoded(frame("subscriptionResponse", {"method": "subscribe", "subscription": SUBSCRIPTION}))
    assert found.kind is FrameKind.ACKNOWLEDGED
    assert found.request_id == f"allDexsClearinghouseState|{ADDRESS}"


def test_a_refusal_that_quotes_the_subscription_names_its_topic_and_shows_no_address() -> None:
    found = decoded(frame("error", f"Invalid subscription {json.dumps(SUBSCRIPTION)}"))
    assert found.kind is FrameKind.REFUSED
    assert found.request_id == f"allDexsClearinghouseState|{ADDRESS}"
    assert found.why == "Invalid subscription"


def test_a_refusal_in_words_names_no_topic() -> None:
    found = decoded(frame("error", "Cannot track more than 10 total users."))
    assert (found.kind, found.request_id) == (FrameKind.REFUSED, None)
    assert found.why == "Cannot track more than 10 total users."
    assert ADDRESS not in decoded(frame("error", f"No such user {ADDRESS}")).why


def test_what_is_subscribed_already_is_as_good_as_acknowledged() -> None:
    said = {"method": "subscribe", "subscription": SUBSCRIPTION}
    found = decoded(frame("error", f"Already subscribed: {json.dumps(said)}"))
    assert found.kind is FrameKind.ACKNOWLEDGED
    assert found.request_id == f"allDexsClearinghouseState|{ADDRESS}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"\xff\xfe", FrameKind.MALFORMED),
        (b"", FrameKind.MALFORMED),
        (b"{", FrameKind.MALFORMED),
        (b"[1,2]", FrameKind.MALFORMED),
        (b'"text"', FrameKind.MALFORMED),
        (b"{}", FrameKind.UNRECOGNISED),
        (b'{"channel":"brandNew","data":{}}', FrameKind.UNRECOGNISED),
        (b'{"channel":"trades","data":[]}', FrameKind.IGNORED),
        (b'{"channel":"spotState","data":{}}', FrameKind.MALFORMED),
        (b'{"channel":"allDexsAssetCtxs"}', FrameKind.MALFORMED),
        (b'{"channel":"error","data":{}}', FrameKind.REFUSED),
        (b'{"channel":"subscriptionResponse","data":{}}', FrameKind.UNRECOGNISED),
    ],
)
def test_what_is_no_frame_of_theirs_is_counted_as_what_it_is(text: bytes, kind: FrameKind) -> None:
    assert decoded(text).kind is kind


def test_a_frame_of_a_strangers_address_is_counted_and_not_read() -> None:
    assert decoded(states(first=dex(1.0)), account=None).kind is FrameKind.UNRECOGNISED


# Marks


def test_marks_of_all_dexs_go_by_their_places() -> None:
    found = decoded(all_contexts(("", [context(), context("3000")]), ("xyz", [context("2500"), context("300")])))
    ticks, rates = found.events[0], found.events[-1]
    assert isinstance(ticks, Ticks)
    assert dict(zip(ticks.symbols, ticks.marks, strict=True)) == {
        "BTC": 60000.5,
        "ETH": 3000.0,
        "xyz:GOLD": 2500.0,
        "xyz:TSLA": 300.0,
    }
    assert set(ticks.venue_times) == {NOW}
    assert isinstance(rates, FundingRates)
    assert rates.rates[0] == 0.0000125
    assert rates.next_times[0] == (NOW // 3600 + 1) * 3600


def test_the_oracle_of_a_coin_that_may_back_an_account_is_its_price() -> None:
    found = decoded(all_contexts(("", [context(), context("3000", "3001")]), ("xyz", [context("1"), context("1")])))
    told = {event.asset: event.price_usd for event in found.events if isinstance(event, AssetTick)}
    assert told == {"BTC": 60010.0, "ETH": 3001.0}


def test_a_bad_mark_costs_itself_and_moves_no_other_to_its_place() -> None:
    rows = [context("nan"), context("3000")]
    found = decoded(all_contexts(("", rows), ("xyz", [context("-1"), context("300")])))
    ticks = found.events[0]
    assert isinstance(ticks, Ticks)
    assert ticks.symbols == ("ETH", "xyz:TSLA")
    assert [one.row for one in found.problems] == ["mark of BTC", "mark of xyz:GOLD"]


def test_a_dex_with_more_perpetuals_than_we_know_is_left_out_and_asks_for_the_universe() -> None:
    found = decoded(all_contexts(("", [context(), context("3000")]), ("xyz", [context()] * 3)))
    assert (found.kind, found.why) == (FrameKind.DATA, STALE_UNIVERSE)
    ticks = found.events[0]
    assert isinstance(ticks, Ticks)
    assert ticks.symbols == ("BTC", "ETH")


def test_without_a_universe_no_mark_is_guessed() -> None:
    found = decoded(all_contexts(("", [context()])), universe=None)
    assert (found.events, found.why) == ((), STALE_UNIVERSE)


def test_the_context_of_one_perpetual_is_a_mark() -> None:
    found = decoded(frame("activeAssetCtx", {"coin": "ETH", "ctx": context("3000", "3001")}))
    ticks = found.events[0]
    assert isinstance(ticks, Ticks)
    assert (ticks.symbols, ticks.marks) == (("ETH",), (3000.0,))
    assert found.stream == "activeAssetCtx||ETH"


def test_marks_of_a_builders_dex_whose_oracle_nobody_feeds_grow_old() -> None:
    oracles, said = Oracles(limit_seconds=60.0), all_contexts(("", [context()] * 2), ("xyz", [context("2"), context()]))
    first = decoded(said)
    assert oracles.put(first, T0) is first
    assert oracles.put(decoded(said), T0 + 50) == decoded(said)
    late = oracles.put(decoded(said), T0 + 61)
    ticks = late.events[0]
    assert isinstance(ticks, Ticks)
    assert dict(zip(ticks.symbols, ticks.venue_times, strict=True)) == {
        "BTC": NOW,
        "ETH": NOW,
        "xyz:GOLD": T0,
        "xyz:TSLA": T0,
    }
    moved = decoded(all_contexts(("", [context()] * 2), ("xyz", [context("2", "2.1"), context()])))
    assert isinstance(moved, Contexts)
    assert oracles.put(moved, T0 + 70) is moved, "one coin that moves says that somebody feeds it"


# Accounts


def test_every_dex_of_an_address_is_one_half_of_its_account() -> None:
    found = decoded(
        states(
            first=dex(1000.0, cross("BTC", 0.5, 60000.0, 61000.0, "59000.5"), maintenance=381.25),
            xyz=dex(50.0, isolated("xyz:GOLD", -2.0, 100.0, 110.0, 260.0, None)),
        )
    )
    assert isinstance(found, Heard)
    assert found.stream == f"allDexsClearinghouseState|{ADDRESS}"
    assert found.states is not None
    first, builder = found.states[""], found.states["xyz"]
    (position,) = first.positions
    assert (position.quantity, position.entry_price, position.side) == (0.5, 60000.0, Side.LONG)
    assert position.venue.mark_price == pytest.approx(61000.0)
    assert position.venue.liquidation.price == 59000.5
    assert (first.value, first.maintenance) == (1000.0, 381.25)
    assert first.cash == pytest.approx(500.0)
    (short,) = builder.positions
    assert (short.quantity, short.margin_mode, short.margin_asset) == (-2.0, MarginMode.ISOLATED, "USDE")
    assert short.isolated_wallet == pytest.approx(60.0), "its cash leg and what it was sold for"
    assert short.venue.liquidation.state is State.NEVER
    assert builder.isolated == pytest.approx(40.0)
    assert found.venue_time == STAMP / 1000


def test_a_bad_position_costs_itself_and_is_named() -> None:
    rows = [cross("BTC", 0.5, 60000.0, 61000.0), cross("ETH", 1.0, 3000.0, 3000.0, entryPx="nan")]
    found = decoded(states(first=dex(1000.0, *rows)))
    assert isinstance(found, Heard)
    assert found.states is not None
    assert [one.symbol for one in found.states[""].positions] == ["BTC"]
    assert [one.why for one in found.problems] == ["entryPx is not above zero"]


def test_a_dex_that_cannot_be_read_leaves_the_others_and_closes_nothing() -> None:
    found = decoded(states(first=dex(1000.0), xyz={"assetPositions": []}))
    assert isinstance(found, Heard)
    assert found.states is not None
    assert set(found.states) == {""}
    assert not found.every
    assert found.problems


def test_one_dex_alone_says_nothing_of_the_others() -> None:
    said = {"user": ADDRESS, "dex": "xyz", "clearinghouseState": dex(5.0)}
    found = decoded(frame("clearinghouseState", said))
    assert isinstance(found, Heard)
    assert found.states is not None
    assert (set(found.states), found.every) == ({"xyz"}, False)


def test_a_row_without_a_price_field_says_nothing_about_one() -> None:
    row = cross("BTC", 0.5, 60000.0, 61000.0)
    del row["position"]["liquidationPx"]
    found = decoded(states(first=dex(1000.0, row)))
    assert isinstance(found, Heard)
    assert found.states is not None
    assert found.states[""].positions[0].venue.liquidation.state is State.UNKNOWN


def test_the_spot_state_is_the_other_half() -> None:
    body = spot(coin("USDC", "10.5", hold="-3.0"), coin("UBTC", "0.1", ltv="0.5"), available={"USDC": 7.25})
    outcome = {"coin": "+14720", "total": "25", "hold": "0", "entryNtl": "1"}
    body["balances"].append(outcome)
    found = decoded(frame("spotState", {"user": ADDRESS, "spotState": body}))
    assert isinstance(found, Heard)
    assert found.spot is not None
    dollars, bitcoin = found.spot.balances
    assert (dollars.asset, dollars.wallet, dollars.frozen) == ("USDC", 10.5, None), "what is below zero is no hold"
    assert (bitcoin.asset, bitcoin.loan_to_value) == ("UBTC", 0.5)
    assert found.spot.pooled
    assert found.spot.available == {"USDC": 7.25}


# Cash and warnings


def test_funding_is_a_flow_in_what_the_perpetual_settles_in() -> None:
    row = {"time": STAMP, "coin": "BTC", "usdc": "-3.625312", "szi": "49.1477", "fundingRate": "0.0000417"}
    found = decoded(frame("userFundings", {"user": ADDRESS, "fundings": [row]}))
    (flow,) = found.events
    assert isinstance(flow, CashFlow)
    assert (flow.amount, flow.asset, flow.symbol, flow.cause) == (-3.625312, "", "BTC", BalanceCause.FUNDING)


def test_a_snapshot_of_history_changes_nothing() -> None:
    row = {"time": STAMP, "coin": "BTC", "usdc": "-3.6"}
    found = decoded(frame("userFundings", {"user": ADDRESS, "fundings": [row], "isSnapshot": True}))
    assert (found.kind, found.events) == (FrameKind.DATA, ())


@pytest.mark.parametrize(
    ("delta", "amount"),
    [
        ({"type": "deposit", "usdc": "100.5"}, 100.5),
        ({"type": "withdraw", "usdc": "50.0", "fee": "1.0"}, -51.0),
        ({"type": "internalTransfer", "usdc": "7", "user": ADDRESS, "destination": STRANGER, "fee": "1"}, -8.0),
        ({"type": "internalTransfer", "usdc": "7", "user": STRANGER, "destination": ADDRESS.upper(), "fee": "1"}, 7.0),
        ({"type": "spotTransfer", "token": "HYPE", "amount": "2", "user": ADDRESS, "destination": STRANGER}, -2.0),
        ({"type": "vaultDeposit", "vault": STRANGER, "usdc": "10"}, -10.0),
    ],
)
def test_the_ledger_tells_which_way_cash_went(delta: Row, amount: float) -> None:
    row = {"time": STAMP, "hash": "0x" + "1" * 64, "delta": delta}
    found = decoded(frame("userNonFundingLedgerUpdates", {"user": ADDRESS, "nonFundingLedgerUpdates": [row]}))
    (flow,) = found.events
    assert isinstance(flow, CashFlow)
    assert flow.amount == amount
    assert flow.cause is BalanceCause.TRANSFER
    assert flow.asset == delta.get("token", "USDC")


@pytest.mark.parametrize("kind", ["accountClassTransfer", "brandNew"])
def test_what_moves_between_ones_own_purses_or_is_unknown_is_no_flow(kind: str) -> None:
    row = {"time": STAMP, "delta": {"type": kind, "usdc": "12.0", "toPerp": False}}
    found = decoded(frame("userNonFundingLedgerUpdates", {"user": ADDRESS, "nonFundingLedgerUpdates": [row]}))
    assert (found.kind, found.events) == (FrameKind.DATA, ())


def test_a_liquidation_in_the_ledger_is_a_warning_for_each_perpetual() -> None:
    delta = {
        "type": "liquidation",
        "liquidatedNtlPos": "1000",
        "accountValue": "10",
        "leverageType": "Cross",
        "liquidatedPositions": [{"coin": "BTC", "szi": "1"}, {"coin": "ETH", "szi": "-1"}],
    }
    said = {"user": ADDRESS, "nonFundingLedgerUpdates": [{"time": STAMP, "hash": "0x0", "delta": delta}]}
    found = decoded(frame("userNonFundingLedgerUpdates", said))
    warnings = [event for event in found.events if isinstance(event, VenueWarning)]
    assert [(one.kind, one.symbol) for one in warnings] == [
        (WarningKind.LIQUIDATION, "BTC"),
        (WarningKind.LIQUIDATION, "ETH"),
    ]


def fill(**more: object) -> Row:
    return {"coin": "BTC", "time": STAMP, "closedPnl": "5.0", "fee": "0.5", "feeToken": "USDC", "tid": 7, **more}


def test_a_fill_changes_cash_by_what_was_won_less_its_fee() -> None:
    found = decoded(frame("userFills", {"user": ADDRESS, "fills": [fill(), fill(coin="@107"), fill(coin="PURR/USDC")]}))
    (flow,) = found.events
    assert isinstance(flow, CashFlow)
    assert (flow.amount, flow.symbol, flow.cause) == (4.5, "BTC", BalanceCause.TRADE)


@pytest.mark.parametrize(
    ("more", "closed"),
    [
        ({"side": "A", "sz": "0.3", "startPosition": "0.3"}, True),
        ({"side": "B", "sz": "0.30000000000000004", "startPosition": "-0.3"}, True),
        ({"side": "A", "sz": "0.2", "startPosition": "0.3"}, False),
        ({"side": "A", "sz": "0.5", "startPosition": "0.3"}, False),  # turned round
        ({"side": "B", "sz": "0.3", "startPosition": "0.0"}, False),  # opened
        ({"side": "?", "sz": "0.3", "startPosition": "0.3"}, False),
        ({"side": "A", "sz": "0.3", "startPosition": "0.3", "coin": "@107"}, False),
        ({}, False),
    ],
)
def test_a_fill_that_leaves_nothing_of_a_position_says_so(more: Row, *, closed: bool) -> None:
    found = decoded(frame("userFills", {"user": ADDRESS, "fills": [fill(**more)]}))
    gone = [event for event in found.events if isinstance(event, PositionChanged)]
    assert [(one.symbol, one.quantity, one.venue_time) for one in gone] == ([("BTC", 0.0, T0)] if closed else [])
    history = decoded(frame("userFills", {"user": ADDRESS, "fills": [fill(**more)], "isSnapshot": True}))
    assert history.events == ()


@pytest.mark.parametrize(("whom", "warned"), [(ADDRESS.upper().replace("X", "x"), True), (STRANGER, False)])
def test_a_forced_fill_warns_him_who_was_liquidated_and_not_the_other_side(whom: str, *, warned: bool) -> None:
    forced = fill(liquidation={"liquidatedUser": whom, "markPx": "60000", "method": "market"})
    found = decoded(frame("userFills", {"user": ADDRESS, "fills": [forced]}))
    assert any(isinstance(event, VenueWarning) for event in found.events) is warned


def test_an_event_that_names_no_address_warns_only_of_a_liquidation_of_its_own() -> None:
    said = {"liquidation": {"lid": 1, "liquidator": STRANGER, "liquidated_user": ADDRESS}}
    (warning,) = decoded(frame("user", said)).events
    assert isinstance(warning, VenueWarning)
    assert ADDRESS not in warning.detail
    fills = decoded(frame("user", {"fills": [fill(liquidation={"liquidatedUser": ADDRESS})]}))
    assert [type(event) for event in fills.events] == [CashFlow]
    funding = decoded(frame("user", {"funding": {"time": STAMP, "coin": "BTC", "usdc": "1.5"}}))
    assert [type(event) for event in funding.events] == [CashFlow]


def test_a_dex_of_no_known_token_is_said_to_be_so() -> None:
    known = Universe((Dex("", ("BTC",), "USDC"), Dex("abcd", ("abcd:X",), None)))
    found = decoded(states(first=dex(), abcd=dex(5.0, cross("abcd:X", 1.0, 5.0, 5.0))), universe=known)
    assert isinstance(found, Heard)
    assert found.states is not None
    assert found.states["abcd"].collateral is None
    assert UNIVERSE.collateral("abcd") is None
