"""Real servers and tools that some tests run against, and what to do when one is not installed.

A stranger's machine may lack them: the tests that need one are skipped with the line that installs it. Continuous
integration sets MARGINWATCH_REQUIRE_PROGRAMS=1, which turns such a skip into a failure.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

APT_PACKAGES = {
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "chromium": "chromium",
    "node": "nodejs",
    "npm": "npm",
    "tmux": "tmux",
}

#: Asked once: a test's own environment has no name of the monitor's in it.
REQUIRED = os.environ.get("MARGINWATCH_REQUIRE_PROGRAMS") == "1"

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def program(name: str) -> str:
    """The path of an installed program; skips the calling test (or fails it, in CI) when it is missing."""
    for folder in (None, "/usr/sbin:/usr/local/sbin:/sbin"):
        path = shutil.which(name, path=folder)
        if path is not None:
            return path
    message = f"missing program: {name} (sudo apt-get install --no-install-recommends {APT_PACKAGES[name]})"
    if REQUIRED:
        pytest.fail(message)
    pytest.skip(message)


def shared(path: str) -> Path:
    """A file of recorded exchange data beside the checkout; skips the calling test when it is not there."""
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"no recorded data: {path} is not in the folder `shared` beside the checkout")
    return file
