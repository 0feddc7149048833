"""The simulated Bybit: its protocol, its arithmetic, its faults."""
