"""Our errors. Each names what went wrong, with which value, and what cures it; none carries a secret or a URL."""

from __future__ import annotations


class MarginwatchError(Exception):
    """Base of all errors that we raise on purpose."""


class ConfigError(MarginwatchError):
    """One mistake in the configuration: the key, the value as given (never a secret), and the cure."""

    def __init__(self, key: str, value: object, cure: str) -> None:
        super().__init__(f"{key} = {value!r}: {cure}")
        self.key, self.value, self.cure = key, value, cure


class ConfigRefused(MarginwatchError):
    """All mistakes of a configuration at once."""

    def __init__(self, mistakes: tuple[ConfigError, ...]) -> None:
        super().__init__("; ".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class ConfigMissing(MarginwatchError):
    """The configuration file is not there (exit 66)."""


class BadPool(MarginwatchError):
    """A venue described a pool that cannot be computed; the message names the pool, the field and the value."""


class Overrun(MarginwatchError):
    """The inbox is full of facts. Nothing is dropped silently: the feeds must read their accounts anew."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the inbox holds {limit} waiting facts: reading all accounts anew")
        self.limit = limit


class VenueError(MarginwatchError):
    """Something between us and a venue. `venue` and `what` name it; `code` is the venue's own or an HTTP status."""

    def __init__(self, venue: str, what: str, why: str, code: int | str | None = None) -> None:
        super().__init__(f"{venue} {what}: {why}" + ("" if code is None else f" (code {code})"))
        self.venue, self.what, self.why, self.code = venue, what, why, code


class FeedLost(VenueError):
    """A connection or a stream is gone; trying again may help."""


class Refused(VenueError):
    """The venue answers, and says no: this request will not succeed by repeating it."""


class AuthRejected(Refused):
    """The key is wrong, expired or not allowed to read: a person must act."""


class KeyTooPowerful(AuthRejected):
    """The key may withdraw, transfer or trade, and the configuration refuses such keys."""


class RateLimited(VenueError):
    """The venue says stop. `until` (seconds since 1970) is when calls may begin again."""

    def __init__(self, venue: str, what: str, why: str, until: float, code: int | str | None = None) -> None:
        super().__init__(venue, what, why, code)
        self.until = until


class ClockSkewed(VenueError):
    """The venue refused our timestamp: measure the offset and ask again."""


class MalformedAnswer(VenueError):
    """An answer that is not what its endpoint promises."""


class InputMissing(MarginwatchError):
    """A file or folder that a command needs is not there (exit 66)."""


class Busy(MarginwatchError):
    """Too many suppositions wait to be computed."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} suppositions wait to be computed already: ask again in a moment")


class TookTooLong(MarginwatchError):
    """A supposition was not computed in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not computed within {seconds:g} s: ask for less, or again when less is going on")


class BadRequest(MarginwatchError):
    """All mistakes of a request at once: each its key, its value, and the cure."""

    def __init__(self, mistakes: tuple[ConfigError, ...]) -> None:
        super().__init__("; ".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes
