"""What stands: told to a new engine it gives the reports of the one that saw everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.accounts import (
    AccountMode,
    CollateralMode,
    Order,
    Permissions,
    VenueAccount,
    Wallet,
)
from monitor.domain.alerts import Alert, AlertMemory, MemoryChange, Severity, Silence
from monitor.domain.commands import AlertsRestored
from monitor.domain.events import (
    AccountClosed,
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    BalanceChanged,
    Banned,
    CandlesLoaded,
    ClockRead,
    CollateralLoaded,
    ConfigChanged,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
    FundingIntervals,
    FundingRates,
    InstrumentsLoaded,
    OptionMarks,
    OrderChanged,
    ParametersSet,
    PermissionsRead,
    PollFailed,
    PositionChanged,
    Tick,
    Ticks,
    TiersLoaded,
    VenueWarning,
    WalletChanged,
    WarningKind,
)
from monitor.domain.names import AccountKey
from monitor.domain.tables import AssetRates
from monitor.outputs.journal.standing import Standing

MAIN, DESK = AccountKey("binance", "main"), AccountKey("binance", "desk")
MODE = AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False)
RATES = AssetRates(positive_rate=0.9, negative_rate=1.1, requirement_rate=1.0)


def tick(symbol: str, mark: float) -> Tick:
    return Tick("binance", symbol, mark, 1.0, 2.0)


def ticks(received: float, **marks: float) -> Ticks:
    return Ticks("binance", tuple(marks), tuple(marks.values()), (1.0,) * len(marks), received)


def reading(asked: float, account: AccountKey = MAIN, problems: tuple[str, ...] = ()) -> AccountSnapshot:
    return AccountSnapshot(
        account=account, positions=(), balances=(), asked=asked, received=asked + 1.0, problems=problems
    )


def config(asked: float, account: AccountKey = MAIN, problems: tuple[str, ...] = ()) -> AccountConfig:
    return AccountConfig(account=account, mode=MODE, symbols=(), asked=asked, received=asked + 1.0, problems=problems)


def moved(received: float, symbol: str = "BTCUSDT", quantity: float = 1.0) -> PositionChanged:
    return PositionChanged(
        account=MAIN,
        symbol=symbol,
        side=None,
        quantity=quantity,
        entry_price=None,
        margin_mode=None,
        isolated_wallet=None,
        venue_time=received,
        received=received,
    )


def standing(*events: Event) -> Sequence[Event]:
    keeper = Standing()
    for event in events:  # a step each
        keeper.see((event,))
    return keeper.events()


def test_the_last_word_of_each_kind_and_key_stands() -> None:
    loaded = InstrumentsLoaded("binance", (), 1.0)
    tiers, own = TiersLoaded("binance", None, (), 1.0), TiersLoaded("binance", MAIN, (), 1.0)
    clock, ban = ClockRead("binance", 0.1, 0.01, 1.0), Banned("binance", 9.0, 1.0)
    candles = CandlesLoaded("binance", "BTCUSDT", (1.0, 2.0), 60.0, 1.0)
    up, down = FeedUp("binance", None, "marks", 1.0), FeedDown("binance", "main", "user", 1.0, "lost")
    last = (loaded, tiers, own, clock, ban, candles, up, down)
    earlier = (
        FeedDown("binance", None, "marks", 0.5, "lost"),
        FeedUp("binance", "main", "user", 0.5),
        replace(clock, offset_seconds=0.5),
        replace(loaded, received=0.0),
    )
    assert set(standing(*earlier, *last)) == set(last)


def test_terms_of_collateral_stand_by_venue_and_account_and_end_their_failure() -> None:
    common, own = CollateralLoaded("binance", None, (), 1.0), CollateralLoaded("binance", MAIN, (), 1.0)
    failed = PollFailed("binance", None, "collateral", 0.5, "timed out")
    assert standing(failed, replace(common, received=0.0), common, own) == (common, own)


def option_marks(received: float, **volatilities: float) -> OptionMarks:
    forwards = (60_000.0,) * len(volatilities)
    return OptionMarks("binance", tuple(volatilities), tuple(volatilities.values()), forwards, received)


def test_the_newest_mark_of_each_option_stands_until_it_is_listed_no_more() -> None:
    told = (option_marks(1.0, A=0.5, B=0.6), option_marks(2.0, B=0.7), option_marks(1.5, B=9.0))
    assert standing(*told) == (option_marks(1.0, A=0.5), option_marks(2.0, B=0.7))
    beside = replace(told[0], indexes=(59_990.0, None))
    assert standing(beside, told[1])[0] == replace(option_marks(1.0, A=0.5), indexes=(59_990.0,))
    loaded = InstrumentsLoaded("binance", (), 3.0)
    assert standing(*told, loaded) == (loaded,)


def ordered(received: float, name: str) -> OrderChanged:
    order = Order(id=name, symbol="BTCUSDT", quantity=1.0, price=1.0)
    return OrderChanged(account=MAIN, order=order, venue_time=received, received=received)


def test_pushes_about_orders_stand_until_two_whole_readings_came_after_them() -> None:
    first, second = ordered(1.0, "a"), ordered(6.0, "b")
    assert standing(first, reading(5.0), second) == (first, reading(5.0), second)
    kept = standing(first, reading(5.0), second, reading(10.0))
    assert kept == (reading(5.0), second, reading(10.0))
    doubtful = reading(15.0, problems=("a row",))
    assert standing(first, reading(5.0), second, doubtful) == (first, reading(5.0), second, doubtful)


def test_the_last_push_about_each_purse_stands_as_it_came() -> None:
    def told(name: str, at: float) -> WalletChanged:
        return WalletChanged(account=MAIN, wallet=Wallet(name=name), venue_time=at, received=at)

    events = (told("FETUSDT", 1.0), told("BTCUSDT", 2.0), told("FETUSDT", 3.0))
    assert standing(*events) == (told("BTCUSDT", 2.0), told("FETUSDT", 3.0))


def test_the_numbers_that_were_set_last_stand_for_each_venue() -> None:
    first, second = (ParametersSet("okx", (("threshold", at),), at) for at in (1.0, 2.0))
    other = ParametersSet("binance", (("threshold", 0.9),), 1.0)
    assert set(standing(first, other, second)) == {other, second}


def test_scenarios_that_came_with_a_reading_end_their_failure() -> None:
    failed = PollFailed("binance", "main", "risk", 0.5, "timed out")
    told = replace(reading(5.0), venue=VenueAccount(risk_asked=4.0))
    assert standing(failed, reading(4.0)) == (reading(4.0), failed)
    assert standing(failed, told) == (told,)
    again = replace(told, asked=6.0)
    assert standing(told, failed, again) == (told, again, failed), "they are the old ones"


def test_timers_and_warnings_leave_nothing() -> None:
    warning = VenueWarning(
        account=MAIN, kind=WarningKind.ADL, symbol=None, side=None, detail="", venue_time=1.0, received=1.0
    )
    assert standing(Elapsed(1.0), warning) == ()


def test_of_marks_the_newest_of_each_instrument_stands_whether_it_came_alone_or_in_an_array() -> None:
    found = standing(
        ticks(2.0, BTCUSDT=1.0, ETHUSDT=2.0, SOLUSDT=3.0),
        tick("ETHUSDT", 2.5),
        ticks(3.0, SOLUSDT=3.5, XRPUSDT=4.0),
    )
    assert found == (
        tick("ETHUSDT", 2.5),
        ticks(2.0, BTCUSDT=1.0),
        ticks(3.0, SOLUSDT=3.5, XRPUSDT=4.0),
    )


def test_an_asset_keeps_the_rates_that_a_later_price_does_not_tell() -> None:
    rated = AssetTick("binance", "BTC", 60_000.0, 1.0, 1.0, RATES)
    plain = AssetTick("binance", "BTC", 61_000.0, 2.0, 2.0)
    assert standing(rated, plain) == (rated, plain)
    assert standing(plain, rated) == (rated,)


def test_of_an_account_two_readings_stand_and_the_last_push_about_each_thing_as_they_came() -> None:
    wallet = BalanceChanged(account=MAIN, asset="USDT", wallet=1.0, cross_wallet=1.0, venue_time=1.0, received=1.0)
    events = (config(1.0), reading(5.0), wallet, moved(7.0), reading(10.0), moved(15.0), moved(17.0), reading(20.0))
    assert standing(*events) == (config(1.0), wallet, reading(10.0), moved(17.0), reading(20.0))
    assert standing(*events, moved(21.0)) == (config(1.0), wallet, reading(10.0), reading(20.0), moved(21.0))


def test_a_reading_with_problems_closes_nothing_so_that_the_whole_ones_before_it_stand_too() -> None:
    whole = [reading(asked) for asked in (5.0, 10.0, 20.0)]
    doubtful = [reading(30.0 + number, problems=("a row",)) for number in range(9)]
    assert standing(*whole, doubtful[0], doubtful[1]) == (*whole[1:], *doubtful[:2])
    assert standing(*whole, *doubtful) == (*whole[1:], *doubtful[3:])
    assert standing(*doubtful) == (*doubtful[3:],)
    assert standing(*doubtful, reading(50.0), reading(60.0)) == (reading(50.0), reading(60.0))


def test_a_push_about_the_configuration_stands_until_the_configuration_is_read_after_it() -> None:
    push = ConfigChanged(account=MAIN, venue_time=3.0, received=3.0, multi_assets=True)
    assert standing(config(1.0), push, reading(10.0)) == (config(1.0), push, reading(10.0))
    assert standing(config(1.0), push, config(4.0)) == (config(4.0),)
    assert standing(config(1.0), push, config(2.0)) == (config(2.0), push)


def test_a_reading_that_failed_stands_until_the_same_one_succeeds() -> None:
    def failed(what: str, account: str | None = "main") -> PollFailed:
        return PollFailed("binance", account, what, 1.0, "timed out")

    permitted = PermissionsRead(account=MAIN, permissions=Permissions(), received=2.0)
    healed = (
        (failed("account"), reading(2.0)),
        (failed("config"), config(2.0)),
        (failed("permissions"), permitted),
        (failed("tiers"), TiersLoaded("binance", MAIN, (), 2.0)),
        (failed("tiers", None), TiersLoaded("binance", None, (), 2.0)),
        (failed("instruments", None), InstrumentsLoaded("binance", (), 2.0)),
    )
    for failure, success in healed:
        assert standing(failure) == (failure,)
        assert standing(failure, success) == (success,)
        assert standing(failure, success, failure) == (success, failure)


def test_of_a_closed_account_nothing_stands_but_that_it_is_closed() -> None:
    closed = AccountClosed(MAIN, 50.0)
    others = (reading(1.0, DESK), FeedUp("binance", "desk", "user", 1.0), FeedUp("other", "main", "user", 1.0))
    of_it = (
        reading(1.0),
        FeedUp("binance", "main", "user", 1.0),
        TiersLoaded("binance", MAIN, (), 1.0),
        PollFailed("binance", "main", "config", 1.0, "timed out"),
    )
    assert set(standing(*others, *of_it, closed)) == {*others, closed}


def test_what_is_kept_is_bounded_by_what_there_is() -> None:
    keeper = Standing()
    for number in range(200):
        keeper.see((moved(float(number)), tick("BTCUSDT", float(number)), ticks(float(number), ETHUSDT=1.0, X=2.0)))
        if number % 10 == 0:
            keeper.see((reading(float(number)),))
    assert len(keeper.events()) == 5


def test_a_configuration_that_could_not_be_read_whole_stands_on_the_last_one_that_could() -> None:
    doubtful = [config(asked, problems=("a row",)) for asked in (3.0, 4.0)]
    assert standing(config(1.0), config(2.0), *doubtful) == (config(2.0), doubtful[1])
    assert standing(*doubtful, config(5.0)) == (config(5.0),)


def test_what_comes_late_takes_nobodys_place() -> None:
    late = replace(tick("BTCUSDT", 1.0), venue_time=0.5)
    assert standing(tick("BTCUSDT", 2.0), late) == (tick("BTCUSDT", 2.0),)
    assert standing(ticks(1.0, BTCUSDT=2.0), late) == (ticks(1.0, BTCUSDT=2.0),)
    assert standing(reading(10.0), reading(5.0)) == (reading(10.0),)
    assert standing(config(10.0), config(5.0)) == (config(10.0),)
    assert standing(moved(10.0), moved(9.0)) == (moved(10.0),)


def test_the_newest_funding_of_each_instrument_stands() -> None:
    first = FundingRates("binance", ("BTCUSDT", "ETHUSDT"), (0.1, 0.2), (8.0, None), 1.0)
    later = FundingRates("binance", ("ETHUSDT",), (0.3,), (9.0,), 2.0)
    hours = FundingIntervals("binance", ("BTCUSDT",), (28_800.0,), 1.0)
    left = replace(first, symbols=("BTCUSDT",), rates=(0.1,), next_times=(8.0,))
    assert set(standing(hours, first, later)) == {hours, left, later}


def memory(rule: str, fingerprint: str, number: int = 1) -> AlertMemory:
    alert = Alert(rule=rule, severity=Severity.WARNING, fingerprint=fingerprint)
    return AlertMemory(
        rule=rule, account=MAIN, pool="", detail=(), levels={}, severity=Severity.WARNING, since=1.0, told_at=1.0,
        told_room=None, worst_room=None, number=number, alert=alert,
    )  # fmt: skip


def test_alerts_that_fire_and_silences_stand_first_as_they_were_last_kept() -> None:
    keeper = Standing()
    assert keeper.events() == ()
    quiet = Silence(id="s1", matchers=(), starts=0.0, ends=9.0, author="ann", comment="")
    restored = AlertsRestored(alerts=(memory("drift", "a"), memory("deficit", "b")), silences=(quiet,), at=0.5)
    keeper.see((restored, ClockRead("binance", 0.1, 0.01, 1.0)))
    keeper.remember(MemoryChange())
    keeper.remember(MemoryChange(keep=(memory("drift", "a", 2), memory("journal", "c")), forget=("b",)))
    (alerts, _) = keeper.events(7.0)
    assert alerts == AlertsRestored(alerts=(memory("drift", "a", 2), memory("journal", "c")), silences=(quiet,), at=7.0)
    keeper.remember(MemoryChange(silences=(replace(quiet, id="s2"),), ended_silences=("s1",)))
    (alerts, _) = keeper.events(8.0)
    assert isinstance(alerts, AlertsRestored)
    assert [each.id for each in alerts.silences] == ["s2"]
