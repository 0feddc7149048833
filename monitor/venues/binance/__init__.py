"""Binance: both futures, spot margin, portfolio margin. The documents read, and the quirks met, stand in README.md."""
