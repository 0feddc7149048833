"""Overview: am I safe? The worst pool, the nearest lines, what fires, and what is not known."""

from __future__ import annotations

from deploy.grafana import colours, levels
from deploy.grafana.board import Board
from deploy.grafana.panels import (
    COUNT,
    FACTOR,
    RATIO,
    USD,
    Column,
    Panel,
    Query,
    figure,
    fixed,
    graph,
    rows,
    timeline,
    to_board,
)
from deploy.grafana.queries import (
    FIRING,
    LAST_RATIO,
    NOT_KNOWN,
    POOL,
    SAFE,
    among,
    by,
    cents,
    dangers,
    drawn,
    near,
    nearest,
    nth,
    of,
    pools_ending,
    quality,
    reach,
    told,
    whole,
    worst,
)

UID = "marginwatch-overview"
_TO_ACCOUNT = to_board("marginwatch-account", venue="${__data.fields.Venue}", account="${__data.fields.Account}")


def board() -> Board:
    """The dashboard."""
    made = Board(
        UID,
        "Overview",
        "Am I safe? How near every pool is to liquidation, what fires, and what is not known.",
        ("venue", "account"),
    )
    _answers(made)
    made.row("Pools", _pools())
    _courses(made)
    _alerts(made)
    return made


def _nearest(line: str, name: str) -> Query:
    warning = levels.warning_of(f"{line}_distance")
    return Query(reach(nearest(of(f"pool_{line}_distance_ratio"), warning=warning)), name)


def _answers(made: Board) -> None:
    made.row(
        "Am I safe?",
        figure(
            "Am I safe?",
            "CRITICAL: an alert of that severity fires. NOT KNOWN: a pool or an account cannot be told, or the monitor "
            "does not answer. WARNING: a warning fires. Of all accounts, whatever is chosen above; an acknowledged or "
            "silenced alert counts, for the danger is there all the same.",
            Query(SAFE, ""),
            unit=FACTOR,
            mappings=colours.SAFE,
            rules=("margin_ratio", "data_quality"),
            span=5,
            height=5,
        ),
        figure(
            "Worst margin ratio",
            "Requirement over equity of the worst pool: 100 % is liquidation. Of a pool that is not known now, the "
            "last figure of the hour before; unknown while one is not known and none warns.",
            Query(told(worst(LAST_RATIO, warning=levels.warning_of("margin_ratio"))), ""),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            mappings=colours.NO_EQUITIES,
            rules=("margin_ratio",),
            decimals=1,
            span=4,
            height=5,
        ),
        figure(
            "Nearest line",
            "The smallest move of one coin, or of all coins together, in either direction, that liquidates a pool.",
            _nearest("coin", "one coin"),
            _nearest("market", "all coins"),
            unit=RATIO,
            levels=levels.of_rule("coin_distance"),
            mappings=colours.DISTANCES,
            rules=("coin_distance", "market_distance"),
            decimals=1,
            span=5,
            height=5,
        ),
        figure(
            "Alerts that fire",
            "By severity, those that are acknowledged, silenced or explained by another among them.",
            Query('sum(marginwatch_alerts_firing{severity!~"info|warning"})', "critical"),
            Query('sum(marginwatch_alerts_firing{severity="warning"})', "warning"),
            unit=COUNT,
            levels=levels.any_is(colours.CRITICAL),
            url="${page}/#alerts",
            span=4,
            height=5,
        ).override_by_name("warning", levels.override(levels.any_is(colours.WARNING))),
        figure(
            "Pools not known",
            "Pools whose data is stale or contradictory. Their figures are absent below: absent is not safe.",
            Query(f"sum({NOT_KNOWN})", ""),
            unit=COUNT,
            levels=levels.any_is(colours.UNKNOWN),
            rules=("data_quality", "account_down"),
            span=3,
            height=5,
        ),
        figure(
            "Equity and risk",
            "What the chosen accounts are worth to their venues, and what liquidations of all their pools would take. "
            "Unknown while one of them is: a sum without a term is no sum.",
            Query(whole("account_equity_usd"), "equity"),
            Query(whole("account_funds_at_risk_usd"), "at risk"),
            unit=USD,
            rules=("funds_at_risk",),
            span=3,
            height=5,
        ),
    )  # fmt: skip


def _pools() -> Panel:
    return rows(
        "Pools by danger",
        "Every pool that can be liquidated by itself: those that are not known first, then the worst ratio. «Unknown» "
        "is a figure that is absent: its pool is stale or unknown, or nothing tells it. «Down» and «up» are the "
        "nearest lines of one coin and of all coins together. A click on an account leads to its dashboard.",
        (
            by(f"{POOL},quality", "max", f"{of('pool_quality')} == 1"),
            dangers(POOL),
            *(
                reach(by(POOL, "min", of(f"pool_{line}_distance_ratio", f'direction="{way}"')))
                for line in ("coin", "market")
                for way in ("down", "up")
            ),
            cents(by(POOL, "max", of("pool_equity_usd"))),
            cents(by(POOL, "max", of("pool_funds_at_risk_usd"))),
            by(POOL, "max", of("pool_effective_leverage_ratio")),
        ),
        (
            Column("venue", "Venue", width=110),
            Column("account", "Account", width=150, link=_TO_ACCOUNT),
            Column("pool", "Pool"),
            Column("quality", "Data", mappings=colours.QUALITY_NAMES, width=95),
            Column(
                "B",
                "Ratio",
                RATIO,
                levels.of_rule("margin_ratio"),
                colours.NO_EQUITIES,
                width=180,
                bar=True,
                decimals=1,
            ),
            Column("C", "Coin down", RATIO, levels.of_rule("coin_distance"), colours.DISTANCES, width=110, decimals=1),
            Column("D", "Coin up", RATIO, levels.of_rule("coin_distance"), colours.DISTANCES, width=110, decimals=1),
            Column("E", "All down", RATIO, levels.of_rule("market_distance"), colours.DISTANCES, width=110, decimals=1),
            Column("F", "All up", RATIO, levels.of_rule("market_distance"), colours.DISTANCES, width=110, decimals=1),
            Column("G", "Equity", USD, width=110),
            Column("H", "At risk", USD, width=110),
            Column("I", "Leverage", FACTOR, width=100, decimals=2),
        ),
        sort="Ratio",
        rules=("margin_ratio", "coin_distance", "market_distance", "data_quality"),
        height=14,
    )


def _courses(made: Board) -> None:
    name = "{{account}} {{pool}}"
    places = range(1, len(colours.LINES) + 1)
    ratio, worst_now = by(POOL, "max", of("pool_margin_ratio")), pools_ending("pool_margin_ratio", POOL, "max")
    line = near(by(POOL, "min", of("pool_coin_distance_ratio")), 0.5)
    nearest_now = near(pools_ending("pool_coin_distance_ratio", POOL, "min"), 0.5)
    made.row(
        "How it came",
        graph(
            "Margin ratio",
            "Requirement over equity of the six pools that are worst now, and of the worst of all pools at each time; "
            "100 % is liquidation, and without equity it is drawn at 150 %. A gap: not known. Colours of lines only "
            "tell them apart.",
            *(Query(drawn(among(ratio, POOL, nth("topk", place, worst_now))), name) for place in places),
            Query(drawn(f"max({of('pool_margin_ratio')})"), "worst of all"),
            unit=RATIO,
            levels=levels.of_rule("margin_ratio"),
            rules=("margin_ratio", "worsening"),
            least=0.0,
            most=1.0,
            beside=True,
            apart=True,
        ),
        graph(
            "Nearest line of one coin",
            "The smallest move of one coin, in either direction, that liquidates: of the six pools that are nearest "
            "now, and of the nearest of all at each time; none beyond 50 %.",
            *(Query(among(line, POOL, nth("bottomk", place, nearest_now)), name) for place in places),
            Query(near(f"min({of('pool_coin_distance_ratio')})", 0.5), "nearest of all"),
            unit=RATIO,
            levels=levels.of_rule("coin_distance"),
            rules=("coin_distance",),
            least=0.0,
            beside=True,
            ascending=True,
            empty=colours.FAR_TEXT,
            apart=True,
        ),
    )


def _alerts(made: Board) -> None:
    made.row(
        "Alerts and data",
        rows(
            "Alerts that fire",
            "Rules that fire now, and of how many things. A click leads to the runbook; which pool it is and what to "
            "do stands on the monitor's page.",
            (FIRING,),
            (
                Column("severity", "Severity", mappings=colours.SEVERITIES, width=90),
                Column("rule", "Alert", mappings=colours.ALERTS, link="${page}/runbooks/${__value.text}"),
                Column("A", "Firing", COUNT, width=80),
            ),
            sort="Severity",
            descending=False,
            empty="No alert fires.",
            span=8,
        ),
        graph(
            "Alerts over time",
            "How many alerts fired, by severity; those of severity info are not drawn.",
            Query('sum by (severity) (marginwatch_alerts_firing{severity!="info"}) > 0', "{{severity}}"),
            unit=COUNT,
            stacked=True,
            steps=True,
            least=0.0,
            span=7,
            height=10,
        )
        .override_by_name("critical", fixed(colours.CRITICAL))
        .override_by_name("warning", fixed(colours.WARNING)),
        timeline(
            "Data quality",
            "The worst quality of each account's pools. STALE and UNKNOWN: figures are absent, and nothing is resolved "
            "by their absence.",
            Query(quality("pool_quality", "venue,account"), "{{venue}} {{account}}"),
            colours.QUALITIES,
            rules=("data_quality",),
            span=9,
            height=10,
        ),
    )
