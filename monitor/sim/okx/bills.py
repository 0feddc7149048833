"""The history of cash flows as the simulated OKX keeps it: one row a change of a balance."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from monitor.domain.names import Asset
from monitor.sim.okx.text import number

KEPT_BILLS = 1_000


class Kind(Enum):
    """What moved the balance: the venue's `type` and `subType`."""

    TRANSFER_IN = ("1", "11")
    TRANSFER_OUT = ("1", "12")
    BUY = ("2", "1")
    SELL = ("2", "2")
    DELIVERY_LONG = ("3", "112")
    DELIVERY_SHORT = ("3", "113")
    REDUCED_LONG = ("5", "100")
    REDUCED_SHORT = ("5", "101")
    LIQUIDATED_LONG = ("5", "104")
    LIQUIDATED_SHORT = ("5", "105")
    DELEVERAGED_LONG = ("9", "125")
    DELEVERAGED_SHORT = ("9", "126")
    MARGIN_IN = ("6", "160")
    MARGIN_OUT = ("6", "161")
    INTEREST = ("7", "9")
    FUNDING_PAID = ("8", "173")
    FUNDING_RECEIVED = ("8", "174")
    CLAWBACK = ("10", "108")


TRADES = (Kind.BUY, Kind.SELL)
FUNDING = (Kind.FUNDING_PAID, Kind.FUNDING_RECEIVED)


def forced(event: str, *, long: bool, whole: bool) -> Kind:
    """The kind of what the venue closes: by liquidation (whole or in part), auto-deleveraging or delivery."""
    if event == "adl":
        return Kind.DELEVERAGED_LONG if long else Kind.DELEVERAGED_SHORT
    if event == "delivered":
        return Kind.DELIVERY_LONG if long else Kind.DELIVERY_SHORT
    if whole:
        return Kind.LIQUIDATED_LONG if long else Kind.LIQUIDATED_SHORT
    return Kind.REDUCED_LONG if long else Kind.REDUCED_SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One row. `margin_change`: what an isolated position's margin gained while the balance stayed."""

    number: str
    kind: Kind
    asset: Asset
    amount: float
    balance: float
    time_ms: int
    instrument: str = ""
    product: str = ""
    mode: str = ""
    fee: float = 0.0
    gained: float = 0.0
    margin_change: float = 0.0

    def row(self) -> dict[str, str]:
        """As printed."""
        kind, detail = self.kind.value
        funding = self.kind in FUNDING
        paid = self.margin_change or self.amount
        return {
            "bal": number(self.balance),
            "balChg": number(self.amount),
            "billId": self.number,
            "ccy": self.asset,
            "clOrdId": "",
            "execType": "T" if self.kind in TRADES else "",
            "fee": number(self.fee),
            "fillTime": "",
            "from": "",
            "instId": self.instrument,
            "instType": self.product,
            "interest": "0",
            "mgnMode": self.mode,
            "notes": "",
            "ordId": "",
            "pnl": number(paid if funding else self.gained),
            "posBal": "0",
            "posBalChg": number(self.margin_change),
            "px": "",
            "subType": detail,
            "sz": number(abs(paid)),
            "tag": "",
            "to": "",
            "tradeId": "",
            "ts": str(self.time_ms),
            "type": kind,
        }
