"""`marginwatch alerts …`: what fires, who takes care of it, what is to be kept quiet, and whether the channels work."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import alerts_words as words
from monitor.cli.codes import Exit, Misused, guarded
from monitor.cli.options import CaOption, ConfigOption, TokenOption, UrlOption, UserOption
from monitor.cli.replay_times import day_and_time

if TYPE_CHECKING:
    from monitor.cli.daemon import Daemon, Json

app = typer.Typer(
    name="alerts",
    help="See, acknowledge and silence the alerts of a running monitor, and try its channels.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

TEST_SECONDS = 120.0  #: for every channel to answer or to be given up
_FINGERPRINT = re.compile(r"[0-9a-f]{1,16}\Z")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AuthorOption = Annotated[str | None, typer.Option("--author", help="Who you are; else the name of your login.")]
CommentOption = Annotated[str, typer.Option("--comment", "-m", help="What you have to say about it.")]
AlertArgument = Annotated[
    str, typer.Argument(metavar="FINGERPRINT", help="As `alerts list` shows it, or its beginning.")
]


def _end(
    command: Callable[[Daemon], Exit],
    url: str | None,
    token: Path | None,
    user: Path | None,
    ca: Path | None,
    config: Path | None,
) -> None:
    from monitor.cli.daemon import find, here

    raise typer.Exit(int(guarded(lambda: command(find(url, token, config, here(), user_file=user, ca_file=ca)))))


@app.command("list")
def list_(
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what fires and what is about to."""

    def command(daemon: Daemon) -> Exit:
        document = daemon.get("/api/v1/alerts")
        _tell(document, as_json, words.alert_lines)
        return Exit.FINE

    _end(command, url, token, user, ca, config)


@app.command(short_help="Say that you take care of an alert.")
def ack(
    fingerprint: AlertArgument,
    comment: CommentOption = "",
    author: AuthorOption = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the acknowledgement back.")] = False,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
) -> None:
    """Say that you take care of an alert: it is told again only when it gets worse."""

    def command(daemon: Daemon) -> Exit:
        alert = _meant(fingerprint, daemon.get("/api/v1/alerts")["alerts"])
        body = {"author": author_name(author), "comment": comment, "via": "cli"}
        if not withdraw:
            body["incident"] = alert["incident"]
        method = "DELETE" if withdraw else "POST"
        answer = daemon.ask(method, f"/api/v1/alerts/{alert['fingerprint']}/ack", body)
        now = answer.get("alert") or alert
        _print(f"{now['fingerprint'][: words.SHORT]} {words.state(now)}: {words.summary(now)}")
        return Exit.FINE

    _end(command, url, token, user, ca, config)


@app.command()
def silence(
    matchers: Annotated[
        list[str],
        typer.Argument(
            metavar="MATCHER", help="label=value, label!=value, label=~pattern or label!~pattern; all hold."
        ),
    ],
    lasts: Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 30m, 2h, 1h30m, 7d.")],
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why.")],
    author: AuthorOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
) -> None:
    """Keep quiet for a while whatever all matchers match."""

    def command(daemon: Daemon) -> Exit:
        from monitor.domain.silences import SilenceRefused, mistakes, parse

        try:
            for mistake in mistakes(map(parse, matchers)):
                raise mistake
        except SilenceRefused as error:
            raise Misused(f"{error.value}: {error.cure}" if error.value else error.cure) from None
        body = {
            "matchers": matchers,
            "seconds": words.seconds(lasts),
            "author": author_name(author),
            "comment": comment,
            "via": "cli",
        }
        answer = daemon.ask("POST", "/api/v1/silences", body)
        made, count = answer["silence"], len(answer["silenced"])
        quiet = f"{count} alert{'' if count == 1 else 's'} quiet now" if count else "nothing that fires matches"
        _print(f"silence {made['id']} until {day_and_time(made['ends'])}: {quiet}")
        return Exit.FINE

    _end(command, url, token, user, ca, config)


@app.command()
def unsilence(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `alerts silences` shows it.")],
    author: AuthorOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
) -> None:
    """End a silence before its time."""

    def command(daemon: Daemon) -> Exit:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            raise Misused(f"{name!r} is no silence: see marginwatch alerts silences")
        daemon.ask("DELETE", f"/api/v1/silences/{name}", {"author": author_name(author), "via": "cli"})
        _print(f"silence {name} ended")
        return Exit.FINE

    _end(command, url, token, user, ca, config)


@app.command()
def silences(
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the silences in force."""

    def command(daemon: Daemon) -> Exit:
        _tell(daemon.get("/api/v1/silences"), as_json, lambda document: words.silence_lines(document, time.time()))
        return Exit.FINE

    _end(command, url, token, user, ca, config)


@app.command(short_help="Tell what happened to an alert.")
def history(
    fingerprint: AlertArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what happened to an alert, the newest first; one that ended needs its whole fingerprint."""

    def command(daemon: Daemon) -> Exit:
        name = fingerprint.strip().lower()
        if not re.fullmatch(r"[0-9a-f]{16}", name):
            document = daemon.get("/api/v1/alerts")
            name = _meant(name, [*document["alerts"], *document["pending"]])["fingerprint"]
        _tell(daemon.get(f"/api/v1/alerts/{name}/history"), as_json, words.history_lines)
        return Exit.FINE

    _end(command, url, token, user, ca, config)


@app.command("test")
def try_channels(
    channel: Annotated[str | None, typer.Argument(metavar="CHANNEL", help="One channel; else every route.")] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    user: UserOption = None,
    ca: CaOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a message that says it is a test. Exit: 1 if one was not delivered."""

    def command(daemon: Daemon) -> Exit:
        body = {} if channel is None else {"channel": channel}
        document = daemon.ask("POST", "/api/v1/test", body, TEST_SECONDS)
        _tell(document, as_json, words.result_lines)
        return Exit.FINE if all(result["delivered"] for result in document["results"]) else Exit.FAILED

    _end(command, url, token, user, ca, config)


def _meant(given: str, alerts: Sequence[Json]) -> Json:
    """The one alert whose fingerprint begins so."""
    name = given.strip().lower()
    if not _FINGERPRINT.match(name):
        raise Misused(f"{given!r} is no fingerprint: it has up to 16 of 0-9 and a-f, see marginwatch alerts list")
    found = [alert for alert in alerts if alert["fingerprint"].startswith(name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Misused(f"no alert fires whose fingerprint begins with {name}: see marginwatch alerts list")
    names = ", ".join(alert["fingerprint"] for alert in found[:5])
    raise Misused(f"{len(found)} alerts begin with {name}: {names}{', …' if len(found) > 5 else ''}")


def author_name(given: str | None) -> str:
    """Who asks."""
    if given:
        return given
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no name for its user
        return "command line"


def _tell(document: Json, as_json: bool, lines: Callable[[Json], Iterator[str]]) -> None:
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for text in lines(document):
        _print(text)


def _print(text: str) -> None:
    """One line, whatever a name or a comment may hold."""
    print("".join(character if character.isprintable() else " " for character in text))
