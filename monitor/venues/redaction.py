"""What the rooms share in taking secrets and identifiers out of a raw answer: reading it, spotting, emptying.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide, by their words; and whatever
looks like a key, an address or an e-mail goes wherever it stands. Which names tell somebody, each room knows itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

REMOVED = "removed"

#: A field whose name has one of these words tells, at every venue, whose answer it is.
PERSONAL = frozenset(
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
        "ip",
        "secret",
        "signature",
        "user",
        "username",
        "nickname",
        "label",
        "note",
        "memo",
    }
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LOOKS_LIKE = r"""0x[0-9a-fA-F]{16,}         # an address or a hash
      | [^\s@"]+@[^\s@"]+\.[A-Za-z]{2,}    # an e-mail address
      | \b\d{1,3}(?:\.\d{1,3}){3}\b        # an IPv4 address
      | \b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b  # an IPv6 address
"""


def looks_like(*own: str) -> re.Pattern[str]:
    """What an address looks like, or one of a room's `own` patterns: its keys, tokens and numbers of orders."""
    return re.compile("\n| ".join((*own, _LOOKS_LIKE)), re.VERBOSE)


def has_word(name: str, telling: frozenset[str]) -> bool:
    """Whether one of the words of a field's name is telling: «orderId» has «order» and «id»."""
    return any(word.lower() in telling for word in _WORD.findall(name))


def answer(name: str, raw: bytes, clean: Callable[[Any], Any]) -> bytes:
    """The answer of file `name`, cleaned. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return json.dumps({"removed": f"{name} was not JSON"}).encode()
    return json.dumps(clean(body), ensure_ascii=False, separators=(",", ":")).encode()


def emptied(value: Any) -> Any:
    """The same kind of thing, empty. A flag stays: it says how a key is bound, not to which address."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return 0
    if isinstance(value, str):
        return REMOVED if value else value
    return [] if isinstance(value, list) else {}
