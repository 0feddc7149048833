"""Asking within the limits, and what a refusal holds off."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.events import Banned, ClockRead, Event
from monitor.domain.frames import Frame
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import ACCOUNT_CONFIG, BALANCE, POSITION_BUILDER, POSITIONS, SERVER_TIME
from monitor.venues.okx.settings import OkxSettings
from monitor.venues.rest import Answer
from monitor.venues.settings import Credentials
from tests.unit.venues.okx.asked import KEYS, Still


class Wire:
    """Stands where the library does: answers in order, `200 []` when there are no more."""

    def __init__(self, clock: Still) -> None:
        self.clock = clock
        self.answers: list[tuple[int, object]] = []
        self.sent: list[tuple[str, dict[str, object], bool]] = []
        self.offset = 0.0
        self.skew = 0.0
        self.headers: dict[str, str] = {}

    async def call(
        self, method: str, params: Mapping[str, object], what: str, credentials: Credentials | None = None
    ) -> Answer:
        del what
        self.sent.append((method, dict(params), credentials is not None))
        status, said = self._answer(method)
        body = said if isinstance(said, str) else json.dumps(said)
        return Answer(status, self.headers, body.encode(), self.clock.at, self.clock.at)

    def _answer(self, method: str) -> tuple[int, object]:
        if method == SERVER_TIME.ccxt:
            return 200, {"code": "0", "data": [{"ts": str(round((self.clock.at + self.skew) * 1000))}]}
        return self.answers.pop(0) if self.answers else (200, {"code": "0", "data": []})

    def apply_offset(self, offset_seconds: float) -> None:
        self.offset = offset_seconds


def client(**settings: object) -> tuple[Client, Wire, list[Event]]:
    clock, events = Still(), list[Event]()

    def emit(event: Event, frame: Frame | None = None, /) -> None:  # nobody counts frames here
        events.append(event)

    made = Client(OkxSettings(**settings), emit, clock)  # type: ignore[arg-type]  # keywords of the settings
    wire = Wire(clock)
    made._rest = wire  # type: ignore[assignment]  # it stands where the library does
    return made, wire, events


def refusal(code: str) -> dict[str, object]:
    return {"code": code, "msg": "planted words", "data": []}


async def test_what_is_asked_goes_out_as_it_is_with_its_key() -> None:
    asking, wire, _ = client()
    await asking.ask(POSITION_BUILDER, {"inclRealPosAndEq": True, "mmrConfig": {"acctLv": "4"}}, KEYS, account="main")
    params = {"inclRealPosAndEq": True, "mmrConfig": {"acctLv": "4"}}
    assert wire.sent == [(POSITION_BUILDER.ccxt, params, True)]


async def test_a_refused_timestamp_has_the_clock_measured_and_the_question_asked_once_more() -> None:
    asking, wire, events = client()
    wire.skew = 3.5
    wire.answers = [(401, refusal("50102"))]
    await asking.ask(BALANCE, None, KEYS, account="main")
    assert [method for method, _, _ in wire.sent] == [BALANCE.ccxt, *[SERVER_TIME.ccxt] * 3, BALANCE.ccxt]
    assert wire.offset == pytest.approx(3.5)
    assert asking.venue_now() == pytest.approx(wire.clock.at + 3.5)
    assert isinstance(events[0], ClockRead)


async def test_a_timestamp_that_is_refused_again_is_an_error() -> None:
    asking, wire, _ = client()
    wire.answers = [(401, refusal("50102"))] * 2
    with pytest.raises(ClockSkewed):
        await asking.ask(BALANCE, None, KEYS, account="main")


async def test_a_limit_that_was_reached_holds_off_its_own_endpoint_and_account_only() -> None:
    asking, wire, events = client()
    wire.answers = [(429, refusal("50011"))]
    before = wire.clock.at
    with pytest.raises(RateLimited) as caught:
        await asking.ask(BALANCE, None, KEYS, account="main")
    assert caught.value.until == pytest.approx(before + 2.0)
    await asking.ask(POSITIONS, None, KEYS, account="main")
    await asking.ask(BALANCE, None, KEYS, account="second")
    assert wire.clock.at == before
    await asking.ask(BALANCE, None, KEYS, account="main")
    assert wire.clock.at == pytest.approx(before + 2.0)
    assert not events


async def test_a_wait_longer_than_any_limits_window_is_of_our_address() -> None:
    asking, wire, events = client()
    wire.answers, wire.headers = [(429, refusal("50011"))], {"retry-after": "30"}
    with pytest.raises(RateLimited):
        await asking.ask(BALANCE, None, KEYS, account="main")
    with pytest.raises(RateLimited):
        await asking.ask(POSITIONS, None, KEYS, account="second")
    assert [one.until for one in events if isinstance(one, Banned)] == [pytest.approx(wire.clock.at + 30.0)]


@pytest.mark.parametrize(("status", "told"), [(403, True), (418, True), (429, False)])
async def test_an_address_that_is_turned_away_asks_nothing_before_the_time(status: int, told: bool) -> None:
    asking, wire, events = client()
    wire.answers = [(status, "<html>go away</html>")]
    with pytest.raises(RateLimited):
        await asking.ask(BALANCE, None, KEYS, account="main")
    for endpoint in (POSITIONS, ACCOUNT_CONFIG, SERVER_TIME):
        with pytest.raises(RateLimited):
            await asking.ask(endpoint, None, KEYS, account="second")
    assert len(wire.sent) == 1
    assert bool([one for one in events if isinstance(one, Banned)]) is told
    assert (asking.view().banned_until is not None) is told
    wire.clock.at += 60.5
    await asking.ask(POSITIONS, None, KEYS, account="main")
    assert len(wire.sent) == 2


async def test_an_answer_that_is_no_data_is_kept_for_diagnosis() -> None:
    asking, wire, _ = client()
    wire.answers = [(200, "<html>maintenance</html>")]
    with pytest.raises(MalformedAnswer):
        await asking.ask(BALANCE, None, KEYS, account="main")
    assert "account: the answer is no JSON object: <html>maintenance" in asking.malformed[0]


async def test_requests_count_against_the_address_too() -> None:
    asking, _, _ = client(requests_per_minute=100)
    for _ in range(5):
        await asking.ask(POSITIONS, None, KEYS, account="main")
    assert asking.view().used_ratio == pytest.approx(0.05)
