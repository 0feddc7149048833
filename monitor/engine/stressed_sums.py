"""What pools add up to in a scenario, by account and by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.lines import Ratio, State
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.stress import PoolNow, PoolStress, SumStress
from monitor.engine.group_parts import summed_ratio, total
from monitor.engine.picture import Believed
from monitor.margin.pool import Pool

NOT_REPORTED = "not reported yet"


@dataclass(frozen=True, slots=True)
class Subject:
    """One pool that is looked at; `pool` None: nothing can be supposed of it, and `now` says why.

    `holds`: a position is in it.
    """

    now: PoolNow
    pool: Pool | None
    holds: bool


class Sums:
    """What pools add up to, by account and by group."""

    def __init__(
        self, believed: Mapping[AccountKey, Believed], groups: Mapping[AccountKey, str], subjects: Sequence[Subject]
    ) -> None:
        self._believed, self._subjects = believed, subjects
        cut = {group for key, group in groups.items() if key not in believed}  # a part of a group is not the group
        self._members: dict[str, list[AccountKey]] = {}
        for key, group in sorted(groups.items()):
            if group and group not in cut:
                self._members.setdefault(group, []).append(key)
        self._places: dict[AccountKey, list[int]] = {key: [] for key in believed}
        for place, subject in enumerate(subjects):
            self._places[subject.now.key.owner].append(place)

    def accounts(self, rows: Sequence[PoolStress]) -> dict[AccountKey, SumStress]:
        """Each account: its ratio is that of its worst pool, unknown if one is, unless one is liquidatable."""
        return {key: self._account(key, self._of(rows, [key])) for key in self._believed}

    def _of(self, rows: Sequence[PoolStress], accounts: Iterable[AccountKey]) -> _Pairs:
        return [(self._subjects[place], rows[place]) for key in accounts for place in self._places[key]]

    def _account(self, key: AccountKey, pairs: _Pairs) -> SumStress:
        each = self._believed[key]
        dark = each.unknown or (each.report.reasons if each.report.quality is Quality.UNKNOWN else ())
        values = [row.ratio.value for _, row in pairs if row.ratio.state is State.LIQUIDATABLE]
        over = [value for value in values if value]
        if over:
            ratio = Ratio.of(max(over))
        elif dark or any(row.ratio.value is None for _, row in pairs):
            reasons = (f"{row.key.pool}: {why}" for _, row in pairs for why in row.ratio.reasons)
            ratio = Ratio.unknown(*dict.fromkeys((*dark, *reasons)))
        else:
            ratio = Ratio.of(max((row.ratio.value or 0.0 for one, row in pairs if one.now.primary), default=0.0))
        return _summed(ratio, pairs, dark=bool(dark))

    def groups(self, rows: Sequence[PoolStress]) -> dict[str, SumStress]:
        """Each group: what is required of all of its pools over the equity of all."""
        found = {}
        for name, members in sorted(self._members.items()):
            pairs = self._of(rows, members)
            dark = [key for key in members if self._believed[key].report.quality is Quality.UNKNOWN]
            ratio = _group_ratio(pairs, [f"{'/'.join(key)} is not known" for key in dark])
            found[name] = _summed(ratio, pairs, dark=bool(dark))
        return found


_Pairs = list[tuple[Subject, PoolStress]]


def _summed(ratio: Ratio, pairs: _Pairs, *, dark: bool) -> SumStress:
    primary = [row for subject, row in pairs if subject.now.primary]
    return SumStress(
        ratio=ratio,
        equity_usd=None if dark else total(row.equity_usd for row in primary),
        loss_usd=None if dark else total(row.loss_usd for row in primary),
        liquidated=sum(row.begins is not None for _, row in pairs),
    )


def _group_ratio(pairs: _Pairs, dark: Sequence[str]) -> Ratio:
    if dark:
        return Ratio.unknown(*dark)
    primary = [(subject, row) for subject, row in pairs if subject.now.primary]
    equity, required = total(row.equity_usd for _, row in primary), total(row.required_usd for _, row in primary)
    if equity is None or required is None:
        unknown = [row for _, row in primary if row.required_usd is None or row.equity_usd is None]
        reasons = (f"{'/'.join(row.key)}: {why}" for row in unknown for why in row.ratio.reasons or (NOT_REPORTED,))
        return Ratio.unknown(*reasons)
    return summed_ratio(equity, required, exposed=any(one.holds or row.ratio.value for one, row in primary))
