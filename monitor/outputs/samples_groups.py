"""What the monitor knows of groups and hedges, as series. The names and label values are public interface.

Figures of a group that is not believed are absent, as is each that is unknown; its quality and the states of its hedges
stay, one series a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from monitor.domain.group_reports import GroupLine, GroupReport, HedgeReport, HedgeState
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.outputs.samples import Family, Series, distance, known, label_set

_GROUP: Sequence[tuple[Family, Callable[[GroupReport], float | None]]] = (
    (
        Family("group_margin_ratio", "gauge", "What its pools require over what they own, together: an indicator."),
        lambda group: known(group.ratio),
    ),
    (Family("group_equity_usd", "gauge", "Equity of all its primary pools."), attrgetter("equity_usd")),
    (
        Family("group_maintenance_margin_usd", "gauge", "Maintenance margin of all its primary pools."),
        attrgetter("maintenance_margin_usd"),
    ),
    (
        Family("group_required_usd", "gauge", "The equity at which they are liquidated, each over its threshold."),
        attrgetter("required_usd"),
    ),
)
_HEDGE: Sequence[tuple[Family, Callable[[HedgeReport], float | None]]] = (
    (Family("group_hedge_net_usd", "gauge", "Longs less shorts of a hedge: what is unhedged."), attrgetter("net_usd")),
    (Family("group_hedge_ratio", "gauge", "The smaller side of a hedge over the larger."), attrgetter("hedged_ratio")),
)
_QUALITY = Family("group_quality", "gauge", "1 for how far the group may be believed, 0 for the others.")
_WORST = Family("group_worst_pool_margin_ratio", "gauge", "Margin ratio of the pool of the group to look at first.")
_MARKET = Family("group_market_distance_ratio", "gauge", "The nearest market line of its pools.")
_COIN = Family("group_coin_distance_ratio", "gauge", "The nearest line of its pools on one coin.")
_EXPOSURE = Family("group_exposure_usd", "gauge", "What it holds of a coin: positions net and gross, and collateral.")
_COINS = Family("group_exposure_coins", "gauge", "The same in coins.")
_MEMBER = Family("group_member_info", "gauge", "1 for each account of the group.")
_BY_ACCOUNT = Family(
    "group_account_exposure_usd", "gauge", "What an account of the group holds of a coin in positions."
)
_FREE = Family("group_withdrawable_usd", "gauge", "What the venue says may leave an account of the group.")
_NEED = Family("group_needed_usd", "gauge", "Collateral that a pool of the group needs for the wanted distance.")
_STATE = Family("group_hedge_state", "gauge", "1 for how a hedge stands, 0 for the others.")

_Samples = Iterator[tuple[str, float | None]]


def group_series(groups: Sequence[GroupReport]) -> Iterator[Series]:
    """All figures of groups, family by family; nothing where there are none."""
    if not groups:
        return
    shown = [group for group in groups if group.quality.figures_shown]
    hedges = [(group, hedge) for group in groups for hedge in group.hedges]
    for family, figure in _GROUP:
        yield Series(family, iter([(_closed(group=group.name), figure(group)) for group in shown]))
    yield Series(_WORST, _worst(shown))
    yield Series(_QUALITY, _qualities(groups))
    yield Series(_MARKET, _lines(shown, lambda group: list(group.market.values())))
    yield Series(
        _COIN, _lines(shown, lambda group: [line for sides in group.coins.values() for line in sides.values()])
    )
    yield Series(_EXPOSURE, _exposures(shown, "usd"))
    yield Series(_COINS, _exposures(shown, "base"))
    yield Series(_MEMBER, _members(groups))
    yield Series(_BY_ACCOUNT, _by_account(shown))
    yield Series(_FREE, _free(shown))
    yield Series(_NEED, _needs(shown))
    yield Series(_STATE, _states(hedges))
    for of_hedge, value in _HEDGE:
        yield Series(of_hedge, iter([(_closed(group=each.name, hedge=one.name), value(one)) for each, one in hedges]))


def _closed(**labels: str) -> str:
    return label_set(**labels) + "} "


def _of_pool(group: GroupReport, pool: PoolKey) -> str:
    return _closed(group=group.name, venue=pool.venue, account=pool.account, pool=pool.pool)


def _worst(groups: Sequence[GroupReport]) -> _Samples:
    for group in groups:
        if group.worst is not None:
            yield _of_pool(group, group.worst.key), known(group.worst.ratio)


def _qualities(groups: Sequence[GroupReport]) -> _Samples:
    for group in groups:
        for quality in Quality:
            yield _closed(group=group.name, quality=quality), float(group.quality is quality)


def _lines(groups: Sequence[GroupReport], lines: Callable[[GroupReport], list[GroupLine]]) -> _Samples:
    for group in groups:
        for each in lines(group):
            coin = {"coin": each.coin} if each.coin else {}
            yield _closed(group=group.name, **coin, direction=each.direction), distance(each.line)


def _exposures(groups: Sequence[GroupReport], unit: str) -> _Samples:
    for group in groups:
        for each in group.exposures:
            for kind in ("net", "gross", "held"):
                yield _closed(group=group.name, coin=each.coin, kind=kind), getattr(each, f"{kind}_{unit}")


def _members(groups: Sequence[GroupReport]) -> _Samples:
    for group in groups:
        for each in group.members:
            yield _closed(group=group.name, venue=each.venue, account=each.account), 1.0


def _by_account(groups: Sequence[GroupReport]) -> _Samples:
    for group in groups:
        for coin in group.exposures:
            for each in coin.by_account:
                key = each.account
                for kind in ("net", "gross"):
                    labels = _closed(group=group.name, venue=key.venue, account=key.account, coin=coin.coin, kind=kind)
                    yield labels, getattr(each, f"{kind}_usd")


def _free(groups: Sequence[GroupReport]) -> _Samples:
    for group in groups:
        for each in group.free:
            yield _closed(group=group.name, venue=each.account.venue, account=each.account.account), each.usd


def _needs(groups: Sequence[GroupReport]) -> _Samples:
    for group in groups:
        for each in group.needs:
            yield _of_pool(group, each.pool), each.add_usd


def _states(hedges: Sequence[tuple[GroupReport, HedgeReport]]) -> _Samples:
    for group, hedge in hedges:
        for state in HedgeState:
            yield _closed(group=group.name, hedge=hedge.name, state=state), float(hedge.state is state)
