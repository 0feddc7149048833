"""What goes wrong between a client and Hyperliquid on a bad day: a row a mishap, on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.sim import mishap
from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.faults import MODE, SPOT, STATE
from monitor.sim.hyperliquid.server import SimHyperliquid
from monitor.sim.hyperliquid.streams import FILLS, PRICES, ROUTE, STATES
from monitor.sim.hyperliquid.streams import SPOT as SPOT_STREAM
from monitor.sim.mishap import Doors, Mishap

READINGS = (STATE, SPOT, MODE)
TOPICS = (PRICES, STATES, SPOT_STREAM, FILLS)
DOORS = Doors((ROUTE,))


def _refuse(sim: SimHyperliquid, dice: random.Random) -> None:
    sim.faults.refuse.add(dice.choice((ROUTE, "rest")))
    sim.drop()


def _wrong_route(sim: SimHyperliquid, _: random.Random) -> None:
    sim.faults.wrong_route_silence.add(ROUTE)
    sim.drop()


def _lost_argument(sim: SimHyperliquid, dice: random.Random) -> None:
    sim.faults.lost_argument[dice.choice(TOPICS)] += 1
    sim.drop()


def _lost_acknowledgement(sim: SimHyperliquid, dice: random.Random) -> None:
    sim.faults.lost_acknowledgement[dice.choice(TOPICS)] += 1
    sim.drop()


def _silent_topic(sim: SimHyperliquid, dice: random.Random) -> None:
    sim.faults.silent_topic.add(dice.choice(TOPICS))


def _foreign_users(sim: SimHyperliquid, _: random.Random) -> None:
    sim.faults.foreign_users = 10
    sim.drop()


def _bad_price(sim: SimHyperliquid, dice: random.Random) -> None:
    sim.faults.bad_price["BTC"] = dice.choice(("NaN", "-1", "", None))


def _missing_field(sim: SimHyperliquid, _: random.Random) -> None:
    sim.faults.missing_field["ETH"] = "markPx"


def _missing_rows(sim: SimHyperliquid, dice: random.Random) -> None:
    sim.faults.missing_rows[dice.choice(sim.board.dexs)] = 1


def _still_oracle(sim: SimHyperliquid, _: random.Random) -> None:
    sim.faults.still_oracle.add("xyz")


def _unreadable_mode(sim: SimHyperliquid, _: random.Random) -> None:
    sim.faults.unreadable_mode = True


def _taken(sim: SimHyperliquid, dice: random.Random) -> SimAccount:
    return sim.accounts[dice.choice(sorted(sim.accounts))]


def _withdrawal(sim: SimHyperliquid, dice: random.Random) -> None:
    _taken(sim, dice).withdraw(10.0)


def _theft(sim: SimHyperliquid, dice: random.Random) -> None:
    _taken(sim, dice).steal(10.0)


MISHAPS: tuple[Mishap[SimHyperliquid], ...] = (
    Mishap("all connections are cut", mishap.drop_all),
    Mishap("the socket falls silent", DOORS.stall),
    Mishap("a door is closed", _refuse),
    Mishap("frames are held back, and come all at once", DOORS.backlog),
    Mishap("pings get no pong", DOORS.deaf),
    Mishap("subscriptions are not answered", DOORS.no_acknowledgement),
    Mishap("subscriptions are acknowledged and not served", _wrong_route),
    Mishap("subscriptions are refused", DOORS.subscription_error),
    Mishap("one subscription of many is lost", _lost_argument),
    Mishap("one subscription's answer is lost", _lost_acknowledgement),
    Mishap("one subscription falls silent", _silent_topic),
    Mishap("others on the address follow ten users", _foreign_users),
    Mishap("too many requests, the venue says", mishap.rate_limit),
    Mishap("the address is refused for a second", mishap.ban),
    Mishap("the venue's clock is wrong by two seconds", mishap.clock),
    Mishap("frames are garbage", DOORS.garbage),
    Mishap("frames are cut short", DOORS.truncated),
    Mishap("frames are lost, doubled and out of order", DOORS.disorder),
    Mishap("BTC has an impossible price", _bad_price),
    Mishap("ETH has no price", _missing_field),
    Mishap("a dex lacks a row of prices", _missing_rows),
    Mishap("the oracle of xyz stands still", _still_oracle),
    Mishap("a snapshot holds half of the positions", mishap.half_snapshot),
    Mishap("a snapshot is empty", mishap.empty_snapshot),
    Mishap("an answer is a web page", mishap.garbage_answer(READINGS)),
    Mishap("nobody can read the mode", _unreadable_mode),
    Mishap("the venue tells of something that nobody knows", mishap.unknown_event),
    Mishap("somebody withdraws", _withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", _theft),
)
