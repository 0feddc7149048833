"""The configuration turned into the frozen settings of each room, which know nothing of files or validators."""

from __future__ import annotations

from dataclasses import replace

from monitor.alerts.settings import AlertSettings, levels
from monitor.app.config import Loaded, effective_tree
from monitor.app.config_alerts import alert_settings
from monitor.app.config_example import value
from monitor.app.settings_routing import groups
from monitor.app.supervision import SupervisionSettings
from monitor.domain.names import AccountKey
from monitor.engine.settings import DriftTolerances, EngineSettings, Limits, VolatilitySettings
from monitor.outputs.journal.journal import JournalSettings, Raw
from monitor.outputs.journal.pen import Bounds
from monitor.venues import settings as venues
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls


def account_keys(loaded: Loaded) -> tuple[AccountKey, ...]:
    """Every configured account, in the file's order."""
    return tuple(AccountKey(account.venue, name) for name, account in loaded.config.accounts.items())


def engine(loaded: Loaded) -> EngineSettings:
    """What the engine is told."""
    config = loaded.config.engine
    decided = levels(alerts(loaded))
    return EngineSettings(
        accounts=account_keys(loaded),
        venue_limits={"binance": Limits(**loaded.config.venues.binance.limits.model_dump())},
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
        groups=groups(loaded),
        drift=DriftTolerances(**config.drift.model_dump()),
        stablecoins=frozenset(config.stablecoins) or None,
    )


def binance(loaded: Loaded) -> BinanceSettings:
    """What the venue's session is told."""
    config = loaded.config.venues.binance
    return BinanceSettings(
        accounts=tuple(
            venues.AccountSettings(
                venue="binance",
                name=name,
                credentials=venues.Credentials(
                    api_key=venues.Secret(loaded.secret(f"accounts.{name}.api_key")),
                    api_secret=venues.Secret(loaded.secret(f"accounts.{name}.api_secret")),
                ),
                permissions=venues.PermissionPolicy(account.permissions),
            )
            for name, account in loaded.config.accounts.items()
        ),
        urls=BinanceUrls(**config.urls.model_dump()),
        timings=venues.Timings(**config.timings.model_dump()),
        weight_share=config.weight_share,
        weight_per_minute=config.weight_per_minute,
        seed_candles=config.seed_candles,
    )


def alerts(loaded: Loaded) -> AlertSettings:
    """What the alerting is told."""
    ignored = [name for name, account in loaded.config.accounts.items() if account.permissions == "ignore"]
    any_key = frozenset(AccountKey(loaded.config.accounts[name].venue, name) for name in ignored)
    return replace(alert_settings(loaded.config.alerts), any_key=any_key, groups=groups(loaded))


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
