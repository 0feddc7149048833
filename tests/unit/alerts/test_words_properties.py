"""Whatever is known or unknown of an account, every rule has words for it: none fails for want of a number."""

from __future__ import annotations

import re
from math import inf

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.alerts.rules import account_readings
from monitor.alerts.trend import Trends
from monitor.alerts.words import LOCK_SCREEN
from monitor.domain.accounts import Permissions
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio, State
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, BurnReport, CollateralReport
from tests.sample_reports import NOW, account, pool, position

USD = st.none() | st.floats(-1e9, 1e9) | st.just(0.0)
POSITIVE = st.none() | st.floats(1e-9, 1e9)
SHARE = st.none() | st.floats(0.0, 2.0) | st.just(inf)
TIME = st.none() | st.floats(NOW - 1e6, NOW + 1e7)
BOOL = st.none() | st.booleans()
RATIOS = st.one_of(
    st.floats(0.0, 5.0).map(Ratio.of),
    st.just(Ratio.of(inf)),
    st.just(Ratio.unknown("no tiers")),
    st.just(Ratio.unknown()),
)
LINES = st.one_of(
    st.sampled_from([NEVER, LIQUIDATABLE, Line.unknown("no mark"), Line.unknown()]),
    st.builds(Line.at, st.floats(1e-8, 1e6), st.floats(0.0, 3.0)),
    st.builds(Line, st.just(State.AT), st.none(), st.floats(0.0, 1.0)),
)
SIDES = st.dictionaries(st.sampled_from(Direction), LINES)
POSITIONS = st.builds(
    position,
    symbol=st.sampled_from(["BTCUSDT", "1000PEPEUSDT"]),
    side=st.sampled_from(Side),
    line=LINES,
    notional_usd=USD,
    loss_to_line_usd=USD | st.just(inf),
    distance_sigmas=st.none() | st.floats(0.0, 1e4) | st.just(inf),
    drift_ratio=USD,
    disagreement=st.sampled_from([None, "", "the venue says none"]),
    adl_rank=st.none() | st.integers(0, 4),
    cap_usd=POSITIVE,
    auto_add_margin=BOOL,
    delivery_time=TIME,
)
COLLATERAL = st.builds(
    CollateralReport,
    asset=st.sampled_from(["USDT", "USDC", "BTC"]),
    amount=st.floats(-1e6, 1e6),
    value_usd=USD,
    share_ratio=SHARE,
    price_usd=POSITIVE,
    stable=st.booleans(),
)
BURNS = st.none() | st.builds(
    BurnReport,
    usd_per_day=USD,
    seconds=st.none() | st.floats(0.0, 1e8) | st.just(inf),
    next_time=TIME,
    next_usd=USD,
    after_ratio=st.none() | RATIOS,
    after_line=st.none() | LINES,
    reasons=st.sampled_from([(), ("no funding rate",)]),
)
POOLS = st.builds(
    pool,
    quality=st.sampled_from(Quality),
    as_of=TIME,
    ratio=RATIOS,
    equity_usd=USD,
    maintenance_margin_usd=USD,
    funds_at_risk_usd=USD,
    effective_leverage_ratio=SHARE,
    deficit_usd=st.floats(0.0, 1e6),
    stages=st.dictionaries(st.sampled_from(["liquidation", "orders cancelled", "bankruptcy"]), RATIOS),
    market=SIDES,
    coins=st.dictionaries(st.sampled_from(["BTC", "1000PEPE"]), SIDES),
    depegs=st.dictionaries(st.sampled_from(["USDT", "USDC"]), SIDES),
    positions=st.lists(POSITIONS, max_size=2).map(tuple),
    drift=st.dictionaries(st.sampled_from(["equity", "line", "moon_phase"]), st.floats(-10.0, 10.0)),
    contradictions=st.sampled_from([{}, {"equity": "the venue's equity is 0, ours is 5"}]),
    advice_add_usd=USD,
    advice_text=st.sampled_from(["", "Add 5 USD."]),
    collateral=st.lists(COLLATERAL, max_size=2).map(tuple),
    burn=BURNS,
    one_sided=BOOL,
    coin_sigmas=st.sampled_from([{}, {"BTC": 0.03}, {"BTC": 0.0}]),
    market_sigma=st.sampled_from([None, 0.03]),
)
ACCOUNTS = st.builds(
    lambda pools, **changed: account(*pools, **changed),
    st.lists(POOLS, max_size=2),
    up=st.booleans(),
    quality=st.sampled_from(Quality),
    reasons=st.sampled_from([(), ("listen key expired", "no snapshot yet")]),
    last_update=TIME,
    ratio=RATIOS,
    equity_usd=USD,
    permissions=st.none() | st.builds(Permissions, can_trade=BOOL, can_withdraw=BOOL, expires=TIME),
    gross_notional_usd=USD,
    net_notional_usd=USD,
    effective_leverage_ratio=SHARE,
    funds_at_risk_usd=USD,
    unexplained_usd=USD,
)


# A failure is plain enough without being made smaller, which takes minutes with so many numbers.
@settings(
    max_examples=100, phases=(Phase.reuse, Phase.generate), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(earlier=ACCOUNTS, now=ACCOUNTS)
def test_every_reading_has_words_without_a_number_that_is_none(earlier: AccountReport, now: AccountReport) -> None:
    trends = Trends({})
    list(account_readings(earlier, NOW - 1_000.0, lambda *_: True, trends))

    for reading in account_readings(now, NOW, lambda *_: True, trends):
        assert reading.value is None or reading.value == reading.value, reading.subject
        told = reading.words(NOW)
        assert 0 < len(told.summary) <= LOCK_SCREEN
        assert not re.search(r"\b(None|nan|inf)\b|[{}]", told.text), reading.subject
