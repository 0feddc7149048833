"""Text to events: every frame that Hyperliquid's socket sends. Pure; whatever bytes come, `decode` answers.

A frame is {"channel", "data"}, or the text of the greeting. Frames of an address name it in `data.user`. Two halves of
an account come by two channels: what is read of each rides on `Heard`, and `assembly` puts them together.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

from monitor.domain.events import Event, VenueWarning, WarningKind
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.fields import optional_seconds
from monitor.venues.hyperliquid import cash
from monitor.venues.hyperliquid.assembly import Heard
from monitor.venues.hyperliquid.codec_prices import STALE_UNIVERSE, all_contexts, one_context
from monitor.venues.hyperliquid.endpoints import (
    ALL_CTXS,
    ALL_STATES,
    ANSWER,
    COIN_CTX,
    ERROR,
    EVENTS_CHANNEL,
    FILLS,
    FUNDINGS,
    GREETING,
    IGNORED,
    LEDGER,
    PONG,
    SPOT_STATE,
    Topic,
)
from monitor.venues.hyperliquid.names import NO_UNIVERSE, Universe
from monitor.venues.hyperliquid.reading import reason
from monitor.venues.hyperliquid.rows import DexState, SpotBody, StateBody, dex_state, spot_state
from monitor.venues.redaction import REMOVED, looks_like
from monitor.venues.rows import SHOWN, each, shown

__all__ = ["ONE_STATE", "STALE_UNIVERSE", "decode"]

ONE_STATE = "clearinghouseState"
SPOT_CONTEXT = "activeSpotAssetCtx"  #: the price of one spot pair: pools go by oracles
ALREADY = "Already subscribed"
_WORD_SHOWN = 40
_LOOKS_LIKE = looks_like()


class _Envelope(msgspec.Struct, gc=False):
    channel: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Subscription(msgspec.Struct, gc=False):
    method: str = ""
    subscription: dict[str, object] | None = None


class _AllStates(msgspec.Struct, gc=False):
    clearinghouseStates: list[tuple[str, msgspec.Raw]]
    user: str = ""


class _OneState(msgspec.Struct, gc=False):
    clearinghouseState: StateBody
    dex: str = ""
    user: str = ""


class _Spot(msgspec.Struct, gc=False):
    spotState: SpotBody
    user: str = ""


class _Fundings(msgspec.Struct, gc=False):
    fundings: list[msgspec.Raw]
    user: str = ""
    isSnapshot: bool = False


class _Ledger(msgspec.Struct, gc=False):
    nonFundingLedgerUpdates: list[msgspec.Raw]
    user: str = ""
    isSnapshot: bool = False


class _Fills(msgspec.Struct, gc=False):
    fills: list[msgspec.Raw]
    user: str = ""
    isSnapshot: bool = False


class _Liquidation(msgspec.Struct, gc=False):
    liquidated_user: str = ""


class _UserEvent(msgspec.Struct, gc=False):
    fills: list[msgspec.Raw] | None = None
    funding: msgspec.Raw = msgspec.Raw(b"")
    liquidation: _Liquidation | None = None


_envelope = msgspec.json.Decoder(_Envelope)


class _Frame:
    """One frame on its way to events."""

    def __init__(self, channel: str, data: msgspec.Raw, account: AccountKey, received: float, known: Universe) -> None:
        self.channel, self.data, self.account, self.received, self.known = channel, data, account, received, known
        self.problems: list[RowProblem] = []

    def topic(self, user: str) -> str:
        return Topic(self.channel, user.lower()).text[:SHOWN]


def decode(
    raw: bytes | str,
    *,
    venue: Venue,
    account: AccountKey | None,
    received: float,
    universe: Universe | None = None,
) -> Decoded:
    """One frame. `account` is whom it tells of (None: nobody of ours), `received` seconds since 1970.

    `universe`: the perpetuals by their places, without which marks of all dexs cannot be told apart; where the frame
    does not fit it, `why` is STALE_UNIVERSE. Never raises: what cannot be read is MALFORMED with the reason in words,
    which hold nothing of the payload. `request_id` of an answer is the topic's text, None where it names none.
    """
    known = universe or NO_UNIVERSE
    try:
        text = raw.encode() if isinstance(raw, str) else raw
        if text == GREETING.encode():
            return Decoded(FrameKind.IGNORED, "greeting")
        said = _envelope.decode(text)
        if said.channel is None:
            return Decoded(FrameKind.UNRECOGNISED)
        return _read(said.channel, said.data, venue, account, received, known)
    except (ValueError, OverflowError, RecursionError) as error:  # msgspec's errors and BadField
        return Decoded(FrameKind.MALFORMED, why=reason(error))


def _read(
    channel: str, data: msgspec.Raw, venue: Venue, account: AccountKey | None, received: float, known: Universe
) -> Decoded:
    if channel == PONG:
        return Decoded(FrameKind.IGNORED, PONG)
    if channel == ANSWER:
        return _answer(data)
    if channel == ERROR:
        return _refusal(data)
    if channel in IGNORED or channel == SPOT_CONTEXT:
        return Decoded(FrameKind.IGNORED, channel)
    if channel == ALL_CTXS:
        return all_contexts(data, venue, received, known)
    if channel == COIN_CTX:
        return one_context(data, venue, received)
    reader = _OF_USERS.get(channel)
    if reader is None:
        return Decoded(FrameKind.UNRECOGNISED, channel[:_WORD_SHOWN])
    if account is None:
        return Decoded(FrameKind.UNRECOGNISED, channel, why="an address that is not one of ours")
    frame = _Frame(channel, data, account, received, known)
    try:
        return reader(frame)
    except (ValueError, OverflowError, RecursionError) as error:
        return Decoded(FrameKind.MALFORMED, channel, why=reason(error))


def _answer(data: msgspec.Raw) -> Decoded:
    said = msgspec.json.decode(data, type=_Subscription)
    if said.subscription is None:
        return Decoded(FrameKind.UNRECOGNISED, ANSWER)
    topic = Topic.of(said.subscription)
    return Decoded(FrameKind.ACKNOWLEDGED, said.method[:_WORD_SHOWN], topic.text[:SHOWN], request_id=topic.text)


def _refusal(data: msgspec.Raw) -> Decoded:
    """Words, which may quote what was said: a subscription with its address, which is told by the topic alone."""
    said = msgspec.json.decode(data, type=object)
    words = said if isinstance(said, str) else ""
    topic = _quoted(words)
    request = None if topic is None else topic.text
    stream = "" if topic is None else topic.text[:SHOWN]
    if words.startswith(ALREADY) and topic is not None:
        return Decoded(FrameKind.ACKNOWLEDGED, "subscribe", stream, request_id=request)
    head = words.partition("{")[0].strip(" :") or "no words"
    return Decoded(FrameKind.REFUSED, ERROR, stream, why=_LOOKS_LIKE.sub(REMOVED, head)[:SHOWN], request_id=request)


def _quoted(words: str) -> Topic | None:
    begin, end = words.find("{"), words.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        said = json.loads(words[begin : end + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    inner = said.get("subscription", said)
    return Topic.of(inner) if isinstance(inner, dict) and inner.get("type") else None


def _all_states(frame: _Frame) -> Decoded:
    """Every dex of an address. One that cannot be read costs itself, and then nothing of it is gone."""
    body = msgspec.json.decode(frame.data, type=_AllStates)
    states: dict[str, DexState] = {}
    for dex, raw in body.clearinghouseStates:
        try:
            states[dex] = dex_state(msgspec.json.decode(raw, type=StateBody), dex, frame.known.collateral(dex))
        except (ValueError, RecursionError) as error:
            frame.problems.append(RowProblem(f"state of dex {dex[:_WORD_SHOWN] or 'first'}", reason(error), shown(raw)))
    return _heard(frame, body.user, states, every=not frame.problems)


def _one_state(frame: _Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_OneState)
    found = dex_state(body.clearinghouseState, body.dex, frame.known.collateral(body.dex))
    return _heard(frame, body.user, {body.dex: found}, every=False)


def _heard(frame: _Frame, user: str, states: dict[str, DexState], *, every: bool) -> Decoded:
    bad = (*frame.problems, *(one for state in states.values() for one in state.problems))
    times = [state.time for state in states.values() if state.time is not None]
    return Heard(
        FrameKind.DATA if states else FrameKind.MALFORMED,
        frame.channel,
        frame.topic(user),
        problems=bad,
        why="" if states or not bad else bad[0].why,
        venue_time=max(times, default=None),
        states=states or None,
        every=every,
        received=frame.received,
    )


def _spot_state(frame: _Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Spot)
    found = spot_state(body.spotState, frame.known.tokens)
    return Heard(
        FrameKind.DATA,
        frame.channel,
        frame.topic(body.user),
        problems=found.problems,
        spot=found,
        received=frame.received,
    )


def _funding(frame: _Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Fundings)
    # A snapshot is history, which the wallet has known for long.
    flows = cash.funding_flows(body.fundings, frame.account, frame.received, frame.problems)
    return _told(frame, body.user, () if body.isSnapshot else flows)


def _ledger(frame: _Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Ledger)
    rows = body.nonFundingLedgerUpdates
    flows = cash.ledger_flows(rows, frame.account, frame.received, frame.problems, address=body.user)
    warnings = cash.liquidations(rows, frame.account, frame.received)
    return _told(frame, body.user, () if body.isSnapshot else (*flows, *warnings))


def _fills(frame: _Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Fills)
    return _told(frame, body.user, () if body.isSnapshot else _of_fills(frame, body.fills, body.user))


def _of_fills(frame: _Frame, rows: list[msgspec.Raw], user: str) -> tuple[Event, ...]:
    """What fills did to cash, and which of them the venue forced. `user` "": the frame does not name the address."""

    def made(row: cash.FillRow) -> list[Event]:
        flow = cash.fill_flow(row, frame.account, frame.received)
        return [
            *([] if flow is None or not flow.amount else [flow]),
            *_forced(row, frame.account, user, frame.received),
        ]

    return tuple(event for found in each(rows, cash.FillRow, made, "fill", frame.problems) for event in found)


def _forced(row: cash.FillRow, account: AccountKey, user: str, received: float) -> list[VenueWarning]:
    """A fill names whom it liquidated: the other side's liquidation is none of ours, and without `user` nobody's."""
    if row.liquidation is None:
        return []
    whom = str(row.liquidation.get("liquidatedUser") or "").lower()
    if not user or whom != user.lower():
        return []
    at = optional_seconds(row.time)
    method = str(row.liquidation.get("method") or "")
    how = "by its backstop" if method == "backstop" else "into the market"
    return [
        VenueWarning(
            account=account,
            kind=WarningKind.LIQUIDATION,
            symbol=row.coin,
            side=None,
            detail=f"the venue liquidated {how}",
            venue_time=received if at is None else at,
            received=received,
        )
    ]


def _user_event(frame: _Frame) -> Decoded:
    """One of: fills, funding, a liquidation, orders cancelled. The frame does not name the address."""
    body = msgspec.json.decode(frame.data, type=_UserEvent)
    events: tuple[Event, ...] = ()
    if body.fills is not None:
        events = _of_fills(frame, body.fills, "")
    elif bytes(body.funding):
        events = cash.funding_flows([body.funding], frame.account, frame.received, frame.problems)
    elif body.liquidation is not None:
        events = (
            VenueWarning(
                account=frame.account,
                kind=WarningKind.LIQUIDATION,
                symbol=None,
                side=None,
                detail="the venue liquidated positions of an account that we follow",
                venue_time=frame.received,
                received=frame.received,
            ),
        )
    return _told(frame, "", events)


def _told(frame: _Frame, user: str, events: tuple[Event, ...]) -> Decoded:
    times = [at for event in events if (at := getattr(event, "venue_time", None)) is not None]
    return Decoded(
        FrameKind.MALFORMED if frame.problems and not events else FrameKind.DATA,
        frame.channel,
        frame.topic(user),
        events,
        tuple(frame.problems),
        why=frame.problems[0].why if frame.problems and not events else "",
        venue_time=max(times, default=None),
    )


_OF_USERS: dict[str, Callable[[_Frame], Decoded]] = {
    ALL_STATES: _all_states,
    ONE_STATE: _one_state,
    SPOT_STATE: _spot_state,
    FUNDINGS: _funding,
    LEDGER: _ledger,
    FILLS: _fills,
    EVENTS_CHANNEL: _user_event,
}
