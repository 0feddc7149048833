"""Write the dashboards: `python -m deploy.grafana [DIR]`, without DIR into the folder `dashboards` beside this file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana import account, feeds, group, overview, own, position

FOLDER = Path(__file__).parent / "dashboards"


def written() -> Mapping[str, str]:
    """Every dashboard as JSON, by the name of its file."""
    boards = (overview, account, position, group, feeds, own)
    return {
        f"{each.UID.removeprefix('marginwatch-')}.json": json.dumps(
            each.board().build(), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for each in boards
    }


def main(folder: Path) -> None:
    """Write them all, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in written().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
