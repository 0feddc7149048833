"""Which number of a view becomes which series: names, help texts and label values, in the order of the exposition.

The names and label values are public interface. A figure that is unknown yields None, which is an absent series, never
0; a distance that no price reaches yields +inf. Figures of a pool that is STALE or UNKNOWN are None, while its quality,
the account's liveness and all timestamps stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.domain.view import FeedStatus, View

PREFIX = "marginwatch_"


class Family:
    """One metric: `name` with the prefix, and the HELP and TYPE lines that go before its first sample."""

    __slots__ = ("header", "name")

    def __init__(self, name: str, kind: str, text: str) -> None:
        self.name = PREFIX + name
        self.header = f"# HELP {self.name} {text}\n# TYPE {self.name} {kind}\n"


class Sample(NamedTuple):
    """`labels` is the rendered label set with its trailing space (`{venue="x"} `, or one space without labels)."""

    family: Family
    labels: str
    value: float | None


@lru_cache(maxsize=65536)
def escaped(value: str) -> str:
    """A label value as the text format wants it between quotes."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def label_set(**labels: str) -> str:
    """`{a="x",b="y"` without its closing brace, so that more labels can follow."""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool with its rendered labels; `shown` says whether its figures may be."""

    open: str
    closed: str
    report: PoolReport
    shown: bool


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A position of a pool whose figures are shown, with its rendered labels."""

    closed: str
    report: PositionReport


def known(ratio: Ratio) -> float | None:
    """The margin ratio as a gauge: +inf without equity, None if unknown."""
    return None if ratio.state is State.UNKNOWN else ratio.value


def distance(line: Line) -> float | None:
    """0 if liquidatable now, +inf if no price does it, None if unknown, else |line - mark| / mark."""
    return _DISTANCES[line.state] if line.state is not State.AT else line.distance_ratio


def price(line: Line) -> float | None:
    """The price of a line, which only a line AT a price has."""
    return line.price if line.state is State.AT else None


def sigmas(position: PositionReport) -> float | None:
    """The distance in daily standard deviations; 0 and +inf are the same in every unit."""
    line = position.line
    return _DISTANCES[line.state] if line.state is not State.AT else position.distance_sigmas


_DISTANCES: Mapping[State, float | None] = {State.NEVER: float("inf"), State.LIQUIDATABLE: 0.0, State.UNKNOWN: None}

_POOL: Sequence[tuple[Family, Callable[[PoolReport], float | None]]] = (
    (
        Family(
            "pool_margin_ratio", "gauge", "Requirement over equity: 0 is safe, 1 is liquidation, +Inf has no equity."
        ),
        lambda pool: known(pool.ratio),
    ),
    (
        Family("pool_venue_ratio", "gauge", "The margin ratio as the venue itself states it, in its own direction."),
        lambda pool: pool.venue_ratio,
    ),
    (Family("pool_equity_usd", "gauge", "What the pool is worth to its venue, at the marks."), lambda p: p.equity_usd),
    (
        Family("pool_maintenance_margin_usd", "gauge", "Equity at which the pool is liquidated."),
        lambda pool: pool.maintenance_margin_usd,
    ),
    (
        Family("pool_initial_margin_usd", "gauge", "Equity that the venue asks for before new risk is taken."),
        lambda pool: pool.initial_margin_usd,
    ),
    (
        Family("pool_funds_at_risk_usd", "gauge", "What a liquidation of the pool would take."),
        lambda pool: pool.funds_at_risk_usd,
    ),
    (
        Family("pool_effective_leverage_ratio", "gauge", "Gross notional over equity."),
        lambda pool: pool.effective_leverage_ratio,
    ),
)

_MARKET = Family(
    "pool_market_distance_ratio",
    "gauge",
    "How far everything but stablecoins may move together; +Inf: no move does it.",
)
_COIN = Family(
    "pool_coin_distance_ratio", "gauge", "How far one coin may move in all it touches; +Inf: no price liquidates."
)
_STAGE = Family("pool_stage_ratio", "gauge", "Margin ratio of each stage of the venue's procedure; 1 enters the stage.")
_QUALITY = Family("pool_quality", "gauge", "1 for the quality that the pool's report has now, 0 for the others.")
_POOL_DRIFT = Family("pool_drift_ratio", "gauge", "Ours minus the venue's figure, over the venue's figure.")

_POSITION: Sequence[tuple[Family, Callable[[PositionReport], float | None]]] = (
    (
        Family(
            "position_liquidation_price", "gauge", "The mark, moving alone, that liquidates; absent if there is none."
        ),
        lambda position: price(position.line),
    ),
    (
        Family(
            "position_liquidation_distance_ratio",
            "gauge",
            "Distance to the liquidation price over the mark; 0: liquidatable now, +Inf: no price liquidates.",
        ),
        lambda position: distance(position.line),
    ),
    (
        Family("position_liquidation_distance_sigmas", "gauge", "The same distance in daily standard deviations."),
        sigmas,
    ),
    (
        Family("position_bankruptcy_price", "gauge", "The mark, moving alone, at which the pool's equity is gone."),
        lambda position: price(position.bankruptcy),
    ),
    (Family("position_notional_usd", "gauge", "Size at the mark."), lambda position: position.notional_usd),
    (
        Family("position_unrealized_pnl_usd", "gauge", "Profit at the mark that is not yet realized."),
        lambda position: position.unrealized_pnl_usd,
    ),
    (Family("position_mark_price", "gauge", "The mark price that all figures used."), lambda p: p.mark_price),
    (
        Family("position_drift_ratio", "gauge", "Our liquidation price minus the venue's, over the mark."),
        lambda position: position.drift_ratio,
    ),
)

_ACCOUNT: Sequence[tuple[Family, Callable[[AccountReport], float | None]]] = (
    (
        Family("account_margin_ratio", "gauge", "Margin ratio of the account's worst pool; absent if one is unknown."),
        lambda account: account_ratio(account),
    ),
    (
        Family("account_equity_usd", "gauge", "Equity of the account's pools."),
        lambda account: account.equity_usd if account.quality.figures_shown else None,
    ),
    (
        Family("account_up", "gauge", "1 while the account's data is fresh and readable."),
        lambda account: float(account.up),
    ),
    (
        Family("account_last_update_timestamp_seconds", "gauge", "When the account's state was last read or pushed."),
        lambda account: account.last_update,
    ),
)

_FEED: Sequence[tuple[Family, Callable[[FeedStatus], float | None]]] = (
    (Family("feed_up", "gauge", "1 while a stream or poll delivers."), lambda feed: float(feed.up)),
    (
        Family("feed_last_message_timestamp_seconds", "gauge", "When the last message of a stream or poll came."),
        lambda feed: feed.last_message,
    ),
    (Family("feed_lag_seconds", "gauge", "From the venue's stamp to our receipt."), lambda feed: feed.lag_seconds),
    (Family("feed_reconnects_total", "counter", "Connections made anew."), lambda feed: float(feed.reconnects)),
    (Family("feed_messages_total", "counter", "Messages received."), lambda feed: float(feed.messages)),
    (Family("feed_malformed_total", "counter", "Messages that could not be read."), lambda f: float(f.malformed)),
    (
        Family("feed_unrecognised_total", "counter", "Messages of a kind that we do not know."),
        lambda feed: float(feed.unrecognised),
    ),
    (
        Family("feed_missed_acknowledgements_total", "counter", "Subscriptions that were not acknowledged in time."),
        lambda feed: float(feed.missed_acknowledgements),
    ),
)

_WEIGHT = Family("rest_weight_used_ratio", "gauge", "Request weight used over the venue's limit for this address.")
_OFFSET = Family("clock_offset_seconds", "gauge", "The venue's clock minus ours.")
_BATCH = Family("engine_batch_events", "gauge", "Events in the engine's latest batch.")
_CONFLATED = Family("engine_conflated_total", "counter", "Prices replaced by a newer one while they waited.")
_INBOX = Family("inbox_depth", "gauge", "Events that wait for the engine.")
_FIRING = Family("alerts_firing", "gauge", "Alerts that fire now, by rule and severity.")
_BUILD = Family("build_info", "gauge", "1, with the version as a label.")


def account_ratio(account: AccountReport) -> float | None:
    """The worst pool's ratio. Where the account is not to be believed whole, only a known pool at 1 or more speaks."""
    if account.quality.figures_shown:
        return known(account.ratio)
    over = (
        pool.ratio.value or 0.0
        for pool in account.pools
        if pool.quality.figures_shown and pool.ratio.state is State.LIQUIDATABLE
    )
    return max(over, default=None)


def pool_samples(rows: Sequence[PoolRow]) -> Iterator[Sample]:
    """All series of pools, family by family."""
    for family, figure in _POOL:
        for row in rows:
            yield Sample(family, row.closed, figure(row.report) if row.shown else None)
    for row in rows:
        for direction, line in row.report.market.items():
            yield Sample(_MARKET, f'{row.open},direction="{direction}"}} ', distance(line) if row.shown else None)
    for row in rows:
        yield from _coins(row)
    for row in rows:
        for stage, ratio in row.report.stages.items():
            yield Sample(_STAGE, f'{row.open},stage="{escaped(stage)}"}} ', known(ratio) if row.shown else None)
    for row in rows:
        for quality in Quality:
            yield Sample(_QUALITY, f'{row.open},quality="{quality}"}} ', float(row.report.quality is quality))
    for row in rows:
        for name, drift in row.report.drift.items():
            yield Sample(_POOL_DRIFT, f'{row.open},figure="{escaped(name)}"}} ', drift if row.shown else None)


def _coins(row: PoolRow) -> Iterator[Sample]:
    for coin, lines in row.report.coins.items():
        for direction in Direction:
            if direction in lines:
                labels = f'{row.open},coin="{escaped(coin)}",direction="{direction}"}} '
                yield Sample(_COIN, labels, distance(lines[direction]) if row.shown else None)


def position_samples(rows: Sequence[PositionRow]) -> Iterator[Sample]:
    """All series of positions, family by family."""
    for family, figure in _POSITION:
        for row in rows:
            yield Sample(family, row.closed, figure(row.report))


def account_samples(accounts: Sequence[AccountReport]) -> Iterator[Sample]:
    """All series of accounts, family by family."""
    for family, figure in _ACCOUNT:
        for account in accounts:
            labels = label_set(venue=account.key.venue, account=account.key.account) + "} "
            yield Sample(family, labels, figure(account))


def feed_samples(view: View) -> Iterator[Sample]:
    """Streams, polls, request weight and clocks. A public stream has an empty account label."""
    rows = [(label_set(venue=feed.venue, account=feed.account, stream=feed.stream) + "} ", feed) for feed in view.feeds]
    for family, figure in _FEED:
        for labels, feed in rows:
            yield Sample(family, labels, figure(feed))
    for budget in view.budgets:
        yield Sample(_WEIGHT, label_set(venue=budget.venue) + "} ", budget.used_ratio)
    for venue, offset in view.clock_offsets.items():
        yield Sample(_OFFSET, label_set(venue=venue) + "} ", offset)


def own_samples(view: View, firing: Mapping[tuple[str, str], int]) -> Iterator[Sample]:
    """What the monitor says of itself; `firing` counts alerts by (rule, severity)."""
    yield Sample(_BATCH, " ", float(view.last_batch_events))
    yield Sample(_CONFLATED, " ", float(view.conflated_total))
    yield Sample(_INBOX, " ", float(view.inbox_depth))
    for (rule, severity), count in firing.items():
        yield Sample(_FIRING, label_set(rule=rule, severity=severity) + "} ", float(count))
    yield Sample(_BUILD, label_set(version=view.version) + "} ", 1.0)
