"""How long and how much is kept, and how hard the disk is asked to keep it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.store.pending import Bounds

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Lines of the audit and messages that are done with go when they are older than `keep_seconds`, more than
    `keep_rows` of a kind, or when the file is larger than `max_bytes`; what is still needed is never removed.

    `sync_each`: the disk confirms each transaction before it counts as written (a loss of power then loses nothing; a
    commit takes as long as the disk does). `patience_seconds`: a commit that the disk has not answered by then fails
    for whoever waits for it; it is written all the same when the disk answers.
    """

    keep_seconds: float = 90 * DAY_SECONDS
    keep_rows: int = 100_000
    max_bytes: int = 512 * 1024 * 1024
    sync_each: bool = False
    patience_seconds: float = 5.0
    bounds: Bounds = Bounds()
