"""Position: price and line of one instrument, its distance, size, funding and place in the queue."""

from __future__ import annotations

from deploy.grafana import colours, levels
from deploy.grafana.board import Board
from deploy.grafana.panels import (
    DASHED,
    FACTOR,
    PRICE,
    PRICE_DECIMALS,
    RATIO,
    USD,
    Column,
    Query,
    figure,
    graph,
    rows,
    to_board,
)
from deploy.grafana.queries import ACCOUNT, NOT_KNOWN, POOL, POSITION, among, by, digits, ending, near, of, reach

UID = "marginwatch-position"
WHERE = f'{ACCOUNT},symbol=~"$symbol"'
_NAME = "{{account}} {{side}} in {{pool}}"
_SHORT = "{{account}} {{side}}"  #: where there is no room for more
_TO_ITSELF = to_board(
    UID, venue="${__data.fields.Venue}", account="${__data.fields.Account}", symbol="${__data.fields.Symbol}"
)


def board() -> Board:
    """The dashboard."""
    made = Board(
        UID,
        "Position",
        "One instrument in every account that holds it: mark and line, distance, size, profit, funding.",
        ("venue", "account", "symbol"),
        one=("symbol",),
    )
    _now(made)
    _courses(made)
    _all(made)
    return made


def _of(metric: str, how: str = "max") -> str:
    return by(POSITION, how, of(metric, where=WHERE))


def _once(metric: str) -> str:
    """A figure of positions for a sum: pools that show the same legs from another side do not count twice."""
    return by("venue,account,symbol,side", "max", of(metric, where=WHERE))


_MARK, _LINE, _GONE = (_of(f"position_{name}_price") for name in ("mark", "liquidation", "bankruptcy"))
_DISTANCE = _of("position_liquidation_distance_ratio", "min")
_OPEN = ending(of("position_notional_usd", where=WHERE), POSITION, "max", NOT_KNOWN, POOL)


def _drawn(expression: str) -> str:
    """Of all positions those that are open at the end of what is looked at."""
    return among(expression, POSITION, _OPEN)


def _visible(price: str) -> str:
    """A price for the graph of the mark, without what is so far that the mark would be flat beside it."""
    return f"({_drawn(price)}) < 1.5 * {_MARK} > 0.5 * {_MARK}"


def _now(made: Board) -> None:
    made.row(
        "Now",
        figure(
            "Distance to liquidation",
            "How far the mark may move, it alone, to the nearer side.",
            Query(reach(f"min({_of('position_liquidation_distance_ratio', 'min')})"), ""),
            unit=RATIO,
            levels=levels.of_rule("position_distance"),
            mappings=colours.DISTANCES,
            rules=("position_distance",),
            decimals=1,
        ),
        figure(
            "In daily sigmas",
            "The same distance in standard deviations of a day.",
            Query(reach(f"min({_of('position_liquidation_distance_sigmas', 'min')})"), ""),
            unit=FACTOR,
            mappings=colours.NEVERS,
            rules=("position_sigmas",),
            decimals=1,
            coloured=False,
        ),
        figure(
            "Mark",
            "The mark that all figures used; the greatest, where instruments of several venues have this name.",
            Query(digits(f"max({_of('position_mark_price')})"), ""),
            unit=PRICE,
            decimals=PRICE_DECIMALS,
        ),
        figure(
            "Nearest liquidation price",
            "The mark, moving alone, that liquidates the position that is nearest to it; unknown where there is none.",
            Query(digits(f"({among(_LINE, POSITION, f'bottomk(1, {_DISTANCE})')})"), ""),
            unit=PRICE,
            rules=("position_distance", "drift"),
            decimals=PRICE_DECIMALS,
        ),
        figure(
            "Notional",
            "Size at the mark, over all accounts that are chosen.",
            Query(f"sum({_once('position_notional_usd')})", ""),
            unit=USD,
        ),
        figure(
            "Unrealized profit",
            "At the mark, over all accounts that are chosen.",
            Query(f"sum({_once('position_unrealized_pnl_usd')})", ""),
            unit=USD,
        ),
    )


def _courses(made: Board) -> None:
    made.row(
        "How it came",
        graph(
            "Mark and lines",
            "The mark, and of every position that is open now the price that liquidates and (dashed) the one at which "
            "the pool's equity is gone; none further than 50 % from the mark.",
            Query(f"max by (venue) ({of('position_mark_price', where=WHERE)})", "mark at {{venue}}"),
            Query(_visible(_LINE), f"liquidation {_SHORT}"),
            Query(_visible(_GONE), f"bankruptcy {_SHORT}"),
            unit=PRICE,
            rules=("position_distance",),
            height=10,
            beside=True,
        ).override_by_query("C", DASHED),
        graph(
            "Distance to liquidation",
            "How far the mark may move, it alone, to the nearer side; of positions that are open now. A gap: no price "
            "within 50 % does it, or it is not known.",
            Query(near(f"({_drawn(_DISTANCE)})", 0.5), _SHORT),
            unit=RATIO,
            levels=levels.of_rule("position_distance"),
            rules=("position_distance", "trend_time"),
            least=0.0,
            most=0.2,
            empty=colours.FAR_TEXT,
            height=10,
            beside=True,
            ascending=True,
        ),
        graph(
            "Notional",
            "Size at the mark, of positions that are open now.",
            Query(_drawn(_of("position_notional_usd")), _SHORT),
            unit=USD,
            least=0.0,
            span=6,
            height=8,
        ),
        graph(
            "Share of its cap",
            "Notional over the greatest that the last tier or the leverage allows, where the venue has such a cap.",
            Query(_drawn(f"{_of('position_notional_usd')} / {_of('position_cap_usd')}"), _SHORT),
            unit=RATIO,
            levels=levels.of_rule("position_cap"),
            rules=("position_cap",),
            least=0.0,
            span=6,
            height=8,
        ),
        graph(
            "Unrealized profit",
            "At the mark, not yet realized, of positions that are open now.",
            Query(_drawn(_of("position_unrealized_pnl_usd")), _SHORT),
            unit=USD,
            span=6,
            height=8,
        ),
        graph(
            "Funding rate",
            "The next funding over notional, as a long pays it; a short is paid it.",
            Query(f"max by (venue,symbol) ({of('position_funding_rate', where=WHERE)})", "{{venue}} {{symbol}}"),
            unit=RATIO,
            rules=("burn_time",),
            span=6,
            height=8,
        ),
        graph(
            "Drift against the venue",
            "Our liquidation price minus the venue's, over the mark; drawn at most at 20 %.",
            Query(_drawn(f"clamp({_of('position_drift_ratio')}, -0.2, 0.2)"), _NAME),
            unit=RATIO,
            levels=levels.both_ways("drift"),
            rules=("drift",),
            least=-0.012,
            most=0.012,
            decimals=2,
            height=8,
            beside=True,
        ),
        graph(
            "Place in the queue of auto-deleveraging",
            "4 goes first; only where the venue tells it.",
            Query(_drawn(_of("position_adl_rank")), _NAME),
            unit=FACTOR,
            levels=levels.of_rule("adl_rank"),
            rules=("adl_rank",),
            least=0.0,
            most=4.0,
            steps=True,
            height=8,
            beside=True,
        ),
    )


def _all(made: Board) -> None:
    made.row(
        "All positions",
        rows(
            "Positions by distance",
            "All instruments of the chosen accounts, the nearest first. A click on a symbol shows it above.",
            (
                by(POSITION, "max", of("position_notional_usd")),
                reach(by(POSITION, "min", of("position_liquidation_distance_ratio"))),
                reach(by(POSITION, "min", of("position_liquidation_distance_sigmas"))),
                digits(by(POSITION, "max", of("position_mark_price"))),
                digits(by(POSITION, "max", of("position_liquidation_price"))),
                by(POSITION, "max", of("position_unrealized_pnl_usd")),
                by(POSITION, "max", of("position_funding_usd")),
            ),
            (
                Column("venue", "Venue", width=110),
                Column("account", "Account", width=120),
                Column("symbol", "Symbol", width=170, link=_TO_ITSELF),
                Column("side", "Side", width=80),
                Column("pool", "Pool", width=250),
                Column("A", "Notional", USD),
                Column("B", "Distance", RATIO, levels.of_rule("position_distance"), colours.DISTANCES, decimals=1),
                Column("C", "Daily sigmas", FACTOR, levels.of_rule("position_sigmas"), colours.NEVERS, decimals=1),
                Column("D", "Mark", PRICE, decimals=PRICE_DECIMALS),
                Column("E", "Liquidation price", PRICE, decimals=PRICE_DECIMALS, absent="none", width=150),
                Column("F", "Unrealized profit", USD, width=150),
                Column("G", "Next funding", USD),
            ),
            sort="Distance",
            descending=False,
            rules=("position_distance", "position_sigmas"),
            empty="No position is known.",
            height=12,
        ),
    )
