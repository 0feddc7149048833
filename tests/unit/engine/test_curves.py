"""The health curve of a picture: its crossings are the lines of the report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.curve import CurveRefused, CurveReport, CurveRequest
from monitor.domain.instruments import Payoff
from monitor.domain.lines import Direction, State
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.domain.quality import Quality
from monitor.domain.tiers import flat
from monitor.engine.curves import health_curve
from monitor.engine.engine import Engine
from monitor.engine.picture import Picture
from monitor.margin.pool import NAN, Holding, Option, Pool, ScenarioGrid
from tests.unit.engine.situations import MAIN, UNREADABLE, T, asset, config, engine, held, started

POOL = PoolKey(*MAIN, "cross:USDT")
LONG, SHORT = held("BTCUSDT", 0.5, 60_000.0), held("ETHUSDT", -2.0, 3_000.0)


def running() -> Engine:
    made = engine()
    made.step(started(LONG, SHORT), T)
    return made


def drawn(of: Asset | None = "BTC", picture: Picture | None = None) -> CurveReport:
    return health_curve(picture or running().picture(), CurveRequest(pool=POOL, of=of, begin=-0.5, end=0.5, points=5))


def with_pool(**facts: object) -> Picture:
    picture = running().picture()
    believed = picture.accounts[MAIN]
    changed: Pool = replace(believed.pools[0], **facts)  # type: ignore[arg-type]  # a test's freedom
    return replace(picture, accounts={MAIN: replace(believed, pools=(changed,))})


@pytest.mark.parametrize("of", ["BTC", "ETH", "USDT", None])
def test_the_crossing_of_the_liquidation_is_the_report_s_line(of: Asset | None) -> None:
    made = running()
    (report,) = made.reports()
    curve = drawn(of, made.picture())
    pool = report.pools[0]
    shown = pool.market if of is None else {**pool.coins, **pool.depegs}[of]
    assert curve.lines == shown
    assert next(stage.lines for stage in curve.stages if stage.name == "liquidation") == shown


def test_today_is_where_the_report_stands() -> None:
    made = running()
    (report,) = made.reports()
    curve, pool = drawn(picture=made.picture()), report.pools[0]
    today = curve.moves.index(0.0)
    assert curve.equity_usd[today] == pytest.approx(pool.equity_usd)
    assert curve.required_usd[today] == pytest.approx(pool.required_usd)
    assert (curve.price_now, curve.prices[today], curve.prices[0]) == (60_000.0, 60_000.0, 30_000.0)
    assert (curve.quality, curve.stable) == (Quality.LIVE, False)


def test_the_market_has_no_price() -> None:
    curve = drawn(None)
    assert (curve.price_now, set(curve.prices), curve.notes) == (None, {None}, ())


def test_a_stablecoin_is_told_as_one() -> None:
    assert drawn("USDT").stable


def test_a_pool_that_is_not_believed_has_no_figure_and_says_why() -> None:
    made = running()
    made.step([config(UNREADABLE, asked=T + 1)], T + 1)
    curve = drawn(picture=made.picture())
    assert (curve.quality, set(curve.equity_usd), set(curve.required_usd)) == (Quality.UNKNOWN, {None}, {None})
    assert curve.lines[Direction.DOWN].state is State.UNKNOWN
    assert curve.reasons
    assert {stage.name for stage in curve.stages} == {"liquidation", "bankruptcy"}


def test_so_has_one_that_was_not_described_yet() -> None:
    picture = running().picture()
    empty = replace(picture.accounts[MAIN], pools=())
    curve = drawn(picture=replace(picture, accounts={MAIN: empty}))
    assert curve.lines[Direction.UP].reasons == ("it was not described yet",)
    assert {stage.name for stage in curve.stages} == {"liquidation", "bankruptcy"}


def test_so_has_one_that_cannot_be_computed() -> None:
    curve = drawn(picture=with_pool(holdings=(Holding(asset="BTC", negative_rate=NAN),)))
    assert set(curve.equity_usd) == {None}
    assert "must be a finite number" in curve.lines[Direction.DOWN].reasons[0]


@pytest.mark.parametrize(
    ("pool", "of", "key", "cure"),
    [
        (PoolKey("paper", "gone", "cross:USDT"), "BTC", "account", "paper/main"),
        (PoolKey(*MAIN, "gone"), "BTC", "pool", "cross:USDT"),
        (POOL, "DOGE", "of", "BTC, ETH, USDT, market"),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(pool: PoolKey, of: str, key: str, cure: str) -> None:
    with pytest.raises(CurveRefused) as refused:
        health_curve(running().picture(), CurveRequest(pool=pool, of=of))
    assert (refused.value.key, refused.value.missing) == (key, True)
    assert cure in refused.value.cure


def test_without_any_account_that_is_said() -> None:
    nobody = replace(running().picture(), accounts={})
    with pytest.raises(CurveRefused, match="there are: none"):
        health_curve(nobody, CurveRequest(pool=PoolKey(*AccountKey("paper", "main"), "cross:USDT")))


def test_a_line_that_the_report_does_not_show_yet_is_unknown() -> None:
    picture = with_pool(holdings=(Holding(asset="SOL", amount=1.0),))
    curve = drawn("SOL", picture)
    assert curve.lines[Direction.DOWN].state is State.UNKNOWN
    assert curve.notes == ("no price of SOL is known: the curve tells moves only",)
    assert set(curve.equity_usd) == {None}


def test_what_is_assumed_is_said() -> None:
    made = engine()
    made.step([event for event in started(LONG) if event != asset("USDT", 1.0)], T)
    picture = made.picture()
    believed = picture.accounts[MAIN]
    terms = Option(strike=60_000.0, call=True, volatility=0.5, years=0.1, underlying=60_000.0)
    leg = replace(believed.pools[0].legs[0], payoff=Payoff.OPTION, option=terms, tiers=flat(0.0))
    grid = ScenarioGrid(asset="BTC", reference_price=60_000.0, moves=(-0.2, 0.0, 0.2), profits=((-1.0, 0.0, 1.0),))
    pool = replace(believed.pools[0], legs=(leg,), grids=(grid,), backstop=PoolKey(*MAIN, "other"))
    notes = " ".join(drawn(picture=replace(picture, accounts={MAIN: replace(believed, pools=(pool,))})).notes)
    for words in ("stands alone", "volatility of now", "moves of -20% to +20%", "counted as 1 USD"):
        assert words in notes
