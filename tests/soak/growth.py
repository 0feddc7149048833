"""What grows: the size of every container that can be reached from some objects, by the path that leads to it.

Paths stand for all objects of a kind: keys of tables are left out, and what is reached in several ways counts once,
where it was met first. So a leak shows as a path whose total only ever rises, whoever made it.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

PASSED_OVER = (
    type,
    types.ModuleType,
    types.BuiltinFunctionType,
    types.CodeType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    asyncio.AbstractEventLoop,
)
ATOMS = (str, bytes, int, float, complex, bool, type(None), range)
SLACK = 8  #: entries that a table may have more than before and count as the same: what is open just now


def sizes(roots: Mapping[str, object]) -> dict[str, int]:
    """The number of entries of all containers, by path. Full rings (a deque with a bound) count as their bound."""
    found: dict[str, int] = {}
    seen: set[int] = set()
    alive: list[object] = []  # what an attribute made for us must not be freed: its number would be used again
    queue: deque[tuple[str, object]] = deque(roots.items())
    while queue:
        path, one = queue.popleft()
        if isinstance(one, (*ATOMS, *PASSED_OVER)) or id(one) in seen:
            continue
        seen.add(id(one))
        alive.append(one)
        size = size_of(one)
        if size is not None:
            found[path] = found.get(path, 0) + size
        queue.extend(_parts(path, one))
    return found


def size_of(one: object) -> int | None:
    """How many entries a container holds, or may hold if it is bounded; None for what is no container."""
    if isinstance(one, deque):
        return len(one) if one.maxlen is None else one.maxlen
    if isinstance(one, np.ndarray):
        return int(one.size)
    if isinstance(one, (dict, list, set, frozenset, tuple, bytearray, asyncio.Queue)):
        return one.qsize() if isinstance(one, asyncio.Queue) else len(one)
    return None


def _parts(path: str, one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        for value in list(one.values()):
            yield f"{path}{{}}", value
    elif isinstance(one, (list, tuple, set, frozenset, deque)):
        for value in list(one):
            yield f"{path}[]", value
    elif isinstance(one, np.ndarray):
        if one.dtype == object:
            for value in one.tolist():
                yield f"{path}[]", value
    elif isinstance(one, types.MethodType):
        yield f"{path}()", one.__self__
    elif isinstance(one, types.FunctionType):
        for cell in one.__closure__ or ():
            yield f"{path}()", _content(cell)
    elif type(one).__name__ == "partial":
        yield from ((f"{path}().{name}", getattr(one, name)) for name in ("func", "args", "keywords"))
    else:
        yield from ((f"{path}.{name}", value) for name, value in _attributes(one))


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _attributes(one: object) -> Iterator[tuple[str, Any]]:
    for kind in type(one).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                real = f"_{kind.__name__.lstrip('_')}{name}" if name.startswith("__") else name
                if hasattr(one, real):
                    yield name, getattr(one, real)
    yield from getattr(one, "__dict__", {}).items()


def growing(checkpoints: Sequence[Mapping[str, int]], factor: float = 1.0) -> dict[str, tuple[int, int]]:
    """Paths that are never again as small as they once were at their largest: (largest early, smallest late).

    The first and the last third are compared, and neither may be of fewer than two checkpoints. `factor`: how much
    larger they may be, where the run is too short to tell a busy hour from a leak.
    """
    third = max(2, len(checkpoints) // 3)
    if len(checkpoints) < 2 * third:
        raise ValueError(f"{len(checkpoints)} checkpoints say nothing about growth")
    early, late = checkpoints[:third], checkpoints[-third:]
    found = {}
    for path in {path for one in late for path in one}:
        most_early = max(one.get(path, 0) for one in early)
        least_late = min(one.get(path, 0) for one in late)
        if least_late > most_early * factor + SLACK:
            found[path] = (most_early, least_late)
    return found
