"""What goes wrong between a client and KuCoin on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.sim import mishap
from monitor.sim.kucoin.faults import OVERVIEW, POSITIONS, PRIVATE, PUBLIC
from monitor.sim.kucoin.server import SimKucoin
from monitor.sim.kucoin.streams import POSITION_ALL, WALLET
from monitor.sim.mishap import Doors, Mishap

READINGS = (POSITIONS, OVERVIEW)
DOORS = Doors((PUBLIC, PRIVATE))


def _starve(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.starve.add(DOORS.one(dice))


def _no_welcome(sim: SimKucoin, dice: random.Random) -> None:
    route = DOORS.one(dice)
    sim.faults.no_welcome.add(route)
    sim.drop(route)


def _lost_acknowledgement(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.lost_acknowledgement[dice.choice((POSITION_ALL, WALLET))] += 1
    sim.drop(PRIVATE)


def _silent_topic(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.silent_topic.add(dice.choice((POSITION_ALL, WALLET)))


def _tokens(sim: SimKucoin, _: random.Random) -> None:
    sim.expire_tokens()
    sim.faults.refused_tokens += 1
    sim.drop()


def _nameless(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.nameless_partials = True


def _old_versions(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.stale_versions += 3


def _bad_price(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.bad_price["XBTUSDTM"] = dice.choice(("NaN", -1, ""))


def _missing_field(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.missing_field["ETHUSDTM"] = "markPrice"


def _silent(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.silent_symbol.add("XBTUSDTM")


def _frozen(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.freeze_symbol.add("ETHUSDTM")


MISHAPS: tuple[Mishap[SimKucoin], ...] = (
    Mishap("all connections are cut", mishap.drop_all),
    Mishap("a stream is cut", DOORS.drop),
    Mishap("a stream falls silent", DOORS.stall),
    Mishap("a stream has no data any more", _starve),
    Mishap("a door is closed", DOORS.refuse),
    Mishap("frames are held back, and come all at once", DOORS.backlog),
    Mishap("pings get no pong", DOORS.deaf),
    Mishap("sockets are not welcomed", _no_welcome),
    Mishap("subscriptions are not answered", DOORS.no_acknowledgement),
    Mishap("subscriptions are refused", DOORS.subscription_error),
    Mishap("one subscription's answer is lost", _lost_acknowledgement),
    Mishap("a topic is silent", _silent_topic),
    Mishap("tokens are not valid any more", _tokens),
    Mishap("moves of marks do not say whose", _nameless),
    Mishap("wallets come with old versions", _old_versions),
    Mishap("too many requests, the venue says", mishap.rate_limit),
    Mishap("the address is refused for a second", mishap.ban),
    Mishap("the venue's clock is wrong by two seconds", mishap.clock),
    Mishap("timestamps are refused", mishap.timestamp),
    Mishap("frames are garbage", DOORS.garbage),
    Mishap("frames are cut short", DOORS.truncated),
    Mishap("frames are lost, doubled and out of order", DOORS.disorder),
    Mishap("XBTUSDTM has an impossible price", _bad_price),
    Mishap("ETHUSDTM has no price", _missing_field),
    Mishap("XBTUSDTM has no price any more", _silent),
    Mishap("ETHUSDTM repeats itself", _frozen),
    Mishap("a snapshot holds half of the positions", mishap.half_snapshot),
    Mishap("a snapshot is empty", mishap.empty_snapshot),
    Mishap("an answer is a web page", mishap.garbage_answer(READINGS)),
    Mishap("the venue tells of something that nobody knows", mishap.unknown_event),
    Mishap("somebody moves money out of an account", mishap.withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", mishap.theft),
)
