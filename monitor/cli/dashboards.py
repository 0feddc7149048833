"""`marginwatch dashboards export`: the dashboards for Grafana, and how Grafana is told of them, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from monitor.cli.codes import Exit, Misused, guarded
from monitor.cli.shipped import shipped, write

app = typer.Typer(
    name="dashboards",
    help="Dashboards for Grafana.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FOLDER = Path("marginwatch-grafana")


@app.callback()
def _group() -> None:
    """Keep `export` a word of its own: typer would drop the only command of a group."""


@app.command(short_help="Write the dashboards and their provisioning.")
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write into; files of the same names are replaced.")
    ] = FOLDER,
    page: Annotated[
        str | None,
        typer.Option("--page", metavar="URL", help="Where people reach the monitor's page: links lead there."),
    ] = None,
) -> None:
    """Write the dashboards (JSON) and the provisioning files (YAML) that tell Grafana of them."""
    raise typer.Exit(int(guarded(lambda: export_dashboards(folder, page))))


def export_dashboards(folder: Path, page: str | None = None) -> Exit:
    """Write all files. Raises Misused if `page` is no address, CannotCreate if a file cannot be written."""
    address = None if page is None else checked(page)
    room = shipped("grafana")
    boards = {path.name: path.read_text(encoding="utf-8") for path in sorted((room / "dashboards").glob("*.json"))}
    files = {folder / "dashboards" / name: linked(text, address) for name, text in boards.items()}
    for path in sorted((room / "provisioning").rglob("*.yml")):
        files[folder / "provisioning" / path.relative_to(room / "provisioning")] = path.read_text(encoding="utf-8")
    write(files)
    for path in files:
        print(path)
    print(
        "\nImport the JSON files in Grafana (Dashboards → New → Import), or let it read them: copy dashboards/ to"
        "\n/var/lib/grafana/dashboards/marginwatch/ and provisioning/ into /etc/grafana/provisioning/, and restart it."
    )
    return Exit.FINE


def checked(page: str, option: str = "--page") -> str:
    """The address without a slash at its end. Raises Misused unless it is one of HTTP."""
    parts = urlsplit(page)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise Misused(f"{option} {page!r} is no address: write it like https://margin.example.org")
    return page.rstrip("/")


def linked(text: str, page: str | None) -> str:
    """A dashboard whose links lead to a page: its variable `page` has that value from the start."""
    if page is None:
        return text
    board: dict[str, Any] = json.loads(text)
    choice = {"selected": True, "text": page, "value": page}
    for variable in board["templating"]["list"]:
        if variable["name"] == "page":
            variable.update(query=page, current=choice, options=[choice])
    return json.dumps(board, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


__all__ = ["app", "checked", "export_dashboards", "linked"]
