"""`marginwatch rules export`: recording and alert rules for Prometheus, with the thresholds of a configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.codes import Exit, Misused, guarded
from monitor.cli.dashboards import checked
from monitor.cli.shipped import shipped, write

app = typer.Typer(
    name="rules",
    help="Rules for Prometheus.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FOLDER = Path("marginwatch-prometheus")
EXAMPLES = ("prometheus.yml", "alertmanager.yml")
_DURATION = re.compile(r"[1-9]\d{0,4}[smhd]\Z")
_JOB = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


@app.callback()
def _group() -> None:
    """Keep `export` a word of its own: typer would drop the only command of a group."""


@app.command(short_help="Write rules and examples of configuration.")
def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to write into; files of the same names are replaced.")
    ] = FOLDER,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration whose thresholds and address are used; else the defaults."),
    ] = None,
    page: Annotated[
        str | None, typer.Option("--page", metavar="URL", help="Where people reach the page; else web.external_url.")
    ] = None,
    grafana: Annotated[
        str | None, typer.Option("--grafana", metavar="URL", help="Where people reach Grafana: alerts link there.")
    ] = None,
    job: Annotated[str, typer.Option("--job", help="Job that scrapes the monitor.")] = "marginwatch",
    remember: Annotated[
        str, typer.Option("--remember", help="How long a breach counts while nothing is known, such as 1h.")
    ] = "1h",
) -> None:
    """Write recording.yml and rules.yml, and examples of how Prometheus and Alertmanager are told of them."""
    raise typer.Exit(int(guarded(lambda: export_rules(folder, config, page, grafana, job, remember))))


def export_rules(
    folder: Path,
    config: Path | None = None,
    page: str | None = None,
    grafana: str | None = None,
    job: str = "marginwatch",
    remember: str = "1h",
) -> Exit:
    """Write all files. Raises Misused for an option that makes no sense, what a configuration raises, CannotCreate."""
    from monitor.alerts.catalogue import default_rules
    from monitor.alerts.settings import AlertSettings
    from monitor.app import settings
    from monitor.app.config import load
    from monitor.app.prometheus_files import files
    from monitor.app.prometheus_rules import PAGE, RuleOptions

    if not _DURATION.match(remember):
        raise Misused(f"--remember {remember!r} is no time: write it like 30m or 1h")
    if not _JOB.match(job):
        raise Misused(f"--job {job!r} is no name of a job: use letters, digits and _ . : -")
    alerts, address = AlertSettings(), page and checked(page)
    if config is not None:
        loaded = load(config)
        alerts = settings.alerts(loaded)
        address = address or loaded.config.web.external_url
    options = RuleOptions(
        rules={**default_rules(), **alerts.rules},
        overrides=alerts.overrides,
        groups=alerts.groups,
        page=address or PAGE,
        grafana=checked(grafana, "--grafana") if grafana else "",
        job=job,
        remember=remember,
    )
    room = shipped("prometheus")
    written = {folder / name: (room / name).read_text(encoding="utf-8") for name in EXAMPLES}
    written |= {folder / name: text for name, text in files(options).items()}
    write(written)
    for path in written:
        print(path)
    if address is None:
        print(f"\nnote: alerts link to {PAGE}: give --page, or --config with web.external_url")
    print("\nName recording.yml and rules.yml under rule_files of your prometheus.yml, in this order, and reload it.")
    return Exit.FINE


__all__ = ["app", "export_rules"]
