"""What other tools misread in an account, through Hyperliquid's words and the engine: answers and pushes to reports.

5 Bruce188/FundingRateArb#399 (null taken for a price); 8 rabby-mobile#1678 (negative room turns a price round, one dex
of several); 9 metamask-mobile#29110, hummingbot#8165, nautilus_trader#4206 (a unified account that reads 0, or counts
twice); 13 trading-gpt#103 (an empty answer taken for none); 19 frames of kinds that nobody knows.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.events import AccountConfig, AccountSnapshot, Event
from monitor.domain.frames import FrameKind
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.hyperliquid.answers import account_config
from monitor.venues.hyperliquid.assembly import Assembly
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.offline import read
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    T0,
    VENUE,
    Row,
    coin,
    cross,
    decoded,
    dex,
    folder_of,
    frame,
    meta,
    named,
    perp,
    raw,
    spot,
)

METAS = [meta(perp("BTC", 40), perp("ETH", 25)), meta(perp("xyz:GOLD", 20), perp("xyz:TSLA", 10), token="USDE")]
ONE_TOKEN = [METAS[0], meta(perp("xyz:GOLD", 20), perp("xyz:TSLA", 10))]


class Watched:
    """An address that is read once, and that pushes on one connection."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.now = T0
        self._engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
        self._assembly = Assembly(ACCOUNT)
        self.take(read(files, ACCOUNT, T0).events)

    def take(self, events: tuple[Event, ...]) -> None:
        self._engine.step(events, self.now)

    def hear(self, **dexs: Row) -> None:
        """A push of every dex, some seconds later."""
        pairs = [["" if name == "first" else name, state] for name, state in dexs.items()]
        self._say("allDexsClearinghouseState", {"user": ADDRESS, "clearinghouseStates": pairs})

    def hear_spot(self, state: Row) -> None:
        self._say("spotState", {"user": ADDRESS, "spotState": state})

    def _say(self, channel: str, data: Row) -> None:
        self.now += 3.0
        told = self._assembly.put(decoded(frame(channel, data)))
        # The frame's own time of receipt is fixed in these tests.
        self.take(tuple(self._now(event) for event in told.events))

    def _now(self, event: Event) -> Event:
        return replace(event, asked=self.now, received=self.now) if isinstance(event, AccountSnapshot) else event

    def configure(self, event: AccountConfig) -> None:
        self.now += 1.0
        self.take((event,))

    @property
    def report(self) -> AccountReport:
        (report,) = self._engine.reports()
        return report

    def pool(self, name: str = "cross:USDC") -> PoolReport:
        return next(pool for pool in self.report.pools if pool.key.pool == name)

    def held(self) -> dict[str, PositionReport]:
        return {one.symbol: one for pool in self.report.pools for one in pool.positions}


def test_complaint_5_null_is_the_venues_word_for_no_price_and_no_distance() -> None:
    files = folder_of({"": dex(50_000.0, cross("BTC", 0.5, 60000.0, 60000.0, None))}, metas=METAS)
    held = Watched(files).held()["BTC"]
    assert held.venue_line.state is State.NEVER
    assert held.venue_line.price is None
    assert held.line.state is State.NEVER


def test_complaint_8_an_account_below_its_maintenance_is_liquidatable_and_has_no_price() -> None:
    """400 left, 500 required: the free margin is negative, which turns the sign of a careless formula's price round."""
    row = cross("BTC", 0.5, 80000.0, 80000.0, "79797.97")
    watched = Watched(folder_of({"": dex(400.0, row, maintenance=500.0)}, metas=METAS))
    assert watched.pool().ratio.state is State.LIQUIDATABLE
    held = watched.held()["BTC"]
    assert held.line.state is State.LIQUIDATABLE
    assert held.line.price is None
    assert held.line.distance_ratio == 0.0


def test_complaint_8_a_unified_account_on_two_dexs_must_keep_the_maintenance_of_both() -> None:
    """0.5 BTC at 60 000 asks for 375, 10 GOLD at 2000 on a builder's dex for 500: 875 of 1000, not 375."""
    states = {
        "": dex(0.0, cross("BTC", 0.5, 60000.0, 60000.0), maintenance=375.0),
        "xyz": dex(0.0, cross("xyz:GOLD", 10.0, 2000.0, 2000.0), maintenance=500.0),
    }
    money = spot(coin("USDC", 1000), available={"USDC": 125.0})
    watched = Watched(folder_of(states, mode="unifiedAccount", money=money, metas=ONE_TOKEN))
    assert watched.pool().maintenance_margin_usd == pytest.approx(875.0)
    assert watched.pool().ratio.value == pytest.approx(0.875)
    assert len(watched.report.pools) == 1


def test_complaint_9_a_classic_account_is_worth_its_perpetuals_and_its_spot() -> None:
    watched = Watched(folder_of({"": dex(1000.0)}, money=spot(coin("USDC", 150)), metas=METAS))
    assert watched.report.equity_usd == pytest.approx(1150.0)


def test_complaint_9_a_unified_account_is_worth_its_spot_once_whatever_its_perpetuals_summary_says() -> None:
    for summary in (0.0, 1000.0):
        money = spot(coin("USDC", 1000), available={"USDC": 1000.0})
        files = folder_of({"": dex(summary)}, mode="unifiedAccount", money=money, metas=METAS)
        assert Watched(files).report.equity_usd == pytest.approx(1000.0)


POOLED, PLAIN = spot(coin("USDC", 1000), available={"USDC": 1000.0}), spot(coin("USDC", 1000))


@pytest.mark.parametrize(
    ("mode", "money", "why"),
    [
        ("brandNew", PLAIN, "'brandNew' is one that we do not know"),
        ("dexAbstraction", PLAIN, "retired mode dexAbstraction"),
        ("default", POOLED, "disagree: the venue says default, and the spot state has tokenToAvailable"),
        ("disabled", POOLED, "disagree"),
        ("unifiedAccount", PLAIN, "the spot state has no tokenToAvailable"),
        ("portfolioMargin", PLAIN, "disagree"),
    ],
)
def test_complaint_9_an_unreadable_or_contradictory_mode_is_unknown_and_says_why(
    mode: str, money: Row, why: str
) -> None:
    files = folder_of({"": dex(1000.0, cross("BTC", 0.5, 60000.0, 60000.0))}, mode=mode, money=money, metas=METAS)
    report = Watched(files).report
    assert report.quality is Quality.UNKNOWN
    assert report.equity_usd is None
    assert any(why in reason for reason in report.reasons), report.reasons
    assert all(pool.ratio.state is State.UNKNOWN for pool in report.pools)


def test_complaint_9_an_account_that_was_never_confirmed_is_unknown() -> None:
    files = folder_of({"": dex(1000.0)}, metas=METAS)
    del files[named("spotClearinghouseState")]
    report = Watched(files).report
    assert report.quality is Quality.UNKNOWN
    assert any("spot" in reason for reason in report.reasons)


def test_complaint_9_a_mode_that_changes_is_told() -> None:
    watched = Watched(folder_of({"": dex(1000.0)}, metas=METAS))
    money = raw(spot(coin("USDC", 1000), available={"USDC": 1000.0}))
    watched.configure(account_config(raw("unifiedAccount"), money, ACCOUNT, T0 + 1, T0 + 1))
    watched.hear(first=dex(0.0))
    watched.hear_spot(spot(coin("USDC", 1000), available={"USDC": 1000.0}))
    assert watched.report.equity_usd == pytest.approx(1000.0)
    assert {pool.key.pool for pool in watched.report.pools} == {"cross:USDC"}


def test_complaint_13_a_push_without_a_position_keeps_it_until_a_second_one_agrees() -> None:
    row = cross("BTC", 0.5, 60000.0, 60000.0)
    watched = Watched(folder_of({"": dex(5000.0, row), "xyz": dex()}, metas=METAS))
    watched.hear_spot(spot())
    watched.hear(first=dex(5000.0), xyz=dex())
    assert set(watched.held()) == {"BTC"}
    assert watched.report.quality is not Quality.LIVE
    watched.hear(first=dex(5000.0), xyz=dex())
    assert watched.held() == {}


def test_complaint_13_a_dex_that_cannot_be_read_closes_nothing_however_often() -> None:
    states = {"": dex(5000.0), "xyz": dex(60.0, cross("xyz:GOLD", 1.0, 100.0, 100.0))}
    watched = Watched(folder_of(states, metas=METAS))
    watched.hear_spot(spot())
    watched.hear(first=dex(5000.0), xyz=dex(60.0, cross("xyz:GOLD", 1.0, 100.0, 100.0)))
    for _ in range(3):
        watched.hear(first=dex(5000.0), xyz={"assetPositions": "gone"})
    assert set(watched.held()) == {"xyz:GOLD"}


def test_complaint_19_kinds_of_frames_that_nobody_knows_are_counted_and_change_nothing() -> None:
    watched = Watched(folder_of({"": dex(5000.0, cross("BTC", 0.5, 60000.0, 60000.0))}, metas=METAS))
    before = watched.held()["BTC"].quantity
    for channel in ("", "webData9", "allDexsClearinghouseStates"):
        assert decoded(frame(channel, {"user": ADDRESS})).kind is FrameKind.UNRECOGNISED
    assert watched.held()["BTC"].quantity == before


def test_what_the_venue_prints_is_reconciled_with_its_own_answer_and_agrees() -> None:
    printed = (60000.0 - 10000.0) / (1 - 1 / 80)
    row = cross("BTC", 0.5, 60000.0, 60000.0, f"{printed:.10g}")
    watched = Watched(folder_of({"": dex(5000.0, row, maintenance=375.0)}, metas=METAS))
    assert watched.pool().drift == {
        "equity": pytest.approx(0.0, abs=1e-9),
        "maintenance_margin": pytest.approx(0.0, abs=1e-9),
        "ratio": pytest.approx(0.0, abs=1e-9),
        "line": pytest.approx(0.0, abs=1e-9),
    }


def test_a_printed_price_that_is_not_ours_is_a_reason_in_words() -> None:
    row = cross("BTC", 0.5, 60000.0, 60000.0, "55000")
    watched = Watched(folder_of({"": dex(5000.0, row, maintenance=375.0)}, metas=METAS))
    assert any("liquidation price" in one for one in watched.pool().reasons)
