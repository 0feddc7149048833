"""What goes wrong between a client and KuCoin on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.domain.names import Asset
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.faults import OVERVIEW, POSITIONS, PRIVATE, PUBLIC
from monitor.sim.kucoin.server import SimKucoin
from monitor.sim.kucoin.streams import POSITION_ALL, WALLET
from monitor.sim.mishap import Mishap

READINGS = (POSITIONS, OVERVIEW)
CLOCK_SHIFT_SECONDS = 2.0


def _route(dice: random.Random) -> str:
    return dice.choice((PUBLIC, PRIVATE))


def _drop_one(sim: SimKucoin, dice: random.Random) -> None:
    sim.drop(_route(dice))


def _drop_all(sim: SimKucoin, _: random.Random) -> None:
    sim.drop()


def _stall(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.stall.add(_route(dice))


def _starve(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.starve.add(_route(dice))


def _refuse(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.refuse.add(dice.choice((PUBLIC, PRIVATE, "rest")))


def _backlog(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.backlog.add(_route(dice))


def _deaf(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.deaf.add(_route(dice))


def _no_welcome(sim: SimKucoin, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.no_welcome.add(route)
    sim.drop(route)


def _no_acknowledgement(sim: SimKucoin, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.no_acknowledgement.add(route)
    sim.drop(route)


def _subscription_error(sim: SimKucoin, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.subscription_error.add(route)
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


def _rate_limit(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.rate_limited += 2


def _ban(sim: SimKucoin, _: random.Random) -> None:
    sim.ban(1)


def _clock(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.clock_shift_seconds = dice.choice((-CLOCK_SHIFT_SECONDS, CLOCK_SHIFT_SECONDS))


def _timestamp(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.reject_timestamp += 2


def _garbage(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.garbage_frames[_route(dice)] += 3


def _truncated(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.truncated_frames[_route(dice)] += 3


def _disorder(sim: SimKucoin, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.lost_frames[route] += 2
    sim.faults.reordered_frames[route] += 2
    sim.faults.duplicated_frames[route] += 2


def _bad_price(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.bad_price["XBTUSDTM"] = dice.choice(("NaN", -1, ""))


def _missing_field(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.missing_field["ETHUSDTM"] = "markPrice"


def _silent(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.silent_symbol.add("XBTUSDTM")


def _frozen(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.freeze_symbol.add("ETHUSDTM")


def _half_snapshot(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.half_snapshot += 1


def _empty_snapshot(sim: SimKucoin, _: random.Random) -> None:
    sim.faults.empty(1)


def _garbage_answer(sim: SimKucoin, dice: random.Random) -> None:
    sim.faults.garbage_answers[dice.choice(READINGS)] += 1


def _unknown_event(sim: SimKucoin, _: random.Random) -> None:
    sim.unknown_event()


def _taken(sim: SimKucoin, dice: random.Random) -> tuple[SimAccount, Asset, float] | None:
    """An account, and a hundredth of what it holds of a coin."""
    account = sim.accounts[dice.choice(sorted(sim.accounts))]
    owned = [coin for coin, amount in account.cash.items() if amount > 0.0]
    if not owned:
        return None
    coin = dice.choice(owned)
    return account, coin, account.cash[coin] * 0.01


def _withdrawal(sim: SimKucoin, dice: random.Random) -> None:
    taken = _taken(sim, dice)
    if taken is not None:
        taken[0].withdraw(*taken[1:])


def _theft(sim: SimKucoin, dice: random.Random) -> None:
    taken = _taken(sim, dice)
    if taken is not None:
        taken[0].steal(*taken[1:])


MISHAPS: tuple[Mishap[SimKucoin], ...] = (
    Mishap("all connections are cut", _drop_all),
    Mishap("a stream is cut", _drop_one),
    Mishap("a stream falls silent", _stall),
    Mishap("a stream has no data any more", _starve),
    Mishap("a door is closed", _refuse),
    Mishap("frames are held back, and come all at once", _backlog),
    Mishap("pings get no pong", _deaf),
    Mishap("sockets are not welcomed", _no_welcome),
    Mishap("subscriptions are not answered", _no_acknowledgement),
    Mishap("subscriptions are refused", _subscription_error),
    Mishap("one subscription's answer is lost", _lost_acknowledgement),
    Mishap("a topic is silent", _silent_topic),
    Mishap("tokens are not valid any more", _tokens),
    Mishap("moves of marks do not say whose", _nameless),
    Mishap("wallets come with old versions", _old_versions),
    Mishap("too many requests, the venue says", _rate_limit),
    Mishap("the address is refused for a second", _ban),
    Mishap("the venue's clock is wrong by two seconds", _clock),
    Mishap("timestamps are refused", _timestamp),
    Mishap("frames are garbage", _garbage),
    Mishap("frames are cut short", _truncated),
    Mishap("frames are lost, doubled and out of order", _disorder),
    Mishap("XBTUSDTM has an impossible price", _bad_price),
    Mishap("ETHUSDTM has no price", _missing_field),
    Mishap("XBTUSDTM has no price any more", _silent),
    Mishap("ETHUSDTM repeats itself", _frozen),
    Mishap("a snapshot holds half of the positions", _half_snapshot),
    Mishap("a snapshot is empty", _empty_snapshot),
    Mishap("an answer is a web page", _garbage_answer),
    Mishap("the venue tells of something that nobody knows", _unknown_event),
    Mishap("somebody moves money out of an account", _withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", _theft),
)
