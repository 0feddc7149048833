"""What an answer that is no data means. The venue's words are never repeated: they hold addresses and parameters."""

from __future__ import annotations

import json

import pytest

from monitor.domain.errors import (
    AuthRejected,
    ClockSkewed,
    FeedLost,
    MalformedAnswer,
    RateLimited,
    Refused,
    VenueError,
)
from monitor.venues.okx.refusals import judge
from monitor.venues.rest import Answer

NOW = 1_790_000_000.0
PLANTED = "203.0.113.7 OK-ACCESS-KEY abcdef"


def answer(status: int, body: str, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode(), NOW, NOW)


def refusal(code: str | int, status: int = 200, **headers: str) -> Answer:
    return answer(status, json.dumps({"code": code, "msg": PLANTED, "data": []}), **headers)


def row(code: str) -> Answer:
    return answer(200, json.dumps({"code": "0", "msg": "", "data": [{"sCode": "0"}, {"sCode": code, "sMsg": PLANTED}]}))


@pytest.mark.parametrize(
    ("said", "expected", "code"),
    [
        (refusal("50102", 401), ClockSkewed, "50102"),
        (refusal("50112", 401), ClockSkewed, "50112"),
        (refusal("50111", 401), AuthRejected, "50111"),
        (refusal("50113", 401), AuthRejected, "50113"),
        (refusal("50105", 401), AuthRejected, "50105"),
        (refusal("50110", 401), AuthRejected, "50110"),
        (refusal("50119", 401), AuthRejected, "50119"),
        (refusal("50120", 403), AuthRejected, "50120"),
        (refusal("50101", 401), AuthRejected, "50101"),
        (refusal("50011", 429), RateLimited, "50011"),
        (refusal("50061"), RateLimited, "50061"),
        (refusal("50001", 503), FeedLost, "50001"),
        (refusal("50026", 500), FeedLost, "50026"),
        (refusal("50013"), FeedLost, "50013"),
        (refusal("51000", 400), Refused, "51000"),
        (refusal("51010"), Refused, "51010"),
        (refusal("1"), Refused, "1"),
        (refusal(50111), AuthRejected, "50111"),
        (row("50011"), RateLimited, "50011"),
        (row("51010"), Refused, "51010"),
        (answer(429, "slow down"), RateLimited, "429"),
        (answer(403, "<html>firewall</html>"), RateLimited, "403"),
        (answer(418, ""), RateLimited, "418"),
        (answer(502, "<html>bad gateway</html>"), FeedLost, 502),
        (answer(404, '{"msg": "not found"}'), Refused, 404),
        (answer(401, ""), AuthRejected, 401),
        (answer(200, "<html>maintenance</html>"), MalformedAnswer, 200),
        (answer(200, ""), MalformedAnswer, 200),
        (answer(200, '{"data": []}'), MalformedAnswer, 200),
        (answer(200, '{"code": null, "data": []}'), MalformedAnswer, 200),
        (answer(200, '{"code": ["0"]}'), MalformedAnswer, 200),
        (answer(200, '{"code": "0", "data": ['), MalformedAnswer, 200),
    ],
)
def test_a_refusal_is_one_of_our_errors(said: Answer, expected: type[VenueError], code: str | int) -> None:
    error = judge(said, "account", 60.0)
    assert type(error) is expected
    assert error.code == code
    assert PLANTED not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        '{"code":"0","data":[],"msg":""}',
        '{"code":"0","data":[{"sCode":"0"}]}',
        '{"code":"0","data":[{"details":[{"sCode":"51000"}]}]}',
        '{"code":0,"data":[["1","2"]]}',
        '{"code":"0","data":{"sCode":"not a list of rows"}}',
    ],
)
def test_data_is_no_refusal(body: str) -> None:
    assert judge(answer(200, body), "account", 60.0) is None


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (refusal("50011", 429, retry_after="120"), NOW + 120),
        (refusal("50011", 429), NOW + 2),
        (refusal("50011", 429, retry_after="soon"), NOW + 2),
        (refusal("50011", 429, retry_after="-5"), NOW),
        (answer(403, "<html>"), NOW + 60),
        (answer(429, "", retry_after="7"), NOW + 7),
    ],
)
def test_calls_may_begin_again_when_the_venue_says_so_or_its_window_is_over(said: Answer, until: float) -> None:
    error = judge(said, "account", 60.0)
    assert isinstance(error, RateLimited)
    assert error.until == pytest.approx(until)


def test_a_whole_answer_of_many_rows_is_not_searched_for_long() -> None:
    body = json.dumps({"code": "0", "data": [{"instId": f"X{number}"} for number in range(5000)]})
    assert judge(answer(200, body), "instruments", 60.0) is None
