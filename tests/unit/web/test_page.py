"""The landing page: what stands on it, in which order, and that nothing from outside is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from monitor.domain.alerts import Alert, Severity
from monitor.domain.danger import by_danger, nearest_line
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.view import JournalStatus
from monitor.web.alert_list import ALERTS_SHOWN
from monitor.web.figures import line_text, ratio_text
from monitor.web.page import (
    ACCOUNTS_SHOWN,
    FEEDS_SHOWN,
    POOLS_SHOWN,
    POSITIONS_SHOWN,
    landing,
    pieces,
)
from tests.sample_reports import CROSS, MAIN, NOW, account, feed, pool, position, view


def test_pools_are_sorted_by_danger_and_unknown_is_not_safe() -> None:
    pools = [
        pool("calm", ratio=Ratio.of(0.1)),
        pool("unknown", ratio=Ratio.unknown("no tiers"), quality=Quality.UNKNOWN),
        pool("near", ratio=Ratio.of(0.9)),
        pool("liquidatable", ratio=Ratio.of(1.1)),
        pool("no equity", ratio=Ratio.of(float("inf"))),
        pool("stale", ratio=Ratio.of(0.1), quality=Quality.STALE),
        pool("also calm", ratio=Ratio.of(0.1)),
    ]

    order = ["no equity", "liquidatable", "unknown", "stale", "near", "also calm", "calm"]
    assert [each.key.pool for each in by_danger(pools)] == order
    page = landing(view(account(*pools)))
    places = [page.index(f"binance {name}<") for name in order]
    assert places == sorted(places)


def test_the_nearest_line_is_over_coins_market_depegs_and_positions() -> None:
    quiet = {Direction.DOWN: NEVER, Direction.UP: NEVER}
    base = pool(market=quiet, coins={"BTC": quiet}, depegs={}, positions=())

    assert nearest_line(base) == NEVER
    held = pool(market=quiet, coins={"BTC": quiet}, depegs={"USDT": {Direction.DOWN: Line.at(0.9, 0.1)}})
    assert nearest_line(held) == Line.at(0.9, 0.1)
    assert nearest_line(pool(positions=(position(line=Line.unknown("no mark")),))).reasons == ("no mark",)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (Ratio.of(0.1234), "12.3%"),
        (Ratio.of(1.5), "150.0%"),
        (Ratio.of(float("inf")), "no equity left"),
        (Ratio.unknown(), "unknown"),
    ],
)
def test_a_ratio_in_words(ratio: Ratio, words: str) -> None:
    assert ratio_text(ratio) == words
    assert words in landing(view(account(pool(ratio=ratio))))


@pytest.mark.parametrize(
    ("line", "words"),
    [(Line.at(1.0, 0.042), "4.2%"), (NEVER, "no price"), (LIQUIDATABLE, "now"), (Line.unknown(), "unknown")],
)
def test_a_line_in_words(line: Line, words: str) -> None:
    assert line_text(line) == words


class _Tags(HTMLParser):
    """Whether every tag that opens also closes, and which there are."""

    VOID = frozenset({"meta", "link", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.styled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.styled |= any(name == "style" or name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def read(page: str) -> _Tags:
    tags = _Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    return tags


HOSTILE = '<script>alert("x")</script>&'


def test_nothing_from_outside_is_markup() -> None:
    key = AccountKey("binance", HOSTILE)
    hostile = account(
        pool(HOSTILE, owner=key, reasons=(HOSTILE,), positions=(position(HOSTILE),)), key=key, reasons=(HOSTILE,)
    )
    page = landing(
        view(
            hostile,
            account(key=AccountKey("binance", HOSTILE + "2"), reasons=(HOSTILE,)),
            instance=HOSTILE,
            version=HOSTILE,
            ready=False,
            not_ready=(HOSTILE,),
            alerts=(Alert(rule=HOSTILE, severity=Severity.INFO, summary=HOSTILE),),
            feeds=(feed(HOSTILE, phase=HOSTILE, reason=HOSTILE),),
        )
    )

    tags = read(page)
    assert "script" not in tags.seen
    assert not tags.styled, "the content security policy forbids style and event attributes"


def test_the_page_works_without_scripts_and_links_to_the_rest() -> None:
    page = landing(view(account(pool())))
    read(page)

    for link in ("/metrics", "/api/v1/pools", "/-/healthy", "/-/ready"):
        assert f'<a href="{link}">' in page
    assert '<meta http-equiv="refresh"' in page


def test_an_empty_daemon_has_a_page() -> None:
    page = landing(view(ready=False, not_ready=(), feeds=()))
    read(page)

    assert "No pool is open." in page
    assert "Not ready: starting" in page
    assert "no alert fires" in page


def test_an_account_without_a_pool_says_why() -> None:
    waiting = account(quality=Quality.UNKNOWN, reasons=("waiting for the first snapshot",))

    assert "waiting for the first snapshot" in landing(view(waiting))
    assert "no open pool" in landing(view(account()))


def test_stale_figures_are_shown_with_their_age() -> None:
    page = landing(view(account(pool(quality=Quality.STALE, as_of=NOW - 600, reasons=("mark 600 s old",)))))

    assert "STALE" in page
    assert "10 min ago" in page
    assert "mark 600 s old" in page


@pytest.mark.parametrize(
    ("ratio", "quality", "colour"),
    [
        (0.49, Quality.LIVE, "calm"),
        (0.5, Quality.PARTIAL, "warn"),
        (0.8, Quality.LIVE, "danger"),
        (7.0, Quality.LIVE, "danger"),
        (0.1, Quality.STALE, "blind"),
        (0.1, Quality.UNKNOWN, "blind"),
    ],
)
def test_what_is_not_believed_never_has_the_colour_of_safety(ratio: float, quality: Quality, colour: str) -> None:
    assert f'<rect class="{colour}"' in landing(view(account(pool(ratio=Ratio.of(ratio), quality=quality))))


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (None, "never"),
        (NOW - 3, "3 s ago"),
        (NOW - 7199, "120 min ago"),
        (NOW - 90_000, "25 h ago"),
        (NOW + 5, "0 s ago"),
    ],
)
def test_ages(as_of: float | None, words: str) -> None:
    assert f"<small>{words}</small>" in landing(view(account(pool(as_of=as_of))))


def test_alerts_stand_loudest_first() -> None:
    alerts = tuple(
        Alert(rule="r", severity=severity, summary=f"a {severity} one", since=NOW - 60) for severity in Severity
    )
    page = landing(view(account(pool()), alerts=alerts))

    assert "3 firing" in page
    assert page.index("a critical one") < page.index("a warning one") < page.index("a info one")


def test_a_page_has_an_end_whatever_is_held() -> None:
    many = account(*(pool(f"p{n}", positions=tuple(position(f"C{k}USDT") for k in range(50))) for n in range(300)))
    alerts = tuple(Alert(rule=str(n), severity=Severity.INFO, summary="s") for n in range(100))
    page = landing(view(many, alerts=alerts))

    assert f"and {300 - POOLS_SHOWN} less dangerous ones" in page
    assert f"and {50 - POSITIONS_SHOWN} more" in page
    assert page.count('<a href="/alerts/') == ALERTS_SHOWN
    assert "and 50 more: see /api/v1/alerts" in page


def test_of_many_streams_those_that_are_down_are_shown_first() -> None:
    feeds = tuple(feed(f"stream{n}", up=n != FEEDS_SHOWN + 7) for n in range(FEEDS_SHOWN + 10))
    page = landing(view(account(pool()), feeds=feeds))

    assert page.index(f"stream{FEEDS_SHOWN + 7}<") < page.index("stream0<")
    assert page.count("binance  stream") == FEEDS_SHOWN
    assert "and 10 more: see /api/v1/pools" in page


def test_of_many_accounts_without_a_pool_some_are_shown() -> None:
    accounts = [account(key=AccountKey("binance", f"a{n}")) for n in range(ACCOUNTS_SHOWN + 3)]
    page = landing(view(*accounts))

    assert page.count("no open pool") == ACCOUNTS_SHOWN
    assert "and 3 more: see /api/v1/pools" in page


def test_a_large_page_comes_in_pieces() -> None:
    ratios = [Ratio.of(n / 3000) for n in range(2_000)]
    pools = [pool(f"p{n}", ratio=ratio, positions=()) for n, ratio in enumerate(ratios)]
    shown = list(pieces(view(account(*pools))))

    assert shown.count(b"") == 4
    assert max(map(len, shown)) < 20_000
    assert shown[4].count(b"<title>66.6% main p1999") == 1


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        (JournalStatus(writing=True, records_total=9_000, kept_bytes=7_500_000, segments=3),
         '<span class="tag calm">writing</span> 9,000 records, 7.5 MB in 3 segments</p>'),
        (JournalStatus(writing=False, reason="disk <full>", records_total=10, lost_total=1_234),
         '<span class="tag danger">not writing</span> 10 records, 1,234 lost, 0.0 MB in 0 segments '
         '<span class="soft">disk &lt;full&gt;</span></p>'),
    ],
)  # fmt: skip
def test_what_the_journal_does(journal: JournalStatus, words: str) -> None:
    assert words in landing(view(account(pool()), journal=journal))
    assert "Journal" not in landing(view(account(pool()), journal=None))


def test_the_title_shows_the_most_dangerous_pool() -> None:
    page = landing(view(account(pool(ratio=Ratio.of(0.91)))))

    assert re.search(rf"<title>91.0% {MAIN.account} cross:USDT", page)


def test_a_title_that_may_not_be_believed_says_so_first() -> None:
    page = landing(view(account(pool(ratio=Ratio.of(0.91), quality=Quality.STALE))))

    assert re.search(rf"<title>STALE 91.0% {MAIN.account} cross:USDT", page)


def test_unknown_money_is_not_zero() -> None:
    assert '<td class="number">unknown</td>' in landing(view(account(pool(equity_usd=None))))


def test_a_position_that_is_topped_up_shows_its_line_without_and_with_what_is_behind_it() -> None:
    backed = pool(
        "isolated:BTCUSDT:long", backstop=CROSS, positions=(position(line_with_backstop=Line.at(40_000.0, 1 / 3)),)
    )

    assert "BTCUSDT long 1: 25.0%, with cross:USDT behind it 33.3%</span>" in landing(view(account(backed)))
    assert "behind it" not in landing(view(account(pool())))
