"""Take secrets and identifiers out of a raw answer or frame, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide, by their words; and whatever
looks like a key, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from monitor.venues.redaction import PERSONAL, REMOVED, answer, emptied, has_word, looks_like

# A field whose name has one of these words tells whose answer it is. «orderId» has one, «positionIdx» has none.
_TELLING = PERSONAL | {
    "mobile",
    "ips",
    "sign",
    "nick",
    "login",
    "owner",
    "customer",
    "company",
    "remark",
    "inviter",
    "affiliate",
    "alias",
}
# Not by a word: the millisecond in which a key was made, the cursors of a page, the account's rank, and what was sent.
_EXACT = frozenset(
    {
        "createdAt",
        "nextPageCursor",
        "vipLevel",
        "mktMakerLevel",
        "smpGroup",
        "kycLevel",
        "kycRegion",
        "args",
        "seq",
        "accountName",
    }
)
_STAYS = frozenset({"riskId", "positionIdx", "symbolId"})  #: numbers of tables, which everybody has

_LOOKS_LIKE = looks_like(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",  # the number of an order or a trade
    r"[A-Za-z0-9_\-]{40,}",  # a token, a signature
)


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without secrets and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours.
    """
    return answer(name, raw, _clean)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(key, kept) if _tells(key) else _clean(kept) for key, kept in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return _LOOKS_LIKE.sub(REMOVED, value) if isinstance(value, str) else value


def _tells(key: str) -> bool:
    if key in _STAYS:
        return False
    return key in _EXACT or has_word(key, _TELLING)


def _hidden(key: str, value: Any) -> Any:
    """The same kind of thing, empty. Of addresses stays whether there are any: «*» binds a key to none. Orders stay
    apart from each other: what is left of their numbers leads to nothing else.
    """
    if key == "orderId" and isinstance(value, str) and value:
        return "order-" + blake2b(value.encode(), digest_size=6).hexdigest()
    if key == "ips" and isinstance(value, list):
        return [ip if ip in ("", "*") else REMOVED for ip in value]
    return emptied(value)
