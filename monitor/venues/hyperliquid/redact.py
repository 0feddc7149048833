"""Take identifiers out of a raw answer, so that it can be attached to a bug report.

An address opens a whole account to anybody, so it is the one secret here; names of sub-accounts and hashes of deeds are
as good as an address. Tokens are coins, and stay.
"""

from __future__ import annotations

import re
from typing import Any

from monitor.venues.redaction import PERSONAL, REMOVED, answer, emptied, has_word, looks_like

_TELLING = (PERSONAL - {"token", "id", "ids"}) | {
    "hash",
    "oid",
    "cloid",
    "tid",
    "nonce",
    "destination",
    "master",
    "liquidated",
    "liquidator",
    "deployer",
    "recipient",
}
#: The tables of a dex are told by number, and what was liquidated, of what worth, is no name.
_PUBLIC = frozenset({"marginTableId", "liquidatedNtlPos", "liquidatedPositions"})
_SUB_ACCOUNTS = "type=subAccounts"
_LOOKS_LIKE = looks_like()
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without addresses and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours.
    """
    named = _SUB_ACCOUNTS in name
    return answer(name, raw, lambda body: _clean(body, named=named))


def _clean(value: Any, *, named: bool) -> Any:
    """`named`: a «name» is one that the user gave."""
    if isinstance(value, dict):
        return {
            key: emptied(kept) if _tells(key) or (named and key == "name") else _clean(kept, named=named)
            for key, kept in value.items()
        }
    if isinstance(value, list):
        return [_clean(one, named=named) for one in value]
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return _LOOKS_LIKE.sub(REMOVED, value)
    return value


def _tells(key: str) -> bool:
    return key not in _PUBLIC and has_word(key, _TELLING)
