"""File names of raw answers, both ways, and a folder written and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.errors import InputMissing
from monitor.venues.folder import BadFolder, Meta, Request, name, parse, read, read_meta, write


@pytest.mark.parametrize(
    ("path", "params", "page", "expected"),
    [
        ("/fapi/v3/account", {}, 1, "fapi_v3_account.json"),
        ("/fapi/v3/positionRisk", {}, 1, "fapi_v3_positionRisk.json"),
        ("/fapi/v1/leverageBracket", {"symbol": "BTCUSDT"}, 1, "fapi_v1_leverageBracket__symbol=BTCUSDT.json"),
        ("/fapi/v1/premiumIndex", {}, 2, "fapi_v1_premiumIndex__page=2.json"),
        ("/v5/position/list", {"settleCoin": "USDT", "category": "linear"}, 3,
         "v5_position_list__category=linear__settleCoin=USDT__page=3.json"),
        ("/fapi/v1/premiumIndex", {"symbol": "币安人生USDT"}, 1,
         "fapi_v1_premiumIndex__symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT.json"),
        ("/info", {"type": "clearinghouseState", "user": "0xabc"}, 1, "info__type=clearinghouseState.json"),
        ("/fapi/v3/account", {"timestamp": "1", "recvWindow": "5", "signature": "ab", "address": "x"}, 1,
         "fapi_v3_account.json"),
        ("/a", {"q": "x/y z~&%"}, 1, "a__q=x%2Fy%20z%7E%26%25.json"),
        ("/api/v4/futures/usdt/risk_limit_tiers", {}, 1, "api_v4_futures_usdt_risk_limit_tiers.json"),
    ],
)  # fmt: skip
def test_an_answer_is_named_by_its_request(path: str, params: dict[str, str], page: int, expected: str) -> None:
    assert name(path, params, page) == expected


names = st.text(min_size=1, max_size=6)
segments = st.text(min_size=1, max_size=6).filter(lambda text: "/" not in text)


@given(
    st.lists(segments, min_size=1, max_size=4),
    st.dictionaries(names.filter(lambda key: key != "page"), st.text(max_size=8), max_size=3),
    st.integers(1, 99),
)
def test_a_name_gives_its_request_back(parts: list[str], params: dict[str, str], page: int) -> None:
    path = "/" + "/".join(parts)
    file_name = name(path, params, page)
    assert parse(file_name, [path]) == Request(path, params, page)
    assert "/" not in file_name
    assert file_name.isascii()


@given(st.lists(segments.filter(lambda text: "_" not in text), min_size=1, max_size=4))
def test_a_path_without_underscores_needs_no_list_of_paths(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert parse(name(path)).path == path


def test_a_path_with_underscores_is_found_among_the_known_ones() -> None:
    path = "/api/v4/futures/usdt/risk_limit_tiers"
    assert parse("api_v4_futures_usdt_risk_limit_tiers.json", [path]).path == path
    assert parse("api_v4_futures_usdt_risk_limit_tiers.json").path == "/api/v4/futures/usdt/risk/limit/tiers"


@pytest.mark.parametrize(
    "wrong", ["meta.json", "notes.txt", "a__b.json", "a__=b.json", "a__page=0.json", "a__page=x.json", "a__k=%FF.json"]
)
def test_other_files_are_no_answers(wrong: str) -> None:
    with pytest.raises(ValueError):
        parse(wrong)


@pytest.mark.parametrize(("params", "page"), [({}, 0), ({"page": "2"}, 1)])
def test_a_page_is_given_once_and_from_one_on(params: dict[str, str], page: int) -> None:
    with pytest.raises(ValueError):
        name("/a", params, page)


def test_a_folder_is_read_as_it_was_written(tmp_path: Path) -> None:
    answers = {name("/fapi/v3/account"): b'{"a": 1}', name("/fapi/v1/premiumIndex", {"symbol": "币USDT"}): b"[]"}
    write(tmp_path / "new" / "folder", Meta("binance", "main", 1_790_000_000.25), answers)
    (tmp_path / "new" / "folder" / "README.md").write_text("not an answer")
    found = read(tmp_path / "new" / "folder")
    assert found.meta == Meta("binance", "main", 1_790_000_000.25)
    assert found.answers == answers


def test_a_missing_folder_or_meta_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no such folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputMissing, match=r"meta\.json"):
        read(tmp_path)


def test_the_time_may_be_written_for_people() -> None:
    raw = b'{"venue": "binance", "account": "a", "time": "2026-11-22T08:00:00Z"}'
    assert read_meta(raw).time == 1_795_334_400.0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"venue": "b", "account": "a", "time": "yesterday"}',
        b'{"venue": "b", "account": "a", "time": "2026-11-22T08:00:00"}',
        b'{"venue": 1, "account": "a", "time": 1}',
        b'{"venue": "b", "account": "a", "time": NaN}',
        b'{"venue": "b", "account": "a", "time": -1}',
        b"\xff",
    ],
)
def test_a_meta_that_says_something_else_is_refused(raw: bytes) -> None:
    with pytest.raises(BadFolder):
        read_meta(raw)
