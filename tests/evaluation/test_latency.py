"""Facts about the measurement of a network's latency."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from tests.study_samples import RECIPE, small_task
from torch import Tensor, nn

from einspace.evaluation import Evaluation, Outcome, Request, Work
from einspace.evaluation import latency as module
from einspace.evaluation.attempt import attempt
from einspace.evaluation.latency import BUDGET, PASSES, WARM_UP, latency, measured
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Report
from einspace.tasks.metrics import Metric
from einspace.tasks.task import Task


class Clocked(nn.Module):
    """Takes as long as it was told, of a clock that nothing else moves, and notes how it was called."""

    def __init__(self, seconds: Sequence[float]) -> None:
        super().__init__()
        self.seconds = iter(seconds)
        self.now = 0.0
        self.calls: list[tuple[int, bool, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append((len(x), self.training, torch.is_grad_enabled()))
        self.now += next(self.seconds)
        return x


def timed(monkeypatch: pytest.MonkeyPatch, seconds: Sequence[float]) -> tuple[float, Clocked]:
    network = Clocked(seconds)
    monkeypatch.setattr(module, "perf_counter", lambda: network.now)
    return latency(network, torch.zeros(1, 4)), network


def test_the_fastest_pass_after_the_warm_up_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sample, in evaluation mode and without gradients; the passes of the warm-up count for nothing, however fast they are."""
    found, network = timed(monkeypatch, [0.0] * WARM_UP + [0.004, 0.002, *[0.003] * PASSES])
    assert found == pytest.approx(0.002)
    assert network.calls == [(1, False, False)] * (WARM_UP + PASSES)


def test_a_slow_network_is_measured_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pass begins after the budget; but there are two, of which the first one, which may compile or allocate, does not count."""
    found, network = timed(monkeypatch, [90.0, 70.0, 60.0])
    assert (found, len(network.calls)) == (70.0, 2)
    found, network = timed(monkeypatch, [BUDGET / 6.5] * 20)
    assert found == pytest.approx(BUDGET / 6.5)
    assert len(network.calls) == 7


def test_a_failed_measurement_says_why() -> None:
    """What cannot take a batch of one has no latency."""

    class Several(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if len(x) == 1:
                raise RuntimeError("expected more than one sample\nand more")
            return x

    assert measured(Several(), torch.zeros(1, 4)) == (None, "the latency was not measured: RuntimeError: expected more than one sample")


def test_an_evaluation_in_a_search_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed measurement costs no score. A final training, a pruned one, and one whose loss became NaN are not measured."""
    task, request = small_task(), Request("[[im2col(k=3,s=1,p=1) linear(d=16) col2im] relu]")

    def evaluate(request: Request, task: Task = task, report: Report | None = None) -> Evaluation:
        return attempt(request, Work(TaskObjective(task, RECIPE), task.input), report=report)

    good = evaluate(request)
    assert good.latency is not None
    assert good.latency > 0
    assert evaluate(replace(request, final=True)).latency is None
    pruned = evaluate(request, report=lambda epoch, score, loss: False)
    assert (pruned.outcome, pruned.latency) == (Outcome.PRUNED, None)
    lost = evaluate(request, replace(task, metric=Metric("nothing", True, lambda outputs, targets: float("nan"))))
    assert (lost.outcome, lost.latency) == (Outcome.NAN, None)
    monkeypatch.setattr(module, "latency", lambda network, sample: torch.empty(1).view(7))
    failed = evaluate(request)
    assert failed.reason.startswith("the latency was not measured: RuntimeError: ")
    assert replace(failed, reason="", seconds=good.seconds) == replace(good, latency=None)
