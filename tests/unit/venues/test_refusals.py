"""What an answer that is no data means. The venue's words are never repeated: they hold addresses and parameters."""

from __future__ import annotations

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
from monitor.venues.binance.refusals import judge
from monitor.venues.rest import Answer

NOW = 1_790_000_000.0
PLANTED = "203.0.113.7?signature=abcdef"


def answer(status: int, body: str, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode(), NOW, NOW)


def refusal(code: int, status: int = 400, **headers: str) -> Answer:
    return answer(status, f'{{"code":{code},"msg":"{PLANTED}"}}', **headers)


@pytest.mark.parametrize(
    ("said", "expected", "code"),
    [
        (refusal(-1021), ClockSkewed, -1021),
        (refusal(-1125), Refused, -1125),
        (refusal(-2014, 401), AuthRejected, -2014),
        (refusal(-2015, 401), AuthRejected, -2015),
        (refusal(-1022), AuthRejected, -1022),
        (refusal(-1121), Refused, -1121),
        (refusal(-1001, 503), FeedLost, -1001),
        (refusal(-1003, 429), RateLimited, -1003),
        (refusal(-1003, 418), RateLimited, -1003),
        (refusal(-2015, 200), AuthRejected, -2015),
        (answer(429, "slow down"), RateLimited, 429),
        (answer(403, "<html>firewall</html>"), RateLimited, 403),
        (answer(502, "<html>bad gateway</html>"), FeedLost, 502),
        (answer(404, "<html>not found</html>"), Refused, 404),
        (answer(401, ""), AuthRejected, 401),
        (answer(200, "<html>maintenance</html>"), MalformedAnswer, 200),
        (answer(200, ""), MalformedAnswer, 200),
    ],
)
def test_a_refusal_is_one_of_our_errors(said: Answer, expected: type[VenueError], code: int) -> None:
    error = judge(said, "account", 60.0)
    assert type(error) is expected
    assert error.code == code
    assert PLANTED not in str(error)


@pytest.mark.parametrize(
    "body",
    ["{}", "[]", '{"code":200,"msg":"success"}', '[{"code":-1}]', '{"serverTime":1}', '{"listenKey":"x"}'],
)
def test_data_is_no_refusal(body: str) -> None:
    assert judge(answer(200, body), "account", 60.0) is None


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (refusal(-1003, 418, retry_after="120"), NOW + 120),
        (refusal(-1003, 429, retry_after="3"), NOW + 3),
        (answer(418, f'{{"code":-1003,"msg":"IP banned until {round((NOW + 500) * 1000)}."}}'), NOW + 500),
        (answer(418, '{"code":-1003,"msg":"IP banned until 1500000000000."}'), NOW + 60),
        (refusal(-1003, 429), NOW + 60),
        (refusal(-1003, 429, retry_after="soon"), NOW + 60),
        (refusal(-1003, 429, retry_after="-5"), NOW),
    ],
)
def test_calls_may_begin_again_when_the_venue_says_so(said: Answer, until: float) -> None:
    error = judge(said, "account", 60.0)
    assert isinstance(error, RateLimited)
    assert error.until == pytest.approx(until)
