"""What goes wrong between a client and Bybit on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.domain.names import Asset
from monitor.sim import mishap
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.faults import POSITIONS as POSITIONS_PATH
from monitor.sim.bybit.faults import PRIVATE, ROUTES, WALLET
from monitor.sim.bybit.server import SimBybit
from monitor.sim.mishap import Doors, Mishap

READINGS = (WALLET, POSITIONS_PATH, "/v5/account/info", "/v5/account/fee-rate")
DOORS = Doors(ROUTES)


def _starve(sim: SimBybit, dice: random.Random) -> None:
    sim.faults.starve.add(DOORS.one(dice))


def _lost_acknowledgements(sim: SimBybit, dice: random.Random) -> None:
    route = DOORS.one(dice)
    sim.faults.lost_acknowledgements[route] += 1
    sim.drop(route)


def _no_login(sim: SimBybit, dice: random.Random) -> None:
    sim.faults.no_auth_answer = dice.random() < 0.5
    sim.faults.dead_auth = not sim.faults.no_auth_answer
    sim.drop(PRIVATE)


def _busy(sim: SimBybit, _: random.Random) -> None:
    sim.faults.system_busy += 2


def _bad_price(sim: SimBybit, dice: random.Random) -> None:
    sim.faults.bad_price["BTCUSDT"] = dice.choice(("NaN", "-1", ""))


def _missing_field(sim: SimBybit, _: random.Random) -> None:
    sim.faults.missing_field["ETHUSDT"] = "markPrice"


def _stale_answers(sim: SimBybit, _: random.Random) -> None:
    sim.faults.stale_answers |= {WALLET, POSITIONS_PATH}


def _disorder(sim: SimBybit, dice: random.Random) -> None:
    route = DOORS.one(dice)
    sim.faults.lost_frames[route] += 2
    sim.faults.reordered_frames[route] += 2
    sim.faults.duplicated_frames[route] += 2
    sim.faults.old_frames[route] += 2


def _taken(sim: SimBybit, dice: random.Random) -> tuple[SimAccount, Asset, float]:
    """An account, and a hundredth of what it holds of a coin."""
    account = sim.accounts[dice.choice(sorted(sim.accounts))]
    coin = dice.choice(sorted(account.holdings.coins))
    return account, coin, round(max(0.0, account.wallet(coin)) * 0.01, 8)


def _withdrawal(sim: SimBybit, dice: random.Random) -> None:
    account, coin, amount = _taken(sim, dice)
    if amount:
        account.transfer(coin, -amount)


def _theft(sim: SimBybit, dice: random.Random) -> None:
    account, coin, amount = _taken(sim, dice)
    if amount:
        account.steal(coin, amount)


MISHAPS: tuple[Mishap[SimBybit], ...] = (
    Mishap("all connections are cut", mishap.drop_all),
    Mishap("a stream is cut", DOORS.drop),
    Mishap("a stream falls silent", DOORS.stall),
    Mishap("a stream answers, and sends nothing", _starve),
    Mishap("a door is closed", DOORS.refuse),
    Mishap("subscriptions are not answered", DOORS.no_acknowledgement),
    Mishap("one subscription is served and not acknowledged", _lost_acknowledgements),
    Mishap("subscriptions are refused", DOORS.subscription_error),
    Mishap("nobody can log in", _no_login),
    Mishap("frames are held back, and come all at once", DOORS.backlog),
    Mishap("pings are not answered", DOORS.deaf),
    Mishap("the address is banned for a second", mishap.ban),
    Mishap("too many requests of this key, the venue says", mishap.rate_limit),
    Mishap("the venue is too busy", _busy),
    Mishap("the venue's clock is wrong by two seconds", mishap.clock),
    Mishap("frames are garbage", DOORS.garbage),
    Mishap("frames are cut short", DOORS.truncated),
    Mishap("BTCUSDT has an impossible price", _bad_price),
    Mishap("ETHUSDT has no price", _missing_field),
    Mishap("a snapshot holds half of the positions", mishap.half_snapshot),
    Mishap("a snapshot is empty", mishap.empty_snapshot),
    Mishap("answers are of before", _stale_answers),
    Mishap("an answer is a web page", mishap.garbage_answer(READINGS)),
    Mishap("frames are lost, doubled, old and out of order", _disorder),
    Mishap("the venue tells of something that nobody knows", mishap.unknown_event),
    Mishap("somebody moves money out of an account", _withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", _theft),
)
