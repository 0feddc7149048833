"""What alerts on ratios, lines, speed and time say."""

from __future__ import annotations

from math import inf

from monitor.alerts.reading import Words
from monitor.alerts.texts import say
from monitor.alerts.words import because, is_number, money, percent, price_text, sigmas_text, span
from monitor.alerts.words_sure import account_words, pool_words, position_words, room_left
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import Asset
from monitor.domain.reports import AccountReport, BurnReport, PoolReport, PositionReport


def margin_ratio(pool: PoolReport, now: float) -> Words:
    """A pool's margin ratio."""
    return pool_words(pool, _ratio(pool.ratio), now, room_left(pool))


def account_ratio(report: AccountReport, now: float) -> Words:
    """The margin ratio of an account's worst pool."""
    return account_words(report, say("ratio.of_account", ratio=_ratio(report.ratio)), now)


def _ratio(ratio: Ratio) -> str:
    if ratio.state is State.UNKNOWN or ratio.value is None:
        return say("ratio.unknown", because=because(ratio.reasons))
    if ratio.value == inf:
        return say("ratio.broke")
    return say("ratio.liquidatable" if ratio.state is State.LIQUIDATABLE else "ratio.at", ratio=percent(ratio.value))


def stage_ratio(pool: PoolReport, stage: str, ratio: Ratio, now: float) -> Words:
    """A stage beside liquidation."""
    if ratio.value is None:
        what = say("stage.unknown", stage=stage, because=because(ratio.reasons))
    elif ratio.value == inf:
        what = say("stage.broke", stage=stage)
    else:
        key = "stage.reached" if ratio.state is State.LIQUIDATABLE else "stage.at"
        what = say(key, stage=stage, ratio=percent(ratio.value))
    return pool_words(pool, what, now, room_left(pool))


def coin_distance(pool: PoolReport, coin: Asset, direction: Direction, sigmas: float | None, now: float) -> Words:
    """One coin moves in everything that it touches."""
    return pool_words(pool, _move(coin, direction, pool.coins[coin][direction], sigmas), now, room_left(pool))


def market_distance(pool: PoolReport, direction: Direction, sigmas: float | None, now: float) -> Words:
    """All coins move together."""
    what = _move(say("name.coins"), direction, pool.market[direction], sigmas)
    return pool_words(pool, what, now, room_left(pool))


def depeg_distance(pool: PoolReport, coin: Asset, direction: Direction, now: float) -> Words:
    """One stablecoin leaves its peg."""
    line = pool.depegs[coin][direction]
    if line.state is not State.AT or line.distance_ratio is None:
        return pool_words(pool, _move(coin, direction, line, None), now, room_left(pool))
    towards, distance = say(f"direction.{direction}"), percent(line.distance_ratio)
    what = say("line.peg", coin=coin, distance=distance, direction=towards, price=_at_price(line))
    return pool_words(pool, what, now, room_left(pool))


def _move(what: str, direction: Direction, line: Line, sigmas: float | None) -> str:
    towards = say(f"direction.{direction}")
    match line.state:
        case State.LIQUIDATABLE:
            return say("line.liquidatable")
        case State.NEVER:
            return say("line.never", what=what, direction=towards)
        case State.AT if line.distance_ratio is not None:
            return say(
                "line.at",
                what=what,
                distance=percent(line.distance_ratio),
                direction=towards,
                price=_at_price(line),
                sigmas=_sigmas(sigmas),
            )
        case _:
            return say("line.unknown", what=what, direction=towards, because=because(line.reasons))


def _at_price(line: Line) -> str:
    return "" if line.price is None else say("line.at_price", price=price_text(line.price))


def _sigmas(sigmas: float | None) -> str:
    return "" if sigmas is None or sigmas == inf else say("line.sigmas", sigmas=sigmas_text(sigmas))


def position_distance(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """One instrument moves alone."""
    loss = position.loss_to_line_usd
    takes = say("position.takes", usd=money(loss)) if is_number(loss) and position.line.state is State.AT else ""
    return position_words(pool, position, _reach(position), now, takes)


def _reach(position: PositionReport) -> str:
    line = position.line
    match line.state:
        case State.LIQUIDATABLE:
            return say("line.liquidatable")
        case State.NEVER:
            return say("position.never")
        case State.AT if line.distance_ratio is not None and line.price is not None:
            away, price = percent(line.distance_ratio), price_text(line.price)
            return say("position.at", distance=away, price=price, sigmas=_sigmas(position.distance_sigmas))
        case _:
            return say("position.unknown", because=because(line.reasons))


def line_sigmas(
    pool: PoolReport, what: str, direction: Direction, line: Line, sigmas: float | None, now: float
) -> Words:
    """A coin, or all coins for `what` "", in daily sigmas."""
    name, towards = what or say("name.coins"), say(f"direction.{direction}")
    if line.state is State.AT and is_number(sigmas):
        told = say("sigmas.what", what=name, direction=towards, told=_in_sigmas(line, sigmas))
    elif line.state is State.AT:
        told = say("sigmas.what", what=name, direction=towards, told=say("sigmas.unknown"))
    else:
        told = _move(name, direction, line, None)
    return pool_words(pool, told, now, room_left(pool))


def position_sigmas(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """A position in daily sigmas."""
    line, sigmas = position.line, position.distance_sigmas
    what = _in_sigmas(line, sigmas) if line.state is State.AT and is_number(sigmas) else _reach(position)
    return position_words(pool, position, what, now, room_left(pool))


def _in_sigmas(line: Line, sigmas: float) -> str:
    distance = "" if line.distance_ratio is None else percent(line.distance_ratio)
    return say("sigmas.at", sigmas=sigmas_text(sigmas), distance=distance, price=_at_price(line))


def room_usd(pool: PoolReport, room: float | None, now: float) -> Words:
    """What a pool may lose."""
    if room is None:
        return pool_words(pool, say("room.pool_unknown"), now)
    what = say("room.pool", usd=money(room)) if room > 0 else say("room.pool_gone")
    return pool_words(pool, what, now, room_left(pool))


def position_room_usd(pool: PoolReport, position: PositionReport, now: float) -> Words:
    """What a position may lose."""
    loss = position.loss_to_line_usd
    if is_number(loss):
        what = say("room.position", usd=money(loss), reach=_reach(position))
    else:
        what = say("room.position_unknown") if loss is None else _reach(position)
    return position_words(pool, position, what, now)


def worsening(pool: PoolReport, share: float, room: float, window: float, now: float) -> Words:
    """How fast the room shrinks."""
    what = say("worsening.lost", share=percent(share), window=span(window), left=money(max(0.0, room)))
    return pool_words(pool, what, now, room_left(pool))


def trend_time(pool: PoolReport, seconds: float | None, window: float, now: float) -> Words:
    """How long the room lasts if it goes on shrinking."""
    if seconds is None:
        return pool_words(pool, say("trend.unknown"), now)
    if not is_number(seconds):
        return pool_words(pool, say("trend.never", window=span(window)), now)
    what = say("trend.time", time=span(seconds), window=span(window))
    return pool_words(pool, what, now, f"{room_left(pool)} {say('trend.sure')}".strip())


def burn_time(pool: PoolReport, burn: BurnReport, now: float) -> Words:
    """How long until funding and interest liquidate."""
    if burn.seconds is None:
        what = say("burn.unknown", because=because(burn.reasons))
    elif is_number(burn.seconds):
        what = say("burn.time", time=span(burn.seconds))
    else:
        what = say("burn.never")
    pays = ""
    if burn.usd_per_day is not None:
        pays = say("burn.pays" if burn.usd_per_day >= 0 else "burn.gets", usd=money(abs(burn.usd_per_day)))
    return pool_words(pool, what, now, pays)


def ratio_after_payment(pool: PoolReport, burn: BurnReport, now: float) -> Words:
    """The margin ratio once the next funding or interest is paid."""
    after = burn.after_ratio
    if after is None or after.value is None:
        return _after(pool, burn, say("after.unknown", because=because(burn.reasons)), now)
    when = _when(burn, now)
    broke = after.value == inf
    what = say("after.broke", when=when) if broke else say("after.ratio", ratio=percent(after.value), when=when)
    return _after(pool, burn, what, now)


def distance_after_payment(pool: PoolReport, burn: BurnReport, now: float) -> Words:
    """The nearest line once the next funding or interest is paid."""
    line = burn.after_line
    if line is None or line.distance_ratio is None:
        what = say("after.unknown", because=because(burn.reasons))
    elif line.state is State.LIQUIDATABLE:
        what = say("after.line_liquidatable", when=_when(burn, now))
    elif line.state is State.NEVER:
        what = say("position.never")
    else:
        what = say("after.line", distance=percent(line.distance_ratio), when=_when(burn, now))
    return _after(pool, burn, what, now)


def _after(pool: PoolReport, burn: BurnReport, what: str, now: float) -> Words:
    pays = "" if burn.next_usd is None else say("after.pays", usd=money(burn.next_usd))
    return pool_words(pool, what, now, f"{pays} {room_left(pool)}".strip())


def _when(burn: BurnReport, now: float) -> str:
    return "" if burn.next_time is None else say("after.when", time=span(max(0.0, burn.next_time - now)))
