"""From a numeric vector (what a venue printed, with its inputs) to a pool and back to the figure it prints.

Fees, ready-made maintenance amounts and rounding are a venue's own and belong here; the kernel knows none of them.
Inputs that say `account_equity` or `account_value` are equity at the mark; without a mark, the mark is the entry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.domain.lines import Line, State
from monitor.domain.tiers import flat
from monitor.margin.pool import Basis, Leg, Pool
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool

KINDS = ("linear-mark-mm", "linear-entry-mm", "linear-current-mark-mm", "inverse-mark-mm", "inverse-entry-mm")

WALLETS = (
    "isolated_wallet_usdt",
    "cross_wallet_usdt",
    "margin_usdt",
    "isolated_margin_usdc",
    "pos_margin_usdt",
    "assigned_balance_usdt",
    "wallet_usdt",
    "margin_eth",
)
SIZES = ("qty_base", "contracts_usd")
CONTRACT_SIZES = (
    "quanto_multiplier_base",
    "multiplier_base",
    "contract_size_base",
    "contract_value_base",
    "contract_value_usd",
)
DEDUCTIONS = ("maintenance_amount_usdt", "maintenance_deduction_usdc", "mm_deduction_usdt")
EQUITIES = ("account_equity_usdt", "account_value_usdc")


class Unsupported(Exception):
    """A vector that lacks an input; the message names it."""


@dataclass(frozen=True)
class Outcome:
    """What came of one vector. `error` is relative, 0 where both sides say «none», inf where only one does."""

    name: str
    expected: float | None
    ours: float | None
    error: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether our figure is the venue's, to the tolerance that comes with the vector."""
        return self.error <= self.tolerance


def belongs(vector: Mapping[str, Any]) -> bool:
    """Whether the vector is a liquidation price of one of the five kinds."""
    return str(vector["formula"]).startswith(KINDS)


def run(vector: Mapping[str, Any]) -> Outcome:
    """Build the pool, ask the kernel, print as the venue prints, compare."""
    built, market, symbol = describe(vector)
    answer = position(ask(built, market), symbol)
    ours = printed(vector, answer.down if vector["side"] == "long" else answer.up)
    expected = vector["expected"]["liquidation_price"]
    if expected is None or ours is None:
        error = 0.0 if expected is ours else math.inf
    else:
        error = abs(ours - expected) / abs(expected)
    return Outcome(vector["id"], expected, ours, error, max(vector["tolerance"], 1e-12))


def describe(vector: Mapping[str, Any]) -> tuple[Pool, Market, str]:
    """The pool of a vector, its market, and the symbol whose line is asked for."""
    given = vector["inputs"]
    if "positions" in given:
        return whole_account(vector)
    leg = single_leg(vector)
    mark = given.get(first(given, ("mark_price_usdt", "mark_price_usd"), optional=True), leg.entry)
    built = pool(leg, cash=wallet(vector, leg, mark), numeraire=leg.settle)
    return built, Market({leg.symbol: mark}), leg.symbol


def single_leg(vector: Mapping[str, Any]) -> Leg:
    """The one leg of a vector, with its requirement on the basis that the formula's name says."""
    given, formula = vector["inputs"], str(vector["formula"])
    size = (
        given["contracts"] * given[first(given, CONTRACT_SIZES)] if "contracts" in given else given[first(given, SIZES)]
    )
    signed = size if vector["side"] == "long" else -size
    entry = given[next(name for name in given if name.startswith("entry_price"))]
    more: dict[str, Any] = {"basis": basis_of(formula), "fee_basis": basis_of(formula)}
    if "pos_maint_usdt" in given:
        more |= {"tiers": flat(0.0), "constant_requirement": given["pos_maint_usdt"]}
    else:
        name = first(given, DEDUCTIONS, optional=True)
        more["tiers"] = flat(given["mmr"], given.get(name, 0.0))
    if "+taker" in formula:
        more["fee_rate"] = given["taker_fee"]
    if "+liquidation fee" in formula:
        more["fee_rate"] = given["liquidation_fee_rate"]
    if basis_of(formula) is Basis.SNAPSHOT:
        more["snapshot_mark"] = given["mark_price_usdt"]
    return (
        inverse("ETHUSD", signed, entry, **more)
        if vector["contract"] == "inverse"
        else linear("COINUSDT", signed, entry, **more)
    )


def wallet(vector: Mapping[str, Any], leg: Leg, mark: float) -> float:
    """What the pool holds without unrealised profit, in the settlement asset."""
    given, formula = vector["inputs"], str(vector["formula"])
    if "margin=value/leverage" in formula:
        return float(given["position_value_usdt"] / given["leverage"])
    if "contracts/bust*taker" in formula:
        closing_fee = given["contracts_usd"] / given["bankruptcy_price_usd"] * given["taker_fee"]
        return float(given["position_im_incl_close_fee_eth"] - closing_fee)
    equity = first(given, EQUITIES, optional=True)
    if equity in given:
        return float(given[equity] - leg.quantity * (mark - leg.entry))
    return float(given[first(given, WALLETS)])


def whole_account(vector: Mapping[str, Any]) -> tuple[Pool, Market, str]:
    """An account of several positions: wallet and entries, or value and signed sizes at the venue's own marks."""
    given = vector["inputs"]
    if "cross_wallet_usdt" in given:
        legs = [
            linear(
                row["symbol"],
                row["qty_base"] if row["side"] == "long" else -row["qty_base"],
                row["entry_price_usdt"],
                tiers=flat(row["mmr"], row["maintenance_amount_usdt"]),
            )
            for row in given["positions"]
        ]
        marks = {row["symbol"]: row["mark_price_usdt"] for row in given["positions"]}
        return pool(*legs, cash=given["cross_wallet_usdt"]), Market(marks), given["target"]
    marks = {row["symbol"] + "USDC": row["position_value_usdc"] / abs(row["szi"]) for row in given["positions"]}
    legs = [
        linear(
            symbol,
            row["szi"],
            marks[symbol],
            basis=Basis.SNAPSHOT,
            snapshot_mark=marks[symbol],
            tiers=flat(row["mmr"]),
        )
        for row in given["positions"]
        for symbol in [row["symbol"] + "USDC"]
    ]
    built = pool(*legs, cash=given["account_value_usdc"], numeraire="USDC")
    return built, Market(marks), given["target"] + "USDC"


def basis_of(formula: str) -> Basis:
    """Which price the requirement follows."""
    if formula.startswith("linear-current-mark-mm"):
        return Basis.SNAPSHOT
    return Basis.ENTRY if formula.startswith(("linear-entry-mm", "inverse-entry-mm")) else Basis.MARK


def printed(vector: Mapping[str, Any], line: Line) -> float | None:
    """The line as the venue prints it: rounded, or pushed out by a safety buffer; None where no price liquidates."""
    if line.state is State.NEVER:
        return None
    if line.price is None:
        return math.nan
    price = line.price
    buffer = vector["inputs"].get("buffer_fraction")
    if buffer is not None:
        away = 1.0 if vector["side"] == "long" else -1.0
        price += away * abs(vector["inputs"]["entry_price_usdt"] - price) * buffer
    rounding = vector.get("rounding")
    if rounding is not None:
        ticks = price / rounding["tick"]
        assert rounding["mode"] == "up", f"{vector['id']}: no rule for rounding {rounding['mode']}"
        price = math.ceil(round(ticks, 6)) * rounding["tick"]
    return price


def first(given: Mapping[str, Any], names: tuple[str, ...], *, optional: bool = False) -> str:
    """The first of the names that the inputs have."""
    found = next((name for name in names if name in given), None)
    if found is None:
        if optional:
            return ""
        raise Unsupported(f"none of {', '.join(names)} among its inputs")
    return found


def table(outcomes: list[Outcome], left_out: Mapping[str, str]) -> str:
    """What ran, how well, and what was left out and why."""
    worst = max(outcomes, key=lambda outcome: outcome.error / outcome.tolerance)
    lines = [f"numeric vectors: {sum(o.holds for o in outcomes)} of {len(outcomes) + len(left_out)}"]
    lines += [f"  {o.name:<40} venue {o.expected!s:>20} ours {o.ours!s:>22} error {o.error:.1e}" for o in outcomes]
    lines += [f"  {name:<40} left out: {why}" for name, why in left_out.items()]
    lines.append(
        f"  largest share of its tolerance: {worst.name}, relative error {worst.error:.2e} of {worst.tolerance:.0e}"
    )
    lines.append(f"  largest relative error: {max(o.error for o in outcomes):.2e}")
    return "\n".join(lines)
