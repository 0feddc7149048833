"""Margin of options in a cross account that is not a portfolio-margin one: the venue's table, coin- and USD-margined.

Per unit of the underlying coin, in what the option is priced in; a long option needs nothing.
"""

from __future__ import annotations

from monitor.sim.okx.board import Prices
from monitor.sim.okx.listing import Instrument

INITIAL_HIGH, INITIAL_LOW, ORDER_LEAST = 0.15, 0.1, 0.1
_MAINTENANCE = {"BTC": 0.03, "ETH": 0.05}


def unit(instrument: Instrument, prices: Prices) -> float:
    """One coin in what the option is priced in: the coin itself, or its index in USD."""
    return prices.index(instrument) if instrument.in_usd else 1.0


def out_of_the_money_share(instrument: Instrument, prices: Prices) -> float:
    """How far the option is out of the money, as a share of the forward."""
    forward, strike = prices.forward(instrument), instrument.strike or 0.0
    return max(0.0, strike - forward if instrument.call else forward - strike) / forward


def short_initial(instrument: Instrument, prices: Prices, factor: float) -> float:
    """Initial margin of one coin's worth of a short option."""
    share = max(INITIAL_LOW, INITIAL_HIGH - out_of_the_money_share(instrument, prices))
    return share * factor * unit(instrument, prices) + prices.mark(instrument)


def short_maintenance(instrument: Instrument, prices: Prices, factor: float) -> float:
    """Maintenance of one coin's worth of a short option."""
    rate, mark = _MAINTENANCE.get(instrument.coin, 0.05), prices.mark(instrument)
    floor = rate * unit(instrument, prices)
    if not instrument.call:
        floor = max(floor, rate * mark)
    return floor * factor + mark


def sell_order_initial(instrument: Instrument, prices: Prices, factor: float, price: float) -> float:
    """What an order to sell to open freezes, beyond the premium that it brings."""
    return max(short_initial(instrument, prices, factor) - price, ORDER_LEAST * unit(instrument, prices))
