"""Spot margin, cross and isolated: accounts with loans instead of positions."""
