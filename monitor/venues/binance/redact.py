"""Take secrets and identifiers out of a raw answer, so that it can be attached to a bug report.

What tells who somebody is goes; what risk is computed from stays. Names of fields decide,
by their words; and whatever looks like a key, an address or an e-mail goes wherever it stands.
"""

from __future__ import annotations

import re
from typing import Any

from monitor.venues.redaction import PERSONAL, REMOVED, answer, emptied, has_word, looks_like

# A field whose name has one of these words tells whose answer it is. «positionSide» has none, «orderId» has one.
_TELLING = PERSONAL | {"alias", "mail", "mobile", "remark", "client", "referrer", "group"}
# Not secret, but as good as a name: the millisecond in which a key was made, and what a history says of its rows.
_EXACT = frozenset({"createTime", "tradeGroupId", "info"})
# All that an account of cross margin holds and owes stands under a name with the word «user» in it.
_KEPT = frozenset({"userAssets"})

# The one-letter names of a push: client's and venue's order, trade, strategy, algo order; `i` is the account elsewhere.
_TELLING_IN_PUSH = frozenset({"c", "C", "i", "t", "si", "caid", "aid", "ai"})
# Of one kind of push also the transaction, under the letter that is a time in all others.
_TELLING_IN_DEBTS = _TELLING_IN_PUSH | {"T"}
_DEBTS = "liabilityChange"
_FORCED = re.compile(r"(?:[a-z]+_)?autoclose-?")  #: how the venue names the orders by which it closes a position

_LOOKS_LIKE = looks_like(
    r"[A-Za-z0-9_\-]{40,}",  # a key, a token, a signature
)


def redact(name: str, raw: bytes) -> bytes:
    """The answer of file `name` without secrets and identifiers. What is no JSON is replaced whole.

    Numbers written as text keep their digits, bare numbers their value; the layout is ours.
    """
    return answer(name, raw, lambda body: _clean(body, _NO_PUSH))


_NO_PUSH: frozenset[str] = frozenset()


def _clean(value: Any, telling: frozenset[str]) -> Any:
    """`telling`: the one-letter names that tell, of the push of the user stream that it is, or is inside of.

    A push says with `e` what it is.
    """
    if isinstance(value, dict):
        kind = value.get("e")
        if not telling and isinstance(kind, str):
            telling = _TELLING_IN_DEBTS if kind == _DEBTS else _TELLING_IN_PUSH
        return {key: _field(key, kept, telling) for key, kept in value.items()}
    if isinstance(value, list):
        return [_clean(one, telling) for one in value]
    return _LOOKS_LIKE.sub(REMOVED, value) if isinstance(value, str) else value


def _field(key: str, value: Any, telling: frozenset[str]) -> Any:
    if key in telling and not isinstance(value, dict | list):
        forced = _FORCED.match(value) if isinstance(value, str) else None
        return forced[0] + REMOVED if forced is not None else emptied(value)
    return emptied(value) if _tells(key) else _clean(value, telling)


def _tells(key: str) -> bool:
    return key in _EXACT or (key not in _KEPT and has_word(key, _TELLING))
