"""How the server says no: which key, which value, and what cures it."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.errors import MarginwatchError


class Refusal(MarginwatchError):
    """A request that is not carried out, with the HTTP status that says why. `value` is never a secret."""

    def __init__(
        self, status: int, key: str, value: object, cure: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{key} = {value!r}: {cure}")
        self.status, self.key, self.value, self.cure = status, key, value, cure
        self.headers = dict(headers or {})

    def json(self) -> dict[str, object]:
        """The body of the answer."""
        return {"error": {"key": self.key, "value": self.value, "cure": self.cure}}
