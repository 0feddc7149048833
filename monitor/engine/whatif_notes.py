"""What an answer to «what if» says in words: what is supposed, what was assumed, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.domain.quality import Quality
from monitor.domain.whatif import Transfer, WhatIf
from monitor.engine.picture import Picture
from monitor.engine.whatif_prices import nothing_moved
from monitor.margin.pool import Pool

CASCADES = (
    "each pool is looked at by itself: what a liquidation does to prices, to other pools and to the order book is left "
    "out"
)
AT_ONCE = "prices move with nobody acting on the way: figures are as if nothing were closed, added or liquidated"
FUNDING_HELD = "funding is counted at the rates that are announced now, with prices and positions as they stand then"
OPTIONS_HELD = "options are valued by a model at the volatility of now, which a crash would raise"
GRIDS_READ = "requirements of portfolio margin are read off the venue's own scenarios, and guessed beyond them"


def moves_told(request: WhatIf) -> list[str]:
    """The moves of prices and the days of funding."""
    told = [f"{coin} {move:+.2%}" for coin, move in request.moves.items()]
    if request.market:
        told.insert(
            0, f"{'all other coins' if request.moves else 'all coins'} {request.market:+.2%} (times their betas)"
        )
    told += [f"{asset} at {price:g} USD" for asset, price in request.pegs.items()]
    days = [f"funding of {request.funding_days:g} days is paid"] if request.funding_days else []
    return [*([f"prices move: {', '.join(told)}"] if told else []), *days]


def _doubts(picture: Picture, request: WhatIf) -> Iterable[str]:
    """Which accounts are edited though they are not surely known as they are."""
    edited = [
        key for edit in request.edits for key in (edit.account, *([edit.to] if isinstance(edit, Transfer) else []))
    ]
    for key in dict.fromkeys(edited):
        found = picture.accounts.get(key)
        if found is not None and found.account is not None and found.report.quality is not Quality.LIVE:
            why = "; ".join(found.report.reasons) or "some of its pools are not LIVE"
            yield f"{key.venue}/{key.account} is {found.report.quality} as it is: {why}; what is supposed rests on that"


def notes_of(picture: Picture, request: WhatIf, edits: Iterable[str], pools: Sequence[Pool]) -> tuple[str, ...]:
    """What was assumed for these pools, and what is left out; `edits` is what was for the edits."""
    found = [*_doubts(picture, request), *edits]
    if request.moves_prices:
        found += [f"nothing that is looked at depends on {asset}" for asset in nothing_moved(request, pools)]
        found.append(AT_ONCE)
        if any(leg.option is not None for pool in pools for leg in pool.legs):
            found.append(OPTIONS_HELD)
        if any(pool.grids for pool in pools):
            found.append(GRIDS_READ)
    if request.funding_days:
        found.append(FUNDING_HELD)
    return (*found, CASCADES)
