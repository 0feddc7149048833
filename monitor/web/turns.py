"""Long answers in pieces, of which one is made in a turn of the event loop, however many answers are under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator


class Turns:
    """Whoever makes pieces takes turns here with all others who do."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def of(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces that are not empty: an empty one only says that time passed."""
        while True:
            async with self._turn:
                piece = next(pieces, None)
                await asyncio.sleep(0)
            if piece is None:
                return
            if piece:
                yield piece
