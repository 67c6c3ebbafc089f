"""Runs with a race whose scores are made up, and whose final trainings are real ones: what one takes away has weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.study.race_samples import World, baseline_is
from tests.study_samples import SAMPLED, SMALL, ThreadExecutor

from einspace import Task
from einspace.evaluation.attempt import attempt
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Evaluation, Request
from einspace.evaluation.work import Work
from einspace.result import Result
from einspace.study import search

RNG = np.random.default_rng(0)
Y = np.arange(48) % 2
X = (RNG.standard_normal((48, 1, 8, 8)) + Y[:, None, None, None]).astype(np.float32)
WORDS = np.array(["dark", "bright"])[Y]


def bright(name: str = "bright") -> Task:
    """Dark images and bright ones; the last sixteen are the test split."""
    valid, test = (X[16:32], WORDS[16:32]), (X[32:], WORDS[32:])
    task = Task.from_arrays(X[:16], WORDS[:16], valid=valid, test=test, name=name, baselines=("resnet8",))
    return replace(task, one_pool=True, recipe=replace(task.recipe, epochs_search=1, epochs_final=2, batch_size=8))


def raced(folder: Path, worth: float, others: Callable[[str], float] = lambda text: 0.5, **options: Any) -> Result:
    """A run of 10 trials in which the baseline resnet8 is worth so much, and all others 0.5."""
    task, world = bright(), World(baseline_is(worth, others), noise=0.01)
    work = Work(TaskObjective(task, task.recipe), task.input)

    def function(request: Request) -> Evaluation:
        return attempt(request, work) if request.final else world(request)

    given: dict[str, Any] = {"trials": 10, "workers": 1, "limits": SMALL, "run": "mine", "runs": folder, **SAMPLED, "race": None}
    return search(task, executor=ThreadExecutor(function), **{**given, **options})
