"""What a codec makes is written down and read back the same to the byte: else a replay is not identical.

A whole number equals the float that it is read back as, and has other bytes: a sum of nothing must begin at 0.0.
"""

from __future__ import annotations

import pytest

from monitor.domain.canonical import canonical
from monitor.domain.events import Event, WalletChanged
from monitor.outputs.journal.records import Step, decode, encode, split
from monitor.venues.hyperliquid import answers, assembly
from monitor.venues.okx import answers_account
from tests.venues.hyperliquid import support as hyperliquid
from tests.venues.okx.support import ACCOUNT, NOW, answer, balance, coin


def read_back(event: Event) -> Event:
    ((kind, body),) = split(encode(Step(number=1, now=NOW, events=(event,), around=None)))
    step = decode(kind, body)
    assert isinstance(step, Step)
    return step.events[0]


@pytest.mark.parametrize("most", ["0", "4.5"])
def test_an_account_of_okx_that_nothing_may_leave(most: str) -> None:
    read = answers_account.account_snapshot(
        balance(coin("USDT", "5", coinUsdPrice="1"), adjEq=""),
        answer(),
        [],
        ACCOUNT,
        NOW,
        NOW,
        withdrawal_raw=answer({"ccy": "USDT", "maxWd": most}),
    )
    assert read.venue.withdrawable == float(most)
    assert canonical(read_back(read)) == canonical(read)


def test_a_purse_of_hyperliquid_without_any_position() -> None:
    state = answers.state(hyperliquid.raw(hyperliquid.dex(5.0)), "", hyperliquid.ACCOUNT, hyperliquid.UNIVERSE)
    event = WalletChanged(account=hyperliquid.ACCOUNT, wallet=assembly.wallet(state), venue_time=NOW, received=NOW)
    assert canonical(read_back(event)) == canonical(event)
