"""Every frame that the simulated venue sent, against what the daemon says that it did with it."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.view import FeedStatus
from monitor.sim.sent import ANSWER, PUBLIC, RAW, REFUSAL, SPOILT, Sent

MARK_KIND, ASSET_KIND = "markPriceUpdate", "assetIndexUpdate"


def unaccounted(sent: Sent, feeds: Iterable[FeedStatus]) -> list[str]:
    """Where the two books differ by more than what is in doubt, in words: empty if every frame is accounted for."""
    streams = {(row.account, row.stream): row for row in feeds if not row.polled}
    wrong: list[str] = []

    def compare(what: str, ours: int, owner: str, *kinds: str) -> None:
        theirs, doubt = sent.count(owner, None, *kinds), sent.in_doubt(owner, None, *kinds)
        if not theirs - doubt <= ours <= theirs:
            wrong.append(f"{what}: {ours} counted, {theirs} sent" + (f" ({doubt} in doubt)" if doubt else ""))

    for (account, stream), row in sorted(streams.items()):
        name = f"{account} {stream}".strip()
        whole = (
            row.waiting + row.applied + row.conflated + row.overrun + row.ignored,
            row.acknowledged + row.refused + row.unrecognised + row.unreadable,
        )
        if sum(whole) != row.messages:
            wrong.append(f"{name}: {row.messages} messages, but {sum(whole)} of them are accounted for")
        if account:
            compare(f"{name}, all frames", row.messages, account)
            compare(f"{name}, unreadable", row.unreadable, account, SPOILT)
            compare(f"{name}, unrecognised", row.unrecognised, account, RAW)
    marks, assets = streams[PUBLIC, "marks"], streams[PUBLIC, "assets"]
    compare("public, all frames", marks.messages + assets.messages, PUBLIC)
    compare("marks, understood", _understood(marks), PUBLIC, MARK_KIND)
    compare("assets, understood", _understood(assets), PUBLIC, ASSET_KIND)
    # Whose these are nobody can say: they count with the first stream of their connection.
    compare("public, acknowledged", marks.acknowledged, PUBLIC, ANSWER)
    compare("public, refused", marks.refused, PUBLIC, REFUSAL)
    compare("public, unreadable", marks.unreadable, PUBLIC, SPOILT)
    return wrong


def _understood(row: FeedStatus) -> int:
    return row.waiting + row.applied + row.conflated + row.overrun
