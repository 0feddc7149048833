"""Feeds and trust: may the figures be believed? Freshness, lag, reconnects, drift against venues, limits, clocks."""

from __future__ import annotations

from deploy.grafana import colours, levels
from deploy.grafana.board import Board
from deploy.grafana.panels import COUNT, PER_SECOND, RATIO, SECONDS, Column, Query, figure, graph, rows, timeline
from deploy.grafana.queries import by, of, quality

UID = "marginwatch-feeds"
VENUE = 'venue=~"$venue"'
#: Public streams have no account.
STREAM = 'venue=~"$venue",account=~"$account|"'
_KEYS = "venue,account,stream"
_NAME = "{{venue}} {{account}} {{stream}}"
_STREAMS = 'stream=~"marks|assets|user"'
_POOL_DRIFT = by("venue,account,figure", "max", f"abs({of('pool_drift_ratio')})")
_WORST_DRIFT = f"max(abs({of('position_drift_ratio')}) or abs({of('pool_drift_ratio')}))"


def board() -> Board:
    """The dashboard."""
    made = Board(
        UID,
        "Feeds and trust",
        "May the figures be believed? Freshness and lag of every stream and reading, drift, request limits, clocks.",
        ("venue", "account"),
    )
    _now(made)
    _fresh(made)
    _streams(made)
    _venues(made)
    return made


def _feed(metric: str, more: str = "") -> str:
    return of(metric, more, where=STREAM)


def _now(made: Board) -> None:
    made.row(
        "Now",
        figure(
            "Streams and readings down",
            "Those that do not deliver, or whose last try failed.",
            Query(f"count({by(_KEYS, 'max', _feed('feed_up'))} == 0) or 0 * count({_feed('feed_up')})", ""),
            unit=COUNT,
            levels=levels.any_is(colours.WARNING),
            rules=("feed_down", "poll_down"),
        ),
        figure(
            "Accounts not readable",
            "Accounts whose data is not fresh or cannot be read.",
            Query(f"count({by('venue,account', 'max', of('account_up'))} == 0) or 0 * count({of('account_up')})", ""),
            unit=COUNT,
            levels=levels.any_is(colours.UNKNOWN),
            rules=("account_down", "data_quality"),
        ),
        figure(
            "Slowest stream",
            "The longest that a stream's latest message took from the venue's stamp to us.",
            Query(f"max({_feed('feed_lag_seconds', _STREAMS)})", ""),
            unit=SECONDS,
            levels=levels.of_rule("feed_lag"),
            rules=("feed_lag",),
        ),
        figure(
            "Worst drift",
            "The greatest difference between a figure of ours and the venue's own.",
            Query(_WORST_DRIFT, ""),
            unit=RATIO,
            levels=levels.of_rule("drift"),
            rules=("drift",),
            decimals=3,
        ),
        figure(
            "Request limit used",
            "Of the venue that is nearest to its limit, by all programs of this address.",
            Query(f"max({of('rest_weight_used_ratio', where=VENUE)})", ""),
            unit=RATIO,
            levels=levels.of_rule("weight_budget"),
            rules=("weight_budget", "venue_ban"),
            decimals=1,
        ),
        figure(
            "Clock offset",
            "The greatest difference between a venue's clock and ours, either way. It is measured and corrected.",
            Query(f"max(abs({of('clock_offset_seconds', where=VENUE)}))", ""),
            unit=SECONDS,
            levels=levels.of_rule("clock_offset"),
            rules=("clock_offset",),
        ),
    )


def _fresh(made: Board) -> None:
    made.row(
        "Freshness",
        timeline(
            "Data quality",
            "The worst quality of each account's pools. STALE and UNKNOWN: figures are absent.",
            Query(quality("pool_quality", "venue,account"), "{{venue}} {{account}}"),
            colours.QUALITIES,
            rules=("data_quality",),
            height=14,
        ),
        timeline(
            "Streams",
            "Whether each stream delivers, subscribed and acknowledged.",
            Query(by(_KEYS, "min", _feed("feed_up", _STREAMS)), _NAME),
            colours.UP,
            rules=("feed_down",),
            height=14,
        ),
        graph(
            "Age of what accounts are worth",
            "Time since an account's state was last read or pushed; it grows while nothing comes.",
            Query(
                f"time() - {by('venue,account', 'max', of('account_last_update_timestamp_seconds'))}",
                "{{venue}} {{account}}",
            ),
            unit=SECONDS,
            rules=("account_down", "data_quality"),
            least=0.0,
            beside=True,
        ),
        graph(
            "Age of the last message",
            "Time since a stream's last message. A user stream may rightly be quiet: its readings stand in for it.",
            Query(f"time() - {by(_KEYS, 'max', _feed('feed_last_message_timestamp_seconds', _STREAMS))}", _NAME),
            unit=SECONDS,
            rules=("feed_down",),
            least=0.0,
            beside=True,
        ),
    )


def _streams(made: Board) -> None:
    made.row(
        "Streams and readings",
        graph(
            "Lag",
            "From the venue's stamp to our receipt, of every stream; drawn at most at 15 s.",
            Query(f"clamp_max({by(_KEYS, 'max', _feed('feed_lag_seconds', _STREAMS))}, 15)", _NAME),
            unit=SECONDS,
            levels=levels.of_rule("feed_lag"),
            rules=("feed_lag",),
            least=0.0,
            beside=True,
        ),
        graph(
            "Messages",
            "Received a second, by venue.",
            Query(f"sum by (venue) (rate({_feed('feed_messages_total')}[$__rate_interval]))", "{{venue}}"),
            unit=PER_SECOND,
            rules=("feed_backlog",),
            least=0.0,
            span=6,
        ),
        graph(
            "What became of them",
            "Of the streams' messages, a second. «conflated» is no loss: a newer price took an older one's place.",
            Query(f"sum by (outcome) (rate({_feed('feed_frames_total')}[$__rate_interval])) > 0", "{{outcome}}"),
            unit=PER_SECOND,
            rules=("feed_backlog",),
            least=0.0,
            span=6,
        ),
        rows(
            "Ledger",
            "Every stream and reading: whether it delivers, how old its last message is, and what went wrong in "
            "the time that is chosen above.",
            (
                by(_KEYS, "min", _feed("feed_up")),
                f"time() - {by(_KEYS, 'max', _feed('feed_last_message_timestamp_seconds'))}",
                by(_KEYS, "max", _feed("feed_lag_seconds")),
                *(
                    f"sum by ({_KEYS}) (increase({_feed(f'feed_{what}_total')}[$__range]))"
                    for what in ("messages", "reconnects", "malformed", "unrecognised", "missed_acknowledgements")
                ),
            ),
            (
                Column("venue", "Venue"),
                Column("account", "Account", absent="(public)"),
                Column("stream", "Stream"),
                Column("A", "State", "", levels.none_is(colours.WARNING), colours.UP),
                Column("B", "Last message", SECONDS),
                Column("C", "Lag", SECONDS, levels.of_rule("feed_lag")),
                Column("D", "Messages", COUNT, decimals=0),
                Column("E", "Reconnects", COUNT, decimals=0),
                Column("F", "Malformed", COUNT, levels.any_is(colours.WARNING), decimals=0),
                Column("G", "Unrecognised", COUNT, decimals=0),
                Column("H", "Unanswered", COUNT, levels.of_rule("unacknowledged"), decimals=0),
            ),
            sort="State",
            descending=False,
            rules=("feed_down", "poll_down", "feed_lag", "unacknowledged"),
            height=12,
        ),
        graph(
            "Reconnects",
            "Connections made anew, by venue; which stream it was stands in the ledger.",
            Query(
                f"sum by (venue) (increase({_feed('feed_reconnects_total', _STREAMS)}[$__rate_interval]))",
                "{{venue}}",
            ),
            unit=COUNT,
            rules=("feed_down",),
            least=0.0,
            span=8,
        ),
        graph(
            "What could not be read",
            "Messages, or rows of them, that were malformed or of a kind that we do not know, by venue.",
            Query(
                f"sum by (venue) (increase({_feed('feed_malformed_total')}[$__rate_interval]))", "malformed {{venue}}"
            ),
            Query(
                f"sum by (venue) (increase({_feed('feed_unrecognised_total')}[$__rate_interval]))",
                "unrecognised {{venue}}",
            ),
            unit=COUNT,
            least=0.0,
            most=2.0,
            span=8,
        ),
        graph(
            "Not acknowledged",
            "Subscriptions that a venue did not acknowledge in time, or refused.",
            Query(
                f"sum by (venue) (increase({_feed('feed_missed_acknowledgements_total', _STREAMS)}[$__rate_interval]))",
                "{{venue}}",
            ),
            unit=COUNT,
            rules=("unacknowledged",),
            least=0.0,
            most=2.0,
            span=8,
        ),
    )


def _venues(made: Board) -> None:
    made.row(
        "Against the venues",
        graph(
            "Drift of pools",
            "(Ours − the venue's) / the venue's, the greatest of each reconciled figure; drawn at most at 20 %.",
            Query(
                f"clamp_max({_POOL_DRIFT}, 0.2)",
                "{{account}} {{figure}}",
            ),
            unit=RATIO,
            levels=levels.of_rule("drift"),
            rules=("drift",),
            least=0.0,
            most=0.012,
            decimals=2,
            beside=True,
        ),
        graph(
            "Drift of liquidation prices",
            "(Our liquidation price − the venue's) / mark, of every position; drawn at most at 20 %.",
            Query(
                f"clamp({by('venue,account,symbol,side', 'max', of('position_drift_ratio'))}, -0.2, 0.2)",
                "{{account}} {{symbol}} {{side}}",
            ),
            unit=RATIO,
            levels=levels.both_ways("drift"),
            rules=("drift",),
            least=-0.012,
            most=0.012,
            decimals=2,
            beside=True,
        ),
        graph(
            "Request limit used",
            "Request weight used over the venue's limit for this address, as the venue counts it.",
            Query(by("venue", "max", of("rest_weight_used_ratio", where=VENUE)), "{{venue}}"),
            unit=RATIO,
            levels=levels.of_rule("weight_budget"),
            rules=("weight_budget", "venue_ban"),
            least=0.0,
            most=1.0,
        ),
        graph(
            "Clock offset",
            "A venue's clock minus ours; it is measured and corrected.",
            Query(by("venue", "max", of("clock_offset_seconds", where=VENUE)), "{{venue}}"),
            unit=SECONDS,
            levels=levels.both_ways("clock_offset"),
            rules=("clock_offset",),
        ),
    )
