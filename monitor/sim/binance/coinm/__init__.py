"""COIN-M futures: inverse contracts, each settled in its coin."""
