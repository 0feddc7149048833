"""Random accounts of spot margin, COIN-M and portfolio margin: plain fractions, from the venue's documents alone.

Nothing of the rooms or of the kernel computes what is expected: an account is drawn, its figures are worked out here,
and its raw answers, with the figures that the venue would print, go through readers, description and engine.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest

from monitor.domain.quality import Quality
from tests.venues.binance.told import (
    PortfolioRows,
    Row,
    brackets,
    coin_brackets,
    coin_folder,
    coin_position,
    cross_folder,
    isolated_folder,
    owned,
    pair,
    pair_tier,
    pm_balance,
    pm_position,
    portfolio_folder,
    pro_folder,
    reported,
    told,
)

PRICES = {"BTC": Fraction("61234.5"), "ETH": Fraction("3021.75"), "SOL": Fraction("142.25"), "USDT": Fraction(1)}
SEEDS = range(12)
CLOSE = 1e-9


def drawn(chance: random.Random, low: float, high: float, digits: int = 8) -> Fraction:
    """A number as the venue prints it."""
    return Fraction(str(round(chance.uniform(low, high), digits)))


def text(number: Fraction | float) -> str:
    return repr(float(number))


def by_steps(value: Fraction, steps: Sequence[tuple[int, Fraction]]) -> Fraction:
    """Each further dollar at the rate of its step."""
    ends = [*(Fraction(floor) for floor, _ in steps[1:]), max(value, Fraction(steps[-1][0]))]
    pieces = zip(steps, ends, strict=True)
    return sum((rate * max(Fraction(0), min(value, end) - floor) for (floor, rate), end in pieces), Fraction(0))


class TestSpotMargin:
    def rows(self, chance: random.Random) -> tuple[list[Row], dict[str, tuple[Fraction, Fraction]]]:
        """Of each coin what is there, free and locked, and what is owed with its interest."""
        made: list[Row] = []
        amounts: dict[str, tuple[Fraction, Fraction]] = {}
        for asset, price in PRICES.items():
            free, locked = (drawn(chance, 1.0, 20_000.0 / float(price)) for _ in range(2))
            loan = drawn(chance, 0.1, 8_000.0 / float(price)) if asset in ("USDT", "ETH") else Fraction(0)
            interest = drawn(chance, 0.0, float(loan) / 1000.0)
            made.append(owned(asset, float(free), float(loan), float(interest), float(locked)))
            amounts[asset] = free + locked, loan + interest
        return made, amounts

    @pytest.mark.parametrize("seed", SEEDS)
    def test_classic(self, seed: int) -> None:
        made, amounts = self.rows(random.Random(seed))
        assets = sum(there * PRICES[asset] for asset, (there, _) in amounts.items())
        debts = sum(owes * PRICES[asset] for asset, (_, owes) in amounts.items())
        pairs = {f"{asset}USDT": float(price) for asset, price in PRICES.items() if asset != "USDT"}
        files = cross_folder(*made, prices=pairs, level=text(assets / debts))
        (result,) = told(files).results().values()
        assert (result.equity, result.maintenance_margin) == pytest.approx(
            (float(assets - debts), float(debts / 10)), rel=CLOSE
        )
        # SOL alone falls to where the assets are 1.1 times the debts.
        price = (Fraction("1.1") * debts - assets) / amounts["SOL"][0] + PRICES["SOL"]
        if price > 0:
            assert result.coins["SOL"].down.price == pytest.approx(float(price), rel=CLOSE)
        (pool,) = reported(files).pools
        assert (pool.quality, abs(pool.drift["ratio"]) < CLOSE) == (Quality.LIVE, True)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_pro(self, seed: int) -> None:
        chance = random.Random(seed)
        made, amounts = self.rows(chance)
        steps = [(0, drawn(chance, 0.9, 1.0, 3)), (9_000, drawn(chance, 0.5, 0.8, 3)), (30_000, Fraction(0))]
        low, high, edge = drawn(chance, 0.02, 0.04, 3), drawn(chance, 0.05, 0.09, 3), 5_000
        loss = drawn(chance, 0.0, 300.0)
        counted = sum(by_steps(there * PRICES[asset], steps) for asset, (there, _) in amounts.items())
        values = [owes * PRICES[asset] for asset, (_, owes) in amounts.items() if owes]
        needed = sum(value * low if value <= edge else value * high - edge * (high - low) for value in values)
        equity = counted - sum(values) - loss
        files = cross_folder(
            *made,
            kind="MARGIN_2",
            prices={f"{asset}USDT": float(price) for asset, price in PRICES.items() if asset != "USDT"},
            level=text(equity / needed),
            ratios=[
                {
                    "assetNames": list(PRICES),
                    "collaterals": [{"minUsdValue": str(floor), "discountRate": text(rate)} for floor, rate in steps],
                }
            ],
            brackets=[
                {
                    "assetNames": ["USDT", "ETH"],
                    "brackets": [
                        {"maxDebt": edge, "maintenanceMarginRate": text(low), "initialMarginRate": 0.1, "fastNum": 0},
                        {
                            "maxDebt": 10**7, "maintenanceMarginRate": text(high), "initialMarginRate": 0.3,
                            "fastNum": text(edge * (high - low)),
                        },
                    ],
                }
            ],
            totalOpenOrderLossInUSDT=text(loss),
        )  # fmt: skip
        (result,) = told(files).results().values()
        assert (result.equity, result.maintenance_margin) == pytest.approx((float(equity), float(needed)), rel=CLOSE)
        (pool,) = reported(files).pools
        assert (pool.quality, abs(pool.drift["ratio"]) < CLOSE) == (Quality.LIVE, True)

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("long", [True, False])
    def test_isolated(self, seed: int, long: bool) -> None:
        chance = random.Random(seed)
        price, worth = PRICES["ETH"], Fraction(10_000)
        owes = drawn(chance, 0.4, 0.8) * worth  # in USD, against twice the worth and a little of the other coin
        base, quote = (worth / price, Fraction(100)) if long else (Fraction("0.01"), worth)
        owed_base, owed_quote = (Fraction(0), owes) if long else (owes / price, Fraction(0))
        base, owed_base = (Fraction(str(round(float(one), 8))) for one in (base, owed_base))
        tiers = {10: Fraction("1.05"), 5: Fraction("1.11"), 3: Fraction("1.18")}
        multiple = chance.choice(list(tiers))
        level = tiers[multiple]
        assets, debts = base * price + quote, owed_base * price + owed_quote
        line = (level * owed_quote - quote) / (base - level * owed_base)
        files = isolated_folder(
            pair(
                "ETHUSDT",
                owned("ETH", float(base), float(owed_base)),
                owned("USDT", float(quote), float(owed_quote)),
                marginLevel=text(assets / debts),
                marginRatio=str(multiple),
                indexPrice=text(price),
                liquidatePrice=text(line),
            ),
            tiers={
                "ETHUSDT": [
                    pair_tier("ETHUSDT", number + 1, str(times), text(one))
                    for number, (times, one) in enumerate(tiers.items())
                ]
            },
        )
        (result,) = told(files).results().values()
        assert (result.equity, result.maintenance_margin) == pytest.approx(
            (float(assets - debts), float(debts * (level - 1))), rel=CLOSE
        )
        (pool,) = reported(files).pools
        assert (pool.quality, set(pool.drift)) == (Quality.LIVE, {"ratio", "line"})
        assert max(map(abs, pool.drift.values())) < CLOSE


STEPS = ((0, Fraction("0.004")), (10_000, Fraction("0.01")), (40_000, Fraction("0.025")))


def needs(notional: Fraction, unit: Fraction) -> Fraction:
    """Maintenance by brackets whose floors are so many dollars, in coins of `unit` dollars."""
    floors = [(Fraction(floor) / unit, rate) for floor, rate in STEPS]
    cum = Fraction(0)
    for (_, before), (floor, rate) in pairwise(floors):
        if notional > floor:
            cum += floor * (rate - before)
    return notional * next(rate for floor, rate in reversed(floors) if notional > floor) - cum


def bracket_steps(unit: Fraction) -> list[tuple[float, float, float]]:
    made, cum = [(0.0, float(STEPS[0][1]), 0.0)], Fraction(0)
    for (_, before), (floor, rate) in pairwise(STEPS):
        cum += Fraction(floor) / unit * (rate - before)
        made.append((float(Fraction(floor) / unit), float(rate), float(cum)))
    return made


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("hedge", [False, True])
def test_coin_margined_perpetual_and_delivery(seed: int, hedge: bool) -> None:
    """Each contract is 10 USD of ETH; both contracts, and in hedge mode both sides, draw on one wallet of ETH."""
    chance = random.Random(seed)
    unit = Fraction(3_000)
    wallet, rows, tables = drawn(chance, 10.0, 30.0), list[Row](), list[Row]()
    equity, needed = wallet, Fraction(0)
    for symbol in ("ETHUSD_PERP", "ETHUSD_261225"):
        mark = drawn(chance, 2_900.0, 3_100.0, 2)
        for side in ("LONG", "SHORT") if hedge else (chance.choice(("LONG", "SHORT")),):
            contracts, entry = chance.randint(100, 6_000), drawn(chance, 2_800.0, 3_200.0, 4)
            sign = 1 if side == "LONG" else -1
            profit = sign * 10 * contracts * (1 / entry - 1 / mark)
            equity, needed = equity + profit, needed + needs(10 * contracts / mark, unit)
            rows.append(
                coin_position(
                    symbol, sign * contracts, float(entry), float(mark), positionSide=side if hedge else "BOTH",
                    unRealizedProfit=text(profit), liquidationPrice="",
                )
            )  # fmt: skip
        tables.append(coin_brackets(symbol, *bracket_steps(unit)))
    files = coin_folder(*rows, wallets={"ETH": float(wallet)}, brackets=tables, hedge=hedge)
    (result,) = told(files).results().values()
    assert (result.equity, result.maintenance_margin) == pytest.approx((float(equity), float(needed)), rel=CLOSE)
    assert reported(files).pools[0].drift["equity"] == pytest.approx(0.0, abs=CLOSE)


class TestPortfolioMargin:
    RATE = Fraction("0.95")

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("kind", ["retail", "pro", "span"])
    def test_all_wallets_both_futures_and_a_loan(self, seed: int, kind: str) -> None:
        chance = random.Random(seed)
        linear, inverse = drawn(chance, -8.0, 8.0, 3), chance.randint(-900, 900) or 1
        entries = drawn(chance, 2_900.0, 3_100.0, 2), drawn(chance, 60_000.0, 62_000.0, 1)
        marks = Fraction("3020"), Fraction("61200")
        profits = {
            "USDT": linear * (marks[0] - entries[0]),
            "BTC": 100 * inverse * (1 / entries[1] - 1 / marks[1]),
        }
        nets: dict[str, Fraction] = {}
        loans: dict[str, Fraction] = {}
        made: list[Row] = []
        for asset in ("BTC", "USDT", "SOL"):
            size = 20_000.0 / float(PRICES[asset])
            free, um, cm = drawn(chance, 0.0, size), drawn(chance, -size / 2, size), drawn(chance, -size / 2, size)
            loan, interest = drawn(chance, 0.0, size / 2), drawn(chance, 0.0, size / 1000)
            loans[asset] = loan + interest
            nets[asset] = free + um + cm - loans[asset] + profits.get(asset, Fraction(0))
            made.append(
                pm_balance(
                    asset, float(free), float(um), float(cm), crossMarginBorrowed=text(loan),
                    crossMarginInterest=text(interest),
                )
            )  # fmt: skip
        loss = drawn(chance, 0.0, 500.0) if kind == "retail" else Fraction(0)
        values = {asset: net * PRICES[asset] for asset, net in nets.items()}
        equity = sum(value * self.RATE if value > 0 else value for value in values.values()) - loss
        needed = needs(abs(linear) * marks[0], Fraction(1))
        needed += needs(abs(Fraction(100 * inverse)) / marks[1], Fraction(60_000)) * PRICES["BTC"]
        needed += sum(owes * PRICES[asset] / 10 for asset, owes in loans.items())
        if kind == "span":
            needed = drawn(chance, 500.0, 5_000.0)
        result = self.computed(kind, made, (linear, inverse), entries, marks, equity, needed, loss)
        assert result == pytest.approx((float(equity), float(needed)), rel=CLOSE, abs=1e-6)

    def computed(
        self,
        kind: str,
        made: Sequence[Row],
        sizes: tuple[Fraction, int],
        entries: tuple[Fraction, Fraction],
        marks: tuple[Fraction, Fraction],
        equity: Fraction,
        needed: Fraction,
        loss: Fraction,
    ) -> tuple[float | None, float | None]:
        """Equity and requirement; what the venue printed beside them agrees."""
        ours = brackets("ETHUSDT", 0.0)
        ours["brackets"] = [
            {"notionalFloor": floor, "notionalCap": 1e9, "maintMarginRatio": rate, "cum": cum}
            for floor, rate, cum in bracket_steps(Fraction(1))
        ]
        rows = PortfolioRows(
            balances=made,
            um=[pm_position("ETHUSDT", float(sizes[0]), float(entries[0]), float(marks[0]), liquidationPrice="")],
            cm=[pm_position("BTCUSD_PERP", float(sizes[1]), float(entries[1]), float(marks[1]), liquidationPrice="")],
            rates=[{"asset": asset, "collateralRate": text(self.RATE)} for asset in ("BTC", "USDT", "SOL")],
            prices={asset: float(price) for asset, price in PRICES.items()},
            um_brackets=[ours],
            cm_brackets=[coin_brackets("BTCUSD_PERP", *bracket_steps(Fraction(60_000)))],
        )
        figures: Mapping[str, str] = {
            "accountEquity": text(equity),
            "accountMaintMargin": text(needed),
            "uniMMR": text(equity / needed),
            "totalMarginOpenLoss": text(loss),
        }
        files = (
            portfolio_folder(rows, **figures) if kind == "retail" else pro_folder(rows, span=kind == "span", **figures)
        )
        (pool,) = reported(files).pools
        assert max(map(abs, pool.drift.values())) < 1e-6, pool.drift
        assert pool.quality is Quality.PARTIAL, "what loans, or SPAN, require is not known"
        (result,) = told(files).results().values()
        return result.equity, result.maintenance_margin
