"""Files that are shipped beside the program: dashboards, rules. A wheel carries them inside, a checkout in `deploy`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.cli.codes import CannotCreate
from monitor.domain.errors import InputMissing

PACKAGE = Path(__file__).resolve().parent.parent


def shipped(room: str, package: Path = PACKAGE) -> Path:
    """The folder of one room, such as «grafana». Raises InputMissing where the installation lacks it."""
    for folder in (package / "shipped" / room, package.parent / "deploy" / room):
        if folder.is_dir():
            return folder
    raise InputMissing(
        f"the files of {room} are not in this installation: install marginwatch from a wheel or a checkout"
    )


def write(files: Mapping[Path, str]) -> None:
    """Write texts, with the folders that they need; a file of the same name is replaced, others stay.

    Raises CannotCreate with the path and the system's reason.
    """
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CannotCreate(f"cannot write {path}: {error.strerror or error}") from None


__all__ = ["PACKAGE", "shipped", "write"]
