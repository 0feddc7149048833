"""What tests of the whole alerting share: a clock that tests move, what was told, and accounts near their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.alerts.alerting import Alerting
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import Alert, AlertChange, Change, Level, Severity
from monitor.domain.commands import AlertCommand
from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, Notice
from tests.sample_reports import MAIN, NOW, account, pool, view

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
HOUR = 3600.0


class Desk:
    """An alerting, a clock that tests move, and what was told."""

    def __init__(self, settings: AlertSettings | None = None, **rules: RuleSettings) -> None:
        self.alerting = Alerting(settings or AlertSettings(rules=rules))
        self.now = NOW
        self.told: list[AlertChange] = []

    def see(
        self,
        *accounts: AccountReport,
        seconds: float = 1.0,
        notices: Sequence[Notice] = (),
        commands: Sequence[AlertCommand] = (),
        closed: Sequence[AccountKey] = (),
        **changed: Any,
    ) -> list[tuple[str, Change]]:
        """A view `seconds` later: rule and change of what is told."""
        self.now += seconds
        shown = view(*accounts, **{"at": self.now, "heartbeats": (), **changed})
        changes = self.alerting.step(shown, notices, self.now, commands, closed)
        self.told.extend(changes)
        return [(change.alert.rule, change.change) for change in changes]

    def hold(self, *accounts: AccountReport, seconds: float, **changed: Any) -> list[tuple[str, Change]]:
        """The same view again and again, once a second."""
        return [told for _ in range(round(seconds)) for told in self.see(*accounts, **changed)]

    def alert(self, rule: str) -> Alert:
        """The one firing alert of a rule."""
        (alert,) = (alert for alert in self.alerting.firing if alert.rule == rule)
        return alert

    @property
    def firing(self) -> list[tuple[str, Level]]:
        """Rule and severity of what fires."""
        return [(alert.rule, alert.severity) for alert in self.alerting.firing]


def at_ratio(value: float, **changed: Any) -> AccountReport:
    """An account of which only the margin ratio is remarkable."""
    return account(pool(ratio=Ratio.of(value), **changed))


SAFE, NEAR, VERY_NEAR = at_ratio(0.2), at_ratio(0.65), at_ratio(0.85)


def happened(kind: str = "mode_changed", key: str = "hedge", text: str = "hedge mode was switched on") -> Notice:
    """An event of the account."""
    return Notice(kind=kind, account=MAIN, key=key, text=text, at=NOW)
