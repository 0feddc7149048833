"""Take secrets and identifiers out of a raw answer, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide, by their words; and whatever
looks like a key, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

REMOVED = "removed"

# A field whose name has one of these words tells whose answer it is: «clOrdId», «posId», «billId», «mainUid».
_TELLING = frozenset(
    {
        "id",
        "ids",
        "uid",
        "key",
        "passphrase",
        "sign",
        "signature",
        "secret",
        "token",
        "address",
        "addr",
        "email",
        "mail",
        "phone",
        "ip",
        "user",
        "username",
        "nick",
        "label",
        "note",
        "tag",
        "memo",
        "kyc",
        "conn",
        "nickname",
    }
)
# Identifiers by name of what everybody may see. A group is one of fees.
_PUBLIC = frozenset({"instId", "instIdCode", "groupId"})
# Not secret, but as good as a name: the millisecond in which something was made, and where an account stands.
_EXACT = frozenset({"cTime", "traderInsts", "spotTraderInsts", "attachAlgoOrds", "closeOrderAlgo"})

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LOOKS_LIKE = re.compile(
    r"""0x[0-9a-fA-F]{16,}                 # an address or a hash
      | [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}  # a key
      | [A-Za-z0-9+/_]{40,}={0,2}          # a signature, a token
      | [^\s@"]+@[^\s@"]+\.[A-Za-z]{2,}    # an e-mail address
      | \b\d{1,3}(?:\.\d{1,3}){3}\b        # an IPv4 address
      | \b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b  # an IPv6 address
    """,
    re.VERBOSE,
)
_PAGE = re.compile(r"__page=(\d+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without secrets and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours. An address list that is not
    empty stays one: whether a key is bound to addresses is no secret.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return json.dumps({"removed": f"{name} was not JSON"}).encode()
    page = _PAGE.search(name)
    orders = (f"{page[1] if page else 1}-{number}" for number in count(1))
    return json.dumps(_clean(body, orders), ensure_ascii=False, separators=(",", ":")).encode()


def _clean(value: Any, orders: Iterator[str]) -> Any:
    """`orders` are the names that orders get, so that they can still be told apart, also over pages."""
    if isinstance(value, dict):
        return {
            key: next(orders) if key == "ordId" and kept else _hidden(kept) if _tells(key) else _clean(kept, orders)
            for key, kept in value.items()
        }
    if isinstance(value, list):
        return [_clean(one, orders) for one in value]
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return _LOOKS_LIKE.sub(REMOVED, value)
    return value


def _tells(key: str) -> bool:
    if key in _EXACT:
        return True
    return key not in _PUBLIC and any(word.lower() in _TELLING for word in _WORD.findall(key))


def _hidden(value: Any) -> Any:
    """The same kind of thing, empty. What was empty stays so, and a flag stays."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return 0
    if isinstance(value, str):
        return REMOVED if value else value
    return [] if isinstance(value, list) else {}
