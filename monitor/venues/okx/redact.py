"""Take secrets and identifiers out of a raw answer, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide, by their words; and whatever
looks like a key, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from monitor.venues.redaction import PERSONAL, REMOVED, answer, emptied, has_word, looks_like

# A field whose name has one of these words tells whose answer it is: «clOrdId», «posId», «billId», «mainUid».
_TELLING = PERSONAL | {"passphrase", "sign", "addr", "mail", "nick", "tag", "kyc", "conn"}
# Identifiers by name of what everybody may see. A group is one of fees.
_PUBLIC = frozenset({"instId", "instIdCode", "groupId"})
# Not secret, but as good as a name: the millisecond in which something was made, and where an account stands.
_EXACT = frozenset({"cTime", "traderInsts", "spotTraderInsts", "attachAlgoOrds", "closeOrderAlgo"})

_LOOKS_LIKE = looks_like(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",  # a key
    r"[A-Za-z0-9+/_]{40,}={0,2}",  # a signature, a token
)
_PAGE = re.compile(r"__page=(\d+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without secrets and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours. An address list that is not
    empty stays one: whether a key is bound to addresses is no secret.
    """
    page = _PAGE.search(name)
    orders = (f"{page[1] if page else 1}-{number}" for number in count(1))
    return answer(name, raw, lambda body: _clean(body, orders))


def _clean(value: Any, orders: Iterator[str]) -> Any:
    """`orders` are the names that orders get, so that they can still be told apart, also over pages."""
    if isinstance(value, dict):
        return {
            key: next(orders) if key == "ordId" and kept else emptied(kept) if _tells(key) else _clean(kept, orders)
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
    return key not in _PUBLIC and has_word(key, _TELLING)
