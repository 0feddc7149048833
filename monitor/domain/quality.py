"""How far a report may be believed."""

from __future__ import annotations

from enum import StrEnum


class Quality(StrEnum):
    """From best to worst. The worse of two wins; every one but LIVE comes with reasons in words."""

    LIVE = "LIVE"
    PARTIAL = "PARTIAL"  #: computed, with something missing or assumed; figures are shown
    STALE = "STALE"  #: computed from data older than its limit; gauges vanish, page and API show the age
    UNKNOWN = "UNKNOWN"  #: not computed

    @property
    def figures_shown(self) -> bool:
        """Whether gauges may carry the figures."""
        return self in (Quality.LIVE, Quality.PARTIAL)


_ORDER = tuple(Quality)


def worst(*qualities: Quality) -> Quality:
    """The worst of the given qualities; LIVE if there is none."""
    return max(qualities, key=_ORDER.index, default=Quality.LIVE)
