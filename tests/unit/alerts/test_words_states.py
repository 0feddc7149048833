"""What alerts say where a figure is unknown, without bound, or well again: never a number that is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from monitor.alerts import words
from monitor.alerts import words_lines as lines
from monitor.alerts import words_outside as outside
from monitor.alerts import words_risk as risk
from monitor.alerts.reading import Words
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.events import VenueWarning, WarningKind
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.reports import BurnReport, CollateralReport, Notice
from monitor.domain.view import JournalStatus
from tests.sample_reports import MAIN, NOW, account, feed, pool, position

DOWN = Direction.DOWN
AT = Line.at(57_600.0, 0.04)
POOL, HELD = pool(), position()
BURN = BurnReport(usd_per_day=None, seconds=None, reasons=("no funding rate",))
HEDGER = HeartbeatStatus(name="hedger", every_seconds=60.0, last=NOW, since=NOW)
USDC = CollateralReport(asset="USDC", amount=5.0, value_usd=None, share_ratio=0.5, price_usd=None, stable=True)


def burning(**changed: object) -> BurnReport:
    """What funding takes, where it is known."""
    return replace(BurnReport(usd_per_day=5.0, seconds=inf, next_usd=1.0), **changed)  # type: ignore[arg-type]  # by name


SAID: list[tuple[str, Callable[[], Words]]] = [
    ("margin ratio unknown: no tiers", lambda: lines.account_ratio(account(ratio=Ratio.unknown("no tiers")), NOW)),
    ("«orders» unknown: no tiers", lambda: lines.stage_ratio(POOL, "orders", Ratio.unknown("no tiers"), NOW)),
    ("90 % of the way to «orders»", lambda: lines.stage_ratio(POOL, "orders", Ratio.of(0.9), NOW)),
    ("USDT down: distance unknown: no mark", lambda: depeg(Line.unknown("no mark"))),
    ("liquidatable now", lambda: depeg(LIQUIDATABLE)),
    ("no price of USDT down from here liquidates", lambda: depeg(NEVER)),
    ("USDT 4 % down from its peg liquidates, at 0.96", lambda: depeg(Line.at(0.96, 0.04))),
    ("BTC down: distance in daily sigmas unknown", lambda: lines.line_sigmas(POOL, "BTC", DOWN, AT, None, NOW)),
    ("liquidatable now", lambda: lines.line_sigmas(POOL, "", DOWN, LIQUIDATABLE, 0.0, NOW)),
    ("no price liquidates it", lambda: lines.position_sigmas(POOL, position(line=NEVER), NOW)),
    ("liquidation 25 % away at 45,000.0", lambda: lines.position_sigmas(POOL, position(distance_sigmas=None), NOW)),
    ("room until liquidation unknown", lambda: lines.room_usd(POOL, None, NOW)),
    ("no room left until liquidation", lambda: lines.room_usd(POOL, 0.0, NOW)),
    ("loss until liquidation unknown", lambda: lines.position_room_usd(POOL, position(loss_to_line_usd=None), NOW)),
    (
        "no price liquidates it",
        lambda: lines.position_room_usd(POOL, position(line=NEVER, loss_to_line_usd=inf), NOW),
    ),
    ("not losing over the last 15 min", lambda: lines.trend_time(POOL, inf, 900.0, NOW)),
    ("how long its room lasts cannot be told yet", lambda: lines.trend_time(POOL, None, 900.0, NOW)),
    ("what funding and interest take is unknown: no funding rate", lambda: lines.burn_time(POOL, BURN, NOW)),
    ("what the next payment leaves is unknown: no funding", lambda: lines.ratio_after_payment(POOL, BURN, NOW)),
    ("what the next payment leaves is unknown: no funding", lambda: lines.distance_after_payment(POOL, BURN, NOW)),
    (
        "no equity left after the next payment",
        lambda: lines.ratio_after_payment(POOL, burning(after_ratio=Ratio.of(inf)), NOW),
    ),
    (
        "liquidatable after the next payment in 10 min",
        lambda: lines.distance_after_payment(
            POOL, burning(after_line=LIQUIDATABLE, next_time=NOW + 600.0, next_usd=None), NOW
        ),
    ),
    ("no price liquidates it", lambda: lines.distance_after_payment(POOL, burning(after_line=NEVER), NOW)),
    ("what a liquidation would take is unknown", lambda: risk.funds_at_risk(pool(funds_at_risk_usd=None), NOW)),
    ("what a liquidation would take is unknown", lambda: risk.account_funds_at_risk(account(), NOW)),
    ("its size cannot be told now", lambda: risk.account_gross(account(), NOW)),
    ("its size cannot be told now", lambda: risk.account_net(account(), NOW)),
    ("its size cannot be told now", lambda: risk.account_leverage(account(), NOW)),
    ("whether all legs lose in the same direction is unknown", lambda: risk.one_sided_leverage(POOL, None, NOW)),
    ("adds no margin by itself", lambda: risk.auto_add_margin(POOL, position(auto_add_margin=False), NOW)),
    ("share of USDC in its collateral unknown", lambda: share(share_ratio=None)),
    ("USDC is 50 % of its collateral", lambda: share()),
    ("price of USDC unknown", lambda: risk.collateral_depeg(account(pool(collateral=(USDC,))), "USDC", NOW)),
    ("what its tier or leverage allows is unknown", lambda: risk.position_cap(POOL, HELD, None, NOW)),
    ("its delivery time is unknown", lambda: risk.delivery_near(POOL, HELD, NOW)),
    ("delivery is due", lambda: risk.delivery_near(POOL, position(delivery_time=NOW), NOW)),
    ("whether its equity is explained cannot be told", lambda: risk.unexplained(account(), None, NOW)),
    ("its equity is explained", lambda: risk.unexplained(account(unexplained_usd=0.0), 0.0, NOW)),
    ("moon phase differs from the venue's by 3 %", lambda: risk.drift(POOL, "moon_phase", 0.03, NOW)),
    ("equity cannot be compared with the venue's", lambda: risk.drift(POOL, "equity", None, NOW)),
    ("the key has no known expiry", lambda: risk.key_expiry(account(), inf)),
    ("subscriptions are acknowledged", lambda: outside.unacknowledged(feed(), 0.0, 900.0)),
    ("journal: written", lambda: outside.journal_stopped(JournalStatus(writing=True))),
    ("store: written", lambda: outside.store_stopped(StoreStatus(writing=True))),
    ("channel phone: delivers", lambda: outside.channel_down(ChannelStatus(name="phone", kind="x", up=True), NOW)),
    ("hedger: alive", lambda: outside.heartbeat_missed(HEDGER, 0.5, NOW)),
    ("Over: closed.", lambda: words.over("main: near", "closed")),
    ("it stands until there is a new one", lambda: words.lost_sight(MAIN._replace(venue="", account=""), "x")),
]  # fmt: skip


def depeg(line: Line) -> Words:
    """USDT falls."""
    return lines.depeg_distance(pool(depegs={"USDT": {DOWN: line}}), "USDT", DOWN, NOW)


def share(**changed: object) -> Words:
    """USDC among the collateral."""
    return risk.collateral_share(POOL, replace(USDC, **changed), NOW)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(("text", "said"), SAID, ids=[text for text, _ in SAID])
def test_it_says(text: str, said: Callable[[], Words]) -> None:
    told = said()
    assert text in told.text
    assert not re.search(r"\b(None|nan|inf)\b|[{}]", told.text)


def test_what_an_account_without_any_reading_rests_upon() -> None:
    assert "never read" in lines.account_ratio(account(last_update=None), NOW).text


def test_without_equity_or_requirement_nothing_is_said_of_the_room() -> None:
    broke = pool(equity_usd=-5.0, maintenance_margin_usd=None)
    assert "requirement" not in lines.margin_ratio(broke, NOW).text


@pytest.mark.parametrize(
    ("number", "text"), [(7.34, "7.3"), (125.4, "125"), (0.5, "0.5"), (100.0, "100"), (inf, "without bound")]
)
def test_a_factor(number: float, text: str) -> None:
    assert words.times(number) == text


@pytest.mark.parametrize(("number", "text"), [(1.64, "1.6 daily sigmas"), (312.4, "312 daily sigmas")])
def test_sigmas(number: float, text: str) -> None:
    assert words.sigmas_text(number) == text


def test_as_much_of_an_event_as_fits_stands_in_its_summary() -> None:
    text = f"the tiers of X changed; cross:USDT: from 5 to 9 USDT; {'a further pool: ' + 60 * 'x'}"
    told = words.event(Notice(kind="tiers_changed", account=MAIN, key="X", text=text, at=NOW))

    assert told.summary == "main at binance: the tiers of X changed; cross:USDT: from 5 to 9 USDT"
    assert told.text.splitlines()[1] == "a further pool: " + 60 * "x"


LONG = "main at binance: no fresh data: " + "; ".join(f"the reading of C{n}USDT failed" for n in range(9))


def test_a_summary_that_is_too_long_is_cut_between_words_and_the_text_says_all_of_it() -> None:
    told = words.message(LONG, "Then this.")

    assert len(told.summary) <= words.LOCK_SCREEN
    assert told.summary.endswith(("reading…", "the…", "of…", "failed;…"))
    assert told.text == f"{LONG}\nThen this."
    assert len(words.shortened("x" * 500)) == words.LOCK_SCREEN


@pytest.mark.parametrize("end", ["(cannot be read now)", "(closed)"])
def test_what_is_added_to_a_long_summary_is_not_what_is_cut(end: str) -> None:
    told = words.over(LONG, "closed") if end == "(closed)" else words.lost_sight(MAIN, LONG)

    assert told.summary.endswith(end)
    assert len(told.summary) <= words.LOCK_SCREEN


@pytest.mark.parametrize("kind", [*WarningKind, None])
def test_every_warning_says_what_to_do(kind: WarningKind | None) -> None:
    warning = None
    if kind is not None:
        warning = VenueWarning(account=MAIN, kind=kind, symbol=None, side=None, detail="", venue_time=NOW, received=NOW)
    notice = Notice(kind="venue_warning", account=MAIN, key="", text="it happened", at=NOW, warning=warning)
    assert len(words.event(notice).text.splitlines()) == 2
