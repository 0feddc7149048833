"""The files for Prometheus and Alertmanager as texts. `python -m monitor.app.prometheus_files DIR` writes them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor.app.prometheus_rules import RuleOptions, alert_groups, recording_groups

_HEAD = (
    "# Made by `marginwatch rules export`: change the configuration and write it anew rather than edit it.\n"
    "# For Prometheus 2.42 and later (keep_firing_for).\n"
)


class _Dumper(yaml.SafeDumper):
    """Plain YAML; expressions of several lines as blocks, and nothing shared by reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # its signature
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _text)


def written(groups: list[dict[str, Any]]) -> str:
    """Groups of rules as a file."""
    return _HEAD + yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True)


def files(options: RuleOptions | None = None) -> Mapping[str, str]:
    """What is generated, by the name of the file."""
    options = options or RuleOptions()
    return {"recording.yml": written(recording_groups(options)), "rules.yml": written(alert_groups(options))}


if __name__ == "__main__":
    for _name, _content in files().items():
        (Path(sys.argv[1]) / _name).write_text(_content, encoding="utf-8")


__all__ = ["files", "written"]
