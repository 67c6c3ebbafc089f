"""Facts about the seconds of a step that are measured before a search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
import torch
from tests.study_samples import RECIPE, small_task

from einspace import baselines
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context, Evaluation, NotANumber, Outcome
from einspace.evaluation.pace import LEAST, step_seconds
from einspace.space import Architecture

RESNET8 = baselines.get("resnet8", (1, 8, 8))


class Processor:
    """A clock of the processor, which only computing moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Processor:
    """The clock that the measurement reads: time in which this process does not compute is not on it."""
    clock = Processor()
    monkeypatch.setattr("einspace.evaluation.pace.process_time", clock)
    return clock


@dataclass(frozen=True)
class Steps(TaskObjective):
    """Trains by computing for so many seconds in each step, and then fails or is scored."""

    processor: Processor = field(default_factory=Processor)
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
            self.processor.now += seconds
        if self.fails is not None:
            raise self.fails
        before_batch()
        return Evaluation(Outcome.OK, 0.5)


def steps(processor: Processor, computes: Sequence[float], fails: Exception | None = None) -> Steps:
    return Steps(small_task(), RECIPE, processor=processor, computes=computes, fails=fails)


def test_a_step_takes_the_time_of_the_processor(processor: Processor) -> None:
    """The clock is that of the processor, the first steps are not counted, and two threads compute half as long as their sum."""
    slow_start = [0.05, 0.05, *[0.01] * 20]
    assert step_seconds(steps(processor, slow_start), RESNET8, {}, 10.0, 1) == pytest.approx(0.01)
    assert step_seconds(steps(processor, slow_start), RESNET8, {}, 10.0, 2) == pytest.approx(0.005)


@pytest.mark.parametrize(("seconds", "count"), [(0.0, LEAST), (0.105, 11)])
def test_a_measurement_ends_in_time(processor: Processor, seconds: float, count: int) -> None:
    """It has the least number of steps where these are slow, and as many as fit otherwise, of a thousand."""
    assert step_seconds(steps(processor, [0.01] * 1_000), RESNET8, {}, seconds, 1) == pytest.approx(0.01)
    assert processor.now == pytest.approx(0.01 * count)


@pytest.mark.parametrize(
    "fails", [NotANumber((float("nan"),)), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), KeyError("own")]
)
def test_a_network_that_fails_has_no_step(processor: Processor, fails: Exception) -> None:
    """Its trial will say why."""
    assert step_seconds(steps(processor, [0.0], fails), RESNET8, {}, 1.0, 1) is None


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
