"""What may leave an account at Bybit, as the venue says it: read beside the account, which does without it."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import Balance
from monitor.sim.bybit import MarginMode
from monitor.sim.bybit.faults import Refused
from tests.wire.bybit import Wired, simulator, wired
from tests.wire.harness import until

PATH = "/v5/account/withdrawal"
WALLETS = {"USDT": 10_000.0, "BTC": 0.5}


def coin(wire: Wired, asset: str) -> Balance:
    return next(one for one in wire.last().balances if one.asset == asset)


@pytest.mark.parametrize("mode", list(MarginMode))
async def test_what_may_leave_is_known_of_each_coin_and_of_the_account(mode: MarginMode) -> None:
    async with simulator(quiet=True) as sim:
        account = sim.add_account("main", mode=mode, wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: coin(wire, "USDT").withdrawable is not None, what="the next reading")
            assert coin(wire, "BTC").withdrawable == 0.5
            assert 0.0 < (coin(wire, "USDT").withdrawable or 0.0) <= account.wallet("USDT")
            assert wire.last().venue.withdrawable == pytest.approx(0.5 * sim.prices().usd_index("BTC"), rel=1e-3)


@pytest.mark.parametrize("code", [10001, 10005])
async def test_where_the_venue_does_not_say_the_account_is_read_all_the_same(code: int) -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.refused_answers[PATH] = Refused(code, "planted words")
        async with wired(sim) as wire:
            await wire.all_up()
            seen = len(wire.events)
            await until(lambda: len(wire.since(seen, type(wire.last()))) > 2, what="further readings")
            assert coin(wire, "USDT").withdrawable is None
            assert wire.last().venue.withdrawable is None
            assert not wire.last().problems
            assert wire.up("account", "main")
        assert not wire.ended
