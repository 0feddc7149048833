"""What goes wrong between a client and Binance on a bad day: one row a mishap, switched on until `sim.faults.clear()`.

Each has words for whoever watches, and a deed that rolls dice for where it strikes.
"""

from __future__ import annotations

import random

from monitor.domain.names import Asset
from monitor.sim import mishap
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.faults import ACCOUNT, POSITION_RISK
from monitor.sim.binance.paths import USDM
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.streams import COINM_HOST, MARGIN_HOST, MARKET, PM, PM_CLASSIC, PRIVATE, SOCKET_API
from monitor.sim.mishap import Doors, Mishap

READINGS = (ACCOUNT, POSITION_RISK, "/fapi/v1/accountConfig", "/fapi/v1/symbolConfig")
OTHER_ROUTES = (COINM_HOST, MARGIN_HOST, SOCKET_API, PM, PM_CLASSIC)
DOORS = Doors((MARKET, PRIVATE))
MARKET_DOOR = Doors((MARKET,))


def _account(sim: SimBinance, dice: random.Random) -> str:
    return dice.choice(sorted(sim.accounts))


def _wrong_route(sim: SimBinance, _: random.Random) -> None:
    sim.faults.wrong_route_silence.add(MARKET)
    sim.drop(MARKET)


def _expire_key(sim: SimBinance, dice: random.Random) -> None:
    sim.expire_listen_key(_account(sim, dice), event=dice.random() < 0.5)


def _unknown_key(sim: SimBinance, _: random.Random) -> None:
    sim.faults.unknown_listen_key += 1


def _bad_price(sim: SimBinance, dice: random.Random) -> None:
    sim.faults.bad_price["BTCUSDT"] = dice.choice(("NaN", "-1", ""))


def _missing_field(sim: SimBinance, _: random.Random) -> None:
    sim.faults.missing_field["ETHUSDT"] = "p"


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
    Mishap("all connections are cut", mishap.drop_all),
    Mishap("a stream is cut", DOORS.drop),
    Mishap("a stream falls silent", DOORS.stall),
    Mishap("a door is closed", DOORS.refuse),
    Mishap("subscriptions are not answered", MARKET_DOOR.no_acknowledgement),
    Mishap("subscriptions are acknowledged and not served", _wrong_route),
    Mishap("subscriptions are refused", MARKET_DOOR.subscription_error),
    Mishap("frames are held back, and come all at once", DOORS.backlog),
    Mishap("a listen key ends", _expire_key),
    Mishap("a listen key is not known any more", _unknown_key),
    Mishap("the address is banned for a second", mishap.ban),
    Mishap("too many requests, the venue says", mishap.rate_limit),
    Mishap("the venue's clock is wrong by two seconds", mishap.clock),
    Mishap("frames are garbage", DOORS.garbage),
    Mishap("frames are cut short", DOORS.truncated),
    Mishap("BTCUSDT has an impossible price", _bad_price),
    Mishap("ETHUSDT has no price", _missing_field),
    Mishap("a snapshot holds half of the positions", mishap.half_snapshot),
    Mishap("a snapshot is empty", mishap.empty_snapshot),
    Mishap("an answer is a web page", mishap.garbage_answer(READINGS)),
    Mishap("frames are lost, doubled and out of order", DOORS.disorder),
    Mishap("the venue tells of something that nobody knows", mishap.unknown_event),
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
