"""The configuration turned into the frozen settings of each room, which know nothing of files or validators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from monitor.alerts.catalogue import default_rules
from monitor.alerts.settings import AlertSettings, levels
from monitor.app import config_accounts, config_timings
from monitor.app.config import Loaded, effective_tree
from monitor.app.config_alerts import alert_settings
from monitor.app.config_example import value
from monitor.app.config_groups import group_settings, hedges
from monitor.app.config_secrets import places
from monitor.app.settings_routing import groups
from monitor.app.supervision import SupervisionSettings
from monitor.domain.names import AccountKey, Venue
from monitor.engine.settings import DriftTolerances, EngineSettings, Limits, VolatilitySettings
from monitor.outputs.journal.journal import JournalSettings, Raw
from monitor.outputs.journal.pen import Bounds
from monitor.venues import settings as venues
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.bybit.settings import BybitSettings, BybitUrls
from monitor.venues.hyperliquid.settings import HyperliquidSettings, HyperliquidUrls
from monitor.venues.kucoin.settings import KucoinSettings, KucoinUrls
from monitor.venues.okx.settings import OkxSettings, OkxUrls

S = TypeVar("S")  #: a room's settings


def account_keys(loaded: Loaded) -> tuple[AccountKey, ...]:
    """Every configured account, in the file's order."""
    return tuple(AccountKey(account.venue, name) for name, account in loaded.config.accounts.items())


def used_venues(loaded: Loaded) -> tuple[Venue, ...]:
    """The venues that have an account, in the order of the file."""
    return tuple(dict.fromkeys(account.venue for account in loaded.config.accounts.values()))


def engine(loaded: Loaded) -> EngineSettings:
    """What the engine is told."""
    config = loaded.config.engine
    decided = levels(alerts(loaded))
    return EngineSettings(
        accounts=account_keys(loaded),
        venue_limits={venue: _limits(getattr(loaded.config.venues, venue).limits) for venue in used_venues(loaded)},
        lines_every_seconds=config.lines_every_seconds,
        ratio_levels=decided.ratio,
        distance_levels=decided.distance,
        legs_per_step=config.legs_per_step,
        jump_ratio=config.jump_ratio,
        betas=dict(config.betas),
        volatility=VolatilitySettings(**config.volatility.model_dump()),
        wanted_distance_ratio=config.wanted_distance_ratio,
        advice_every_seconds=config.advice_every_seconds,
        advices_per_step=config.advices_per_step,
        after_every_seconds=config.after_every_seconds,
        options_every_seconds=config.options_every_seconds,
        groups=groups(loaded),
        group_settings=group_settings(loaded.config),
        hedges=hedges(loaded.config),
        drift=DriftTolerances(**config.drift.model_dump()),
        stablecoins=frozenset(config.stablecoins) or None,
    )


def _limits(table: config_timings.Limits) -> Limits:
    return Limits(**table.model_dump())


def binance(loaded: Loaded) -> BinanceSettings:
    """What the session at Binance is told."""
    return _room(loaded, "binance", BinanceSettings, BinanceUrls)


def bybit(loaded: Loaded) -> BybitSettings:
    """What the session at Bybit is told."""
    return _room(loaded, "bybit", BybitSettings, BybitUrls)


def okx(loaded: Loaded) -> OkxSettings:
    """What the session at OKX is told."""
    return _room(loaded, "okx", OkxSettings, OkxUrls)


def kucoin(loaded: Loaded) -> KucoinSettings:
    """What the session at KuCoin is told."""
    return _room(loaded, "kucoin", KucoinSettings, KucoinUrls)


def hyperliquid(loaded: Loaded) -> HyperliquidSettings:
    """What the session at Hyperliquid is told."""
    return _room(loaded, "hyperliquid", HyperliquidSettings, HyperliquidUrls)


def _room(loaded: Loaded, venue: Venue, settings: Callable[..., S], urls: Callable[..., object]) -> S:
    """A venue's table has the names of its room's settings, all of them; `limits` are the engine's."""
    table = getattr(loaded.config.venues, venue)
    return settings(
        accounts=_accounts(loaded, venue),
        urls=urls(**table.urls.model_dump()),
        timings=venues.Timings(**table.timings.model_dump()),
        **table.model_dump(exclude={"urls", "timings", "limits"}),
    )


def _accounts(loaded: Loaded, venue: Venue) -> tuple[venues.AccountSettings, ...]:
    """The accounts at a venue, with their keys."""
    return tuple(
        _account(loaded, name, account) for name, account in loaded.config.accounts.items() if account.venue == venue
    )


def _account(loaded: Loaded, name: str, account: config_accounts.Account) -> venues.AccountSettings:
    if isinstance(account, config_accounts.HyperliquidAccount):
        return venues.AccountSettings(venue=account.venue, name=name, address=account.address)
    return venues.AccountSettings(
        venue=account.venue,
        name=name,
        credentials=_credentials(loaded, name),
        permissions=venues.PermissionPolicy(account.permissions),
        product=getattr(account, "product", ""),
    )


def _credentials(loaded: Loaded, name: str) -> venues.Credentials:
    given = {place.name for place in places(type(loaded.config.accounts[name]))}
    return venues.Credentials(**{what: venues.Secret(loaded.secret(f"accounts.{name}.{what}")) for what in given})


def alerts(loaded: Loaded) -> AlertSettings:
    """What the alerting is told."""
    any_key = frozenset(
        AccountKey(account.venue, name)
        for name, account in loaded.config.accounts.items()
        if getattr(account, "permissions", "") == "ignore"  # an address has no key that could do too much
    )
    return replace(alert_settings(loaded.config.alerts), any_key=any_key, groups=groups(loaded))


def page_levels(loaded: Loaded) -> dict[str, dict[str, float]]:
    """The thresholds by which the page colours margin ratios and distances: those of the rules, by severity.

    A level without a threshold of the user's has that of the catalogue: the page colours even what nobody is told of.
    """
    rules, usual = alerts(loaded).rules, default_rules()
    found = {}
    for name, rule in (("margin_ratio", "margin_ratio"), ("distance_ratio", "coin_distance")):
        thresholds = {**usual[rule].thresholds, **(rules[rule].thresholds if rule in rules else {})}
        found[name] = {str(level): value for level, value in thresholds.items()}
    return found


def supervision(loaded: Loaded) -> SupervisionSettings:
    """How failed jobs are started again."""
    return SupervisionSettings(**loaded.config.supervision.model_dump())


def journal(loaded: Loaded) -> JournalSettings:
    """What the flight recorder is told."""
    config = loaded.config.journal
    return JournalSettings(
        raw=Raw(config.raw),
        queue_records=config.queue_records,
        queue_bytes=config.queue_bytes,
        bounds=Bounds(
            max_bytes=config.max_bytes,
            max_age_seconds=config.max_age_seconds,
            segment_bytes=config.segment_bytes,
            segment_seconds=config.segment_seconds,
        ),
    )


def effective(loaded: Loaded) -> str:
    """The whole configuration as TOML, one line a table: every key with the value that holds, whatever set it.

    Secrets, and where they come from, are left out.
    """
    return "".join(f"{name} = {value(item)}\n" for name, item in effective_tree(loaded).items())
