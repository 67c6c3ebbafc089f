"""Sharing: large arrays that a task has in memory lie once on the disk for all workers of this machine, who map them.

The file has no name: it is gone when the last process that has it open is, however that ends. It is written, not mapped, by the driver, so
that a full disk is an error and no signal.
"""

import os
import sys
import tempfile
import weakref
from dataclasses import replace
from multiprocessing.reduction import DupFd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.work import Work
from einspace.files.arrays import LARGE
from einspace.tasks.split import Split
from einspace.tasks.task import Task


def shared(work: Work) -> Work:
    """The work, with its task, if it has one, shared."""
    if not isinstance(work.objective, TaskObjective):
        return work
    return replace(work, objective=replace(work.objective, task=shared_task(work.objective.task)))


def shared_task(task: Task) -> Task:
    """The task, which sends large arrays to a process that is being started as open files; as it is where the disk has no room for them.

    Arrays that are mapped from files of their own are not copied. Workers may write to theirs, which no other sees.
    """
    if sys.platform == "win32":  # where an open file cannot lose its name
        return task
    try:
        splits = {name: _shared(split) for name, split in task.splits.items()}
    except OSError:
        return task
    return replace(task, train=splits["train"], valid=splits["valid"], test=splits["test"])


def _shared(split: Split) -> Split:
    lent = {name: _Lent(array) for name in ("x", "y") if _is_large(array := getattr(split, name))}
    return _SharedSplit(split, lent) if lent else split


def _is_large(array: NDArray[Any]) -> bool:
    return not isinstance(array, np.memmap) and array.nbytes >= LARGE


class _Lent:
    """An array in an open file, which unpickles as a mapping of the file. Raises OSError where there is no room."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.dtype, self.shape = array.dtype, array.shape
        with tempfile.TemporaryFile() as file:
            file.write(np.ascontiguousarray(array).data.cast("B"))
            file.flush()
            self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)

    def __reduce__(self) -> tuple[Any, ...]:
        return _mapped, (DupFd(self.descriptor), self.dtype, self.shape)


def _mapped(descriptor: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    with os.fdopen(descriptor.detach(), "rb") as file:
        return np.memmap(file, dtype, "c", 0, shape)


class _SharedSplit(Split):
    """A split with some arrays in open files, which unpickles as a plain split."""

    def __init__(self, split: Split, lent: dict[str, _Lent]) -> None:
        super().__init__(split.x, split.y)
        object.__setattr__(self, "lent", lent)

    def __reduce__(self) -> tuple[Any, ...]:
        lent: dict[str, _Lent] = self.__dict__["lent"]
        own = zip(("x", "y"), self.__getstate__(), strict=True)
        return object.__new__, (Split,), tuple(lent.get(name, value) for name, value in own)
