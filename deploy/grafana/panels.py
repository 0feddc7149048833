"""Panels: each function makes one kind, with the settings that all of that kind share.

`span` is the width in columns of 24, `height` in rows of some 30 pixels. Every panel says what it shows (`about`), in
which unit, and which alert rules speak of it (`rules`): their runbooks are its links.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.builders.dashboard import FieldColor as Colour
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    ThresholdsMode,
    ValueMapping,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.colours import LINES, NEUTRAL, UNKNOWN_TEXT, missing
from deploy.grafana.levels import PLAIN, Levels, areas
from monitor.domain.fingerprints import alert_name

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
#: For lines that are the limit of others.
DASHED = [DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [6, 6]})]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  #: names of a panel's queries
RATIO, USD, SECONDS, COUNT, PRICE, FACTOR = "percentunit", "currencyUSD", "s", "locale", "locale", "none"
PRICE_DECIMALS = 8  #: at most; prices come with six digits from `queries.digits`
BYTES, PER_SECOND, DURATION, TIME = "bytes", "cps", "dtdurations", "dateTimeFromNow"

Panel: TypeAlias = stat.Panel | timeseries.Panel | table.Panel | statetimeline.Panel
Some = TypeVar("Some", stat.Panel, timeseries.Panel, table.Panel, statetimeline.Panel)


class Query(NamedTuple):
    """An expression, and what its series are called (`{{label}}` stands for a label's value)."""

    expression: str
    legend: str


class Column(NamedTuple):
    """A column of a table: `source` is the label it shows, or the letter of the query whose value it shows.

    `absent` is what stands where there is no value: «unknown», unless absence means something else here.
    """

    source: str
    title: str
    unit: str = ""
    levels: Levels = PLAIN
    mappings: Sequence[ValueMapping] = ()
    width: int = 0
    bar: bool = False
    link: str = ""
    decimals: int | None = None
    absent: str = UNKNOWN_TEXT


def thresholds(levels: Levels) -> ThresholdsConfig:
    """Steps of colour at absolute values."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(list(levels))


def link(title: str, url: str) -> DashboardLink:
    """A link of a panel or of its values."""
    return DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)


def to_board(uid: str, **variables: str) -> str:
    """The address of another dashboard of ours, at the same time, with its variables set."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return f"/d/{uid}?${{__url_time_range}}&var-datasource=${{datasource}}{chosen}"


def runbook(rule: str) -> DashboardLink:
    """The link to a rule's runbook, which the monitor serves."""
    name = alert_name(rule)
    return link(f"Runbook {name}", f"${{page}}/runbooks/{name}")


def fixed(colour: str) -> list[DynamicConfigValue]:
    """A series that has the colour of what it means."""
    return [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})]


def _ask(panel: Some, queries: Sequence[Query], *, instant: bool = False, as_table: bool = False) -> Some:
    for letter, query in zip(LETTERS, queries, strict=False):
        target = Dataquery().expr(query.expression).legend_format(query.legend).ref_id(letter).datasource(SOURCE)
        target = target.instant() if instant else target.range()
        if as_table:
            target = target.format(PromQueryFormat.TABLE)
        panel = panel.with_target(target)
    return panel


def _common(
    panel: Some, title: str, about: str, unit: str, levels: Levels, span: int, height: int, rules: Sequence[str]
) -> Some:
    panel = panel.title(title).description(about).unit(unit).thresholds(thresholds(levels)).datasource(SOURCE)
    return panel.span(span).height(height).links([runbook(rule) for rule in rules]).no_value(UNKNOWN_TEXT)


def figure(
    title: str,
    about: str,
    *queries: Query,
    unit: str,
    levels: Levels = PLAIN,
    rules: Sequence[str] = (),
    mappings: Sequence[ValueMapping] = (),
    span: int = 4,
    height: int = 4,
    decimals: int | None = None,
    url: str = "",
    empty: str = UNKNOWN_TEXT,
    named: bool = False,
    coloured: bool = True,
) -> stat.Panel:
    """One number, large, on its colour; with its name where there are several queries, or it is `named`.

    `coloured`: the colours of `mappings` fill the panel.
    """
    panel = _common(stat.Panel(), title, about, unit, levels, span, height, rules).no_value(empty)
    panel = _ask(panel, queries, instant=True).mappings([*mappings, *missing(empty)])
    panel = panel.graph_mode(kinds.BigValueGraphMode.NONE).justify_mode(kinds.BigValueJustifyMode.CENTER)
    plain = levels is PLAIN and not (mappings and coloured)
    panel = panel.color_mode(kinds.BigValueColorMode.NONE if plain else kinds.BigValueColorMode.BACKGROUND_SOLID)
    several = named or len(queries) > 1
    panel = panel.text_mode(kinds.BigValueTextMode.VALUE_AND_NAME if several else kinds.BigValueTextMode.VALUE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    panel = panel.color_scheme(Colour().mode(FieldColorModeId.THRESHOLDS))
    panel = panel.orientation(kinds.VizOrientation.AUTO).wide_layout(True)
    if decimals is not None:
        panel = panel.decimals(decimals)
    return panel.data_links([link("Look closer", url)]) if url else panel


def graph(
    title: str,
    about: str,
    *queries: Query,
    unit: str,
    levels: Levels = PLAIN,
    rules: Sequence[str] = (),
    span: int = 12,
    height: int = 9,
    stacked: bool = False,
    least: float | None = None,
    most: float | None = None,
    beside: bool = False,
    ascending: bool = False,
    steps: bool = False,
    log: bool = False,
    decimals: int | None = None,
    empty: str = UNKNOWN_TEXT,
    apart: bool = False,
) -> timeseries.Panel:
    """Lines over time, a gap where nothing was known; thresholds as dashed lines and areas behind them.

    `beside`: the legend stands at the right, as a table with the last value, the greatest first
    unless `ascending`. `least` and `most` are what the axis shows
    at least; `empty` is what stands there without a line. `apart`: every query is one line, and has a colour that does
    not say that anything is fine or bad.
    """
    panel = _common(timeseries.Panel(), title, about, unit, areas(levels), span, height, rules).no_value(empty)
    panel = _ask(panel, queries).color_scheme(Colour().mode(FieldColorModeId.PALETTE_CLASSIC))
    panel = panel.line_width(1.5).show_points(kinds.VisibilityMode.AUTO).point_size(4).span_nulls(False)
    panel = panel.fill_opacity(40 if stacked else 0).axis_border_show(False)
    mode = kinds.GraphThresholdsStyleMode.DASHED_AND_AREA
    if levels is PLAIN:
        mode = kinds.GraphThresholdsStyleMode.OFF
    elif levels[0].color == levels[-1].color:  # on both sides of 0: Grafana would give half of the lines a wrong colour
        mode = kinds.GraphThresholdsStyleMode.AREA
    panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(mode))
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    if steps:
        panel = panel.line_interpolation(kinds.LineInterpolation.STEP_AFTER)
    if least is not None:
        panel = panel.axis_soft_min(least)
    if most is not None:
        panel = panel.axis_soft_max(most)
    if log:
        scale = common.ScaleDistributionConfig().type(kinds.ScaleDistribution.LOG).log(10)
        panel = panel.scale_distribution(scale)
    if decimals is not None:
        panel = panel.decimals(decimals)
    for letter, colour in zip(LETTERS[: len(queries) if apart else 0], (*LINES, NEUTRAL), strict=False):
        panel = panel.override_by_query(letter, fixed(colour))
    legend = common.VizLegendOptions().show_legend(True)
    if beside:
        legend = legend.display_mode(kinds.LegendDisplayMode.TABLE).placement(kinds.LegendPlacement.RIGHT)
        legend = legend.calcs(["lastNotNull"]).sort_by("Last *").sort_desc(not ascending)
    else:
        legend = legend.display_mode(kinds.LegendDisplayMode.LIST).placement(kinds.LegendPlacement.BOTTOM).calcs([])
    tooltip = common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING)
    return panel.legend(legend).tooltip(tooltip)


def rows(
    title: str,
    about: str,
    queries: Sequence[str],
    columns: Sequence[Column],
    *,
    sort: str = "",
    descending: bool = True,
    rules: Sequence[str] = (),
    empty: str = UNKNOWN_TEXT,
    hidden: Sequence[str] = (),
    span: int = 24,
    height: int = 10,
) -> table.Panel:
    """A table of what is now: the queries joined on the labels that they share, one column a label or value.

    `hidden` are labels that say nothing here; `empty` is what stands there without a row.
    """
    panel = _common(table.Panel(), title, about, COUNT, PLAIN, span, height, rules).no_value(empty)
    panel = _ask(panel, [Query(each, "") for each in queries], instant=True, as_table=True)
    panel = panel.show_header(True).cell_height(kinds.TableCellHeight.SM).min_width(60)
    single = len(queries) == 1
    names = [
        ("Value" if single else f"Value #{column.source}") if column.source.isupper() else column.source
        for column in columns
    ]
    shown = {name: column.title for name, column in zip(names, columns, strict=True)}
    values = ["Value"] if single else [f"Value #{letter}" for letter, _ in zip(LETTERS, queries, strict=False)]
    arranged = {
        "excludeByName": {name: True for name in ("Time", *hidden, *values) if name not in shown},
        "indexByName": {name: index for index, name in enumerate(shown)},
        "renameByName": shown,
    }
    if not single:
        panel = panel.with_transformation(DataTransformerConfig("merge", options={}))
    panel = panel.with_transformation(DataTransformerConfig("organize", options=arranged))
    if sort:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    for column in columns:
        panel = panel.override_by_name(column.title, _cell(column))
    return panel


def _cell(column: Column) -> list[DynamicConfigValue]:
    """How a column looks: its unit, its colours as the cell's background (or as a bar), and where it leads."""
    looks: list[DynamicConfigValue] = []
    if column.unit:
        looks.append(DynamicConfigValue("unit", column.unit))
    if column.decimals is not None:
        looks.append(DynamicConfigValue("decimals", column.decimals))
    if column.levels is not PLAIN:
        looks.append(DynamicConfigValue("thresholds", thresholds(column.levels).build()))
    if column.mappings or column.source.isupper() or column.absent != UNKNOWN_TEXT:
        looks.append(DynamicConfigValue("mappings", [*column.mappings, *missing(column.absent)]))
    if column.bar:
        looks.append(DynamicConfigValue("custom.cellOptions", {"type": "gauge", "mode": "basic"}))
        looks += [DynamicConfigValue("min", 0), DynamicConfigValue("max", 1)]
    elif column.levels is not PLAIN or column.mappings or column.source.isupper():
        looks.append(DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
    if column.width:
        looks.append(DynamicConfigValue("custom.width", column.width))
    if column.link:
        looks.append(DynamicConfigValue("links", [{"title": "Look closer", "url": column.link, "targetBlank": False}]))
    return looks


def timeline(
    title: str,
    about: str,
    query: Query,
    mappings: Sequence[ValueMapping],
    *,
    rules: Sequence[str] = (),
    span: int = 12,
    height: int = 9,
) -> statetimeline.Panel:
    """Words over time, one row a series."""
    panel = _common(statetimeline.Panel(), title, about, FACTOR, PLAIN, span, height, rules)
    panel = _ask(panel, [query]).mappings(list(mappings)).show_value(kinds.VisibilityMode.NEVER).row_height(0.8)
    panel = panel.merge_values(True).fill_opacity(85).line_width(0)
    panel = panel.color_scheme(Colour().mode(FieldColorModeId.THRESHOLDS))
    legend = common.VizLegendOptions().show_legend(True).display_mode(kinds.LegendDisplayMode.LIST)
    return panel.legend(legend.placement(kinds.LegendPlacement.BOTTOM).calcs([]))
