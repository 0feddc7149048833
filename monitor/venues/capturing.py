"""An account's raw answers, asked for once and kept under the names of their files: what all rooms do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, VenueError
from monitor.venues.asking import VenueClient
from monitor.venues.rest import Answer
from monitor.venues.settings import AccountSettings

C = TypeVar("C", bound=VenueClient)


class Capturing(ABC, Generic[C]):
    """One capture: what was answered until now. A room says what is asked."""

    def __init__(self, client: C, account: AccountSettings, clock: Clock, left_out: Callable[[str], None]) -> None:
        """The client is this capture's own; `left_out` is told of each optional answer that failed."""
        self._client, self._account, self._left_out = client, account, left_out
        self._answers: dict[str, bytes] = {}
        self._first = clock.now()  #: when the first answer came

    @abstractmethod
    async def _everything(self) -> None:
        """Ask all that there is to ask; the venue's clock is known."""

    async def done(self) -> tuple[dict[str, bytes], float]:
        """All answers by file name, as they came, and when the first one did. Raises what the venue refuses."""
        try:
            await self._client.measure_clock()
            await self._everything()
        finally:
            await self._client.close()
        return self._answers, self._first

    async def _keep(self, name: str, asked: Awaitable[Answer], *, required: bool) -> bytes | None:
        """Keep an answer under its name; None where it is optional and failed. A refused key fails everything."""
        try:
            answer = await asked
        except AuthRejected:
            raise
        except VenueError as error:
            if required:
                raise
            self._left_out(f"{name} is left out: {error}")
            return None
        if not self._answers:
            self._first = answer.received
        self._answers[name] = answer.body
        return answer.body
