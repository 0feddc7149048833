"""How the running monitor is named on the command line, the same for every command that speaks to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

UrlOption = Annotated[
    str | None, typer.Option("--url", help="Address of the running monitor; else as the configuration says.")
]
TokenOption = Annotated[
    Path | None, typer.Option("--token-file", help="File that holds the token; else as the configuration says.")
]
UserOption = Annotated[
    Path | None, typer.Option("--user-file", help="File that holds NAME:PASSWORD; else as the configuration says.")
]
CaOption = Annotated[
    Path | None, typer.Option("--ca-file", help="Who signed the monitor's certificate; else who signs for all.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file that says all this.")]
