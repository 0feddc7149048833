"""Shared by all tests: how hypothesis behaves, and what is said about programs that are missing."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.programs import APT_PACKAGES

settings.register_profile("quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("quick"), derandomize=True, print_blob=True)
settings.register_profile("soak", parent=settings.get_profile("quick"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "quick"))

_TESTS = count()
#: Folders whose tests prove what stands around the pure packages: measuring them takes two to four times as long, and
#: tells nothing of those that other tests do not run through. `make coverage` measures every package in every test.
_NOT_MEASURED = {
    "browser", "channels", "deploy", "e2e", "grafana", "mqtt", "prometheus", "sim", "soak", "top", "wire",
}  # fmt: skip
_MEASURE_ALL = os.environ.get("MARGINWATCH_COVERAGE") == "all"
#: What tests are asked by the environment. All other names that begin like these are keys of the configuration.
_OF_TESTS = {f"MARGINWATCH_{name}" for name in ("ALERTMANAGER", "GOLDEN", "NODE_MODULES", "PICTURES", "PROMETHEUS")}


@pytest.fixture(autouse=True)
def _state_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A monitor that a test starts writes its journal beside no other's, and never into somebody's home.

    Nor is it configured by whoever runs the tests: names of theirs would be keys of every configuration.
    """
    for name in [name for name in os.environ if name.startswith("MARGINWATCH_") and name not in _OF_TESTS]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / f"state-{next(_TESTS)}"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure what tests of the pure packages run through, and of the others only where all is to be measured."""
    if _MEASURE_ALL:
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in _NOT_MEASURED:
            item.add_marker(pytest.mark.no_cover)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded, and the one line that installs every program that was missing."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "table":
                terminalreporter.write_line(text)
    missing = {
        name
        for report in terminalreporter.stats.get("skipped", [])
        for name in APT_PACKAGES
        if f"missing program: {name} " in str(report.longrepr)
    }
    if missing:
        packages = " ".join(sorted({APT_PACKAGES[name] for name in missing}))
        terminalreporter.write_line(
            f"Some tests were skipped. To run them: sudo apt-get install --no-install-recommends {packages}"
            "   (or: make test INSTALL=1)",
            yellow=True,
        )
