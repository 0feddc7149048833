"""`marginwatch check-config`: every mistake of the configuration at once."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.alerts.routing import reachable
from monitor.app.config import Loaded, load
from monitor.app.config_accounts import Account, HyperliquidAccount
from monitor.app.config_alerts import alert_settings
from monitor.app.config_doubts import doubts
from monitor.app.config_groups import group_doubts
from monitor.app.config_journal import store_file
from monitor.app.config_people import MQTT, channel_names
from monitor.app.config_web import web_doubts
from monitor.app.rooms import planned
from monitor.app.settings import used_venues
from monitor.app.settings_routing import refuse_what_cannot_be_spoken_to, routing
from monitor.cli.codes import Exit
from monitor.venues.budget import PLANNED_SHARE


def check_config(config: Path | None) -> Exit:
    """Say that the configuration is right, and what it says. Mistakes are raised (exit 78, a missing file 66)."""
    loaded = load(config)
    refuse_what_cannot_be_spoken_to(loaded)
    if loaded.config.store.enabled:
        store_file(loaded.config.store.directory, os.environ)
    print(f"{loaded.file}: no mistakes")
    for line in summary(loaded):
        print(f"  {line}")
    return Exit.FINE


def _account(name: str, account: Account) -> str:
    if isinstance(account, HyperliquidAccount):
        return f"account {name}: {account.venue}, address {account.address}"
    product = getattr(account, "product", "")
    return f"account {name}: {account.venue}{f' {product}' if product else ''}, permissions = {account.permissions}"


def summary(loaded: Loaded) -> list[str]:
    """What the configuration comes to, without a secret."""
    config = loaded.config
    lines = [_account(name, account) for name, account in config.accounts.items()]
    for name in dict.fromkeys(account.group for account in config.accounts.values() if account.group):
        inside = [member for member, account in config.accounts.items() if account.group == name]
        hedges = config.groups[name].hedges if name in config.groups else {}
        declared = [f"; hedge {hedge}: {' and '.join(table.legs)}" for hedge, table in hedges.items()]
        lines.append(f"group {name}: {', '.join(inside)}{''.join(declared)}")
    lines += [f"warning: {doubt}" for doubt in group_doubts(config)]
    web = config.web
    lines.append(f"HTTP on {web.host}:{web.port}" if web.enabled else "no HTTP server")
    lines += [f"warning: {doubt}" for doubt in web_doubts(loaded)]
    lines += _people(loaded)
    lines += _stretched(loaded)
    quiet = [name for name, rule in alert_settings(config.alerts).rules.items() if not rule.enabled]
    if quiet:
        lines.append(f"rules switched off: {', '.join(quiet)}")
    return lines


def _people(loaded: Loaded) -> list[str]:
    """Who is told, and what would make a night longer than it need be."""
    config = loaded.config
    names = channel_names(config)
    lines = [f"channel {name}: {channel.kind}" for name, channel in config.channels.items()]
    if config.mqtt.host:
        lines.append(f"channel {MQTT}: {config.mqtt.host}:{config.mqtt.port}")
    if not names:
        lines.append("note: no channel is configured: alerts stand on the page, in /metrics and in the log only")
    reached = reachable(routing(loaded), names)
    lines += [f"warning: no route leads to the channel {name}" for name in names if name not in reached]
    lines += [f"warning: {doubt}" for doubt in doubts(config)]
    quiet = config.quiet_hours
    if quiet.starts != quiet.ends:
        zone, waiting = quiet.zone or "this machine's time", ", ".join(quiet.levels)
        lines.append(f"quiet hours from {quiet.starts} to {quiet.ends} ({zone}): {waiting} wait")
    if names and not config.web.external_url:
        lines.append("warning: web.external_url is not set: messages carry no links")
    if not config.store.enabled:
        lines.append("warning: store.enabled = false: a restart tells everything anew and forgets acknowledgements")
    if config.mqtt.commands and not config.mqtt.tls:
        lines.append("note: whoever can reach the broker may silence alerts: mqtt.commands without mqtt.tls")
    return lines


def _stretched(loaded: Loaded) -> list[str]:
    """A warning for each venue whose accounts cannot be read as often as is configured; the daemon then reads them less
    often. What others use of the same address is not known here, so it may become worse.
    """
    lines = []
    for venue in used_venues(loaded):
        factor = planned(venue, loaded) / PLANNED_SHARE
        if factor > 1.0:
            every = getattr(loaded.config.venues, venue).timings.account_every_seconds
            count = sum(account.venue == venue for account in loaded.config.accounts.values())
            lines.append(
                f"warning: {count} accounts at {venue} ask {factor:.1f} times what fits into its request limit: "
                f"every {every:g} s becomes every {every * factor:.0f} s; spread the accounts over other IP"
                f" addresses, or raise venues.{venue}.weight_share if nothing else uses this one"
            )
    return lines
