"""Take secrets and identifiers out of a raw answer or frame, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide, by their words; and whatever
looks like a key, a token, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from monitor.venues.redaction import PERSONAL, REMOVED, answer, emptied, has_word, looks_like

# A field whose name has one of these words tells whose answer it is: «clientOid», «userId», «apiKey», «ipWhitelist».
_TELLING = PERSONAL | {
    "oid",
    "passphrase",
    "sign",
    "remark",
    "remarks",
    "whitelist",
    "mobile",
    "kyc",
    "region",
    "inviter",
    "context",
    "tag",
    "tags",
}
# Not by a word: when something was made, who else belongs to the user, and the number of a pushed position.
_EXACT = frozenset(
    {"createdAt", "openingTimestamp", "creationTime", "unifiedSubAccount", "classicSubAccount", "subName", "pi"}
)
_ORDERS = frozenset({"orderId", "id"})
_ADDRESSES = "ipWhitelist"
_TELL_MARKETS = {("tag", True), ("remark", True)}
_SYMBOLS = re.compile(r"[A-Z0-9]{1,12}-[A-Z]{3,5}|[A-Z0-9]{2,16}(?:USDT|USDC|USD)M|[A-Z]{2,8}M[FGHJKMNQUVXZ]\d\d")

_LOOKS_LIKE = looks_like(
    r"\b[0-9a-f]{24}\b",  # a key, a user, an order of older days
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",  # a number that a client gave
    r"[A-Za-z0-9+/_\-]{40,}={0,2}",  # a token, a signature
)


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without secrets and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours.
    """
    return answer(name, raw, _clean)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        # A margin status names its pair in «tag», a payment its contract in «remark»: neither is a secret.
        return {
            key: kept
            if (key, _SYMBOLS.fullmatch(str(kept)) is not None) in _TELL_MARKETS
            else _hidden(key, kept)
            if _tells(key)
            else _clean(kept)
            for key, kept in value.items()
        }
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return _LOOKS_LIKE.sub(REMOVED, value) if isinstance(value, str) else value


def _tells(key: str) -> bool:
    return key in _EXACT or has_word(key, _TELLING)


def _hidden(key: str, value: Any) -> Any:
    """The same kind of thing, empty. Orders stay apart from each other: what is left of their numbers leads to nothing
    else. Of addresses stays whether there are any.
    """
    if key in _ORDERS and isinstance(value, str) and value:
        return "order-" + blake2b(value.encode(), digest_size=6).hexdigest()
    if key == _ADDRESSES and isinstance(value, str):
        return REMOVED if value.strip() else value
    return emptied(value)
