"""A simulated KuCoin: REST and sockets of its futures and spot hosts, on loopback."""

from monitor.sim.kucoin.publisher import Cadence
from monitor.sim.kucoin.server import SimKucoin

__all__ = ["Cadence", "SimKucoin"]
