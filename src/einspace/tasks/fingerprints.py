"""Fingerprints: short hashes of data and of source code, which differ where the same name stands for something else."""

import hashlib
import inspect
from functools import partial
from typing import Any

import numpy as np

from einspace.reading.scanning import chunks
from einspace.tasks.task import Task


def fingerprint(task: Task) -> str:
    """A short hash of all samples and labels: the same name may stand for other data."""
    digest = hashlib.sha256()
    for split in task.splits.values():
        for array in (split.x, split.y):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for chunk in chunks(array):
                digest.update(np.ascontiguousarray(chunk).data)
    return digest.hexdigest()[:16]


def source_of(thing: object) -> str | None:
    """A short hash of the source of a function or a class, and of what is bound to it; None where there is no source."""
    if isinstance(thing, partial):
        return _hash(f"{source_of(thing.func)} {thing.args!r} {sorted(thing.keywords.items())!r}")
    try:
        named = thing if inspect.isroutine(thing) or inspect.isclass(thing) else type(thing)
        return _hash(inspect.getsource(named))
    except (OSError, TypeError):
        return None


def name_of(thing: Any) -> str:
    """The name of a function or a class, as `module:name`."""
    while hasattr(thing, "func"):
        thing = thing.func
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}:{named.__qualname__}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
