"""Frames of portfolio margin's account streams to events, those of retail and of Pro. Pure.

A push of futures balances tells one of the three wallets whose sum counts, so that it changes nothing that is believed:
it says that there is something to read. Positions it tells whole.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from monitor.domain.accounts import MarginMode
from monitor.domain.events import BalanceChanged, PositionChanged, VenueWarning
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey, Venue
from monitor.venues.binance import codec, user_events
from monitor.venues.binance.portfolio.answers import NORMAL, warning_kind
from monitor.venues.binance.portfolio.endpoints import IGNORED
from monitor.venues.binance.user_events import Found, Handler, something_changed
from monitor.venues.fields import Loose, optional, seconds

HINTS = frozenset(
    {
        "ACCOUNT_UPDATE",
        "openOrderLoss",
        "liabilityChange",
        "outboundAccountPosition",
        "balanceUpdate",
        "riskLevelChange",
        "RISK_LEVEL_CHANGE",
    }
)
"""Events after which the account is read again, whether or not they say anything else."""

_SHOWN = 40


class _Risk(msgspec.Struct, gc=False):
    E: float
    s: str = ""
    u: Loose = None


def _figures(payload: bytes, account: AccountKey, received: float) -> Found:
    """Pro's figures every five seconds: they repeat what is read over REST, and a quiet stream shows by them."""
    something_changed(payload, account, received)
    return Found(carries_state=False)


def _account_update(payload: bytes, account: AccountKey, received: float) -> Found:
    """Its rows do not say how a position is margined: here all are cross. Flows of one wallet are flows of the sum."""
    found = user_events.KINDS["ACCOUNT_UPDATE"](payload, account, received)
    events = tuple(
        replace(one, margin_mode=MarginMode.CROSS, isolated_wallet=None) if isinstance(one, PositionChanged) else one
        for one in found.events
        if not isinstance(one, BalanceChanged)
    )
    return Found(events, found.problems)


def _risk_changed(payload: bytes, account: AccountKey, received: float) -> Found:
    said = msgspec.json.decode(payload, type=_Risk, strict=False)
    at = seconds("E", said.E)
    if said.s == NORMAL:
        return Found()
    ratio = optional(said.u)
    event = VenueWarning(
        account=account,
        kind=warning_kind(said.s),
        symbol=None,
        side=None,
        detail=f"risk level {said.s[:_SHOWN] or 'without a word'}" + ("" if ratio is None else f" at uniMMR {ratio:g}"),
        venue_time=at,
        received=received,
    )
    return Found((event,))


KINDS: dict[str, Handler] = {
    "ACCOUNT_UPDATE": _account_update,
    "ACCOUNT_CONFIG_UPDATE": user_events.KINDS["ACCOUNT_CONFIG_UPDATE"],
    "ORDER_TRADE_UPDATE": user_events.KINDS["ORDER_TRADE_UPDATE"],
    "MARGIN_CALL": user_events.KINDS["MARGIN_CALL"],
    "riskLevelChange": _risk_changed,
    "RISK_LEVEL_CHANGE": _risk_changed,
    "openOrderLoss": something_changed,
    "liabilityChange": something_changed,
    "outboundAccountPosition": something_changed,
    "balanceUpdate": something_changed,
    "PM_PRO_ACCOUNT_UPDATE": _figures,
}

SPEECH = codec.Speech(KINDS, frozenset(IGNORED) | (codec.FUTURES.ignored - KINDS.keys()))
"""Pro's accounts also hear the streams of both futures, and in the same words."""


def decode(raw: bytes | str, *, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    """One frame of the account's stream, as `codec.decode`."""
    return codec.decode(raw, venue=venue, account=account, received=received, speech=SPEECH)
