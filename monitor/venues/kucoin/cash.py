"""Why the wallets of classic futures changed, in KuCoin's words: its transaction history. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import BalanceCause, CashFlow
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.fields import Loose, finite, seconds, word
from monitor.venues.kucoin.names import asset_of
from monitor.venues.rows import each

PAGE_ROWS = 100  #: asked for at once
PENDING = "Pending"  #: what did not happen yet
TYPES: dict[str, BalanceCause] = {
    "RealisedPNL": BalanceCause.TRADE,
    "Deposit": BalanceCause.TRANSFER,
    "Withdrawal": BalanceCause.TRANSFER,
    "TransferIn": BalanceCause.TRANSFER,
    "TransferOut": BalanceCause.TRANSFER,
}
"""`type` of a transaction. Funding comes as realized profit, of which the remark says only the contract."""

_SIGNS = {"Withdrawal": -1.0, "TransferOut": -1.0}  #: of amounts that are told without one


class _Row(msgspec.Struct, gc=False):
    type: str
    currency: str
    time: Loose = None
    amount: Loose = None
    status: str = ""
    remark: str | None = None
    offset: int | None = None


class _List(msgspec.Struct):
    dataList: list[msgspec.Raw]
    hasMore: bool = False


class _Answer(msgspec.Struct):
    data: _List


@dataclass(frozen=True, slots=True)
class Page:
    """One answer, newest flow first. `last`: there is none before; else go on from `offset`. `oldest` is the venue's
    time of the oldest transaction, 0 where there is none.
    """

    flows: tuple[CashFlow, ...]
    last: bool
    oldest: float = 0.0
    offset: int = 0


def page(raw: bytes, venue: Venue, account: AccountKey, received: float, problems: list[RowProblem]) -> Page:
    """One page of the history. Raises `MalformedAnswer` for what is none."""
    try:
        data = msgspec.json.decode(raw, type=_Answer).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedAnswer(venue, "income", f"not the history of transactions: {type(exc).__name__}") from None
    asked_on: list[tuple[float, int | None]] = []

    def made(row: _Row) -> CashFlow | None:
        at, amount = seconds("time", row.time), finite("amount", row.amount)
        asked_on.append((at, row.offset))
        if row.status == PENDING:
            return None
        cause = TYPES.get(row.type, BalanceCause.OTHER)
        return CashFlow(
            account=account,
            asset=asset_of(word("currency", row.currency)),
            amount=abs(amount) * _SIGNS[row.type] if row.type in _SIGNS else amount,
            cause=cause,
            venue_time=at,
            received=received,
            symbol=(row.remark or None) if cause is BalanceCause.TRADE else None,
        )

    found = each(data.dataList, _Row, made, "transaction", problems)
    oldest, offset = asked_on[-1] if asked_on else (0.0, None)
    flows = tuple(flow for flow in found if flow is not None and flow.amount)
    return Page(flows, last=not data.hasMore or offset is None, oldest=oldest, offset=offset or 0)
