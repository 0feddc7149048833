"""What a run was made of: a replay gives the same bytes on the same build, the same numpy and the same kind of CPU."""

from __future__ import annotations

import platform
from functools import cache
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import monitor

_BUILD_BYTES = 16


@cache
def build() -> str:
    """A digest of the package's own sources, names and contents, in hexadecimal digits."""
    root = Path(monitor.__file__).parent
    found = blake2b(digest_size=_BUILD_BYTES)
    for file in sorted(root.rglob("*.py")):
        found.update(f"{file.relative_to(root)}\n".encode())
        found.update(file.read_bytes())
    return found.hexdigest()


@cache
def cpu() -> tuple[str, ...]:
    """The machine, and the features of its processor that numpy picks its loops by."""
    umath = import_module("numpy._core._multiarray_umath")  # nothing else tells what NPY_DISABLE_CPU_FEATURES left
    features: dict[str, bool] = getattr(umath, "__cpu_features__", {})
    return (platform.machine(), *sorted(name for name, found in features.items() if found))


def numpy_version() -> str:
    """The version of numpy that is installed."""
    return version("numpy")


def python_version() -> str:
    """The version of Python."""
    return platform.python_version()
