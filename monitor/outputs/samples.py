"""Which number of a view becomes which series: names, help texts and label values, in the order of the exposition.

The names and label values are public interface. A figure that is unknown yields None, which is an absent series, never
0; a distance that no price reaches yields +inf. Figures of a pool that is STALE or UNKNOWN are None, while its quality,
the account's liveness and all timestamps stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import PoolKey, Side, Symbol
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, BurnReport, PoolReport, PositionReport
from monitor.domain.view import OUTCOMES, FeedStatus, View

PREFIX = "marginwatch_"


class Family:
    """One metric: `name` with the prefix, and the HELP and TYPE lines that go before its first sample."""

    __slots__ = ("header", "name")

    def __init__(self, name: str, kind: str, text: str) -> None:
        self.name = PREFIX + name
        self.header = f"# HELP {self.name} {text}\n# TYPE {self.name} {kind}\n"


class Series(NamedTuple):
    """One family and its samples: label sets rendered with their trailing space (`{venue="x"} `, or one space where
    there are no labels), each with its value. What is not asked for is not computed.
    """

    family: Family
    samples: Iterator[tuple[str, float | None]]


@lru_cache(maxsize=65536)
def escaped(value: str) -> str:
    """A label value as the text format wants it between quotes."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def label_set(**labels: str) -> str:
    """`{a="x",b="y"` without its closing brace, so that more labels can follow."""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())


class PoolLabels:
    """The rendered labels of a pool and of its positions, kept while it stays.

    `open` lacks the closing brace, so that more labels can follow.
    """

    __slots__ = ("_names", "closed", "of_positions", "open")

    def __init__(self, key: PoolKey) -> None:
        self.open = label_set(venue=key.venue, account=key.account, pool=key.pool)
        self.closed = self.open + "} "
        self.of_positions: list[str] = []
        self._names: list[tuple[Symbol, Side]] = []

    def follow(self, positions: Sequence[PositionReport]) -> None:
        """Render the labels of the positions anew if they are other ones than before."""
        names = [(position.symbol, position.side) for position in positions]
        if names != self._names:
            self._names = names
            self.of_positions = [f"{self.open},{label_set(symbol=symbol, side=side)[1:]}}} " for symbol, side in names]


@dataclass(slots=True)
class Rows:
    """What has figures to show, side by side with its labels: pools, and the positions of them all."""

    pool_labels: list[PoolLabels] = field(default_factory=list)
    pools: list[PoolReport] = field(default_factory=list)
    position_labels: list[str] = field(default_factory=list)
    positions: list[PositionReport] = field(default_factory=list)


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

_DIRECTIONS = tuple(Direction)
_QUALITIES = tuple((quality, f',quality="{quality}"}} ') for quality in Quality)


def _of_burn(figure: Callable[[BurnReport], float | None]) -> Callable[[PoolReport], float | None]:
    """A figure of what funding and interest do to a pool; absent where nothing is known of them."""
    return lambda pool: None if pool.burn is None else figure(pool.burn)


_POOL: Sequence[tuple[Family, Callable[[PoolReport], float | None]]] = (
    (
        Family(
            "pool_margin_ratio", "gauge", "Requirement over equity: 0 is safe, 1 is liquidation, +Inf has no equity."
        ),
        lambda pool: known(pool.ratio),
    ),
    (
        Family("pool_venue_ratio", "gauge", "The margin ratio as the venue itself states it, in its own direction."),
        attrgetter("venue_ratio"),
    ),
    (
        Family("pool_equity_usd", "gauge", "What the pool is worth to its venue, at the marks."),
        attrgetter("equity_usd"),
    ),
    (
        Family("pool_maintenance_margin_usd", "gauge", "Equity at which the pool is liquidated."),
        attrgetter("maintenance_margin_usd"),
    ),
    (
        Family("pool_initial_margin_usd", "gauge", "Equity that the venue asks for before new risk is taken."),
        attrgetter("initial_margin_usd"),
    ),
    (
        Family("pool_funds_at_risk_usd", "gauge", "What a liquidation of the pool would take."),
        attrgetter("funds_at_risk_usd"),
    ),
    (
        Family("pool_effective_leverage_ratio", "gauge", "Gross notional over equity."),
        attrgetter("effective_leverage_ratio"),
    ),
    (
        Family("pool_funding_burn_usd_per_day", "gauge", "What funding and interest take in a day; < 0: they bring."),
        _of_burn(attrgetter("usd_per_day")),
    ),
    (
        Family("pool_burn_seconds", "gauge", "Until funding and interest liquidate, prices as now; +Inf: they do not."),
        _of_burn(attrgetter("seconds")),
    ),
    (
        Family("pool_next_funding_usd", "gauge", "What the pool's next payment takes; < 0: it brings."),
        _of_burn(attrgetter("next_usd")),
    ),
    (
        Family("pool_next_funding_timestamp_seconds", "gauge", "When the pool's next payment is made."),
        _of_burn(attrgetter("next_time")),
    ),
    (
        Family("pool_after_funding_margin_ratio", "gauge", "The margin ratio once the next payment has been made."),
        _of_burn(lambda burn: None if burn.after_ratio is None else known(burn.after_ratio)),
    ),
    (
        Family("pool_one_sided", "gauge", "1 while all positions lose when the market moves one way."),
        lambda pool: None if pool.one_sided is None else float(pool.one_sided),
    ),
    (
        Family("pool_market_sigma_ratio", "gauge", "Daily standard deviation of its positions, weighted by notional."),
        attrgetter("market_sigma"),
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
_COLLATERAL = Family("pool_collateral_usd", "gauge", "What each asset of the pool counts for; < 0: it is owed.")
_SHARE = Family("pool_collateral_share_ratio", "gauge", "That over the sum of all that count for something.")
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
    (Family("position_notional_usd", "gauge", "Size at the mark."), attrgetter("notional_usd")),
    (
        Family("position_unrealized_pnl_usd", "gauge", "Profit at the mark that is not yet realized."),
        attrgetter("unrealized_pnl_usd"),
    ),
    (Family("position_mark_price", "gauge", "The mark price that all figures used."), attrgetter("mark_price")),
    (
        Family("position_drift_ratio", "gauge", "Our liquidation price minus the venue's, over the mark."),
        attrgetter("drift_ratio"),
    ),
    (
        Family(
            "position_adl_rank", "gauge", "Place in the venue's queue of auto-deleveraging; the highest goes first."
        ),
        attrgetter("adl_rank"),
    ),
    (
        Family("position_cap_usd", "gauge", "The greatest notional that the last tier, or the leverage, allows."),
        attrgetter("cap_usd"),
    ),
    (
        Family("position_funding_rate", "gauge", "The next funding over notional, as a long pays it."),
        attrgetter("funding_rate"),
    ),
    (
        Family("position_funding_usd", "gauge", "What the next funding takes; < 0: it brings."),
        attrgetter("funding_usd"),
    ),
)

_INFO = Family("position_info", "gauge", "1, with the coin that the position is in as a label.")

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
        Family("account_gross_notional_usd", "gauge", "Size of all positions at the marks."),
        lambda account: account.gross_notional_usd if account.quality.figures_shown else None,
    ),
    (
        Family("account_net_notional_usd", "gauge", "Longs less shorts at the marks."),
        lambda account: account.net_notional_usd if account.quality.figures_shown else None,
    ),
    (
        Family("account_effective_leverage_ratio", "gauge", "Gross notional over equity."),
        lambda account: account.effective_leverage_ratio if account.quality.figures_shown else None,
    ),
    (
        Family("account_funds_at_risk_usd", "gauge", "What liquidations of all its pools would take."),
        lambda account: account.funds_at_risk_usd if account.quality.figures_shown else None,
    ),
    (
        Family("account_unexplained_usd", "gauge", "What its wallets changed by within an hour that nothing explains."),
        lambda account: account.unexplained_usd if account.quality.figures_shown else None,
    ),
    (
        Family("account_withdrawable_usd", "gauge", "What the venue says may leave it; absent where it does not say."),
        lambda account: account.withdrawable_usd if account.quality.figures_shown else None,
    ),
    (
        Family("account_up", "gauge", "1 while the account's data is fresh and readable."),
        lambda account: float(account.up),
    ),
    (
        Family("account_last_update_timestamp_seconds", "gauge", "When the account's state was last read or pushed."),
        attrgetter("last_update"),
    ),
)

_FEED: Sequence[tuple[Family, Callable[[FeedStatus], float | None]]] = (
    (Family("feed_up", "gauge", "1 while a stream or poll delivers."), lambda feed: float(feed.up)),
    (
        Family("feed_last_message_timestamp_seconds", "gauge", "When the last message of a stream or poll came."),
        attrgetter("last_message"),
    ),
    (Family("feed_lag_seconds", "gauge", "From the venue's stamp to our receipt."), attrgetter("lag_seconds")),
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

_FRAMES = Family("feed_frames_total", "counter", "Messages of a stream by what became of them.")
_OUTCOMES = tuple((f',outcome="{outcome}"}} ', attrgetter(outcome)) for outcome in OUTCOMES)
_WEIGHT = Family("rest_weight_used_ratio", "gauge", "Request weight used over the venue's limit for this address.")
_OFFSET = Family("clock_offset_seconds", "gauge", "The venue's clock minus ours.")


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


def pool_series(rows: Rows) -> Iterator[Series]:
    """All figures of pools, family by family."""
    for family, figure in _POOL:
        yield Series(family, zip((labels.closed for labels in rows.pool_labels), map(figure, rows.pools), strict=True))
    pairs = (rows.pool_labels, rows.pools)
    yield Series(_MARKET, chain.from_iterable(map(_market, *pairs)))
    yield Series(_COIN, chain.from_iterable(map(_coins, *pairs)))
    yield Series(_STAGE, chain.from_iterable(map(_stages, *pairs)))
    yield Series(_COLLATERAL, chain.from_iterable(map(_collateral, *pairs)))
    yield Series(_SHARE, chain.from_iterable(map(_shares, *pairs)))
    yield Series(_POOL_DRIFT, chain.from_iterable(map(_drifts, *pairs)))


def quality_series(labels: Sequence[PoolLabels], pools: Sequence[PoolReport]) -> Series:
    """The quality of all pools, also of those whose figures are not shown."""
    return Series(_QUALITY, chain.from_iterable(map(_qualities, labels, pools)))


_Samples = list[tuple[str, float | None]]


def _market(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [(f'{labels.open},direction="{direction}"}} ', distance(line)) for direction, line in pool.market.items()]


def _coins(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [
        (f'{labels.open},coin="{escaped(coin)}",direction="{direction}"}} ', distance(lines[direction]))
        for coin, lines in pool.coins.items()
        for direction in _DIRECTIONS
        if direction in lines
    ]


def _stages(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [(f'{labels.open},stage="{escaped(stage)}"}} ', known(ratio)) for stage, ratio in pool.stages.items()]


def _collateral(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [(f'{labels.open},asset="{escaped(part.asset)}"}} ', part.value_usd) for part in pool.collateral]


def _shares(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [(f'{labels.open},asset="{escaped(part.asset)}"}} ', part.share_ratio) for part in pool.collateral]


def _drifts(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [(f'{labels.open},figure="{escaped(figure)}"}} ', drift) for figure, drift in pool.drift.items()]


def _qualities(labels: PoolLabels, pool: PoolReport) -> _Samples:
    return [(labels.open + suffix, float(pool.quality is quality)) for quality, suffix in _QUALITIES]


def position_series(rows: Rows) -> Iterator[Series]:
    """All figures of positions, family by family."""
    for family, figure in _POSITION:
        yield Series(family, zip(rows.position_labels, map(figure, rows.positions), strict=True))
    yield Series(_INFO, map(_coin_of, rows.position_labels, rows.positions))


def _coin_of(labels: str, position: PositionReport) -> tuple[str, float | None]:
    return f'{labels[:-2]},coin="{escaped(position.coin)}"}} ', 1.0


def account_series(accounts: Sequence[AccountReport]) -> Iterator[Series]:
    """All figures of accounts, family by family."""
    for family, figure in _ACCOUNT:
        labels = (label_set(venue=account.key.venue, account=account.key.account) + "} " for account in accounts)
        yield Series(family, zip(labels, map(figure, accounts), strict=True))


def feed_series(view: View) -> Iterator[Series]:
    """Streams, polls, request weight and clocks. A public stream has an empty account label."""
    for family, figure in _FEED:
        labels = (label_set(venue=feed.venue, account=feed.account, stream=feed.stream) + "} " for feed in view.feeds)
        yield Series(family, zip(labels, map(figure, view.feeds), strict=True))
    yield Series(_FRAMES, chain.from_iterable(_frames(feed) for feed in view.feeds if not feed.polled))
    yield Series(_WEIGHT, ((label_set(venue=budget.venue) + "} ", budget.used_ratio) for budget in view.budgets))
    offsets = view.clock_offsets.items()
    yield Series(_OFFSET, ((label_set(venue=venue) + "} ", offset) for venue, offset in offsets))


def _frames(feed: FeedStatus) -> _Samples:
    labels = label_set(venue=feed.venue, account=feed.account, stream=feed.stream)
    return [(labels + suffix, float(count(feed))) for suffix, count in _OUTCOMES]
