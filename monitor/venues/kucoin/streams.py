"""What is said on KuCoin's sockets: topics with a number each, pings in words; and the welcome that comes first."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from monitor.domain.errors import FeedLost, VenueError
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.conversation import Ask, Login, Speech
from monitor.venues.kucoin.bullet import Bullet
from monitor.venues.kucoin.codec import decode
from monitor.venues.kucoin.endpoints import INSTRUMENT_TOPIC, MARGIN_MARK_TOPIC, OF_ACCOUNTS
from monitor.venues.kucoin.settings import VENUE
from monitor.venues.settings import Timings
from monitor.venues.subscriptions import LedgerLimits, Moment

WELCOME = "welcome"  #: what the first frame is acknowledged under
NOT_VALID = "(code 401)"  #: how a refusal of a token ends
MARK_SUBJECT = "mark.index.price"  #: of an instrument's topic: what a mark comes in; funding comes on it too
TOPICS_A_REQUEST = 50  #: of one kind, with commas between them; the venue takes 100 texts in 10 s
_NUMBERS = itertools.count(1)

Told = Callable[[bytes, Decoded, float], Decoded]


def ledger_limits(timings: Timings) -> LedgerLimits:
    """How long a subscription may go without its acknowledgement."""
    return LedgerLimits(
        acknowledge_seconds=timings.acknowledge_seconds,
        reconnect_seconds=timings.reconnect_seconds,
        refused_again_seconds=timings.refused_again_seconds,
    )


@dataclass(slots=True)
class Line:
    """What is known of one route's sockets from the token that opens the next one: how often the venue wants a ping
    (seconds), and whether it is the push of a unified account, which has words of its own.
    """

    ping_seconds: float = 18.0
    unified: bool = False

    def opens(self, bullet: Bullet, *, unified: bool = False) -> Bullet:
        """Note a token that is about to be used."""
        self.ping_seconds, self.unified = bullet.ping_seconds, unified
        return bullet


class _Type(msgspec.Struct):
    type: str = ""
    message: str = ""


class KucoinSpeech(Speech):
    """One connection. `account` None: the public topics."""

    def __init__(
        self, timings: Timings, line: Line, account: AccountKey | None = None, told: Told | None = None
    ) -> None:
        """`told` sees every frame of marks of coins, and may have more to say of it than a frame alone tells."""
        self._timings, self._line, self._account, self._told = timings, line, account, told
        self._welcomed = False

    # How often to ping is known only when the token is there, which is after this speech was made.

    @property
    def ping_every_seconds(self) -> float:  # type: ignore[override]  # the base has it fixed
        """No more rarely than the venue wants, and as often as we want to know of a dead peer."""
        return min(self._line.ping_seconds, self._timings.ping_every_seconds)

    @property
    def deaf_seconds(self) -> float:  # type: ignore[override]  # the base has it fixed
        """Without a pong for this long the connection is dead."""
        return self.ping_every_seconds + self._timings.ping_timeout_seconds

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Funding comes on the topic of marks, and keeps no mark new."""
        if not self._welcomed and is_welcome(raw):
            self._welcomed = True
            return Decoded(FrameKind.ACKNOWLEDGED, WELCOME, request_id=WELCOME)
        decoded = decode(raw, venue=VENUE, account=self._account, received=received)
        if decoded.kind is FrameKind.REFUSED and not self._welcomed:
            return replace(decoded, request_id=WELCOME)
        if decoded.stream.startswith(INSTRUMENT_TOPIC) and decoded.name != MARK_SUBJECT:
            return replace(decoded, stream="")
        if self._told is not None and decoded.stream.startswith(MARGIN_MARK_TOPIC):
            return self._told(raw, decoded, received)
        return decoded

    def login(self, at: Moment) -> Login:  # noqa: ARG002  # the token in the address said who we are
        """Nothing may be asked before the venue's welcome, which comes by itself: a ping says that we are there."""
        return Login(self.ping(), WELCOME)

    def login_refused(self, decoded: Decoded, what: str, venue: str) -> VenueError:  # noqa: ARG002  # it may quote the token
        """A token that is refused is old, or of another server: the next connection has a new one."""
        return FeedLost(venue, what, "the venue refused the token of this connection")

    def leaving(self, decoded: Decoded) -> str:
        """A token that is no longer valid: another connection has a new one."""
        refused = decoded.kind is FrameKind.REFUSED and NOT_VALID in decoded.why
        return "the token of this connection is not valid any more" if refused else ""

    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:
        """Topics of one kind together; by themselves where something is wrong with one of them."""
        return [self._ask("subscribe", batch) for batch in _batches(topics, 1 if again else TOPICS_A_REQUEST)]

    def unsubscribe(self, topics: Sequence[str]) -> Sequence[str]:
        """Have these topics stop."""
        return [self._ask("unsubscribe", batch).text for batch in _batches(topics, TOPICS_A_REQUEST)]

    def ping(self) -> str:
        """The ping in words."""
        return json.dumps({"id": str(next(_NUMBERS)), "type": "ping"})

    def _ask(self, kind: str, batch: Sequence[str]) -> Ask:
        number = str(next(_NUMBERS))
        if self._line.unified:
            channel, _, of = batch[0].partition(".")
            said = {"id": number, "action": kind, "channel": channel}
            said["accountType" if channel in OF_ACCOUNTS else "tradeType"] = of
            return Ask(json.dumps(said), {batch[0]: number})
        asked = {
            "id": number,
            "type": kind,
            "topic": joined(batch),
            "privateChannel": self._account is not None,
            "response": True,
        }
        return Ask(json.dumps(asked), dict.fromkeys(batch, number))


def is_welcome(raw: bytes) -> bool:
    """Whether this is the first frame of a connection."""
    try:
        said = msgspec.json.decode(raw, type=_Type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return WELCOME in (said.type, said.message)


def joined(topics: Sequence[str]) -> str:
    """Several topics of one kind as the venue takes them: `/contract/instrument:A,B`."""
    kind, colon, _ = topics[0].partition(":")
    return kind + colon + ",".join(topic.partition(":")[2] for topic in topics)


def _batches(topics: Sequence[str], most: int) -> list[list[str]]:
    kinds: dict[str, list[str]] = {}
    for topic in topics:
        kind, colon, _ = topic.partition(":")
        kinds.setdefault(kind + colon, []).append(topic)
    return [same[start : start + most] for same in kinds.values() for start in range(0, len(same), most)]
