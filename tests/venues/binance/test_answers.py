"""REST answers about the market and the key: recorded ones, and those that are not what they promise."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.accounts import Permissions
from monitor.domain.errors import MalformedAnswer
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Payoff
from monitor.domain.tiers import Tier, TierTable
from monitor.venues.binance import answers
from tests.programs import shared
from tests.venues.binance.support import ACCOUNT, FAQ, NOW, VENUE, raw, recorded_answers


def recorded(path: str, query: str | None = None) -> bytes:
    for record in recorded_answers("usdm_public_rest.json"):
        if record.get("path") == path and query in (None, record.get("query")):
            return raw(record["response"])
    raise AssertionError(path)


def test_recorded_exchange_info_gives_every_contract() -> None:
    problems: list[RowProblem] = []
    loaded = answers.instruments(recorded("/fapi/v1/exchangeInfo"), VENUE, NOW, problems)
    btc = next(one for one in loaded.instruments if one.symbol == "BTCUSDT")
    assert (btc.base, btc.quote, btc.settle, btc.coin, btc.payoff) == ("BTC", "USDT", "USDT", "BTC", Payoff.LINEAR)
    assert (btc.tick_size, btc.liquidation_fee_rate, btc.delivery_time, btc.trading) == (0.1, 0.0125, None, True)
    assert problems == []
    assert answers.rate_limits(recorded("/fapi/v1/exchangeInfo")) == 2400


def contract(**changes: object) -> dict[str, object]:
    row = {
        "symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT",
        "contractType": "PERPETUAL", "status": "TRADING", "deliveryDate": 4133404800000, "liquidationFee": "0.0125",
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.10"}],
    }  # fmt: skip
    return row | changes


def test_delivery_multiplier_shares_and_foreign_families() -> None:
    problems: list[RowProblem] = []
    info = {"symbols": [
        contract(symbol="BTCUSDT_261225", contractType="CURRENT_QUARTER", deliveryDate=1798185600000),
        contract(symbol="1000SHIBUSDC", baseAsset="1000SHIB", quoteAsset="USDC", marginAsset="USDC"),
        contract(symbol="ETHBTC", baseAsset="ETH", quoteAsset="BTC", marginAsset="BTC"),
        contract(symbol="TSLAUSDT", baseAsset="TSLA", contractType="TRADIFI_PERPETUAL", status="SETTLING"),
        contract(symbol="BTCUSD_PERP", quoteAsset="USD", marginAsset="BTC"),
        contract(symbol=""),
        {"symbol": "NOTHINGUSDT"},
        contract(symbol="ODDUSDT", filters=[], deliveryDate="", liquidationFee=""),
    ]}  # fmt: skip
    found = {one.symbol: one for one in answers.instruments(raw(info), VENUE, NOW, problems).instruments}
    assert list(found) == ["BTCUSDT_261225", "1000SHIBUSDC", "ETHBTC", "TSLAUSDT", "ODDUSDT"]
    assert found["BTCUSDT_261225"].delivery_time == 1798185600.0
    assert (found["1000SHIBUSDC"].coin, found["1000SHIBUSDC"].coin_multiplier) == ("SHIB", 1000.0)
    assert (found["ETHBTC"].quote, found["ETHBTC"].settle) == ("BTC", "BTC")
    assert not found["TSLAUSDT"].trading
    assert (found["ODDUSDT"].tick_size, found["ODDUSDT"].liquidation_fee_rate) == (None, None)
    assert [problem.row for problem in problems] == ["symbol row 5", "symbol row 6"]


def bracket(floor: float, cap: float, rate: float, cum: float | None) -> dict[str, object]:
    row: dict[str, object] = {"notionalFloor": floor, "notionalCap": cap, "maintMarginRatio": rate}
    return row if cum is None else row | {"cum": cum}


def test_brackets_become_tiers_with_the_venues_own_deductions() -> None:
    rows = [{"symbol": "BTCUSDT", "brackets": [bracket(50_000, 600_000, 0.005, 50), bracket(0, 50_000, 0.004, 0)]}]
    loaded = answers.tiers(raw(rows), VENUE, ACCOUNT, NOW)
    assert loaded.tiers == (
        ("BTCUSDT", TierTable((Tier(0.0, 0.004, 0.0), Tier(50_000.0, 0.005, 50.0)), cap=600_000.0)),
    )
    assert loaded.account == ACCOUNT


def test_a_users_factor_moves_edges_and_deductions_together() -> None:
    rows = [
        {
            "symbol": "ETHUSDT",
            "notionalCoef": 1.5,
            "brackets": [bracket(0, 10_000, 0.0065, 0), bracket(10_000, 20_000, 0.01, 35)],
        }
    ]
    ((_, table),) = answers.tiers(raw(rows), VENUE, ACCOUNT, NOW).tiers
    assert [tier.floor for tier in table.tiers] == [0.0, 15_000.0]
    assert table.cap == 30_000.0
    # Continuous at the moved edge: 15 000 x 0.0065 = 15 000 x 0.01 - 52.5.
    assert table.tiers[1].deduction == pytest.approx(52.5)


def test_a_symbol_without_brackets_has_no_table_and_is_named() -> None:
    problems: list[RowProblem] = []
    rows = [
        {"symbol": "ETHUSDT", "notionalCoef": 1.5, "brackets": []},
        {"symbol": "A", "brackets": [bracket(5, 10, 0.01, 0)]},
        {"symbol": "B", "brackets": [bracket(0, 10, 0.02, 0), bracket(10, 20, 0.01, 0)]},
        {"symbol": "C", "brackets": [bracket(0, 10, 40.0, 0)]},
        {"symbol": "D", "brackets": [bracket(0, 10, float("nan"), 0)]},
        {"symbol": "E", "brackets": [bracket(0, 10, 0.01, None)]},
    ]
    body = json.dumps(rows).replace("NaN", '"nan"').encode()
    loaded = answers.tiers(body, VENUE, ACCOUNT, NOW, problems)
    assert [symbol for symbol, _ in loaded.tiers] == ["E"]
    assert len(problems) == 5


def test_every_recorded_tier_table_is_continuous() -> None:
    table = json.loads(shared("fixtures/binance/leverage_tiers.json").read_text(encoding="utf-8"))
    rows = [{"symbol": symbol, "brackets": [tier["info"] for tier in tiers]} for symbol, tiers in table.items()]
    problems: list[RowProblem] = []
    loaded = answers.tiers(raw(rows), VENUE, None, NOW, problems)
    assert (len(loaded.tiers), problems) == (len(table), [])
    for symbol, found in loaded.tiers:
        for below, above in zip(found.tiers, found.tiers[1:], strict=False):
            gap = above.floor * (above.rate - below.rate) - (above.deduction - below.deduction)
            assert abs(gap) <= 1e-6 * max(1.0, above.floor), (symbol, below, above)


def test_recorded_marks_of_one_and_of_all() -> None:
    (one,) = answers.marks(recorded("/fapi/v1/premiumIndex", "symbol=BTCUSDT"), VENUE, NOW)
    assert (one.symbol, one.mark, one.index, one.venue_time) == (
        "BTCUSDT", 26780.82240476, 26798.25197802, 1687244112.0)  # fmt: skip
    assert len(answers.marks(recorded("/fapi/v1/premiumIndex", ""), VENUE, NOW)) == 5


def test_the_documented_asset_index() -> None:
    row = next(one for one in recorded_answers("usdm_private_rest.json") if one.get("endpoint") == "asset_index")
    (tick,) = answers.asset_index(raw(row["response"]), VENUE, NOW)
    assert (tick.asset, tick.price_usd, tick.venue_time) == ("ADA", 1.9295737, 1635740268.004)
    assert tick.rates is not None
    assert tick.price_usd * tick.rates.positive_rate == pytest.approx(1.73661633, abs=1e-8)
    assert tick.price_usd * tick.rates.negative_rate == pytest.approx(2.12253107, abs=1e-8)


def test_a_bad_mark_costs_its_row() -> None:
    problems: list[RowProblem] = []
    rows = [
        {"symbol": "A", "markPrice": "1.5", "time": 1790000000000},
        {"symbol": "B", "markPrice": "0", "time": 1790000000000},
        {"symbol": "C", "markPrice": "nan", "time": 1790000000000},
        {"symbol": "D", "markPrice": "2.5"},
    ]
    assert [tick.symbol for tick in answers.marks(raw(rows), VENUE, NOW, problems)] == ["A"]
    assert len(problems) == 3


@pytest.mark.parametrize("more", [{}, {"time": 1790000001000}, {"markPrice": "0"}, {"symbol": ""}, {"time": None}])
def test_marks_as_columns_are_the_same_marks(more: dict[str, object]) -> None:
    rows = [{"symbol": name, "markPrice": "1.5", "time": 1790000000000} for name in "ABC"]
    body = raw([rows[0], {**rows[1], **more}, rows[2]])
    bad: list[RowProblem] = []
    problems: list[RowProblem] = []
    ticks = answers.marks(body, VENUE, NOW, problems)
    columns = answers.mark_columns(body, VENUE, NOW, bad)
    assert columns is not None
    assert (columns.symbols, columns.marks) == (tuple(one.symbol for one in ticks), tuple(one.mark for one in ticks))
    assert columns.venue_times == tuple(one.venue_time for one in ticks)
    assert columns.received == NOW
    assert bad == problems


def test_the_clock_and_the_key() -> None:
    assert answers.server_time(b'{"serverTime": 1620099477465}') == 1620099477.465
    assert answers.listen_key(b'{"listenKey": "abc"}') == "abc"


def candle(minute: int, close: str) -> list[object]:
    return [1_790_000_000_000 + minute * 60_000, "1", "1", "1", close, "0", 0, "0", 0, "0", "0", "0"]


def test_the_open_candle_and_what_lies_before_a_gap_are_left_out() -> None:
    rows = [candle(0, "10"), candle(1, "11"), candle(3, "13"), candle(4, "14"), candle(5, "15")]
    at = 1_790_000_000 + 5 * 60 + 30.0
    assert answers.candles(raw(rows), VENUE, "BTCUSDT", at).closes == (13.0, 14.0)


def test_candles_that_cannot_be_read_are_named() -> None:
    problems: list[RowProblem] = []
    rows = [[0, "1", "1", "1", "NaN"], [60_000, "1"], [120_000, "1", "1", "1", "7.5"]]
    assert answers.candles(raw(rows), VENUE, "BTCUSDT", 1e9, problems=problems).closes == (7.5,)
    assert [one.row for one in problems] == ["row 0", "row 1"]
    assert "nan" in problems[0].text.lower()


RESTRICTIONS = {
    "ipRestrict": False, "createTime": 1623840271000, "enableReading": True, "enableWithdrawals": False,
    "enableInternalTransfer": False, "enableMargin": False, "enableFutures": False, "permitsUniversalTransfer": False,
    "enableVanillaOptions": False, "enableFixApiTrade": False, "enableFixReadOnly": True,
    "enableSpotAndMarginTrading": False, "enablePortfolioMarginTrading": False,
}  # fmt: skip


def allowed(
    read: bool, trade: bool, withdraw: bool, transfer: bool, bound: bool, expires: float | None = None
) -> Permissions:
    return Permissions(
        can_read=read,
        can_trade=trade,
        can_withdraw=withdraw,
        can_transfer=transfer,
        ip_restricted=bound,
        expires=expires,
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, allowed(True, False, False, False, False)),
        ({"enableFutures": True}, allowed(True, True, False, False, False)),
        ({"enableSomethingNew": True}, allowed(True, True, False, False, False)),
        ({"enableWithdrawals": True}, allowed(True, False, True, False, False)),
        ({"permitsUniversalTransfer": True}, allowed(True, False, False, True, False)),
        ({"ipRestrict": True}, allowed(True, False, False, False, True)),
        (
            {"tradingAuthorityExpirationTime": 1628985600000},
            allowed(True, False, False, False, False, 1628985600.0),
        ),
    ],
)
def test_a_key_that_only_reads_is_one_with_every_other_permission_off(
    changed: dict[str, object], expected: Permissions
) -> None:
    assert answers.permissions(raw(RESTRICTIONS | changed), ACCOUNT, NOW).permissions == expected


def test_permissions_that_are_not_there_are_unknown() -> None:
    found = answers.permissions(b'{"enableReading": true}', ACCOUNT, NOW).permissions
    assert (found.can_read, found.can_trade, found.can_withdraw, found.can_transfer) == (True, None, None, None)
    with pytest.raises(MalformedAnswer):
        answers.permissions(b"{}", ACCOUNT, NOW)


READERS: dict[str, Callable[[bytes], object]] = {
    "exchangeInfo": lambda body: answers.instruments(body, VENUE, NOW),
    "rateLimits": lambda body: answers.rate_limits(body),
    "leverageBracket": lambda body: answers.tiers(body, VENUE, ACCOUNT, NOW),
    "premiumIndex": lambda body: answers.marks(body, VENUE, NOW),
    "premiumIndex as columns": lambda body: answers.mark_columns(body, VENUE, NOW),
    "assetIndex": lambda body: answers.asset_index(body, VENUE, NOW),
    "time": lambda body: answers.server_time(body),
    "listenKey": lambda body: answers.listen_key(body),
    "candles": lambda body: answers.candles(body, VENUE, "BTCUSDT", NOW),
    "permissions": lambda body: answers.permissions(body, ACCOUNT, NOW),
    "accountConfig": lambda body: answers.account_config(body, body, ACCOUNT, NOW, NOW),
    "account": lambda body: answers.account_snapshot(body, b"[]", ACCOUNT, NOW, NOW),
    "positionRisk": lambda body: answers.account_snapshot(b'{"assets": []}', body, ACCOUNT, NOW, NOW),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "body", [b"", b"null", b"7", b'"<html>"', b"<html>", b"\xff", b"[[[", b'{"code": -2015, "msg": "secret-ish"}']
)
def test_an_answer_that_is_none_is_malformed(reader: str, body: bytes) -> None:
    with pytest.raises(MalformedAnswer) as caught:
        READERS[reader](body)
    assert "secret-ish" not in str(caught.value)


def test_the_code_of_an_error_body_is_kept() -> None:
    with pytest.raises(MalformedAnswer) as caught:
        answers.tiers(b'{"code": -2015, "msg": "Invalid API-key"}', VENUE, ACCOUNT, NOW)
    assert caught.value.code == -2015


BODIES = {
    "exchangeInfo": "fapi_v1_exchangeInfo",
    "leverageBracket": "fapi_v1_leverageBracket",
    "premiumIndex": "fapi_v1_premiumIndex",
    "assetIndex": "fapi_v1_assetIndex",
    "accountConfig": "fapi_v1_symbolConfig",
    "account": "fapi_v3_account",
    "positionRisk": "fapi_v3_positionRisk",
    "permissions": "sapi_v1_account_apiRestrictions",
}


@given(st.sampled_from(sorted(BODIES)), st.data())
def test_a_mutated_answer_is_read_or_refused_and_nothing_else(reader: str, data: st.DataObject) -> None:
    body = bytearray((FAQ / f"{BODIES[reader]}.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + 2] = data.draw(st.sampled_from([b"", b'"', b"-", b"9", b"nul", b"}", b"[", b"\xff", b"1e999"]))
    with suppress(MalformedAnswer):
        READERS[reader](bytes(body))
