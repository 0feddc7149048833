"""What goes wrong between a client and OKX on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.sim import mishap
from monitor.sim.mishap import Doors, Mishap
from monitor.sim.okx.faults import BALANCE, CONFIG, POSITIONS
from monitor.sim.okx.server import SimOkx
from monitor.sim.okx.streams import ACCOUNT, MARK, PRIVATE, PUBLIC
from monitor.sim.okx.streams import POSITIONS as POSITIONS_CHANNEL

READINGS = (BALANCE, POSITIONS, CONFIG)
DOORS = Doors((PUBLIC, PRIVATE))
UPGRADE_SECONDS = 3.0


def _wrong_route(sim: SimOkx, dice: random.Random) -> None:
    route = DOORS.one(dice)
    sim.faults.wrong_route_silence.add(route)
    sim.drop(route)


def _lost_argument(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.lost_argument[dice.choice((MARK, ACCOUNT, POSITIONS_CHANNEL))] += 1
    sim.drop()


def _lost_acknowledgement(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.lost_acknowledgement[dice.choice((MARK, ACCOUNT, POSITIONS_CHANNEL))] += 1
    sim.drop()


def _login(sim: SimOkx, dice: random.Random) -> None:
    if dice.random() < 0.5:
        sim.faults.login_silence += 1
    else:
        sim.faults.login_refused, sim.faults.login_code = 1, "60015"
    sim.drop(PRIVATE)


def _upgrade(sim: SimOkx, _: random.Random) -> None:
    sim.upgrade(seconds=UPGRADE_SECONDS)


def _too_many_connections(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.connection_count_error[dice.choice((ACCOUNT, POSITIONS_CHANNEL))] += 1
    sim.drop(PRIVATE)


def _pages(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.page_rows = 1
    for counter in (sim.faults.missing_page, sim.faults.pages_out_of_order):
        counter[dice.choice((ACCOUNT, POSITIONS_CHANNEL))] += 2


def _bad_price(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.bad_price["BTC-USDT-SWAP"] = dice.choice(("NaN", "-1", ""))


def _missing_field(sim: SimOkx, _: random.Random) -> None:
    sim.faults.missing_field["ETH-USDT-SWAP"] = "markPx"


def _silent(sim: SimOkx, _: random.Random) -> None:
    sim.faults.silent_symbol.add("BTC-USDT-SWAP")


MISHAPS: tuple[Mishap[SimOkx], ...] = (
    Mishap("all connections are cut", mishap.drop_all),
    Mishap("a stream is cut", DOORS.drop),
    Mishap("a stream falls silent", DOORS.stall),
    Mishap("a door is closed", DOORS.refuse),
    Mishap("frames are held back, and come all at once", DOORS.backlog),
    Mishap("pings get no pong", DOORS.deaf),
    Mishap("subscriptions are not answered", DOORS.no_acknowledgement),
    Mishap("subscriptions are acknowledged and not served", _wrong_route),
    Mishap("subscriptions are refused", DOORS.subscription_error),
    Mishap("one subscription of many is lost", _lost_argument),
    Mishap("one subscription's answer is lost", _lost_acknowledgement),
    Mishap("a login fails", _login),
    Mishap("the venue upgrades, and closes its sockets", _upgrade),
    Mishap("too many sockets have a channel, the venue says", _too_many_connections),
    Mishap("pages of a snapshot are lost or out of order", _pages),
    Mishap("too many requests, the venue says", mishap.rate_limit),
    Mishap("the address is refused for a second", mishap.ban),
    Mishap("the venue's clock is wrong by two seconds", mishap.clock),
    Mishap("timestamps are refused", mishap.timestamp),
    Mishap("frames are garbage", DOORS.garbage),
    Mishap("frames are cut short", DOORS.truncated),
    Mishap("frames are lost, doubled and out of order", DOORS.disorder),
    Mishap("BTC-USDT-SWAP has an impossible price", _bad_price),
    Mishap("ETH-USDT-SWAP has no price", _missing_field),
    Mishap("BTC-USDT-SWAP has no price any more", _silent),
    Mishap("a snapshot holds half of the positions", mishap.half_snapshot),
    Mishap("a snapshot is empty", mishap.empty_snapshot),
    Mishap("an answer is a web page", mishap.garbage_answer(READINGS)),
    Mishap("the venue tells of something that nobody knows", mishap.unknown_event),
    Mishap("somebody moves money out of an account", mishap.withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", mishap.theft),
)
