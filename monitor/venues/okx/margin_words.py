"""What is said of a pool beside its figures."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Words:
    """What was assumed for a pool, and what makes it unknown; each once, in the order of its finding."""

    reasons: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def assume(self, why: str) -> None:
        """Something is missing or assumed: the figures stand, and this is said beside them."""
        self.reasons[why] = None

    def refuse(self, why: str) -> None:
        """The pool cannot be computed."""
        self.unknown[why] = None
