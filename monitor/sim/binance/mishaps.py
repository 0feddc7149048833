"""What goes wrong between a client and Binance on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.domain.names import Asset
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.faults import ACCOUNT, POSITION_RISK
from monitor.sim.binance.paths import USDM
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.streams import COINM_HOST, MARGIN_HOST, MARKET, PM, PM_CLASSIC, PRIVATE, SOCKET_API
from monitor.sim.mishap import Mishap

READINGS = (ACCOUNT, POSITION_RISK, "/fapi/v1/accountConfig", "/fapi/v1/symbolConfig")
OTHER_ROUTES = (COINM_HOST, MARGIN_HOST, SOCKET_API, PM, PM_CLASSIC)
CLOCK_SHIFT_SECONDS = 2.0


def _route(dice: random.Random) -> str:
    return dice.choice((MARKET, PRIVATE))


def _account(sim: SimBinance, dice: random.Random) -> str:
    return dice.choice(sorted(sim.accounts))


def _drop_one(sim: SimBinance, dice: random.Random) -> None:
    sim.drop(_route(dice))


def _drop_all(sim: SimBinance, _: random.Random) -> None:
    sim.drop()


def _stall(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.stall.add(_route(dice))


def _refuse(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.refuse.add(dice.choice((MARKET, PRIVATE, "rest")))


def _no_acknowledgement(sim: SimBinance, _: random.Random) -> None:
    sim.faults.no_acknowledgement.add(MARKET)
    sim.drop(MARKET)


def _wrong_route(sim: SimBinance, _: random.Random) -> None:
    sim.faults.wrong_route_silence.add(MARKET)
    sim.drop(MARKET)


def _subscription_error(sim: SimBinance, _: random.Random) -> None:
    sim.faults.subscription_error.add(MARKET)
    sim.drop(MARKET)


def _backlog(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.backlog.add(_route(dice))


def _expire_key(sim: SimBinance, dice: random.Random) -> None:
    sim.expire_listen_key(_account(sim, dice), event=dice.random() < 0.5)


def _unknown_key(sim: SimBinance, _: random.Random) -> None:
    sim.faults.unknown_listen_key += 1


def _ban(sim: SimBinance, _: random.Random) -> None:
    sim.ban(1)


def _rate_limit(sim: SimBinance, _: random.Random) -> None:
    sim.faults.rate_limited += 2


def _clock(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.clock_shift_seconds = dice.choice((-CLOCK_SHIFT_SECONDS, CLOCK_SHIFT_SECONDS))


def _garbage(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.garbage_frames[_route(dice)] += 3


def _truncated(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.truncated_frames[_route(dice)] += 3


def _bad_price(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.bad_price["BTCUSDT"] = dice.choice(("NaN", "-1", ""))


def _missing_field(sim: SimBinance, _: random.Random) -> None:
    sim.faults.missing_field["ETHUSDT"] = "p"


def _half_snapshot(sim: SimBinance, _: random.Random) -> None:
    sim.faults.half_snapshot += 1


def _empty_snapshot(sim: SimBinance, _: random.Random) -> None:
    sim.faults.empty(1)


def _garbage_answer(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.garbage_answers[dice.choice(READINGS)] += 1


def _disorder(sim: SimBinance, dice: random.Random) -> None:
    route = _route(dice)
    sim.faults.lost_frames[route] += 2
    sim.faults.reordered_frames[route] += 2
    sim.faults.duplicated_frames[route] += 2


def _unknown_event(sim: SimBinance, _: random.Random) -> None:
    sim.unknown_event()


def _taken(sim: SimBinance, dice: random.Random) -> tuple[SimAccount, Asset, float]:
    """An account, and a hundredth of what it holds of an asset."""
    account = sim.accounts[_account(sim, dice)]
    asset = dice.choice(sorted(account.wallets))
    return account, asset, round(max(0.0, account.cross_wallet(asset)) * 0.01, 8)


def _withdrawal(sim: SimBinance, dice: random.Random) -> None:
    account, asset, amount = _taken(sim, dice)
    if amount:
        account.transfer(asset, -amount)


def _theft(sim: SimBinance, dice: random.Random) -> None:
    account, asset, amount = _taken(sim, dice)
    if amount:
        account.steal(asset, amount)


def _drop_other(sim: SimBinance, dice: random.Random) -> None:
    sim.drop(dice.choice(OTHER_ROUTES))


def _stall_other(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.stall.add(dice.choice(OTHER_ROUTES))


def _expire_other(sim: SimBinance, dice: random.Random) -> None:
    for account in sim.registry.everybody():
        if account.product != USDM:
            sim.expire_listen_key(account.name, event=dice.random() < 0.5)


def _expire_token(sim: SimBinance, dice: random.Random) -> None:
    for name in sim.registry.loans:
        sim.expire_listen_token(name, event=dice.random() < 0.5)


def _unknown_token(sim: SimBinance, _: random.Random) -> None:
    sim.faults.unknown_listen_token += 1
    sim.drop(SOCKET_API)


MISHAPS: tuple[Mishap[SimBinance], ...] = (
    Mishap("all connections are cut", _drop_all),
    Mishap("a stream is cut", _drop_one),
    Mishap("a stream falls silent", _stall),
    Mishap("a door is closed", _refuse),
    Mishap("subscriptions are not answered", _no_acknowledgement),
    Mishap("subscriptions are acknowledged and not served", _wrong_route),
    Mishap("subscriptions are refused", _subscription_error),
    Mishap("frames are held back, and come all at once", _backlog),
    Mishap("a listen key ends", _expire_key),
    Mishap("a listen key is not known any more", _unknown_key),
    Mishap("the address is banned for a second", _ban),
    Mishap("too many requests, the venue says", _rate_limit),
    Mishap("the venue's clock is wrong by two seconds", _clock),
    Mishap("frames are garbage", _garbage),
    Mishap("frames are cut short", _truncated),
    Mishap("BTCUSDT has an impossible price", _bad_price),
    Mishap("ETHUSDT has no price", _missing_field),
    Mishap("a snapshot holds half of the positions", _half_snapshot),
    Mishap("a snapshot is empty", _empty_snapshot),
    Mishap("an answer is a web page", _garbage_answer),
    Mishap("frames are lost, doubled and out of order", _disorder),
    Mishap("the venue tells of something that nobody knows", _unknown_event),
    Mishap("somebody moves money out of an account", _withdrawal),
    Mishap("money is gone from an account, and nothing tells of it", _theft),
)

MISHAPS_OF_OTHERS: tuple[Mishap[SimBinance], ...] = (
    Mishap("a stream of another product is cut", _drop_other),
    Mishap("a stream of another product falls silent", _stall_other),
    Mishap("the listen keys of the other products end", _expire_other),
    Mishap("the listen tokens of margin accounts end", _expire_token),
    Mishap("a listen token is not known any more", _unknown_token),
)
"""Those of the products beside USDⓈ-M, where there are accounts of any."""
