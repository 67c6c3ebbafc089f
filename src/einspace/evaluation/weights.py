"""Weights on disk: a trained network's state as safetensors, all of it or nothing."""

import os
from pathlib import Path

from torch import nn

from einspace.disk.drafts import draft_of
from einspace.evaluation.outcome import first_line
from einspace.networks.export.weights import weights
from einspace.networks.heads import Head
from einspace.space import Architecture
from einspace.tasks.task import Task

MOST = 2 * 2**30
"""Bytes of weights that come back from a worker on another machine."""


def keep_weights(network: nn.Module, path: str | os.PathLike[str], architecture: Architecture, task: Task, head: Head) -> str:
    """Write a trained network to `path`; returns "" or one line that says why it could not be done.

    The file is one that `export --format safetensors` writes: the weights, the constants of the normalisation under the names that
    `networks.raw` gives them, and a header that says what goes into the network.
    """
    notes = {
        "architecture": str(architecture),
        "head": str(head),
        "task": task.name,
        "classes": list(task.labels),
        "metric": {"name": task.metric.name, "higher_is_better": task.metric.higher_is_better},
        "key": architecture.key,
        "input": task.preprocessing.facts(architecture.input),
    }
    try:
        content = weights(task.preprocessing.around(network).flat_state(), notes)
    except Exception as error:  # noqa: BLE001 - a full memory raises many types of errors, and the score must not be lost
        return f"the weights were not kept: {first_line(error)}"
    return store_weights(content, path)


def store_weights(content: bytes, path: str | os.PathLike[str]) -> str:
    """Write a file of weights, whole or not at all, in a folder that is made if need be; returns "" or why it could not be done."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(target) as draft:
            draft.write_bytes(content)
    except OSError as error:
        return f"the weights were not kept: {first_line(error)}"
    return ""


def read_weights(path: Path) -> tuple[bytes | None, str]:
    """The content of a file of weights, for it to be sent to another machine; None where there is none, or too much of it, and why."""
    if not path.is_file():
        return None, ""
    size = path.stat().st_size
    if size > MOST:
        return None, f"the weights were not kept: they take {size:,} bytes, and at most {MOST:,} come back from a worker"
    return path.read_bytes(), ""
