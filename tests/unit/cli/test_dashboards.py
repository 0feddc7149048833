"""`marginwatch dashboards export`: what it writes, where its links lead, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from monitor.cli.codes import CannotCreate, Exit, Misused
from monitor.cli.dashboards import export_dashboards
from monitor.cli.shipped import shipped
from monitor.domain.errors import InputMissing
from tests.programs import ROOT

ROOM = ROOT / "deploy" / "grafana"
BOARDS = sorted(path.name for path in (ROOM / "dashboards").glob("*.json"))


def test_it_writes_every_dashboard_and_what_tells_grafana_of_them(tmp_path: Path) -> None:
    assert export_dashboards(tmp_path) is Exit.FINE

    assert len(BOARDS) == 6
    for name in BOARDS:
        assert (tmp_path / "dashboards" / name).read_bytes() == (ROOM / "dashboards" / name).read_bytes()
    for kind in ("datasources", "dashboards"):
        told = yaml.safe_load((tmp_path / "provisioning" / kind / "marginwatch.yml").read_text())
        assert told["apiVersion"] == 1


def test_links_lead_to_the_page_that_is_named(tmp_path: Path) -> None:
    export_dashboards(tmp_path, "https://margin.example.org/watch/")

    for name in BOARDS:
        board = json.loads((tmp_path / "dashboards" / name).read_text())
        [page] = [variable for variable in board["templating"]["list"] if variable["name"] == "page"]
        there = "https://margin.example.org/watch"
        assert (page["query"], page["current"]["value"], page["options"][0]["value"]) == (there, there, there)


def test_nothing_but_the_page_differs_from_what_is_shipped(tmp_path: Path) -> None:
    export_dashboards(tmp_path, "https://margin.example.org")

    for name in BOARDS:
        exported = (tmp_path / "dashboards" / name).read_text()
        shipped_text = (ROOM / "dashboards" / name).read_text()
        assert exported.replace("https://margin.example.org", "http://127.0.0.1:9786") == shipped_text


@pytest.mark.parametrize(
    "page", ["margin.example.org", "ftp://margin.example.org", "https://", "https://a.example/?b=c"]
)
def test_an_address_that_is_none_is_refused_before_anything_is_written(tmp_path: Path, page: str) -> None:
    with pytest.raises(Misused, match="is no address"):
        export_dashboards(tmp_path / "new", page)
    assert not (tmp_path / "new").exists()


def test_exported_again_a_file_is_replaced_and_a_stranger_s_stays(tmp_path: Path) -> None:
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "mine.json").write_text("mine")
    (tmp_path / "dashboards" / BOARDS[0]).write_text("old")
    export_dashboards(tmp_path)

    assert (tmp_path / "dashboards" / "mine.json").read_text() == "mine"
    assert json.loads((tmp_path / "dashboards" / BOARDS[0]).read_text())["uid"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCreate, match=r"cannot write .*file/dashboards"):
        export_dashboards(tmp_path / "file")


def test_a_wheel_s_own_files_come_before_a_checkout_s(tmp_path: Path) -> None:
    package = tmp_path / "monitor"
    for room in (package / "shipped" / "grafana", tmp_path / "deploy" / "grafana", tmp_path / "deploy" / "other"):
        room.mkdir(parents=True)

    assert shipped("grafana", package) == package / "shipped" / "grafana"
    assert shipped("other", package) == tmp_path / "deploy" / "other"
    with pytest.raises(InputMissing, match="the files of nothing are not in this installation"):
        shipped("nothing", package)
