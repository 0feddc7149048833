"""`marginwatch check-config`: every mistake of the configuration at once."""

from __future__ import annotations

from pathlib import Path

from monitor.app.config import Loaded, load
from monitor.cli.codes import Exit


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
    quiet = [name for name, rule in config.alerts.model_dump().items() if not rule["enabled"]]
    if quiet:
        lines.append(f"rules switched off: {', '.join(quiet)}")
    return lines
