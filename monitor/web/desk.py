"""What the server may ask of the rest of the daemon: the desk behind which decisions about alerts are taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from monitor.domain.alerts import AlertChange
from monitor.domain.clock import Clock
from monitor.domain.commands import AlertCommand
from monitor.domain.curve import CurveReport, CurveRequest
from monitor.domain.stress import StressReport, StressRequest
from monitor.domain.whatif import WhatIf, WhatIfReport


class Supposing(Protocol):
    """Who works out what would be. All may raise Busy or TookTooLong, and each its own refusal of the request."""

    async def whatif(self, request: WhatIf, told: Callable[[WhatIfReport], bytes]) -> bytes:
        """Before and after of edits, moves and funding. Raises BadRequest."""
        ...

    async def stress(self, request: StressRequest, told: Callable[[StressReport], bytes]) -> bytes:
        """What each scenario does. Raises BadRequest."""
        ...

    async def curve(self, request: CurveRequest) -> CurveReport:
        """A pool along a move of prices. Raises CurveRefused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Commands go in by `put`, and take effect in the order of all events; it may raise one of our errors.

    `history` gives the changes of the alert with a fingerprint, newest first; `test` tries the way of one channel, or
    of every route, and answers (channel, "" or why it failed); `beat` takes a sign of life, False where nobody of that
    name owes one. `token` "": none, and only this machine may change anything. `external_url` is the address under
    which people reach the pages. `reading`: the token is asked for reading, too.
    """

    put: Callable[[AlertCommand], object]
    history: Callable[[str], Awaitable[tuple[AlertChange, ...]]]
    test: Callable[[str | None], Awaitable[tuple[tuple[str, str], ...]]]
    beat: Callable[[str], bool]
    clock: Clock
    token: str = field(default="", repr=False)
    external_url: str = ""
    reading: bool = False
    levels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    supposing: Supposing | None = None
    stress: StressRequest = StressRequest()
    config_file: Path | None = None
