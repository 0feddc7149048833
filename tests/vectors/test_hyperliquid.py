"""Hyperliquid's own figures out of its own rows: raw JSON, our readers, our description, the kernel, and the figure.

All vectors of the collection and of the margin notes. What was recorded in 2023 followed another rule (maintenance held
at the mark of now): it runs with that rule, LEGACY, and is no witness for today's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from monitor.domain.lines import Line, State
from monitor.domain.names import Side
from monitor.margin.results import PoolResult
from monitor.venues.hyperliquid.margin_portfolio import SHOWN
from tests.programs import shared
from tests.venues.hyperliquid.support import (
    Row,
    Told,
    coin,
    cross,
    dex,
    folder_of,
    isolated,
    meta,
    perp,
    recorded_answers,
    spot,
    told,
)

KNOWN = 35
LEGACY = {"held_maintenance": 1.0}
BTC_TIERS = {56: [(0.0, 40), (150e6, 20)]}


@dataclass(frozen=True)
class Outcome:
    """One figure of the venue's, None where it says «none», and ours."""

    name: str
    expected: float | None
    ours: float | None
    tolerance: float

    @property
    def error(self) -> float:
        if self.expected is None or self.ours is None:
            return 0.0 if self.expected is self.ours else float("inf")
        return abs(self.ours - self.expected) / abs(self.expected)


def price(line: Line) -> float | None:
    assert line.state in (State.AT, State.NEVER)
    return line.price


def worst(outcomes: list[Outcome], mode: str) -> str:
    found = max(outcomes, key=lambda one: one.error)
    return f"hyperliquid {mode}: {len(outcomes)} figures, worst relative error {found.error:.1e} ({found.name})"


def of_isolated(vector: dict[str, Any]) -> Outcome:
    """What the record prints is a margin without profit, or the cash leg itself."""
    inputs = vector["inputs"]
    name = str(inputs["symbol"]).replace("XYZ-", "xyz:")
    size = inputs["qty_base"] * (1 if vector["side"] == "long" else -1)
    entry = inputs.get("entry_price_usdc", inputs.get("mark_price_usdc"))
    cash = inputs["raw_usd"] if "raw_usd" in inputs else inputs["isolated_margin_usdc"] - size * entry
    expected = vector["expected"]["liquidation_price"]
    row = isolated(name, size, entry, inputs.get("mark_price_usdc", entry), cash, str(expected))
    listed = meta(perp(name, inputs["max_leverage"]))
    dexs = {"": dex(), "xyz": dex(0.0, row)} if ":" in name else {"": dex(0.0, row)}
    metas = [meta(perp("BTC")), listed] if ":" in name else [listed]
    result = told(folder_of(dexs, metas=metas)).results()[f"isolated:{name}:{vector['side']}"]
    (line,) = result.venue_lines
    assert not line.disagree
    return Outcome(vector["id"], expected, line.ours.price, vector["tolerance"])


def of_account(vector: dict[str, Any]) -> Outcome:
    """A cross account by its cash and the values of its positions."""
    inputs = vector["inputs"]
    rows: list[Row] = []
    value = inputs["total_raw_usd"]
    for one in inputs["positions"]:
        mark = one["position_value_usdc"] / abs(one["szi"])
        rows.append(cross(one["symbol"], one["szi"], mark, mark))
        value += one["position_value_usdc"] * (1 if one["szi"] > 0 else -1)
    listed = meta(*(perp(one["symbol"], one.get("max_leverage", 50)) for one in inputs["positions"]))
    result = told(folder_of({"": dex(value, *rows, raw_usd=inputs["total_raw_usd"])}, metas=[listed])).results()
    pool = result["cross:USDC"]
    ((figure, expected),) = vector["expected"].items()
    ours = pool.equity if figure == "equity" else pool.maintenance_margin
    return Outcome(vector["id"], expected, ours, vector["tolerance"])


def cassette() -> dict[str, bytes]:
    """The recorded answer itself, and the margin tables of the same recording."""
    answers = recorded_answers("info_recorded.json")
    (state,) = [one["response"] for one in answers if one["request"]["type"] == "clearinghouseState"]
    tables = next(one["response"] for one in answers if one["request"]["type"] == "meta")
    return folder_of({"": state}, metas=[tables])


def recorded_account() -> tuple[Told, PoolResult]:
    account = told(cassette(), parameters=LEGACY)
    return account, account.results()["cross:USDC"]


def of_2023(vector: dict[str, Any], result: PoolResult) -> Outcome:
    if "equity" in vector["expected"]:
        return Outcome(vector["id"], vector["expected"]["equity"], result.equity, vector["tolerance"])
    target = vector["inputs"]["target"]
    (line,) = [one for one in result.venue_lines if one.symbol == target]
    assert not line.disagree
    return Outcome(vector["id"], vector["expected"]["liquidation_price"], price(line.ours), vector["tolerance"])


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    everything: list[dict[str, Any]] = json.loads(shared("fixtures/vectors.json").read_text())
    return [vector for vector in everything if vector["venue"] == "hyperliquid"]


def test_every_vector_of_the_collection_comes_out_of_the_venues_own_rows(
    vectors: list[dict[str, Any]], record_property: Callable[[str, object], None]
) -> None:
    _, result = recorded_account()
    legacy = [of_2023(one, result) for one in vectors if "account_value_usdc" in one["inputs"]]
    legacy += [of_2023(one, result) for one in vectors if _of_the_cassette(one)]
    alone = [of_isolated(one) for one in vectors if one["mode"] == "isolated"]
    account = [of_account(one) for one in vectors if one["mode"] == "cross" and "max_leverage" in str(one["inputs"])]
    lines = [worst(alone, "isolated"), worst(account, "cross"), worst(legacy, "cross in 2023 (LEGACY)")]
    record_property("table", "\n".join(lines))
    outcomes = alone + account + legacy
    assert len(vectors) == len(outcomes) == KNOWN
    assert not [one for one in outcomes if one.error > max(one.tolerance, 1e-12)]


def _of_the_cassette(vector: dict[str, Any]) -> bool:
    inputs = vector["inputs"]
    return "account_value_usdc" not in inputs and len(inputs.get("positions", ())) == 12


def test_the_twelve_recorded_positions_print_their_own_prices_by_the_rule_of_their_time(
    record_property: Callable[[str, object], None],
) -> None:
    account, result = recorded_account()
    outcomes = []
    for position in account.account.positions.values():
        (line,) = [one for one in result.venue_lines if one.symbol == position.symbol]
        outcomes.append(Outcome(position.symbol, position.venue.liquidation.price, price(line.ours), 1e-8))
    record_property("table", worst(outcomes, "12 recorded positions (LEGACY)"))
    assert len(outcomes) == 12
    assert not [one for one in outcomes if one.error > one.tolerance]
    assert result.equity == pytest.approx(1182.312496, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(3434.815334 / 100, rel=1e-12)


def test_todays_rule_is_nearer_than_the_one_of_2023() -> None:
    """The five shorts that print a price lie 0.7 to 1 % nearer in distance where maintenance moves with the price."""
    _, then = recorded_account()
    now = told(cassette()).results()["cross:USDC"]
    for old, new in zip(then.venue_lines, now.venue_lines, strict=True):
        if old.side is Side.SHORT:
            assert old.ours.distance_ratio is not None
            assert new.ours.distance_ratio is not None
            assert 0.985 < new.ours.distance_ratio / old.ours.distance_ratio < 0.995


# The figures of the margin notes


def test_the_documented_isolated_position() -> None:
    """The answer that the documentation prints, as it stands there."""
    (state,) = [
        one["response"] for one in recorded_answers("info_samples.json") if one["file"].endswith("perpetuals.md")
    ]
    account = told(folder_of({"": state}, metas=[meta(perp("ETH", 50))]))
    result = account.results()["isolated:ETH:long"]
    (line,) = result.venue_lines
    assert line.ours.price == pytest.approx(2866.26936529, rel=1e-8)
    assert not line.disagree
    assert result.equity == pytest.approx(4.967826, rel=1e-9)
    assert account.results()["cross:USDC"].equity == pytest.approx(13104.514502, rel=1e-12)


def test_a_recorded_isolated_position_of_small_leverage() -> None:
    row = isolated("MEGA", 75000.0, 0.02, 0.0246, -1305.264414, "0.0208842306")
    result = told(folder_of({"": dex(0.0, row)}, metas=[meta(perp("MEGA", 3))])).results()["isolated:MEGA:long"]
    (line,) = result.venue_lines
    assert line.ours.price == pytest.approx(0.0208842306, rel=1e-8)


def test_a_recorded_cross_short_among_others() -> None:
    """SAGA in an account worth 3.155 million that must keep 43 452.918775: the others are one position without room."""
    value = 3155203.7660619998
    saga = cross("SAGA", -103774.5, 0.05, 2527.94682 / 103774.5, "29.713170189")
    needed = 43452.918775 - 2527.94682 / 100
    other = cross("ETH", needed * 100 / 2000, 2000.0, 2000.0)
    state = dex(value, saga, other, maintenance=43452.918775)
    result = told(folder_of({"": state}, metas=[meta(perp("SAGA"), perp("ETH"))])).results()["cross:USDC"]
    (line,) = [one for one in result.venue_lines if one.symbol == "SAGA"]
    assert line.ours.price == pytest.approx(29.713170189, rel=1e-9)
    assert result.equity == pytest.approx(value, rel=1e-12)


def recorded_portfolio() -> Told:
    """Four cross longs at the recorded sizes and leverages; of the account's balances, USDC alone backs them."""
    sizes = {"BTC": (34316250.0, 25), "A": (4299078.5136, 10), "B": (500925.821, 5), "C": (1415576.3343, 10)}
    rows = [cross(name, size / 10.0, 10.0, 10.0) for name, (size, _) in sizes.items()]
    money = spot(
        coin("USDC", "7678466.9041772699"),
        available={"USDC": 6656218.5307019101},
        portfolioMarginEnabled=True,
        portfolioMarginRatio="0.133131833",
    )
    listed = meta(*(perp(name, leverage) for name, (_, leverage) in sizes.items()))
    state = dex(0.0, *rows, maintenance=1022150.3244939999)
    return told(folder_of({"": state}, mode="portfolioMargin", money=money, metas=[listed]))


def test_portfolio_margin_asks_for_the_maintenance_of_all_its_positions() -> None:
    result = recorded_portfolio().results()["portfolio-margin"]
    assert result.maintenance_margin == pytest.approx(1022150.3244939999 + 20.0, rel=1e-9)
    assert result.equity == pytest.approx(7678466.9041772699, rel=1e-12)


def test_the_ratio_of_portfolio_margin_is_what_the_venue_shows(
    record_property: Callable[[str, object], None],
) -> None:
    """0.133131833 by the venue; its two requests were some 78 USDC of maintenance apart, which is 8e-5 of it."""
    result = recorded_portfolio().results()["portfolio-margin"]
    ours = result.stages[SHOWN].value
    assert ours is not None
    assert result.ratio.value == pytest.approx(ours / 0.95, rel=1e-12)
    assert ours == pytest.approx(0.133131833, rel=1e-4)
    record_property("table", worst([Outcome("ratio", 0.133131833, ours, 1e-4)], "portfolio margin"))


def test_a_position_in_the_second_tier_pays_its_rate_less_the_deduction() -> None:
    state = dex(1e8, cross("BTC", 2000.0, 1e5, 1e5))
    account = told(folder_of({"": state}, metas=[meta(perp("BTC", 40, 56), tables=BTC_TIERS)]))
    assert account.tables.tiers["BTC"].tiers[1].deduction == pytest.approx(1_875_000, rel=1e-12)
    assert account.results()["cross:USDC"].maintenance_margin == pytest.approx(3_125_000, rel=1e-12)


def test_the_documented_tiers_of_all_coins_have_the_documented_deductions() -> None:
    """36 coins of the main network and 14 of the test network."""
    nets = json.loads(shared("fixtures/hyperliquid/margin_tiers.json").read_text())
    checked = 0
    for net in ("mainnet", "testnet"):
        for number, (name, tiers) in enumerate(nets[net].items(), start=50):
            table = {number: [(one["min_notional_usdc"], one["max_leverage"]) for one in tiers]}
            files = folder_of({"": dex()}, metas=[meta(perp(name, 50, number), tables=table)])
            found = told(files).tables.tiers[name].tiers
            for ours, theirs in zip(found, tiers, strict=True):
                assert ours.rate == pytest.approx(theirs["maintenance_margin_rate"], rel=1e-12)
                assert ours.deduction == pytest.approx(theirs["maintenance_deduction"], rel=1e-9)
            checked += 1
    assert checked == 50


def test_a_null_price_is_the_venues_word_for_none() -> None:
    account = told(folder_of({"": dex(1e6, cross("ETH", 1.0, 2000.0, 2000.0))}, metas=[meta(perp("ETH"))]))
    (line,) = account.results()["cross:USDC"].venue_lines
    assert line.venue.state is State.NEVER
    assert line.ours.state is State.NEVER
    assert not line.disagree
