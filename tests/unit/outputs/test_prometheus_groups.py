"""The series of groups: which there are, with which values, and when they vanish."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from monitor.domain.lines import Ratio
from monitor.domain.quality import Quality
from tests.sample_groups import BROKEN, dark, group, strained
from tests.sample_reports import view
from tests.unit.outputs.test_prometheus import Scrape

DESK = {"group": "desk"}
POOL = DESK | {"venue": "bybit", "account": "second", "pool": "multi-assets"}
PUBLIC = {
    "group_margin_ratio": DESK,
    "group_worst_pool_margin_ratio": POOL,
    "group_equity_usd": DESK,
    "group_maintenance_margin_usd": DESK,
    "group_required_usd": DESK,
    "group_quality": DESK | {"quality": "LIVE"},
    "group_market_distance_ratio": DESK | {"direction": "down"},
    "group_coin_distance_ratio": DESK | {"coin": "BTC", "direction": "up"},
    "group_exposure_usd": DESK | {"coin": "BTC", "kind": "gross"},
    "group_exposure_coins": DESK | {"coin": "BTC", "kind": "net"},
    "group_member_info": DESK | {"venue": "binance", "account": "main"},
    "group_account_exposure_usd": DESK | {"venue": "binance", "account": "main", "coin": "BTC", "kind": "net"},
    "group_withdrawable_usd": DESK | {"venue": "binance", "account": "main"},
    "group_needed_usd": POOL,
    "group_hedge_state": DESK | {"hedge": "BTC", "state": "held"},
    "group_hedge_net_usd": DESK | {"hedge": "BTC"},
    "group_hedge_ratio": DESK | {"hedge": "BTC"},
}


def names_of(scrape: Scrape) -> set[str]:
    return {name for name in scrape.names() if name.startswith("group_")}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_series_of_a_group_is_there_with_its_labels(name: str) -> None:
    scrape = Scrape(view(groups=(strained(),)))

    assert scrape.value(name, **PUBLIC[name]) is not None
    assert scrape.labels(name) == {frozenset(PUBLIC[name])}


def test_nothing_of_groups_is_exported_that_is_not_public_interface() -> None:
    assert names_of(Scrape(view(groups=(strained(),)))) == set(PUBLIC)
    assert names_of(Scrape(view())) == set()


def test_of_a_group_that_is_not_known_stay_its_quality_its_members_and_the_states_of_its_hedges() -> None:
    scrape = Scrape(view(groups=(dark(),)))

    assert names_of(scrape) == {"group_quality", "group_member_info", "group_hedge_state"}
    assert scrape.value("group_quality", **DESK, quality="UNKNOWN") == 1.0
    assert scrape.value("group_hedge_state", **DESK, hedge="BTC", state="unknown") == 1.0
    assert scrape.value("group_hedge_state", **DESK, hedge="BTC", state="held") == 0.0


def test_a_stale_group_has_no_figures() -> None:
    assert "group_margin_ratio" not in names_of(Scrape(view(groups=(group(quality=Quality.STALE),))))


def test_of_each_coin_it_says_what_every_account_holds() -> None:
    scrape = Scrape(view(groups=(group(),)))

    assert scrape.value("group_account_exposure_usd", venue="binance", coin="BTC", kind="net") == 60_000.0
    assert scrape.value("group_account_exposure_usd", venue="bybit", coin="BTC", kind="net") == -60_000.0
    assert scrape.value("group_account_exposure_usd", venue="bybit", coin="BTC", kind="gross") == 60_000.0


def test_what_a_venue_does_not_say_is_absent_and_not_zero() -> None:
    scrape = Scrape(view(groups=(group(),)))

    assert scrape.value("group_withdrawable_usd", venue="binance") == 9_000.0
    assert scrape.value("group_withdrawable_usd", venue="bybit") is None


def test_a_group_without_equity_has_a_ratio_without_bound() -> None:
    assert Scrape(view(groups=(group(ratio=Ratio.of(inf)),))).value("group_margin_ratio") == inf


def test_a_line_that_no_price_reaches_is_without_bound() -> None:
    assert Scrape(view(groups=(group(),))).value("group_market_distance_ratio", direction="up") == inf


def test_a_broken_hedge_says_what_is_unhedged() -> None:
    scrape = Scrape(view(groups=(group(hedges=(BROKEN,)),)))

    assert scrape.value("group_hedge_net_usd", hedge="BTC") == 60_000.0
    assert scrape.value("group_hedge_ratio", hedge="BTC") == 0.0


def test_a_group_without_a_pool_has_no_worst_one() -> None:
    assert "group_worst_pool_margin_ratio" not in names_of(Scrape(view(groups=(replace(group(), worst=None),))))
