"""Facts about the seconds of a step that are measured before a search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time, sleep

import pytest
import torch
from tests.study_samples import RECIPE, small_task

from einspace import baselines
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context, Evaluation, NotANumber, Outcome
from einspace.evaluation.pace import LEAST, step_seconds
from einspace.space import Architecture

RESNET8 = baselines.get("resnet8", (1, 8, 8))


@dataclass(frozen=True)
class Steps(TaskObjective):
    """Trains by waiting and by computing, for so many steps, and then fails or is scored."""

    waits: float = 0.0
    computes: Sequence[float] = ()
    fails: Exception | None = None

    def evaluate(
        self,
        architecture: Architecture,
        context: Context,
        on_epoch: Callable[[int, float], None] | None = None,
        before_batch: Callable[[], None] = lambda: None,
    ) -> Evaluation:
        for seconds in self.computes:
            before_batch()
            sleep(self.waits)
            end = process_time() + seconds
            while process_time() < end:
                pass
        if self.fails is not None:
            raise self.fails
        before_batch()
        return Evaluation(Outcome.OK, 0.5)


def steps(computes: Sequence[float], waits: float = 0.0, fails: Exception | None = None) -> Steps:
    return Steps(small_task(), RECIPE, waits=waits, computes=computes, fails=fails)


def test_a_step_takes_the_time_of_the_processor() -> None:
    """What other processes take away is no part of it, nor are the first steps; two threads compute half as long as their sum."""
    slow_start = [0.05, 0.05, *[0.01] * 20]
    assert step_seconds(steps(slow_start, waits=0.02), RESNET8, {}, 10.0, 1) == pytest.approx(0.01, rel=0.5)
    assert step_seconds(steps(slow_start), RESNET8, {}, 10.0, 2) == pytest.approx(0.005, rel=0.5)


def test_a_measurement_ends_in_time() -> None:
    """It has the least number of steps where these are slow, and as many as fit otherwise; both are far from all of them."""
    for seconds, most in ((0.0, LEAST), (0.1, LEAST + 10)):
        started = process_time()
        assert step_seconds(steps([0.01] * 1_000), RESNET8, {}, seconds, 1) is not None
        assert process_time() - started < 0.01 * most + 0.5


@pytest.mark.parametrize(
    "fails", [NotANumber((float("nan"),)), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), KeyError("own")]
)
def test_a_network_that_fails_has_no_step(fails: Exception) -> None:
    """Its trial will say why."""
    assert step_seconds(steps([0.0], fails=fails), RESNET8, {}, 1.0, 1) is None


def test_a_measurement_leaves_nothing_behind() -> None:
    """A real training gives a time over 0; chance and threads are afterwards what they were, and so is the trial."""
    task = small_task()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    threads = torch.get_num_threads()
    found = step_seconds(TaskObjective(task, RECIPE.override(epochs_search=20, batch_size=2)), RESNET8, {"grid": 2}, 0.05, 1)
    assert found is not None
    assert found > 0
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
