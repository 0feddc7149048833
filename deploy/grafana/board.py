"""The frame of a dashboard: its variables, its links, and its rows of panels."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    TextBoxVariable,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard as Made,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.panels import SOURCE, Panel

TAG = "marginwatch"
PAGE = "http://127.0.0.1:9786"  #: where the monitor serves its page unless the user says otherwise
ALL = VariableOption(selected=True, text="All", value="$__all")

#: What a variable offers: the metric whose labels it reads, narrowed by the variables before it.
_OFFERED = {
    "venue": "label_values(marginwatch_account_up, venue)",
    "account": 'label_values(marginwatch_account_up{venue=~"$venue"}, account)',
    "symbol": 'label_values(marginwatch_position_notional_usd{venue=~"$venue",account=~"$account"}, symbol)',
    "group": "label_values(marginwatch_group_quality, group)",
    "instance": "label_values(marginwatch_build_info, instance)",
}
_COINS = {
    "account": 'label_values(marginwatch_pool_coin_distance_ratio{venue=~"$venue",account=~"$account"}, coin)',
    "group": 'label_values(marginwatch_group_exposure_usd{group=~"$group"}, coin)',
}
_SAID = {
    "venue": "exchanges",
    "account": "accounts, by their names in the configuration",
    "symbol": "instruments that are held",
    "group": "groups of accounts, by their names in the configuration",
    "coin": "coins that positions or collateral are in",
    "instance": "monitors that Prometheus scrapes",
}


class Board:
    """A dashboard that is being put together.

    `one` names the variable of which exactly one value is looked at; of all others any number may be chosen.
    """

    def __init__(self, uid: str, title: str, about: str, variables: Sequence[str], *, one: Sequence[str] = ()) -> None:
        self._made = (
            Dashboard(f"marginwatch / {title}")
            .uid(uid)
            .description(about)
            .tags([TAG])
            .readonly()
            .time("now-1h", "now")
            .refresh("10s")
            .timezone("browser")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        )
        for name in variables:
            query = _COINS["group" if "group" in variables else "account"] if name == "coin" else _OFFERED[name]
            self._made = self._made.with_variable(_variable(name, query, several=name not in one))
        self._made = self._made.with_variable(
            TextBoxVariable("page")
            .label("Page")
            .description("Address of the monitor's page, without a slash at its end: links lead there.")
            .default_value(PAGE)
            .current(VariableOption(selected=True, text=PAGE, value=PAGE))
            .options([VariableOption(selected=True, text=PAGE, value=PAGE)])
        )
        for each in _links():
            self._made = self._made.link(each)

    def row(self, title: str, *panels: Panel) -> Board:
        """A heading and what stands under it, side by side as far as 24 columns go."""
        self._made = self._made.with_row(Row(title))
        for panel in panels:
            self._made = self._made.with_panel(panel)
        return self

    def build(self) -> Made:
        """The dashboard, with a stable number for each panel."""
        made = self._made.build()
        for number, panel in enumerate(made.panels or (), start=1):
            panel.id_val = number
        return made


def _variable(name: str, query: str, *, several: bool) -> QueryVariable:
    variable = (
        QueryVariable(name)
        .label(name.capitalize())
        .description(f"Which {_SAID[name]}.")
        .datasource(SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(several)
        .include_all(several)
    )
    return variable.all_value(".*").current(ALL) if several else variable


def _links() -> list[DashboardLink]:
    page = (("Live page", "/", "bolt"), ("Alerts", "/#alerts", "bolt"), ("Runbooks", "/runbooks/", "doc"))
    return [
        DashboardLink("Dashboards")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True),
        *(
            DashboardLink(title).type(DashboardLinkType.LINK).url(f"${{page}}{path}").icon(icon).target_blank(True)
            for title, path, icon in page
        ),
    ]
