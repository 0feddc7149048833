"""An address's raw answers as `assess` reads them, asked for once: every dex, the spot balances, and the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, VenueError
from monitor.venues import folder
from monitor.venues.hyperliquid import answers
from monitor.venues.hyperliquid.client import Client
from monitor.venues.hyperliquid.endpoints import (
    ABSTRACTION,
    ALL_METAS,
    BORROW_LEND_ALL,
    BORROW_LEND_USER,
    CLEARINGHOUSE,
    DEXS,
    META_AND_CTXS,
    PATH,
    REQUIRED,
    ROLE,
    SPOT,
    SPOT_META,
    SPOT_META_AND_CTXS,
    Info,
)
from monitor.venues.hyperliquid.names import FIRST_DEX
from monitor.venues.hyperliquid.refusals import AddressRefused
from monitor.venues.hyperliquid.settings import VENUE, HyperliquidSettings


async def capture(
    settings: HyperliquidSettings, account: str, clock: Clock, left_out: Callable[[str], None]
) -> tuple[dict[str, bytes], float]:
    """All answers by file name, as they came, and when the first one did. Raises what the venue refuses, and
    `AddressRefused` for an address that is no account.

    An optional one that fails is left out, and `left_out` told so.
    """
    capturing = _Capturing(settings, account, clock, left_out)
    try:
        await capturing.everything()
    finally:
        await capturing.client.close()
    return capturing.answers, capturing.first


class _Capturing:
    def __init__(
        self, settings: HyperliquidSettings, account: str, clock: Clock, left_out: Callable[[str], None]
    ) -> None:
        self.client = Client(settings, lambda _event: None, clock)
        self.answers: dict[str, bytes] = {}
        self.first = clock.now()
        self._account = next(one for one in settings.accounts if one.name == account)
        self._left_out = left_out

    async def everything(self) -> None:
        role = await self._ask(ROLE)
        if role is not None:
            refusal = answers.role(role, self._account.key).refusal
            if refusal:
                raise AddressRefused(VENUE, f"account {self._account.name}", refusal)
        dexs = await self._ask(DEXS)
        names = _names(dexs)
        mode = await self._ask(ABSTRACTION)
        for dex in names:
            await self._ask(CLEARINGHOUSE, dex)
        await self._ask(SPOT)
        for info in (ALL_METAS, SPOT_META, BORROW_LEND_ALL, SPOT_META_AND_CTXS):
            await self._ask(info)
        for dex in names:
            await self._ask(META_AND_CTXS, dex)
        if mode is not None and b"portfolioMargin" in mode:
            await self._ask(BORROW_LEND_USER)

    async def _ask(self, info: Info, dex: str = FIRST_DEX) -> bytes | None:
        """One answer, kept under its name."""
        asked = {"type": info.type, **({"dex": dex} if dex else {})}
        name = folder.name(PATH, asked)
        said: Mapping[str, object] = {
            **({"user": self._account.address.lower()} if info.of_user else {}),
            **({"dex": dex} if dex else {}),
        }
        try:
            answer = await self.client.ask(info, said, account=self._account.name)
        except AuthRejected:
            raise
        except VenueError as error:
            if info in REQUIRED and not dex:
                raise
            self._left_out(f"{name} is left out: {error}")
            return None
        if not self.answers:
            self.first = answer.received
        self.answers[name] = answer.body
        return answer.body


def _names(dexs: bytes | None) -> tuple[str, ...]:
    """The names of all dexs, the first one first; it alone where they are not known."""
    try:
        rows = json.loads(dexs or b"[]")
        return (FIRST_DEX, *(str(row["name"]) for row in rows if row))
    except (ValueError, KeyError, TypeError):
        return (FIRST_DEX,)
