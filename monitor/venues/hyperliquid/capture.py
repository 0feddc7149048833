"""An address's raw answers as `assess` reads them, asked for once: every dex, the spot balances, and the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from monitor.domain.clock import Clock
from monitor.venues import folder
from monitor.venues.capturing import Capturing
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
    told = next(one for one in settings.accounts if one.name == account)
    client = Client(settings, lambda _event: None, clock)
    return await _Capturing(client, told, clock, left_out).done()


class _Capturing(Capturing[Client]):
    async def _everything(self) -> None:
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
        answer = self._client.ask(info, said, account=self._account.name)
        return await self._keep(name, answer, required=info in REQUIRED and not dex)


def _names(dexs: bytes | None) -> tuple[str, ...]:
    """The names of all dexs, the first one first; it alone where they are not known."""
    try:
        rows = json.loads(dexs or b"[]")
        return (FIRST_DEX, *(str(row["name"]) for row in rows if row))
    except (ValueError, KeyError, TypeError):
        return (FIRST_DEX,)
