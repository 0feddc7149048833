"""What holds of every group: order does not matter, nothing is lost in sums, and what is unknown stays so."""

from __future__ import annotations

from dataclasses import replace
from math import fsum, isclose
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.group_reports import GroupReport, HedgeState
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.group_settings import GroupSettings
from monitor.engine.groups import Groups
from monitor.engine.settings import EngineSettings
from tests import sample_reports as sample
from tests.unit.engine.group_situations import DARK, NOW, held, pool

COINS = ("BTC", "ETH", "SOL")
MEMBERS = tuple(AccountKey(venue, f"a{n}") for venue in ("alpha", "beta") for n in range(3))

sizes = st.floats(-1e4, 1e4, allow_nan=False).filter(lambda size: abs(size) > 1e-6)
amounts = st.floats(-1e7, 1e7, allow_nan=False)


@st.composite
def accounts(draw: st.DrawFn, key: AccountKey, *, known: bool = False) -> AccountReport:
    """An account with some pools, some of which nobody knows."""
    pools = []
    for number in range(draw(st.integers(0, 3))):
        positions = tuple(
            held(draw(sizes), f"{coin}USDT", coin) for coin in draw(st.lists(st.sampled_from(COINS), max_size=3))
        )
        equity, ratio = draw(amounts), draw(st.floats(0.0, 2.0))
        lines = {
            coin: {
                way: Line.at(1.0, draw(st.floats(0.0, 3.0))) if draw(st.booleans()) else Line.unknown("no mark")
                for way in Direction
            }
            for coin in draw(st.sets(st.sampled_from(COINS)))
        }
        dark = not known and draw(st.integers(0, 9)) == 0
        pools.append(
            pool(
                *positions, owner=key, name=f"p{number}", primary=draw(st.integers(0, 4)) > 0,
                equity_usd=None if dark else equity, required_usd=None if dark else max(0.0, ratio * equity),
                maintenance_margin_usd=None if dark else max(0.0, ratio * equity),
                ratio=Ratio.unknown(*DARK) if dark else Ratio.of(ratio), coins=lines,
                quality=Quality.UNKNOWN if dark else Quality.LIVE, reasons=DARK if dark else (),
            )
        )  # fmt: skip
    unknown = any(each.quality is Quality.UNKNOWN for each in pools) or (not known and draw(st.integers(0, 9)) == 0)
    return sample.account(
        *pools, key=key, quality=Quality.UNKNOWN if unknown else Quality.LIVE, reasons=DARK if unknown else ()
    )


@st.composite
def desks(draw: st.DrawFn, *, known: bool = False) -> list[AccountReport]:
    keys = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=5, unique=True))
    return [draw(accounts(key, known=known)) for key in keys]


def group_of(*steps: list[AccountReport], accounts: list[AccountKey] | None = None) -> GroupReport:
    """The group after each step's reports, a second apart."""
    keys = [report.key for report in steps[0]] if accounts is None else accounts
    told = EngineSettings(
        accounts=tuple(keys), lines_every_seconds=0.0, groups=dict.fromkeys(keys, "desk"),
        group_settings={"desk": GroupSettings(detect_after_seconds=0.0)},
    )  # fmt: skip
    groups = Groups(told, lambda _: ())
    for number, reports in enumerate(steps):
        groups.update(reports, (), NOW + number)
    (report,) = groups.reports()
    return report


@given(desks(), st.randoms())
def test_the_order_of_members_their_pools_and_their_positions_does_not_matter(
    reports: list[AccountReport], chance: Any
) -> None:
    shuffled = []
    for report in chance.sample(reports, len(reports)):
        pools = tuple(
            replace(each, positions=tuple(chance.sample(each.positions, len(each.positions))))
            for each in chance.sample(report.pools, len(report.pools))
        )
        shuffled.append(replace(report, pools=pools))

    assert _plain(group_of(shuffled)) == _plain(group_of(reports))


def _plain(report: GroupReport) -> GroupReport:
    """Without what has the order of an account's own pools: words, and several legs of one symbol."""
    return replace(report, hedges=(), reasons=())


@given(desks(), st.randoms())
def test_it_does_not_matter_who_reports_first(reports: list[AccountReport], chance: Any) -> None:
    keys = [report.key for report in reports]
    one_by_one = [[report] for report in chance.sample(reports, len(reports))]
    last = group_of(*one_by_one, accounts=keys)

    assert replace(last, at=0.0, hedges=()) == replace(group_of(reports), at=0.0, hedges=())


@given(desks(known=True))
def test_the_sums_of_exposures_are_those_of_the_positions(reports: list[AccountReport]) -> None:
    positions = [each for report in reports for found in report.pools if found.primary for each in found.positions]
    group = group_of(reports)

    assert {each.coin for each in group.exposures} == {each.coin for each in positions}
    for exposure in group.exposures:
        of_coin = [each.exposure_usd or 0.0 for each in positions if each.coin == exposure.coin]
        assert exposure.net_usd is not None
        assert exposure.gross_usd is not None
        assert isclose(exposure.net_usd, fsum(of_coin), rel_tol=1e-12, abs_tol=1e-6)
        assert isclose(exposure.gross_usd, fsum(map(abs, of_coin)), rel_tol=1e-12)
        assert exposure.gross_usd >= abs(exposure.net_usd) * (1.0 - 1e-12)


@given(desks(known=True))
def test_a_known_ratio_lies_between_those_of_its_pools(reports: list[AccountReport]) -> None:
    primary = [found for report in reports for found in report.pools if found.primary]
    group = group_of(reports)
    if group.equity_usd is not None and primary and all((found.equity_usd or 0.0) > 0.0 for found in primary):
        ratios = [found.ratio.value or 0.0 for found in primary]
        assert group.ratio.value is not None
        assert min(ratios) * (1.0 - 1e-9) <= group.ratio.value <= max(ratios) * (1.0 + 1e-9)


@given(desks(known=True).filter(lambda reports: len(reports) > 1), st.data())
def test_what_is_unknown_of_one_member_is_unknown_of_the_group(
    reports: list[AccountReport], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(reports) - 1))
    hidden = replace(reports[place], quality=Quality.UNKNOWN, reasons=DARK)
    group = group_of([*reports[:place], hidden, *reports[place + 1 :]])

    assert group.ratio.state is State.UNKNOWN
    assert any(f"{hidden.key.venue}/{hidden.key.account}" in why for why in group.ratio.reasons)
    assert (group.equity_usd, group.required_usd, group.maintenance_margin_usd) == (None, None, None)
    assert all(each.net_usd is None and each.gross_base is None for each in group.exposures)
    assert not group.quality.figures_shown


@given(desks(known=True), st.lists(st.integers(0, 1), max_size=6))
def test_while_a_leg_is_unknown_its_hedge_is_neither_broken_nor_fine(
    reports: list[AccountReport], flickers: list[int]
) -> None:
    """A hedge between two accounts of which one comes and goes, beside whatever else there is."""
    one, two = AccountKey("alpha", "long"), AccountKey("beta", "short")
    long = sample.account(pool(held(1.0, "XUSDT", "X"), owner=one), key=one)
    short = sample.account(pool(held(-1.0, "XUSDT", "X"), owner=two), key=two)
    hidden = replace(short, quality=Quality.UNKNOWN, up=False, reasons=DARK, pools=())
    steps = [[*reports, long, short], *[[short] if each else [hidden] for each in flickers]]
    group = group_of(*steps)
    (hedge,) = (each for each in group.hedges if each.name == "X")

    seen = flickers[-1] if flickers else 1
    assert hedge.state is (HedgeState.HELD if seen else HedgeState.UNKNOWN)
