"""Bybit's words, and what its accounts come to."""
