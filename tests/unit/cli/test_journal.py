"""`journal ls`, `verify` and `export` as a user meets them: where they look, what they say, how they end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.app.config_journal import SERVICE_FOLDER, journal_found
from monitor.cli.journal import size_of, surveys
from monitor.domain.errors import ConfigMissing, ConfigRefused, InputMissing
from monitor.domain.events import FeedUp
from monitor.outputs.journal.reader import files
from tests.sample_reports import account
from tests.unit.cli.processes import inside, marginwatch
from tests.unit.outputs.journal.desk import Desk


def recorded(folder: Path) -> Path:
    desk = Desk(folder)
    for _ in range(3):
        desk.step(FeedUp("binance", None, "marks", 1.0), reports=(account(),))
    desk.stop()
    return folder


def with_losses(folder: Path) -> Path:
    desk = Desk(folder)
    desk.step()
    desk.write()
    desk.disk.free = 0
    desk.step()
    desk.write()
    desk.disk.free = None
    desk.clock.time += 2.0
    desk.write()
    desk.step()
    desk.write()
    return folder


def changed(folder: Path) -> Path:
    file = next(recorded(folder).glob("*.mwj"))
    data = bytearray(file.read_bytes())
    data[-40] ^= 1
    file.write_bytes(data)
    return folder


def test_ls_tells_runs_and_segments_with_times_sizes_and_counts(tmp_path: Path) -> None:
    done = marginwatch("journal", "ls", str(recorded(tmp_path)))
    run, name, counts, total = done.stdout.splitlines()
    assert run.startswith("run 19700112T134640Z-")
    assert run.endswith(": main, marginwatch 1.0, began 1970-01-12 13:46:40 UTC, binance/main")
    assert name.endswith("-000001.mwj  1970-01-12 13:46:41 UTC to 1970-01-12 13:46:43 UTC")
    assert counts.endswith(" KiB: 3 Step, 3 Outcome, 1 Run, 1 End; closed, the monitor stopped")
    assert total.startswith("1 segments, ")
    assert (done.returncode, done.stderr) == (0, "")


def test_ls_tells_what_is_missing_and_why(tmp_path: Path) -> None:
    out = inside("journal", "ls", str(with_losses(tmp_path))).stdout
    assert "LOST 1970-01-12 13:46:42 UTC to 1970-01-12 13:46:42 UTC: 1 Step, 1 Outcome: No space left" in out
    assert "not closed: still written, or killed" in out
    assert "; 2 records were lost" in out
    assert "DAMAGED at byte" in inside("journal", "ls", str(changed(tmp_path / "changed"))).stdout


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (recorded, 0, "1 segments, 8 records: nothing is damaged"),
        (with_losses, 0, "says itself that records were lost: 1 Outcome, 1 Step (No space left on device)"),
        (changed, 1, "1 places are damaged"),
    ],
)
def test_verify_ends_with_1_where_something_is_damaged(
    tmp_path: Path, make: Callable[[Path], Path], code: int, words: str
) -> None:
    done = inside("journal", "verify", str(make(tmp_path)))
    assert (done.returncode, done.stderr) == (code, "")
    assert words in done.stdout


def test_export_writes_what_was_reported(tmp_path: Path) -> None:
    folder, file = str(recorded(tmp_path / "journal")), tmp_path / "history.csv"
    done = inside("journal", "export", folder, "--csv", str(file), "--from", "1970-01-12T13:46:42")
    rows = len(file.read_text().splitlines()) - 1
    assert rows == 2 * len(account().pools)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}: {rows} rows\n", "")


def test_export_of_a_damaged_journal_writes_what_is_left_and_says_so(tmp_path: Path) -> None:
    folder, file = str(changed(tmp_path / "journal")), tmp_path / "history.csv"
    done = inside("journal", "export", folder, "--csv", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("marginwatch: rows are missing: ")
    assert file.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--csv", "a.csv", "--parquet", "b.parquet"), 2, "give exactly one of --csv FILE and --parquet FILE"),
        ((), 2, "give exactly one of --csv FILE and --parquet FILE"),
        (("--csv", "a.csv", "--from", "yesterday"), 2, "'yesterday' is no time: write 2026-11-22T03:10:00"),
        (("--csv", "/nowhere/a.csv"), 73, "/nowhere/a.csv: No such file or directory; name another file"),
    ],
)
def test_export_refuses_what_it_cannot_do_in_words(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = inside("journal", "export", str(recorded(tmp_path)), *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["ls", "verify", "export"])
def test_a_journal_that_is_not_there_is_the_code_66(tmp_path: Path, command: str) -> None:
    more = ("--csv", str(tmp_path / "a.csv")) if command == "export" else ()
    done = inside("journal", command, str(tmp_path / "nowhere"), *more)
    assert done.returncode == 66
    assert done.stderr == (
        f"marginwatch: {tmp_path / 'nowhere'} is not there: name a folder of a journal, or one of its files\n"
    )


def test_without_a_folder_the_configured_one_is_meant_whatever_else_the_configuration_says(tmp_path: Path) -> None:
    recorded(tmp_path / "journal")
    config = tmp_path / "config.toml"
    config.write_text(f'no_such_key = 1\n[journal]\ndirectory = "{tmp_path / "journal"}"\n')
    done = inside("journal", "verify", "--config", str(config))
    assert (done.returncode, "nothing is damaged" in done.stdout) == (0, True)


def test_the_place_is_that_of_the_environment_the_file_or_the_usual_one(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[journal]\ndirectory = "/of/the/file"\n')
    assert journal_found(config, {}) == Path("/of/the/file")
    assert journal_found(config, {"MARGINWATCH_JOURNAL__DIRECTORY": "/of/the/name"}) == Path("/of/the/name")
    home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    usual = tmp_path / "state" / "marginwatch" / "journal"
    assert journal_found(None, home) == (SERVICE_FOLDER if SERVICE_FOLDER.is_dir() else usual)
    usual.mkdir(parents=True)
    assert journal_found(None, home) == usual
    with pytest.raises(ConfigMissing):
        journal_found(tmp_path / "other.toml", {})
    config.write_text("[journal\n")
    with pytest.raises(ConfigRefused):
        journal_found(config, {})


def test_sizes_are_told_in_a_unit_that_suits_them() -> None:
    assert [size_of(size) for size in (512, 20_480, 3 << 20)] == ["0.5 KiB", "20.0 KiB", "3.0 MiB"]


def test_a_run_that_was_killed_is_exported_and_is_no_failure(tmp_path: Path) -> None:
    file = next(recorded(tmp_path / "journal").glob("*.mwj"))
    file.write_bytes(file.read_bytes()[:-5])
    done = inside("journal", "export", str(tmp_path / "journal"), "--csv", str(tmp_path / "history.csv"))
    assert done.returncode == 0, done
    assert "it ends early" in done.stderr


def test_a_segment_that_is_removed_while_it_is_looked_at_is_no_damage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, *_ = files = sorted(recorded(tmp_path).glob("*.mwj"))
    gone.unlink()
    assert list(surveys(files, whole=True)) == []
    assert f"note: {gone.name} was removed meanwhile" in capsys.readouterr().out


def test_what_only_the_monitors_user_may_read_is_refused_with_a_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # whoever runs this test may be root, who may read all
    with pytest.raises(InputMissing, match="Permission denied; run this as the user who runs the monitor"):
        files(recorded(tmp_path))
