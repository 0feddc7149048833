"""`marginwatch alerts …` as a person meets it, against a real server on loopback: words, exit codes, and no token."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from monitor.cli import alerts_words as words
from monitor.cli.codes import Misused
from monitor.cli.daemon import find
from monitor.domain.alerts import AlertState, Change
from monitor.domain.commands import AcknowledgeAlert, EndSilence, SilenceAlerts
from monitor.domain.errors import ConfigMissing, ConfigRefused
from tests.sample_reports import NOW
from tests.unit.cli.processes import marginwatch
from tests.unit.web.staging import PHONE, TOKEN, Stage, alert, changed, staged

NEAR = alert()
OTHER = alert("drift", "warning", summary="main: our equity is 3% off")
Done = subprocess.CompletedProcess[str]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        stage.view = replace(stage.view, alerts=(NEAR, OTHER), channels=(PHONE,))
        yield stage


async def run(stage: Stage, *arguments: str) -> Done:
    return await asyncio.to_thread(marginwatch, "alerts", *arguments, "--url", stage.server.url)


def says(done: Done) -> list[str]:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


async def test_a_list_shows_what_fires_with_its_state_and_what_is_about_to(stage: Stage) -> None:
    quiet = replace(OTHER, state=AlertState.ACKNOWLEDGED, by="Ada", note="known")
    pending = alert("feed_down", "warning", summary="marks: nothing comes")
    stage.view = replace(stage.view, alerts=(NEAR, quiet), pending=(pending,))

    assert says(await run(stage, "list")) == [
        f"{NEAR.fingerprint[:8]} CRITICAL firing for 5 min: {NEAR.summary}",
        f"{OTHER.fingerprint[:8]} WARNING acknowledged by Ada (known) for 5 min: {OTHER.summary}",
        f"{pending.fingerprint[:8]} WARNING pending: {pending.summary}",
    ]


async def test_a_list_as_json_is_the_document_of_the_api(stage: Stage) -> None:
    document = json.loads("\n".join(says(await run(stage, "list", "--json"))))

    assert [each["rule"] for each in document["alerts"]] == ["margin_ratio", "drift"]


async def test_a_calm_monitor_says_so(stage: Stage) -> None:
    stage.view = replace(stage.view, alerts=())

    assert says(await run(stage, "list")) == ["no alert fires"]
    assert says(await run(stage, "silences")) == ["no silence is in force"]


async def test_an_alert_is_acknowledged_by_the_beginning_of_its_fingerprint(stage: Stage) -> None:
    told = says(await run(stage, "ack", NEAR.fingerprint[:6].upper(), "--author", "Ada", "--comment", "topping up"))

    assert told == [f"{NEAR.fingerprint[:8]} acknowledged by Ada (topping up): {NEAR.summary}"]
    assert stage.commands == [
        AcknowledgeAlert(
            fingerprint=NEAR.fingerprint, author="Ada", via="cli", at=NOW, comment="topping up", incident=NEAR.incident
        )
    ]


async def test_an_acknowledgement_is_taken_back(stage: Stage) -> None:
    says(await run(stage, "ack", NEAR.fingerprint, "--withdraw", "--author", "Ada"))

    (command,) = stage.commands
    assert isinstance(command, AcknowledgeAlert)
    assert command.withdrawn


async def test_without_a_name_it_is_that_of_the_login(stage: Stage) -> None:
    says(await run(stage, "ack", NEAR.fingerprint))

    (command,) = stage.commands
    assert isinstance(command, AcknowledgeAlert)
    assert command.author


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("zz", "is no fingerprint"),
        ("", "is no fingerprint"),
        ("0" * 16, "no alert fires whose fingerprint begins with"),
    ],
)
async def test_a_fingerprint_that_is_none_is_a_misuse(stage: Stage, given: str, text: str) -> None:
    done = await run(stage, "ack", given)

    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert stage.commands == []


async def test_a_beginning_of_two_names_both(stage: Stage) -> None:
    twins = [replace(NEAR, fingerprint="ab" + digit * 14, labels={"n": digit}) for digit in "12"]
    stage.view = replace(stage.view, alerts=tuple(twins))
    done = await run(stage, "ack", "ab")

    assert done.returncode == 2
    assert "2 alerts begin with ab: ab11111111111111, ab22222222222222" in done.stderr


async def test_a_silence_says_until_when_and_how_many_it_keeps_quiet(stage: Stage) -> None:
    told = says(await run(stage, "silence", "account=main", "rule=~margin.*", "--for", "1h30m", "--comment", "upgrade"))

    (command,) = stage.commands
    assert isinstance(command, SilenceAlerts)
    assert command.silence.ends - command.silence.starts == 5400.0
    assert told[0].startswith(f"silence {command.silence.id} until 2026-")
    assert told[0].endswith(": 1 alert quiet now")
    missed = says(await run(stage, "silence", "acount=main", "--for", "1h", "--comment", "mistyped"))
    assert missed[0].endswith(": nothing that fires matches")
    listed = says(await run(stage, "silences"))
    assert listed[0].startswith(f"{command.silence.id} for another ")
    assert "account=main, rule=~margin.*" in listed[0]
    assert says(await run(stage, "unsilence", command.silence.id)) == [f"silence {command.silence.id} ended"]
    assert isinstance(stage.commands[-1], EndSilence)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("account", "--for", "2h", "--comment", "x"), "label=value"),
        (("account=~(", "--for", "2h", "--comment", "x"), "no regular expression"),
        (("account=~.*", "--for", "2h", "--comment", "x"), "would silence all"),
        (("account=main", "--for", "2 hours", "--comment", "x"), "write 30m, 2h"),
        (("account=main", "--for", "2", "--comment", "x"), "write 30m, 2h"),
        (("account=main", "--for", "2h"), "--comment"),
        (("--for", "2h", "--comment", "x"), "MATCHER"),
    ],
)
async def test_a_silence_that_makes_no_sense_is_a_misuse(stage: Stage, arguments: tuple[str, ...], text: str) -> None:
    done = await run(stage, "silence", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert stage.commands == []


async def test_what_the_monitor_refuses_is_said_in_its_words(stage: Stage) -> None:
    long = await run(stage, "silence", "account=main", "--for", "365d", "--comment", "x")
    unknown = await run(stage, "unsilence", "1a2b")

    assert (long.returncode, "seconds = 31536000.0: must be a number" in long.stderr) == (1, True)
    assert (unknown.returncode, unknown.stderr) == (1, "marginwatch: id = '1a2b': no silence with it is in force\n")


async def test_a_silence_is_named_by_its_id_and_by_no_path(stage: Stage) -> None:
    assert (await run(stage, "unsilence", "../pools")).returncode == 2


async def test_a_history_tells_what_happened_and_why(stage: Stage) -> None:
    stage.histories[NEAR.fingerprint] = (
        changed(NEAR, Change.ESCALATED, NOW, reason="0.85 passed 0.8"),
        changed(replace(NEAR, severity="warning", summary="it\x1b[31mbegan")),
    )
    told = says(await run(stage, "history", NEAR.fingerprint[:5]))

    assert told[0].endswith("UTC escalated critical: 0.85 passed 0.8")
    assert told[1].endswith("UTC fired warning: it [31mbegan"), "nothing in a name steers the terminal"


async def test_each_way_is_tried_and_one_that_fails_is_the_exit_code(stage: Stage) -> None:
    every = await run(stage, "test")
    one = await run(stage, "test", "phone")
    none = await run(stage, "test", "pager")

    assert (every.returncode, every.stdout) == (1, "phone: delivered\nhook: answers with status 500\n")
    assert (one.returncode, one.stdout) == (0, "phone: delivered\n")
    assert (none.returncode, "there are: phone" in none.stderr) == (1, True)


async def test_the_token_comes_from_a_file_and_is_told_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    async with staged(token=TOKEN) as stage:
        without = await run(stage, "ack", NEAR.fingerprint)
        assert without.returncode == 77
        assert "wants a token: name its file with --token-file" in without.stderr
        given = await run(stage, "ack", NEAR.fingerprint, "--token-file", str(file))
        assert given.returncode == 0
        file.write_text(TOKEN[::-1])
        wrong = await run(stage, "ack", NEAR.fingerprint, "--token-file", str(file))
        assert (wrong.returncode, "is not the token" in wrong.stderr) == (77, True)
        for done in (without, given, wrong):
            for part in (TOKEN, TOKEN[::-1], TOKEN[:16]):
                assert part not in done.stdout + done.stderr


async def test_a_token_file_that_everybody_can_read_is_refused(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    done = await run(stage, "list", "--token-file", str(file))

    assert done.returncode == 78
    assert "chmod 0600" in done.stderr


async def test_the_token_does_not_follow_a_redirect(tmp_path: Path) -> None:
    asked: list[str] = []

    async def away(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", away)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        done = await asyncio.to_thread(
            marginwatch,
            "alerts",
            "list",
            "--url",
            url,
            "--token-file",
            str(file),
            more={"http_proxy": "http://127.0.0.1:1"},
        )
    finally:
        await runner.cleanup()
    assert asked == ["/api/v1/alerts"]
    assert (done.returncode, "not as a monitor does" in done.stderr) == (69, True)


def test_where_nobody_listens_the_code_is_69() -> None:
    done = marginwatch("alerts", "list", "--url", "http://127.0.0.1:1")

    assert (done.returncode, done.stdout) == (69, "")
    assert "start it with marginwatch run" in done.stderr


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("10.1.2.3", "http://10.1.2.3:9000"),
    ],
)
def test_the_configuration_says_where_the_monitor_is(tmp_path: Path, host: str, url: str) -> None:
    config = written(tmp_path, f'[web]\nhost = "{host}"\nport = 9000\n[accounts.broken]\nvenue = 7\n')

    assert find(None, None, config, {}).url == url


def test_the_token_of_the_configuration_is_a_file_beside_it_a_variable_or_itself(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file")
    (tmp_path / "secret").chmod(0o600)
    for text, token in (
        ('token_file = "secret"', "from-a-file"),
        ('token_env = "DESK"', "from-a-variable"),
        ('token = "plain"', "plain"),
        ("", ""),
    ):
        daemon = find(None, None, written(tmp_path, f"[web]\n{text}\n"), {"DESK": " from-a-variable\n"})
        assert daemon.token == token
        assert not token or token not in repr(daemon)
    named = {"MARGINWATCH_WEB__TOKEN_FILE": str(tmp_path / "secret"), "XDG_CONFIG_HOME": "/nonexistent"}
    assert find("http://127.0.0.1:1", None, None, named).token == "from-a-file"


def test_a_configuration_that_was_named_must_be_there_and_be_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing):
        find(None, None, tmp_path / "nothing", {})
    with pytest.raises(ConfigRefused):
        find(None, None, written(tmp_path, "[web"), {})
    for url in ("ftp://127.0.0.1", "127.0.0.1:9786", "http://", f"http://me:{TOKEN}@127.0.0.1"):
        with pytest.raises(Misused) as refused:
            find(url, None, None, {"XDG_CONFIG_HOME": "/nonexistent"})
        assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("30m", 1800.0), ("1h30m", 5400.0), ("7d", 604_800.0), ("0.5h", 1800.0)]
)
def test_how_long_is_written_with_units(text: str, seconds: float) -> None:
    assert words.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "1h 30m", "2x"])
def test_a_number_without_a_unit_is_no_time(text: str) -> None:
    with pytest.raises(Misused, match="write 30m"):
        words.seconds(text)


def test_a_silence_in_words() -> None:
    silence = {"id": "1a", "text": "account=main", "ends": NOW + 5400.0, "author": "Ada", "comment": "upgrade"}

    assert list(words.silence_lines({"silences": [silence]}, NOW)) == [
        "1a for another 90 min, account=main — Ada: upgrade"
    ]
