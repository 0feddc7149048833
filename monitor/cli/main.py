"""The command line. Each command imports what it needs when it runs, so that `--version` answers at once."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor import __version__
from monitor.cli import alerts, dashboards, journal, rules, stress_command, whatif_command
from monitor.cli.options import CaOption, TokenOption, UrlOption, UserOption
from monitor.cli.top import command as top_command

if TYPE_CHECKING:
    from monitor.cli.codes import Exit

app = typer.Typer(
    name="marginwatch",
    help="Always knows how far every account is from liquidation, and says so before the exchange does.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(journal.app)
app.add_typer(dashboards.app)
app.add_typer(rules.app)
app.add_typer(alerts.app, short_help="See, acknowledge and silence alerts.")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; else $MARGINWATCH_CONFIG and the usual places."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """The console script."""
    app()


def _end(command: Callable[[], Exit]) -> None:
    """Run a command and end with its exit code."""
    from monitor.cli.codes import guarded

    raise typer.Exit(int(guarded(command)))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"marginwatch {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    del version


class DemoVenues(StrEnum):
    """Which simulated venues the demo runs."""

    STORY = "story"
    ALL = "all"


@app.command(short_help="Run the monitor until it is told to stop.")
def run(config: ConfigOption = None) -> None:
    """Run the monitor until it is told to stop (Ctrl-C or SIGTERM)."""
    from monitor.cli.run import run as command

    _end(lambda: command(config))


@app.command("check-config")
def check_config(config: ConfigOption = None) -> None:
    """Check the configuration and report all mistakes at once."""
    from monitor.cli.check_config import check_config as command

    _end(lambda: command(config))


@app.command()
def status(
    url: UrlOption = None,
    token_file: TokenOption = None,
    user_file: UserOption = None,
    ca_file: CaOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what a running monitor knows. Exit: 20 critical, 30 unknown, 10 warning, 0 fine, 69 not running."""
    from monitor.cli.daemon import find, here
    from monitor.cli.status import status as command

    _end(lambda: command(find(url, token_file, config, here(), user_file=user_file, ca_file=ca_file), as_json=json))


@app.command(short_help="Compute an account offline from raw answers.")
def assess(
    folder: Annotated[Path, typer.Argument(help="Folder of raw answers, as `capture` writes it.")],
    json: JsonOption = False,
) -> None:
    """Compute an account offline from a folder of raw answers of its venue."""
    from monitor.cli.assess import assess as command

    _end(lambda: command(folder, as_json=json))


app.command(short_help="Show ratios and lines before and after a supposition.")(whatif_command.whatif)
app.command()(stress_command.stress)
app.command(short_help="Watch a running monitor in the terminal.")(top_command.top)


@app.command(short_help="Write an account's raw answers into a folder.")
def capture(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[ACCOUNT] DIR",
            help="Name of the account in the configuration, if it has several; and a new or empty folder to write.",
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """Write an account's raw answers into a folder, without secrets and identifiers: for `assess` and bug reports."""
    if len(words) > 2:
        raise typer.BadParameter("at most an account and a folder", param_hint="[ACCOUNT] DIR")
    from monitor.cli.capture import capture as command

    *account, folder = words
    _end(lambda: command(account[0] if account else None, Path(folder), config))


@app.command(short_help="Run a journal again, and compare.")
def replay(
    path: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", readable=False, help="One file of a journal, or its folder.")
    ],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="TOML file whose [alerts] table takes the place of the recorded one.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option("--speed", min=0.001, help="Times as fast as it was; else as fast as it goes.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="ISO time (UTC unless it says another zone), or -2h.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="The same.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of text.")] = False,
    reports: Annotated[bool, typer.Option("--reports", help="With --json: print each report, too.")] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="With --from: begin where the run does, so that all must be identical.")
    ] = False,
) -> None:
    """Run a journal again; print what would be reported and alerted, and the difference to what was. Exit: 1 if any."""
    from monitor.cli.replay import replay as command

    _end(
        lambda: command(
            path, rules=rules, speed=speed, since=since, until=until, as_json=json, reports=reports, whole=whole
        )
    )


@app.command(short_help="Show the monitor at work on simulated exchanges.")
def demo(
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.5, help="End after this many seconds; else Ctrl-C.")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the page and of /metrics; 0: any free one.")
    ] = 9786,
    speed: Annotated[
        float,
        typer.Option(
            "--speed",
            min=0.1,
            max=100.0,
            help="Let prices and funding move this many times as fast; the story, the stamps and pace of frames, and "
            "all deadlines stay real.",
        ),
    ] = 1.0,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="DIR", help="Record the run into this folder; else nothing is written."),
    ] = None,
    venues: Annotated[
        DemoVenues,
        typer.Option("--venues", help="story: the three of the story; all: every one, in every account mode."),
    ] = DemoVenues.STORY,
) -> None:
    """Show the monitor at work on simulated exchanges: nothing to configure, no account needed.

    A story of about two minutes; then the market goes on, with trades, crashes and failures.
    """
    from monitor.cli.demo import Options
    from monitor.cli.demo import demo as command

    _end(
        lambda: command(
            Options(seconds=seconds, port=port, speed=speed, journal=journal, every=venues is DemoVenues.ALL)
        )
    )
