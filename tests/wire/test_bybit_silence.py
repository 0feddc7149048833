"""Connected to Bybit, and nothing comes: subscriptions without acknowledgement or data, logins, prices that freeze."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.events import AccountSnapshot, FeedDown, FeedUp, PollFailed, Tick
from tests.wire.bybit import SHORT, Wired, simulator, truth, wired
from tests.wire.harness import until

WALLETS = {"USDT": 10_000.0, "BTC": 0.5}
LIVELY = replace(SHORT, bridge_every_seconds=0.3)  # marks over REST are read as often, compared with other waits

# Complaint 16: connected, and the subscription is dead.


async def test_pongs_only_and_no_acknowledgement_is_dead_resubscribed_and_reconnected() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        sim.faults.no_acknowledgement.add("linear")
        async with wired(sim) as wire:
            await wire.says("marks", "tickers.BTCUSDT: no acknowledgement")
            await until(lambda: wire.status("marks").reconnects >= 1)
            assert wire.status("marks").missed_acknowledgements >= 2
            await until(lambda: "BTCUSDT" in wire.marks(), what="its mark over REST meanwhile")
            sim.faults.no_acknowledgement.clear()
            await wire.all_up()


async def test_acknowledged_and_never_sent_anything_is_dead_too() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        sim.faults.starve.add("linear")
        async with wired(sim) as wire:
            await wire.says("marks", "never sent anything")
            await until(lambda: wire.status("marks").reconnects >= 1)
            sim.faults.starve.clear()
            await wire.all_up()


async def test_one_topic_of_many_that_stays_silent_is_named_and_costs_the_others_nothing() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        account.trade("ETHUSDT", 1.0)
        sim.faults.silent_symbol.add("ETHUSDT")
        async with wired(sim) as wire:
            said = await wire.says("marks", "tickers.ETHUSDT: acknowledged, but never sent anything")
            assert "BTCUSDT" not in said
            await until(lambda: sim.hub.opened_by_route["linear"] >= 2, what="another connection is tried")
            mark = len(wire.events)
            await until(lambda: len([one for one in wire.since(mark, Tick) if one.symbol == "BTCUSDT"]) >= 10)
            assert wire.status("marks").phase == "silent", "and the one that serves the others goes on"
            await until(lambda: "ETHUSDT" in wire.marks(), what="its mark over REST")
            sim.faults.silent_symbol.clear()
            await wire.all_up()


async def test_a_topic_that_the_venue_refuses_costs_the_others_of_its_request_nothing() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        account.trade("ETHUSDT", 1.0)
        listed, unknown = sim._listed, {"tickers.ETHUSDT"}
        sim._listed = lambda category, topic: topic not in unknown and listed(category, topic)  # type: ignore[method-assign]  # it forgot one
        async with wired(sim) as wire:
            await until(lambda: "tickers.BTCUSDT" in sim.hub.wanted("linear"))
            await until(lambda: "ETHUSDT: the venue refused" in wire.status("marks").reason)
            assert "BTCUSDT" not in wire.status("marks").reason
            await asyncio.sleep(0.5)
            assert sim.hub.opened_by_route["linear"] == 1, "a refusal is no reason to connect anew"
            unknown.clear()
            await wire.all_up()


async def test_a_refused_subscription_says_so() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        sim.faults.subscription_error.add("linear")
        async with wired(sim) as wire:
            await wire.says("marks", "refused the subscription")
            sim.faults.subscription_error.clear()
            await wire.all_up()


async def test_an_acknowledgement_that_is_lost_is_asked_for_again() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.lost_acknowledgements["private"] = 1
        async with wired(sim) as wire:
            await until(lambda: wire.up("user", "main"))
            assert wire.status("user", "main").missed_acknowledgements == 5, "one for each topic"
            assert wire.status("user", "main").reconnects == 0


# Logins


async def test_a_login_without_an_answer_is_no_stream_and_tried_again() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.no_auth_answer = True
        async with wired(sim) as wire:
            await wire.says("user", "no answer to the login", "main")
            sim.faults.no_auth_answer = False
            await wire.all_up()


async def test_a_refused_login_is_for_a_person_and_no_storm_and_the_account_is_read_meanwhile() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.dead_auth = True
        async with wired(sim, timings=replace(SHORT, rate_limited_seconds=0.4)) as wire:
            await wire.says("user", "the login was refused", "main")
            await until(lambda: len(wire.all(AccountSnapshot)) >= 3)
            await asyncio.sleep(1.0)
            assert sim.hub.opened_by_route["private"] <= 5
            sim.faults.dead_auth = False
            await wire.all_up()


async def test_what_is_said_at_a_login_shows_nowhere() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        sim.faults.dead_auth = True
        async with wired(sim) as wire:
            await wire.down("user", 0)
            text = repr(wire.events) + repr(wire.ended) + repr(wire.session.feeds()) + repr(wire.session.malformed())
            for planted in (account.key, account.secret):
                assert planted not in text


# Complaint 17: prices freeze while connected, or nobody trades.


async def test_a_socket_that_stalls_is_found_bridged_and_found_again() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.stall.add("linear")
            assert "not even a pong" in (await wire.down("marks", mark)).reason
            sim.market.set_mark("BTCUSDT", 123_456.0)
            await until(lambda: wire.marks()["BTCUSDT"][1] == pytest.approx(123_456.0, rel=0.01), what="the bridge")
            sim.faults.stall.clear()
            await wire.all_up()


async def test_a_topic_that_falls_silent_while_its_price_moves_is_found_by_what_rest_shows() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        account.trade("ETHUSDT", 1.0)
        async with wired(sim, timings=LIVELY) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.silent_symbol.add("ETHUSDT")
            down = await wire.down("marks", mark)
            assert down.reason == "tickers.ETHUSDT: it does not tell what REST shows"
            sim.faults.silent_symbol.clear()
            await wire.all_up()


async def test_in_a_quiet_night_no_stall_is_told_and_marks_stay_new() -> None:
    async with simulator(quiet=True) as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        sim.faults.freeze_symbol.add("BTCUSDT")
        async with wired(sim, timings=LIVELY) as wire:
            await wire.all_up()
            mark = len(wire.events)
            await asyncio.sleep(3.0)
            assert not wire.since(mark, FeedDown)
            age_seconds = wire.clock.now() - wire.marks()["BTCUSDT"][0]
            assert age_seconds < 2.5, "an answer keeps the mark new, never a heartbeat"


async def test_a_change_that_the_private_stream_does_not_tell_is_found_and_the_stream_replaced() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            mark = len(wire.events)
            sim.faults.starve.add("private")
            account.trade("BTCUSDT", 0.1)
            down = await wire.down("user", mark)
            assert "position: it does not tell what REST shows" in down.reason
            await until(lambda: wire.held() == truth(account))
            sim.faults.starve.clear()
            await until(lambda: sim.hub.opened_by_route["private"] >= 2)
            await wire.all_up()


async def test_without_a_pong_a_quiet_private_socket_is_dead() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.deaf.add("private")
            await wire.down("user", mark)
            sim.faults.deaf.clear()
            await until(lambda: wire.since(mark, FeedUp))


def rows_up(wire: Wired) -> bool:
    return all(one.up for one in wire.streams())


async def test_while_the_venue_is_deaf_to_everything_nothing_is_asked_in_a_hurry() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.refuse.add("rest")
            await until(lambda: wire.all(PollFailed))
            before = sim.hub.sent.answers.total()
            await asyncio.sleep(1.0)
            assert sim.hub.sent.answers.total() - before < 150
            sim.faults.refuse.clear()
            await until(lambda: rows_up(wire))


async def test_a_stream_that_is_down_and_no_longer_needed_is_no_outage() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000.0})
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.refuse.add("linear")
            mark = len(wire.events)
            sim.drop("linear")
            await wire.down("marks", mark)
            account.close("BTCUSDT")
            await until(lambda: isinstance(wire.edges("marks")[-1], FeedUp))
            assert wire.status("marks").phase == "idle"


async def test_an_account_that_may_not_be_read_leaves_no_stream_waiting() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).api.dead = True
        async with wired(sim) as wire:
            await wire.down("user", 0)
            assert {row: wire.status(row).phase for row in ("marks", "assets", "options")} == dict.fromkeys(
                ("marks", "assets", "options"), "idle"
            )
