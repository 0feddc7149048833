"""Groups: accounts of one owner over venues, seen together. Pure and incremental; without groups it costs nothing.

A group is worked out anew when a report of a member is, but no more often than an account on which nothing is decided
(`EngineSettings.lines_every_seconds`; a large one less often, so that all cost alike), from what each member brings
(`monitor.engine.group_parts`).
Sums are exact and members sorted, so that equal reports give equal groups in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf

from monitor.domain.group_reports import GroupReport
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.engine.group_parts import Part, missing_part, part_of
from monitor.engine.group_settings import GroupSettings
from monitor.engine.group_sums import group_report
from monitor.engine.hedges import Hedges, Recalled
from monitor.engine.settings import EngineSettings

#: What an account held when the monitor stopped; None while that is not compared with what it holds now.
Before = Callable[[AccountKey], Sequence[Recalled] | None]


class Groups:
    """All groups, by what their members reported last."""

    def __init__(self, settings: EngineSettings, before: Before) -> None:
        self._before = before
        self._group_of = {key: group for key, group in settings.groups.items() if group}
        self._parts = {key: missing_part(key) for key in self._group_of}
        self._hedges = {
            name: Hedges(
                settings.group_settings.get(name, GroupSettings()),
                (hedge for hedge in settings.hedges if hedge.group == name),
            )
            for name in sorted(set(self._group_of.values()))
        }
        self._unrecalled = set(self._hedges)
        self._compared: set[AccountKey] = set()
        self._every, self._legs_per_step = settings.lines_every_seconds, settings.legs_per_step
        self._pause = dict.fromkeys(self._hedges, self._every)  #: so long a group is not worked out again
        self._fresh: dict[AccountKey, AccountReport] = {}  #: reports that no group was worked out from yet
        self._owed: set[str] = set()  #: groups that are older than a report of theirs
        self._made_at: dict[str, float] = {}
        self._reports: dict[str, GroupReport] = {}
        self._shown: tuple[GroupReport, ...] = ()

    def reports(self) -> tuple[GroupReport, ...]:
        """The latest report of every group, by name; the same tuple as long as there is no new one."""
        return self._shown

    def update(
        self, reports: Iterable[AccountReport], closed: Iterable[AccountKey], now: float
    ) -> tuple[GroupReport, ...]:
        """New reports of all groups of which a member reported, closed, or of which time alone changes something."""
        if not self._group_of:
            return ()
        touched = set() if self._reports else set(self._hedges)
        for account in closed:
            group = self._group_of.pop(account, "")
            if group:
                del self._parts[account]
                self._fresh.pop(account, None)
                touched.add(group)
        for report in reports:
            group = self._group_of.get(report.key, "")
            if group:
                self._fresh[report.key] = report
                self._owed.add(group)
        touched |= {name for name in self._owed if not 0.0 <= now - self._made_at.get(name, -inf) < self._pause[name]}
        # Once: where that was no hedge then, because a leg could not be seen, a report will bring it here.
        touched |= {name for name, each in self._hedges.items() if now >= each.due() > self._made_at.get(name, -inf)}
        return self._made(touched, now)

    def due(self) -> float:
        """When a step is wanted, for groups that are older than a report of theirs; +inf: never."""
        return min((self._made_at[name] + self._pause[name] for name in self._owed), default=inf)

    def _made(self, touched: set[str], now: float) -> tuple[GroupReport, ...]:
        if not touched:
            return ()
        for key in [key for key in self._fresh if self._group_of[key] in touched]:
            self._parts[key] = part_of(self._fresh.pop(key))
        self._owed -= touched
        self._made_at |= dict.fromkeys(touched, now)
        members: dict[str, dict[AccountKey, Part]] = {name: {} for name in touched}
        for key in sorted(self._parts):
            group = self._group_of[key]
            if group in members:
                members[group][key] = self._parts[key]
        new = []
        for name in sorted(touched):
            if not members[name]:
                self._reports.pop(name, None)
                self._hedges.pop(name, None)
                self._made_at.pop(name, None)
                continue
            legs = sum(len(part.held) for part in members[name].values())
            self._pause[name] = self._every * max(1.0, legs / self._legs_per_step)
            self._recall(name, members[name])
            hedges = self._hedges[name].look(members[name], self._settled, now)
            self._reports[name] = group_report(name, members[name], hedges, now)
            new.append(self._reports[name])
        self._shown = tuple(self._reports[name] for name in sorted(self._reports))
        return tuple(new)

    def _settled(self, account: AccountKey) -> bool:
        """Whether an account was compared with what it held before the start. Once it was, nobody asks again."""
        if account in self._compared:
            return True
        settled = self._before(account) is not None
        if settled and account in self._parts and self._parts[account].present:
            self._compared.add(account)
        return settled

    def _recall(self, name: str, members: Mapping[AccountKey, Part]) -> None:
        """Once all members can be seen and were compared with what they held before the start, tell their hedges."""
        if name not in self._unrecalled or not all(part.present for part in members.values()):
            return
        known = [self._before(key) for key in members]
        if all(legs is not None for legs in known):
            self._unrecalled.discard(name)
            self._hedges[name].recall([leg for legs in known for leg in legs or ()])
