"""Selectors, and the few expressions that several panels share. All are PromQL with Grafana's variables in them."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.grafana.colours import FULL, NEVER, NO_EQUITY, UNSEEN

GROUP = 'group=~"$group"'
ACCOUNT = 'venue=~"$venue",account=~"$account"'
POOL = "venue,account,pool"
POSITION = "venue,account,pool,symbol,side"


def of(metric: str, more: str = "", *, where: str = ACCOUNT) -> str:
    """A metric of ours, by its name without the prefix, of what the variables choose."""
    selectors = ",".join(each for each in (where, more) if each)
    return f"marginwatch_{metric}{{{selectors}}}" if selectors else f"marginwatch_{metric}"


#: Pools whose figures are not shown: their gauges are absent, so they must be named.
NOT_KNOWN = of("pool_quality", 'quality=~"STALE|UNKNOWN"')


def by(labels: str, how: str, expression: str) -> str:
    """One series a label set: two monitors that watch the same account, or a restarted one, are not two accounts."""
    return f"{how} by ({labels}) ({expression})"


def whole(metric: str) -> str:
    """The sum over all chosen accounts, absent while that of one of them is: a sum without a term is no sum."""
    each = by("venue,account", "max", of(metric))
    every = by("venue,account", "max", of("account_up"))
    return f"sum({each}) and (count({each}) == count({every}))"


def drawn(expression: str) -> str:
    """A ratio for a graph: without equity it is +Inf, and is drawn at the top instead of not at all."""
    return f"clamp_max({expression}, {FULL:g})"


def digits(expression: str) -> str:
    """A price rounded to six digits: 88,821.4 and 0.00888123 can both be read."""
    scale = f"10 ^ (5 - floor(log10({expression})))"
    return f"round({expression} * {scale}) / {scale}"


def cents(expression: str) -> str:
    """An amount without the dust that floats leave: an account that is empty has 0, not 2.27e-12."""
    return f"round({expression}, 0.01)"


def told(expression: str) -> str:
    """A ratio for a table."""
    return f"clamp_max({expression}, {NO_EQUITY:.0f})"


def dangers(labels: str) -> str:
    """The margin ratios of all pools for a table, with a number for those that are not known: they stand first."""
    unseen = by(labels, "max", f"{NOT_KNOWN} == 1")
    return f"{told(by(labels, 'max', of('pool_margin_ratio')))} or {unseen} * {UNSEEN:.0f}"


def reach(expression: str) -> str:
    """A distance for a table."""
    return f"clamp_max({expression}, {NEVER:.0f})"


def near(expression: str, most: float = 1.0) -> str:
    """A distance for a graph, without what is so far that nothing else could be read beside it."""
    return f"{expression} <= {most:g}"


def corridor(metric: str, labels: str, *, where: str = ACCOUNT, more: str = "", most: float = 0.5) -> str:
    """Distances down as negative and up as positive numbers: 0 is the price of now, the lines are the walls."""
    extra = f"{more}," if more else ""
    down = near(by(f"{labels},direction", "min", of(metric, extra + 'direction="down"', where=where)), most)
    up = near(by(f"{labels},direction", "min", of(metric, extra + 'direction="up"', where=where)), most)
    return f"-({down}) or ({up})"


def coded(metric: str, label: str, values: Sequence[str], labels: str, *, where: str = ACCOUNT) -> str:
    """A metric with one series a word, as the number of the word that holds; of several series the greatest."""
    parts = [
        of(metric, f'{label}="{value}"', where=where) + f" * {number}" for number, value in enumerate(values, start=1)
    ]
    return by(labels, "max", " or ".join(parts))


def ending(expression: str, labels: str, how: str, unknown: str, on: str) -> str:
    """Figures at the end of what is looked at. Of what is not known then (`unknown`, by the labels `on`), and of all
    where no monitor answers then, the last ones of the hour before: what became unknown must not leave a graph.

    What is gone by then has none: a pool that was liquidated is no longer among the worst.
    """
    before = f"last_over_time({expression}[1h] @ end())"
    parts = (
        f"{expression} @ end()",
        f"({before} and on ({on}) ({unknown} @ end() == 1))",
        f"({before} unless on (job,instance) (up @ end() == 1))",
    )
    return by(labels, how, " or ".join(parts))


def pools_ending(metric: str, labels: str, how: str) -> str:
    """The same of a metric of pools, or of their positions."""
    return ending(of(metric), labels, how, NOT_KNOWN, POOL)


def among(expression: str, labels: str, chosen: str) -> str:
    """Of many series those that are chosen: a graph of a hundred lines tells nothing."""
    return f"{expression} and on ({labels}) {chosen}"


def nth(pick: str, number: int, ranked: str) -> str:
    """The series at one place in the order of `topk` or `bottomk`."""
    if number == 1:
        return f"{pick}(1, {ranked})"
    return f"({pick}({number}, {ranked}) unless {pick}({number - 1}, {ranked}))"


def quality(metric: str, labels: str, *, where: str = ACCOUNT) -> str:
    """The worst quality as a number: 1 LIVE, 2 PARTIAL, 3 STALE, 4 UNKNOWN."""
    return coded(metric, "quality", ("LIVE", "PARTIAL", "STALE", "UNKNOWN"), labels, where=where)


#: How a hedge stands, as a number: 1 held, 2 flat, 3 near, 4 shrank, 5 broken, 6 unknown.
HEDGE = coded(
    "group_hedge_state",
    "state",
    ("held", "flat", "near", "shrank", "broken", "unknown"),
    "group,hedge",
    where=GROUP,
)

#: A pool's margin ratio, or the last one of an hour before while it is not known.
LAST_RATIO = (
    f"{of('pool_margin_ratio')} or (last_over_time({of('pool_margin_ratio')}[1h]) and on ({POOL}) ({NOT_KNOWN} == 1))"
)


def worst(expression: str, *, warning: float) -> str:
    """The greatest of a ratio, absent while a pool is not known and what is known does not warn: that is not safe."""
    most = f"max({expression})"
    return f"{most} unless (count({NOT_KNOWN} == 1) and {most} < {warning:g})"


def nearest(expression: str, *, warning: float) -> str:
    """The same with the smallest of a distance."""
    least = f"min({expression})"
    return f"{least} unless (count({NOT_KNOWN} == 1) and {least} > {warning:g})"


#: 3: something critical fires, 2: something is not known, 1: a warning fires, 0: none of them. Of all accounts.
#: Severities of a user's own count as critical, for we cannot know what is meant by them; a monitor that does not
#: answer is not known.
SAFE = (
    '(sum(marginwatch_alerts_firing{severity!~"info|warning"}) > 0) * 0 + 3'
    ' or count(marginwatch_pool_quality{quality=~"STALE|UNKNOWN"} == 1) * 0 + 2'
    " or count(marginwatch_account_up == 0) * 0 + 2"
    ' or (sum(marginwatch_alerts_firing{severity="warning"}) > 0) * 0 + 1'
    " or sum(marginwatch_alerts_firing) * 0"
    " or vector(2)"
)


def _ordered(expression: str) -> str:
    """Severities as numbers, so that a table can be sorted by them; one of a user's own keeps its name."""
    for number, severity in enumerate(("unknown", "critical", "warning", "info")):
        expression = f'label_replace({expression}, "severity", "{number}", "severity", "{severity}")'
    return expression


#: What fires, and a row of its own where nothing can be told because the monitor does not answer.
FIRING = _ordered(
    "sum by (rule,severity) (marginwatch_alerts_firing) > 0"
    ' or label_replace(label_replace(absent(marginwatch_build_info), "rule", "the monitor does not answer", "", ""),'
    ' "severity", "unknown", "", "")'
)
