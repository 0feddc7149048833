"""What alerts on limits, policies, trust in the figures, and keys say."""

from __future__ import annotations

from math import inf

from monitor.alerts.reading import Words
from monitor.alerts.texts import named, say
from monitor.alerts.words import account_name, because, message, money, percent, price_text, span, times
from monitor.alerts.words_sure import account_words, advice, pool_words, position_words, room_left
from monitor.domain.names import Asset
from monitor.domain.reports import AccountReport, CollateralReport, PoolReport, PositionReport


def deficit(pool: PoolReport, now: float) -> Words:
    """A negative balance with nothing open."""
    return pool_words(pool, say("deficit", usd=money(pool.deficit_usd)), now, do=say("deficit.do"))


def funds_at_risk(pool: PoolReport, now: float) -> Words:
    """What the liquidation of a pool takes."""
    usd = pool.funds_at_risk_usd
    what = say("risk.unknown") if usd is None else say("risk.pool", usd=money(usd))
    return pool_words(pool, what, now, room_left(pool), say("limit.do"))


def account_funds_at_risk(report: AccountReport, now: float) -> Words:
    """What the liquidation of all pools takes."""
    usd = report.funds_at_risk_usd
    return _limit(report, say("risk.unknown") if usd is None else say("risk.account", usd=money(usd)), now)


def account_gross(report: AccountReport, now: float) -> Words:
    """All positions together."""
    usd = report.gross_notional_usd
    return _limit(report, say("limit.unknown") if usd is None else say("gross", usd=money(usd)), now)


def account_net(report: AccountReport, now: float) -> Words:
    """Longs less shorts."""
    usd = report.net_notional_usd
    return _limit(report, say("limit.unknown") if usd is None else say("net", usd=money(usd)), now)


def account_leverage(report: AccountReport, now: float) -> Words:
    """All positions over what backs them."""
    value = report.effective_leverage_ratio
    return _limit(report, say("limit.unknown") if value is None else say("leverage", times=times(value)), now)


def _limit(report: AccountReport, what: str, now: float) -> Words:
    takes = ""
    if report.equity_usd is not None and report.gross_notional_usd is not None:
        takes = say("limit.passed", equity=money(report.equity_usd), gross=money(report.gross_notional_usd))
    return account_words(report, what, now, takes, say("limit.do"))


def one_sided_leverage(pool: PoolReport, value: float | None, now: float) -> Words:
    """One move takes the whole pool."""
    what = say("one_sided.unknown") if value is None else say("one_sided", times=times(value))
    do = " ".join(filter(None, (say("one_sided.do"), advice(pool))))
    return pool_words(pool, what, now, room_left(pool), do)


def auto_add_margin(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """The wallet stands behind an isolated position."""
    what = say("auto_add.on" if position.auto_add_margin else "auto_add.off")
    return position_words(pool, position, what, now, do=say("auto_add.do"))


def collateral_share(pool: PoolReport, held: CollateralReport, now: float) -> Words:
    """One asset among the collateral."""
    if held.share_ratio is None:
        return pool_words(pool, say("share.unknown", coin=held.asset), now)
    value = "" if held.value_usd is None else say("share.value", usd=money(held.value_usd))
    what = say("share", coin=held.asset, share=percent(held.share_ratio))
    return pool_words(pool, what, now, value, say("share.do"))


def collateral_depeg(report: AccountReport, coin: Asset, now: float) -> Words:
    """A stablecoin that is held is not worth 1 USD."""
    held = [(pool, each) for pool in report.pools for each in pool.collateral if each.asset == coin]
    price = next((each.price_usd for _, each in held if each.price_usd is not None), None)
    if price is None:
        return account_words(report, say("depeg.unknown", coin=coin), now)
    what = say("depeg", coin=coin, price=price_text(price), off=percent(abs(price - 1.0)))
    takes = say(
        "depeg.held",
        amount=f"{sum(each.amount for _, each in held):,.2f}",
        coin=coin,
        pools=", ".join(pool.key.pool for pool, _ in held),
        usd=money(sum(each.value_usd or 0.0 for _, each in held)),
    )
    return account_words(report, what, now, takes, say("depeg.do"))


def adl_rank(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """The queue of those who pay for others' losses with their profit."""
    return position_words(pool, position, say("adl", rank=position.adl_rank), now, do=say("adl.do"))


def position_cap(pool: PoolReport, position: PositionReport, share: float | None, now: float) -> Words:
    """Larger than the venue allows."""
    if share is None or position.notional_usd is None or position.cap_usd is None:
        return position_words(pool, position, say("cap.unknown"), now)
    size, cap = money(abs(position.notional_usd)), money(position.cap_usd)
    return position_words(pool, position, say("cap", share=percent(share), usd=size, cap=cap), now, do=say("cap.do"))


def delivery_near(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """A dated contract ends."""
    at = position.delivery_time
    if at is None:
        return position_words(pool, position, say("delivery.unknown"), now)
    what = say("delivery", time=span(at - now)) if at > now else say("delivery.past")
    return position_words(pool, position, what, now, do=say("delivery.do"))


def unexplained(report: AccountReport, share: float | None, now: float) -> Words:
    """Equity that changed without a known cause."""
    usd = report.unexplained_usd
    if usd is None or share is None:
        return account_words(report, say("unexplained.unknown"), now)
    if usd == 0.0:
        return account_words(report, say("unexplained.none"), now)
    what = say("unexplained.loss" if usd < 0 else "unexplained.gain", usd=money(abs(usd)), share=percent(share))
    told = say("unexplained.is", because=because((report.unexplained_text,)))
    return account_words(report, what, now, told, say("unexplained.do"))


def drift(pool: PoolReport, figure: str, value: float | None, now: float) -> Words:
    """Ours against the venue's, for a figure of the pool."""
    told = _drift(named(f"figure.{figure}", figure.replace("_", " ")), value)
    return pool_words(pool, told, now, do=say("drift.do"))


def position_drift(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """Ours against the venue's liquidation price."""
    figure, value = say("figure.liquidation_price"), position.drift_ratio
    if value is None and position.disagreement is not None:
        what = position.disagreement or say("drift.agrees", figure=figure)
    elif value is not None and abs(value) <= position.drift_tolerance_ratio:
        what = say("drift.within", figure=figure, drift=percent(value))
    else:
        what = _drift(figure, value)
    return position_words(pool, position, what, now, do=say("drift.do"))


def contradiction(pool: PoolReport, said: str, now: float) -> Words:
    """A figure of the pool that is zero for the venue and not for us: both sides' words."""
    return pool_words(pool, said, now, do=say("drift.do"))


def _drift(figure: str, value: float | None) -> str:
    if value is None:
        return say("drift.unknown", figure=figure)
    return say("drift", figure=figure, drift=percent(value))


def data_quality(pool: PoolReport, now: float) -> Words:
    """How far the pool's figures may be believed."""
    return pool_words(pool, say("quality", quality=pool.quality.value, because=because(pool.reasons)), now)


def account_down(report: AccountReport, now: float) -> Words:
    """The account's data is not fresh or not readable."""
    what = say("account.up") if report.up else say("account.down", because=because(report.reasons))
    read = say("account.never")
    if report.last_update is not None:
        read = say("account.read", age=span(now - report.last_update))
    return message(say("what", name=account_name(report.key), what=what), read)


def key_permission(report: AccountReport, state: str) -> Words:
    """What the account's key may do."""
    return message(say("what", name=account_name(report.key), what=say(f"key.{state}")), say("key.do"))


def key_expiry(report: AccountReport, seconds: float | None) -> Words:
    """The key dies soon."""
    if seconds is None or seconds == inf:
        when = say("expiry.unknown")
    else:
        when = say("expiry.in", time=span(seconds)) if seconds > 0 else say("expiry.past")
    return message(say("what", name=account_name(report.key), what=when), say("expiry.do"))
