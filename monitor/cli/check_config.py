"""`marginwatch check-config`: every mistake of the configuration at once."""

from __future__ import annotations

from pathlib import Path

from monitor.app.config import Loaded, load
from monitor.app.config_alerts import alert_settings
from monitor.cli.codes import Exit
from monitor.venues.binance.polls import planned_weight
from monitor.venues.budget import WeightBudget
from monitor.venues.settings import Timings


def check_config(config: Path | None) -> Exit:
    """Say that the configuration is right, and what it says. Mistakes are raised (exit 78, a missing file 66)."""
    loaded = load(config)
    print(f"{loaded.file}: no mistakes")
    for line in summary(loaded):
        print(f"  {line}")
    return Exit.FINE


def summary(loaded: Loaded) -> list[str]:
    """What the configuration comes to, without a secret."""
    config = loaded.config
    lines = [
        f"account {name}: {account.venue}, permissions = {account.permissions}"
        for name, account in config.accounts.items()
    ]
    web = config.web
    lines.append(f"HTTP on {web.host}:{web.port}" if web.enabled else "no HTTP server")
    if web.enabled and web.host not in ("127.0.0.1", "::1", "localhost"):
        lines.append(f"note: {web.host} may show your positions to the network")
    lines += _stretched(loaded)
    quiet = [name for name, rule in alert_settings(config.alerts).rules.items() if not rule.enabled]
    if quiet:
        lines.append(f"rules switched off: {', '.join(quiet)}")
    return lines


def _stretched(loaded: Loaded) -> list[str]:
    """A warning where so many accounts cannot be read as often as is configured; the daemon then reads them less often.

    What others use of the same address is not known here, so it may become worse.
    """
    venue, count = loaded.config.venues.binance, len(loaded.config.accounts)
    timings = Timings(**venue.timings.model_dump())
    planned = planned_weight(count, timings)
    factor = WeightBudget("binance", venue.weight_per_minute, venue.weight_share).stretch(planned, 0.0)
    if factor <= 1.0:
        return []
    every = timings.account_every_seconds
    return [
        f"warning: request weight of {count} accounts: {planned:.0f} a minute planned, {planned / factor:.0f} fit: "
        f"every {every:g} s becomes every {every * factor:.0f} s; spread the accounts over more addresses, "
        "or raise venues.binance.weight_share if nothing else uses this one"
    ]
