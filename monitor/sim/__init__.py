"""Simulated venues that speak the real wire protocols on loopback, with plain arithmetic of their own.

Nothing in the daemon knows of this package: it is reached through configured base URLs only. Its arithmetic shares no
line with `monitor.margin`, so that reconciling the two proves something.
"""
