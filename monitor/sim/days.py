"""Days of the simulated Binance stand in `monitor.sim.binance.days`."""

from monitor.sim.binance.days import Days

__all__ = ["Days"]
