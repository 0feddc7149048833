"""Whatever channels do, and whenever the process dies: nothing is lost, and nothing is said twice without saying so."""

from __future__ import annotations

import asyncio
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.alerts.routing import Route, RoutingSettings
from monitor.domain.alerts import LOUD, Alert, AlertChange, AlertState, Change
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.outputs.delivery.settings import DeliverySettings
from tests.unit.outputs.delivery.post import (
    CRITICAL,
    FAST,
    WARNING,
    DictKeeper,
    FakeChannel,
    Office,
    Send,
    alert,
    change,
    open_office,
    run,
)

INCIDENTS = 4
#: name: takes a key, edits
KINDS = {"chat": (False, True), "mail": (False, False), "pager": (True, False)}
#: The pager stands in for the chat; mail has nobody.
ROUTING = RoutingSettings(
    routes=(Route(name="all", channels=("chat", "mail")),),
    fallback={"chat": "pager"},
    overdue_seconds={"info": 1e9, WARNING: 1e9, CRITICAL: 1e9},
)
MODES = ("good", "busy", "broken", "hanging", "dropping")
NEXT = {
    Change.FIRED: (Change.WORSENED, Change.ACKNOWLEDGED, Change.EASED, Change.RESOLVED),
    Change.WORSENED: (Change.WORSENED, Change.ACKNOWLEDGED, Change.RESOLVED),
    Change.ACKNOWLEDGED: (Change.WORSENED, Change.UNACKNOWLEDGED, Change.RESOLVED),
    Change.UNACKNOWLEDGED: (Change.REPEATED, Change.RESOLVED),
    Change.REPEATED: (Change.ACKNOWLEDGED, Change.RESOLVED),
    Change.EASED: (Change.ESCALATED, Change.RESOLVED),
    Change.ESCALATED: (Change.RESOLVED,),
}


@dataclass
class World:
    """What happens outside of one process: alerts, services, the disk. `accepted` is all that services ever took."""

    keeper: DictKeeper = field(default_factory=DictKeeper)
    modes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(KINDS, "good"))
    accepted: list[tuple[str, Message, str | None]] = field(default_factory=list)
    newest: dict[int, AlertChange] = field(default_factory=dict)
    incarnations: Counter[int] = field(default_factory=Counter)
    office: Office | None = None
    alive: list[bool] = field(default_factory=list)

    def start(self) -> None:
        """A process begins: what the disk does not hold is decided again."""
        alive = [True]
        channels = []
        for name, (keyed, edits) in KINDS.items():
            channel = FakeChannel(name, keyed=keyed, edits=edits)
            channel.behave = self._service(channel, alive)
            channels.append(channel)
        self.alive = alive
        self.keeper = deepcopy(self.keeper)
        known = {(each.alert.incident, each.number) for commit in self.keeper.commits for each in commit.changes}
        self.office = open_office(channels, ROUTING, DeliverySettings(rate=FAST), self.keeper)
        for each in self.newest.values():
            if (each.alert.incident, each.number) not in known:
                self.office.decide(each)

    async def die(self) -> None:
        """The process is killed: nothing that it still does reaches the disk or a service."""
        assert self.office is not None
        self.alive[0] = False
        dead, self.keeper = self.keeper, deepcopy(self.keeper)
        dead.why = "dead"
        await self.office.stop()

    def _service(self, channel: FakeChannel, alive: list[bool]) -> Send:
        async def behave(message: Message, handle: str | None) -> str | None:
            if not alive[0]:
                raise DeliveryFailed(channel.name, "dead")
            match self.modes[channel.name]:
                case "busy":
                    raise DeliveryFailed(channel.name, "too many", retry_after_seconds=45.0)
                case "broken":
                    raise DeliveryFailed(channel.name, "it answered 500")
                case "hanging":
                    await asyncio.sleep(1e6)
            self.accepted.append((channel.name, message, handle))
            if self.modes[channel.name] == "dropping":
                raise DeliveryFailed(channel.name, "dropped", uncertain=True)
            return handle or f"h{len(self.accepted)}"

        return behave

    def happen(self, which: int, choice: int) -> None:
        """An alert fires, or what it does next."""
        assert self.office is not None
        last = self.newest.get(which)
        if last is None or last.change is Change.RESOLVED:
            self.incarnations[which] += 1
            level = CRITICAL if which % 2 == 0 else WARNING
            about: Alert = alert(f"a{which}", level, since=1000.0 + self.incarnations[which])
            each = change(about=about)
        else:
            what = NEXT[last.change][choice % len(NEXT[last.change])]
            each = change(what, about=replace(last.alert, state=state_after(what)), number=last.number + 1)
        self.newest[which] = each
        self.office.decide(each)


def state_after(what: Change) -> AlertState:
    return change(what).alert.state


STEP = st.one_of(
    st.tuples(st.just("happen"), st.integers(0, INCIDENTS - 1), st.integers(0, 3)),
    st.tuples(st.just("mode"), st.sampled_from(sorted(KINDS)), st.sampled_from(MODES)),
    st.tuples(st.just("die"), st.just(""), st.just(0)),
)
STORY = st.lists(st.tuples(STEP, st.sampled_from((0.0, 0.5, 4.0, 25.0, 200.0))), max_size=25)


@given(STORY)
@settings(max_examples=60)
def test_nothing_is_lost_and_nothing_said_twice_without_a_mark(
    story: list[tuple[tuple[str, object, object], float]],
) -> None:
    world = World()

    async def told() -> None:
        world.start()
        for (what, which, choice), pause in story:
            if what == "happen":
                assert isinstance(which, int)
                assert isinstance(choice, int)
                world.happen(which, choice)
            elif what == "mode":
                world.modes[str(which)] = str(choice)
            else:
                await world.die()
                world.start()
            await asyncio.sleep(pause)
        world.modes = dict.fromkeys(KINDS, "good")
        await asyncio.sleep(4000.0)
        assert world.office is not None
        assert world.office.delivery.is_idle()
        await world.office.stop()

    with capture_logs():
        run(told)
    seen: dict[tuple[str, str], int] = {}
    pages: Counter[tuple[str, str]] = Counter()
    for name, message, handle in world.accepted:
        for each in message.changes:
            seen[name, each.alert.incident] = max(each.number, seen.get((name, each.alert.incident), 0))
            if handle is None and not message.repeated and not KINDS[name][0]:
                pages[name, each.key] += 1
    assert [key for key, count in pages.items() if count > 1] == []
    for each in world.newest.values():
        if each.change in LOUD:
            mail, chat = seen.get(("mail", each.alert.incident), 0), seen.get(("chat", each.alert.incident), 0)
            assert mail == each.number
            assert each.number in (chat, seen.get(("pager", each.alert.incident), 0))
        elif each.change is Change.RESOLVED:
            assert seen.get(("mail", each.alert.incident), 0) == each.number
