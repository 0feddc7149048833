"""Under which topics things stand. Public interface; docs/mqtt.md lists them."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import AccountKey, PoolKey

_SIGNS = str.maketrans({"/": "_", "+": "_", "#": "_", "$": "_", "\0": "_", " ": "_"})


def part(text: str) -> str:
    """A name as one level of a topic."""
    return text.translate(_SIGNS) or "_"


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one daemon below `base` ("marginwatch/main")."""

    base: str

    @property
    def status(self) -> str:
        """Says «online» or «offline», retained; our last will."""
        return f"{self.base}/status"

    @property
    def trial(self) -> str:
        """What we publish and read back to know that we may."""
        return f"{self.base}/trial"

    @property
    def events(self) -> str:
        """Every message once, in order, not retained."""
        return f"{self.base}/events"

    @property
    def command(self) -> str:
        """What people ask of us."""
        return f"{self.base}/command"

    @property
    def result(self) -> str:
        """What became of it."""
        return f"{self.base}/command/result"

    def alert(self, fingerprint: str) -> str:
        """The state of one alert, retained while it fires."""
        return f"{self.base}/alerts/{fingerprint}"

    def account(self, key: AccountKey) -> str:
        """The state of one account, retained."""
        return f"{self.base}/accounts/{part(key.venue)}/{part(key.account)}"

    def group(self, name: str) -> str:
        """The state of one group of accounts, retained while there is one."""
        return f"{self.base}/groups/{part(name)}"

    def pool(self, key: PoolKey) -> str:
        """The state of one pool, retained while there is one."""
        return f"{self.base}/pools/{part(key.venue)}/{part(key.account)}/{part(key.pool)}"
