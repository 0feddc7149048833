"""State and step: marks, accounts, who holds what; freshness; ours against the venue's. Pure: time is an argument."""
