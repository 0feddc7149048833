"""`marginwatch top` in a real terminal, before a real `marginwatch demo`: from waiting for it to its end and back."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.browser.rig import Demo, free_port
from tests.top.terminal import Terminal, terminal
from tests.unit.cli.processes import COMMAND

GREEN = "\x1b[32m"
COLOUR = re.compile(r"\x1b\[[0-9;]*\b[34][0-8]\b")


def top(port: int) -> list[str]:
    return [COMMAND, "top", "--url", f"http://127.0.0.1:{port}"]


def alerts(demo: Demo) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{demo.url}/api/v1/alerts", timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())["alerts"]
    return found


@pytest.mark.timeout(300)  # two demos begin in it, each after the other
def test_a_demo_is_waited_for_watched_acknowledged_lost_and_found_again(tmp_path: Path) -> None:
    port = free_port()
    with terminal(tmp_path, top(port)) as window:
        window.shows(f"Waiting for the monitor at http://127.0.0.1:{port}", "no monitor answers")

        demo = Demo(port, tmp_path / "log")
        try:
            text = window.shows("live", "okx/desk SOL-US", "binance/main cross:USDT")
            assert max(map(len, text.splitlines())) <= 80
            window.until(lambda _: GREEN in window.line("cross:USDT"), "a calm pool in green")
            opens_a_pool_with_its_curve(window)
            acknowledges_an_alert(window, demo)
        finally:
            demo.stop()

        window.shows("not live since", "s): ")
        window.press("1")
        window.shows("cross:USDT")
        assert not COLOUR.search(window.line("cross:USDT")), "figures that are not live have a colour"

        again = Demo(port, tmp_path / "log")
        try:
            window.until(lambda text: "not live" not in text and "  live " in text, "live again")
            window.press("q")
            window.shows("ended with 0")
        finally:
            again.stop()


def opens_a_pool_with_its_curve(window: Terminal) -> None:
    window.press("Enter")
    window.shows("margin used", "esc back")
    window.run("resize-window", "-x", "100", "-y", "50")
    text = window.shows("Health curve of", "┤", "today", "░ liquidated")
    assert any("\u2800" < character <= "\u28ff" for character in text)
    window.press("Escape")
    window.shows("enter open")


def acknowledges_an_alert(window: Terminal, demo: Demo) -> None:
    window.press("2")
    window.until(lambda text: "firing" in text, "an alert")
    window.press("a")
    window.shows("Acknowledge: «I take care of it»")
    window.press("seen in the terminal", "Enter")
    window.until(lambda _: any(each["note"] == "seen in the terminal" for each in alerts(demo)), "the acknowledgement")
    assert [each["state"] for each in alerts(demo) if each["note"] == "seen in the terminal"] == ["acknowledged"]
    window.shows("acknowledged")


def test_with_no_color_there_is_none_and_signs_and_words_stay(tmp_path: Path) -> None:
    demo = Demo(free_port(), tmp_path / "log").ready()
    try:
        with terminal(tmp_path, top(demo.port), more={"NO_COLOR": "1"}) as window:
            window.shows("!!", "LIVE", "critical")
            assert not COLOUR.search(window.screen())
            window.press("Enter")
            window.shows("esc back", "LIVE")
            assert not COLOUR.search(window.screen())
    finally:
        demo.stop()
