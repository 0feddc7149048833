"""Hyperliquid: see README.md beside this file."""
