"""Darcy Flow is scored and trained as NAS-Bench-360 does: known answers on fields that are solved from the equation."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace import Classification, Dense, RelativeDense, Task, load_task
from einspace.builders import Sizes, prepare
from einspace.errors import TaskError
from einspace.evaluation.training import predict, train
from einspace.networks import build
from einspace.space import EinSpace
from einspace.tasks.darcyflow import EPSILON, unit_gaussian

pytestmark = pytest.mark.slow

BORDER = np.ones((85, 85), dtype=bool)
BORDER[1:-1, 1:-1] = False


@pytest.fixture(scope="module")
def darcy(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Eighty fields on the grid of the task."""
    folder = tmp_path_factory.mktemp("data")
    prepare("darcyflow", data=folder, sizes=Sizes(48, 8, 24), resolution=85)
    return load_task("darcyflow", folder)


def noisy(task: Task, where: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
    """The truth with noise of a tenth of a deviation of each pixel of a region, as a network predicts it, and the targets of test."""
    _, targets = task.tensors(["test"])
    noise = torch.randn(targets.shape, generator=torch.Generator().manual_seed(0))
    return targets + 0.1 * noise * torch.from_numpy(where), targets


def test_the_mean_field_scores_a_quarter(darcy: Task) -> None:
    """A network that predicts 0 for every normalised target predicts the mean pressure of train: a relative l2 of about 0.25."""
    _, targets = darcy.tensors(["test"])
    assert darcy.score(targets * 0, targets) == pytest.approx(0.25, abs=0.04)


def test_a_tenth_of_a_deviation_is_nearly_right(darcy: Task) -> None:
    """The truth with noise of 0.1 deviations is a good prediction, all of whose mistake lies in the interior."""
    everywhere, inside, border = (darcy.score(*noisy(darcy, where)) for where in (BORDER | ~BORDER, ~BORDER, BORDER))
    assert 0.01 < everywhere < 0.05
    assert inside == pytest.approx(everywhere, rel=1e-3)
    assert border < 1e-3


def test_a_border_that_is_nearly_zero_is_a_border() -> None:
    """Pressures of 1e-19 on the edge, which rounding leaves there, weigh as little as those of 0."""
    rng = np.random.default_rng(0)
    u = rng.uniform(0.002, 0.014, size=(20, 1, 85, 85)).astype(np.float32)
    for rounding in (0.0, 1e-19):
        u[:, :, BORDER] = rounding * rng.normal(size=(20, 1, int(BORDER.sum())))
        normaliser = unit_gaussian(u)
        assert normaliser.deviation[:, :, BORDER[None][0]] == pytest.approx(EPSILON)
        restored = normaliser.restore(torch.from_numpy(normaliser.normalised(u)))
        assert np.allclose(restored, u, rtol=1e-5, atol=1e-9)


def test_a_medium_that_train_knows_in_one_state_stays_small() -> None:
    """A coefficient that is 12 in all of train and 3 in test becomes -9, not -900,000; the deviation is that of a sample."""
    fields = np.full((4, 1, 2, 2), 12, np.float32)
    fields[:2, 0, 0, 0] = 3
    normaliser = unit_gaussian(fields, constant=1.0)
    assert normaliser.normalised(np.full((1, 1, 2, 2), 3, np.float32))[0, 0, 1, 1] == pytest.approx(-9, abs=1e-3)
    assert normaliser.deviation[0, 0, 0, 0] == pytest.approx(np.std([3, 3, 12, 12], ddof=1) + EPSILON)


def test_the_loss_is_relative_l2_in_the_pressures_own_units(darcy: Task) -> None:
    """The head says relative l2; the task restores pressures before it, so the loss of a batch is the sum of what the score averages."""
    assert darcy.head == RelativeDense(1, (85, 85))
    assert darcy.kind == "dense"
    outputs, targets = noisy(darcy, ~BORDER)
    assert float(darcy.loss(outputs, targets)) == pytest.approx(len(targets) * darcy.score(outputs, targets), rel=1e-5)
    squared = darcy.with_head(Dense(1, (85, 85)))
    assert float(squared.loss(outputs, targets)) == pytest.approx(0.01 * float((~BORDER).mean()), rel=0.05)


def test_training_on_it_learns(darcy: Task) -> None:
    """At the learning rate and batch of table 4 the loss falls below that of the mean field, and the prediction keeps the border at 0."""
    network = build(EinSpace((1, 85, 85)).parse("[linear(d=32) [im2col(k=3,s=1,p=1) linear(d=32) col2im]]"), darcy.head)
    torch.manual_seed(0)
    x, y = darcy.tensors(["train"])
    losses = train(network, x, y, darcy.recipe, 6, torch.Generator().manual_seed(0), loss_of=darcy.loss)
    assert losses[-1] < losses[0]
    inputs, targets = darcy.tensors(["test"])
    outputs = predict(network, inputs, 8)
    assert darcy.score(outputs, targets) < darcy.score(targets * 0, targets)
    assert darcy.target_normaliser is not None
    assert float(darcy.target_normaliser.restore(outputs).detach()[:, :, BORDER].abs().max()) < 1e-4


def test_a_head_that_predicts_something_else_is_refused(darcy: Task) -> None:
    """A task takes another head of the same prediction, as the literal form of a classification's head (decision 001), and no other."""
    with pytest.raises(TaskError, match=r"its targets are \(1, 85, 85\), but the head Classification.* predicts \(10\,\)"):
        darcy.with_head(Classification(10))
    digits = load_task("digits")
    literal = digits.with_head(Classification(10, pool="paper"))
    assert literal.head == Classification(10, pool="paper")
    assert literal.classes == digits.classes
