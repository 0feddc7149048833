"""The risk history as a table: what was reported, when, and nothing where nothing was known."""

from __future__ import annotations

import csv
import sys
from math import inf
from pathlib import Path

import pytest

from monitor.domain.lines import NEVER, Direction, Line, Ratio
from monitor.outputs.journal import export
from monitor.outputs.journal.export import COLUMNS, NoParquet, rows, write_csv, write_parquet
from tests.sample_reports import account, pool
from tests.unit.outputs.journal.desk import Desk

UNKNOWN = pool(ratio=Ratio.unknown("no mark"), equity_usd=None, maintenance_margin_usd=None)
CALM = pool(
    "isolated:ETHUSDT:long", positions=(), coins={}, depegs={}, market={Direction.DOWN: NEVER, Direction.UP: NEVER}
)
NEAR = pool(coins={"BTC": {Direction.DOWN: Line.at(50_000.0, 0.1)}}, positions=(), market={}, depegs={})


def recorded(folder: Path) -> Desk:
    desk = Desk(folder)
    for pools in ((NEAR, CALM), (), (UNKNOWN,)):
        if pools == (UNKNOWN,):
            desk.next_segment()
        desk.step(reports=(account(pools=pools),) if pools else ())
        desk.write()
    desk.stop()
    return desk


def test_each_pool_of_each_report_is_a_row(tmp_path: Path) -> None:
    recorded(tmp_path)
    near, calm, unknown = (dict(zip(COLUMNS, row, strict=True)) for row in rows(tmp_path))
    assert near["time"].isoformat() == "1970-01-12T13:46:41+00:00"
    assert (near["venue"], near["account"], near["pool"]) == ("binance", "main", "cross:USDT")
    assert (near["quality"], near["ratio_state"], near["ratio"]) == ("LIVE", "at", 0.2)
    assert (near["nearest_state"], near["nearest_price"], near["nearest_distance_ratio"]) == ("at", 50_000.0, 0.1)
    assert (calm["pool"], calm["nearest_state"], calm["nearest_distance_ratio"]) == (
        "isolated:ETHUSDT:long",
        "never",
        inf,
    )
    assert (unknown["step"], unknown["ratio_state"], unknown["ratio"]) == (3, "unknown", None)
    assert (unknown["equity_usd"], unknown["maintenance_margin_usd"]) == (None, None)
    assert len({row["run"] for row in (near, calm, unknown)}) == 1


def test_only_what_lies_between_two_times_is_told(tmp_path: Path) -> None:
    recorded(tmp_path)
    assert [row[2] for row in rows(tmp_path, since=1_000_002.0)] == [3]
    assert [row[2] for row in rows(tmp_path, until=1_000_002.0)] == [1, 1]


def test_a_damaged_place_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    recorded(tmp_path)
    first = min(tmp_path.glob("*.mwj"))
    data = bytearray(first.read_bytes())
    data[60] ^= 1
    first.write_bytes(data)
    damages: list[object] = []
    assert [row[2] for row in rows(tmp_path, damaged=damages.append)] == [3]
    assert len(damages) == 1
    assert [row[2] for row in rows(tmp_path)] == [3]


def test_in_csv_what_is_unknown_is_empty_and_what_never_comes_is_infinite(tmp_path: Path) -> None:
    recorded(tmp_path / "journal")
    file = tmp_path / "history.csv"
    assert write_csv(rows(tmp_path / "journal"), file) == 3
    near, calm, unknown = csv.DictReader(file.read_text().splitlines())
    assert near["time"] == "1970-01-12T13:46:41.000000+00:00"
    assert float(near["ratio"]) == 0.2
    assert float(calm["nearest_distance_ratio"]) == inf
    assert (unknown["ratio"], unknown["equity_usd"], unknown["ratio_state"]) == ("", "", "unknown")


def test_in_parquet_the_columns_have_their_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pip install 'marginwatch[export]'")
    recorded(tmp_path / "journal")
    file = tmp_path / "history.parquet"
    for batch in (2, 50_000):
        monkeypatch.setattr(export, "BATCH_ROWS", batch)
        assert write_parquet(rows(tmp_path / "journal"), file) == 3
        table = parquet.read_table(file)
        assert table.column_names == list(COLUMNS)
        assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
        near, calm, unknown = table.to_pylist()
        assert tuple(near.values()) == next(rows(tmp_path / "journal"))
        assert calm["nearest_distance_ratio"] == inf
        assert unknown["ratio"] is None


def test_without_the_library_parquet_is_refused_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NoParquet, match=r"pip install 'marginwatch\[export\]', or write --csv"):
        write_parquet((), tmp_path / "history.parquet")
    assert list(tmp_path.iterdir()) == []
