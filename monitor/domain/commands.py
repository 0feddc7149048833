"""What people ask of the alerts and what the store brings back, on the way of events, so that a replay has it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.alerts import AlertMemory, Silence
from monitor.domain.memory import AccountFacts, VolatilityFact


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlert:
    """Somebody takes care of the incident that fires with this fingerprint; `incident` "": whichever it is.

    `withdrawn`: an acknowledgement is taken back.
    """

    fingerprint: str
    author: str
    via: str
    at: float
    comment: str = ""
    incident: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceAlerts:
    """Somebody wants a silence; one with the same id is replaced."""

    silence: Silence
    via: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSilence:
    """A silence ends before its time."""

    id: str
    author: str
    via: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsRestored:
    """What the store knew of alerts when the monitor started: the first event of a run that has a store."""

    alerts: tuple[AlertMemory, ...]
    silences: tuple[Silence, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRestored:
    """What was known of accounts and prices when the monitor stopped, so that it can tell what changed meanwhile."""

    accounts: tuple[AccountFacts, ...]
    volatility: tuple[VolatilityFact, ...]
    at: float


#: What people ask of the alerts; the engine passes over it.
AlertCommand = AcknowledgeAlert | SilenceAlerts | EndSilence | AlertsRestored
