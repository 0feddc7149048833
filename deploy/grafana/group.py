"""Group: accounts of one owner over venues, together. Ratios, exposure per coin, hedges, what could be moved where."""

from __future__ import annotations

from deploy.grafana import colours, levels
from deploy.grafana.board import Board
from deploy.grafana.panels import FACTOR, RATIO, USD, Column, Query, figure, graph, rows, timeline, to_board
from deploy.grafana.queries import GROUP, HEDGE, among, by, corridor, drawn, ending, of, quality, reach, told

UID = "marginwatch-group"
_COIN = f'{GROUP},coin=~"$coin"'
_GROSS = 'kind="gross"'
_MEMBER = "venue,account"
_TO_ACCOUNT = to_board("marginwatch-account", venue="${__data.fields.Venue}", account="${__data.fields.Account}")


def board() -> Board:
    """The dashboard."""
    made = Board(
        UID,
        "Group",
        "A desk: accounts over several venues as one. Its ratio beside its worst pool, exposure per coin, hedges.",
        ("group", "coin"),
        one=("group",),
    )
    _now(made)
    _members(made)
    _exposures(made)
    _hedges(made)
    return made


def _of(metric: str, more: str = "") -> str:
    return of(metric, more, where=GROUP)


def _member(metric: str, labels: str, how: str) -> str:
    """A figure of accounts, of those that belong to the group."""
    ours = by(_MEMBER, "max", _of("group_member_info"))
    return f"{by(labels, how, of(metric, where=''))} * on ({_MEMBER}) group_left () {ours}"


def _ending(metric: str, labels: str, how: str, more: str = "") -> str:
    """A figure of the group at the end of what is looked at."""
    unknown = _of("group_quality", 'quality=~"STALE|UNKNOWN"')
    return ending(of(metric, more, where=_COIN), labels, how, unknown, "group")


def _now(made: Board) -> None:
    made.row(
        "Now",
        figure(
            "Ratio of the group",
            "What its pools require together over what they own together: an indicator, for capital does not move by "
            "itself. The worst pool beside it is what is liquidated.",
            Query(told(f"max({_of('group_margin_ratio')})"), ""),
            unit=RATIO,
            levels=levels.of_rule("group_ratio"),
            mappings=colours.NO_EQUITIES,
            rules=("group_ratio",),
            decimals=1,
        ),
        figure(
            "Worst pool",
            "The margin ratio of the pool of the group to look at first; 100 % is liquidation.",
            Query(told(by("venue,account,pool", "max", _of("group_worst_pool_margin_ratio"))), "{{account}} {{pool}}"),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            mappings=colours.NO_EQUITIES,
            rules=("margin_ratio", "group_ratio"),
            named=True,
            decimals=1,
            span=5,
        ),
        figure(
            "Data",
            "The worst quality of its members. STALE and UNKNOWN: nothing else of the group is told.",
            Query(quality("group_quality", "group", where=GROUP), ""),
            unit=FACTOR,
            mappings=colours.QUALITIES,
            rules=("group_unknown",),
            span=3,
        ),
        figure(
            "Equity and required",
            "Equity of all primary pools, and the equity at which they are liquidated.",
            Query(f"max({_of('group_equity_usd')})", "equity"),
            Query(f"max({_of('group_required_usd')})", "required"),
            unit=USD,
            span=4,
        ),
        figure(
            "Nearest line",
            "The nearest line of any of its pools: one coin, and all coins together.",
            Query(reach(f"min({_of('group_coin_distance_ratio')})"), "one coin"),
            Query(reach(f"min({_of('group_market_distance_ratio')})"), "all coins"),
            unit=RATIO,
            levels=levels.of_rule("coin_distance"),
            mappings=colours.DISTANCES,
            rules=("coin_distance", "group_coin_distance", "group_market_distance"),
            decimals=1,
            span=5,
        ),
        figure(
            "Needed",
            "Collateral that its pools need so that no line is nearer than wanted; 0: none does.",
            Query(f"sum({_of('group_needed_usd')}) or max({_of('group_equity_usd')}) * 0", ""),
            unit=USD,
            span=3,
        ),
    )


def _members(made: Board) -> None:
    made.row(
        "Accounts",
        graph(
            "Ratio of the group, and its worst pool",
            "The group's ratio is never above its worst pool's: while it stays low, capital elsewhere could help.",
            Query(drawn(f"max({_of('group_margin_ratio')})"), "group"),
            Query(drawn(f"max({_of('group_worst_pool_margin_ratio')})"), "worst pool"),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            rules=("group_ratio", "margin_ratio"),
            least=0.0,
            most=1.0,
            apart=True,
        ),
        graph(
            "Ratio by account",
            "The margin ratio of each member's worst pool; 100 % is liquidation.",
            Query(drawn(_member("account_margin_ratio", _MEMBER, "max")), "{{venue}} {{account}}"),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            rules=("margin_ratio", "account_ratio"),
            least=0.0,
            most=1.0,
        ),
        rows(
            "Accounts of the group",
            "What each member owns and holds, what its venue says may leave it, and what it needs so that no line "
            "of it is nearer than wanted. A click on an account leads to it.",
            (
                _member("account_up", _MEMBER, "min"),
                told(_member("account_margin_ratio", _MEMBER, "max")),
                _member("account_equity_usd", _MEMBER, "max"),
                _member("account_gross_notional_usd", _MEMBER, "max"),
                _member("account_net_notional_usd", _MEMBER, "max"),
                _member("account_effective_leverage_ratio", _MEMBER, "max"),
                by(_MEMBER, "max", _of("group_withdrawable_usd")),
                f"{by(_MEMBER, 'sum', _of('group_needed_usd'))} or {_member('account_equity_usd', _MEMBER, 'max')} * 0",
            ),
            (
                Column("venue", "Venue"),
                Column("account", "Account", link=_TO_ACCOUNT),
                Column("A", "Data", FACTOR, levels.none_is(colours.UNKNOWN), colours.READABLE),
                Column("B", "Ratio", RATIO, levels.of_rule("margin_ratio"), colours.NO_EQUITIES, bar=True, decimals=1),
                Column("C", "Equity", USD),
                Column("D", "Gross", USD),
                Column("E", "Net", USD),
                Column("F", "Leverage", FACTOR, decimals=2),
                Column("G", "May leave", USD),
                Column("H", "Needed", USD, mappings=colours.NONE_NEEDED),
            ),
            sort="Ratio",
            rules=("margin_ratio", "account_down"),
            height=7,
        ),
    )


def _exposures(made: Board) -> None:
    made.row(
        "Exposure per coin, over all venues",
        graph(
            "Net exposure",
            "Longs less shorts over all venues and instruments, of the eight coins that most is held of now: 0 is "
            "hedged.",
            Query(
                among(
                    by("coin", "max", of("group_exposure_usd", 'kind="net"', where=_COIN)),
                    "coin",
                    f"topk(8, {_ending('group_exposure_usd', 'coin', 'max', _GROSS)})",
                ),
                "{{coin}}",
            ),
            unit=USD,
            span=8,
            height=8,
        ),
        rows(
            "Coins by account",
            "What each account holds of each coin in positions: longs less shorts, and both together.",
            tuple(
                by("venue,account,coin", "max", of("group_account_exposure_usd", f'kind="{kind}"', where=_COIN))
                for kind in ("net", "gross")
            ),
            (
                Column("coin", "Coin", width=70),
                Column("venue", "Venue"),
                Column("account", "Account"),
                Column("A", "Net", USD),
                Column("B", "Gross", USD),
            ),
            sort="Gross",
            rules=("hedge_broken",),
            empty="No position is known.",
            span=7,
            height=8,
        ),
        rows(
            "Coins",
            "Positions net and gross, and coins that back pools or are owed (held). The nearest line of any pool on "
            "the coin, down and up.",
            (
                *(
                    by("coin", "max", of("group_exposure_usd", f'kind="{kind}"', where=_COIN))
                    for kind in ("net", "gross", "held")
                ),
                *(
                    reach(by("coin", "min", of("group_coin_distance_ratio", f'direction="{way}"', where=_COIN)))
                    for way in ("down", "up")
                ),
            ),
            (
                Column("coin", "Coin"),
                Column("A", "Net", USD),
                Column("B", "Gross", USD),
                Column("C", "Held", USD),
                Column("D", "Down", RATIO, levels.of_rule("coin_distance"), colours.DISTANCES, decimals=1),
                Column("E", "Up", RATIO, levels.of_rule("coin_distance"), colours.DISTANCES, decimals=1),
            ),
            sort="Gross",
            rules=("group_coin_distance", "coin_distance"),
            empty="No position is known.",
            span=9,
            height=8,
        ),
        graph(
            "How far one coin may move",
            "The price of now is 0; the lines are the moves, down and up, that liquidate the first pool of the group: "
            "of the six coins that are nearest now. A line beyond 50 % is not drawn.",
            Query(
                among(
                    f"({corridor('group_coin_distance_ratio', 'coin', where=_COIN)})",
                    "coin",
                    f"bottomk(6, {_ending('group_coin_distance_ratio', 'coin', 'min')})",
                ),
                "{{coin}} {{direction}}",
            ),
            unit=RATIO,
            levels=levels.both_ways("coin_distance"),
            empty=colours.FAR_TEXT,
            rules=("group_coin_distance", "coin_distance"),
        ),
        graph(
            "How far all coins may move together",
            "The same with everything but stablecoins moving together.",
            Query(corridor("group_market_distance_ratio", "group", where=GROUP), "{{direction}}"),
            unit=RATIO,
            levels=levels.both_ways("market_distance"),
            empty=colours.FAR_TEXT,
            rules=("group_market_distance", "market_distance"),
        ),
    )


def _hedges(made: Board) -> None:
    made.row(
        "Hedges",
        timeline(
            "How hedges stand",
            "held: both sides; near: the pool of one side is near liquidation; shrank, broken: one side is smaller or "
            "gone; flat: none is open; unknown: a member is not known.",
            Query(HEDGE, "{{hedge}}"),
            colours.HEDGES,
            rules=("hedge_broken", "hedge_leg_near"),
            span=8,
            height=8,
        ),
        graph(
            "What is unhedged",
            "Longs less shorts of each hedge.",
            Query(by("hedge", "max", _of("group_hedge_net_usd")), "{{hedge}}"),
            unit=USD,
            rules=("hedge_broken",),
            span=8,
            height=8,
        ),
        graph(
            "How whole hedges are",
            "The smaller side over the larger; 100 % is whole.",
            Query(by("hedge", "max", _of("group_hedge_ratio")), "{{hedge}}"),
            unit=RATIO,
            rules=("hedge_broken",),
            least=0.0,
            most=1.0,
            span=8,
            height=8,
        ),
    )
