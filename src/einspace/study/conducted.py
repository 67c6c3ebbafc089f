"""Conducted: the search that settings describe, as a command or a file gives them."""

from collections.abc import Callable, Sequence

from einspace.callbacks import Callback, Progress
from einspace.config import SearchSettings
from einspace.result import Result
from einspace.study.searching import search
from einspace.tasks import Task


def conduct(
    settings: SearchSettings,
    task: Task,
    progress: Callable[[Progress], None] | None = None,
    callbacks: Sequence[Callback] = (),
) -> Result:
    """Search with settings on a task that is loaded; see `search` for what happens and what it raises.

    Args:
        settings: Every option of the search, and where it runs.
        task: The task that `settings.task` names.
        progress: Hears how far the search is.
        callbacks: Hear of each new trial and of the end.
    """
    from einspace.executors import choose

    return search(
        task,
        **settings.arguments(),
        run=settings.run,
        proposer=settings.proposer,
        devices=settings.devices,
        storage=settings.storage,
        patience=settings.patience,
        progress=progress,
        callbacks=callbacks,
        executor=choose(settings.executor, settings.devices, settings.address, settings.cpus_per_trial, settings.gpus_per_trial),
    )
