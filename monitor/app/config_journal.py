"""The keys of the journal, and where it and the store stand when no folder is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from monitor.app.config_keys import Count, Seconds, Section, key
from monitor.app.config_sources import Source, find_file, read_environment, read_toml
from monitor.domain.errors import ConfigError, ConfigMissing, ConfigRefused

SERVICE_FOLDER = Path("/var/lib/marginwatch/journal")  #: where a service that systemd starts has it
MIB = 1024 * 1024
NO_HOME = "no home folder is known here: name a whole path"
Bytes = Annotated[int, Field(ge=65_536)]
Raw = Literal["all", "private", "none"]


class Journal(Section):
    """The flight recorder: everything that came in and what was decided, for `marginwatch replay` and `journal`."""

    enabled: bool = key(True, "whether it is kept at all")
    directory: str = key(
        "", "folder to write into; empty: journal under $STATE_DIRECTORY or ~/.local/state/marginwatch"
    )
    raw: Raw = key("all", "which frames and answers are kept as they came: all, private (of accounts), none")
    max_bytes: Bytes = key(2048 * MIB, "bytes that all segments together may take; the oldest are removed first")
    max_age_seconds: Seconds = key(1_209_600.0, "seconds of running since its end after which a segment is removed")
    segment_bytes: Bytes = key(64 * MIB, "bytes after which a new segment begins; at most half of max_bytes")
    segment_seconds: Seconds = key(3_600.0, "seconds after which a new segment begins")
    queue_records: Count = key(50_000, "records that may wait for the disk; raw ones fill at most half of it")
    queue_bytes: Bytes = key(32 * MIB, "bytes of records that may wait for the disk; raw ones fill at most half of it")

    @field_validator("directory")
    @classmethod
    def _place(cls, value: str) -> str:
        if value and not value.startswith(("/", "~")):
            raise ValueError("must begin with / or ~: a service has no folder that it could be relative to")
        return value

    @model_validator(mode="after")
    def _room_for_two_segments(self) -> Self:
        if self.segment_bytes > self.max_bytes // 2:
            raise ValueError(
                f"segment_bytes = {self.segment_bytes} must be at most half of max_bytes = {self.max_bytes}, "
                "else nothing would be left when a segment is removed"
            )
        return self


def journal_folder(named: str, environ: Mapping[str, str]) -> Path:
    """The folder that is named, else the usual place. ConfigError where there is no home to put it into."""
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given and not named:
        return Path(given) / "journal"
    state = environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):  # the XDG specification: one that is relative is passed over
        state = str(Path(environ.get("HOME") or "~") / ".local" / "state")
    try:
        return Path(named).expanduser() if named else Path(state).expanduser() / "marginwatch" / "journal"
    except RuntimeError:
        raise ConfigError("journal.directory", named, NO_HOME) from None


def store_file(named: str, environ: Mapping[str, str]) -> Path:
    """The store in the folder that is named, else beside the journal's usual place. ConfigError as above."""
    try:
        return (Path(named).expanduser() if named else journal_folder("", environ).parent) / "marginwatch.db"
    except (RuntimeError, ConfigError):
        raise ConfigError("store.directory", named, NO_HOME) from None


def journal_found(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Where a monitor with this configuration has its journal, or would have it.

    Nothing of the configuration is read but the name of the folder, so that who may not read its secrets, or has broken
    it, still finds what happened. Raises `ConfigRefused` for a file that is no TOML, `ConfigMissing` if it was named.
    """
    toml = Source()
    try:
        toml = read_toml(find_file(given, environ))
    except ConfigMissing:
        if given is not None:
            raise
    if toml.mistakes:
        raise ConfigRefused(tuple(toml.mistakes))
    named = ""
    for tree in (toml.tree, read_environment(environ).tree):  # the later one wins
        table: Any = tree.get("journal")
        found: Any = table.get("directory") if isinstance(table, dict) else None
        named = found if isinstance(found, str) and found else named
    usual = journal_folder(named, environ)
    return SERVICE_FOLDER if not named and not _is_there(usual) and _is_there(SERVICE_FOLDER) else usual


def _is_there(folder: Path) -> bool:
    """Whether a folder is there; also if only its owner may see that, as with a service's: who reads it is told so."""
    try:
        return folder.is_dir()
    except PermissionError:
        return True
