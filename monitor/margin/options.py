"""Options: Black-76 at held volatility, and the requirement of a short. See docs/kernel.md, "Options"."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.columns import OptionColumns
from monitor.margin.dual import Dual, larger, positive

_erf = np.vectorize(erf, otypes=[np.float64])


def normal(x: Floats) -> Floats:
    """The standard normal distribution function."""
    return np.asarray(0.5 * (1.0 + _erf(x / sqrt(2.0))), np.float64)


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
    forward = options.underlying[which]
    deviation = options.volatility[which] * np.sqrt(np.maximum(options.years[which], 0.0))
    here = Dual(forward)
    there = moved * forward
    strike, call = options.strike[which], options.call[which]
    before, after = black76(here, strike, call, deviation), black76(there, strike, call, deviation)
    in_coin = options.in_coin[which]
    before, after = (before / here).where(in_coin, before), (after / there).where(in_coin, after)
    return positive(mark + (after - before))


def short_requirement(options: OptionColumns, which: Ints, value: Dual, moved: Dual) -> Dual:
    """What a short requires a unit: max(index_rate * S, mark_rate * V) + mark_add * V + index_add * S."""
    underlying = Dual(np.ones(len(which))).where(options.in_coin[which], moved * options.underlying[which])
    return (
        larger(underlying * options.index_rate[which], value * options.mark_rate[which])
        + value * options.mark_add[which]
        + underlying * options.index_add[which]
    )
