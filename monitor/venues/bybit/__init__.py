"""Bybit: see README.md beside this file."""
