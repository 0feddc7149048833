"""The cash book: what a wallet changed by must be the sum of its flows, whatever the order in which they come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Balance, Position
from monitor.domain.events import (
    AccountClosed,
    BalanceCause,
    BalanceChanged,
    CashFlow,
    CashFlowsRead,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
)
from monitor.domain.names import AccountKey
from monitor.domain.reports import StepResult
from monitor.engine.cash import KEPT_FLOWS, KEPT_WALLETS, PATIENCE_SECONDS, SETTLE_SECONDS, WINDOW_SECONDS, Cash
from monitor.engine.engine import FLOWS_WANTED, Engine
from tests.unit.engine.situations import BTC, MAIN, OTHER, VENUE, T, config, engine, paid, reading, report, started

T0 = T + 100.0
TRADE, FUNDING, FEE = BalanceCause.TRADE, BalanceCause.FUNDING, BalanceCause.FEE
TRANSFER, OTHER_CAUSE = BalanceCause.TRANSFER, BalanceCause.OTHER


def flow(
    amount: float,
    cause: BalanceCause = FUNDING,
    *,
    at: float = T0,
    asset: str = "USDT",
    symbol: str | None = None,
    account: AccountKey = MAIN,
) -> CashFlow:
    return CashFlow(
        account=account, asset=asset, amount=amount, cause=cause, venue_time=at, received=at + 0.05, symbol=symbol
    )


def balance(asset: str, amount: float, update_time: float | None = None) -> Balance:
    return Balance(asset=asset, wallet=amount, cross_wallet=amount, update_time=update_time)


def wallet(amount: float, *, at: float = T0, asset: str = "USDT") -> BalanceChanged:
    return paid(asset, amount, at=at)


def history(*flows: CashFlow, since: float = T, until: float = T0 + 20.0) -> CashFlowsRead:
    return CashFlowsRead(account=MAIN, flows=flows, since=since, until=until, received=until + 1.0)


def heard(*positions: Position) -> Engine:
    """An engine whose account is LIVE, with a wallet of 10,000 USDT and a stream that tells everything."""
    alive = engine()
    alive.step([*started(*positions), FeedUp(VENUE, "main", "user", T)], T)
    return alive


def at(alive: Engine, *events: Event, now: float) -> StepResult:
    return alive.step([*events, Elapsed(now)], now)


def later(alive: Engine, seconds: float = SETTLE_SECONDS + PATIENCE_SECONDS + 1.0) -> StepResult:
    """Time passes, second by second, with nothing that comes in."""
    result = at(alive, now=T0 + 1.0)
    for second in range(2, int(seconds) + 2):
        result = at(alive, now=T0 + second)
    return result


def left(alive: Engine) -> float | None:
    return report(alive).unexplained_usd


def said(alive: Engine) -> str:
    return report(alive).unexplained_text


def test_the_wallet_of_a_balance_that_was_pushed_whole_is_booked_and_a_push_without_one_books_nothing() -> None:
    alive = heard()
    at(alive, replace(paid("USDT", None, at=T0), row=balance("USDT", 9_000.0)), now=T0)
    at(alive, paid("USDT", None, at=T0 + 0.5, cross=5.0), now=T0 + 0.5)
    later(alive)
    assert left(alive) == -1_000.0


class TestWhatIsExplained:
    @pytest.mark.parametrize("cause", [TRADE, FUNDING, FEE, BalanceCause.INTEREST, BalanceCause.LIQUIDATION])
    def test_a_change_by_its_flow(self, cause: BalanceCause) -> None:
        alive = heard()
        at(alive, flow(-12.5, cause), wallet(9_987.5), now=T0)
        later(alive)
        assert (left(alive), said(alive)) == (0.0, "")

    def test_a_change_whose_flow_comes_after_the_reading_that_contains_it(self) -> None:
        alive = heard()
        at(alive, reading(balances=(balance("USDT", 9_987.5, update_time=T0),), asked=T0 + 0.2), now=T0 + 0.5)
        at(alive, flow(-12.5), now=T0 + 5.0)
        later(alive)
        assert left(alive) == 0.0

    def test_a_change_whose_flows_come_in_any_order(self) -> None:
        alive = heard()
        at(alive, flow(30.0, TRADE, at=T0 + 2), wallet(10_020.0, at=T0 + 2), flow(-10.0, at=T0 + 1), now=T0 + 3)
        later(alive)
        assert left(alive) == 0.0

    def test_many_small_ones_whose_last_digits_were_cut_off(self) -> None:
        alive = heard()
        for number in range(50):
            when = T0 + number / 10
            at(alive, flow(-0.12345678, TRADE, at=when), wallet(10_000.0 - 0.12345 * (number + 1), at=when), now=when)
        later(alive)
        assert left(alive) == 0.0

    def test_a_flow_that_is_stamped_a_moment_after_the_wallet_that_holds_it(self) -> None:
        alive = heard()
        at(alive, wallet(9_990.0, at=T0), flow(-10.0, at=T0 + 0.002), now=T0 + 0.1)
        at(alive, wallet(9_980.0, at=T0 + 15), flow(-10.0, at=T0 + 15), now=T0 + 15)
        later(alive)
        assert left(alive) == 0.0

    def test_a_flow_that_two_sockets_told(self) -> None:
        alive = heard()
        at(alive, flow(-10.0), flow(-10.0), wallet(9_990.0), now=T0)
        later(alive)
        assert left(alive) == 0.0

    def test_two_fills_that_are_alike_to_the_millisecond(self) -> None:
        alive = heard()
        at(alive, flow(-10.0, TRADE), flow(-10.0, TRADE), wallet(9_980.0), now=T0)
        later(alive)
        assert left(alive) == 0.0

    def test_a_profit_in_the_asset_in_which_its_contract_settles(self) -> None:
        alive = heard()
        at(alive, flow(50.0, TRADE, asset="", symbol="BTCUSDT"), wallet(10_050.0), now=T0)
        later(alive)
        assert left(alive) == 0.0

    def test_a_profit_in_the_asset_in_which_the_account_settles_everything(self) -> None:
        alive = engine()
        credits_held = (balance("USDT", 10_000.0), balance("CREDITS", 100.0))
        first = reading(replace(BTC, margin_asset="CREDITS"), balances=credits_held)
        alive.step([*started()[:-1], first, FeedUp(VENUE, "main", "user", T)], T)
        at(alive, flow(5.0, TRADE, asset="", symbol="BTCUSDT"), wallet(105.0, asset="CREDITS"), now=T0)
        later(alive)
        assert left(alive) == 0.0

    def test_nothing_before_any_wallet_was_read_is_known_at_all(self) -> None:
        alive = engine()
        at(alive, config(), flow(-5.0, asset="USDT"), now=T)
        assert (left(alive), said(alive)) == (None, "")

    def test_flows_that_come_before_the_first_reading_which_holds_them(self) -> None:
        alive = engine()
        at(alive, flow(-5.0, at=T - 1.0), flow(3.0, at=T + 50), FeedUp(VENUE, "main", "user", T - 2), now=T - 1.0)
        alive.step(started(), T)
        at(alive, wallet(10_003.0, at=T + 50), now=T + 50)
        later(alive)
        assert left(alive) == 0.0


class TestWhatIsNot:
    def test_a_change_without_any_flow_is_told_once_the_history_had_its_time(self) -> None:
        alive = heard()
        at(alive, wallet(5_000.0), now=T0)
        early = at(alive, now=T0 + SETTLE_SECONDS - 1)
        assert (left(alive), early.resyncs) == (0.0, ())
        asked = at(alive, now=T0 + SETTLE_SECONDS + 1)
        assert [(ask.why, ask.flows_since) for ask in asked.resyncs] == [(FLOWS_WANTED, T - 60.0)]
        assert left(alive) == 0.0, "perhaps the history explains it"
        later(alive)
        assert left(alive) == -5_000.0
        assert said(alive) == "\N{MINUS SIGN}5,000 USDT at 13:48 UTC, no fill, funding or fee explains it"

    def test_what_flows_explain_a_part_of_is_told_as_the_rest(self) -> None:
        alive = heard()
        at(alive, flow(-10.0), wallet(4_990.0), now=T0)
        later(alive)
        assert left(alive) == -5_000.0

    def test_a_transfer_explains_nothing_but_is_named_at_once(self) -> None:
        alive = heard()
        at(alive, flow(-5_000.0, TRANSFER), wallet(5_000.0), now=T0)
        result = at(alive, now=T0 + SETTLE_SECONDS + 1)
        assert result.resyncs == (), "there is nothing to look up"
        assert left(alive) == -5_000.0
        assert said(alive).endswith("; a transfer out of the account was reported")

    def test_what_comes_in_is_named_too(self) -> None:
        alive = heard()
        at(alive, flow(700.0, TRANSFER), wallet(10_700.0), now=T0)
        later(alive)
        assert left(alive) == 700.0
        assert said(alive) == (
            "+700 USDT at 13:48 UTC, no fill, funding or fee explains it; a transfer into the account was reported"
        )

    def test_an_exchange_of_one_asset_for_another_is_worth_the_same_before_and_after(self) -> None:
        alive = heard()
        moved = (flow(-6_000.0, OTHER_CAUSE), wallet(4_000.0), wallet(0.1, asset="BTC"))
        at(alive, *moved, flow(0.1, OTHER_CAUSE, asset="BTC"), now=T0)
        later(alive)
        assert left(alive) == pytest.approx(0.0)
        assert "the venue reported an adjustment or an exchange" in said(alive)

    def test_an_asset_that_was_not_there_before_came_from_somewhere(self) -> None:
        alive = heard()
        at(alive, reading(balances=(balance("USDT", 10_000.0), balance("ETH", 2.0)), asked=T0), now=T0)
        later(alive)
        assert left(alive) == pytest.approx(6_000.0)

    def test_an_asset_that_is_not_listed_any_more_is_gone(self) -> None:
        alive = heard()
        at(alive, reading(balances=(balance("ETH", 0.5),), asked=T + 50), now=T + 50)
        at(alive, reading(balances=(balance("ETH", 0.5),), asked=T0), now=T0)
        later(alive)
        assert left(alive) == pytest.approx(-10_000.0 + 0.5 * 3_000.0)

    def test_what_nobody_prices_is_unknown_and_never_zero(self) -> None:
        alive = heard()
        at(alive, reading(balances=(balance("USDT", 10_000.0), balance("NEW", 2.0)), asked=T0), now=T0)
        later(alive)
        assert left(alive) is None
        assert said(alive).endswith("; what it is worth is unknown: no price of NEW")

    def test_a_stablecoin_without_a_price_counts_as_a_dollar(self) -> None:
        alive = heard()
        at(alive, reading(balances=(balance("USDT", 10_000.0), balance("USDC", 50.0)), asked=T0), now=T0)
        later(alive)
        assert left(alive) == 50.0

    def test_a_story_of_many_is_told_by_the_largest(self) -> None:
        alive = heard()
        amount = 10_000.0
        for number, change in enumerate((-1.0, -1_000.0, -20.5, -300.0, -0.25)):
            amount += change
            at(alive, wallet(amount, at=T0 + 60 * number), now=T0 + 60 * number)
            at(alive, now=T0 + 60 * number + SETTLE_SECONDS + 1)
        at(alive, now=T0 + 400)
        assert left(alive) == pytest.approx(-1_321.75)
        assert said(alive).startswith(
            "\N{MINUS SIGN}1,000 USDT at 13:49 UTC, \N{MINUS SIGN}20.5 USDT at 13:50 UTC, "
            "\N{MINUS SIGN}300 USDT at 13:51 UTC and 2 more, no fill"
        )

    def test_it_is_spoken_of_for_an_hour(self) -> None:
        alive = heard()
        at(alive, wallet(5_000.0), now=T0)
        later(alive)
        at(alive, now=T0 + WINDOW_SECONDS)
        assert left(alive) == -5_000.0
        result = at(alive, now=T0 + WINDOW_SECONDS + SETTLE_SECONDS + 2)
        assert report(result).unexplained_usd == 0.0, "and told without anything coming in"


class TestLateFlows:
    def test_a_flow_that_nobody_waited_for_any_more_closes_its_gap(self) -> None:
        alive = heard()
        at(alive, wallet(9_900.0), now=T0)
        later(alive)
        assert left(alive) == -100.0
        at(alive, flow(-100.0), now=T0 + 200)
        assert (left(alive), said(alive)) == (0.0, "")

    @pytest.mark.parametrize(
        ("cause", "words"),
        [
            (TRANSFER, "; a transfer out of the account was reported"),
            (OTHER_CAUSE, "; the venue reported an adjustment or an exchange"),
        ],
    )
    def test_one_that_explains_nothing_names_it(self, cause: BalanceCause, words: str) -> None:
        alive = heard()
        at(alive, wallet(9_900.0), now=T0)
        later(alive)
        at(alive, flow(-7.0, at=T - 5), flow(-100.0, cause), now=T0 + 200)
        at(alive, now=T0 + 201)
        assert left(alive) == -100.0
        assert said(alive).endswith(words)

    def test_one_of_a_time_that_was_settled_changes_nothing(self) -> None:
        alive = heard()
        at(alive, flow(-100.0), wallet(9_900.0), now=T0)
        later(alive)
        at(alive, flow(-100.0), now=T0 + 200)
        at(alive, now=T0 + 260)
        assert left(alive) == 0.0


class TestHistory:
    def test_what_the_history_explains_is_no_finding(self) -> None:
        alive = heard()
        at(alive, wallet(9_900.0), now=T0)
        at(alive, now=T0 + SETTLE_SECONDS + 1)
        at(alive, history(flow(-60.0, FUNDING, at=T0 - 3), flow(-40.0, TRADE)), now=T0 + 21)
        later(alive)
        assert left(alive) == 0.0

    def test_what_it_does_not_explain_is_told_at_once(self) -> None:
        alive = heard()
        at(alive, wallet(9_900.0), now=T0)
        at(alive, now=T0 + SETTLE_SECONDS + 1)
        at(alive, history(flow(-100.0, TRANSFER), flow(-3.0, asset="ETH")), now=T0 + 21)
        assert left(alive) == -100.0
        assert said(alive).endswith("; a transfer out of the account was reported")

    def test_a_payment_that_is_stamped_before_the_wallet_of_before_is_found(self) -> None:
        alive = heard()
        at(alive, flow(1.0, TRADE, at=T0 - 2), wallet(10_001.0, at=T0 - 2), now=T0 - 2)
        at(alive, wallet(9_901.0), now=T0)
        at(alive, now=T0 + SETTLE_SECONDS + 1)
        at(alive, history(flow(-100.0, FUNDING, at=T0 - 10)), now=T0 + 21)
        assert left(alive) == 0.0

    def test_one_that_does_not_reach_far_enough_says_nothing(self) -> None:
        alive = heard()
        at(alive, wallet(9_900.0), now=T0)
        at(alive, now=T0 + SETTLE_SECONDS + 1)
        at(alive, history(flow(-100.0), until=T0 - 1), now=T0 + 21)
        later(alive)
        assert left(alive) == -100.0

    def test_it_is_asked_for_again_because_it_may_lag_behind_and_then_no_more(self) -> None:
        alive = heard()
        at(alive, wallet(9_900.0), now=T0)
        asks = [ask for second in range(2_000) for ask in at(alive, now=T0 + second).resyncs]
        assert len(asks) == 3
        assert left(alive) == -100.0

    def test_of_an_account_that_is_not_ours_nothing_is_booked(self) -> None:
        alive = heard()
        stranger = CashFlowsRead(account=OTHER, flows=(), since=T, until=T0, received=T0)
        result = at(alive, flow(5.0, account=OTHER), stranger, now=T0)
        assert result.resyncs == ()

    def test_a_profit_of_a_contract_that_nobody_knows_cannot_be_booked(self) -> None:
        alive = heard()
        at(alive, flow(50.0, TRADE, asset="", symbol="NEWUSDT"), wallet(10_050.0), now=T0)
        later(alive)
        assert left(alive) == 50.0


class TestWhileTheStreamWasDown:
    def down(self) -> Engine:
        alive = heard()
        at(alive, FeedDown(VENUE, "main", "user", T0 - 20, "cut"), now=T0 - 20)
        at(alive, reading(balances=(balance("USDT", 9_900.0, update_time=T0),), asked=T0 + 1), now=T0 + 1)
        at(alive, FeedUp(VENUE, "main", "user", T0 + 5), now=T0 + 5)
        return alive

    def test_a_change_without_flows_is_unknown_until_the_history_was_read(self) -> None:
        alive = self.down()
        later(alive)
        assert left(alive) is None
        assert said(alive) == (
            "\N{MINUS SIGN}100 USDT at 13:48 UTC; its cause is unknown: the account's stream was down, and its history "
            "was not read since"
        )
        at(alive, history(flow(-100.0), until=T0 + 100), now=T0 + 120)
        assert left(alive) == 0.0

    def test_the_history_may_show_that_nothing_explains_it(self) -> None:
        alive = self.down()
        at(alive, now=T0 + SETTLE_SECONDS + 2)
        at(alive, history(), now=T0 + 21)
        assert left(alive) == -100.0

    def test_what_changed_after_it_was_up_again_is_a_finding(self) -> None:
        alive = self.down()
        at(alive, now=T0 + SETTLE_SECONDS + 2)
        at(alive, history(flow(-100.0)), now=T0 + 16)
        at(alive, reading(balances=(balance("USDT", 9_900.0, update_time=T0),), asked=T0 + 50), now=T0 + 50)
        at(alive, wallet(9_000.0, at=T0 + 60), now=T0 + 60)
        at(alive, now=T0 + 71)
        at(alive, now=T0 + 102)
        assert left(alive) == -900.0

    def test_a_change_that_balances_is_known_all_the_same(self) -> None:
        alive = heard()
        at(
            alive,
            FeedDown(VENUE, "main", "user", T0, "cut"),
            FeedDown(VENUE, "main", "user", T0 + 1, "cut"),
            now=T0 + 1,
        )
        at(alive, flow(-10.0, at=T0 + 2), wallet(9_990.0, at=T0 + 2), now=T0 + 2)
        later(alive)
        assert left(alive) == 0.0

    def test_an_overrun_meanwhile_adds_nothing(self) -> None:
        alive = heard()
        at(alive, FeedDown(VENUE, "main", "user", T0, "cut"), now=T0)
        alive.force_resync("too many events waited")
        up = FeedUp(VENUE, "main", "user", T0 + 2)
        at(alive, wallet(9_900.0, at=T0 + 1), up, replace(up, at=T0 + 3), now=T0 + 3)
        later(alive)
        assert left(alive) is None

    def test_facts_that_may_have_been_lost_in_the_inbox_are_missing_too(self) -> None:
        alive = heard()
        at(alive, now=T0)
        alive.force_resync("too many events waited")
        at(alive, wallet(9_900.0, at=T0 + 1), now=T0 + 1)
        later(alive)
        assert left(alive) is None


def test_a_wallet_of_before_the_last_one_changes_nothing() -> None:
    cash = Cash()
    for amount, time in ((100.0, T), (90.0, T + 10), (95.0, T + 5)):
        cash.wallets(MAIN, [("USDT", amount, time)], T + 10)
    cash.flow(flow(-10.0, at=T + 10))
    cash.judge(T + 30)
    assert cash.gaps(MAIN, T + 100) == []


def test_a_book_stays_small_whatever_comes() -> None:
    cash = Cash()
    cash.flow(flow(1.0, asset="EARLY"))
    cash.wallets(MAIN, [("USDT", 0.0, T)], T)
    for number in range(KEPT_FLOWS + 100):
        cash.flow(flow(1.0, at=T0 + number))
        cash.wallets(MAIN, [("USDT", 3.0 * number, T0 + number)], T0)
        cash.flow(flow(1.0, asset="NEVER", at=T0 + number))
    ledger = cash._books[MAIN].ledgers["USDT"]
    assert len(ledger.flows) <= KEPT_FLOWS
    assert len(ledger.waiting) <= KEPT_WALLETS
    assert len(cash._books[MAIN].early) <= KEPT_WALLETS + 1


def test_an_account_that_is_closed_leaves_no_book() -> None:
    alive = heard()
    at(alive, wallet(5_000.0), now=T0)
    result = at(alive, AccountClosed(MAIN, T0), now=T0 + 60)
    assert (result.resyncs, alive.reports()) == ((), ())
