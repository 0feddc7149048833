"""Options: Black-76 at held volatility, and the requirement of a short. See docs/kernel.md, "Options"."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.columns import OptionColumns
from monitor.margin.dual import Dual, larger, positive


def normal(x: Floats) -> Floats:
    """The standard normal distribution function."""
    return 0.5 * (1.0 + np.array([erf(each) for each in (x / sqrt(2.0)).tolist()], np.float64))


def black76(forward: Dual, strike: Floats, call: Bools, deviation: Floats) -> Dual:
    """The undiscounted value of an option on `forward`; `deviation` = volatility * sqrt(years).

    call = F N(d1) - K N(d2), put = K N(-d2) - F N(-d1), d1 = ln(F / K) / deviation + deviation / 2, d2 = d1 -
    deviation; slope by F: N(d1), and N(d1) - 1 for a put. Without deviation it is worth max(0, +-(F - K)).
    """
    sign = np.where(call, 1.0, -1.0)
    spread = np.where(deviation > 0.0, deviation, 1.0)
    d1 = np.log(forward.v / strike) / spread + spread / 2.0
    first, second = normal(sign * d1), normal(sign * (d1 - spread))
    intrinsic = sign * (forward.v - strike)
    alive = deviation > 0.0
    value = np.where(alive, sign * (forward.v * first - strike * second), np.maximum(intrinsic, 0.0))
    delta = np.where(alive, sign * first, np.where(intrinsic > 0.0, sign, 0.0))
    value = np.where(np.isnan(deviation), np.nan, value)
    return Dual(value, None if forward.d is None else delta * forward.d)


def premium(options: OptionColumns, which: Ints, mark: Dual, moved: Dual) -> Dual:
    """An option's value when its underlying has moved by the factor `moved`: its mark plus what Black-76 at held
    volatility adds, never below zero. In units of the underlying where the option is priced in it.
    """
    return positive(mark + (_modelled(options, which, moved) - options.modelled[which]))


def modelled_now(options: OptionColumns) -> Floats:
    """What Black-76 makes of each option with its underlying where it was read."""
    every = np.arange(len(options.strike), dtype=np.intp)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _modelled(options, every, Dual(np.ones(len(every)))).v


def _modelled(options: OptionColumns, which: Ints, moved: Dual) -> Dual:
    """The value by Black-76 with the underlying moved, in units of it where the option is priced in it."""
    deviation = options.volatility[which] * np.sqrt(np.maximum(options.years[which], 0.0))
    there = moved * options.underlying[which]
    value = black76(there, options.strike[which], options.call[which], deviation)
    in_coin = options.in_coin[which]
    return (value / there).where(in_coin, value) if in_coin.any() else value


def short_requirement(options: OptionColumns, which: Ints, value: Dual, moved: Dual) -> Dual:
    """What a short requires a unit: max(index_rate * S, mark_rate * V) + mark_add * V + index_add * S."""
    underlying = Dual(np.ones(len(which))).where(options.in_coin[which], moved * options.underlying[which])
    return (
        larger(underlying * options.index_rate[which], value * options.mark_rate[which])
        + value * options.mark_add[which]
        + underlying * options.index_add[which]
    )
