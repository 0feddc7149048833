"""The words of notices."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.accounts import Permissions
from monitor.domain.events import VenueWarning, WarningKind

_WARNINGS = {
    WarningKind.MARGIN_CALL: "the venue calls for margin",
    WarningKind.LIQUIDATION: "the venue liquidates",
    WarningKind.ADL: "the venue closes by auto-deleveraging",
    WarningKind.SETTLEMENT: "the venue settles",
}


def warning_words(warning: VenueWarning) -> str:
    """What the venue warns of, and where."""
    where = " ".join(part for part in (warning.symbol, warning.side and warning.side.value) if part)
    text = _WARNINGS[warning.kind] + (f": {where}" if where else "")
    return f"{text} ({warning.detail})" if warning.detail else text


def permission_words(permissions: Permissions) -> str | None:
    """What the key may do beyond reading, or that nobody could tell; None where it reads and no more."""
    may = {
        "withdraw": permissions.can_withdraw,
        "transfer": permissions.can_transfer,
        "trade": permissions.can_trade,
    }
    allowed = [what for what, can in may.items() if can]
    unread = [what for what, can in may.items() if can is None]
    found = []
    if allowed:
        found.append(f"the key may {' and '.join(allowed)}: a key that only reads is enough")
    if permissions.can_read is False:
        found.append("the key may not read")
    if unread:
        found.append(f"whether the key may {' or '.join(unread)} could not be read")
    return "; ".join(found) or None


def named(names: Sequence[str]) -> str:
    """A short name for a set of them: an alert's label must not grow with the account."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
