"""Who may change something: with a token whoever shows it, without one this machine; never a page of another site."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.web.desk import Desk
from monitor.web.hosts import Hosts, is_loopback
from monitor.web.sessions import GUESSES, MOST_PEERS, MOST_SESSIONS, SESSION_SECONDS, Guesses, Sessions
from tests.unit.web.staging import TOKEN, Now, Stage, alert, staged

FINGERPRINT = alert().fingerprint
PAGE = f"/alerts/{FINGERPRINT}"
CHANGES: dict[str, tuple[str, str, Any]] = {
    "acknowledge": ("POST", f"/api/v1/alerts/{FINGERPRINT}/ack", {"author": "Ada"}),
    "withdraw": ("DELETE", f"/api/v1/alerts/{FINGERPRINT}/ack", {"author": "Ada"}),
    "silence": ("POST", "/api/v1/silences", {"matchers": ["account=main"], "seconds": 60, "author": "Ada"}),
    "end a silence": ("DELETE", "/api/v1/silences/none", {"author": "Ada"}),
    "try the channels": ("POST", "/api/v1/test", None),
    "a sign of life": ("POST", "/api/v1/heartbeats/backup", None),
    "a sign of life by GET": ("GET", "/api/v1/heartbeats/backup", None),
}
SHOWN = {"Authorization": f"Bearer {TOKEN}"}


def form(nonce: str, **more: str) -> dict[str, str]:
    return {"nonce": nonce, "author": "Ada", "comment": "", "action": "acknowledge"} | more


def nonce_of(page: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


@pytest.fixture
async def open_() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


@pytest.fixture
async def guarded() -> AsyncIterator[Stage]:
    async with staged(token=TOKEN, external_url="https://risk.example.org") as stage:
        yield stage


def untouched(stage: Stage) -> bool:
    return not (stage.commands or stage.tried or stage.beats)


@pytest.mark.parametrize("what", CHANGES)
async def test_without_the_token_nothing_changes(guarded: Stage, what: str) -> None:
    answer = await guarded.ask(*CHANGES[what])

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await answer.json())["error"]["key"] == "Authorization"
    assert untouched(guarded)


@pytest.mark.parametrize("what", CHANGES)
async def test_with_the_token_it_does(guarded: Stage, what: str) -> None:
    assert (await guarded.ask(*CHANGES[what], headers=SHOWN)).status in (200, 201, 404)


@pytest.mark.parametrize("wrong", [TOKEN[:-1], TOKEN + "x", "ü" * 10, TOKEN.upper()])
async def test_a_wrong_token_is_not_the_right_one(guarded: Stage, wrong: str) -> None:
    answer = await guarded.ask(*CHANGES["acknowledge"], headers={"Authorization": f"Bearer {wrong}"})

    assert answer.status == 401
    assert wrong not in await answer.text()
    assert untouched(guarded)


async def test_another_scheme_is_not_looked_at(guarded: Stage) -> None:
    for header in (f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer  "):
        assert (await guarded.ask(*CHANGES["acknowledge"], headers={"Authorization": header})).status == 401


async def test_guessing_has_a_bound_which_the_right_token_does_not_break(guarded: Stage) -> None:
    with capture_logs() as lines:
        for _ in range(GUESSES):
            await guarded.ask(*CHANGES["acknowledge"], headers={"Authorization": "Bearer guess"})
        late = await guarded.ask(*CHANGES["acknowledge"], headers=SHOWN)
    assert (late.status, late.headers["Retry-After"]) == (429, "60")
    assert untouched(guarded)
    assert [(line["event"], line["peer"]) for line in lines] == [("too many wrong tokens", "127.0.0.1")]

    guarded.clock.at += 61.0
    assert (await guarded.ask(*CHANGES["acknowledge"], headers=SHOWN)).status == 200


@pytest.mark.parametrize("what", CHANGES)
async def test_without_a_token_this_machine_may_change_anything(open_: Stage, what: str) -> None:
    assert (await open_.ask(*CHANGES[what])).status in (200, 201, 404)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_without_a_token_what_a_proxy_passed_on_may_not(open_: Stage, header: str) -> None:
    answer = await open_.ask(*CHANGES["acknowledge"], headers={header: "10.1.2.3"})

    assert answer.status == 403
    assert "web.token_file" in (await answer.json())["error"]["cure"]
    assert untouched(open_)


async def test_without_a_token_another_machine_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged("0.0.0.0") as stage:
        stage.server.host = "127.0.0.1"
        monkeypatch.setattr("aiohttp.web.Request.remote", "10.1.2.3")
        answer = await stage.ask(*CHANGES["acknowledge"])

    assert answer.status == 403
    assert untouched(stage)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "file://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://risk.example.org", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("what", CHANGES)
async def test_a_page_of_another_site_may_not_even_with_the_token(
    guarded: Stage, what: str, headers: dict[str, str]
) -> None:
    answer = await guarded.ask(*CHANGES[what], headers=SHOWN | headers)

    assert (answer.status, (await answer.json())["error"]["key"]) == (403, "Origin")
    assert untouched(guarded)


async def test_our_own_pages_may_by_each_name_of_ours(guarded: Stage) -> None:
    here = f"127.0.0.1:{guarded.server.port}"
    for headers in (
        {"Origin": f"http://{here}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://risk.example.org"},
        {"Origin": "https://risk.example.org", "Host": "risk.example.org"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert (await guarded.ask(*CHANGES["acknowledge"], headers=SHOWN | headers)).status in (200, 202)


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/pools", "/api/v1/alerts", PAGE])
async def test_a_name_that_was_pointed_here_reads_nothing(open_: Stage, path: str) -> None:
    answer = await open_.ask("GET", path, headers={"Host": f"evil.example:{open_.server.port}"})

    assert answer.status == 421
    assert "margin" not in (await answer.text()).replace("marginwatch", "")


async def test_a_name_that_was_pointed_here_changes_nothing(open_: Stage) -> None:
    evil = f"evil.example:{open_.server.port}"
    answer = await open_.ask(
        *CHANGES["acknowledge"],
        headers={"Host": evil, "Origin": f"http://{evil}", "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status == 421
    assert untouched(open_)


async def test_where_others_may_read_they_choose_the_name_but_change_nothing_by_it() -> None:
    async with staged("0.0.0.0", token=TOKEN) as stage:
        stage.server.host = "127.0.0.1"
        called = {"Host": "monitor.lan"}

        assert (await stage.ask("GET", "/metrics", headers=called)).status == 200
        assert (await stage.ask(*CHANGES["acknowledge"], headers=SHOWN | called)).status == 421


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/pools", "/api/v1/alerts", "/api/v1/schema", "/api/v1/silences"])
async def test_the_token_can_be_asked_for_reading_too(path: str) -> None:
    async with staged(token=TOKEN, reading=True) as stage:
        assert (await stage.ask("GET", path)).status == 401
        assert (await stage.ask("GET", path, headers=SHOWN)).status == 200
        assert (await stage.ask("GET", "/-/ready")).status == 200
        page = await stage.ask("GET", PAGE)
        assert (page.status, page.headers["Location"]) == (303, f"/login?next={PAGE}")


async def log_in(stage: Stage, token: str = TOKEN, **more: str) -> Any:
    page = await stage.ask("GET", f"/login?next={PAGE}")
    fields = {"nonce": nonce_of(await page.text()), "next": PAGE, "token": token} | more
    return await stage.ask("POST", "/login", data=fields)


async def test_a_person_logs_in_once_and_then_presses_the_button(guarded: Stage) -> None:
    before = await (await guarded.ask("GET", PAGE)).text()
    assert "Log in to acknowledge" in before
    assert "<button" not in before
    entered = await log_in(guarded)
    cookie = entered.cookies["marginwatch_session"]
    assert (entered.status, entered.headers["Location"]) == (303, PAGE)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert TOKEN not in entered.headers["Set-Cookie"]

    carried = {"Cookie": f"marginwatch_session={cookie.value}"}
    page = await (await guarded.ask("GET", PAGE, headers=carried)).text()
    done = await guarded.ask("POST", PAGE, data=form(nonce_of(page), comment="mine"), headers=carried)
    assert (done.status, done.headers["Location"]) == (303, PAGE)
    after = await (await guarded.ask("GET", PAGE, headers=carried)).text()
    assert "Acknowledged by Ada: mine" in after
    assert [getattr(command, "via", "") for command in guarded.commands] == ["web"]


async def test_who_logs_out_is_forgotten(guarded: Stage) -> None:
    cookie = (await log_in(guarded)).cookies["marginwatch_session"]
    carried = {"Cookie": f"marginwatch_session={cookie.value}"}
    page = await (await guarded.ask("GET", PAGE, headers=carried)).text()
    out = re.search(r'action="/logout">\s*<input type="hidden" name="nonce" value="([^"]+)"', page)
    assert out is not None

    assert (await guarded.ask("POST", "/logout", data={"nonce": "x"}, headers=carried)).status == 403
    left = await guarded.ask("POST", "/logout", data={"nonce": out[1]}, headers=carried)
    assert (left.status, left.cookies["marginwatch_session"].value) == (303, "")
    assert "Log in to acknowledge" in await (await guarded.ask("GET", PAGE, headers=carried)).text()


async def test_over_an_encrypted_way_the_cookie_stays_on_it(guarded: Stage) -> None:
    page = await guarded.ask("GET", "/login")
    fields = {"nonce": nonce_of(await page.text()), "token": TOKEN}
    entered = await guarded.ask(
        "POST", "/login", data=fields, headers={"Origin": "https://risk.example.org", "Host": "risk.example.org"}
    )

    assert entered.cookies["marginwatch_session"]["secure"] is True


async def test_a_wrong_token_gives_no_session_and_the_form_again(guarded: Stage) -> None:
    refused = await log_in(guarded, "wrong")

    assert (refused.status, refused.cookies) == (401, {})
    assert nonce_of(await refused.text())
    for _ in range(GUESSES - 1):
        await log_in(guarded, "wrong")
    assert (await log_in(guarded)).status == 429


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/metrics"])
async def test_after_logging_in_a_browser_goes_to_our_pages_only(guarded: Stage, elsewhere: str) -> None:
    assert (await log_in(guarded, next=elsewhere)).headers["Location"] == "/"


async def test_without_a_token_there_is_no_login(open_: Stage) -> None:
    assert (await open_.ask("GET", "/login")).status == 404
    page = await (await open_.ask("GET", PAGE)).text()
    refused = await open_.ask("POST", "/login", data={"nonce": nonce_of(page), "token": ""})
    assert refused.status == 403
    assert refused.cookies == {}


@pytest.mark.parametrize("cookie", ["", "made-up.signature", "made-up"])
async def test_the_button_needs_a_session(guarded: Stage, cookie: str) -> None:
    carried = {"Cookie": f"marginwatch_session={cookie}"} if cookie else {}
    refused = await guarded.ask("POST", PAGE, data=form("made-up"), headers=carried)

    assert refused.status == 401
    assert untouched(guarded)


@pytest.mark.parametrize(
    "nonce",
    [lambda page: "", lambda page: "1e30.made-up", lambda page: nonce_of(page)[:-1], lambda page: "9" + nonce_of(page)],
    ids=["none", "made up", "cut", "longer valid"],
)
async def test_a_form_that_is_not_ours_is_refused(open_: Stage, nonce: Callable[[str], str]) -> None:
    page = await (await open_.ask("GET", PAGE)).text()

    assert (await open_.ask("POST", PAGE, data=form(nonce(page)))).status == 403
    assert untouched(open_)


async def test_a_form_is_of_its_alert_only_and_grows_old(open_: Stage) -> None:
    other = alert("drift")
    open_.view = replace(open_.view, alerts=(alert(), other))
    of_other = nonce_of(await (await open_.ask("GET", f"/alerts/{other.fingerprint}")).text())
    ours = nonce_of(await (await open_.ask("GET", PAGE)).text())

    assert (await open_.ask("POST", PAGE, data=form(of_other))).status == 403
    open_.clock.at += 5 * 3600.0
    old = await open_.ask("POST", PAGE, data=form(ours))
    assert old.status == 403
    assert "load the page again" in await old.text()
    assert untouched(open_)


async def test_a_form_of_another_site_is_refused_with_a_page(open_: Stage) -> None:
    page = await (await open_.ask("GET", PAGE)).text()
    refused = await open_.ask("POST", PAGE, data=form(nonce_of(page)), headers={"Origin": "https://evil.example"})

    assert (refused.status, refused.content_type) == (403, "text/html")
    assert untouched(open_)


async def test_the_token_is_told_nowhere(guarded: Stage) -> None:
    with capture_logs() as lines:
        answers = [await guarded.ask(*CHANGES[what], headers=SHOWN) for what in CHANGES]
        answers += [await log_in(guarded), await log_in(guarded, TOKEN + "x")]
        pages = ("/", "/metrics", PAGE, "/login", "/api/v1/pools", "/api/v1/alerts", f"/login?next=/{TOKEN}")
        answers += [await guarded.ask("GET", path) for path in pages]
    texts = [await answer.text() + str(answer.headers) for answer in answers]

    told = "\n".join([*texts, str(lines)])
    for part in (TOKEN, TOKEN[:16], TOKEN[-16:]):
        assert part not in told


def test_the_desk_hides_its_token() -> None:
    desk = Desk(
        put=print, history=Stage().history, test=Stage().test, beat=bool, clock=Now(), token=TOKEN
    )  # fmt: skip

    assert TOKEN not in repr(desk)


def test_sessions_end_after_their_time_and_the_oldest_where_there_are_too_many() -> None:
    clock = Now()
    sessions = Sessions(clock)
    first = sessions.open()
    assert sessions.of(first)
    for _ in range(MOST_SESSIONS):
        last = sessions.open()
    assert (sessions.of(first), bool(sessions.of(last))) == ("", True)
    clock.at += SESSION_SECONDS
    assert sessions.of(last) == ""


def test_a_session_that_was_ended_and_one_of_another_process_are_none() -> None:
    sessions = Sessions(Now())
    cookie = sessions.open()

    assert Sessions(Now()).of(cookie) == ""
    sessions.close(sessions.of(cookie))
    assert sessions.of(cookie) == ""


def test_the_form_of_one_session_is_not_that_of_another() -> None:
    sessions = Sessions(Now())
    nonce = sessions.nonce("f", "one")

    assert sessions.holds(nonce, "f", "one")
    assert not sessions.holds(nonce, "f", "other")
    assert not sessions.holds(nonce, "f")


def test_guesses_of_one_peer_do_not_lock_out_another_and_are_forgotten_in_a_bound() -> None:
    guesses = Guesses(Now())
    for _ in range(GUESSES):
        guesses.wrong("10.0.0.1")
    assert (guesses.wait_seconds("10.0.0.1"), guesses.wait_seconds("10.0.0.2")) == (60.0, 0.0)
    for number in range(MOST_PEERS):
        guesses.wrong(f"peer {number}")
    assert guesses.wait_seconds("10.0.0.1") == 0.0


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("127.0.0.1:9786", True), ("localhost", True), ("LOCALHOST:1", True), ("desk.localhost", True),
        ("[::1]:9786", True), ("10.1.2.3:9786", True), ("[fe80::1%25eth0]", True), ("risk.example.org", True),
        ("Risk.Example.org.:443", True), ("evil.example", False), ("127.0.0.1.evil.example", False), ("", False),
        ("[", False), ("localhost@evil.example", False), ("risk.example.org.evil.example", False),
    ],
)  # fmt: skip
def test_which_names_are_ours(header: str, known: bool) -> None:
    assert Hosts("127.0.0.1", "https://risk.example.org/here").known(header) is known


@pytest.mark.parametrize("url", ["https://Risk.example.org:443", "https://risk.example.org/here", "http://desk:80"])
def test_the_origin_of_our_own_address_has_no_port_that_everybody_knows(url: str) -> None:
    origin = "http://desk" if "desk" in url else "https://risk.example.org"

    assert Hosts("127.0.0.1", url).same_site({"Origin": origin, "Host": "127.0.0.1:9786"})
    assert not Hosts("127.0.0.1", url).same_site({"Origin": origin + ":8443", "Host": "127.0.0.1:9786"})


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("localhost", True),
        ("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("0.0.0.0", False), ("example.org", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here
