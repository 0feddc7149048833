"""Whatever an answer holds, its reader reads it or refuses it whole; nothing impossible comes out of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.frames import RowProblem
from monitor.margin.pool import Description
from monitor.venues.okx import answers, answers_account, answers_risk, cash, endpoints
from monitor.venues.okx.margin import describe
from tests.venues.codec_fuzz import intruders
from tests.venues.okx.support import (
    ACCOUNT,
    NOW,
    STAMP,
    VENUE,
    answer,
    balance,
    coin,
    config,
    contract,
    fees,
    folder_of,
    named,
    order,
    pair,
    swap,
    tier,
    tiers_file,
    told,
)

CONTRACTS = answer(contract("BTC-USDT-SWAP", "0.01"), contract("BTC-USD-SWAP", "100"), pair("BTC-USDT"))
LISTED = answers.instruments([CONTRACTS], VENUE, NOW).instruments
TIERS = answer(tier("0", "10", "0.004", instFamily="BTC-USDT"), tier("11", "20", "0.005", instFamily="BTC-USDT"))
DISCOUNTS = answer({"ccy": "BTC", "details": [{"minAmt": "0", "maxAmt": "", "discountRate": "0.98"}]})
GRID = {"-0.1": "-9", "0": "0", "0.1": "9"}
UNIT = {"riskUnit": "BTC", "mmr": "12", "mr1Scenarios": {"volShockDown": GRID, "volSame": GRID, "volShockUp": GRID}}
LOAN = swap("BTC-USDT", "0.5", "60000", "61000", instType="MARGIN", posCcy="BTC", liab="-3", liabCcy="USDT")
MONEY = balance(coin("USDT", "5", eq="5", upl="0", coinUsdPrice="1"), adjEq="5")
HELD = answer(swap("BTC-USDT-SWAP", "1", "2", "3"), LOAN)
BILL = {"billId": "9", "ccy": "USDT", "type": "8", "balChg": "-1", "ts": STAMP, "instId": ""}

Reader = Callable[[bytes, list[RowProblem]], object]
READERS: tuple[tuple[bytes, Reader], ...] = (
    (CONTRACTS, lambda raw, bad: answers.instruments([raw], VENUE, NOW, bad)),
    (
        TIERS,
        lambda raw, bad: answers.tiers([answers.TierAnswer(raw, "SWAP", MarginMode.CROSS)], LISTED, VENUE, NOW, bad),
    ),
    (DISCOUNTS, lambda raw, bad: answers.collateral([raw], [], VENUE, NOW, bad)),
    (TIERS, lambda raw, bad: answers.collateral([], [("BTC", raw)], VENUE, NOW, bad)),
    (
        answer({"instId": "A", "markPx": "5", "ts": STAMP}),
        lambda raw, bad: answers.marks(raw, VENUE, NOW, bad),
    ),
    (
        answer([STAMP, "1", "1", "1", "5", "1"]),
        lambda raw, bad: answers.candles([raw], VENUE, "A", NOW + 100, problems=bad),
    ),
    (answer(config()), lambda raw, bad: answers_account.account_config(raw, [], ACCOUNT, NOW, NOW, bad)),
    (
        fees("SWAP"),
        lambda raw, bad: answers_account.account_config(answer(config()), [raw], ACCOUNT, NOW, NOW, bad),
    ),
    (answer(config()), lambda raw, _: answers_account.permissions(raw, ACCOUNT, NOW)),
    (
        MONEY,
        lambda raw, bad: answers_account.account_snapshot(raw, HELD, [], ACCOUNT, NOW, NOW, bad_rows=bad),
    ),
    (
        HELD,
        lambda raw, bad: answers_account.account_snapshot(MONEY, raw, [], ACCOUNT, NOW, NOW, bad_rows=bad),
    ),
    (
        answer(order("BTC-USDT-SWAP", "sell", "10", "62000")),
        lambda raw, bad: answers_account.account_snapshot(MONEY, HELD, [raw], ACCOUNT, NOW, NOW, bad_rows=bad),
    ),
    (answer({"riskUnitData": [UNIT]}), lambda raw, bad: answers_risk.risk_units(raw, VENUE, bad)),
    (
        answer({"mmrData": [{"shockFactor": "0", "mmrRatio": "3"}]}),
        lambda raw, bad: answers_risk.market_curve(raw, VENUE, bad),
    ),
    (answer(BILL), lambda raw, bad: cash.page(raw, VENUE, ACCOUNT, NOW, bad)),
)


@given(st.sampled_from(READERS), st.data(), intruders)
def test_a_value_of_another_kind_costs_its_row_or_the_answer(
    reader: tuple[bytes, Reader], data: st.DataObject, intruder: bytes
) -> None:
    raw, read = reader
    colons = [at for at, byte in enumerate(raw) if byte == ord(":")]
    at = data.draw(st.sampled_from(colons))
    end = next(end for end in range(at + 1, len(raw) + 1) if end == len(raw) or raw[end] in b",}\n")
    with contextlib.suppress(MalformedAnswer):
        read(raw[: at + 1] + intruder + raw[end:], [])


@given(st.sampled_from(READERS), st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(reader: tuple[bytes, Reader], raw: bytes) -> None:
    with contextlib.suppress(MalformedAnswer):
        reader[1](raw, [])


def numbers(description: Description) -> list[float]:
    pools = description.pools
    found = [pool.cash for pool in pools] + [pool.constant_requirement for pool in pools]
    found += [leg.quantity for pool in pools for leg in pool.legs]
    return found + [holding.amount for pool in pools for holding in pool.holdings]


@given(st.sampled_from(["1", "2", "3", "4"]), st.data(), intruders)
def test_an_account_with_an_odd_value_is_described_and_computed_or_refused(
    level: str, data: st.DataObject, intruder: bytes
) -> None:
    raw = data.draw(st.sampled_from([MONEY, HELD]))
    colons = [at for at, byte in enumerate(raw) if byte == ord(":")]
    at = data.draw(st.sampled_from(colons))
    end = next(end for end in range(at + 1, len(raw) + 1) if end == len(raw) or raw[end] in b",}\n")
    odd = raw[: at + 1] + intruder + raw[end:]
    files = folder_of(
        setup=config(level),
        money=odd if raw is MONEY else MONEY,
        tiers={tiers_file("SWAP", "cross", "BTC-USDT"): [tier("0", "10", "0.004", instFamily="BTC-USDT")]},
        more={
            named(endpoints.POSITIONS): odd if raw is HELD else HELD,
            named(endpoints.INSTRUMENTS, instType="ALL"): CONTRACTS,
            named(endpoints.DISCOUNT_RATES): DISCOUNTS,
        },
    )
    try:
        found = told(files, problems=True)
    except MalformedAnswer:
        return
    description = describe(found.account, found.tables)
    assert all(map(isfinite, numbers(description)))
    if description.pools:
        found.results()
