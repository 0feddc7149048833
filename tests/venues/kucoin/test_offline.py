"""A folder of answers as events, what it costs when one is missing, and what is taken out of it before it is shown."""

from __future__ import annotations

import json

import pytest

from monitor.domain.errors import InputMissing, MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot, PermissionsRead, Tick
from monitor.domain.quality import Quality
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.kucoin import endpoints
from monitor.venues.kucoin.endpoints import file_name
from monitor.venues.kucoin.margin import describe
from monitor.venues.kucoin.offline import read
from monitor.venues.kucoin.redact import redact
from tests.venues.kucoin.support import (
    ACCOUNT,
    MS,
    T0,
    VENUE,
    Files,
    answer,
    classic,
    contract,
    cross_loans,
    held,
    isolated_loans,
    margin_marks,
    overview,
    pair,
    position,
    unified,
)

CLASSIC = classic(
    [position("XBTUSDTM", 100, 60000.0, 60000.0, maintMarginReq=0.005), position("ETHUSDTM", 10, 3000.0, 3000.0)],
    [overview("USDT", 5000.0)],
    [contract("XBTUSDTM", 0.001, mmrLevConstant=100.0, m=1e12), contract("ETHUSDTM", 0.01)],
)
COIN = {"currency": "USDT", "balance": "100", "equity": "100"}
UNIFIED = unified(
    {"adjustedEquity": "100"}, coins=[COIN], discounts=[{"currency": "USDT", "cdrConfigs": [{"min": "0", "cdr": "1"}]}]
)
CROSS_LOANS = cross_loans("0.5", held("USDT", 100, 50), marks=margin_marks())
PAIRS = isolated_loans(pair("DOGE-USDT", "0.5", held("DOGE", 1000), held("USDT", 0, 50)), marks=margin_marks(DOGE=0.1))


def pools(files: Files) -> dict[str, Quality]:
    """The account through the engine, as `assess` computes it: each pool with its quality."""
    engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
    (report,) = engine.step(read(files, ACCOUNT, T0).events, T0).reports
    return {pool.key.pool: pool.quality for pool in report.pools}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (CLASSIC, {"cross:USDT": Quality.LIVE}),
        (UNIFIED, {"multi-assets": Quality.PARTIAL}),
        (CROSS_LOANS, {"margin": Quality.LIVE}),
        (PAIRS, {"margin:DOGE-USDT": Quality.LIVE}),
    ],
    ids=["classic", "unified", "margin", "isolated margin"],
)
def test_the_files_tell_which_account_it_is(files: Files, expected: dict[str, Quality]) -> None:
    assert pools(files) == expected


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        (CLASSIC, file_name(endpoints.CONTRACTS), "what a lot stands for is unknown"),
        (CLASSIC, file_name(endpoints.POSITION_MODE), "position mode is unknown"),
        (CLASSIC, file_name(endpoints.ORDERS, endpoints.ACTIVE), "resting orders are not counted"),
        (UNIFIED, file_name(endpoints.DISCOUNTS), "no discounts of collateral"),
        (UNIFIED, file_name(endpoints.UNIFIED_BALANCE), "adjusted equity is held"),
        (CROSS_LOANS, file_name(endpoints.MARGIN_CONFIG), "the debt ratio of liquidation is assumed"),
        (PAIRS, file_name(endpoints.MARGIN_MARKS), "no prices of coins"),
    ],
)
def test_an_optional_file_that_is_missing_is_named_with_what_it_costs(files: Files, name: str, said: str) -> None:
    found = read({key: value for key, value in files.items() if key != name}, ACCOUNT, T0)
    assert said in found.missing[name]
    assert any(said in why for one in found.events if isinstance(one, AccountConfig) for why in one.problems)


@pytest.mark.parametrize("files", [CLASSIC, UNIFIED, CROSS_LOANS, PAIRS], ids=["classic", "unified", "margin", "pairs"])
def test_without_the_account_itself_there_is_nothing_to_assess(files: Files) -> None:
    needed = {endpoint for kind in endpoints.REQUIRED.values() for endpoint in kind}
    paths = {endpoints.file_name(one).removesuffix(".json") for one in needed}
    left = {name: raw for name, raw in files.items() if name.partition("__")[0].removesuffix(".json") not in paths}
    with pytest.raises(InputMissing, match="nothing to assess"):
        read(left, ACCOUNT, T0)


def test_without_the_file_of_the_mode_the_others_tell_it() -> None:
    files = {name: raw for name, raw in CLASSIC.items() if name != file_name(endpoints.ACCOUNT_MODE)}
    (config,) = [one for one in read(files, ACCOUNT, T0).events if isinstance(one, AccountConfig)]
    assert config.mode.kind == "classic"


def test_where_files_of_both_kinds_are_there_the_mode_decides() -> None:
    for files, expected in (({**UNIFIED, **CLASSIC}, "classic"), ({**CLASSIC, **UNIFIED}, "unified")):
        (config,) = [one for one in read(files, ACCOUNT, T0).events if isinstance(one, AccountConfig)]
        assert config.mode.kind == expected


def test_marks_are_those_that_the_positions_were_computed_with() -> None:
    ticks = {one.symbol: one.mark for one in read(CLASSIC, ACCOUNT, T0).events if isinstance(one, Tick)}
    assert ticks == {"XBTUSDTM": 60000.0, "ETHUSDTM": 3000.0}
    single = answer({"symbol": "XBTUSDTM", "timePoint": MS, "value": 60500.0})
    more = {**CLASSIC, file_name(endpoints.MARK_PRICE, {"symbol": "XBTUSDTM"}): single}
    ticks = {one.symbol: one.mark for one in read(more, ACCOUNT, T0).events if isinstance(one, Tick)}
    assert ticks["XBTUSDTM"] == 60500.0


def test_the_snapshot_comes_last_and_the_key_is_read() -> None:
    key = answer({"permission": "General", "ipWhitelist": "", "apiKey": "not-a-key"})
    events = read({**CLASSIC, file_name(endpoints.API_KEY): key}, ACCOUNT, T0).events
    assert isinstance(events[-1], AccountSnapshot)
    assert [one for one in events if isinstance(one, PermissionsRead)]


def test_a_file_that_is_not_what_its_name_says_is_refused_and_a_note_is_passed_over() -> None:
    assert read({**CLASSIC, "notes.json": b"{}", "readme.txt": b""}, ACCOUNT, T0).problems == ()
    with pytest.raises(MalformedAnswer):
        read({**CLASSIC, file_name(endpoints.POSITIONS): b"<html>"}, ACCOUNT, T0)


# Redaction

KEY, TOKEN = (
    "5c2db93503aa674c74a31734",
    "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOeh_55i3Ysy2q2LEsEWU64mdzUOPusi34M_wGoSf7iNyEWJ",
)


def test_nothing_that_tells_who_it_is_stays() -> None:
    said = {
        "uid": 165111215, "subName": "desk", "remark": "mine", "apiKey": KEY, "permission": "General",
        "ipWhitelist": "203.0.113.7,203.0.113.8", "createdAt": 1729156619000,
        "clientOid": "3f1c9b5e-1c2d-4c3b-9a8f-1234567890ab",
        "userId": KEY, "token": TOKEN, "note": "write to someone@example.org", "unifiedSubAccount": [252118980],
    }  # fmt: skip
    shown = redact("api_v1_user_api-key.json", answer(said)).decode()
    for secret in (
        "165111215",
        "desk",
        "mine",
        KEY,
        "203.0.113",
        "1729156619000",
        "3f1c9b5e",
        TOKEN,
        "example.org",
        "252118980",
    ):
        assert secret not in shown
    assert json.loads(shown)["data"]["permission"] == "General"


def test_what_risk_is_computed_from_stays_to_its_last_digit() -> None:
    for files in (CLASSIC, UNIFIED, CROSS_LOANS, PAIRS):
        cleaned = {name: redact(name, raw) for name, raw in files.items()}
        assert pools(cleaned) == pools(files)
        whole, bare = (
            next(one for one in read(one, ACCOUNT, T0).events if isinstance(one, AccountSnapshot))
            for one in (files, cleaned)
        )
        assert (whole.positions, whole.balances, whole.wallets) == (bare.positions, bare.balances, bare.wallets)


def test_orders_stay_apart_and_lead_to_nothing() -> None:
    rows = answer(
        {"items": [{"id": "5cdfc138b21023a909e5ad55", "size": 1}, {"id": "5cdfc138b21023a909e5ad59", "size": 1}]}
    )
    first, second = (one["id"] for one in json.loads(redact("api_v1_orders.json", rows))["data"]["items"])
    assert first != second
    assert "5cdfc138" not in first + second


def test_a_key_that_is_bound_to_addresses_still_shows_that_it_is() -> None:
    for said, bound in (("203.0.113.7", True), ("", False)):
        shown = redact("api_v1_user_api-key.json", answer({"permission": "General", "ipWhitelist": said}))
        assert bool(json.loads(shown)["data"]["ipWhitelist"]) is bound


def test_a_pair_in_a_tag_stays_and_what_is_no_json_goes_whole() -> None:
    assert b"BTC-USDT" in redact("frame", b'{"tag":"BTC-USDT","subName":"x"}')
    assert b"XBTUSDTM" in redact("frame", b'{"remark":"XBTUSDTM"}')
    assert b"my desk" not in redact("frame", b'{"remark":"my desk","tag":"my-desk"}')
    assert b"secret" not in redact("frame", b"not json: secret")
