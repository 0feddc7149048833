"""Take secrets and identifiers out of a raw answer, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide,
by their words; and whatever looks like a key, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

import json
import re
from typing import Any

REMOVED = "removed"

# A field whose name has one of these words tells whose answer it is. «positionSide» has none, «orderId» has one.
_TELLING = frozenset(
    {
        "id",
        "ids",
        "uid",
        "alias",
        "key",
        "keys",
        "token",
        "address",
        "email",
        "mail",
        "phone",
        "mobile",
        "ip",
        "secret",
        "signature",
        "user",
        "username",
        "nickname",
        "label",
        "note",
        "remark",
        "memo",
        "client",
        "referrer",
        "group",
    }
)
# Not secret, but as good as a name: the millisecond in which a key was made, and what a history says of its rows.
_EXACT = frozenset({"createTime", "tradeGroupId", "info"})

# The one-letter names of a push: client's and venue's order, trade, strategy, algo order; `i` is the account elsewhere.
_TELLING_IN_PUSH = frozenset({"c", "C", "i", "t", "si", "caid", "aid", "ai"})
_FORCED = re.compile(r"(?:[a-z]+_)?autoclose-?")  #: how the venue names the orders by which it closes a position

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LOOKS_LIKE = re.compile(
    r"""0x[0-9a-fA-F]{16,}                 # an address or a hash
      | [A-Za-z0-9_\-]{40,}                # a key, a token, a signature
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
    return json.dumps(_clean(body, push=False), ensure_ascii=False, separators=(",", ":")).encode()


def _clean(value: Any, *, push: bool) -> Any:
    """`push`: it is, or is inside of, a push of the user stream, which says with `e` what it is."""
    if isinstance(value, dict):
        push = push or isinstance(value.get("e"), str)
        return {key: _field(key, kept, push=push) for key, kept in value.items()}
    if isinstance(value, list):
        return [_clean(one, push=push) for one in value]
    return _LOOKS_LIKE.sub(REMOVED, value) if isinstance(value, str) else value


def _field(key: str, value: Any, *, push: bool) -> Any:
    if push and key in _TELLING_IN_PUSH and not isinstance(value, dict | list):
        forced = _FORCED.match(value) if isinstance(value, str) else None
        return forced[0] + REMOVED if forced is not None else _hidden(value)
    return _hidden(value) if _tells(key) else _clean(value, push=push)


def _tells(key: str) -> bool:
    return key in _EXACT or any(word.lower() in _TELLING for word in _WORD.findall(key))


def _hidden(value: Any) -> Any:
    """The same kind of thing, empty. A flag stays: `ipRestrict` says how a key is bound, not to which address."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return 0
    if isinstance(value, str):
        return REMOVED if value else value
    return [] if isinstance(value, list) else {}
