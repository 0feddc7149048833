"""The monitor itself: is it quick, does it keep up, do its messages arrive, does it remember?"""

from __future__ import annotations

from deploy.grafana import colours, levels
from deploy.grafana.board import Board
from deploy.grafana.panels import (
    BYTES,
    COUNT,
    FACTOR,
    PER_SECOND,
    RATIO,
    SECONDS,
    Column,
    Query,
    figure,
    graph,
    rows,
)
from deploy.grafana.queries import of

UID = "marginwatch-own"
WHERE = 'instance=~"$instance"'
_CHANNEL = "channel,kind"


def board() -> Board:
    """The dashboard."""
    made = Board(
        UID,
        "Monitor itself",
        "Is the monitor quick, does it keep up, do its messages arrive, does it keep what must survive?",
        ("instance",),
    )
    _now(made)
    _engine(made)
    _delivery(made)
    _memory(made)
    return made


def _of(metric: str, more: str = "") -> str:
    return of(metric, more, where=WHERE)


def _ours(expression: str) -> str:
    """Of a metric that every program has, what is of a monitor: a target that had its version within the hour."""
    return f"{expression} and on (instance,job) last_over_time({_of('build_info')}[1h])"


def _rate(metric: str, more: str = "") -> str:
    return f"rate({_of(metric, more)}[$__rate_interval])"


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share:g}, sum by (le) ({_rate(f'{metric}_bucket')}))"


def _delivered(share: float) -> str:
    """Messages are rare: what was delivered within the last hour, not within a few scrapes."""
    return f"histogram_quantile({share:g}, sum by (le,channel) (increase({_of('delivery_seconds_bucket')}[1h])))"


def _now(made: Board) -> None:
    made.row(
        "Now",
        figure(
            "Answers",
            "Whether Prometheus reads the monitor: 0 is nobody watching.",
            Query(f"min({_ours('up')}) or vector(0)", ""),
            unit=FACTOR,
            mappings=colours.ANSWERS,
            span=3,
        ),
        figure(
            "Event to report",
            "Within this time, 99 of 100 reports followed the event that they hold.",
            Query(_quantile(0.99, "event_to_report_seconds"), ""),
            unit=SECONDS,
        ),
        figure(
            "Loop late by",
            "The longest of late that the loop was late for a timer, or an event waited for its step.",
            Query(f"max({_of('late_seconds')})", ""),
            unit=SECONDS,
            levels=levels.of_rule("monitor_late"),
            rules=("monitor_late",),
            span=3,
        ),
        figure(
            "Waiting events",
            "Events that wait for the engine.",
            Query(f"max({_of('inbox_depth')})", ""),
            unit=COUNT,
            levels=levels.of_rule("inbox_backlog"),
            rules=("inbox_backlog",),
            span=3,
        ),
        figure(
            "Channels down",
            "Channels whose last attempt to deliver failed.",
            Query(f"count({_of('channel_up')} == 0) or 0 * count({_of('channel_up')})", ""),
            unit=COUNT,
            levels=levels.any_is(colours.WARNING),
            rules=("channel_down",),
            empty="none known",
            span=3,
        ),
        figure(
            "Store",
            "Whether what must survive a restart is being written.",
            Query(f"min({_of('store_writing')})", ""),
            unit=FACTOR,
            mappings=colours.WRITING,
            rules=("store_down",),
            empty="off, or unknown",
            span=3,
        ),
        figure(
            "Journal",
            "Whether the flight recorder is being written.",
            Query(f"min({_of('journal_writing')})", ""),
            unit=FACTOR,
            mappings=colours.WRITING,
            rules=("journal",),
            empty="off, or unknown",
            span=3,
        ),
        figure(
            "Silences",
            "Silences in force.",
            Query(f"sum({_of('silences_active')})", ""),
            unit=COUNT,
            span=2,
        ),
    )


def _engine(made: Board) -> None:
    made.row(
        "Engine",
        graph(
            "Event to report",
            "From the receipt of an event to the report that holds it: half, 99 and 999 of a thousand are quicker.",
            *(Query(_quantile(share, "event_to_report_seconds"), name) for share, name in _SHARES),
            unit=SECONDS,
            log=True,
            apart=True,
            span=8,
        ),
        graph(
            "Loop late by",
            "The longest that the loop was late for a timer, or an event waited for its step.",
            Query(f"max by (instance) ({_of('late_seconds')})", "{{instance}}"),
            unit=SECONDS,
            levels=levels.of_rule("monitor_late"),
            rules=("monitor_late",),
            least=0.0,
            span=8,
        ),
        graph(
            "Waiting and at once",
            "Events that wait for the engine, and events of its latest batch.",
            Query(f"max({_of('inbox_depth')})", "waiting"),
            Query(f"max({_of('engine_batch_events')})", "latest batch"),
            unit=COUNT,
            rules=("inbox_backlog",),
            apart=True,
            least=0.0,
            span=8,
        ),
        graph(
            "Events",
            "Reports a second, and prices that a newer one replaced while they waited.",
            Query(f"sum({_rate('event_to_report_seconds_count')})", "reports"),
            Query(f"sum({_rate('engine_conflated_total')})", "replaced prices"),
            Query(f"sum({_rate('feed_messages_total')})", "messages received"),
            apart=True,
            unit=PER_SECOND,
            least=0.0,
            span=8,
        ),
        graph(
            "Processor",
            "Share of one core.",
            Query(
                f"sum by (instance) ({_ours(f'rate(process_cpu_seconds_total{{{WHERE}}}[$__rate_interval])')})",
                "{{instance}}",
            ),
            unit=RATIO,
            least=0.0,
            span=8,
        ),
        graph(
            "Memory",
            "Memory that the process holds.",
            Query(f"sum by (instance) ({_ours(f'process_resident_memory_bytes{{{WHERE}}}')})", "{{instance}}"),
            unit=BYTES,
            least=0.0,
            span=8,
        ),
    )


def _delivery(made: Board) -> None:
    made.row(
        "Delivery",
        rows(
            "Channels",
            "Every way to people: whether its last attempt succeeded, what waits, and what failed in the time that is "
            "chosen above.",
            (
                f"min by ({_CHANNEL}) ({_of('channel_up')})",
                f"max by ({_CHANNEL}) ({_of('channel_waiting')})",
                f"max by ({_CHANNEL}) ({_of('channel_oldest_seconds')})",
                f"time() - max by ({_CHANNEL}) ({_of('channel_last_delivered_timestamp_seconds')})",
                *(
                    f"sum by ({_CHANNEL}) (increase({_of(f'channel_{what}_total')}[$__range]))"
                    for what in ("delivered", "failed", "dropped")
                ),
            ),
            (
                Column("channel", "Channel"),
                Column("kind", "Kind"),
                Column("A", "State", "", levels.none_is(colours.WARNING), colours.UP),
                Column("B", "Waiting", COUNT, decimals=0),
                Column("C", "Oldest", SECONDS, levels.of_rule("channel_lag")),
                Column("D", "Last one", SECONDS),
                Column("E", "Delivered", COUNT, decimals=0),
                Column("F", "Failed", COUNT, levels.any_is(colours.WARNING), decimals=0),
                Column("G", "Dropped", COUNT, levels.any_is(colours.WARNING), decimals=0),
            ),
            sort="State",
            descending=False,
            rules=("channel_down", "channel_lag"),
            empty="No channel is known.",
            span=14,
            height=8,
        ),
        graph(
            "Event to delivery",
            "From the event that a message tells of to its delivery, within the last hour: half and 99 of a hundred "
            "were quicker.",
            Query(_delivered(0.5), "half {{channel}}"),
            Query(_delivered(0.99), "99 % {{channel}}"),
            unit=SECONDS,
            rules=("channel_lag",),
            log=True,
            span=10,
            height=8,
        ),
        graph(
            "Changes of alerts",
            "What happened to alerts, also what nobody was told of.",
            Query(f"sum by (change) (increase({_of('alert_transitions_total')}[$__rate_interval])) > 0", "{{change}}"),
            unit=COUNT,
            least=0.0,
            span=24,
            height=8,
        ),
    )


def _memory(made: Board) -> None:
    made.row(
        "What is kept",
        graph(
            "Waiting to be written",
            "Writes that wait for the store, and records that wait for the journal.",
            Query(f"max({_of('store_waiting')})", "store"),
            Query(f"max({_of('journal_queue_depth')})", "journal"),
            apart=True,
            unit=COUNT,
            rules=("store_lag", "journal"),
            least=0.0,
            span=8,
            height=8,
        ),
        graph(
            "Lost",
            "What could not be written, since the monitor started: the disk was full, or it could not keep up.",
            Query(f"sum({_of('store_lost_total')})", "store"),
            Query(f"sum({_of('journal_lost_total')})", "journal"),
            apart=True,
            unit=COUNT,
            levels=levels.any_is(colours.WARNING),
            rules=("store_down", "journal"),
            most=2.0,
            least=0.0,
            span=8,
            height=8,
        ),
        graph(
            "Journal on disk",
            "What all its segments take.",
            Query(f"sum({_of('journal_kept_bytes')})", "journal"),
            apart=True,
            unit=BYTES,
            rules=("journal",),
            least=0.0,
            span=8,
            height=8,
        ),
    )


_SHARES = ((0.5, "half"), (0.99, "99 %"), (0.999, "99.9 %"))
