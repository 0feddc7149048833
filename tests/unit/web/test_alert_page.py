"""The page of one alert: what stands on it, that looking changes nothing, and that nothing from outside is markup."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from monitor.domain.alerts import AlertState, Change, Matcher, Severity, Silence
from monitor.domain.delivery import ChannelStatus, StoreStatus
from monitor.web.alert_list import loudest_first
from monitor.web.alert_page import Form, alert_page
from monitor.web.page import landing
from tests.sample_reports import NOW, account, pool, view
from tests.unit.web.staging import TOKEN, alert, changed, staged, tags

NEAR = alert()
SHOWN = view(account(pool()), alerts=(NEAR,))
OURS = Form(nonce="n1")
NASTY = "<script>alert('x')</script>\"&"


def text_of(page: str | None) -> str:
    assert page is not None
    return page


def test_it_says_what_how_near_what_to_do_and_since_when() -> None:
    page = text_of(alert_page(SHOWN, NEAR.fingerprint, (), OURS))

    for text in (
        NEAR.summary, "Add 900 USD.\nData: LIVE, 1 s old.", "critical", "cross:USDT", "0.85", "0.8", "0.9",
        "2026-09-21 14:08:20 UTC (5 min ago)", NEAR.fingerprint, '<a href="/runbooks/MarginwatchMarginRatio">',
    ):  # fmt: skip
        assert text in page, text


def test_the_headline_is_not_told_twice_where_the_text_begins_with_it() -> None:
    for more in ("", "\nAdd 900 USD."):
        told = replace(NEAR, text=NEAR.summary + more)
        page = text_of(alert_page(view(account(pool()), alerts=(told,)), NEAR.fingerprint, (), OURS))
        _, _, body = page.partition("<main>")
        assert body.count(NEAR.summary) == 1
        assert ("Add 900 USD." in body) is bool(more)


def test_a_button_is_a_form_that_is_posted() -> None:
    page = text_of(alert_page(SHOWN, NEAR.fingerprint, (), OURS))

    assert f'<form method="post" action="/alerts/{NEAR.fingerprint}"' in page
    assert 'value="acknowledge">Acknowledge</button>' in page
    assert f'name="incident" value="{NEAR.incident}"' in page
    assert "<script" not in page


def test_who_acknowledged_it_and_why_stands_there_and_can_be_withdrawn() -> None:
    mine = replace(NEAR, state=AlertState.ACKNOWLEDGED, by="Ada", note="topping up")
    page = text_of(alert_page(replace(SHOWN, alerts=(mine,)), NEAR.fingerprint, (), OURS))

    assert "Acknowledged by Ada: topping up" in page
    assert 'value="withdraw">Withdraw</button>' in page


def test_a_silenced_one_says_by_what() -> None:
    quiet = replace(NEAR, state=AlertState.SILENCED, by="silence 1a")

    assert "Silenced by silence 1a" in text_of(alert_page(replace(SHOWN, alerts=(quiet,)), NEAR.fingerprint, (), OURS))


@pytest.mark.parametrize(
    ("form", "text"),
    [(Form(login=True), "Log in to acknowledge"), (Form(why_not="Only this machine may."), "Only this machine may.")],
)
def test_who_may_not_acknowledge_sees_no_button(form: Form, text: str) -> None:
    page = text_of(alert_page(SHOWN, NEAR.fingerprint, (), form))

    assert text in page
    assert "<form" not in page


def test_the_history_tells_change_reason_and_who_the_newest_first() -> None:
    history = (
        changed(replace(NEAR, by="Ada"), Change.ACKNOWLEDGED, NOW, reason="acknowledged over the command line"),
        changed(replace(NEAR, severity="warning")),
    )
    page = text_of(alert_page(SHOWN, NEAR.fingerprint, history, OURS))

    assert page.index("<b>acknowledged</b> by Ada") < page.index("<b>fired</b>")
    assert "acknowledged over the command line" in page


def test_one_that_ended_is_shown_from_its_history_without_a_button() -> None:
    page = text_of(alert_page(view(), NEAR.fingerprint, (changed(NEAR, Change.RESOLVED),), OURS))

    assert "does not fire now" in page
    assert "<form" not in page


def test_one_that_is_pending_says_so() -> None:
    page = text_of(alert_page(view(pending=(NEAR,)), NEAR.fingerprint, (), OURS))

    assert ">pending<" in page
    assert "Nothing is kept of it." in page
    assert "<form" not in page


def test_one_that_nobody_knows_has_no_page() -> None:
    assert alert_page(view(), NEAR.fingerprint, (), OURS) is None


def test_a_history_that_cannot_be_told_hides_nothing_else() -> None:
    page = text_of(alert_page(SHOWN, NEAR.fingerprint, (), OURS, trouble="the disk is full"))

    assert "Cannot be told: the disk is full" in page
    assert NEAR.summary in page


def test_nothing_from_outside_is_markup() -> None:
    nasty = replace(
        NEAR, summary=NASTY, text=NASTY + "!", labels={NASTY: NASTY}, by=NASTY, note=NASTY, severity=NASTY,
        incident=NASTY, rule=NASTY, state=AlertState.ACKNOWLEDGED,
    )  # fmt: skip
    silence = Silence(
        id=NASTY, matchers=(Matcher(name="a", value=NASTY),), starts=NOW, ends=NOW + 60.0, author=NASTY, comment=NASTY
    )
    shown = replace(SHOWN, alerts=(nasty,), silences=(silence,), instance=NASTY)
    page = text_of(
        alert_page(shown, NEAR.fingerprint, (changed(nasty, reason=NASTY),), Form(why_not=NASTY), trouble=NASTY)
    )

    for text in (page, landing(shown)):
        assert "<script" not in text
        assert "script" not in tags(text)


async def test_looking_at_it_changes_nothing() -> None:
    async with staged() as stage:
        for method in ("GET", "HEAD"):
            assert (await stage.ask(method, f"/alerts/{NEAR.fingerprint}?action=acknowledge&author=x")).status == 200
        assert stage.commands == []


async def test_a_link_on_another_site_is_followed_once_more_to_have_the_session() -> None:
    async with staged(token=TOKEN) as stage:
        path = f"/alerts/{NEAR.fingerprint}"
        followed = await (await stage.ask("GET", path, headers={"Sec-Fetch-Site": "cross-site"})).text()
        again = await (await stage.ask("GET", path, headers={"Sec-Fetch-Site": "same-origin"})).text()

    assert '<meta http-equiv="refresh" content="0">' in followed
    assert "refresh" not in again


async def test_an_unknown_one_is_a_page_that_says_so() -> None:
    async with staged() as stage:
        unknown = await stage.ask("GET", "/alerts/0123456789abcdef")

    assert (unknown.status, unknown.content_type) == (404, "text/html")


async def test_a_store_that_is_ill_hides_the_history_only() -> None:
    async with staged() as stage:
        stage.store_ill = True
        page = await (await stage.ask("GET", f"/alerts/{NEAR.fingerprint}")).text()

    assert "Cannot be told: the disk is full" in page
    assert ">Acknowledge</button>" in page


async def test_whom_a_proxy_passed_on_sees_why_there_is_no_button() -> None:
    async with staged() as stage:
        path = f"/alerts/{NEAR.fingerprint}"
        page = await (await stage.ask("GET", path, headers={"X-Forwarded-For": "10.1.2.3"})).text()

    assert "Only the machine on which the monitor runs may acknowledge" in page
    assert "<form" not in page


async def test_a_form_without_its_action_is_refused() -> None:
    async with staged() as stage:
        page = await (await stage.ask("GET", f"/alerts/{NEAR.fingerprint}")).text()
        found = re.search(r'name="nonce" value="([^"]+)"', page)
        assert found is not None
        answer = await stage.ask("POST", f"/alerts/{NEAR.fingerprint}", data={"nonce": found[1]})
        json_body = await stage.ask("POST", f"/alerts/{NEAR.fingerprint}", {"nonce": found[1]})
        assert (answer.status, json_body.status, stage.commands) == (400, 400, [])


def test_the_landing_page_links_each_alert_and_shows_its_state() -> None:
    quiet = alert("drift", "warning", state=AlertState.ACKNOWLEDGED, by="Ada", summary="drift")
    page = landing(replace(SHOWN, alerts=(quiet, NEAR)))

    assert "2 firing, 1 of them quiet" in page
    assert f'<a href="/alerts/{NEAR.fingerprint}">{NEAR.summary}</a>' in page
    assert "acknowledged by Ada" in page
    assert page.index(NEAR.summary) < page.index(">drift<")


def test_a_level_of_the_user_s_own_is_shown_too() -> None:
    assert "urgent" in landing(replace(SHOWN, alerts=(alert(severity="urgent"),)))


def test_what_nobody_takes_care_of_comes_first_then_the_loudest() -> None:
    alerts = [
        alert("a", Severity.CRITICAL, state=AlertState.SILENCED), alert("b", Severity.INFO), alert("c", "critical"),
        alert("d", "urgent"), alert("e", Severity.WARNING),
    ]  # fmt: skip

    assert [each.rule for each in loudest_first(alerts)] == ["c", "d", "e", "b", "a"]


def test_silences_stand_on_the_landing_page_until_when_and_by_whom() -> None:
    silence = Silence(
        id="1a", matchers=(Matcher(name="coin", value="BTC|ETH", regex=True),), starts=NOW, ends=NOW + 5400.0,
        author="Ada", comment="upgrade",
    )  # fmt: skip
    page = landing(replace(SHOWN, alerts=(), silences=(silence,)))

    assert "1 silence<" in page
    assert "coin=~BTC|ETH <small>for another 90 min, by Ada</small>" in page
    assert "upgrade" in page


def test_the_landing_page_says_how_messages_leave() -> None:
    ill = ChannelStatus(
        name="phone", kind="telegram", up=False, reason="answers with <429>", waiting=7, oldest_seconds=90.0,
        dropped_total=2, delivered_total=1_000, last_delivered=NOW - 300.0,
    )  # fmt: skip
    page = landing(view(channels=(ill,), store=StoreStatus(writing=False, reason="the disk is full", lost_total=3)))

    assert "fails</span> phone, telegram" in page
    assert "7 waiting for 90 s, 2 given up, 1,000 delivered, the last one 5 min ago" in page
    assert "answers with &lt;429&gt;" in page
    assert "3 lost, 0 waiting" in page
    assert "the disk is full" in page
    assert "Delivery" not in landing(view(channels=(), store=None))
