"""`marginwatch replay`: what a person and a program read of it, and what its exit code says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from monitor.alerts.catalogue import RULES
from monitor.app.config_errors import HIDDEN
from monitor.cli import replay as command
from monitor.cli.codes import Exit, guarded
from monitor.cli.replay_times import BadTime, clock, day_and_time, lasting, moment
from monitor.outputs.journal.records import End, Outcome, Record, Step
from tests.programs import ROOT
from tests.unit.app.recorded_runs import CONFIG, Live, T, by_segment, here, journal
from tests.unit.cli.processes import COMMAND, environment, marginwatch

Replay = Callable[..., tuple[Exit, str, str]]


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str]) -> Replay:
    """Runs the command; gives its exit code, what it printed, and what it complained of."""

    def run(path: Path, **options: Any) -> tuple[Exit, str, str]:
        given: dict[str, Any] = {
            "rules": None, "speed": None, "since": None, "until": None, "as_json": False, "reports": False,
            "whole": False, **options,
        }  # fmt: skip
        code = guarded(lambda: command.replay(path, **given))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def at(second: int) -> str:
    """An ISO time of the recorded story."""
    return day_and_time(T + second).removesuffix(" UTC")


def story(**more: Any) -> list[Record]:
    return [*Live(here(), **more).all().records, End(at=T + 41, why="stopped")]


def tampered(records: list[Record], number: int) -> list[Record]:
    """The record of one step's reports says something else."""

    def wrong(each: Outcome) -> Outcome:
        (pool,) = each.pools
        return replace(each, digest=b"x" * 16, pools=(replace(pool, equity_usd=1.0),))

    return [wrong(each) if isinstance(each, Outcome) and each.number == number else each for each in records]


def test_a_run_that_is_repeated_to_the_byte_says_so(tmp_path: Path, replay: Replay) -> None:
    code, out, err = replay(journal(tmp_path / "j", story()))
    assert (code, err) == (Exit.FINE, "")
    assert "all must be identical to the byte" in out
    assert re.search(r"^= \d\d:\d\d:\d\d\.\d\d  FIRED warning +position_distance +main BTCUSDT long", out, re.M)
    assert re.search(r"binance/main cross:USDT +41 +0\.\d{4} at .* LIVE$", out, re.M)
    assert out.endswith("identical: 41 steps, 41 reports, 4 changes of alerts\n")


def test_one_file_will_do(tmp_path: Path, replay: Replay) -> None:
    (file,) = journal(tmp_path / "j", story()).iterdir()
    assert replay(file)[0] is Exit.FINE


def test_a_difference_ends_in_one_and_is_shown_with_its_time_and_size(tmp_path: Path, replay: Replay) -> None:
    code, out, _ = replay(journal(tmp_path / "j", tampered(story(), 20)))
    assert code is Exit.FAILED
    assert "DIFFERENT from what was recorded:" in out
    assert f"1 of 41 steps are not identical; the first is step 20 at {day_and_time(T + 19)}: its reports" in out
    assert re.search(rf"binance/main cross:USDT +equity_usd +1 +{clock(T + 19)}: [\d.]+, was 1 ", out)
    assert "identical:" not in out


def test_an_alert_that_was_told_on_one_side_only_is_marked(tmp_path: Path, replay: Replay) -> None:
    records = story()
    place, fired = next((n, each) for n, each in enumerate(records) if isinstance(each, Outcome) and each.changes)
    records[place] = replace(fired, changes=())
    code, out, _ = replay(journal(tmp_path / "j", records))
    assert code is Exit.FAILED
    assert re.search(r"^\+ .* FIRED warning", out, re.M)
    assert "  told only here:\n" in out


@pytest.mark.parametrize(
    ("segments", "words"),
    [((), "nothing after them is replayed"), ((36,), "it goes on at the next segment")],
)
def test_missing_steps_say_whether_it_goes_on_behind_them(
    tmp_path: Path, replay: Replay, segments: tuple[int, ...], words: str
) -> None:
    whole = story(baseline_before=segments)
    records = [each for each in whole if not (isinstance(each, Step) and each.number == 30)]
    _, out, _ = replay(journal(tmp_path / "j", *by_segment(records)))
    (line,) = [line for line in out.splitlines() if "are not replayed" in line]
    assert line.endswith(words)


def test_new_rules_are_laid_beside_the_old_ones(tmp_path: Path, replay: Replay) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        "[alerts.position_distance]\nthresholds = {warning = 0.15}\nfor_seconds = 0.0\nkeep_firing_seconds = 3.0\n"
        "[alerts.margin_ratio]\nthresholds = {warning = 0.1}\nfor_seconds = 0.0\nkeep_firing_seconds = 2.0\n"
    )
    code, out, err = replay(journal(tmp_path / "j", story()), rules=file)
    assert code is Exit.FINE, "differences of alerts are what was asked for"
    rows = {
        line.split()[0]: line for line in out.splitlines() if line.startswith(("position_distance", "margin_ratio"))
    }
    assert re.search(r"warning +binance/main cross:USDT +\d\d:\d\d:.* did not fire$", rows["margin_ratio"])
    assert re.search(r"warning +binance/main cross:USDT BTCUSDT long .* critical, \d\d:", rows["position_distance"])
    assert err.count("\n") == 1, "one line"
    assert "rules.toml: rules that it does not name have their defaults: " in err
    unnamed = err.rstrip().rpartition(": ")[2].split(", ")
    assert set(RULES) - set(unnamed) == {"position_distance", "margin_ratio"}
    assert "3 alerts under these rules, 1 then: 2 only under these, 0 only then" in out, (
        "the coin speaks for itself too"
    )


def test_under_the_very_rules_of_then_nothing_is_worth_a_row(tmp_path: Path, replay: Replay) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(CONFIG[CONFIG.index("[alerts") :])
    code, out, _ = replay(journal(tmp_path / "j", story()), rules=file)
    assert code is Exit.FINE
    assert "1 more fire just as they did" in out
    assert "1 alerts under these rules, 1 then: 0 only under these, 0 only then" in out
    assert "what was" not in out
    assert re.search(r"^\+|^-", out, re.M) is None


def test_rules_under_which_nothing_fires_say_what_is_missed(tmp_path: Path, replay: Replay) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(
        "[alerts.position_distance]\nenabled = false\n[alerts.coin_distance]\nenabled = false\n[web]\nport = 1"
    )
    code, out, err = replay(journal(tmp_path / "j", story()), rules=file)
    assert code is Exit.FINE
    assert "only [alerts] is read, not web" in err
    assert re.search(r"^position_distance +- +binance/main cross:USDT BTCUSDT long +does not fire", out, re.M)


def test_of_a_file_that_names_each_rule_nothing_is_said(tmp_path: Path, replay: Replay) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("".join(f"[alerts.{name}]\n" for name in RULES))
    assert replay(journal(tmp_path / "j", story()), rules=file)[2] == ""


def test_bad_rules_are_refused_with_all_mistakes(tmp_path: Path, replay: Replay) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[alerts.nothing]\n[alerts.margin_ratio]\nfor_seconds = -1.0\n")
    code, out, err = replay(journal(tmp_path / "j", story()), rules=file)
    assert (code, out) == (Exit.CONFIGURATION, "")
    assert "alerts.nothing" in err
    assert "alerts.margin_ratio.for_seconds" in err


def test_what_is_not_there_is_missing_input(tmp_path: Path, replay: Replay) -> None:
    folder = journal(tmp_path / "j", story())
    assert replay(tmp_path / "nothing")[0] is Exit.NO_INPUT
    assert replay(folder, rules=tmp_path / "nothing")[0] is Exit.NO_INPUT
    (tmp_path / "empty").mkdir()
    assert replay(tmp_path / "empty")[0] is Exit.NO_INPUT


def test_a_window_shows_only_what_lies_in_it(tmp_path: Path, replay: Replay) -> None:
    folder = journal(tmp_path / "j", story())
    code, out, _ = replay(folder, since=at(10), until=at(17))
    assert code is Exit.FINE
    assert "identical: 8 steps, 8 reports, 1 changes of alerts" in out
    assert "has no end" not in out, "it was not read to its end"


def test_steps_after_a_window_are_not_shown_where_the_clock_was_set_back_into_it(
    tmp_path: Path, replay: Replay
) -> None:
    records = story(baseline_before=(26,))
    first, second = by_segment(records)
    back = [replace(each, now=each.now - 20.0) if isinstance(each, Step) else each for each in second]
    back[0] = replace(here(), segment=2, began=T + 5.0, reached=T + 25.0)
    folder = journal(tmp_path / "j", first, back)
    _, out, _ = replay(folder, since=at(8), until=at(12))
    assert re.search(rf"steps with .* {re.escape(day_and_time(T + 8))} to {re.escape(day_and_time(T + 12))}", out)
    (steps,) = re.findall(r"^(\d+) steps with", out, re.M)
    assert int(steps) == 10, "five of them before the clock was set back, five after"


def test_what_fires_where_a_window_begins_is_told_first(tmp_path: Path, replay: Replay) -> None:
    _, out, _ = replay(journal(tmp_path / "j", story()), since=at(17), until=at(19))
    assert f"  fires since {clock(T + 15)}: warning position_distance main BTCUSDT long" in out
    assert "FIRED" not in out


def test_a_window_begins_at_the_last_segment_before_it_or_with_the_run(tmp_path: Path, replay: Replay) -> None:
    folder = journal(tmp_path / "j", *by_segment(story(baseline_before=(11, 26))))
    code, out, _ = replay(folder, since=at(28))
    assert code is Exit.FINE
    assert f"from {day_and_time(T + 24)} on, with the facts that stood" in out
    assert "identical:" not in out
    code, out, _ = replay(folder, since=at(28), whole=True)
    assert code is Exit.FINE
    assert "identical: 13 steps" in out


def test_a_time_in_which_nothing_happened_is_a_failure(tmp_path: Path, replay: Replay) -> None:
    folder = journal(tmp_path / "j", story())
    code, _, err = replay(folder, since=at(100))
    assert code is Exit.FAILED
    assert "no step that can be replayed in this time" in err


def test_a_time_that_is_none_is_refused(tmp_path: Path, replay: Replay) -> None:
    code, _, err = replay(tmp_path, since="yesterday")
    assert code is Exit.USAGE
    assert "'yesterday' is no time" in err


def test_times_are_iso_or_relative() -> None:
    assert moment("2026-11-22T03:00", 0.0) == moment("2026-11-22 04:00:00+01:00", 0.0) == 1795316400.0
    assert [moment(text, 1e6) for text in ("-90s", "-15m", "-2h", "-1.5d")] == [
        1e6 - 90.0, 1e6 - 900.0, 1e6 - 7200.0, 1e6 - 129600.0,
    ]  # fmt: skip
    for text in ("2h", "-2", "-h", "03:00", ""):
        with pytest.raises(BadTime):
            moment(text, 0.0)


def test_times_are_printed_as_people_read_them() -> None:
    assert day_and_time(1795316400.0) == "2026-11-22 03:00:00 UTC"
    assert clock(1795316400.256) == "03:00:00.25"
    assert [lasting(seconds) for seconds in (0.4, 119.0, 120.0, 7199.0, 9000.0)] == [
        "0 s", "119 s", "2 min", "120 min", "2.5 h",
    ]  # fmt: skip


def test_at_a_given_speed_the_recorded_times_are_kept(
    tmp_path: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    time = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time[0] += seconds

    monkeypatch.setattr("monitor.cli.replay.time.monotonic", lambda: time[0])
    monkeypatch.setattr("monitor.cli.replay.time.sleep", sleep)
    assert replay(journal(tmp_path / "j", story()), speed=4.0)[0] is Exit.FINE
    assert slept == pytest.approx([0.25] * 40), "forty seconds, a step a second, in ten"


def schema() -> dict[str, Any]:
    """The one that docs/replay.md shows."""
    text = (ROOT / "docs/replay.md").read_text()
    (block,) = re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)
    found: dict[str, Any] = json.loads(block)
    return found


def lines(out: str) -> list[dict[str, Any]]:
    """Each line, checked against the schema."""
    validator = jsonschema.Draft202012Validator(schema())
    found = [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()]
    for line in found:
        validator.validate(line)
    return found


def test_json_lines_have_the_documented_shape(tmp_path: Path, replay: Replay) -> None:
    code, out, _ = replay(journal(tmp_path / "j", story()), as_json=True, reports=True)
    assert code is Exit.FINE
    found = lines(out)
    kinds = [line["type"] for line in found]
    assert (kinds[0], kinds[-2:]) == ("run", ["end", "summary"])
    assert (kinds.count("report"), kinds.count("alert")) == (41, 4)
    assert found[-1]["identical"]
    assert {line["side"] for line in found if line["type"] == "alert"} == {"both"}
    document = json.loads((ROOT / "monitor/web/schema.json").read_text())
    account = document | {"$ref": "#/$defs/account"}
    for key in ("type", "properties", "required", "additionalProperties", "oneOf", "anyOf"):
        account.pop(key, None)
    jsonschema.Draft202012Validator(account).validate(
        next(line["report"] for line in found if line["type"] == "report")
    )


def test_json_lines_name_every_difference(tmp_path: Path, replay: Replay) -> None:
    records = tampered([each for each in story() if not (isinstance(each, Step) and each.number == 30)], 20)
    fired = next(n for n, each in enumerate(records) if isinstance(each, Outcome) and each.changes)
    kept = records[fired]
    assert isinstance(kept, Outcome)
    moved = replace(kept, changes=())
    later = next(n for n, each in enumerate(records) if isinstance(each, Outcome) and each.number == kept.number + 1)
    told = records[later]
    assert isinstance(told, Outcome)
    records[fired], records[later] = moved, replace(told, changes=kept.changes)
    code, out, _ = replay(journal(tmp_path / "j", records), as_json=True)
    assert code is Exit.FAILED
    found = lines(out)
    summary = found[-1]
    assert (summary["same"], summary["identical"]) == (False, False)
    assert summary["differing_steps"] == 3
    assert [each["figure"] for each in summary["figures"]["differences"]] == ["equity_usd"]
    assert summary["missing_steps"] == 12
    assert [line["steps"] for line in found if line["type"] == "missing"] == [12]
    assert [line["side"] for line in found if line["type"] == "alert"][:2] == ["replayed", "recorded"]
    assert summary["alert_differences"] == 2


def test_the_same_bytes_come_out_of_each_process(tmp_path: Path) -> None:
    folder = journal(tmp_path / "j", story())
    printed = []
    for seed in ("1", "2"):
        done = marginwatch("replay", str(folder), "--json", "--reports", more={"PYTHONHASHSEED": seed})
        assert done.returncode == 0, done.stderr
        printed.append(re.sub(r'"took_seconds": [^,}]*', "", done.stdout))
    assert printed[0] == printed[1]
    assert HIDDEN not in printed[0]


def test_the_command_line_takes_a_time_before_now(tmp_path: Path) -> None:
    done = marginwatch("replay", str(journal(tmp_path / "j", story())), "--from", "-2h")
    assert done.returncode == 1, "the story is older than two hours"
    assert "no step that can be replayed in this time" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    folder = journal(tmp_path / "j", story())
    with subprocess.Popen(
        [COMMAND, "replay", str(folder), "--json", "--reports"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith('{"type": "run"')
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0
