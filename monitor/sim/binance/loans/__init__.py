"""Spot margin, cross (Classic and Pro) and isolated: accounts that owe instead of holding positions."""
