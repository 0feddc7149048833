"""A simulated OKX: the REST paths and sockets of its v5 protocol, on loopback."""

from monitor.sim.okx.server import SimOkx

__all__ = ["SimOkx"]
