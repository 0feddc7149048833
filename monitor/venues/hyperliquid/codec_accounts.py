"""Frames that tell of an address: the halves of its account, its flows of cash, and what the venue did by force. Part
of the codec, and pure. Each names the address in `data.user`, but for `user`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from monitor.domain.events import Event, VenueWarning, WarningKind
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import AccountKey
from monitor.venues.fields import optional_seconds
from monitor.venues.hyperliquid import cash
from monitor.venues.hyperliquid.assembly import Heard
from monitor.venues.hyperliquid.endpoints import (
    ALL_STATES,
    EVENTS_CHANNEL,
    FILLS,
    FUNDINGS,
    LEDGER,
    SPOT_STATE,
    Topic,
)
from monitor.venues.hyperliquid.names import Universe
from monitor.venues.hyperliquid.reading import reason
from monitor.venues.hyperliquid.rows import DexState, SpotBody, StateBody, dex_state, spot_state
from monitor.venues.rows import SHOWN, each, shown

ONE_STATE = "clearinghouseState"
_DEX_SHOWN = 12


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


class Frame:
    """One frame on its way to events."""

    def __init__(self, channel: str, data: msgspec.Raw, account: AccountKey, received: float, known: Universe) -> None:
        self.channel, self.data, self.account, self.received, self.known = channel, data, account, received, known
        self.problems: list[RowProblem] = []

    def topic(self, user: str) -> str:
        """What the frame came on, as the subscriptions call it."""
        return Topic(self.channel, user.lower()).text[:SHOWN]


def _all_states(frame: Frame) -> Decoded:
    """Every dex of an address. One that cannot be read costs itself, and then nothing of it is gone."""
    body = msgspec.json.decode(frame.data, type=_AllStates)
    states: dict[str, DexState] = {}
    for dex, raw in body.clearinghouseStates:
        try:
            states[dex] = dex_state(msgspec.json.decode(raw, type=StateBody), dex, frame.known.collateral(dex))
        except (ValueError, RecursionError) as error:
            frame.problems.append(RowProblem(f"state of dex {dex[:_DEX_SHOWN] or 'first'}", reason(error), shown(raw)))
    return _heard(frame, body.user, states, every=not frame.problems)


def _one_state(frame: Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_OneState)
    found = dex_state(body.clearinghouseState, body.dex, frame.known.collateral(body.dex))
    return _heard(frame, body.user, {body.dex: found}, every=False)


def _heard(frame: Frame, user: str, states: dict[str, DexState], *, every: bool) -> Decoded:
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


def _spot_state(frame: Frame) -> Decoded:
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


def _funding(frame: Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Fundings)
    # A snapshot is history, which the wallet has known for long.
    flows = cash.funding_flows(body.fundings, frame.account, frame.received, frame.problems)
    return _told(frame, body.user, () if body.isSnapshot else flows)


def _ledger(frame: Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Ledger)
    rows = body.nonFundingLedgerUpdates
    flows = cash.ledger_flows(rows, frame.account, frame.received, frame.problems, address=body.user)
    warnings = cash.liquidations(rows, frame.account, frame.received)
    return _told(frame, body.user, () if body.isSnapshot else (*flows, *warnings))


def _fills(frame: Frame) -> Decoded:
    body = msgspec.json.decode(frame.data, type=_Fills)
    return _told(frame, body.user, () if body.isSnapshot else _of_fills(frame, body.fills, body.user))


def _of_fills(frame: Frame, rows: list[msgspec.Raw], user: str) -> tuple[Event, ...]:
    """What fills did to cash, what they closed, and which of them the venue forced. `user` "": the frame does not name
    the address. A close is told by the states, too: from two sources at once it is believed.
    """

    def made(row: cash.FillRow) -> list[Event]:
        flow = cash.fill_flow(row, frame.account, frame.received)
        gone = cash.closed_by(row, frame.account, frame.received) if user else None
        told: list[Event] = [] if flow is None or not flow.amount else [flow]
        told += [] if gone is None else [gone]
        return [*told, *_forced(row, frame.account, user, frame.received)]

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


def _user_event(frame: Frame) -> Decoded:
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


def _told(frame: Frame, user: str, events: tuple[Event, ...]) -> Decoded:
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


READERS: dict[str, Callable[[Frame], Decoded]] = {
    ALL_STATES: _all_states,
    ONE_STATE: _one_state,
    SPOT_STATE: _spot_state,
    FUNDINGS: _funding,
    LEDGER: _ledger,
    FILLS: _fills,
    EVENTS_CHANNEL: _user_event,
}
