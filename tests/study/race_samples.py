"""A race between architectures of known worth, whose scores have known noise."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.study_samples import SAMPLED, SMALL, ThreadExecutor, score, small_task

from einspace import baselines
from einspace.evaluation.outcome import PARTS, Evaluation, Outcome, Request, Seconds
from einspace.executors.base import Executor
from einspace.result import Result
from einspace.study import search

RESNET = str(baselines.get("resnet8", (1, 8, 8)))


@dataclass
class World:
    """Architectures of known worth, whose scores have known noise: `worth` by text, between plus and minus `noise` around it."""

    worth: Callable[[str], float] = score
    noise: float = 0.02
    luck: float = 0.0
    """What architectures gain in the search alone, at most; the baseline gains nothing."""
    seconds: float = 0.001

    def __call__(self, request: Request) -> Evaluation:
        claimed = request.partition is None and not request.final
        drawn = 2 * score(f"{request.text}{request.seed}{request.partition}{request.long}") - 1
        value = (
            self.worth(request.text)
            + self.noise * drawn
            + (self.luck * score(f"luck {request.text}") if claimed and request.text != RESNET else 0.0)
        )
        parts = {} if request.partition is None else {PARTS: [value] * 8}
        return Evaluation(Outcome.OK, value, seconds=Seconds(train=self.seconds), extra=parts)


@dataclass
class Timed:
    """A world in which a training of the search takes 10 seconds, one of final epochs 30, and a final one, on twice the samples, 60."""

    world: World
    warm: float = 1.0
    """What re-evaluations and final trainings take, as a multiple of that."""
    late: float = inf
    """When a training of the search takes 20 seconds longer, once."""
    now: float = 0.0

    def __call__(self, request: Request) -> Evaluation:
        if self.now >= self.late:
            self.now, self.late = self.now + 20, inf
        took = (
            10.0
            if request.partition is None and not request.final
            else self.warm * (60.0 if request.final else 30.0 if request.long else 10.0)
        )
        self.now += took
        return replace(self.world(request), seconds=Seconds(train=took))


def failing(world: Callable[[Request], Evaluation], partitions: Collection[int], outcome: Outcome) -> Callable[[Request], Evaluation]:
    """A world in which the trainings on these partitions end so, but for those of the baseline."""

    def function(request: Request) -> Evaluation:
        found = world(request)
        failed = request.partition in partitions and request.text != RESNET
        return replace(found, outcome=outcome, value=None, reason=f"it ended as {outcome}") if failed else found

    return function


def baseline_is(worth: float, others: Callable[[str], float] = score) -> Callable[[str], float]:
    """Worth of the baseline, and of all others."""
    return lambda text: worth if text == RESNET else others(text)


def run(
    folder: Path,
    world: Callable[[Request], Evaluation],
    pooled: bool = True,
    executor: Executor | None = None,
    decisive: float = 0.5,
    **options: Any,
) -> Result:
    """A search in this world.

    Half of the task's pool is valid, and so it is in a decision unless `decisive` says otherwise: trainings take round numbers of seconds.
    """
    given: dict[str, Any] = {"trials": 12, "workers": 1, "limits": SMALL, "run": "test", "runs": folder, **SAMPLED, "race": None, **options}
    with patch("einspace.phases.race.DECISIVE", decisive):
        return search(replace(small_task(), one_pool=pooled), executor=executor or ThreadExecutor(world), **given)


def phases(result: Result, name: str) -> list[tuple[str, int]]:
    return [(trial.text, trial.seed) for trial in result.others if trial.phase == name]
