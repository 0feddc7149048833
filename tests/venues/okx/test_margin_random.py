"""Random accounts of every level, told by the venue's own rows, against plain arithmetic written down here by itself.

The sums below follow the documented formulas position by position; nothing of the description or the kernel is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.margin.results import PoolResult
from monitor.venues.okx import endpoints
from monitor.venues.okx.margin_terms import ORDERS_GONE
from tests.venues.okx.support import (
    STAMP,
    Row,
    Told,
    answer,
    balance,
    coin,
    config,
    contract,
    folder_of,
    named,
    order,
    pair,
    swap,
    tier,
    tiers_file,
    told,
)

TAKER, SPOT_TAKER = 0.0005, 0.001
STEPS = ((1000.0, 0.004), (5000.0, 0.006), (50000.0, 0.01))
ALONE = ((100.0, 0.005), (1000.0, 0.0125), (50000.0, 0.03))
LOANS = ((5000.0, 0.02), (200000.0, 0.03), (1e9, 0.05))


@dataclass(frozen=True)
class Kind:
    """A contract: what one is, in base or (inverse) in dollars."""

    inst: str
    size: float
    mult: float
    tick: float
    spot: float

    @property
    def inverse(self) -> bool:
        return endpoints.family(self.inst).endswith("-USD")

    @property
    def group(self) -> tuple[str, str]:
        return endpoints.inst_type(self.inst), endpoints.family(self.inst)

    @property
    def settle(self) -> str:
        base, quote = endpoints.family(self.inst).split("-")
        return base if self.inverse else "USDC" if quote == "USD_UM" else quote

    def worth(self, contracts: float, price: float) -> float:
        """What so many contracts are worth, in what they settle in."""
        units = contracts * self.size * self.mult
        return units / price if self.inverse else units * price

    def gain(self, signed: float, entry: float, mark: float) -> float:
        units = signed * self.size * self.mult
        return units * (1 / entry - 1 / mark) if self.inverse else units * (mark - entry)

    def row(self) -> Row:
        um = endpoints.family(self.inst).endswith("_UM")
        more: dict[str, Any] = {"ctType": "linear", "settle": "USDⓈ"} if um else {}
        return contract(self.inst, str(self.size), tick=str(self.tick), ctMult=str(self.mult), **more)


KINDS = [
    Kind("BTC-USDT-SWAP", 0.01, 1, 0.1, 60000),
    Kind("BTC-USDT-260925", 0.01, 1, 0.1, 60000),
    Kind("BTC-USDT-261225", 0.01, 1, 0.1, 60000),
    Kind("ETH-USDT-SWAP", 1, 0.1, 0.01, 3000),
    Kind("BTC-USD-SWAP", 100, 1, 0.1, 60000),
    Kind("BTC-USD-261225", 10, 10, 0.1, 60000),
    Kind("BTC-USD_UM-SWAP", 0.01, 1, 0.1, 60000),
    Kind("BTC-USDC-SWAP", 0.0001, 1, 0.1, 60000),
]
BY_NAME = {kind.inst: kind for kind in KINDS}
TIERS = {
    tiers_file(kind.group[0], mode, kind.group[1]): [
        tier(str(low), str(high), str(rate), instFamily=kind.group[1])
        for low, (high, rate) in zip([0.0, *(end for end, _ in steps)], steps, strict=False)
    ]
    for kind in KINDS
    for mode, steps in (("cross", STEPS), ("isolated", ALONE))
}


def rate_of(size: float, steps: tuple[tuple[float, float], ...]) -> float:
    return next(rate for end, rate in steps if size <= end)


@dataclass(frozen=True)
class Held:
    kind: Kind
    signed: float
    entry: float
    mark: float

    @property
    def gain(self) -> float:
        return self.kind.gain(self.signed, self.entry, self.mark)

    @property
    def worth(self) -> float:
        return self.kind.worth(abs(self.signed), self.mark)

    def row(self, **more: object) -> Row:
        size, side = repr(abs(self.signed)), "long" if self.signed > 0 else "short"
        more = {"ccy": self.kind.settle, "liqPx": "1", "posSide": side, **more}
        return swap(self.kind.inst, size, repr(self.entry), repr(self.mark), **more)


@dataclass(frozen=True)
class Offered:
    kind: Kind
    signed: float
    price: float

    def row(self) -> Row:
        buy = self.signed > 0
        return order(
            self.kind.inst,
            "buy" if buy else "sell",
            repr(abs(self.signed)),
            repr(self.price),
            posSide="long" if buy else "short",
        )


def of_size(most: int) -> st.SearchStrategy[float]:
    return st.integers(1, most).map(float)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Held], list[Offered]]:
    """Positions in long/short mode, both sides of a contract among them, and orders that open."""
    marks = {kind.inst: round(kind.spot * draw(st.floats(0.9, 1.1)), 2) for kind in KINDS}
    keys = draw(
        st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([1, -1])), min_size=1, max_size=7, unique=True)
    )
    held = [
        Held(kind, sign * draw(of_size(2500)), round(kind.spot * draw(st.floats(0.8, 1.2)), 2), marks[kind.inst])
        for kind, sign in keys
    ]
    wanted = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([1, -1])), max_size=3, unique=True))
    offered = [
        Offered(kind, sign * draw(of_size(1500)), round(kind.spot * draw(st.floats(0.7, 1.3)), 2))
        for kind, sign in wanted
    ]
    return held, offered


def account(held: list[Held], offered: list[Offered], money: list[Row], level: str = "2", **more: Any) -> Told:
    return told(
        folder_of(
            setup=config(level, "long_short_mode"),
            money=balance(*money),
            positions=[one.row() for one in held],
            orders=[one.row() for one in offered],
            listed=[kind.row() for kind in KINDS],
            tiers=TIERS,
            **more,
        )
    )


def needed(held: list[Held], offered: list[Offered], settle: str) -> tuple[float, float]:
    """Maintenance with the fee of closing of what settles in an asset, and what its orders' own fees are."""
    sizes: dict[tuple[str, str], float] = {}
    everything: list[Held | Offered] = [*held, *offered]
    for one in everything:
        sizes[one.kind.group] = sizes.get(one.kind.group, 0.0) + abs(one.signed)
    total = fees = 0.0
    marks = {one.kind.inst: one.mark for one in held}
    for position in (one for one in held if one.kind.settle == settle):
        total += position.worth * (rate_of(sizes[position.kind.group], STEPS) + TAKER)
    for resting in (one for one in offered if one.kind.settle == settle):
        at_mark = resting.kind.worth(abs(resting.signed), marks[resting.kind.inst])
        total += at_mark * (rate_of(sizes[resting.kind.group], STEPS) + TAKER)
        fees += resting.kind.worth(abs(resting.signed), resting.price) * TAKER
    return total, fees


def near(ours: float | None, theirs: float, tolerance: float = 1e-9) -> None:
    assert ours is not None
    assert isclose(ours, theirs, rel_tol=tolerance, abs_tol=1e-9), (ours, theirs)


@given(books(), st.floats(0.5, 1.5))
def test_futures_mode_counts_each_settlement_asset_by_itself(
    book: tuple[list[Held], list[Offered]], depth: float
) -> None:
    held, offered = book
    offered = [one for one in offered if one.kind.inst in {other.kind.inst for other in held}]
    settles = {one.kind.settle for one in held}
    cash = {
        settle: depth * sum(one.worth for one in held if one.kind.settle == settle)
        - sum(one.gain for one in held if one.kind.settle == settle)
        for settle in settles
    }
    results = account(held, offered, [coin(settle, repr(amount)) for settle, amount in cash.items()]).results()
    for settle in settles:
        result = results[f"cross:{settle}"]
        equity = cash[settle] + sum(one.gain for one in held if one.kind.settle == settle)
        alone, _ = needed(held, [], settle)
        with_orders, fees = needed(held, offered, settle)
        near(result.equity, equity)
        near(result.maintenance_margin, alone)
        near(result.ratio.value, alone / equity)
        near(result.stages[ORDERS_GONE].value, with_orders / (equity - fees))
        the_family_lines_agree(result, [one for one in held if one.kind.settle == settle], held, cash[settle])


def the_family_lines_agree(result: PoolResult, its: list[Held], held: list[Held], cash: float) -> None:
    """The documented price of a family: all its contracts move by the same share, all others stand still."""
    sizes: dict[tuple[str, str], float] = {}
    for one in held:
        sizes[one.kind.group] = sizes.get(one.kind.group, 0.0) + abs(one.signed)
    charge = {one.kind.group: rate_of(sizes[one.kind.group], STEPS) + TAKER for one in held}
    for position in its:
        family = [one for one in its if one.kind.group[1] == position.kind.group[1]]
        rest = [one for one in its if one not in family]
        base = cash + sum(one.gain - one.worth * charge[one.kind.group] for one in rest)
        slope = given = 0.0
        for one in family:
            share = one.mark / position.mark
            units = one.signed * one.kind.size * one.kind.mult
            if one.kind.inverse:
                slope += (units + abs(units) * charge[one.kind.group]) / share
                given += units / one.entry
            else:
                slope += (units - abs(units) * charge[one.kind.group]) * share
                given += units * one.entry
        above, below = (slope, base + given) if position.kind.inverse else (given - base, slope)
        if not below or above / below <= 0.0:
            continue
        (line,) = [
            one
            for one in result.venue_lines
            if one.symbol == position.kind.inst and (one.side is Side.LONG) is (position.signed > 0)
        ]
        if line.ours.state is State.AT:
            near(line.ours.price, above / below, 1e-7)


@given(st.sampled_from(KINDS), st.sampled_from([1, -1]), of_size(1200), st.floats(0.8, 1.2), st.floats(0.01, 0.6))
def test_an_isolated_contract_has_its_ratio_and_its_line_one_tick_off(
    kind: Kind, sign: int, size: float, moved: float, share: float
) -> None:
    entry = round(kind.spot * moved, 2)
    held = Held(kind, sign * size, entry, kind.spot)
    margin = kind.worth(size, entry) * share
    equity = margin + held.gain
    charge = rate_of(size, ALONE) + TAKER
    assume(equity > 1.1 * held.worth * charge)
    row = held.row(mgnMode="isolated", margin=repr(margin))
    found = told(
        folder_of(
            setup=config("2", "long_short_mode"),
            money=balance(coin(kind.settle, "0")),
            positions=[row],
            listed=[kind.row()],
            tiers=TIERS,
        )
    )
    result = found.results()[f"isolated:{kind.inst}:{'long' if sign > 0 else 'short'}"]
    near(result.equity, equity)
    near(result.ratio.value, held.worth * charge / equity)
    units = size * kind.size * kind.mult
    if kind.inverse:
        below = units / entry + sign * margin
        expected = units * (1 + sign * charge) / below if below > 0 else None
    else:
        expected = (entry * units - sign * margin) / (units * (1 - sign * charge))
    (line,) = result.venue_lines
    if expected is None or expected <= 0.0:
        assert line.ours.state is State.NEVER
    else:
        near(line.ours.price, expected + sign * kind.tick)


@given(
    st.booleans(),
    st.sampled_from(["within", "held", "other"]),
    st.floats(10.0, 100000.0),
    st.floats(0.1, 0.9),
    st.floats(0.0, 0.01),
)
def test_an_isolated_loan_of_either_side_and_style_counts_as_documented(
    long: bool, style: str, worth: float, lent: float, late: float
) -> None:
    mark = 60000.0
    owed = worth * lent if long else worth * lent / mark
    interest = owed * late
    debt = owed + interest
    margin = worth * (1 - lent) * (1 / mark if long else 1.0)  # in what is held
    amount = worth / mark if long else worth
    assets = amount if style == "within" else amount - margin
    kept = margin * (mark if long else 1 / mark) if style == "other" else margin
    assume(debt * (1 if long else mark) < 0.95 * worth)
    held, other = ("BTC", "USDT") if long else ("USDT", "BTC")
    value = debt / mark if long else debt * mark
    profit = assets - value - (margin if style == "within" else 0.0)
    rates = [
        tier(str(low), str(high), str(rate), instId="BTC-USDT", baseMaxLoan=repr(high / 60000), quoteMaxLoan=str(high))
        for low, (high, rate) in zip([0.0, *(end for end, _ in LOANS)], LOANS, strict=False)
    ]
    row = {
        **swap("BTC-USDT", repr(assets), "60000", repr(mark), instType="MARGIN", mgnMode="isolated", liqPx="1"),
        "margin": repr(kept),
        "ccy": other if style == "other" else held,
        "posCcy": held,
        "liab": repr(-owed),
        "liabCcy": other,
        "interest": repr(-interest),
        "upl": repr(profit),
    }
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDT", "0")),
            positions=[row],
            listed=[pair("BTC-USDT")],
            tiers={tiers_file("MARGIN", "isolated", "BTC-USDT"): rates},
        )
    )
    result = found.results()[f"isolated:BTC-USDT:{'long' if long else 'short'}"]
    rate = rate_of(debt if long else debt * 60000, LOANS)
    required = debt * (1 + rate) * (1 + SPOT_TAKER)
    ratio = (amount - value) / (value * rate + value * (1 + rate) * SPOT_TAKER)
    near(1 / (result.ratio.value or 0.0), ratio)
    if style == "other":
        expected = (required - kept) / assets if long else assets / (required - kept)
    else:
        expected = required / amount if long else amount / required
    (line,) = result.venue_lines
    if expected > 0:
        near(line.ours.price, expected)


DISCOUNTS = {
    "USDT": ((1e9, 1.0),),
    "USDC": ((1e9, 0.99),),
    "BTC": ((1.0, 0.98), (5.0, 0.95), (1e9, 0.9)),
}
PRICES = {"USDT": 0.9995, "USDC": 1.0002, "BTC": 60100.0}


def counted(asset: str, equity: float) -> float:
    """In USD: by brackets of the coin's amount where positive, whole where negative."""
    if equity <= 0:
        return equity * PRICES[asset]
    total = low = 0.0
    for end, rate in DISCOUNTS[asset]:
        total += max(0.0, min(equity, end) - low) * rate
        low = end
    return total * PRICES[asset]


@given(
    books(),
    st.fixed_dictionaries({"USDT": st.floats(-3e5, 3e5), "USDC": st.floats(-3e5, 3e5), "BTC": st.floats(-3.0, 12.0)}),
    st.sets(st.sampled_from(sorted(DISCOUNTS))),
)
def test_multi_currency_counts_discounts_debts_and_their_fees(
    book: tuple[list[Held], list[Offered]], coins: dict[str, float], off: set[str]
) -> None:
    held, _ = book
    gains = {asset: sum(one.gain for one in held if one.kind.settle == asset) for asset in DISCOUNTS}
    equities = {asset: amount + gains[asset] for asset, amount in coins.items()}
    assume(all(abs(equity) > 1e-3 for equity in equities.values()))
    money = [
        coin(
            asset,
            repr(amount),
            eq=repr(equities[asset]),
            upl=repr(gains[asset]),
            isoUpl="0",
            isoEq="0",
            coinUsdPrice=str(PRICES[asset]),
            collateralEnabled=asset not in off,
            disEq="" if asset not in off else "0",
        )
        for asset, amount in coins.items()
    ]
    more = {
        named(endpoints.DISCOUNT_RATES): answer(
            *(
                {
                    "ccy": asset,
                    "details": [
                        {"minAmt": str(low), "maxAmt": str(high), "discountRate": str(rate)}
                        for low, (high, rate) in zip([0.0, *(end for end, _ in steps)], steps, strict=False)
                    ],
                }
                for asset, steps in DISCOUNTS.items()
            )
        ),
        named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
            *({"instId": f"{asset}-USD", "idxPx": str(price), "ts": STAMP} for asset, price in PRICES.items())
        ),
    }
    for asset in DISCOUNTS:
        loans = [
            tier(str(low / PRICES[asset]), str(high / PRICES[asset]), str(rate))
            for low, (high, rate) in zip([0.0, *(end for end, _ in LOANS)], LOANS, strict=False)
        ]
        more[named(endpoints.POSITION_TIERS, instType="MARGIN", tdMode="cross", ccy=asset)] = answer(*loans)
    result = account(held, [], money, "3", more=more).results()["multi-assets"]
    equity = required = 0.0
    for asset, amount in equities.items():
        equity += 0.0 if asset in off and amount > 0 else counted(asset, amount)
        required += needed(held, [], asset)[0] * PRICES[asset]
        owed = max(0.0, -amount) * PRICES[asset]
        rate = rate_of(owed, LOANS)
        required += owed * rate
        required += owed * (1 + rate) * SPOT_TAKER
    near(result.equity, equity)
    near(result.maintenance_margin, required)
    if equity > 0:
        near(result.ratio.value, required / equity)


@given(of_size(40), st.floats(0.001, 0.3), st.sampled_from("CP"), st.booleans(), st.floats(0.01, 100.0))
def test_a_short_option_requires_as_documented_in_coins_and_in_dollars(
    size: float, mark: float, kind: str, in_usd: bool, factor: float
) -> None:
    family = "ETH-USD_UM" if in_usd else "ETH-USD"
    inst, forward, index = f"{family}-270101-3000-{kind}", 3050.0, 3040.0
    settle, price = ("USDC", mark * index) if in_usd else ("ETH", mark)
    row = swap(inst, repr(-size), "0.1", repr(price), instType="OPTION", ccy=settle, idxPx=str(index))
    listed = contract(
        inst,
        "0.1",
        ctMult="10",
        ctType="",
        stk="3000",
        optType=kind,
        expTime="1798700000000",
        settle="USDⓈ" if in_usd else "ETH",
        instFamily=family,
    )
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin(settle, "1e6")),
            positions=[row],
            listed=[listed],
            tiers={
                named(endpoints.POSITION_TIERS, instType="OPTION", tdMode="cross", instFamily=family): [
                    tier("0", "50", "0", instFamily=family, optMgnFactor=repr(factor))
                ]
            },
            more={
                named(endpoints.OPT_SUMMARY, instFamily=family): answer(
                    {"instId": inst, "markVol": "0.5", "fwdPx": str(forward), "ts": STAMP}
                ),
                named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
                    {"instId": "ETH-USD", "idxPx": str(index), "ts": STAMP}
                ),
            },
        )
    )
    result = found.results()[f"cross:{settle}"]
    unit = index if in_usd else 1.0
    floor = 0.05 * unit if kind == "C" else max(0.05 * unit, 0.05 * price)
    near(result.maintenance_margin, size * 1.0 * (floor * factor + price + TAKER * unit), 1e-9)
    near(result.equity, 1e6 - size * price)
