"""Predictors without a search: a task's data, and a network with fresh weights."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from einspace.networks import build
from einspace.predictor import About, Predictor
from einspace.predictor.loading import made
from einspace.run.settings import of_task
from einspace.space import EinSpace
from einspace.tasks import Task

TEXTS = {
    3: "[[im2col(k=3,s=1,p=1) linear(d=8) col2im] [norm relu]]",
    2: "[linear(d=8) relu]",
}
"""A small architecture for images, and one for series."""

Arrays = tuple[NDArray[Any], Any]


def predictor_of(task: Task, seed: int = 0) -> Predictor:
    """A predictor of a task, whose weights follow from a seed."""
    architecture = EinSpace(task.input).parse(TEXTS[len(task.input.shape)])
    settings = {**of_task(task, task.recipe), "versions": {}}
    about = About.of_run(settings, str(architecture), architecture.key, None, run="none", preprocessing=task.preprocessing, grammar=None)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return made(about, build(architecture, task.head).state_dict())


def data(kind: str, count: int = 24) -> tuple[Arrays, dict[str, Any]]:
    """Raw samples and targets of a kind, as people have them, and what is said of them."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 6, 5, 3), dtype=np.uint8)
    series = rng.normal(300, 40, (count, 2, 9))
    cells = images[..., 0]
    found: dict[str, tuple[Arrays, dict[str, Any]]] = {
        "words": ((images, np.array(["cat", "dog", "emu"])[np.arange(count) % 3]), {"axes": "NHWC"}),
        "numbers": ((series, np.array([3, 7, 9])[np.arange(count) % 3]), {"axes": "NDS"}),
        "names": ((images, np.arange(count) % 2), {"axes": "NHWC", "labels": ("no", "yes")}),
        "grey": ((cells, np.arange(count) % 2), {"axes": "NHW"}),
        "multi-label": ((series.transpose(0, 2, 1), (rng.random((count, 4)) > 0.5).astype(int)), {"axes": "NSD"}),
        "regression": ((images, rng.normal(1e5, 300, count)), {"axes": "NHWC"}),
        "two numbers": ((series, rng.normal((-4, 1e3), (1, 99), (count, 2))), {"axes": "NDS"}),
        "mask": ((images, np.where(cells > 90, 255, 0)), {"axes": "NHWC"}),
        "segmentation": ((images, np.array([10, 20, 40])[cells % 3]), {"axes": "NHWC"}),
        "dense": ((images, images[..., :2] * 3.5 + 1000), {"axes": "NHWC", "target_axes": "NHWC"}),
    }
    return found[kind]


KINDS = ("words", "numbers", "names", "grey", "multi-label", "regression", "two numbers", "mask", "segmentation", "dense")


def task_of(kind: str) -> tuple[Task, Arrays]:
    """A task of that data, of which the last third is the test split, and that split as it was given."""
    (x, y), options = data(kind)
    valid, test = (x[8:16], y[8:16]), (x[16:], y[16:])
    return Task.from_arrays(x[:8], y[:8], valid=valid, test=test, baselines=(), name=kind.replace(" ", "-"), **options), test
