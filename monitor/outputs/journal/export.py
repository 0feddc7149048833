"""The risk history of a journal as a table: one row a pool and step in which it was reported."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.domain.errors import MarginwatchError
from monitor.outputs.journal.reader import read
from monitor.outputs.journal.records import Outcome, PoolOutcome, Run, Step
from monitor.outputs.journal.segment import Damage

COLUMNS = (
    "time",
    "run",
    "step",
    "venue",
    "account",
    "pool",
    "quality",
    "ratio_state",
    "ratio",
    "equity_usd",
    "maintenance_margin_usd",
    "nearest_state",
    "nearest_price",
    "nearest_distance_ratio",
)
NUMBERS = frozenset({"ratio", "equity_usd", "maintenance_margin_usd", "nearest_price", "nearest_distance_ratio"})
BATCH_ROWS = 50_000

Row = tuple[Any, ...]  # Any: text, whole numbers, floats, times and None, column by column


class NoParquet(MarginwatchError):
    """Parquet is written by a library that is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet needs pyarrow: pip install 'marginwatch[export]', or write --csv")


def rows(
    path: Path, since: float | None = None, until: float | None = None, damaged: Callable[[Damage], None] | None = None
) -> Iterator[Row]:
    """The rows of a file or folder, in order, between two times; `damaged` is told each place that cannot be read.

    What is unknown is None, and never zero; a distance that is never reached is infinite. Raises `InputMissing`.
    """
    run, step = "", None
    for found in read(path, kinds=(Step, Outcome), since=since, until=until):
        match found:
            case Damage():
                if damaged is not None:
                    damaged(found)
                step = None
            case Run():
                run, step = found.run, None
            case Step():
                step = found
            case Outcome() if step is not None and step.number == found.number:
                if (since is None or step.now >= since) and (until is None or step.now <= until):
                    yield from (_row(run, step, pool) for pool in found.pools)
            case _:
                pass


def _row(run: str, step: Step, pool: PoolOutcome) -> Row:
    return (
        datetime.fromtimestamp(step.now, UTC),
        run,
        step.number,
        *pool.key,
        pool.quality.value,
        pool.ratio.state.value,
        pool.ratio.value,
        pool.equity_usd,
        pool.maintenance_margin_usd,
        pool.nearest.state.value,
        pool.nearest.price,
        pool.nearest.distance_ratio,
    )


def write_csv(table: Iterable[Row], file: Path) -> int:
    """Write the table as CSV, times as ISO 8601 in UTC, empty where unknown; returns the number of rows."""
    count = 0
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for time, *others in table:
            writer.writerow([time.isoformat(timespec="microseconds"), *others])
            count += 1
    return count


def write_parquet(table: Iterable[Row], file: Path) -> int:
    """Write the table as Parquet, null where unknown; returns the number of rows. Raises `NoParquet`."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise NoParquet from None
    kinds = {"time": pa.timestamp("us", tz="UTC"), "step": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.float64() if name in NUMBERS else pa.string())) for name in COLUMNS])
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(table):
            columns = zip(*batch, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(batch)
    return count


def _batches(table: Iterable[Row]) -> Iterator[Sequence[Row]]:
    batch: list[Row] = []
    for row in table:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
