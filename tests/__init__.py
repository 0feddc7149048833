"""Tests read like a specification: each names a situation, not a function."""
