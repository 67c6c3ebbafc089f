"""What Ray's workers evaluate in the tests."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import ray

from einspace.evaluation import Context, Evaluation, Outcome
from einspace.evaluation.objective import TaskObjective
from einspace.space import Architecture


def note(architecture: Architecture, context: Context, folder: Path) -> Evaluation:
    """Take a second and more, but for a final training, and write down where and on what it begins, and that it has ended."""
    place = folder / f"{time.time_ns()}-{os.getpid()}"
    node = ray.get_runtime_context().get_node_id()
    place.with_suffix(".begun").write_text(f"{node} {architecture}")
    time.sleep(0.0 if context.final else 1.5)
    place.with_suffix(".ended").write_text(f"{node} {architecture}")
    return Evaluation(Outcome.OK, value=len(str(architecture)) / 10_000, parameters=1)


@dataclass(frozen=True)
class Look(TaskObjective):
    """Sees a worker's arrays and GPUs."""

    def __call__(self, architecture: Architecture, context: Context) -> Evaluation:
        x = self.task.train.x
        shared = not x.flags.writeable and not x.flags.owndata
        return Evaluation(Outcome.OK, value=float(shared), reason=os.environ.get("CUDA_VISIBLE_DEVICES", ""))


@dataclass(frozen=True)
class Where(TaskObjective):
    """Writes the path that its weights are to have in place of weights."""

    def __call__(self, architecture: Architecture, context: Context) -> Evaluation:
        if context.files is not None:
            context.files.write_text(str(context.files))
        return Evaluation(Outcome.OK, value=0.5)


@dataclass(frozen=True)
class Begins(TaskObjective):
    """Says which weights it is to begin with, and what it finds there."""

    def __call__(self, architecture: Architecture, context: Context) -> Evaluation:
        assert context.inherits is not None
        found = context.inherits.read_text() if context.inherits.exists() else ""
        return Evaluation(Outcome.OK, value=0.5, extra={"path": str(context.inherits), "found": found})
