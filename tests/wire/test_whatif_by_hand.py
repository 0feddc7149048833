"""What-if against arithmetic by hand: each figure is worked out in fractions from what the venue answered.

The prices are those at which the simulated venues start: a dollar of USDT is worth 0.9996, BTC 98,000, ETH 3,400
(Hyperliquid: 60,000 and 3,000 in dollars), and marks are those over the quote, rounded as each venue prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from monitor.cli.whatif_edits import edit_of
from monitor.domain.lines import Direction
from monitor.domain.reports import PoolReport
from monitor.domain.whatif_json import request_of
from monitor.engine.picture import Picture
from monitor.engine.whatif import what_if
from monitor.sim.binance import SimBinance
from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from monitor.sim.kucoin import SimKucoin
from monitor.sim.okx import SimOkx
from tests.wire import kucoin, okx
from tests.wire.test_whatif_truth import BTC, ETH, STILL, engine_of

F = Fraction
USDT = F("0.9996")
WHOLE, HELD, COIN = F(1), F("0.3"), F(98_000)
PAID_TENTH, SMALL, FIRST_TIER = F("0.9"), F("0.1"), F("0.0045")
SHORT_ETH = "isolated:ETHUSDT:short"


class Stands(NamedTuple):
    """What a pool is to have, in its numeraire (`usd` of which is one); `needs` is what it is liquidated at. `line`
    is the USD price of a coin that is its line.
    """

    equity: Fraction
    needs: Fraction
    usd: Fraction = USDT
    line: tuple[str, Direction, Fraction] | None = None


async def pictured(sim: Any, venue: str, make: Mapping[str, Any], before: Callable[[Any], object]) -> Picture:
    """One account at a venue, as an engine sees it that was told the venue's answers."""
    async with sim as running:
        before(running.add_account("main", **make))
        return (await engine_of(running, venue)).picture()


def hold(picture: Picture, *edits: str, pools: Mapping[str, Stands], **request: Any) -> None:
    """The edits as people type them, and more of a request, make these pools."""
    (key,) = picture.accounts
    asked = {"edits": [edit_of(text, (key.venue, key.account)) for text in edits], **request}
    report = what_if(picture, request_of(asked))
    after = {pool.key.pool: pool for pool in report.accounts[0].after.pools}
    for name, stands in pools.items():
        same(after[name], stands)


def same(pool: PoolReport, stands: Stands) -> None:
    assert pool.equity_usd == pytest.approx(float(stands.equity * stands.usd), rel=1e-9)
    assert pool.ratio.value == pytest.approx(float(stands.needs / stands.equity), rel=1e-9)
    if stands.line is not None:
        coin, direction, price = stands.line
        assert pool.coins[coin][direction].price == pytest.approx(float(price), rel=1e-9)


async def test_binance_one_shared_pool_and_an_isolated_short() -> None:
    """Wallet 20,000 less 0.05 % of what was traded; 1,400 of it is the short's own (7,000 over 5)."""

    def before(account: Any) -> None:
        account.trade(BTC, 0.3, leverage=10, price=90_000.0)
        account.trade(ETH, -2.0, isolated=True, leverage=5, price=3_500.0)

    picture = await pictured(SimBinance(**STILL), "binance", {"wallets": {"USDT": 20_000.0}}, before)
    mark, ether = F("98039.21568627"), F("3401.36054422")
    rate, fee, wallet = F("0.004"), F("0.0005"), F(18_583)

    # Bought beside the mark: the entry is the mean, the fee of the fill is gone, and what was paid less is won at once.
    left = wallet - F("0.2") * 97_000 * fee
    equity = left + F("0.5") * (mark - 92_800)
    line = (F("0.5") * 92_800 - left) / (F("0.5") * (1 - rate))
    stands = Stands(equity, F("0.5") * mark * rate, line=("BTC", Direction.DOWN, line * USDT))
    hold(picture, "open BTCUSDT 0.2 @97000", pools={"cross:USDT": stands})

    # Into the third tier (800,000 to 3 million: 0.65 % less 1,500), where the line is, too.
    held = F("10.3")
    left = wallet - 10 * mark * fee
    paid = F("0.3") * 90_000 + 10 * mark
    line = (paid - left - 1_500) / (held * (1 - F("0.0065")))
    assert 800_000 < held * line < 3_000_000
    stands = Stands(
        left + held * mark - paid, held * mark * F("0.0065") - 1_500, line=("BTC", Direction.DOWN, line * USDT)
    )
    hold(picture, "open BTCUSDT 10", pools={"cross:USDT": stands})

    # Half of the short is bought back at 3,300: 200 are won, and half of its margin comes back.
    shared = wallet + 700 + 200 - 3_300 * fee + F("0.3") * (mark - 90_000)
    alone = Stands(700 + 3_500 - ether, ether * rate, line=("ETH", Direction.UP, 4_200 / (1 + rate) * USDT))
    pools = {"cross:USDT": Stands(shared, F("0.3") * mark * rate), SHORT_ETH: alone}
    hold(picture, "close ETHUSDT 50% @3300", pools=pools)

    # Through zero: the profit is realized, the fee is paid twice, and a short of the same size begins at the mark.
    left = wallet + F("0.3") * (mark - 90_000) - 2 * F("0.3") * mark * fee
    line = (left + F("0.3") * mark) / (F("0.3") * (1 + rate))
    stands = Stands(left, F("0.3") * mark * rate, line=("BTC", Direction.UP, line * USDT))
    hold(picture, "flip BTCUSDT", pools={"cross:USDT": stands})

    # Margin modes: a tenth of what was paid for the long becomes its own; the short's own comes back to all.
    shared = wallet - 2_700
    own = Stands(2_700 + F("0.3") * (mark - 90_000), F("0.3") * mark * rate)
    hold(picture, "isolate BTCUSDT", pools={"cross:USDT": Stands(shared, F(0)), "isolated:BTCUSDT:long": own})
    equity = wallet + 1_400 + F("0.3") * (mark - 90_000) + 2 * (3_500 - ether)
    stands = Stands(equity, (F("0.3") * mark + 2 * ether) * rate)
    hold(picture, "cross ETHUSDT", pools={"cross:USDT": stands})

    # BTC falls by 30 %, and ETH by 1.3 times that.
    low, ether_low = mark * F("0.7"), ether * F("0.61")
    shared = wallet + F("0.3") * (low - 90_000)
    pools = {
        "cross:USDT": Stands(shared, F("0.3") * low * rate),
        SHORT_ETH: Stands(1_400 + 2 * (3_500 - ether_low), 2 * ether_low * rate),
    }
    hold(picture, pools=pools, market=-0.3, betas={"ETH": 1.3})

    # USDT at 0.95: coins keep their dollars, so marks in USDT rise: the long wins USDT, and the short loses.
    peg = F("0.95")
    high, ether_high = mark * USDT / peg, ether * USDT / peg
    pools = {
        "cross:USDT": Stands(wallet + F("0.3") * (high - 90_000), F("0.3") * high * rate, peg),
        SHORT_ETH: Stands(1_400 + 2 * (3_500 - ether_high), 2 * ether_high * rate, peg),
    }
    hold(picture, pools=pools, pegs={"USDT": 0.95})


async def test_binance_hedge_mode_keeps_the_sides_apart() -> None:
    """0.5 long and 0.2 short, both at the mark; 0.1 more are sold at 99,000. Each side has its own requirement."""

    def before(account: Any) -> None:
        account.set_hedge(True)
        account.trade(BTC, 0.5, side="LONG", price=97_000.0)
        account.trade(BTC, -0.2, side="SHORT", price=97_500.0)

    picture = await pictured(SimBinance(**STILL), "binance", {"wallets": {"USDT": 20_000.0}}, before)
    mark, fee = F("98039.21568627"), F("0.0005")
    wallet = 20_000 - (F("0.5") * 97_000 + F("0.2") * 97_500 + F("0.1") * 99_000) * fee
    sold = F("0.2") * 97_500 + F("0.1") * 99_000
    equity = wallet + F("0.5") * (mark - 97_000) + sold - F("0.3") * mark
    hold(
        picture,
        "open BTCUSDT short 0.1 @99000",
        pools={"cross:USDT": Stands(equity, F("0.8") * mark * F("0.004"))},
    )


async def test_binance_multi_assets_counts_coins_by_their_rates() -> None:
    """BTC counts 95 % of its 98,000; USDT 0.9995, and 0.9997 where it is owed or required."""

    def before(account: Any) -> None:
        account.set_multi_assets(True)
        account.trade(BTC, 0.5, price=95_000.0)

    wallets = {"wallets": {"USDT": 20_000.0, "BTC": 0.3}}
    picture = await pictured(SimBinance(**STILL), "binance", wallets, before)
    counts, asked = F("0.99950004"), F("0.99969996")
    mark, wallet = F("98039.21568627"), 20_000 - F("0.5") * 95_000 * F("0.0005")

    def stands(coins: Fraction, price: Fraction, mark: Fraction) -> Mapping[str, Stands]:
        equity = coins * price * F("0.95") + (wallet + F("0.5") * (mark - 95_000)) * counts
        return {"multi-assets": Stands(equity, F("0.5") * mark * F("0.004") * asked, F(1))}

    hold(picture, "take 0.1 BTC", pools=stands(F("0.2"), F(98_000), mark))
    hold(picture, pools=stands(F("0.3"), 98_000 * F("0.7"), mark * F("0.7")), moves={"BTC": -0.3})


async def test_binance_inverse_contracts_are_counted_in_coins() -> None:
    """100 contracts of 100 USD at 90,000 in a wallet of one BTC."""
    make = {"product": "coinm", "wallets": {"BTC": 1.0}}
    picture = await pictured(
        SimBinance(**STILL), "binance", make, lambda account: account.trade("BTCUSD_PERP", 100, price=90_000.0)
    )
    (balance,) = (row for row in _balances(picture) if row.asset == "BTC")
    wallet, rate, fee = F(str(balance.wallet)), F("0.004"), F("0.0005")
    assert wallet == pytest.approx(F(1) - F(10_000) / 90_000 * fee, abs=1e-8)  # as the venue rounds it

    mark = F(98_000)
    bought = F(10_000) / 90_000 + F(5_000) / 97_000
    left = wallet - F(5_000) / 97_000 * fee
    line = 15_000 * (1 + rate) / (left + bought)
    stands = Stands(left + bought - 15_000 / mark, 15_000 / mark * rate, mark, ("BTC", Direction.DOWN, line))
    hold(picture, "open BTCUSD_PERP 50ct @97000", pools={"cross:BTC": stands})

    flipped = wallet + F(10_000) / 90_000 - 10_000 / mark - 2 * 10_000 / mark * fee
    hold(picture, "flip BTCUSD_PERP", pools={"cross:BTC": Stands(flipped, 10_000 / mark * rate, mark)})

    low = mark * F("0.7")
    stands = Stands(wallet + F(10_000) / 90_000 - 10_000 / low, 10_000 / low * rate, low)
    hold(picture, pools={"cross:BTC": stands}, moves={"BTC": -0.3})


def _balances(picture: Picture) -> Any:
    (believed,) = picture.accounts.values()
    assert believed.account is not None
    return believed.account.balances.values()


async def test_bybit_unified_counts_coins_with_a_haircut_and_the_fee_of_closing_at_bankruptcy() -> None:
    """BTC counts 95 %; required are 0.5 % of the value, and 0.055 % of what closing at the bankruptcy price costs."""

    def before(account: Any) -> None:
        account.trade(BTC, 0.3, price=97_000.0)
        account.trade(ETH, -2.0, price=3_500.0)

    make = {"mode": MarginMode.CROSS, "wallets": {"USDT": 20_000.0, "BTC": 0.5}}
    picture = await pictured(SimBybit(**STILL), "bybit", make, before)
    mark, ether, fee = F("98039.216"), F("3401.3605"), F("0.00055")
    wallet = 20_000 - (F("0.3") * 97_000 + 7_000) * fee

    def stands(
        wallet: Fraction,
        coins: Fraction,
        held: Fraction = HELD,
        mark: Fraction = mark,
        ether: Fraction = ether,
        btc: Fraction = COIN,
        usdt: Fraction = USDT,
        tenth: Fraction = PAID_TENTH,
    ) -> Mapping[str, Stands]:
        equity = coins * btc * F("0.95") + (wallet + held * (mark - 97_000) + 2 * (3_500 - ether)) * usdt
        long = held * mark * F("0.005") + held * 97_000 * tenth * fee
        short = 2 * ether * F("0.005") + 2 * 3_500 * F("1.1") * fee
        return {"multi-assets": Stands(equity, (long + short) * usdt, F(1))}

    half = F("0.5")
    hold(picture, "take 0.2 BTC", pools=stands(wallet, F("0.3")))
    hold(picture, "leverage BTCUSDT 5x", pools=stands(wallet, half, tenth=F("0.8")))
    won = F("0.15") * 2_000 - F("0.15") * 99_000 * fee
    hold(picture, "close BTCUSDT 50% @99000", pools=stands(wallet + won, half, F("0.15")))
    low = stands(wallet, half, mark=mark * F("0.7"), ether=ether * F("0.61"), btc=98_000 * F("0.7"))
    hold(picture, pools=low, moves={"BTC": -0.3, "ETH": -0.39})
    peg = F("0.95")
    high = stands(wallet, half, mark=mark * USDT / peg, ether=ether * USDT / peg, usdt=peg)
    hold(picture, pools=high, pegs={"USDT": 0.95})


async def test_bybit_isolated_margin_stays_what_it_was_supposed_to_be_though_no_price_is_printed_for_it() -> None:
    make = {"mode": MarginMode.ISOLATED, "wallets": {"USDT": 20_000.0}}
    picture = await pictured(SimBybit(**STILL), "bybit", make, lambda account: account.trade(ETH, -2.0, price=3_500.0))
    (whole,) = (pool for pool in picture.accounts[next(iter(picture.accounts))].pools if pool.isolated)
    report = what_if(picture, request_of({"edits": [edit_of("close ETHUSDT 50%", ("bybit", "main"))]}))
    (half,) = (pool for pool in report.accounts[0].after.pools if pool.key.pool == SHORT_ETH)
    assert half.equity_usd == pytest.approx((whole.cash / 2 + 3_500 - 3401.3605) * 0.9996, rel=1e-9)
    assert (half.quality, half.reasons) == ("LIVE", ())


async def test_okx_futures_mode_gives_an_isolated_position_its_part_of_the_margin_back() -> None:
    """0.4 % maintenance and 0.05 % for closing; 20 contracts of 0.1 ETH with 1,400 of their own."""

    def before(account: Any) -> None:
        account.trade(okx.SWAP, 30.0, price=95_000.0)
        account.trade(okx.ETHER, -20.0, mode="isolated", lever=5, price=3_500.0)

    make = {"level": 2, "wallets": {"USDT": 20_000.0}}
    picture = await pictured(SimOkx(**STILL), "okx", make, before)
    mark, ether, rate, fee = F("98039.22"), F("3401.361"), F("0.0045"), F("0.0005")
    wallet = 20_000 - (F("0.3") * 95_000 + 7_000) * fee - 1_400
    shared = wallet + 700 + 200 - 3_300 * fee + F("0.3") * (mark - 95_000)
    pools = {
        "cross:USDT": Stands(shared, F("0.3") * mark * rate),
        "isolated:ETH-USDT-SWAP:short": Stands(700 + 3_500 - ether, ether * rate),
    }
    hold(picture, "close ETH-USDT-SWAP 50% @3300", pools=pools)


async def test_okx_multi_currency_counts_coins_at_their_discount() -> None:
    """BTC counts 98 %; from 1,000 contracts on the second tier (0.5 %) is asked of all of them."""
    make = {"level": 3, "wallets": {"USDT": 20_000.0, "BTC": 0.1}}
    picture = await pictured(
        SimOkx(**STILL), "okx", make, lambda account: account.trade(okx.SWAP, 30.0, price=95_000.0)
    )
    mark, fee = F("98039.22"), F("0.0005")
    wallet, paid = 20_000 - F("0.3") * 95_000 * fee, F("0.3") * 95_000

    def stands(
        wallet: Fraction,
        paid: Fraction,
        held: Fraction = HELD,
        coins: Fraction = SMALL,
        fall: Fraction = WHOLE,
        usdt: Fraction = USDT,
        rate: Fraction = FIRST_TIER,
    ) -> Mapping[str, Stands]:
        there = mark * fall * USDT / usdt
        equity = coins * 98_000 * fall * F("0.98") + (wallet + held * there - paid) * usdt
        return {"multi-assets": Stands(equity, held * there * rate * usdt, F(1))}

    more = F("0.1") * 97_000
    hold(picture, "open BTC-USDT-SWAP 10ct @97000", pools=stands(wallet - more * fee, paid + more, F("0.4")))
    many = 10 * mark
    tier = stands(wallet - many * fee, paid + many, F("10.3"), rate=F("0.0055"))
    hold(picture, "open BTC-USDT-SWAP 1000ct", pools=tier)
    hold(picture, "take 0.05 BTC", pools=stands(wallet, paid, coins=F("0.05")))
    hold(picture, pools=stands(wallet, paid, fall=F("0.7")), moves={"BTC": -0.3})
    hold(picture, pools=stands(wallet, paid, usdt=F("0.95")), pegs={"USDT": 0.95})


async def test_kucoin_cross_asks_for_more_a_coin_the_more_is_held() -> None:
    """0.4 % times (1 + size / 300), and 0.06 % for closing. No index of USDT is told there: it counts one dollar."""
    make = {"kind": "classic", "wallets": {"USDT": 20_000.0}}
    picture = await pictured(
        SimKucoin(**STILL), "kucoin", make, lambda account: account.trade(kucoin.COIN, 300, price=95_000.0)
    )
    mark, fee, wallet = F("98039.22"), F("0.0006"), 20_000 - F("0.3") * 95_000 * F("0.0006")

    def stands(wallet: Fraction, held: Fraction, paid: Fraction, mark: Fraction, usd: Fraction) -> Mapping[str, Stands]:
        rate = F("0.004") * (1 + held / 300) + fee
        return {"cross:USDT": Stands(wallet + held * mark - paid, held * mark * rate, usd)}

    paid, one, third = F("0.3") * 95_000, F(1), F("0.3")
    more = third * 97_000
    hold(picture, "open XBTUSDTM 300ct @97000", pools=stands(wallet - more * fee, 2 * third, paid + more, mark, one))
    half = wallet + F("0.15") * (1_000 - 96_000 * fee)
    hold(picture, "close XBTUSDTM 50% @96000", pools=stands(half, F("0.15"), paid / 2, mark, one))
    hold(picture, pools=stands(wallet, third, paid, mark * F("0.7"), one), moves={"BTC": -0.3})
    peg = F("0.95")
    hold(picture, pools=stands(wallet, third, paid, mark / peg, peg), pegs={"USDT": 0.95})


async def test_hyperliquid_unified_has_one_purse_and_pays_funding_each_hour() -> None:
    """Half of what the highest leverage (40) asks for is required: an eightieth. The account's fee is not told."""
    make = {"mode": Mode.UNIFIED, "wallets": {"USDC": 20_000.0}}
    picture = await pictured(
        SimHyperliquid(**STILL), "hyperliquid", make, lambda account: account.trade("BTC", 0.3, price=58_000.0)
    )
    mark, one, wallet = F(60_000), F(1), 20_000 - F("0.3") * 58_000 * F("0.00045")
    held = F("0.3") * 58_000 + F("0.1") * 61_000
    equity = wallet - 6_100 * F("0.00045") + F("0.4") * mark - held
    line = (held - wallet + 6_100 * F("0.00045")) / (F("0.4") * (1 - F(1, 80)))
    stands = Stands(equity, F("0.4") * mark / 80, one, ("BTC", Direction.DOWN, line))
    hold(picture, "open BTC 0.1 @61000 fee=0.00045", pools={"cross:USDC": stands})
    low = mark * F("0.7")
    stands = Stands(wallet + F("0.3") * (low - 58_000), F("0.3") * low / 80, one)
    hold(picture, pools={"cross:USDC": stands}, moves={"BTC": -0.3})
    # 72 full hours in three days, at the rate of now.
    paid = 72 * F("0.0000125") * F("0.3") * mark
    stands = Stands(wallet + F("0.3") * (mark - 58_000) - paid, F("0.3") * mark / 80, one)
    hold(picture, pools={"cross:USDC": stands}, funding_days=3.0)
