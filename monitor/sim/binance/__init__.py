"""A simulated Binance USDⓈ-M: the REST paths and stream routes of 2026, on loopback."""

from monitor.sim.binance.server import SimBinance

__all__ = ["SimBinance"]
