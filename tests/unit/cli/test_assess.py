"""`assess`: the FAQ's account from raw answers, to the printed digit; what is missing is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.programs import ROOT
from tests.unit.cli.processes import inside, marginwatch

FAQ = ROOT / "tests" / "venues" / "binance" / "faq_account"
SCHEMA = json.loads((ROOT / "monitor" / "web" / "schema.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FAQ, tmp_path / "faq"))


def document(folder: Path) -> dict[str, Any]:
    done = inside("assess", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    body: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(body, SCHEMA)
    return body


def assessed(folder: Path) -> dict[str, Any]:
    account: dict[str, Any] = document(folder)["accounts"][0]
    return account


def test_the_accounts_ratio_and_lines_are_those_that_the_venue_prints() -> None:
    done = marginwatch("assess", str(FAQ))
    assert (done.returncode, done.stderr) == (0, "")
    assert "cross:USDT  LIVE  ratio 0.4149 (venue 0.4149)" in done.stdout
    assert "liquidation 1153.26 (-13.6 %)  venue 1153.26" in done.stdout
    assert "liquidation 26316.9 (-17.7 %)  venue 26316.9" in done.stdout
    assert "ours against the venue's:" in done.stdout


def test_the_json_fits_the_committed_schema_and_says_the_same() -> None:
    (pool,) = assessed(FAQ)["pools"]
    assert pool["margin_ratio"]["value"] == pytest.approx(0.4149, abs=5e-5)
    assert [position["liquidation"]["state"] for position in pool["positions"]] == ["at", "at"]


@pytest.mark.parametrize(
    ("missing", "quality"),
    [
        ("fapi_v1_leverageBracket.json", "UNKNOWN"),
        ("fapi_v1_accountConfig.json", "UNKNOWN"),
        ("fapi_v1_assetIndex.json", "PARTIAL"),
        ("fapi_v1_premiumIndex.json", "PARTIAL"),
        ("fapi_v1_exchangeInfo.json", "PARTIAL"),
        ("fapi_v1_symbolConfig.json", "PARTIAL"),
        ("sapi_v1_account_apiRestrictions.json", "PARTIAL"),
    ],
)
def test_a_missing_optional_file_is_named_and_lowers_the_quality(folder: Path, missing: str, quality: str) -> None:
    (folder / missing).unlink()
    done = inside("assess", str(folder))
    assert done.returncode == 0
    assert f"{missing} is missing: " in done.stderr
    account = assessed(folder)
    assert account["quality"] == quality
    assert any(reason.startswith(f"{missing} is missing: ") for reason in account["reasons"])
    if quality == "UNKNOWN":
        assert account["margin_ratio"]["state"] == "unknown"
    else:
        assert account["margin_ratio"]["value"] == pytest.approx(0.4149, abs=5e-5)
        assert account["pools"][0]["drift"]["ratio"] == pytest.approx(0.0, abs=1e-3)  # still compared


def test_the_json_names_what_was_missing_and_what_could_not_be_read(folder: Path) -> None:
    whole = document(folder)
    assert (whole["missing"], whole["unreadable"]) == ([], [])
    (folder / "fapi_v1_symbolConfig.json").unlink()
    (folder / "fapi_v1_premiumIndex.json").write_text('[{"symbol": "BTCUSDT", "markPrice": "nan", "time": 1}]')
    poor = document(folder)
    assert poor["missing"] == ["fapi_v1_symbolConfig.json"]
    assert [text for text in poor["unreadable"] if "BTCUSDT" in text or "row" in text]
    assert poor["accounts"][0]["pools"][0]["initial_margin_usd"] is None


def test_a_missing_needed_file_is_the_code_66(folder: Path) -> None:
    (folder / "fapi_v3_account.json").unlink()
    done = inside("assess", str(folder))
    assert (done.returncode, done.stderr.count("\n")) == (66, 1)
    assert "fapi_v3_account.json" in done.stderr


@pytest.mark.parametrize("name", ["meta.json", "fapi_v3_account.json", "fapi_v1_leverageBracket.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[1, 2", b'"text"', b"{}", b"null"])
def test_a_garbled_file_is_one_line_or_unknown_and_never_a_traceback(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    done = inside("assess", str(folder))
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert "LIVE  ratio 0.4149" not in done.stdout
    else:
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_another_venue_is_named_with_those_that_are_known(folder: Path) -> None:
    (folder / "meta.json").write_text('{"venue": "elsewhere", "account": "x", "time": 1}')
    done = inside("assess", str(folder))
    assert done.returncode == 1
    assert "no such venue: elsewhere; known: binance, bybit, okx" in done.stderr
