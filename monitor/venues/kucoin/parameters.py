"""Numbers of the venue's rules that it does not publish, or that change: the user's settings go over these."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, float] = {}
MEANING: Mapping[str, str] = {}
"""What each is, with its unit, in one line."""
