"""`marginwatch journal ls|verify|export`: what was recorded, whether all of it is there, and its figures as a table."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.codes import CannotCreate, Exit, complain, guarded

if TYPE_CHECKING:
    from monitor.outputs.journal.records import Step
    from monitor.outputs.journal.segment import Damage
    from monitor.outputs.journal.survey import Survey

app = typer.Typer(
    name="journal",
    help="Look at what the flight recorder kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PathArgument = Annotated[
    Path | None,
    typer.Argument(metavar="DIR|FILE", readable=False, help="A journal or one of its files; else the configured one."),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration file that names the journal, if no DIR is given.")
]
MIB = 1024 * 1024


@app.command("ls", short_help="List runs and segments.")
def ls(path: PathArgument = None, config: ConfigOption = None) -> None:
    """List runs and segments: when, how much of what, and what is missing."""
    raise typer.Exit(int(guarded(lambda: list_segments(place(path, config)))))


@app.command()
def verify(path: PathArgument = None, config: ConfigOption = None) -> None:
    """Check that all that was written is there and unchanged. Exit: 0 fine, 1 damaged."""
    raise typer.Exit(int(guarded(lambda: check(place(path, config)))))


@app.command(short_help="Write the risk history as CSV or Parquet.")
def export(
    path: PathArgument = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write CSV into this file.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write Parquet (needs marginwatch[export]).")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="ISO time (UTC unless it says another zone), or -2h.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="The same.")] = None,
    config: ConfigOption = None,
) -> None:
    """Write the risk history, one row a pool and report, as CSV or Parquet."""
    if (csv is None) == (parquet is None):
        raise typer.BadParameter("give exactly one of --csv FILE and --parquet FILE", param_hint="--csv, --parquet")
    raise typer.Exit(int(guarded(lambda: write(place(path, config), csv, parquet, since, until))))


def place(path: Path | None, config: Path | None) -> Path:
    """The journal that is meant."""
    from monitor.app.config_journal import journal_found

    return path if path is not None else journal_found(config, os.environ)


def list_segments(path: Path) -> Exit:
    """One line a segment under one a run."""
    from monitor.outputs.journal.reader import files

    run, size, lost = "", 0, 0
    found = files(path)
    for seen in surveys(found, whole=False):
        head, file = seen.head, seen.path
        if head is not None and head.run != run:
            run = head.run
            accounts = ", ".join(f"{key.venue}/{key.account}" for key in head.accounts)
            print(f"run {run}: {head.instance}, marginwatch {head.version}, began {moment(head.started)}, {accounts}")
        size += seen.size
        lost += sum(count for row in seen.lost for count in row.counts.values())
        print(f"  {file.name}  {span(seen.first, seen.last)}")
        print(f"    {size_of(seen.size)}: {counted(seen.counts)}; {closed(seen.end)}")
        for row in seen.lost:
            print(f"    LOST {moment(row.first)} to {moment(row.last)}: {counted(row.counts)}: {row.why}")
        for damage in seen.damages:
            print(f"    {'ends early' if damage.torn else 'DAMAGED'} at byte {damage.offset}: {damage.what}")
    print(f"{len(found)} segments, {size_of(size)} in {path}" + (f"; {lost} records were lost" if lost else ""))
    return Exit.FINE


def check(path: Path) -> Exit:
    """Read everything, and say what is wrong with it."""
    from monitor.outputs.journal.reader import files
    from monitor.outputs.journal.survey import findings

    found = files(path)
    records = 0

    def counting() -> Iterator[Survey]:
        nonlocal records
        for seen in surveys(found, whole=True):
            records += seen.counts.total()
            yield seen

    damaged = 0
    for finding in findings(counting()):
        damaged += finding.grave
        print(f"{'DAMAGED' if finding.grave else 'note'}: {finding.path.name} {finding.words}")
    said = f"{damaged} places are damaged" if damaged else "nothing is damaged"
    print(f"{len(found)} segments, {records} records: {said}")
    return Exit.FAILED if damaged else Exit.FINE


def surveys(found: Iterable[Path], *, whole: bool) -> Iterator[Survey]:
    """What each file holds. A monitor that writes removes the oldest meanwhile: that is said, and no damage."""
    from monitor.outputs.journal.survey import survey

    for file in found:
        try:
            yield survey(file, whole=whole)
        except FileNotFoundError:
            print(f"note: {file.name} was removed meanwhile: the oldest go when there is too much")


def write(path: Path, csv: Path | None, parquet: Path | None, since: str | None, until: str | None) -> Exit:
    """The risk history into a file, which is new or complete: never half of it in place of an older one."""
    from monitor.cli.replay_times import BadTime
    from monitor.cli.replay_times import moment as read_time
    from monitor.outputs.journal import export

    now = time.time()
    try:
        start, end = (None if text is None else read_time(text, now) for text in (since, until))
    except BadTime as error:
        return complain(str(error), Exit.USAGE)
    damages: list[Damage] = []
    table = export.rows(path, start, end, damages.append)
    file, writer = (csv, export.write_csv) if csv is not None else (parquet, export.write_parquet)
    assert file is not None
    part = file.with_name(file.name + ".part")
    try:
        count = writer(table, part)
        part.replace(file)
    except OSError as error:
        raise CannotCreate(f"{file}: {error.strerror}; name another file") from None
    finally:
        part.unlink(missing_ok=True)
    for damage in damages:
        complain(f"{'it ends early' if damage.torn else 'rows are missing'}: {damage}")
    print(f"{file}: {count} rows")
    return Exit.FINE if all(damage.torn for damage in damages) else Exit.FAILED


def counted(counts: Mapping[str, int]) -> str:
    """`12 Step, 3 Frame`, the most first."""
    rows = sorted(counts.items(), key=lambda row: -row[1])
    return ", ".join(f"{count} {kind}" for kind, count in rows) or "nothing"


def closed(end: str) -> str:
    """How a segment ends."""
    return {"next segment": "closed", "stopped": "closed, the monitor stopped"}.get(
        end, "not closed: still written, or killed"
    )


def span(first: Step | None, last: Step | None) -> str:
    """From when until when."""
    return "no steps" if first is None else f"{moment(first.now)} to {moment((last or first).now)}"


def size_of(size: int) -> str:
    """A number of bytes with a unit that suits it."""
    return f"{size / MIB:.1f} MiB" if size >= MIB else f"{size / 1024:.1f} KiB"


def moment(at: float) -> str:
    """A time that can be read, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
