"""Between decisions and people: store, delivery, channels, broker and signs of life, wired to one another.

Nothing in here decides anything. What the core decided goes out by `take`; what people ask for comes in as events.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from monitor.alerts.dispatch import Dispatcher
from monitor.app import settings, settings_people, settings_routing
from monitor.app.clock import SystemClock
from monitor.app.config import Loaded
from monitor.app.config_stress import stress_request
from monitor.app.config_web import web_config_file
from monitor.app.deciding import Decision
from monitor.domain.alerts import Alert, AlertChange
from monitor.domain.clock import Clock
from monitor.domain.commands import AcknowledgeAlert, AlertsRestored, EndSilence, FactsRestored, SilenceAlerts
from monitor.domain.delivery import Channel, ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.events import Event
from monitor.domain.keeping import Audit, Commit, Saved
from monitor.domain.memory import VolatilityFact
from monitor.domain.silences import written
from monitor.domain.view import View
from monitor.outputs.channels.table import Means, build
from monitor.outputs.delivery.heartbeat import DeadMan, DeadManSettings
from monitor.outputs.delivery.service import Delivery, nothing
from monitor.outputs.delivery.settings import traits
from monitor.outputs.mqtt.channel import MqttChannel
from monitor.outputs.mqtt.homeassistant import Discovery
from monitor.store.store import Store
from monitor.web.desk import Desk, Supposing

log = structlog.get_logger(__name__)

AGAIN_FIRST_SECONDS, AGAIN_CAP_SECONDS = 1.0, 60.0  #: before what runs beside is started again after a bug
STORE_CLOSE_SECONDS = 0.5


class People:
    """Everything that tells people, or hears them. `open` first, then `run`; `close` last."""

    def __init__(
        self,
        loaded: Loaded,
        put: Callable[[Event], None],
        latest: Callable[[], View],
        store_file: Path | None,
        clock: Clock | None = None,
        crash: Callable[[str], None] = nothing,
    ) -> None:
        """`put` takes what people ask for; `store_file` None: nothing survives a restart.

        `crash` is called with the name of each point at which the process might end (for tests that end it there).
        """
        self._loaded, self._put, self._latest = loaded, put, latest
        self._clock = clock or SystemClock()
        self._store = (
            None
            if store_file is None
            else Store(store_file, self._clock, settings_people.store(loaded), secrets=loaded.secret_texts)
        )
        self._crash = crash
        self._beats: dict[str, float | None] = dict.fromkeys(loaded.config.heartbeats)
        self._since = self._clock.now()
        self._delivery: Delivery | None = None
        self._beside: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._channels: list[Channel] = []
        self._watches: list[DeadMan] = []
        self.on_delivered: Callable[[str, float], None] | None = None

    async def open(self) -> tuple[Event, ...]:
        """Read what survived, and make ready to tell. Returns what the core has to know first.

        Raises `monitor.store.failures.StoreRefused`.
        """
        saved = Saved() if self._store is None else await asyncio.to_thread(self._store.open)
        self._channels = list(self._made())
        routing = settings_routing.routing(self._loaded)
        decisions = Dispatcher(routing, [traits(channel) for channel in self._channels], self._minute_at())
        self._delivery = Delivery(
            self._channels,
            decisions,
            self._store,
            self._clock,
            saved,
            settings=settings_people.delivery(self._loaded),
            crash=self._crash,
        )
        self._delivery.on_delivered = self._delivered
        now = self._clock.now()
        if self._store is None:
            return ()
        return (
            FactsRestored(accounts=saved.facts, volatility=saved.volatility, at=now),
            AlertsRestored(alerts=saved.alerts, silences=saved.silences, at=now),
        )

    async def run(self) -> None:
        """Deliver, for ever. What runs beside (a broker, buttons) is started again when it fails."""
        assert self._delivery is not None  # `open` comes first
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._delivery.run(), name="delivery")
            for name, job in self._beside:
                tasks.create_task(self._again_and_again(name, job), name=name)

    async def close(self) -> None:
        """Let go of connections and of the store, within a second."""
        ends = [channel.close for channel in self._channels] + [watch.close for watch in self._watches]
        for end in ends:
            with suppress(Exception):  # whatever one has to say now, the next one must be closed too
                async with asyncio.timeout(STORE_CLOSE_SECONDS):
                    await end()
        if self._store is not None:
            await asyncio.to_thread(self._store.close, STORE_CLOSE_SECONDS)

    def take(self, decision: Decision, batch: Sequence[Event]) -> None:
        """What one step decided, with the events that it came from. Never blocks."""
        audit = tuple(_asked(event) for event in batch if isinstance(event, _COMMANDS))
        audit += tuple(Audit(at=decision.view.at, what="refused", who="", text=text) for text in decision.refusals)
        commit = Commit(
            changes=decision.changes,
            memory=decision.memory,
            facts=decision.facts,
            forgotten=decision.result.closed,
            audit=audit,
        )
        if commit != _NOTHING and self._delivery is not None:
            self._delivery.take(commit)

    def remember(self, volatility: tuple[VolatilityFact, ...]) -> None:
        """Keep what the engine knows of volatility: it takes hours to learn it anew."""
        if volatility and self._delivery is not None and self._store is not None:
            self._delivery.take(Commit(volatility=volatility))

    def channels(self) -> tuple[ChannelStatus, ...]:
        """How each channel does."""
        watches = tuple(watch.status() for watch in self._watches)
        return watches if self._delivery is None else (*self._delivery.statuses(), *watches)

    def store(self) -> StoreStatus | None:
        """How the store does; None where there is none."""
        return None if self._store is None else self._store.status()

    def heartbeats(self) -> tuple[HeartbeatStatus, ...]:
        """The signs of life that are owed to us."""
        return tuple(
            HeartbeatStatus(name=name, every_seconds=table.every_seconds, last=self._beats[name], since=self._since)
            for name, table in self._loaded.config.heartbeats.items()
        )

    def desk(self, supposing: Supposing | None = None) -> Desk:
        """What the HTTP server may ask for."""
        return Desk(
            put=self._put,
            history=self._history,
            test=self._test,
            beat=self._beat,
            clock=self._clock,
            token=self._loaded.secret("web.token"),
            external_url=self._loaded.config.web.external_url,
            reading=self._loaded.config.web.token_for_reading,
            levels=settings.page_levels(self._loaded),
            supposing=supposing,
            stress=stress_request(self._loaded.config),
            config_file=web_config_file(self._loaded),
        )

    def _made(self) -> Iterator[Channel]:
        """All channels, and what some of them do by themselves."""
        like = settings.alerts(self._loaded).like
        means = Means(clock=self._clock, put=self._put, firing=self._firing, like=like)
        for chosen in settings_people.channels(self._loaded):
            channel = build(chosen, means)
            job: Callable[[], Awaitable[None]] | None = getattr(channel, "run", None)
            if job is not None:
                self._beside.append((f"channel {channel.name}", job))
            yield channel
        broker = self._broker()
        if broker is not None:
            self._beside.append(("mqtt", broker.run))
            yield broker
        for name, table in self._loaded.config.dead_man.items():
            url = self._loaded.secret(f"dead_man.{name}.url")
            chosen_watch = DeadManSettings(name=name, url=url, every_seconds=table.every_seconds)
            watch = DeadMan(chosen_watch, lambda: self._latest().batches_total, self._clock, self._trouble)
            self._watches.append(watch)
            self._beside.append((f"dead man {name}", watch.run))

    def _broker(self) -> MqttChannel | None:
        chosen, config = settings_people.mqtt(self._loaded), self._loaded.config.mqtt
        if chosen is None:
            return None
        topics = settings_people.topics(self._loaded)
        discovery = Discovery(
            topics,
            settings.alerts(self._loaded).levels,
            prefix=config.discovery_prefix,
            expiry_seconds=config.expiry_seconds,
            url=self._loaded.config.web.external_url,
        )
        return MqttChannel(
            chosen,
            topics,
            self._clock,
            self._latest,
            state_every_seconds=config.state_every_seconds,
            put=self._put if config.commands else None,
            discovery=discovery if config.home_assistant else None,
        )

    def _minute_at(self) -> Callable[[float], int]:
        """The minute of the local day, in the zone of the quiet hours; without one in this machine's."""
        named = self._loaded.config.quiet_hours.zone
        zone = ZoneInfo(named) if named else None

        def minute(at: float) -> int:
            local = datetime.fromtimestamp(at, zone)
            return 60 * local.hour + local.minute

        return minute

    def _trouble(self) -> str:
        """Why people might not be told, in words: for those who wait for our sign of life."""
        store = self.store()
        failing = [status.name for status in self.channels() if not status.up and status.kind != DeadMan.kind]
        reasons = [f"channels fail: {', '.join(failing)}"] if failing else []
        return "; ".join(reasons + ([store.reason] if store is not None and not store.writing else []))

    def _firing(self) -> tuple[Alert, ...]:
        return self._latest().alerts

    async def _history(self, fingerprint: str) -> tuple[AlertChange, ...]:
        return () if self._store is None else await self._store.history(fingerprint)

    async def _test(self, channel: str | None) -> tuple[tuple[str, str], ...]:
        return () if self._delivery is None else await self._delivery.test(channel)

    def _beat(self, name: str) -> bool:
        if name not in self._beats:
            return False
        self._beats[name] = self._clock.now()
        return True

    def _delivered(self, channel: str, seconds: float) -> None:
        if self.on_delivered is not None:
            self.on_delivered(channel, seconds)

    async def _again_and_again(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        pause = AGAIN_FIRST_SECONDS
        while True:
            started = self._clock.monotonic()
            try:
                await job()
                return
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise  # it was us that are to end
                log.error("a part beside the delivery was broken off by itself", part=name)
            except Exception as error:  # the boundary of a channel: what escapes must stay in it
                log.error("a part beside the delivery failed by a bug", part=name, exc_info=error)
            if self._clock.monotonic() - started > AGAIN_CAP_SECONDS:
                pause = AGAIN_FIRST_SECONDS
            await self._clock.sleep(pause * (0.5 + random.random() / 2))
            pause = min(AGAIN_CAP_SECONDS, 2 * pause)


_NOTHING = Commit()
_COMMANDS = (AcknowledgeAlert, SilenceAlerts, EndSilence)


def _asked(command: AcknowledgeAlert | SilenceAlerts | EndSilence) -> Audit:
    """One line of the audit: who asked for what, by which way."""
    match command:
        case AcknowledgeAlert():
            what = "withdraw" if command.withdrawn else "acknowledge"
            text = " ".join(part for part in (command.fingerprint, f"by {command.via}", command.comment) if part)
            return Audit(at=command.at, what=what, who=command.author, text=text)
        case SilenceAlerts(silence=silence):
            conditions = " ".join(map(written, silence.matchers))
            text = f"{silence.id} by {command.via} for {silence.ends - silence.starts:.0f} s: {conditions}"
            return Audit(at=command.at, what="silence", who=silence.author, text=f"{text}: {silence.comment}")
        case EndSilence():
            return Audit(at=command.at, what="unsilence", who=command.author, text=f"{command.id} by {command.via}")
