"""The groups on the landing page: what stands there, what is left out, and that nothing from outside is markup."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from monitor.domain.lines import Ratio
from monitor.web.group_list import COINS_SHOWN, GROUPS_SHOWN, HEDGES_SHOWN
from monitor.web.page import landing
from tests.sample_groups import BROKEN, dark, group, hedge, strained
from tests.sample_reports import view


def test_without_groups_nothing_is_said_of_them() -> None:
    assert "Groups" not in landing(view())


def test_a_group_stands_there_with_its_worst_pool_beside_its_ratio() -> None:
    page = landing(view(groups=(strained(),)))

    assert "72.0%" in page
    assert "78.0%" in page
    assert "second multi-assets" in page
    assert "BTC up 5.0%: second multi-assets" in page
    assert "second multi-assets needs 7,400" in page
    assert "main: 9,000 may leave" in page
    assert "BTC net 0, gross 120,000, held 30,000" in page


def test_a_group_that_is_not_known_says_whose_fault_that_is_and_shows_no_sum() -> None:
    page = landing(view(groups=(dark(),)))

    assert "bybit/second: no fresh data" in page
    assert "equity unknown" in page
    assert "net unknown" in page
    assert '<span class="tag blind">unknown</span>' in page


def test_a_broken_hedge_says_what_is_gone_and_what_is_naked() -> None:
    page = landing(view(groups=(group(hedges=(BROKEN,)),)))

    assert '<span class="tag danger">broken</span>' in page
    assert "BTCUSDT short at bybit/second is gone (was 1 BTC); 1 BTC (60,000 USD) long unhedged" in page


def test_a_group_may_have_no_pool_no_line_and_no_equity() -> None:
    page = landing(view(groups=(group(worst=None, market={}, coins={}, ratio=Ratio.of(inf)),)))

    assert "no pool" in page
    assert "no equity left" in page


def test_what_is_too_long_is_cut_and_counted() -> None:
    exposure = group().exposures[0]
    many = tuple(replace(exposure, coin=f"C{n:03}", held_usd=0.0) for n in range(COINS_SHOWN + 3))
    hedges = tuple(hedge(name=f"H{n:03}") for n in range(HEDGES_SHOWN + 2))
    page = landing(view(groups=(group(exposures=many, hedges=hedges),)))

    assert page.count("gross 120,000") == COINS_SHOWN
    assert "and 3 more" in page
    assert page.count('<span class="tag calm">held</span>') == HEDGES_SHOWN
    assert "and 2 more" in page

    groups = tuple(group(name=f"g{n:03}") for n in range(GROUPS_SHOWN + 1))
    assert "and 1 more: see /api/v1/pools" in landing(view(groups=groups))


def test_no_word_from_outside_is_markup() -> None:
    evil = "<script>x</script>"
    page = landing(view(groups=(group(name=evil, reasons=(evil,), hedges=(hedge(name=evil, text=evil),)),)))

    assert "<script>" not in page
