"""A simulated Binance: both futures, spot margin and portfolio margin, as of 2026, on loopback."""

from monitor.sim.binance.server import SimBinance

__all__ = ["SimBinance"]
