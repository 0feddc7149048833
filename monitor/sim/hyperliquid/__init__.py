"""A simulated Hyperliquid: `POST /info` and the one socket, on loopback."""

from monitor.sim.hyperliquid.server import SimHyperliquid

__all__ = ["SimHyperliquid"]
