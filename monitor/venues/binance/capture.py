"""An account's raw answers as `assess` reads them, asked for once."""

from __future__ import annotations

from collections.abc import Callable

from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, VenueError
from monitor.venues import folder
from monitor.venues.binance.client import Client
from monitor.venues.binance.endpoints import CAPTURED, REQUIRED
from monitor.venues.binance.settings import BinanceSettings


async def capture(
    settings: BinanceSettings, account: str, clock: Clock, left_out: Callable[[str], None]
) -> tuple[dict[str, bytes], float]:
    """All answers by file name, as they came, and when the first one did. Raises what the venue refuses.

    An optional one that fails is left out, and `left_out` told so.
    """
    credentials = next(one.credentials for one in settings.accounts if one.name == account)
    client = Client(settings, lambda _event: None, clock)
    answers: dict[str, bytes] = {}
    first = clock.now()
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
                left_out(f"{folder.name(endpoint.path)} is left out: {error}")
                continue
            if not answers:
                first = answer.received
            answers[folder.name(endpoint.path)] = answer.body
    finally:
        await client.close()
    return answers, first
