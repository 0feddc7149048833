"""`marginwatch stress`: what is asked, and what is printed, of a captured folder and of a monitor."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli.codes import Exit, Misused, NotDone, Unavailable
from monitor.cli.daemon import Daemon
from monitor.cli.main import app
from monitor.cli.stress import Asked, Form, body_of, csv_lines, stress
from monitor.cli.stress_words import table_lines
from monitor.domain.errors import InputMissing
from tests.programs import ROOT

FOLDER = ROOT / "tests/venues/binance/faq_account"
Json = dict[str, Any]
EVERYTHING = Asked()


def printed(capsys: pytest.CaptureFixture[str], asked: Asked, form: Form) -> str:
    assert stress(asked, None, FOLDER, form) is Exit.FINE
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], asked: Asked = EVERYTHING) -> Json:
    found: Json = json.loads(printed(capsys, asked, Form.JSON))
    return found


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        (Asked(), {}),
        (Asked(families=["grid", "gap"], coins=["btc,eth"]), {"families": ["grid", "gap"], "coins": ["BTC", "ETH"]}),
        (Asked(names=["alts"]), {"families": ["named", "crash"], "names": ["alts"]}),
        (Asked(betas=["ETH=130%"], accounts=["v/a"]), {"betas": {"ETH": 1.3}, "accounts": ["v/a"]}),
        (
            Asked(moves=["btc=-30%,ETH=-0.4"], others="-50%", gap=True),
            {
                "scenarios": [
                    {
                        "name": "BTC -30%, ETH -40%, others -50%",
                        "moves": {"BTC": -0.3, "ETH": -0.4},
                        "others": -0.5,
                        "gap": True,
                    }
                ]
            },
        ),
    ],
)
def test_the_command_line_becomes_a_request(asked: Asked, body: Json) -> None:
    assert body_of(asked) == body


@pytest.mark.parametrize(
    "asked",
    [Asked(families=["own"]), Asked(families=["all"]), Asked(gap=True), Asked(moves=["BTC"]), Asked(others="x")],
)
def test_what_makes_no_sense_is_refused(asked: Asked) -> None:
    with pytest.raises(Misused):
        body_of(asked)


def test_a_request_in_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text('{"grid": [-0.1], "betas": {"SOL": 2}}')
    assert body_of(Asked(request=str(file), betas=["ETH=1.5"])) == {"grid": [-0.1], "betas": {"SOL": 2, "ETH": 1.5}}
    file.write_text("[]")
    with pytest.raises(Misused, match="one JSON object"):
        body_of(Asked(request=str(file)))
    file.write_text("{")
    with pytest.raises(Misused):
        body_of(Asked(request=str(file)))
    with pytest.raises(InputMissing, match="nowhere"):
        body_of(Asked(request=str(tmp_path / "nowhere")))


def test_a_folder_is_computed_with_all_that_is_built_in(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys)
    assert {each["family"] for each in found["scenarios"]} == {"grid", "gap", "depeg", "crash"}
    assert [pool["pool"] for pool in found["pools"]] == ["cross:USDT"]


def test_the_table_is_80_columns_wide_and_says_what_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    for form in (Form.TABLE, Form.POOLS):
        lines = printed(capsys, Asked(), form).splitlines()
        assert max(map(len, lines)) <= 80
        assert any("order books are not used" in line for line in lines)
        (row,) = [line for line in lines if line.startswith("2025-10-10 cascade")]
        assert "no equity" in row
        assert "1/1" in row


def test_pools_are_told_one_by_one_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, Asked(families=["grid"]), Form.POOLS)
    assert text.count("    takes ") == 5  # −50 … −10 % liquidate it


def test_csv_holds_what_json_does(capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(families=["grid"])
    rows = list(csv.DictReader(printed(capsys, asked, Form.CSV).splitlines()))
    found = document(capsys, asked)["scenarios"]
    assert [row["scenario"] for row in rows] == [each["name"] for each in found]
    first = found[0]["pools"][0]
    assert float(rows[0]["equity_usd"]) == first["equity_usd"]
    assert (rows[0]["liquidated"], rows[0]["state"], rows[0]["margin_ratio"]) == ("yes", "liquidatable", "")


def test_no_cell_is_a_formula_of_a_spreadsheet() -> None:
    unknown = {"state": "unknown", "reasons": []}
    nothing = dict.fromkeys(("equity_usd", "required_usd", "liquidated", "begins_ratio", "takes_usd", "loss_usd"))
    pool = {"venue": "v", "account": "a", "pool": '=cmd|"x"', "margin_ratio": unknown} | nothing
    row = next(csv.reader([list(csv_lines({"scenarios": [{"name": "+1", "family": "own", "pools": [pool]}]}))[1]]))
    assert row == ["'+1", "own", "v", "a", '\'=cmd|"x"', "unknown", "", "", "", "", "", "", ""]


def test_what_is_not_known_is_never_a_number_or_safe() -> None:
    row = {
        "venue": "v",
        "account": "a",
        "pool": "p",
        "primary": True,
        "quality": "UNKNOWN",
        "reasons": ["not\x1b[31m read"],
        "margin_ratio": {"state": "unknown", "reasons": []},
        "equity_usd": None,
        "required_usd": None,
        "liquidated": None,
        "begins_ratio": None,
        "takes_usd": None,
        "loss_usd": None,
    }
    safe = row | {"pool": "q", "liquidated": False, "margin_ratio": {"state": "at", "value": 0.9}, "loss_usd": -7.0}
    on_the_way = safe | {"pool": "r", "liquidated": True, "begins_ratio": 0.0, "takes_usd": 5.0}
    scenario = {"name": "a long name of a scenario of one's own", "pools": [row, safe], "order": [], "loss_usd": None}
    both = scenario | {"name": "both", "pools": [row, safe, on_the_way], "order": [on_the_way], "notes": ["a note"]}
    answer = {
        "quality": "UNKNOWN",
        "accounts": [{}],
        "pools": [row, safe, on_the_way],
        "scenarios": [scenario | {"notes": []}, both],
        "notes": [],
    }
    lines = list(table_lines(answer, pools=True))
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert "0/2 ?1" in text
    assert "1/3 ?1" in text
    assert "3 now" in text
    assert max(map(len, lines)) <= 80
    told = next(line for line in lines if "0/2 ?1" in line)
    assert told.split()[0] == "unknown"
    assert told.endswith("unknown")


def test_of_very_many_pools_only_those_are_listed_of_which_there_is_something_to_say() -> None:
    def pool(number: int, value: float) -> Json:
        ratio = {"state": "at", "value": value}
        return {
            "venue": "v",
            "account": f"a{number}",
            "pool": "p",
            "reasons": [],
            "margin_ratio": ratio,
            "equity_usd": 1.0,
            "liquidated": False,
            "begins_ratio": None,
            "takes_usd": None,
            "loss_usd": 0.0,
        }

    rows = [pool(number, 0.5 if number == 77 else 0.1) for number in range(100)]
    scenario = {"name": "one", "pools": rows, "order": [], "loss_usd": 0.0, "notes": []}
    answer = {"quality": "LIVE", "accounts": [{}, {}], "pools": rows, "scenarios": [scenario], "notes": []}
    text = "\n".join(table_lines(answer))
    assert "and 69 others" in text
    assert "v/a77 p" in text
    assert "no pools" in "\n".join(table_lines(answer | {"pools": [], "scenarios": []}))


class Answers(Daemon):
    """A monitor that answers one thing."""

    def ask(self, method: str, path: str, body: Any = None, seconds: float = 0.0) -> Json:
        assert (method, path, body) == ("POST", "/api/v1/stress", {"names": ["x"], "families": ["named", "crash"]})
        return (
            {"what": "else"}
            if self.url.endswith("stranger")
            else {
                "quality": "LIVE",
                "accounts": [],
                "pools": [],
                "scenarios": [],
                "notes": [],
            }
        )


def test_a_running_monitor_is_asked_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert stress(Asked(names=["x"]), Answers("http://h"), None, Form.TABLE) is Exit.FINE
    assert "0 pools" in capsys.readouterr().out
    with pytest.raises(Unavailable, match="not as a monitor does"):
        stress(Asked(names=["x"]), Answers("http://h/stranger"), None, Form.TABLE)


def test_an_account_that_the_folder_does_not_hold_is_refused() -> None:
    with pytest.raises(NotDone, match="there are: binance/faq"):
        stress(Asked(accounts=["binance/gone"]), None, FOLDER, Form.JSON)


def test_it_is_a_command() -> None:
    run = CliRunner()
    found = run.invoke(app, ["stress", "--from", str(FOLDER), "--family", "depeg", "--csv"])
    assert found.exit_code == 0
    assert found.output.splitlines()[1].startswith("USDT -10%,depeg,binance,faq,cross:USDT,at,")
    assert run.invoke(app, ["stress", "--from", str(FOLDER), "--family", "all"]).exit_code == Exit.USAGE
    assert run.invoke(app, ["stress", "--json", "--csv"]).exit_code == Exit.USAGE
