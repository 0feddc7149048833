"""Users with passwords: nothing is answered to anybody else, guessing has a bound, and no secret is told again."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import bcrypt
import pytest
from structlog.testing import capture_logs

from monitor.web import users
from monitor.web.sessions import GUESSES
from tests.unit.web.staging import TOKEN, Stage, alert, staged
from tests.unit.web.test_gate import CHANGES, PAGE, form, nonce_of, untouched

PASSWORD = "a-password-that-must-never-be-seen"
BESIDE = {"X-Marginwatch-Token": TOKEN}


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def written(file: Path, passwords: dict[str, str]) -> Path:
    hashes = {name: hashed(password).replace("$2b$", "$2y$") for name, password in passwords.items()}  # as by htpasswd
    lines = "".join(f"  {name}: {text}\n" for name, text in hashes.items())
    file.write_text(f"basic_auth_users:\n{lines}")
    return file


def basic(name: str, password: str | bytes = PASSWORD) -> dict[str, str]:
    secret = password if isinstance(password, bytes) else password.encode()
    return {"Authorization": f"Basic {b64encode(name.encode() + b':' + secret).decode()}"}


ADA = basic("ada")


@pytest.fixture
def web_config(tmp_path: Path) -> Path:
    return written(tmp_path / "web.yml", {"ada": PASSWORD, "grace": "pässword: with a colon"})


@pytest.fixture
async def stage(web_config: Path) -> AsyncIterator[Stage]:
    async with staged(config_file=web_config) as stage:
        yield stage


@pytest.fixture
async def guarded(web_config: Path) -> AsyncIterator[Stage]:
    async with staged(config_file=web_config, token=TOKEN) as stage:
        yield stage


PATHS = (
    "/", "/plain", "/login", "/style.css", "/assets/live.css", "/metrics", "/-/healthy", "/-/ready", PAGE,
    "/api/v1/pools", "/api/v1/stream", "/api/v1/session", "/api/v1/nothing", "/nothing",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_who_says_nothing_is_asked_whatever_the_path(stage: Stage, path: str) -> None:
    answer = await stage.ask("GET", path)

    assert (answer.status, "Location" in answer.headers) == (401, False)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="marginwatch", charset="UTF-8"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_user_with_the_password_comes_in(stage: Stage) -> None:
    for headers in (ADA, basic("grace", "pässword: with a colon")):
        assert (await stage.ask("GET", "/metrics", headers=headers)).status == 200
        assert (await stage.ask("GET", "/-/healthy", headers=headers)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        basic("ada", "wrong"),
        basic("ada", ""),
        basic("nobody"),
        basic("", ""),
        basic("ada", PASSWORD + "\0"),
        basic("ada", b"\xff\xfe"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic YWRh"},
        {"Authorization": "Basic ä"},
        {"Authorization": f"Basic {b64encode(b'x' * 4000).decode()}"},
        {"Authorization": "Basic /zo6"},
        {"Authorization": f"Bearer {TOKEN}"},
        BESIDE,
    ],
)
async def test_nobody_else_does_and_nothing_is_said_of_what_was_wrong(guarded: Stage, headers: dict[str, str]) -> None:
    with capture_logs() as lines:
        answer = await guarded.ask("GET", "/api/v1/pools", headers=headers)

    assert answer.status == 401
    told = await answer.text() + str(lines)
    assert not lines
    assert PASSWORD not in told
    assert TOKEN not in told
    assert "$2" not in told


async def test_a_right_password_is_hashed_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    hashings = 0

    def counted(password: bytes, known: bytes) -> bool:
        nonlocal hashings
        hashings += 1
        return bcrypt.checkpw(password, known)

    monkeypatch.setattr(users, "_matches", counted)
    for _ in range(3):
        assert (await stage.ask("GET", "/-/healthy", headers=ADA)).status == 200
    assert hashings == 1

    await stage.ask("GET", "/-/healthy", headers=basic("ada", "wrong"))
    await stage.ask("GET", "/-/healthy", headers=basic("ada", "wrong"))
    assert hashings == 3


async def test_an_unknown_name_costs_as_much_as_a_known_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = []

    def counted(_: bytes, known: bytes) -> bool:
        costs.append(int(known[4:6]))
        return False

    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  ada: {hashed('a')}\n  grace: {hashed('b', 6)}\n")
    monkeypatch.setattr(users, "_matches", counted)
    async with staged(config_file=tmp_path / "web.yml") as stage:
        for name in ("nobody", "grace"):
            await stage.ask("GET", "/", headers=basic(name))
    assert costs == [6, 6]
    assert not bcrypt.checkpw(b"", b"$2b$06$" + b"." * 53)


async def test_guessing_has_a_bound_which_those_who_are_in_do_not_feel(stage: Stage) -> None:
    assert (await stage.ask("GET", "/-/healthy", headers=ADA)).status == 200
    with capture_logs() as lines:
        for number in range(GUESSES):
            assert (await stage.ask("GET", "/", headers=basic("ada", f"guess {number}"))).status == 401
        late = await stage.ask("GET", "/api/v1/pools", headers=basic("ada", "another guess"))
    assert (late.status, late.headers["Retry-After"]) == (429, "60")
    assert [(line["event"], line["peer"]) for line in lines] == [("too many wrong passwords", "127.0.0.1")]
    assert (await stage.ask("GET", "/-/healthy", headers=ADA)).status == 200  # who is in does not feel it
    grace = basic("grace", "pässword: with a colon")
    assert (await stage.ask("GET", "/", headers=grace)).status == 200  # nor does another user on that machine

    stage.clock.at += 61.0
    assert (await stage.ask("GET", "/", headers=basic("ada", "guess"))).status == 401


async def test_nobody_guesses_on_by_another_name(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_matches", lambda *_: False)
    statuses = [
        (await stage.ask("GET", "/", headers=basic(f"name {number}"))).status for number in range(users.MOST_WRONG + 2)
    ]
    assert statuses == [401] * users.MOST_WRONG + [429] * 2


async def test_many_passwords_at_once_wait_for_one_another_and_not_without_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_WAITING", 2)
    monkeypatch.setattr("monitor.web.sessions.GUESSES", 1000)
    answers = await asyncio.gather(
        *(stage.ask("GET", "/api/v1/pools", headers=basic("ada", f"guess {number}")) for number in range(12))
    )

    statuses = {answer.status for answer in answers}
    assert statuses <= {401, 503}
    assert (await stage.ask("GET", "/api/v1/pools", headers=ADA)).status == 200


async def test_a_browser_of_a_user_changes_things_by_nonce_and_token_as_ever(guarded: Stage) -> None:
    session = await (await guarded.ask("GET", "/api/v1/session", headers=ADA)).json()
    assert (session["may_change"], session["login"], session["nonce"]) == (False, True, "")

    login = await guarded.ask("GET", "/login", headers=ADA)
    data = {"nonce": nonce_of(await login.text()), "token": TOKEN}
    done = await guarded.ask("POST", "/login", headers=ADA, data=data)
    assert done.status == 303
    cookie = {"Cookie": f"marginwatch_session={done.cookies['marginwatch_session'].value}"}

    session = await (await guarded.ask("GET", "/api/v1/session", headers=ADA | cookie)).json()
    nonce = {"X-Marginwatch-Nonce": session["nonce"]}
    assert (await guarded.ask(*CHANGES["acknowledge"], headers=ADA | cookie)).status == 401
    assert (await guarded.ask(*CHANGES["acknowledge"], headers=ADA | nonce)).status == 401
    assert (await guarded.ask(*CHANGES["acknowledge"], headers=cookie | nonce)).status == 401
    assert not guarded.commands
    foreign = {"Origin": "https://evil.example"}
    assert (await guarded.ask(*CHANGES["acknowledge"], headers=ADA | cookie | nonce | foreign)).status == 403
    assert not guarded.commands
    assert (await guarded.ask(*CHANGES["acknowledge"], headers=ADA | cookie | nonce)).status == 200


async def test_on_this_machine_a_user_needs_no_token_where_there_is_none(stage: Stage) -> None:
    page = await stage.ask("GET", PAGE, headers=ADA)
    nonce = nonce_of(await page.text())

    assert (await stage.ask("POST", PAGE, headers=ADA, data=form("made up"))).status == 403
    assert not stage.commands
    assert (await stage.ask("POST", PAGE, headers=ADA, data=form(nonce))).status == 303
    assert (await stage.ask(*CHANGES["acknowledge"])).status == 401
    assert (await stage.ask(*CHANGES["withdraw"], headers=ADA)).status == 200


@pytest.mark.parametrize("what", CHANGES)
async def test_a_program_shows_user_and_token_at_once(guarded: Stage, what: str) -> None:
    assert (await guarded.ask(*CHANGES[what], headers=ADA)).status == 401
    assert (await guarded.ask(*CHANGES[what], headers=ADA | {"X-Marginwatch-Token": "wrong"})).status == 401
    assert untouched(guarded)
    assert (await guarded.ask(*CHANGES[what], headers=ADA | BESIDE)).status in (200, 201, 404)


async def test_the_token_for_reading_is_shown_beside_the_user(web_config: Path) -> None:
    async with staged(config_file=web_config, token=TOKEN, reading=True) as stage:
        for headers, status in ((ADA, 401), (BESIDE, 401), (ADA | BESIDE, 200)):
            assert (await stage.ask("GET", "/api/v1/pools", headers=headers)).status == status
        page = await stage.ask("GET", "/", headers=ADA)
        assert (page.status, page.headers["Location"]) == (303, "/login?next=/")
    async with staged(token=TOKEN) as stage:
        assert (await stage.ask(*CHANGES["acknowledge"], headers=BESIDE)).status == 200


async def test_without_users_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("")
    async with staged(config_file=tmp_path / "web.yml") as stage:
        assert (await stage.ask("GET", "/api/v1/pools")).status == 200
        assert alert().fingerprint in await (await stage.ask("GET", "/api/v1/alerts")).text()
