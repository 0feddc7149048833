"""Who is told what on the sockets of the simulated Hyperliquid, and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.sim.connections import Connection, Hub
from monitor.sim.hyperliquid.accounts import Change, SimAccount
from monitor.sim.hyperliquid.answers import Answers
from monitor.sim.hyperliquid.faults import Faults
from monitor.sim.hyperliquid.listing import COLLATERAL
from monitor.sim.hyperliquid.reading import Reading
from monitor.sim.hyperliquid.streams import (
    EVENTS,
    FILLS,
    FUNDINGS,
    LEDGER,
    MIDS,
    OF_USERS,
    PRICE,
    PRICES,
    SERVED,
    SPOT,
    STATE,
    STATES,
    HyperliquidSpeech,
    Subscription,
)

Socket = Connection[HyperliquidSpeech]
SNAPSHOT_ROWS = 50  #: of a history, when it is subscribed to


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often the venue does what. Its documents say marks move about every three seconds, and no more."""

    beat_seconds: float = 0.5
    prices_seconds: float = 1.0
    states_seconds: float = 3.0  #: states of accounts, though nothing moved but prices
    silence_seconds: float = 60.0  #: a socket that was sent nothing for so long is closed


OF_THE_VENUE = Cadence()


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Sends what changed and what is due."""

    hub: Hub[HyperliquidSpeech]
    answers: Answers
    accounts: Mapping[str, SimAccount]
    faults: Faults
    cadence: Cadence
    now: Callable[[], float]

    # what speeches ask

    def account_at(self, address: str) -> SimAccount | None:
        """Whose address it is."""
        return next((one for one in self.accounts.values() if one.address == address), None)

    def users(self) -> set[str]:
        """All addresses that are followed."""
        return {topic.user for each in self.hub.connections for topic in each.speech.topics.values() if topic.user}

    def exists(self, said: Mapping[str, Any]) -> bool:
        """Whether the coin or dex of a subscription is listed."""
        coin, dex = said.get("coin"), said.get("dex")
        return (coin is None or coin in self.answers.board.perps) and (not dex or dex in COLLATERAL)

    def begin(self, connection: Socket, subscription: Subscription) -> None:
        """Send what a topic begins with."""
        if subscription.type in (LEDGER, FUNDINGS, FILLS):
            account = self._account(subscription)
            self._history(connection, subscription, list(getattr(account, _KEPT[subscription.type])), first=True)
        elif subscription.type != EVENTS and subscription.type in SERVED:
            self._state(connection, subscription)

    # what happens

    def changed(self, account: SimAccount, change: Change, row: Mapping[str, Any]) -> None:
        """Something moved in an account: tell of it, then how the account stands now."""
        stream = {Change.FILL: FILLS, Change.FUNDING: FUNDINGS, Change.LEDGER: LEDGER}.get(change)
        for connection, topic in self._topics(*OF_USERS):
            if topic.user != account.address:
                continue
            if topic.type == stream:
                self._history(connection, topic, [dict(row)], first=False)
            elif topic.type == EVENTS and (event := _event(change, row)) is not None:
                connection.speech.push(connection, topic, "user", event)
        for connection, topic in self._topics(SPOT, STATES, STATE):
            if topic.user == account.address:
                self._state(connection, topic, again=topic.type != SPOT)

    def due(self) -> None:
        """Send prices and states whose time it is."""
        now = self.now()
        for connection, topic in list(self._topics(PRICES, PRICE, MIDS)):
            if now - topic.pushed >= self.cadence.prices_seconds:
                self._state(connection, topic)
        for connection, topic in list(self._topics(SPOT, STATES, STATE)):
            if now - topic.pushed >= self.cadence.states_seconds:
                self._state(connection, topic, again=topic.type != SPOT)

    # inside

    def _topics(self, *types: str) -> Iterator[tuple[Socket, Subscription]]:
        for connection in list(self.hub.connections):
            for topic in list(connection.speech.topics.values()):
                if topic.type in types:
                    yield connection, topic

    def _account(self, topic: Subscription) -> SimAccount:
        return self.answers.of({"user": topic.user})

    def _state(self, connection: Socket, topic: Subscription, *, again: bool = True) -> None:
        """How something stands; not `again`: only if that differs from what was sent last."""
        data = self._data(topic)
        said = json.dumps(data)
        topic.pushed = self.now()
        if again or said != topic.last:
            topic.last = said
            connection.speech.push(connection, topic, topic.type, data)

    def _data(self, topic: Subscription) -> Any:
        match topic.type:
            case "allDexsAssetCtxs":
                return {"ctxs": [[dex, self.answers.prices(dex)] for dex in self.answers.board.dexs]}
            case "activeAssetCtx":
                coin = str(topic.said["coin"])
                return {"coin": coin, "ctx": self.answers.price(coin)}
            case "allMids":
                return {"mids": self.answers.mids(topic.said)}
        account = self._account(topic)
        reading = Reading(account)
        if topic.type == SPOT:
            body = self.faults.spoil_answer("spotState", account.name, reading.spot())
            return {"user": topic.user, "spotState": body}
        if topic.type == STATES:
            states = [[dex, reading.clearinghouse(dex)] for dex in self.answers.board.dexs]
            return {"user": topic.user, "clearinghouseStates": states}
        dex = str(topic.said.get("dex") or "")
        return {"user": topic.user, "dex": dex, "clearinghouseState": reading.clearinghouse(dex)}

    def _history(self, connection: Socket, topic: Subscription, rows: list[Any], *, first: bool) -> None:
        name = {LEDGER: "nonFundingLedgerUpdates", FUNDINGS: "fundings", FILLS: "fills"}[topic.type]
        data = {"isSnapshot": True} if first else {}
        topic.pushed = self.now()
        connection.speech.push(connection, topic, topic.type, {**data, "user": topic.user, name: rows[-SNAPSHOT_ROWS:]})


_KEPT = {LEDGER: "ledger", FUNDINGS: "fundings", FILLS: "fills"}


def _event(change: Change, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What `userEvents` says of a change; None where nothing. It does not say whose it is."""
    if change is Change.FILL:
        return {"fills": [dict(row)]}
    if change is Change.FUNDING:
        return {"funding": dict(row)}
    delta = row.get("delta", {})
    if change is Change.LEDGER and delta.get("type") == "liquidation":
        return {
            "liquidation": {
                "lid": 1,
                "liquidator": "0x" + "4" * 40,
                "liquidated_user": "",
                "liquidated_ntl_pos": delta["liquidatedNtlPos"],
                "liquidated_account_value": delta["accountValue"],
            }
        }
    return None
