"""`marginwatch capture ACCOUNT DIR`: an account's raw answers as a folder that `assess` reads, fit for a bug report."""

from __future__ import annotations

from pathlib import Path

from monitor.app import logging, settings
from monitor.app.clock import SystemClock
from monitor.app.config import Loaded, load
from monitor.cli.codes import Exit, complain
from monitor.cli.run import in_loop
from monitor.domain.errors import AuthRejected, ConfigError, VenueError
from monitor.venues import folder
from monitor.venues.binance.client import Client
from monitor.venues.binance.endpoints import CAPTURED, REQUIRED
from monitor.venues.binance.redact import redact

ANONYMOUS = "account"  #: stands in meta.json: the name in the configuration may be a person's


def capture(account: str, directory: Path, config: Path | None) -> Exit:
    """Ask for everything that `assess` reads and write it, redacted. Raises what the venue refuses."""
    loaded = load(config)
    logging.configure(loaded.config.log_level, loaded.secret_texts)
    if account not in loaded.config.accounts:
        known = ", ".join(loaded.config.accounts)
        raise ConfigError(f"accounts.{account}", None, f"no such account in {loaded.file}; there are: {known}")
    answers: dict[str, bytes] = {}
    times: list[float] = []
    in_loop(_ask(loaded, account, answers, times))
    clean = {name: redact(name, raw) for name, raw in answers.items()}
    folder.write(directory, folder.Meta(loaded.config.accounts[account].venue, ANONYMOUS, times[0]), clean)
    print(f"{directory}: {len(answers)} answers; look them over before you share them")
    print(f"check: marginwatch assess {directory}")
    return Exit.FINE


async def _ask(loaded: Loaded, account: str, answers: dict[str, bytes], times: list[float]) -> None:
    """All answers by file name. An optional one that fails is named and left out."""
    binance = settings.binance(loaded)
    credentials = next(one.credentials for one in binance.accounts if one.name == account)
    client = Client(binance, lambda _event: None, SystemClock())
    try:
        await client.measure_clock()
        for endpoint in CAPTURED:
            try:
                answer = await client.ask(endpoint, None, credentials if endpoint.signed else None)
            except AuthRejected:
                raise
            except VenueError as error:
                if endpoint in REQUIRED:
                    raise
                complain(f"{folder.name(endpoint.path)} is left out: {error}")
                continue
            answers[folder.name(endpoint.path)] = answer.body
            times.append(answer.received)
    finally:
        await client.close()
