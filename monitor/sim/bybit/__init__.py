"""A simulated Bybit (unified account) on loopback. See README.md beside this file."""

from monitor.sim.bybit.holdings import MarginMode
from monitor.sim.bybit.server import Cadence, SimBybit

__all__ = ["Cadence", "MarginMode", "SimBybit"]
