"""Tasks: data sets with their metrics, recipes and baselines (appendices B.1 and B.2, table 4)."""

from collections.abc import Callable

from einspace.errors import UnknownNameError
from einspace.tasks.digits import adddigits, digits, multdigits
from einspace.tasks.metrics import ACCURACY, Metric
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Split, Task

TASKS: dict[str, Callable[[], Task]] = {
    "digits": digits,
    "adddigits": adddigits,
    "multdigits": multdigits,
}
"""Every task by its name. To add one is to add an entry."""


def names() -> tuple[str, ...]:
    """Names of all tasks, as `load_task` takes them.

    >>> names()[0]
    'digits'
    """
    return tuple(TASKS)


def load_task(name: str) -> Task:
    """Load a task, normalised and checked; raises UnknownNameError that proposes the nearest name."""
    if name not in TASKS:
        raise UnknownNameError("task", name, TASKS)
    return TASKS[name]()


__all__ = ["ACCURACY", "TASKS", "Metric", "Recipe", "Split", "Task", "load_task", "names"]
