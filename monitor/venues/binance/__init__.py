"""Binance USDⓈ-M futures. The documents read, and the quirks met, stand in README.md beside this file."""
