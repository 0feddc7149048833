"""Portfolio margin: all that is eligible backs everything, once for each token that may be borrowed.

R(t) = offset + maintenance of all cross positions + what is borrowed of t, V(t) = t itself + the value of the other
collateral, each up to its supply cap and at its share, all of it together up to the borrow cap of t. The account is
liquidated when R / V passes its threshold for any t: the first pool is the USDC one, others are views of the same legs,
for tokens that are borrowed.

A row's total is net of what is borrowed; V counts what is held, and the loan stands in R alone. What losses take below
zero is borrowed at once: that is a requirement, and takes nothing from V.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.accounts import Balance, Position
from monitor.domain.names import Asset, PoolKey
from monitor.domain.tiers import flat
from monitor.margin.pool import INFINITE, Curve, Debt, Holding, Pool, Stage, Step, VenueFigures, VenueLine
from monitor.venues.fields import without_dust
from monitor.venues.hyperliquid.answers_tables import theta
from monitor.venues.hyperliquid.margin_terms import Terms, Words
from monitor.venues.hyperliquid.names import USDC, coin_of_token
from monitor.venues.hyperliquid.parameters import DEFAULTS

NAME = "portfolio-margin"
RATIO_NAME = "portfolio margin ratio"
SHOWN = "shown-ratio"  #: the stage at which the venue's own ratio is 1, beyond its threshold
GROUP = "borrow cap"
NO_CAP = 1e12  #: of a token whose borrow cap nobody tells
LENT_AGAINST: Mapping[Asset, str] = {"HYPE": "ltv_hype", "UBTC": "ltv_btc"}
"""Tokens that something is lent against where no answer says so, with their parameter. A namesake of a coin is none."""
BORROWABLE: Mapping[Asset, str] = {"USDC": "usdc", "USDT0": "usdt", "USDT": "usdt"}
"""Tokens that may be borrowed, with the name that their caps have among the parameters."""
CARRIED = "a loan: what the venue counts for it is not documented; its own ratio carries the requirement"
REBUILT = "a loan: what the venue counts for it is not documented, and no price in its answer lets its ratio carry it"
LOANED = "equity is the venue's liquidation value, from which what is owed is not taken off: it is worth less"
SEVERAL = "loans of several tokens: which of them the venue's ratio speaks of is not known"


@dataclass(frozen=True, slots=True)
class Eligible:
    """A token that counts: `amount` held, borrowed or not, without profit; `share` of its value as collateral of others
    (None: not known), up to `cap` of it; `worth` is its amount with profit at the answer's own marks.
    """

    asset: Asset
    balance: Balance
    amount: float
    worth: float
    share: float | None
    cap: float

    @property
    def coin(self) -> Asset:
        """What the kernel calls it: the coin, so that it moves with the coin's perpetual."""
        return coin_of_token(self.asset)

    @property
    def free(self) -> float:
        """What of `amount` backs other tokens: what is borrowed of it does not, if it lies there still."""
        return self.amount - min(self.balance.borrowed, max(0.0, self.amount))

    @property
    def free_worth(self) -> float:
        """The same of `worth`."""
        return self.worth - self.amount + self.free


def portfolio(terms: Terms, cross: Sequence[Position]) -> tuple[list[Pool], list[Position]]:
    """The pools, and the positions whose token is not eligible."""
    eligible = _eligible(terms, cross)
    together = [one for one in cross if (terms.settles(one) or USDC) in eligible]
    others = [one for one in cross if (terms.settles(one) or USDC) not in eligible]
    usdc = eligible.get(USDC)
    if usdc is None and not eligible and not together:
        return [], others
    owed = {asset: one.balance.borrowed for asset, one in eligible.items() if one.balance.borrowed > 0.0}
    first = PoolKey(*terms.account.key, NAME)
    pools = [_view(terms, USDC, first, None, eligible, together, owed)]
    for asset in sorted(owed):
        if asset != USDC:
            key = PoolKey(*terms.account.key, f"{NAME}:{asset}")
            pools.append(_view(terms, asset, key, first, eligible, together, owed))
    return pools, others


def _eligible(terms: Terms, cross: Sequence[Position]) -> dict[Asset, Eligible]:
    """What is held of tokens that may be borrowed or that something is lent against."""
    found: dict[Asset, Eligible] = {}
    for asset, balance in sorted(terms.account.balances.items()):
        share = _share(terms, asset, balance)
        if asset not in BORROWABLE and not balance.borrowed and (share is None or not balance.wallet):
            continue
        if not balance.wallet and not balance.borrowed and not balance.cross_wallet and asset != USDC:
            continue
        cash = _cash(terms, balance, at_risk={terms.settles(one) or USDC for one in cross})
        name = f"supply_cap_{BORROWABLE.get(asset, coin_of_token(asset).lower())}"
        cap = terms.parameter(name) if name in DEFAULTS else INFINITE
        worth = cash + (balance.venue_cross_unrealized_pnl or 0.0)
        found[asset] = Eligible(asset, balance, cash, worth, share, cap)
    return found


def _cash(terms: Terms, balance: Balance, *, at_risk: Collection[Asset]) -> float:
    """What is held of a token without profit. `at_risk`: tokens in which cross positions may lose.

    Nothing falls below zero without a loss: where no cross position can have made one and the venue tells of no loan
    and no danger, what is missing beside isolated positions lies between the frames of the two halves, and is none.
    """
    if balance.cross_wallet is None:
        return balance.wallet + balance.borrowed
    cash = without_dust(balance.cross_wallet + balance.borrowed, balance.cross_wallet, balance.borrowed)
    ratio = terms.account.venue.ratio
    calm = ratio is not None and ratio <= terms.parameter("portfolio_threshold")
    between = cash < 0.0 <= balance.wallet and not balance.borrowed and balance.asset not in at_risk
    return 0.0 if between and calm else cash


def _share(terms: Terms, asset: Asset, balance: Balance) -> float | None:
    """How much of its value counts: by the account's own row, else by the reserve, else by the parameters."""
    if balance.loan_to_value is not None:
        return theta(balance.loan_to_value) if balance.loan_to_value > 0.0 else None
    if terms.tables.collateral:
        known = terms.tables.collateral.get(asset)
        return None if known is None else known.steps[0][1]
    name = LENT_AGAINST.get(asset)
    return None if name is None else theta(terms.parameter(name))


def _view(
    terms: Terms,
    asset: Asset,
    key: PoolKey,
    view_of: PoolKey | None,
    eligible: Mapping[Asset, Eligible],
    positions: Sequence[Position],
    owed: Mapping[Asset, float],
) -> Pool:
    """The account seen from one token that may be borrowed."""
    words = Words()
    legs = terms.legs(positions, words)
    if asset not in eligible and legs:
        words.refuse(f"no balance of {asset} in the account")  # one that is not held has no row, but no position either
    collateral = [one for other, one in eligible.items() if other != asset]
    for one in collateral:
        if one.share is None and one.amount > 0.0:
            words.assume(f"no loan to value of {one.asset}: it counts nothing for {asset}")
    cap = terms.parameter(f"borrow_cap_{BORROWABLE[asset]}") if asset in BORROWABLE else NO_CAP
    if asset not in BORROWABLE:
        words.assume(f"what may be borrowed of {asset} at most is not known: no cap is counted")
    offset = _offset(terms, asset, eligible, words)
    debts: tuple[Debt, ...] = ()
    constant = offset
    if asset in owed:
        debts = (Debt(asset=coin_of_token(asset), amount=owed[asset], counted=False, requirement=flat(1.0)),)
        carried = _carried(terms, eligible, asset, cap, owed)
        words.assume(SEVERAL if len(owed) > 1 else REBUILT if carried is None else CARRIED)
        constant = offset if carried is None else carried
        if owed[asset] >= cap:
            words.assume(f"{asset} is borrowed up to its cap, where the venue falls back to ordinary margin")
    if owed:
        words.assume(LOANED)
    threshold = terms.parameter("portfolio_threshold")
    return Pool(
        key=key,
        numeraire=coin_of_token(asset),
        holdings=(_itself(asset, eligible), *(_as_collateral(one) for one in collateral)),
        debts=debts,
        legs=legs,
        caps=((GROUP, cap),) if collateral else (),
        constant_requirement=constant,
        stages=(*terms.stages(threshold), Stage(name=SHOWN)),
        primary=view_of is None,
        view_of=view_of,
        venue=_figures(terms, asset, eligible, positions, owed, primary=view_of is None),
        reasons=tuple(words.reasons),
        unknown=tuple(words.unknown),
    )


def _itself(asset: Asset, eligible: Mapping[Asset, Eligible]) -> Holding:
    """The token itself; below zero it is borrowed, and so required."""
    one = eligible.get(asset)
    amount = 0.0 if one is None else one.amount
    return Holding(asset=coin_of_token(asset), amount=amount, negative_rate=0.0, borrow=flat(1.0))


def _offset(terms: Terms, asset: Asset, eligible: Mapping[Asset, Eligible], words: Words) -> float:
    """The constant part of the requirement, which is told in dollars, in units of the token."""
    offset = terms.parameter("portfolio_offset_usdc")
    if asset in BORROWABLE:
        return offset
    price = eligible[asset].balance.price_usd
    if not price:
        words.refuse(f"no price of {asset} in the account's answer")
        return 0.0
    return offset / price


def _as_collateral(one: Eligible) -> Holding:
    """What another token counts: its share, up to its cap; what is owed of it counts whole."""
    share = (one.share or 0.0) if one.cap > 0.0 else 0.0
    steps = (Step(0.0, share),) if one.cap in (0.0, INFINITE) else (Step(0.0, share), Step(one.cap, 0.0))
    return Holding(asset=one.coin, amount=one.free, collateral=Curve(steps), cap_group=GROUP)


def _carried(
    terms: Terms, eligible: Mapping[Asset, Eligible], asset: Asset, cap: float, owed: Mapping[Asset, float]
) -> float | None:
    """The constant that makes the pool's ratio the venue's own at the answer's prices; None where it cannot be told.

    The venue's ratio times what we count, less what moves by itself: maintenance of positions and the loan.
    """
    ratio = terms.account.venue.ratio
    if ratio is None or len(owed) > 1 or asset not in BORROWABLE:
        return None
    counted = 0.0
    for other, one in eligible.items():
        if other == asset:
            continue
        price = one.balance.price_usd
        if price is None:
            return None
        worth = one.free_worth
        counted += max(0.0, min(worth, one.cap)) * price * (one.share or 0.0) + min(0.0, worth) * price
    maintenance = [one.balance.venue_maintenance_margin or 0.0 for one in eligible.values()]
    own = eligible[asset].worth
    # What is below zero is borrowed by now, too: it is required, and nothing is held.
    return ratio * (max(0.0, own) + min(cap, counted)) - sum(maintenance) - owed[asset] + min(0.0, own)


def _figures(
    terms: Terms,
    asset: Asset,
    eligible: Mapping[Asset, Eligible],
    positions: Sequence[Position],
    owed: Mapping[Asset, float],
    *,
    primary: bool,
) -> VenueFigures:
    """The venue's ratio is the worst over tokens: with one loan that of its token, with none that of the account; with
    several nobody knows. Its prices know one token alone: with loans or other collateral they speak of another account
    than the one that is liquidated, and are not compared.
    """
    speaks_of_it = set(owed) == {asset} or (primary and not owed)
    alone = not owed and not any(one.amount and one.share for other, one in eligible.items() if other != asset)
    one = eligible.get(asset)
    return VenueFigures(
        equity=one.balance.venue_margin_balance if one is not None and alone else None,
        ratio=terms.account.venue.ratio if speaks_of_it else None,
        ratio_name=RATIO_NAME,
        ratio_stage=SHOWN,
        lines=_lines(terms, positions) if alone and primary else (),
    )


def _lines(terms: Terms, positions: Sequence[Position]) -> tuple[VenueLine, ...]:
    """The venue prints where its ratio is 1, not at its threshold, by the formula of unified accounts, which knows no
    offset: that is a little further away.
    """
    offset, tolerance = terms.parameter("portfolio_offset_usdc"), terms.parameter("pooled_tolerance")
    found: list[VenueLine | None] = []
    for one in positions:
        sign = 1.0 if one.quantity > 0.0 else -1.0
        further = -sign * offset / (abs(one.quantity) * (1.0 - sign * terms.rate(one)))
        found.append(terms.line(one, tolerance, threshold=1.0, offset=further))
    return tuple(one for one in found if one is not None)
