"""Every sentence that an alert, its reason or a message says: the one place to translate.

Templates take their parts by name; a translation may put them in another order, and must use the same names. Numbers
are written by `monitor.alerts.words`. What the engine says in words of its own (reasons, advice, what changed) comes in
as a part. The words that a message adds around an alert are constants of `messages`.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.texts import alerts, reasons

ENGLISH: Mapping[str, str] = {**alerts.ENGLISH, **reasons.ENGLISH}


def named(key: str, otherwise: str) -> str:
    """The name of a thing that the catalogue may not know."""
    return ENGLISH.get(key, otherwise)


def say(key: str, /, **parts: object) -> str:
    """The sentence of a key with its parts filled in."""
    return ENGLISH[key].format(**parts)
