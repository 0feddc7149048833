"""Account: one account's ratio, equity, lines, funds at risk, collateral and funding."""

from __future__ import annotations

from deploy.grafana import colours, levels
from deploy.grafana.board import Board
from deploy.grafana.panels import (
    DASHED,
    DURATION,
    FACTOR,
    PRICE,
    PRICE_DECIMALS,
    RATIO,
    TIME,
    USD,
    Column,
    Query,
    figure,
    graph,
    rows,
    timeline,
    to_board,
)
from deploy.grafana.queries import (
    LAST_RATIO,
    NOT_KNOWN,
    POOL,
    POSITION,
    among,
    by,
    corridor,
    digits,
    drawn,
    ending,
    nearest,
    of,
    pools_ending,
    quality,
    reach,
    told,
    whole,
    worst,
)

UID = "marginwatch-account"
_TO_POSITION = to_board("marginwatch-position", venue="$venue", account="$account", symbol="${__value.text}")
_COIN = 'coin=~"$coin"'


def board() -> Board:
    """The dashboard."""
    made = Board(
        UID,
        "Account",
        "One account: its ratio and lines over time, what backs it, what a liquidation takes, and what funding takes.",
        ("venue", "account", "coin"),
        one=("account",),
    )
    _now(made)
    _ratio(made)
    _lines(made)
    _worth(made)
    _funding(made)
    return made


def _nearest(line: str, name: str) -> Query:
    warning = levels.warning_of(f"{line}_distance")
    return Query(reach(nearest(of(f"pool_{line}_distance_ratio"), warning=warning)), name)


def _now(made: Board) -> None:
    made.row(
        "Now",
        figure(
            "Margin ratio",
            "Of the worst pool; 100 % is liquidation. Of a pool not known now, the last of the hour before; unknown "
            "unless that warns.",
            Query(told(worst(LAST_RATIO, warning=levels.warning_of("margin_ratio"))), ""),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            mappings=colours.NO_EQUITIES,
            rules=("margin_ratio", "account_ratio"),
            decimals=1,
        ),
        figure(
            "Data",
            "The worst quality of the account's pools. STALE and UNKNOWN: the figures beside it are absent or old.",
            Query(quality("pool_quality", "venue,account"), ""),
            unit=FACTOR,
            mappings=colours.QUALITIES,
            rules=("data_quality", "account_down"),
            span=3,
        ),
        figure(
            "Nearest line",
            "The smallest move of one coin, or of all together, that liquidates a pool.",
            _nearest("coin", "one coin"),
            _nearest("market", "all coins"),
            unit=RATIO,
            levels=levels.of_rule("coin_distance"),
            mappings=colours.DISTANCES,
            rules=("coin_distance", "market_distance"),
            decimals=1,
            span=5,
        ),
        figure(
            "Equity",
            "What the account is worth to its venue, at the marks.",
            Query(whole("account_equity_usd"), ""),
            unit=USD,
        ),
        figure(
            "Funds at risk",
            "What liquidations of all pools would take.",
            Query(whole("account_funds_at_risk_usd"), ""),
            unit=USD,
            rules=("account_funds_at_risk",),
            span=3,
        ),
        figure(
            "Leverage",
            "Gross notional over equity.",
            Query(f"max({of('account_effective_leverage_ratio')})", ""),
            unit=FACTOR,
            rules=("account_leverage",),
            decimals=2,
            span=2,
        ),
        figure(
            "May leave",
            "What the venue says may be withdrawn; unknown where it does not say.",
            Query(whole("account_withdrawable_usd"), ""),
            unit=USD,
            span=3,
        ),
    )


def _ratio(made: Board) -> None:
    made.row(
        "Ratio",
        graph(
            "Margin ratio",
            "Of every pool; 100 % is liquidation, without equity it is drawn at 150 %. A gap: not known.",
            Query(drawn(by(POOL, "max", of("pool_margin_ratio"))), "{{pool}}"),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            rules=("margin_ratio", "worsening"),
            least=0.0,
            most=1.0,
        ),
        rows(
            "Stages",
            "How near each pool is to each stage of its venue's procedure, such as orders cancelled; 100 % enters it.",
            (told(by(f"{POOL},stage", "max", of("pool_stage_ratio"))),),
            (
                Column("pool", "Pool"),
                Column("stage", "Stage", width=95),
                Column("A", "Ratio", RATIO, levels.of_rule("stage_ratio"), colours.NO_EQUITIES, width=75, decimals=1),
            ),
            sort="Ratio",
            rules=("stage_ratio",),
            hidden=("venue", "account"),
            span=6,
            height=9,
        ),
        timeline(
            "Data quality",
            "Of every pool. STALE and UNKNOWN: figures are absent.",
            Query(quality("pool_quality", POOL), "{{pool}}"),
            colours.QUALITIES,
            rules=("data_quality",),
            span=6,
        ),
    )


def _lines(made: Board) -> None:
    made.row(
        "Lines",
        graph(
            "How far one coin may move",
            "The price of now is 0; the lines are the moves, down and up, that liquidate a pool, with every hedge and "
            "collateral in that coin moving along: of the six coins that are nearest now. A line beyond 50 % is not "
            "drawn.",
            Query(
                among(
                    f"({corridor('pool_coin_distance_ratio', 'pool,coin', more=_COIN)})",
                    "coin",
                    f"bottomk(6, {ending(of('pool_coin_distance_ratio', _COIN), 'coin', 'min', NOT_KNOWN, POOL)})",
                ),
                "{{coin}} {{direction}} {{pool}}",
            ),
            unit=RATIO,
            levels=levels.both_ways("coin_distance"),
            empty=colours.FAR_TEXT,
            rules=("coin_distance", "coin_sigmas"),
        ),
        graph(
            "How far all coins may move together",
            "The same with everything but stablecoins moving together.",
            Query(corridor("pool_market_distance_ratio", "pool"), "{{direction}} {{pool}}"),
            unit=RATIO,
            levels=levels.both_ways("market_distance"),
            empty=colours.FAR_TEXT,
            rules=("market_distance", "market_sigmas"),
        ),
        rows(
            "Positions",
            "The nearest first. «never»: no price of that instrument alone liquidates. A click leads to it.",
            (
                by(POSITION, "max", of("position_notional_usd")),
                reach(by(POSITION, "min", of("position_liquidation_distance_ratio"))),
                reach(by(POSITION, "min", of("position_liquidation_distance_sigmas"))),
                digits(by(POSITION, "max", of("position_mark_price"))),
                digits(by(POSITION, "max", of("position_liquidation_price"))),
                by(POSITION, "max", of("position_unrealized_pnl_usd")),
            ),
            (
                Column("symbol", "Symbol", link=_TO_POSITION),
                Column("side", "Side", width=80),
                Column("pool", "Pool", width=190),
                Column("A", "Notional", USD),
                Column("B", "Distance", RATIO, levels.of_rule("position_distance"), colours.DISTANCES, decimals=1),
                Column("C", "Daily sigmas", FACTOR, levels.of_rule("position_sigmas"), colours.NEVERS, decimals=1),
                Column("D", "Mark", PRICE, decimals=PRICE_DECIMALS),
                Column("E", "Liquidation price", PRICE, decimals=PRICE_DECIMALS, absent="none"),
                Column("F", "Unrealized profit", USD),
            ),
            sort="Distance",
            descending=False,
            rules=("position_distance", "position_sigmas"),
            empty="No position is known.",
            height=8,
            hidden=("venue", "account"),
        ),
    )


def _worth(made: Board) -> None:
    made.row(
        "Worth",
        graph(
            "Equity and maintenance",
            "What backs each pool, and the equity at which it is liquidated: where the two lines meet.",
            Query(by(POOL, "max", of("pool_equity_usd")), "{{pool}}"),
            Query(by(POOL, "max", of("pool_maintenance_margin_usd")), "{{pool}} maintenance"),
            unit=USD,
            rules=("margin_ratio", "room_usd"),
            least=0.0,
            span=8,
        ).override_by_query("B", DASHED),
        graph(
            "Funds at risk",
            "What a liquidation of each pool would take.",
            Query(by(POOL, "max", of("pool_funds_at_risk_usd")), "{{pool}}"),
            unit=USD,
            rules=("funds_at_risk", "account_funds_at_risk"),
            least=0.0,
            span=8,
        ),
        rows(
            "Collateral",
            "What each asset counts for, with the profit of what settles in it; negative: it is owed.",
            (
                by(f"{POOL},asset", "max", of("pool_collateral_usd")),
                by(f"{POOL},asset", "max", of("pool_collateral_share_ratio")),
            ),
            (
                Column("asset", "Asset", width=80),
                Column("pool", "Pool"),
                Column("A", "Counts for", USD, width=110),
                Column("B", "Share", RATIO, levels.of_rule("collateral_share"), width=90, decimals=1, absent="owed"),
            ),
            sort="Counts for",
            rules=("collateral_share", "collateral_depeg"),
            empty="No collateral is known.",
            hidden=("venue", "account"),
            span=8,
            height=9,
        ),
        graph(
            "Notional",
            "The size of all positions, and longs less shorts, at the marks.",
            Query(whole("account_gross_notional_usd"), "gross"),
            Query(whole("account_net_notional_usd"), "net"),
            apart=True,
            unit=USD,
            rules=("account_gross", "account_net", "one_sided_leverage"),
        ),
        graph(
            "Changes that nothing explains",
            "What the wallets changed by within the last hour beyond trades, funding, fees and transfers seen.",
            Query(whole("account_unexplained_usd"), "unexplained"),
            apart=True,
            unit=USD,
            rules=("unexplained_loss", "unexplained_gain"),
        ),
    )


def _funding(made: Board) -> None:
    made.row(
        "Funding",
        rows(
            "Funding and interest",
            "What they take (negative: bring), and how long the pool lives with them if prices stand still.",
            (
                by(POOL, "max", of("pool_next_funding_usd")),
                by(POOL, "max", of("pool_next_funding_timestamp_seconds")) + " * 1000",
                told(by(POOL, "max", of("pool_after_funding_margin_ratio"))),
                by(POOL, "max", of("pool_funding_burn_usd_per_day")),
                f"clamp_max({by(POOL, 'min', of('pool_burn_seconds'))}, {colours.FOREVER_SECONDS:.0f})",
            ),
            (
                Column("pool", "Pool", width=190),
                Column("A", "Next payment", USD),
                Column("B", "When", TIME),
                Column("C", "Ratio after it", RATIO, levels.of_rule("ratio_after_payment"), colours.NO_EQUITIES),
                Column("D", "Takes a day", USD),
                Column("E", "Lives for", DURATION, levels.of_rule("burn_time"), colours.FOREVER),
            ),
            rules=("burn_time", "ratio_after_payment"),
            empty="Nothing is known of funding or interest.",
            span=14,
            height=8,
            hidden=("venue", "account"),
        ),
        graph(
            "What funding takes",
            "The next payment of the six positions that pay or get most now, in USD; negative: it brings.",
            Query(
                among(
                    by("symbol,side", "sum", of("position_funding_usd")),
                    "symbol,side",
                    f"topk(6, abs({pools_ending('position_funding_usd', 'symbol,side', 'sum')}))",
                ),
                "{{symbol}} {{side}}",
            ),
            unit=USD,
            span=10,
            height=8,
        ),
    )
