"""A capture at Bybit: all that `assess` reads, in files named by their requests, and nothing that tells whose it is."""

from __future__ import annotations

import pytest

from monitor.app.clock import SystemClock
from monitor.domain.errors import AuthRejected
from monitor.domain.events import AccountSnapshot, TiersLoaded
from monitor.domain.names import AccountKey
from monitor.sim.bybit import MarginMode
from monitor.sim.bybit.faults import Refused
from monitor.venues.bybit import offline
from monitor.venues.bybit.capture import capture
from monitor.venues.bybit.redact import redact
from tests.wire.bybit import settings_of, simulator, truth

WALLETS = {"USDT": 10_000.0, "BTC": 0.5}
ANYBODY = AccountKey("bybit", "account")
LEFT_OUT = "v5_spot-margin-trade_position-tiers.json"


@pytest.mark.parametrize("mode", list(MarginMode))
async def test_a_capture_holds_what_the_account_is_computed_from(mode: MarginMode) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=mode, wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        account.trade("BTCUSD", 100.0)
        for number in range(60):
            account.place_order("ETHUSDT", 0.01, round(account.prices().mark("ETHUSDT") * 0.9 - number, 1))
        missed: list[str] = []
        answers, first = await capture(settings_of(sim), "main", SystemClock(), missed.append)
        assert not missed
        assert "v5_position_list__category=linear__settleCoin=USDT.json" in answers
        assert "v5_order_realtime__category=linear__settleCoin=USDT__page=2.json" in answers
        assert ("v5_asset_portfolio-margin.json" in answers) == (mode is MarginMode.PORTFOLIO)
        clean = {name: redact(name, raw) for name, raw in answers.items()}
        assert account.key not in repr(clean)
        read = offline.read(clean, ANYBODY, first)
        (snapshot,) = [event for event in read.events if isinstance(event, AccountSnapshot)]
        (tiers,) = [event for event in read.events if isinstance(event, TiersLoaded)]
        assert {position.key: position.quantity for position in snapshot.positions} == truth(account)
        assert len(snapshot.orders) == 60
        assert set(dict(tiers.tiers)) == {"BTCUSDT", "BTCUSD", "ETHUSDT"}
        assert not read.problems


async def test_an_optional_answer_that_fails_is_named_and_left_out() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.refused_answers["/v5/spot-margin-trade/position-tiers"] = Refused(10001, "planted words")
        missed: list[str] = []
        answers, _ = await capture(settings_of(sim), "main", SystemClock(), missed.append)
        assert LEFT_OUT not in answers
        (words,) = missed
        assert words.startswith(f"{LEFT_OUT} is left out")
        assert "planted" not in words


async def test_a_key_that_is_refused_is_the_end_of_it() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        with pytest.raises(AuthRejected):
            await capture(settings_of(sim, secret="wrong"), "main", SystemClock(), lambda _: None)
