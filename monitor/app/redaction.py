"""What must never reach a log: keys, signatures, listen keys, query strings. Masked by name, by shape and by value.

Three nets, because one is not enough: a field whose name says that it is secret; the shapes that secrets have (query
strings, long unbroken tokens, `name=value` and `"name": "value"` pairs); and the exact values that the configuration
holds. The last two work on the finished line, so tracebacks and foreign loggers' texts pass through them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from typing import Any

MASK = "***"
_CALLED = (
    r"(?:x-mbx-)?api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|signature|listen[_-]?key|pass(?:word|phrase|wd)"
    r"|authorization|(?:access|auth|bearer|bot|user)?[_-]?token|credential|private[_-]?key|cookie"
)
_NAME = re.compile(rf"^(?:{_CALLED})$", re.IGNORECASE)
_PART = re.compile(_CALLED, re.IGNORECASE)
#: name=value, name: value, "name": "value", also with the quotes escaped as inside a JSON line
_PAIR = re.compile(
    rf"(?P<name>\b(?:{_CALLED})\\?[\"']?\s*[=:]\s*\\?[\"']?)(?P<value>(?:bearer\s+)?[^\s\"'\\,;&)\]}}]+)",
    re.IGNORECASE,
)
_QUERY = re.compile(r"\?[A-Za-z_][\w.\-]*=[^\s\"'<>)\\\]]*")
_PATH_KEY = re.compile(r"(/ws/)[A-Za-z0-9]{16,}")
_TOKEN = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9]{40,}(?![A-Za-z0-9_])")
_BEGINNING = 8  #: characters of a secret that are enough to know it by, where the rest may be cut off
_BOT_TOKEN = re.compile(r"\b\d{6,}:[A-Za-z0-9_-]{30,}")


def looks_secret(name: str) -> bool:
    """Whether a name holds one of the words that secrets are called by."""
    return _PART.search(name) is not None


class Redactor:
    """Masks secrets in fields and in finished text. `secrets` are exact values to hide wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Hide these values too. Values shorter than six characters are left out: masking them would hide words."""
        known = {*self._secrets, *(secret for secret in secrets if len(secret) >= 6)}
        self._secrets = sorted(known, key=len, reverse=True)  # the longest first: one may hold another

    def values(self, text: str) -> str:
        """The text with the known secrets masked, and nothing else."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def text(self, text: str) -> str:
        """The text with every secret masked, known or of a secret's shape."""
        text = self.values(text)
        text = _QUERY.sub("?" + MASK, text)
        text = _PATH_KEY.sub(rf"\g<1>{MASK}", text)
        text = _PAIR.sub(rf"\g<name>{MASK}", text)
        text = _BOT_TOKEN.sub(MASK, text)
        return _TOKEN.sub(MASK, text)

    def shortened(self, text: str) -> str:
        """A text that was cut from a longer one, with every secret masked: also one of which only a beginning is left.

        That makes it stricter than `text`: whatever begins like a secret goes, up to the next quote or space.
        """
        for secret in self._secrets:
            text = re.sub(re.escape(secret[:_BEGINNING]) + r"[^\s\"'<>«»&]*", MASK, text)
        return self.text(text)

    def fields(self, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The fields with those masked whose names say that they are secret, in nested mappings and lists too."""
        for name, value in fields.items():
            fields[name] = self._value(name, value)
        return fields

    def _value(self, name: str, value: Any) -> Any:
        if _NAME.match(name) and value is not None:
            return MASK
        if isinstance(value, dict):
            return {key: self._value(str(key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value("", item) for item in value]
        return value
