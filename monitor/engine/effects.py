"""What a change of the venue's tables does to an account: its pools before and after, at the same prices, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.errors import MarginwatchError
from monitor.domain.lines import Line, Ratio, State
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.domain.tables import CollateralTerms, Tables
from monitor.engine.accounts import AccountState, counts_collateral
from monitor.engine.notices import named
from monitor.engine.tables import tiers_of
from monitor.margin.advice import nearest
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices

MOVED_RATIO = 1e-6  #: by less than this of itself a figure has not changed


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a pool stands: maintenance in `asset`, its margin ratio, and the nearest of its lines."""

    maintenance: float | None
    asset: Asset
    ratio: Ratio
    line: Line


class Effects:
    """Computes pools as described by whatever tables, at the prices of now."""

    def __init__(self, prices: Prices, stablecoins: Collection[Asset], betas: Mapping[Asset, float]) -> None:
        self._prices, self._stablecoins, self._betas = prices, stablecoins, betas

    def standings(self, account: AccountKey, pools: Sequence[Pool]) -> dict[PoolKey, Standing]:
        """Where these pools of an account would stand; empty if they cannot be computed."""
        book = Book(self._prices, self._stablecoins)
        try:
            book.replace(account, pools)
            results = evaluate(book, betas=self._betas)
        except MarginwatchError:
            return {}
        return {
            pool.key: Standing(result.maintenance_margin, pool.numeraire, result.ratio, nearest(result))
            for pool in pools
            for result in (results[pool.key],)
        }


def changed_tiers(state: AccountState, before: Tables, after: Tables) -> tuple[str, str] | None:
    """Key and words of the notice where positions held got other tiers. The first that are read are no others."""
    changed = sorted(
        {key.symbol for key, held in state.positions if tiers_of(before, held) not in (None, tiers_of(after, held))}
    )
    return (named(changed), f"the maintenance tiers of {', '.join(changed)} changed") if changed else None


def changed_rates(state: AccountState, before: Tables, after: Tables) -> tuple[str, str] | None:
    """Key and words of the notice where assets held count at other rates: not in every mode they do."""
    if not counts_collateral(state.readable):
        return None
    told = []
    for asset, balance in sorted(state.balances):
        old, new = before.rates.get(asset), after.rates.get(asset)
        if balance.wallet and old is not None and new is not None and old != new:
            told.append(
                (asset, f"{asset} counts {new.positive_rate:.4g} of its price instead of {old.positive_rate:.4g}")
            )
    return (named([asset for asset, _ in told]), "; ".join(text for _, text in told)) if told else None


def changed_collateral(state: AccountState, before: Tables, after: Tables) -> tuple[str, str] | None:
    """Key and words of the notice where assets held, or owed, count otherwise: not in every mode they do."""
    if not counts_collateral(state.readable):
        return None
    told = []
    for asset, balance in sorted(state.balances):
        old, new = before.collateral.get(asset), after.collateral.get(asset)
        if _differ(old, new) and (balance.wallet or balance.borrowed):
            told.append((asset, _terms_words(asset, old, new)))
    return (named([asset for asset, _ in told]), "; ".join(text for _, text in told)) if told else None


def _differ(old: CollateralTerms | None, new: CollateralTerms | None) -> bool:
    """Whether the venue counts an asset otherwise. Loan terms are read when they are needed: to know them now, or not
    to know them any more, is no change of theirs.
    """
    if old is None or new is None:
        return old is not new
    if old.borrow is None or new.borrow is None:
        return (old.steps, old.by_value) != (new.steps, new.by_value)
    return old != new


def _terms_words(asset: Asset, old: CollateralTerms | None, new: CollateralTerms | None) -> str:
    if new is None:
        return f"{asset} is not among what the venue takes as collateral any more"
    if old is None:
        return f"{asset} is among what the venue takes as collateral now"
    if (old.steps, old.by_value) == (new.steps, new.by_value):
        return f"what is required of borrowed {asset} changed"
    first, before = new.steps[0][1], old.steps[0][1]
    if first != before:
        return f"{asset} counts {first:.4g} of its price instead of {before:.4g}{' at first' * (len(new.steps) > 1)}"
    return f"the amounts from which {asset} counts less as collateral changed"


def effect_words(before: Mapping[PoolKey, Standing], after: Mapping[PoolKey, Standing]) -> Iterator[str]:
    """For each pool that stands otherwise now: what became of it."""
    for key, new in after.items():
        old = before.get(key)
        if old is None or old.maintenance is None or new.maintenance is None:
            yield f"{key.pool}: by how much is unknown"
            continue
        moved = [
            words
            for words in (
                _maintenance(old.maintenance, new.maintenance, new.asset),
                _ratio(old.ratio, new.ratio),
                _line(old.line, new.line),
            )
            if words
        ]
        if moved:
            yield f"{key.pool}: {', '.join(moved)}"


def _moved(old: float, new: float) -> bool:
    return abs(new - old) > MOVED_RATIO * max(abs(old), abs(new))


def _maintenance(old: float, new: float, asset: Asset) -> str:
    if not _moved(old, new):
        return ""
    by = f" ({new / old - 1.0:+.1%})" if old > 0.0 else ""
    return f"maintenance goes from {old:.8g} to {new:.8g} {asset}{by}"


def _ratio(old: Ratio, new: Ratio) -> str:
    if old.value is None or new.value is None or not _moved(old.value, new.value):
        return ""
    return f"the margin ratio from {old.value:.2%} to {new.value:.2%}"


def _line(old: Line, new: Line) -> str:
    if old == new or (old.price is not None and new.price is not None and not _moved(old.price, new.price)):
        return ""
    return f"the nearest line from {_where(old)} to {_where(new)}"


def _where(line: Line) -> str:
    if line.price is not None and line.distance_ratio is not None:
        return f"{line.price:.8g} ({line.distance_ratio:.2%} away)"
    return {State.NEVER: "none", State.LIQUIDATABLE: "liquidation now"}.get(line.state, "unknown")
