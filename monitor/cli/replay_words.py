"""A replay for a person who was just woken: what would have been told, what differs, and how sure that is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from math import isfinite

from monitor.app.replay import Began, Ended, Missing, ReplayedStep
from monitor.app.replay_episodes import Episode, Pairing
from monitor.app.replay_figures import Figure, FigureDifference, Pair
from monitor.app.replay_findings import Extremes, Findings, OneSided
from monitor.cli.replay_times import clock, day_and_time, lasting
from monitor.domain.alerts import Alert, AlertChange, AlertState
from monitor.domain.names import PoolKey

LISTED = 20  #: differences that are listed one by one; the rest are counted
OWNERS = ("venue", "account", "pool")


def began(item: Began) -> Iterator[str]:
    """Which run begins, and what may be expected of its replay."""
    run = item.run
    accounts = ", ".join(f"{key.venue}/{key.account}" for key in run.accounts)
    yield f"run {run.run} of {run.instance}, version {run.version}, started {day_and_time(run.started)}: {accounts}"
    if not item.whole:
        yield f"  from {day_and_time(item.at)} on, with the facts that stood; what had been learnt before is unknown"
    if item.strangers:
        yield f"  byte identity is not promised: {'; '.join(item.strangers)}"
        yield "  figures are compared within the bound of what processors may differ by"
    if item.exact:
        yield "  from its beginning, by the build and processor that wrote it: all must be identical to the byte"


def missing(item: Missing) -> str:
    """Steps that are not replayed."""
    when = "" if item.first is None else f" from {day_and_time(item.first)}"
    when += "" if item.last is None or item.last == item.first else f" to {clock(item.last)}"
    then = "it goes on at the next segment" if item.goes_on else "nothing after them is replayed"
    return f"  ! {item.steps} steps of {item.run}{when} are not replayed: {item.why}; {then}"


def ended(item: Ended) -> Iterator[str]:
    """How a run ends, where that is worth a line."""
    if not item.replayed:
        yield f"  ! nothing of {item.run} can be replayed: no whole segment of it is here"
    elif not item.cleanly:
        damage = f" ({item.why})" if item.why else ""
        yield f"  {item.run} has no end{damage}: it was killed, or it still runs"


def standing(findings: Findings) -> Iterator[str]:
    """What fires where the window begins: its changes lie before it."""
    for episode in findings.ours.firing:
        loudness = str(episode.severity)
        yield f"  fires since {clock(episode.fired)}: {loudness} {episode.alert.rule} {episode.alert.summary}"


def changes(step: ReplayedStep, one_sided: Collection[OneSided]) -> Iterator[str]:
    """The changes of alerts in one step: `=` told then too, `+` told only here, `-` told only then."""
    only_here = [each.change for each in one_sided if each.ours]
    for change in step.ours.changes:
        yield _change("+" if change in only_here and step.recorded is not None else "=", change)
    for each in one_sided:
        if not each.ours:
            yield _change("-", each.change)


def _change(mark: str, change: AlertChange) -> str:
    alert = change.alert
    told = f"{change.change.value.upper()} {alert.severity}"
    state = "" if alert.state is AlertState.FIRING else f" [{alert.state.value}{f': {alert.by}' if alert.by else ''}]"
    return f"{mark} {clock(change.at)}  {told:<18} {alert.rule:<18} {alert.summary}{state}"


def summary(findings: Findings, took_seconds: float) -> Iterator[str]:
    """Everything after the last step."""
    yield from _extent(findings, took_seconds)
    yield from _pools(findings)
    if findings.other_rules:
        yield from _against(findings)
    yield from _verdict(findings)


def _extent(findings: Findings, took_seconds: float) -> Iterator[str]:
    if findings.first is None or findings.last is None:
        yield "no steps in this time"
        return
    long = findings.last - findings.first
    yield ""
    yield (
        f"{findings.steps:,} steps with {findings.events:,} events, {day_and_time(findings.first)} to "
        f"{day_and_time(findings.last)} ({lasting(long)}), replayed in {took_seconds:.1f} s"
    )
    yield f"{findings.reports:,} reports, {findings.changes:,} changes of alerts"


def _pools(findings: Findings) -> Iterator[str]:
    if findings.pools:
        rows: list[Sequence[str]] = [("pool", "reports", "highest ratio", "nearest line", "at the end")]
        rows += [_pool(key, extremes) for key, extremes in sorted(findings.pools.items())]
        yield ""
        yield from table(rows)


def _pool(key: PoolKey, extremes: Extremes) -> tuple[str, ...]:
    ratio, distance = extremes.highest_ratio, extremes.nearest_distance
    return (
        f"{key.venue}/{key.account} {key.pool}",
        f"{extremes.reports:,}",
        "unknown" if ratio is None else f"{_ratio(ratio[0])} at {clock(ratio[1])}",
        "unknown" if distance is None else f"{_percent(distance[0])} at {clock(distance[1])}",
        "" if extremes.last is None else extremes.last.quality.value,
    )


def _ratio(value: float) -> str:
    return f"{value:.4f}" if isfinite(value) else "no equity"


def _percent(value: float) -> str:
    return f"{value * 100:.2f} %" if isfinite(value) else "none"


def _against(findings: Findings) -> Iterator[str]:
    """What would have fired under the new rules, each beside what did."""
    pairs = findings.pairings()
    yield ""
    if not pairs:
        yield "no alert fires under these rules, and none did"
        return
    until = findings.last or 0.0
    rows: list[Sequence[str]] = [("rule", "severity", "subject", "first fired", "for", "told", "what was")]
    rows += [_pair(pair, until) for pair in pairs if not pair.alike]
    if len(rows) > 1:
        yield from table(rows)
    if len(rows) <= len(pairs):
        yield f"{len(pairs) + 1 - len(rows)} more fire just as they did"
    new = sum(pair.recorded is None for pair in pairs)
    gone = sum(pair.ours is None for pair in pairs)
    here, there = len(pairs) - gone, len(pairs) - new
    yield f"{here} alerts under these rules, {there} then: {new} only under these, {gone} only then"


def _pair(pair: Pairing, until: float) -> tuple[str, ...]:
    episode = pair.ours or pair.recorded
    assert episode is not None  # a pairing has one side at least
    ours, was = pair.ours, "did not fire"
    if pair.recorded is not None:
        was = f"{pair.recorded.severity}, {_since(pair.recorded)} for {_long(pair.recorded, until)}"
    return (
        episode.alert.rule,
        "-" if ours is None else str(ours.severity),
        subject(episode.alert),
        "does not fire" if ours is None else _since(ours),
        "-" if ours is None else _long(ours, until),
        "-" if ours is None else f"{ours.told}×",
        was,
    )


def _since(episode: Episode) -> str:
    return f"before {clock(episode.fired)}" if episode.before else clock(episode.fired)


def _long(episode: Episode, until: float) -> str:
    return lasting(episode.seconds(until)) + ("" if episode.ended is not None else " and on")


def subject(alert: Alert) -> str:
    """What an alert speaks of: `binance/main cross:USDT BTCUSDT long`."""
    labels = alert.labels
    owner = "/".join(labels[name] for name in OWNERS[:2] if name in labels)
    return " ".join([owner, *(value for name, value in labels.items() if name not in OWNERS[:2])])


def _verdict(findings: Findings) -> Iterator[str]:
    yield ""
    if findings.without_outcome:
        yield f"{findings.without_outcome:,} steps have no outcome in the journal to compare with"
    compared = findings.steps - findings.without_outcome
    if not compared:
        yield "nothing was compared"
    elif findings.same and findings.compared_exactly == compared:
        yield f"identical: {compared:,} steps, {findings.reports:,} reports, {findings.changes:,} changes of alerts"
    elif findings.same:
        yield from _within(findings, compared)
    else:
        yield from _differences(findings)


def _within(findings: Findings, compared: int) -> Iterator[str]:
    figures = findings.figures
    text = f"equal: {compared:,} steps, {figures.compared:,} figures"
    if figures.within:
        text = f"equal within the bound: {compared:,} steps, {figures.compared:,} figures; {figures.within:,} of them "
        text += f"are not equal to the last digit, the most by {figures.largest_within:.1e} of itself"
    yield text
    if figures.settling:
        yield f"  {figures.settling:,} reports of the first minute are doubted on one side only and were not compared"
    if not findings.other_rules:
        yield f"  {findings.identical_steps:,} of the steps are identical to the byte"
        both = findings.changes - sum(each.ours for each in findings.one_sided)
        yield f"  {both:,} changes of alerts were told on both sides, {len(findings.one_sided)} on one side only"
        counted = Counter(each.excused for each in findings.one_sided)
        yield from (f"    {count} because {excuse}" for excuse, count in sorted(counted.items()))


def _differences(findings: Findings) -> Iterator[str]:
    yield "DIFFERENT from what was recorded:"
    first = findings.first_difference
    if first is not None:
        at, number, what = first
        yield (
            f"  {findings.differing_steps:,} of {findings.compared_exactly:,} steps are not identical; "
            f"the first is step {number} at {day_and_time(at)}: its {what}"
        )
    rows: list[Sequence[str]] = [("pool", "figure", "times", "first", "largest")]
    differences = list(findings.figures.differences.items())
    rows += [_figure(key, name, each) for (key, name), each in differences[:LISTED]]
    if differences:
        yield from (f"  {line}" for line in table(rows))
    if len(differences) > LISTED:
        yield f"  and {len(differences) - LISTED} more"
    if not findings.other_rules:
        yield from _one_sided(findings.differences)


def _figure(key: PoolKey, name: str, each: FigureDifference) -> tuple[str, ...]:
    return (
        f"{key.venue}/{key.account} {key.pool}",
        name,
        f"{each.count:,}",
        _values(each.first),
        _values(each.largest),
    )


def _values(pair: Pair) -> str:
    size = f" ({pair.size:.1e})" if isfinite(pair.size) else ""
    return f"{clock(pair.at)}: {_figure_text(pair.ours)}, was {_figure_text(pair.recorded)}{size}"


def _figure_text(value: Figure) -> str:
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else f"{value:.10g}"


def _one_sided(differences: Sequence[OneSided]) -> Iterator[str]:
    for title, ours in (("told only here", True), ("told only then", False)):
        chosen = [each for each in differences if each.ours is ours]
        if chosen:
            yield f"  {title}:"
            yield from (f"    {_change('+' if ours else '-', each.change)}{_shift(each)}" for each in chosen[:LISTED])
        if len(chosen) > LISTED:
            yield f"    and {len(chosen) - LISTED} more"


def _shift(each: OneSided) -> str:
    if each.shift_seconds is None:
        return ""
    word = "later" if each.shift_seconds > 0 else "earlier"
    return f" (the other side: {abs(each.shift_seconds):.1f} s {word})"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows in columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
