"""The scrape configuration that we ship is one that Prometheus accepts, and it names our port."""

from __future__ import annotations

import subprocess

from tests.programs import ROOT, program

FILE = ROOT / "deploy" / "prometheus" / "prometheus.yml"


def test_prometheus_accepts_the_scrape_configuration() -> None:
    done = subprocess.run([program("promtool"), "check", "config", str(FILE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_scrapes_the_port_that_the_example_configuration_names() -> None:
    example = (ROOT / "config.example.toml").read_text()
    assert "# port = 9786" in example
    assert "127.0.0.1:9786" in FILE.read_text()
