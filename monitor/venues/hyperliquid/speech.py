"""What is said on Hyperliquid's socket: a subscription a text, pings in words; and frames by the address they name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey, Asset
from monitor.venues.conversation import Ask, Speech
from monitor.venues.hyperliquid.assembly import Assembly, Heard
from monitor.venues.hyperliquid.codec import decode
from monitor.venues.hyperliquid.endpoints import ALL_CTXS, ANSWER, PING, PONG, SPOT_STATE, Topic
from monitor.venues.hyperliquid.names import Universe
from monitor.venues.hyperliquid.oracles import Oracles
from monitor.venues.hyperliquid.places import Places
from monitor.venues.hyperliquid.rows import SpotState
from monitor.venues.hyperliquid.settings import VENUE
from monitor.venues.hyperliquid.stamps import by_venue_clock
from monitor.venues.settings import Timings

ANSWERS_LAG_SECONDS = 5.0  #: by which an answer may be older than a push that came before it was asked for
_MARKS_BEGIN = b'{"channel":"' + ALL_CTXS.encode() + b'"'


class _Envelope(msgspec.Struct, gc=False):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Named(msgspec.Struct, gc=False):
    user: str = ""


class _Subscribed(msgspec.Struct, gc=False):
    subscription: _Named = msgspec.field(default_factory=_Named)


_envelope = msgspec.json.Decoder(_Envelope)
_named = msgspec.json.Decoder(_Named)
_subscribed = msgspec.json.Decoder(_Subscribed)


class HyperliquidSpeech(Speech):
    """One connection. `accounts` are ours by address, in small letters; `universe` the perpetuals as last read."""

    def __init__(
        self,
        timings: Timings,
        accounts: Mapping[str, AccountKey],
        universe: Callable[[], Universe],
        prices: Mapping[Asset, float],
        oracle_still_seconds: float,
        offset: Callable[[], float] = lambda: 0.0,
        portfolio: Callable[[], frozenset[str]] = frozenset,
        places: Places | None = None,
    ) -> None:
        """`offset` is the venue's clock minus ours, `prices` those of what backs portfolio margin, `portfolio` the
        addresses in that mode: their spot states are asked for as such; `places` what is known of marks by name.
        """
        # The venue closes a connection to which it sent nothing for 60 s; a pong is something.
        self.ping_every_seconds = timings.ping_every_seconds
        self.deaf_seconds = timings.ping_every_seconds + timings.ping_timeout_seconds
        self._accounts, self._universe = accounts, universe
        self._assemblies = {one: Assembly(one, prices) for one in accounts.values()}
        self._spots_pushed: dict[AccountKey, float] = {}  #: when last
        self._places = places or Places()
        self._portfolio, self._asked_as = portfolio, portfolio()
        self._oracles, self._offset = Oracles(oracle_still_seconds), offset

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame: of an account, with all that is known of it by now."""
        user = whose(raw)
        account = self._accounts.get(user)
        decoded = decode(raw, venue=VENUE, account=account, received=received, universe=self._universe())
        if account is not None:
            return self._of_account(account, user, decoded)
        aged = self._oracles.put(self._places.put(decoded, self._universe(), received), received)
        return replace(aged, events=by_venue_clock(aged.events, self._offset())) if aged.events else aged

    def _of_account(self, account: AccountKey, user: str, decoded: Decoded) -> Decoded:
        if isinstance(decoded, Heard) and decoded.spot is not None:
            self._spots_pushed[account] = decoded.received
        if decoded.kind is FrameKind.MALFORMED and not decoded.stream:
            # It cannot be read, but it says of whom it tells.
            return replace(decoded, stream=Topic(decoded.name, user).text)
        return self._assemblies[account].put(decoded)

    def seed(self, account: AccountKey, spot: SpotState, asked: float) -> None:
        """Balances as REST showed them, asked for at `asked`. They stand where none were pushed (the venue need not
        push what does not change) or where the last push is older than what an answer may lag behind: then it goes
        without saying no longer that pushes come.
        """
        if asked - self._spots_pushed.get(account, float("-inf")) > ANSWERS_LAG_SECONDS:
            self._assemblies[account].keep(None, spot)

    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:  # noqa: ARG002  # said alike
        """Each topic in a text of its own, acknowledged under its own name."""
        return [Ask(self._request("subscribe", topic), {topic: topic}) for topic in topics]

    def unsubscribe(self, topics: Sequence[str]) -> Sequence[str]:
        """Have these topics stop."""
        return [self._request("unsubscribe", topic) for topic in topics]

    def ping(self) -> str:
        """A message like any other."""
        return PING

    def leaving(self, decoded: Decoded) -> str:  # noqa: ARG002  # it is not the venue that wants it
        """Spot states that are asked for as those of another mode are asked for anew, on another connection."""
        return "" if self._portfolio() == self._asked_as else "an account's mode is another one"

    def _request(self, method: str, topic: str) -> str:
        parsed = Topic.parse(topic)
        said: dict[str, object] = dict(parsed.subscription())
        if parsed.type == SPOT_STATE and parsed.user in self._asked_as:
            said["isPortfolioMargin"] = True
        return json.dumps({"method": method, "subscription": said})


def whose(raw: bytes) -> str:
    """The address that a frame names, in small letters; "" if none. What it is, the codec says."""
    if raw.startswith(_MARKS_BEGIN):
        return ""
    try:
        said = _envelope.decode(raw)
        if said.channel == ANSWER:
            return _subscribed.decode(said.data).subscription.user.lower()
        return "" if said.channel == PONG else _named.decode(said.data).user.lower()
    except (ValueError, RecursionError):
        return ""
