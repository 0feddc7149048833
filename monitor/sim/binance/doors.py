"""The doors of the simulated Binance's sockets: what an address opens, for whom, and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.sim.binance import frames
from monitor.sim.binance.faults import Faults
from monitor.sim.binance.listen_keys import KeyRing, ListenKeys
from monitor.sim.binance.loans.tokens import ListenTokens
from monitor.sim.binance.streams import (
    COINM_HOST,
    MARGIN_HOST,
    PM,
    PM_CLASSIC,
    PRIVATE,
    SOCKET_API,
    USER_ROUTES,
    BinanceSpeech,
    Hub,
    SocketApiSpeech,
    Terms,
    route_of,
)

HOSTS = {"dstream": COINM_HOST, "margin-stream": MARGIN_HOST, "ws-api": SOCKET_API}
"""The first word of an address for what has a host of its own at the venue, and its route here."""

STREAM_DOORS = "market|public|private|dstream|margin-stream|pm|pm-classic"
"""The first words that streams stand behind; the socket API has an address of its own."""


@dataclass(slots=True)
class Doors:
    """Which socket gets whose pushes. Keys and tokens that are over leave their sockets open and silent."""

    hub: Hub
    ring: KeyRing
    tokens: ListenTokens
    faults: Faults
    time_ms: Callable[[], int]

    def speech(self, path: str, query: dict[str, str]) -> BinanceSpeech:
        """The route, the form and the streams that an address names: /market/stream?streams=a/b, /market/ws/a/b.

        ConnectionRefusedError if that door is closed.
        """
        door, _, rest = path.strip("/").partition("/")
        route = HOSTS.get(door, door)
        form, _, names = rest.partition("/")
        if route in self.faults.refuse:
            raise ConnectionRefusedError(f"503 on {route}")
        if route == SOCKET_API:
            return SocketApiSpeech(self.faults, self.tokens, self.time_ms)
        names = names or query.get("streams", "")
        key = query.get("listenKey", names) if route in USER_ROUTES and not route_of(names) else None
        account, opener = self._whose(route, key) if key else (None, None)
        events = query.get("events")
        terms = Terms(
            route=route,
            wrapped=form == "stream",
            account=account,
            opener=opener,
            key=key,
            only=frozenset(events.split("/")) if events else None,
        )
        speech = BinanceSpeech(terms, self.faults)
        speech.subscribe(names.split("/") if names and key is None else [])
        return speech

    def expire_keys(self, account: str, *, event: bool) -> None:
        """End every listen key of an account now, with or without telling."""
        for keys in self.ring.all:
            key = keys.key_of(account)
            keys.close(account)
            if key is not None:
                self._end_key(keys, account, key, event=event)

    def expire_tokens(self, account: str, *, event: bool) -> None:
        """End every listen token of an account now, and what they opened, with or without telling."""
        self.tokens.end(account)
        self._end_subscriptions(account, event=event)

    def end_what_is_over(self) -> None:
        """End the keys and the tokens whose time has passed."""
        for keys in self.ring.all:
            for account, key in keys.expired(self.time_ms()):
                self._end_key(keys, account, key, event=True)
        self._end_subscriptions(None, event=True)

    def _whose(self, route: str, key: str) -> tuple[str | None, str | None]:
        """Whose pushes a key opens on a route while it lives, and whose latest key it is, dead or alive."""
        kinds = [keys for keys in self.ring.all if route in self._routes(keys)]
        live = (keys.account_of(key) for keys in kinds)
        latest = (keys.latest_of(key) for keys in kinds)
        return next(filter(None, live), None), next(filter(None, latest), None)

    def _routes(self, keys: ListenKeys) -> tuple[str, ...]:
        """The routes that a kind of listen key opens. COIN-M's is taken on its own host, and on the merged one."""
        if keys is self.ring.dapi:
            return COINM_HOST, PRIVATE
        if keys is self.ring.fapi:
            return PRIVATE, PM_CLASSIC
        return (MARGIN_HOST,) if keys is self.ring.risk else (PM,)

    def _end_key(self, keys: ListenKeys, account: str, key: str, *, event: bool) -> None:
        for route in self._routes(keys):
            for connection in self.hub.on(route, account):
                if connection.speech.key != key:
                    continue
                if event:
                    connection.speech.tell(connection, frames.listen_key_expired(self.time_ms(), key))
                connection.speech.account = None

    def _end_subscriptions(self, account: str | None, *, event: bool) -> None:
        for connection in self.hub.on(SOCKET_API):
            if isinstance(connection.speech, SocketApiSpeech):
                connection.speech.end(connection, account, event=event)
