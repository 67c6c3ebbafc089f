"""What a training of a search with rungs does: its rate, its scores at rungs, and where it ends."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import torch
from torch import nn

from einspace import EinSpace, Feature, Regression
from einspace.evaluation.attempt import attempt
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.optimisation import schedule_of
from einspace.evaluation.outcome import RUNGS, Bounds, Context, Evaluation, Outcome, Request
from einspace.evaluation.work import Work
from einspace.tasks import ACCURACY, Recipe, Split, Task
from einspace.tasks.metrics import SQUARED_ERROR

RECIPE = Recipe(epochs_search=8, epochs_final=8, batch_size=16, learning_rate=0.05, weight_decay=0.0, warmup=0.1)
TEXT = "[[im2col(k=3,s=1,p=1) linear(d=4) col2im] relu]"


def task(regression: bool = False) -> Task:
    """Two classes of samples that differ in their mean, or the mean itself."""
    rng = np.random.default_rng(0)
    y = np.arange(64) % 2
    x = (rng.normal(size=(64, 1, 4, 4)) + 1.5 * y[:, None, None, None]).astype(np.float32)
    split = Split(x, y.astype(np.float32)[:, None] if regression else y)
    target, metric = (Regression(1), SQUARED_ERROR) if regression else (2, ACCURACY)
    fields = {"name": "means", "input": Feature((1, 4, 4)), "target": target, "metric": metric, "recipe": RECIPE}
    return Task(**fields, train=split, valid=split, test=split)  # type: ignore[arg-type]


def evaluated(rungs: Bounds | None, regression: bool = False, recipe: Recipe = RECIPE, long: bool = False) -> Evaluation:
    mine = task(regression)
    context = Context(rungs=rungs, long=long)
    return TaskObjective(mine, recipe).evaluate(EinSpace(mine.input).parse(TEXT), context)


@pytest.mark.parametrize(("warmup", "rising"), [(0.0, 0), (0.2, 4), (0.99, 19)])
def test_the_rate_rises_stays_and_decays(warmup: float, rising: int) -> None:
    """Of 20 steps a share rises, the last four fall along a line to zero, and the rate is the recipe's in between."""
    weight = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=0.4)
    schedule = schedule_of(optimiser, replace(RECIPE, warmup=warmup), 20, stable=True)
    rates = []
    for _ in range(20):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    falling = min(4, 20 - rising)
    rise, fall = [(step + 1) / (rising + 1) for step in range(rising)], [1 - step / falling for step in range(falling)]
    assert rates == pytest.approx([0.4 * rate for rate in (*rise, *[1.0] * (20 - rising - falling), *fall)])
    assert optimiser.param_groups[0]["lr"] == 0


def test_early_epochs_do_not_depend_on_how_many_there_are() -> None:
    """At a constant rate the first epochs of a training of eight are those of a training of twelve; along a cosine they are not."""
    recipe, more = replace(RECIPE, warmup=0.0), replace(RECIPE, warmup=0.0, epochs_search=12)
    one, other = (evaluated((), recipe=given).losses for given in (recipe, more))
    assert one[:6] == other[:6]
    assert evaluated(None, recipe=recipe).losses[:6] != evaluated(None, recipe=more).losses[:6]


@pytest.mark.parametrize("regression", [False, True])
def test_a_score_at_a_rung_decides_and_changes_nothing_else(regression: bool) -> None:
    """What reaches its bounds is trained as without rungs, at the same rate; scores at rungs are turned so that more is better."""
    free = evaluated((), regression)
    scored = evaluated(((2, None), (4, None)), regression)
    assert (scored.outcome, scored.value, scored.losses) == (Outcome.OK, free.value, free.losses)
    assert RUNGS not in free.extra
    at_rungs = dict(scored.extra[RUNGS])
    assert list(at_rungs) == [2, 4]
    assert all(score < 0 if regression else 0.5 <= score <= 1 for score in at_rungs.values())
    exactly = evaluated(((2, at_rungs[2]), (4, at_rungs[4])), regression)
    assert (exactly.outcome, exactly.value) == (Outcome.OK, free.value)
    for epoch, bounds in ((2, ((2, at_rungs[2] + 0.01), (4, None))), (4, ((2, at_rungs[2]), (4, at_rungs[4] + 0.01)))):
        stopped = evaluated(bounds, regression)
        assert (stopped.outcome, stopped.value, stopped.losses) == (Outcome.PRUNED, None, free.losses[:epoch])
        assert dict(stopped.extra[RUNGS]) == {at: score for at, score in at_rungs.items() if at <= epoch}
        assert stopped.reason.startswith(f"stopped at the rung after epoch {epoch} of 8, with ")
        assert stopped.latency is None


def test_a_training_of_final_length_has_no_rungs() -> None:
    """The race trains along a cosine, as the recipe says."""
    assert evaluated(None, long=True).losses == evaluated(None).losses != evaluated(()).losses


def test_a_score_that_is_no_number_does_not_reach_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stored as null, and the trial ends as stopped, not as good."""
    monkeypatch.setattr(Task, "score", lambda *_: float("nan"))
    stopped = evaluated(((2, -inf),))
    assert (stopped.outcome, stopped.extra[RUNGS]) == (Outcome.PRUNED, [[2, None]])


def test_a_worker_gets_the_rungs_with_its_request() -> None:
    """No message but the request and the evaluation, which can be written and read back."""
    mine = task()
    found = attempt(Request(TEXT, rungs=((2, 1.01), (4, None))), Work(TaskObjective(mine, RECIPE), mine.input))
    assert (found.outcome, len(found.losses)) == (Outcome.PRUNED, 2)
    assert Evaluation.from_json(found.to_json()) == found


def test_averaged_weights_are_scored_at_rungs() -> None:
    """Where the recipe averages weights: the scores are those of a network that holds the average, and the training goes on as without."""
    averaging = replace(RECIPE, averaging=0.9)
    free, scored = evaluated((), recipe=averaging), evaluated(((2, None),), recipe=averaging)
    assert (scored.value, scored.losses) == (free.value, free.losses)
    short = replace(averaging, epochs_search=2, warmup=0.0)
    assert dict(evaluated(((2, None),), recipe=short).extra[RUNGS])[2] == evaluated((), recipe=short).value
