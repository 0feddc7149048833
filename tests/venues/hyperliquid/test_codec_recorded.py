"""Every recorded frame and answer decodes to events, or is of a kind that is counted: ignored, or not recognised."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import CashFlow, Ticks, VenueWarning
from monitor.domain.frames import FrameKind, RowProblem
from monitor.venues.hyperliquid import answers, cash
from monitor.venues.hyperliquid.names import NO_UNIVERSE, Dex, Universe
from tests.programs import shared
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    NOW,
    VENUE,
    decoded,
    raw,
    recorded_answers,
    recorded_frames,
)

ALL = ("ws_public_frames.jsonl", "ws_frames_nautilus.jsonl")
SAMPLES = "info_samples.json"


def test_recorded_frames_are_understood_ignored_or_counted_as_unrecognised() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for record in recorded_frames(*ALL):
        found = decoded(record["msg"])
        assert found.problems == (), record["msg"]
        if "channel" not in record["msg"]:
            assert found.kind is FrameKind.UNRECOGNISED, "the body of a book without its envelope"
        else:
            assert found.kind in (FrameKind.DATA, FrameKind.IGNORED), (record["msg"], found)
        counts[found.kind, found.name] += 1
    assert counts[FrameKind.DATA, "activeAssetCtx"] >= 1
    assert counts[FrameKind.IGNORED, "trades"] >= 3
    assert counts[FrameKind.DATA, "user"] == 1
    print("\n", *(f"{number:6d}  {kind:12s} {name}\n" for (kind, name), number in counts.most_common()))


def test_a_recorded_forced_fill_of_somebody_warns_nobody_of_ours() -> None:
    (record,) = [one for one in recorded_frames(ALL[1]) if one["file"] == "ws_user_fill_liquidation.json"]
    events = decoded(record["msg"]).events
    assert not any(isinstance(event, VenueWarning) for event in events)
    (flow,) = events
    assert isinstance(flow, CashFlow)
    assert flow.amount == pytest.approx(-0.009997)


def test_recorded_marks_of_nine_dexs_are_all_read() -> None:
    text = shared("fixtures/hyperliquid/ws_all_dexs_asset_ctxs.json").read_text(encoding="utf-8")
    dexs = json.loads(text)["data"]["ctxs"]
    names = [
        Dex(name, tuple(f"{name}:{number}" if name else f"C{number}" for number in range(len(rows))), "USDC")
        for name, rows in dexs
    ]
    found = decoded(text, universe=Universe(tuple(names)))
    ticks = found.events[0]
    assert isinstance(ticks, Ticks)
    assert len(dexs) == 9
    assert len(ticks.symbols) == sum(len(rows) for _, rows in dexs) == 412
    assert ticks.marks[0] == 77562.0
    assert found.problems == ()


def test_recorded_states_are_read() -> None:
    read = 0
    for name in ("info_recorded.json", SAMPLES):
        for record in recorded_answers(name):
            body = record["response"]
            if isinstance(body, dict) and "assetPositions" in body:
                found = answers.state(raw(body), "", ACCOUNT, NO_UNIVERSE)
                assert found.problems == ()
                assert len(found.positions) == len(body["assetPositions"])
                read += 1
    assert read == 3


def test_a_recorded_spot_state_leaves_out_the_side_of_an_outcome() -> None:
    (body,) = [
        one["response"] for one in recorded_answers(SAMPLES) if one["file"].endswith("spot_clearinghouse_state.json")
    ]
    found = answers.spot(raw(body), ACCOUNT, NO_UNIVERSE)
    assert [one.asset for one in found.balances] == ["USDC", "PURR", "HYPE"]
    assert not found.pooled


def test_recorded_metas_of_builders_have_tokens_of_their_own() -> None:
    (body,) = [one["response"] for one in recorded_answers(SAMPLES) if "all_perp_metas" in one["file"]]
    tokens = {"tokens": [{"name": "USDH", "index": 360}, {"name": "USDE", "index": 235}]}
    known = answers.universe(None, raw(body), raw(tokens), VENUE)
    assert [(dex.name, dex.symbols, dex.collateral) for dex in known.dexs] == [
        ("", ("BTC",), "USDC"),
        ("km", ("km:US500",), "USDH"),
        ("hyna", ("hyna:BTC",), "USDE"),
    ]
    listed = {one.symbol: one for one in answers.instruments(raw(body), known, VENUE, NOW).instruments}
    assert (listed["km:US500"].settle, listed["km:US500"].coin) == ("USDH", "US500")
    assert listed["hyna:BTC"].coin == "BTC", "bitcoin on another dex is bitcoin"


def test_recorded_contexts_are_marks() -> None:
    (body,) = [one["response"] for one in recorded_answers(SAMPLES) if "ExchangeInfoAndTickers" in one["file"]]
    ticks = answers.marks(raw(body), VENUE, NOW)
    assert {tick.symbol: tick.mark for tick in ticks} == {"BTC": 14.3161, "ETH": 6.0436, "HPOS": 8.4542}


def test_recorded_funding_payments_are_flows_with_their_signs() -> None:
    bodies = [
        one["response"] for one in recorded_answers("info_recorded.json") if one["request"]["type"] == "userFunding"
    ]
    for body in bodies:
        flows = cash.fundings(raw(body), ACCOUNT, NOW)
        assert len(flows) == sum(1 for row in body if float(row["delta"]["usdc"]))
        assert flows[0].amount == float(body[0]["delta"]["usdc"])


def test_a_recorded_ledger_gives_what_has_a_direction() -> None:
    bodies = [
        one["response"]
        for one in recorded_answers("info_recorded.json")
        if one["request"]["type"] == "userNonFundingLedgerUpdates" and one["response"]
    ]
    (body,) = bodies
    bad: list[RowProblem] = []
    address = "0x2ba553d9f990a3b66b03b2dc0d030dfc1c061036"
    flows = cash.ledger(raw(body), ACCOUNT, NOW, bad, address=address)
    assert bad == []
    assert flows[0].amount == pytest.approx(2703997.45)
    sent = next(flow for flow in flows if flow.amount < 0)
    assert sent.amount == pytest.approx(-11.5), "10.5 and the fee"
    assert len(cash.ledger(raw(body), ACCOUNT, NOW)) < len(flows), "without the address some have no direction"


def test_recorded_candles_end_before_the_open_one() -> None:
    (body,) = [
        one["response"] for one in recorded_answers("info_recorded.json") if one["request"]["type"] == "candleSnapshot"
    ]
    at = body[-1]["t"] / 1000 + 10
    found = answers.candles(raw(body), VENUE, "kPEPE", at, 3600.0)
    assert len(found.closes) == len(body) - 1
    assert found.closes[0] == float(body[0]["c"])


def test_answers_of_another_type_are_no_account() -> None:
    for record in recorded_answers("info_recorded.json"):
        if record["request"]["type"] in ("allMids", "meta", "portfolio"):
            with pytest.raises(MalformedAnswer):
                answers.state(raw(record["response"]), "", ACCOUNT, NO_UNIVERSE)
