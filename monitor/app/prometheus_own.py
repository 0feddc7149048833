"""Rules that only somebody else can decide: that the monitor is gone, and what it tells that is no metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DOWN, ABSENT = "MarginwatchDown", "MarginwatchAbsent"
SLOW, TOLD, DEAD_MAN = "MarginwatchScrapeSlow", "MarginwatchToldByMonitor", "MarginwatchPrometheusWatchdog"
OWN = (DOWN, ABSENT, SLOW, TOLD, DEAD_MAN)

SLOW_SECONDS = 2.0  #: a scrape of ours takes a tenth of a second; the default limit of Prometheus is 10 s


def own_rules(job: str, told: Sequence[str], remember: str) -> list[dict[str, Any]]:
    """All of them, without links. `told`: the rules of ours that Prometheus cannot decide by itself."""
    of_job = f'job="{job}"'
    absent = f"absent(up{{{of_job}}})\nor (up{{{of_job}}} == 1 unless on (job, instance) marginwatch_build_info)"
    firing = f'marginwatch_alerts_firing{{rule=~"{"|".join(told)}",state="firing"}}'
    return [
        _rule(
            DOWN, f"up{{{of_job}}} == 0", "critical", "30s",
            "The monitor at {{ $labels.instance }} cannot be scraped",
            "Nothing is known of any account since. What was over its threshold then goes on to fire for "
            f"{remember}, this alert until the monitor answers.",
        ),
        _rule(
            ABSENT, absent,
            "critical", "5m",
            "No monitor{{ with $labels.instance }} at {{ . }}{{ end }}",
            f"Prometheus has no target of the job {job}, or what answers at this one is no marginwatch.",
        ),
        _rule(
            SLOW, f"scrape_duration_seconds{{{of_job}}} >= {SLOW_SECONDS:g}", "warning", "1m",
            "A scrape of {{ $labels.instance }} takes {{ $value | humanizeDuration }}",
            "The monitor answers late: its loop is busy, or its machine is. What is shown is old by that much.",
        ),
        {
            "alert": TOLD,
            "expr": f"sum by (job, instance, rule, severity) ({firing}) > 0\n"
            f"or (sum by (job, instance, rule, severity) (last_over_time({firing}[{remember}])) > 0"
            " and on (job, instance) (up == 0))",
            "annotations": {
                "summary": "The monitor tells {{ $labels.rule }}: {{ $value }} alert(s)",
                "description": "It decides this rule by itself, of what is no metric: its page says of whom and why.",
            },
        },
        _rule(
            DEAD_MAN, "vector(1)", "info", "",
            "Prometheus evaluates rules: this alert always fires",
            "Send it to a dead man's switch and to nobody else: when it stops, no rule here is looked at.",
        ),
    ]  # fmt: skip


def _rule(name: str, expression: str, severity: str, lasting: str, summary: str, text: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"alert": name, "expr": expression}
    if lasting:
        rule["for"] = lasting
    rule["labels"] = {"severity": severity}
    rule["annotations"] = {"summary": summary, "description": text}
    return rule


__all__ = ["OWN", "own_rules"]
