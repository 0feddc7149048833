"""Take secrets and identifiers out of a raw answer or frame, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide, by their words; and whatever
looks like a key, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import Any

REMOVED = "removed"

# A field whose name has one of these words tells whose answer it is. «orderId» has one, «positionIdx» has none.
_TELLING = frozenset(
    {
        "id",
        "ids",
        "uid",
        "key",
        "keys",
        "token",
        "address",
        "email",
        "phone",
        "mobile",
        "ip",
        "ips",
        "secret",
        "sign",
        "signature",
        "user",
        "username",
        "nick",
        "nickname",
        "login",
        "owner",
        "customer",
        "company",
        "note",
        "remark",
        "memo",
        "label",
        "inviter",
        "affiliate",
        "alias",
    }
)
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

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LOOKS_LIKE = re.compile(
    r"""0x[0-9a-fA-F]{16,}                 # an address or a hash
      | [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}  # the number of an order or a trade
      | [A-Za-z0-9_\-]{40,}                # a token, a signature
      | [^\s@"]+@[^\s@"]+\.[A-Za-z]{2,}    # an e-mail address
      | \b\d{1,3}(?:\.\d{1,3}){3}\b        # an IPv4 address
      | \b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b  # an IPv6 address
    """,
    re.VERBOSE,
)


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without secrets and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return json.dumps({"removed": f"{name} was not JSON"}).encode()
    return json.dumps(_clean(body), ensure_ascii=False, separators=(",", ":")).encode()


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(key, kept) if _tells(key) else _clean(kept) for key, kept in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return _LOOKS_LIKE.sub(REMOVED, value) if isinstance(value, str) else value


def _tells(key: str) -> bool:
    if key in _STAYS:
        return False
    return key in _EXACT or any(word.lower() in _TELLING for word in _WORD.findall(key))


def _hidden(key: str, value: Any) -> Any:
    """The same kind of thing, empty. Of addresses stays whether there are any: «*» binds a key to none. Orders stay
    apart from each other: what is left of their numbers leads to nothing else.
    """
    if key == "orderId" and isinstance(value, str) and value:
        return "order-" + blake2b(value.encode(), digest_size=6).hexdigest()
    if key == "ips" and isinstance(value, list):
        return [ip if ip in ("", "*") else REMOVED for ip in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return 0
    if isinstance(value, str):
        return REMOVED if value else value
    return [] if isinstance(value, list) else {}
