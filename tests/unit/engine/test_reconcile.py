"""Ours against the venue's, on one answer's own marks."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan, nextafter

import pytest

from monitor.domain.accounts import Balance, VenueAccount
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, Ratio
from monitor.domain.names import PoolKey, PositionKey
from monitor.domain.tiers import flat
from monitor.engine.reconcile import TINY, compare, drift_of, line_disagreement, prices_of, reconcile
from monitor.engine.settings import DriftTolerances
from monitor.margin.book import STABLECOINS
from monitor.margin.pool import Leg, Pool, Stage, VenueFigures, VenueLine
from monitor.margin.results import PoolResult, VenueLineResult
from tests.unit.engine.results import result
from tests.unit.engine.situations import LONG, MAIN, MULTI, SHORT, T, asset, at_price, engine, reading, started, usdt
from tests.unit.engine.situations import pool as pool_of

KEY = PoolKey(*MAIN, "cross:USDT")
TOLERANCES = DriftTolerances(figure_ratio=0.01, line_ratio=0.001)
LEG = Leg(
    symbol="BTCUSDT", side=LONG, quantity=1.0, entry=100.0, base="BTC", quote="USDT", settle="USDT", tiers=flat(0.01)
)
# Long 1 at 100 with 20 in the pool: equity 20 at mark 100, maintenance 1, liquidated where 20 + P - 100 = 0.01 P.
LINE = 80.0 / 0.99


def pool(**figures: object) -> Pool:
    venue = VenueFigures(**figures)  # type: ignore[arg-type]  # figures as the test names them
    return Pool(key=KEY, numeraire="USDT", cash=20.0, legs=(LEG,), venue=venue)


def printed(line: Line) -> VenueLine:
    return VenueLine(symbol="BTCUSDT", side=LONG, printed=line, mark=100.0, moves=(("BTCUSDT", 1.0),))


def against(**figures: object) -> tuple[dict[str, float], dict[PositionKey, float], tuple[str, ...]]:
    found = reconcile(MAIN, [pool(**figures)], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
    return dict(found.drift), dict(found.lines), found.disagreements


def test_what_agrees_has_a_drift_of_zero() -> None:
    drift, lines, words = against(
        equity=20.0, maintenance_margin=1.0, ratio=0.05, lines=(printed(at_price(LINE, 100.0)),)
    )
    assert drift == pytest.approx({"equity": 0.0, "maintenance_margin": 0.0, "ratio": 0.0, "line": 0.0}, abs=1e-9)
    assert lines == {PositionKey("BTCUSDT", LONG): pytest.approx(0.0, abs=1e-9)}
    assert words == ()


def test_drift_is_signed_and_a_ratio_of_the_venues_figure_or_of_the_mark() -> None:
    drift, lines, words = against(
        equity=25.0, maintenance_margin=0.8, ratio=0.04, lines=(printed(at_price(LINE + 1.0, 100.0)),)
    )
    assert drift == pytest.approx({"equity": -0.2, "maintenance_margin": 0.25, "ratio": 0.25, "line": -0.01})
    assert lines[PositionKey("BTCUSDT", LONG)] == pytest.approx(-0.01)
    assert words == (
        "our equity of 20 differs from the venue's 25",
        "our maintenance margin of 1 differs from the venue's 0.8",
        "our ratio of 0.05 differs from the venue's 0.04",
        "BTCUSDT long: our liquidation price 80.8081 differs from the venue's 81.8081",
    )


def test_what_the_venue_does_not_say_has_no_drift() -> None:
    assert against(lines=(printed(Line.unknown("absent")),)) == ({}, {}, ())


def test_a_price_where_the_venue_says_none_is_a_disagreement_in_words() -> None:
    drift, lines, words = against(lines=(printed(NEVER),))
    assert drift == {}
    assert lines == {}
    assert words == ("BTCUSDT long: the venue says no liquidation price, we say 80.8081",)


def test_a_venue_that_keeps_its_rule_to_itself_is_allowed_what_its_room_declares() -> None:
    two_off = replace(printed(at_price(LINE + 2.0, 100.0)), tolerance=0.03)
    drift, _, words = against(lines=(two_off,))
    assert drift["line"] == pytest.approx(-0.02)
    assert words == ()
    four_off = replace(two_off, printed=at_price(LINE + 4.0, 100.0))
    assert len(against(lines=(four_off,))[2]) == 1


def test_a_price_a_thousand_times_away_may_differ_in_its_last_digits() -> None:
    far = VenueLineResult(
        symbol="BTCUSDT", side=SHORT, ours=at_price(100_020.0, 100.0), venue=at_price(100_000.0, 100.0),
        drift_ratio=0.2, disagree=True,
    )  # fmt: skip
    assert line_disagreement(far, 0.001) == ""
    assert drift_of(far, 0.2) == pytest.approx(0.0002)  # what alerts and metrics see: no page for its last digits
    assert line_disagreement(replace(far, ours=at_price(100_200.0, 100.0), drift_ratio=2.0), 0.001)


def test_a_ratio_that_the_venue_turns_round_is_turned_back() -> None:
    assert against(ratio=20.0, ratio_inverted=True)[0] == {"ratio": pytest.approx(0.0)}
    assert against(ratio=0.0, ratio_inverted=True)[0] == {}


@pytest.mark.parametrize(("printed_ratio", "inverted"), [(1.05 / 0.05, True), (0.05 / 1.05, False)])
def test_a_loans_ratio_is_debts_over_assets_or_turned_round(printed_ratio: float, inverted: bool) -> None:
    """The pool asks 1 against an equity of 20: at a level of 2 that is a debt of 1 and assets of 21."""
    lent = {"loan_level": 2.0, "ratio_inverted": inverted}
    level = 21.0
    assert against(ratio=level if inverted else 1 / level, **lent)[0] == {"ratio": pytest.approx(0.0, abs=1e-12)}
    drift = against(ratio=printed_ratio, **lent)[0]
    assert drift["ratio"] == pytest.approx((1 / 21 - 0.05 / 1.05) / (0.05 / 1.05))


def test_a_loans_ratio_is_not_compared_where_nothing_is_owed() -> None:
    idle = replace(pool(ratio=999.0, ratio_inverted=True, loan_level=1.1), legs=())
    assert reconcile(MAIN, [idle], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY].drift == {}


def test_the_venues_ratio_is_requirement_over_equity_whatever_the_threshold() -> None:
    stages = (Stage(name="liquidation", threshold=0.5),)
    edited = replace(pool(ratio=0.05), stages=stages)
    found = reconcile(MAIN, [edited], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
    assert found.drift == {"ratio": pytest.approx(0.0)}


def test_a_ratio_with_resting_orders_in_it_is_compared_with_the_stage_that_counts_them() -> None:
    # 1 and an order for 1 at the mark: (1 + 1) / 20 where orders count, 1 / 20 at liquidation.
    order = replace(LEG, order=True)
    stages = (Stage(name="warning", threshold=0.5, scale=2.0, orders=True), Stage(name="liquidation"))
    edited = replace(pool(ratio=0.1, ratio_stage="warning"), stages=stages, legs=(LEG, order))
    found = reconcile(MAIN, [edited], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
    assert found.drift == {"ratio": pytest.approx(0.0)}


def test_a_stage_without_a_known_ratio_is_not_compared() -> None:
    for stage in (Stage(name="other"), Stage(name="warning", scale=0.0)):
        edited = replace(pool(ratio=0.1, ratio_stage="warning"), stages=(stage, Stage(name="liquidation")))
        found = reconcile(MAIN, [edited], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
        assert found.drift == {}


def test_a_venues_zero_is_no_divisor() -> None:
    assert against(maintenance_margin=0.0) == ({}, {}, ("the venue's maintenance margin is 0, ours is 1",))
    nothing = replace(pool(maintenance_margin=0.0), legs=())
    found = reconcile(MAIN, [nothing], {}, {}, STABLECOINS, TOLERANCES)[KEY]
    assert (found.drift, found.disagreements, found.contradictions) == ({"maintenance_margin": 0.0}, (), {})


@pytest.mark.parametrize(
    ("ours", "contradictions"),
    [
        (TINY, {}),
        (nextafter(TINY, 1.0), {"maintenance_margin": "the venue's maintenance margin is 0, ours is 1e-09"}),
        (1.0, {"maintenance_margin": "the venue's maintenance margin is 0, ours is 1"}),
        (-1.0, {"maintenance_margin": "the venue's maintenance margin is 0, ours is -1"}),
    ],
    ids=["at", "just above", "above", "below zero"],
)
def test_a_figure_that_is_zero_for_the_venue_only_is_a_contradiction(
    ours: float, contradictions: dict[str, str]
) -> None:
    found = compare(pool(maintenance_margin=TINY), result(100.0, Ratio.of(0.1), maintenance_margin=ours), TOLERANCES)
    assert found.contradictions == contradictions
    assert found.disagreements == tuple(contradictions.values())
    assert found.drift == ({} if contradictions else {"maintenance_margin": 0.0})


BTC_LONG = PositionKey("BTCUSDT", LONG)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (at_price(LINE, 100.0), ""),
        (NEVER, "the venue says no liquidation price, we say 80.8081"),
        (at_price(LINE + 1.0, 100.0), "our liquidation price 80.8081 differs from the venue's 81.8081"),
    ],
)
def test_each_position_has_its_verdict_and_its_tolerance(line: Line, verdict: str) -> None:
    found = reconcile(MAIN, [pool(lines=(printed(line),))], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
    assert found.verdicts == {BTC_LONG: verdict}
    assert found.tolerances == {BTC_LONG: TOLERANCES.line_ratio}


def test_the_declared_tolerance_of_a_line_is_the_positions_where_it_is_the_wider_one() -> None:
    for declared, held in ((0.03, 0.03), (TOLERANCES.line_ratio / 2, TOLERANCES.line_ratio)):
        line = replace(printed(at_price(LINE + 0.01, 100.0)), tolerance=declared)
        found = reconcile(MAIN, [pool(lines=(line,))], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
        assert (found.verdicts, found.tolerances) == ({BTC_LONG: ""}, {BTC_LONG: held})


def test_a_position_that_cannot_be_compared_has_no_verdict() -> None:
    lines = (printed(Line.unknown("absent")),)
    found = reconcile(MAIN, [pool(lines=lines)], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
    assert found.verdicts == {}


def test_without_a_mark_nothing_is_compared() -> None:
    found = reconcile(MAIN, [pool(equity=20.0, lines=(printed(NEVER),))], {}, {}, STABLECOINS, TOLERANCES)[KEY]
    assert (found.drift, found.lines, found.disagreements) == ({}, {}, ())


def test_assets_are_valued_at_the_prices_given() -> None:
    edited = replace(pool(equity=40.0), numeraire="BTC", legs=(replace(LEG, settle="BTC", quote="BTC"),))
    found = reconcile(MAIN, [edited], {"BTCUSDT": 120.0}, {"BTC": 60_000.0}, STABLECOINS, TOLERANCES)[KEY]
    assert found.drift == {"equity": pytest.approx(0.0)}


def test_a_pool_that_cannot_be_computed_has_no_comparison() -> None:
    bad = replace(pool(equity=20.0), cash=float("inf"))
    assert reconcile(MAIN, [bad], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES) == {}


@pytest.mark.parametrize("ratio", [Ratio.of(float("inf"))])
def test_without_equity_there_is_no_ratio_to_compare(ratio: Ratio) -> None:
    broke: PoolResult = result(100.0, ratio, equity=-1.0)
    assert compare(pool(ratio=2.0), broke, TOLERANCES).drift == {}
    unknown = result(100.0, ratio, maintenance_margin=None)
    assert compare(pool(ratio=2.0), unknown, TOLERANCES).drift == {}


AT = Line.at(50.0, 0.5)
NEARLY_ZERO = Line.at(0.01, 0.9999)


@pytest.mark.parametrize(
    ("ours", "venue", "side", "words"),
    [
        (NEVER, NEVER, LONG, ""),
        (Line.unknown("x"), AT, LONG, None),
        (AT, Line.unknown("x"), LONG, None),
        (LIQUIDATABLE, AT, LONG, ""),
        (LIQUIDATABLE, NEVER, LONG, "the venue says no liquidation price, we say liquidatable now"),
        (NEVER, AT, LONG, "the venue says 50, we say no liquidation price"),
        (AT, NEVER, LONG, "the venue says no liquidation price, we say 50"),
        (NEARLY_ZERO, NEVER, LONG, ""),
        (NEARLY_ZERO, NEVER, SHORT, "the venue says no liquidation price, we say 0.01"),
    ],
)
def test_two_answers_of_different_kinds(ours: Line, venue: Line, side: object, words: str | None) -> None:
    line = VenueLineResult(
        symbol="BTCUSDT",
        side=side,  # type: ignore[arg-type]  # long or short
        ours=ours,
        venue=venue,
        drift_ratio=None,
        disagree=False,
    )
    assert line_disagreement(line, 0.001) == words


class TestThePricesOfAnAnswer:
    @pytest.mark.parametrize(
        ("told", "live", "used"),
        [
            pytest.param(60_100.0, 60_000.0, 60_100.0, id="its own"),
            pytest.param(None, 60_000.0, 60_000.0, id="those of now where it tells none"),
            pytest.param(60_100.0, nan, 60_100.0, id="its own where none is known"),
            pytest.param(50_000.0, 60_000.0, 60_000.0, id="those of now where its own are odd"),
            pytest.param(0.0, 60_000.0, 60_000.0, id="those of now where its own is nothing"),
        ],
    )
    def test_are(self, told: float | None, live: float, used: float) -> None:
        answer = reading(balances=[Balance(asset="BTC", wallet=1.0, price_usd=told)])
        assert prices_of(answer, {"BTC": live, "USDT": 1.0}) == {"BTC": used, "USDT": 1.0}

    def test_bring_the_equity_of_one_answer_together(self) -> None:
        """10,000 USDT at 0.999 by the answer, while the price of now is 1.001 already."""
        watched = engine()
        row = replace(usdt(10_000.0), price_usd=0.999)
        told = reading(balances=[row], venue=VenueAccount(equity=9_990.0))
        watched.step([*started(mode=MULTI)[:-1], asset("USDT", 1.001, T + 1), told], T + 1)
        assert pool_of(watched, "multi-assets").drift["equity"] == pytest.approx(0.0, abs=1e-12)


class TestACutOffRatio:
    """Ours is 0.05; what the venue truncated may have been anything up to its next decimal."""

    @pytest.mark.parametrize(
        ("printed_ratio", "decimals", "drift"),
        [
            pytest.param(0.05, 4, 0.0, id="the same"),
            pytest.param(0.0, 1, 0.0, id="nothing is left of it"),
            pytest.param(0.049, 2, 0.0, id="ours lies between it and its next decimal"),
            pytest.param(0.0510, 4, 0.05 / 0.051 - 1.0, id="ours lies below it"),
            pytest.param(0.0480, 4, 0.05 / 0.0481 - 1.0, id="ours lies above its next decimal"),
        ],
    )
    def test_it_differs_by_what_lies_outside(self, printed_ratio: float, decimals: int, drift: float) -> None:
        found, _, words = against(ratio=printed_ratio, ratio_decimals=decimals)
        assert found == pytest.approx({"ratio": drift}, abs=1e-12)
        assert bool(words) == (abs(drift) > TOLERANCES.figure_ratio)

    def test_a_ratio_that_is_higher_where_it_is_safer_is_cut_off_that_way_too(self) -> None:
        assert against(ratio=19.9, ratio_inverted=True, ratio_decimals=0)[0] == pytest.approx({"ratio": 0.0}, abs=1e-12)
        assert against(ratio=21.0, ratio_inverted=True, ratio_decimals=0)[0] == pytest.approx({"ratio": 0.05})

    def test_without_a_requirement_of_ours_there_is_nothing_to_turn_round(self) -> None:
        idle = replace(pool(ratio=21.0, ratio_inverted=True, ratio_decimals=2), legs=())
        found = reconcile(MAIN, [idle], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
        assert found.drift == {"ratio": -1.0}


DOWN = 1.0 - LINE / 100.0  # everything but stablecoins may fall so far


class TestTheMarketLine:
    def test_it_agrees_within_what_the_venues_own_is_off_by(self) -> None:
        assert against(market=(DOWN + 0.015, inf))[0] == {"market_line": 0.0}
        assert against(market=(DOWN + 0.015, inf))[2] == ()

    def test_beyond_that_the_drift_is_the_difference_of_the_distances(self) -> None:
        drift, _, words = against(market=(DOWN + 0.03, None), market_tolerance=0.01)
        assert drift == {"market_line": pytest.approx(-0.03)}
        assert words == ("the venue's market line down is 22.19% away, ours 19.19% away",)

    def test_the_worse_side_is_told(self) -> None:
        drift = against(market=(DOWN - 0.05, inf))[0]
        assert drift == {"market_line": pytest.approx(0.05)}

    def test_what_neither_ever_reaches_agrees(self) -> None:
        assert against(market=(None, inf))[0] == {"market_line": 0.0}

    def test_that_only_one_of_them_is_ever_reached_is_a_contradiction(self) -> None:
        found = reconcile(MAIN, [pool(market=(inf, 0.5))], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
        assert found.drift == {}
        assert found.contradictions["market_line"] == "the venue's market line up is 50.00% away, ours never reached"
        assert found.disagreements == (
            "the venue's market line down is never reached, ours 19.19% away",
            "the venue's market line up is 50.00% away, ours never reached",
        )

    def test_a_line_near_price_zero_is_as_good_as_none(self) -> None:
        safe = replace(pool(market=(inf, None)), cash=99.5)
        found = reconcile(MAIN, [safe], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY]
        assert (found.drift, found.disagreements) == ({"market_line": 0.0}, ())

    def test_what_is_unknown_is_not_compared(self) -> None:
        blind = replace(pool(market=(0.1, 0.1)), legs=(replace(LEG, tiers=None),))
        assert reconcile(MAIN, [blind], {"BTCUSDT": 100.0}, {}, STABLECOINS, TOLERANCES)[KEY].drift == {}
