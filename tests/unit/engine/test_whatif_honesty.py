"""What-if: what is not known is said and lowers quality, and every mistake is named at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Account
from monitor.domain.errors import BadRequest
from monitor.domain.events import FundingIntervals, FundingRates
from monitor.domain.quality import Quality
from monitor.domain.tables import Tables
from monitor.domain.whatif import Close, Collateral, Transfer, WhatIf
from monitor.engine import whatif_reports
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.engine.whatif import what_if
from monitor.margin.pool import Debt, Describe, Description
from tests.unit.engine.situations import MAIN, OTHER, T, asset, config, describe, engine, held, reading, started, tick
from tests.unit.engine.test_whatif_edits import after, ask, put, told, trade

LONG = held("BTCUSDT", 1.0, 60_000.0)
ALONE = held("ETHUSDT", -10.0, 3_000.0, isolated=4_000.0)
HOUR = 3_600.0


def announced(next_time: float, interval: float | None = 8 * HOUR) -> list[FundingIntervals | FundingRates]:
    known = [] if interval is None else [FundingIntervals("paper", ("BTCUSDT",), (interval,), T)]
    return [*known, FundingRates("paper", ("BTCUSDT",), (0.0001,), (next_time,), T + 0.05)]


def test_figures_that_leave_a_payment_out_are_partial_and_say_which() -> None:
    how_often = what_if(told(LONG, more=announced(T + HOUR, None)), WhatIf(funding_days=5.0))
    assert how_often.quality is after(how_often).quality is Quality.PARTIAL
    assert after(how_often).reasons == (
        "how often BTCUSDT pays funding is not known before a payment of it was seen",
        "6.00 USD of it are known, and counted",
    )
    never = what_if(told(LONG), WhatIf(funding_days=5.0))
    assert (after(never).quality, after(never).reasons) == (Quality.PARTIAL, ("the funding of BTCUSDT is not known",))
    known = what_if(told(LONG, more=announced(T + HOUR)), WhatIf(funding_days=5.0))
    assert known.quality is Quality.LIVE


def test_interest_of_a_pool_that_holds_nothing_but_a_loan_is_told_of() -> None:
    def lent(account: Account, tables: Tables) -> Description:
        found = describe(account, tables)
        return replace(
            found, pools=tuple(replace(pool, debts=(Debt(asset="BTC", amount=0.1),)) for pool in found.pools)
        )

    report = what_if(told(describes=lent), WhatIf(funding_days=1.0))
    assert [(row.usd, row.reasons) for row in report.funding] == [(None, ("the interest on BTC is not known",))]
    assert report.quality is Quality.PARTIAL


@pytest.mark.parametrize(
    ("next_time", "interval", "days", "payments"),
    [
        (T + HOUR, 8 * HOUR, 1.0, 3),
        (T + 1.0 - 30.0, 8 * HOUR, 1.0, 3),  # the payment of half a minute ago is made already
        (T + 1.0 + 8 * HOUR, 8 * HOUR, 1.0, 3),  # at the very end of the day, too
        (T + 2 * HOUR, 8 * HOUR, 1.0 / 24.0, 0),
        (T + HOUR, HOUR, 3.0, 72),
    ],
)
def test_as_many_payments_are_counted_as_fall_into_the_days(
    next_time: float, interval: float, days: float, payments: int
) -> None:
    report = what_if(told(LONG, more=announced(next_time, interval)), WhatIf(funding_days=days))
    assert report.funding[0].usd == pytest.approx(6.0 * payments)


def test_a_payment_that_was_just_made_is_not_the_next_one_without_an_interval() -> None:
    report = what_if(told(LONG, more=announced(T - 30.0, None)), WhatIf(funding_days=1.0))
    assert after(report).equity_usd == pytest.approx(10_000.0)
    assert report.funding[0].usd is None


def test_a_payment_of_which_nobody_says_when_is_not_counted_and_told_of() -> None:
    rates = FundingRates("paper", ("BTCUSDT",), (0.0001,), (None,), T + 0.05)
    report = what_if(told(LONG, more=[rates]), WhatIf(funding_days=1.0))
    assert after(report).equity_usd == pytest.approx(10_000.0)
    assert report.funding[0].reasons == ("when BTCUSDT pays funding is not known",)
    assert after(report).quality is Quality.PARTIAL


def test_an_edit_of_what_is_stale_says_so() -> None:
    one = engine()
    one.step(started(LONG), T + 1.0)
    one.step([tick("ETHUSDT", 3_000.0, T + 20.0), reading(LONG, asked=T + 20.0), asset("USDT", 1.0, T + 20.0)], T + 21)
    report = ask(one.picture(), put("USDT", 100.0))
    assert report.quality is Quality.STALE
    assert report.notes[0] == (
        "paper/main is STALE as it is: cross:USDT: the mark of BTCUSDT is older than 5 s; "
        "what is supposed rests on that"
    )
    assert not any("rests on that" in note for note in ask(told(LONG), put("USDT", 100.0)).notes)


def test_the_mistakes_of_all_edits_are_named_but_not_what_only_follows_from_them() -> None:
    picture = told(LONG, ALONE, accounts=(MAIN, OTHER))
    edits = (
        trade("NONE", 1.0),
        Close(account=MAIN, symbol="NONE"),  # of an account that is not as it was meant to be
        Transfer(account=MAIN, to=OTHER, asset="USDT", amount=1.0),
        Collateral(account=OTHER._replace(account="nobody"), asset="USDT", amount=1.0),
        Collateral(account=OTHER, asset="USDT", amount=1.0),
    )
    with pytest.raises(BadRequest) as caught:
        what_if(picture, WhatIf(edits=edits))
    assert [mistake.key for mistake in caught.value.mistakes] == ["edits[0].symbol", "edits[3]"]


@pytest.mark.parametrize(
    ("from_pool", "to_pool", "key"), [("nowhere", "", "edits[0].pool"), ("", "nowhere", "edits[0].to_pool")]
)
def test_the_mistakes_of_a_transfer_are_named_as_a_request_names_them(from_pool: str, to_pool: str, key: str) -> None:
    moved = Transfer(account=MAIN, to=MAIN, asset="USDT", amount=1.0, from_pool=from_pool, to_pool=to_pool)
    with pytest.raises(BadRequest) as caught:
        ask(told(LONG), moved)
    assert caught.value.mistakes[0].key == key


def test_advice_is_sought_for_so_many_pools_and_the_others_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EngineSettings(accounts=(MAIN, OTHER), lines_every_seconds=0.0, wanted_distance_ratio=0.5)
    one = Engine({"paper": describe}, settings)
    worse = held("BTCUSDT", 1.1, 60_000.0)
    one.step([*started(LONG), config(account=OTHER), reading(worse, account=OTHER)], T + 1.0)
    every = what_if(one.picture(), WhatIf(moves={"BTC": -0.01}))
    assert all(each.after.pools[0].advice_text for each in every.accounts)
    assert not any("advice" in note for note in every.notes)
    monkeypatch.setattr(whatif_reports, "MOST_ADVISED", 1)
    few = what_if(one.picture(), WhatIf(moves={"BTC": -0.01}))
    assert {each.key: bool(each.after.pools[0].advice_text) for each in few.accounts} == {MAIN: False, OTHER: True}
    assert any("sought for 1 pools" in note for note in few.notes)


def test_what_moves_nothing_is_told_and_not_taken_for_safe() -> None:
    typed_wrong = what_if(told(LONG), WhatIf(moves={"BTCC": -0.5}, pegs={"USDC": 0.5}))
    assert [note for note in typed_wrong.notes if "depends" in note] == [
        "nothing that is looked at depends on BTCC", "nothing that is looked at depends on USDC",
    ]  # fmt: skip
    meant = what_if(told(LONG), WhatIf(moves={"BTC": -0.1}, pegs={"USDT": 0.99}))
    assert not any("depends" in note for note in meant.notes)


def test_only_a_stablecoin_is_put_to_a_price() -> None:
    with pytest.raises(BadRequest) as caught:
        what_if(told(LONG), WhatIf(pegs={"BTC": 0.5, "USDT": 0.9, "ETH": 1.0}))
    assert [mistake.key for mistake in caught.value.mistakes] == ["pegs.BTC", "pegs.ETH"]


def needing(initial: float | None) -> Describe:
    """As the paper venue describes, with such an initial margin of each leg."""

    def made(account: Account, tables: Tables) -> Description:
        found = describe(account, tables)
        pools = (
            replace(pool, legs=tuple(replace(leg, initial_margin_rate=initial) for leg in pool.legs))
            for pool in found.pools
        )
        return replace(found, pools=tuple(pools))

    return made


def test_what_lacks_initial_margin_once_it_is_made_would_hardly_be_let_be_done() -> None:
    tenth = needing(0.1)
    text = "cross:USDT would need 18,000.00 USD of initial margin and have 9,940.00 USD of equity"
    more = ask(told(LONG, describes=tenth), trade(quantity=2.0))
    assert any(note.startswith(text) for note in more.accounts[0].notes)
    out = ask(told(LONG, describes=tenth), put("USDT", -5_000.0))
    assert any("initial margin" in note for note in out.accounts[0].notes)
    for enough in (trade(quantity=0.5), put("USDT", 100.0)):
        assert not any("initial margin" in note for note in ask(told(LONG, describes=tenth), enough).accounts[0].notes)
    # It lacks less than before; and where the venue's is not known nothing is said.
    less = ask(told(replace(LONG, quantity=3.0), describes=tenth), trade(quantity=-0.5))
    assert not any("initial margin" in note for note in less.accounts[0].notes)
    unknown = ask(told(LONG, describes=needing(None)), trade(quantity=9.0))
    assert not any("initial margin" in note for note in unknown.accounts[0].notes)


def test_a_stablecoin_without_a_price_moves_from_the_dollar_that_it_counts() -> None:
    one = engine()
    one.step([event for event in started(LONG) if event != asset("USDT", 1.0, T)], T + 1.0)
    by_move, by_peg = (
        after(what_if(one.picture(), request)).equity_usd
        for request in (WhatIf(moves={"USDT": -0.04}), WhatIf(pegs={"USDT": 0.96}))
    )
    assert by_move == pytest.approx(by_peg) == pytest.approx((10_000.0 + 2_500.0) * 0.96)
