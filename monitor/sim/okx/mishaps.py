"""What goes wrong between a client and OKX on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.domain.names import Asset
from monitor.sim.mishap import Mishap
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.faults import BALANCE, CONFIG, POSITIONS
from monitor.sim.okx.server import SimOkx
from monitor.sim.okx.streams import ACCOUNT, MARK, PRIVATE, PUBLIC
from monitor.sim.okx.streams import POSITIONS as POSITIONS_CHANNEL

READINGS = (BALANCE, POSITIONS, CONFIG)
CLOCK_SHIFT_SECONDS = 2.0
UPGRADE_SECONDS = 3.0


def _route(dice: random.Random) -> str:
    return dice.choice((PUBLIC, PRIVATE))


def _drop_one(sim: SimOkx, dice: random.Random) -> None:
    sim.drop(_route(dice))


def _drop_all(sim: SimOkx, _: random.Random) -> None:
    sim.drop()


def _stall(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.stall.add(_route(dice))


def _refuse(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.refuse.add(dice.choice((PUBLIC, PRIVATE, "rest")))


def _backlog(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.backlog.add(_route(dice))


def _deaf(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.deaf.add(_route(dice))


def _no_acknowledgement(sim: SimOkx, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.no_acknowledgement.add(route)
    sim.drop(route)


def _wrong_route(sim: SimOkx, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.wrong_route_silence.add(route)
    sim.drop(route)


def _subscription_error(sim: SimOkx, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.subscription_error.add(route)
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


def _rate_limit(sim: SimOkx, _: random.Random) -> None:
    sim.faults.rate_limited += 2


def _ban(sim: SimOkx, _: random.Random) -> None:
    sim.ban(1)


def _clock(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.clock_shift_seconds = dice.choice((-CLOCK_SHIFT_SECONDS, CLOCK_SHIFT_SECONDS))


def _timestamp(sim: SimOkx, _: random.Random) -> None:
    sim.faults.reject_timestamp += 2


def _garbage(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.garbage_frames[_route(dice)] += 3


def _truncated(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.truncated_frames[_route(dice)] += 3


def _disorder(sim: SimOkx, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.lost_frames[route] += 2
    sim.faults.reordered_frames[route] += 2
    sim.faults.duplicated_frames[route] += 2


def _bad_price(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.bad_price["BTC-USDT-SWAP"] = dice.choice(("NaN", "-1", ""))


def _missing_field(sim: SimOkx, _: random.Random) -> None:
    sim.faults.missing_field["ETH-USDT-SWAP"] = "markPx"


def _silent(sim: SimOkx, _: random.Random) -> None:
    sim.faults.silent_symbol.add("BTC-USDT-SWAP")


def _half_snapshot(sim: SimOkx, _: random.Random) -> None:
    sim.faults.half_snapshot += 1


def _empty_snapshot(sim: SimOkx, _: random.Random) -> None:
    sim.faults.empty(1)


def _garbage_answer(sim: SimOkx, dice: random.Random) -> None:
    sim.faults.garbage_answers[dice.choice(READINGS)] += 1


def _unknown_event(sim: SimOkx, _: random.Random) -> None:
    sim.unknown_event()


def _taken(sim: SimOkx, dice: random.Random) -> tuple[SimAccount, Asset, float] | None:
    """An account, and a hundredth of what it holds of an asset."""
    account = sim.accounts[dice.choice(sorted(sim.accounts))]
    owned = [asset for asset, amount in account.cash.items() if amount > 0.0]
    if not owned:
        return None
    asset = dice.choice(owned)
    return account, asset, account.cash[asset] * 0.01


def _withdrawal(sim: SimOkx, dice: random.Random) -> None:
    taken = _taken(sim, dice)
    if taken is not None:
        taken[0].withdraw(*taken[1:])


def _theft(sim: SimOkx, dice: random.Random) -> None:
    taken = _taken(sim, dice)
    if taken is not None:
        taken[0].steal(*taken[1:])


MISHAPS: tuple[Mishap[SimOkx], ...] = (
    Mishap("all connections are cut", _drop_all),
    Mishap("a stream is cut", _drop_one),
    Mishap("a stream falls silent", _stall),
    Mishap("a door is closed", _refuse),
    Mishap("frames are held back, and come all at once", _backlog),
    Mishap("pings get no pong", _deaf),
    Mishap("subscriptions are not answered", _no_acknowledgement),
    Mishap("subscriptions are acknowledged and not served", _wrong_route),
    Mishap("subscriptions are refused", _subscription_error),
    Mishap("one subscription of many is lost", _lost_argument),
    Mishap("one subscription's answer is lost", _lost_acknowledgement),
    Mishap("a login fails", _login),
    Mishap("the venue upgrades, and closes its sockets", _upgrade),
    Mishap("too many sockets have a channel, the venue says", _too_many_connections),
    Mishap("pages of a snapshot are lost or out of order", _pages),
    Mishap("too many requests, the venue says", _rate_limit),
    Mishap("the address is refused for a second", _ban),
    Mishap("the venue's clock is wrong by two seconds", _clock),
    Mishap("timestamps are refused", _timestamp),
    Mishap("frames are garbage", _garbage),
    Mishap("frames are cut short", _truncated),
    Mishap("frames are lost, doubled and out of order", _disorder),
    Mishap("BTC-USDT-SWAP has an impossible price", _bad_price),
    Mishap("ETH-USDT-SWAP has no price", _missing_field),
    Mishap("BTC-USDT-SWAP has no price any more", _silent),
    Mishap("a snapshot holds half of the positions", _half_snapshot),
    Mishap("a snapshot is empty", _empty_snapshot),
    Mishap("an answer is a web page", _garbage_answer),
    Mishap("the venue tells of something that nobody knows", _unknown_event),
    Mishap("somebody moves money out of an account", _withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", _theft),
)
