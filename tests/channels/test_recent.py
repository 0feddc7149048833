"""A bounded memory."""

from __future__ import annotations

from monitor.outputs.channels.recent import Recent


def test_what_is_oldest_is_forgotten_and_what_is_put_again_is_new() -> None:
    recent: Recent[str, int] = Recent(limit=2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.put("a", 3)
    recent.put("c", 4)
    assert [recent.get(key) for key in "abc"] == [3, None, 4]
    recent.forget("a")
    recent.forget("a")
    assert recent.get("a") is None
