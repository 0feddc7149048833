"""OKX: see README.md beside this file."""
