"""marginwatch: a daemon that always knows how far every account is from liquidation, and says so first."""

__version__ = "0.1.0"
