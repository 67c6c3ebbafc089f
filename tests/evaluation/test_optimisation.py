"""Options of a recipe: each does what it says, and without them training is that of appendix B.1, bit by bit."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from einspace import Architecture, EinSpace, Feature, Regression, build, evaluate
from einspace.errors import SettingError
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.optimisation import optimiser_of, schedule_of
from einspace.evaluation.outcome import Context
from einspace.evaluation.training import predict, train
from einspace.tasks import ACCURACY, Recipe, Split, Task
from einspace.tasks.metrics import SQUARED_ERROR

RECIPE = Recipe(epochs_search=3, epochs_final=4, batch_size=16, learning_rate=0.1, weight_decay=1e-4)
NORMED = "[[im2col(k=3,s=1,p=1) linear(d=4) col2im] [norm relu]]"
OPTIONS: list[dict[str, Any]] = [
    {"warmup": 0.2},
    {"clip": 0.1},
    {"nesterov": True},
    {"smoothing": 0.1},
    {"averaging": 0.9},
    {"optimizer": "adamw"},
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def samples(count: int = 50, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 2, (count,), generator=generator)
    return torch.randn(count, 2, 4, 4, generator=generator) + 0.6 * y[:, None, None, None], y


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 2))


def task(kind: str = "classification") -> Task:
    splits: list[Split] = []
    for number in range(3):
        x, y = samples(50, number)
        splits.append(Split(x.numpy(), y.numpy() if kind == "classification" else y.numpy().astype(np.float32)[:, None]))
    target, metric = (2, ACCURACY) if kind == "classification" else (Regression(1), SQUARED_ERROR)
    train, valid, test = splits
    return Task(name=kind, input=Feature((2, 4, 4)), target=target, metric=metric, recipe=RECIPE, train=train, valid=valid, test=test)


def test_without_options_training_is_that_of_the_paper() -> None:
    """The same losses and weights, bit by bit, as a loop that is written by hand: SGD with momentum and a cosine by the step."""
    (x, y), ours, theirs = samples(), network(), network()
    torch.manual_seed(1)
    losses = train(ours, x, y, RECIPE, 2, torch.Generator().manual_seed(5))
    torch.manual_seed(1)
    optimiser = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=8)
    generator, expected = torch.Generator().manual_seed(5), []
    for _ in range(2):
        order, total = torch.randperm(50, generator=generator), torch.zeros(())
        for chosen in torch.split(order, 16):
            loss = functional.cross_entropy(theirs(x[chosen]), y[chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += loss.detach() * len(chosen)
        expected.append(float(total) / 50)
    assert losses == expected
    assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_an_option_trains_otherwise_and_the_same_again(options: dict[str, Any], tmp_path: Path) -> None:
    """Each option gives other losses and weights than none, but for the average, which is taken of weights that are trained as usual.

    They are the same from the same seed, and a watched search trains and scores the same.
    """
    mine, kept = task(), tmp_path / "changed.safetensors"
    plain = TaskObjective(mine, RECIPE).evaluate(_text(mine), Context(files=tmp_path / "plain.safetensors"))
    changed = [
        TaskObjective(mine, RECIPE.override(**options)).evaluate(_text(mine), Context(watched=watched, files=kept))
        for watched in (False, False, True)
    ]
    assert changed[0].losses == changed[1].losses == changed[2].losses
    assert changed[0].value == changed[1].value == changed[2].value == changed[2].scores[-1]
    assert (changed[0].losses == plain.losses) == ("averaging" in options)
    weights = [load_file(file) for file in (kept, tmp_path / "plain.safetensors")]
    assert not any(torch.equal(value, weights[1][name]) for name, value in weights[0].items() if name.endswith("weight"))
    assert len(changed[2].scores) == 3


def _text(mine: Task) -> Architecture:
    return EinSpace(mine.input).parse(NORMED)


@pytest.mark.parametrize(("warmup", "rising"), [(0.0, 0), (0.3, 3), (0.04, 0), (0.99, 9)])
def test_the_rate_rises_linearly_and_falls_along_a_cosine(warmup: float, rising: int) -> None:
    """Of 10 steps a share rises to the recipe's rate, step i having i / (w + 1) of it; the last step is always the cosine's."""
    weight = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=0.4)
    schedule = schedule_of(optimiser, RECIPE.override(warmup=warmup), 10)
    rates = []
    for _ in range(10):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    rise = [0.4 * (step + 1) / (rising + 1) for step in range(rising)]
    fall = [0.2 * (1 + np.cos(np.pi * step / (10 - rising))) for step in range(10 - rising)]
    assert rates == pytest.approx([*rise, *fall])


def test_a_gradient_is_clipped_to_its_norm() -> None:
    """One step moves the weights by the rate times the norm; a smaller gradient is left as it is."""
    x, y = samples(16)
    for clip, scale in ((0.25, 1e3), (1e6, 1.0)):
        net = nn.Sequential(nn.Flatten(), nn.Linear(32, 2))
        before = [weight.detach().clone() for weight in net.parameters()]
        recipe = Recipe(1, 1, 16, 0.1, 0.0, momentum=0.0, clip=clip)
        train(net, x, y, recipe, 1, torch.Generator(), loss_of=partial(_scaled, scale))
        moved = torch.cat([(weight.detach() - old).flatten() for weight, old in zip(net.parameters(), before, strict=True)])
        assert (float(moved.norm()) == pytest.approx(0.1 * clip, rel=1e-3)) == (clip == 0.25)


def _scaled(scale: float, outputs: Tensor, targets: Tensor) -> Tensor:
    return scale * functional.cross_entropy(outputs, targets)


def test_optimisers_get_what_the_recipe_says() -> None:
    """AdamW has 0.04 of the rate of SGD and 100 times its decay, so that a factor of the rate means the same for both."""
    net = nn.Linear(2, 2)
    sgd = optimiser_of(net, RECIPE.override(nesterov=True))
    assert isinstance(sgd, torch.optim.SGD)
    assert [sgd.defaults[name] for name in ("lr", "momentum", "weight_decay", "nesterov")] == [0.1, 0.9, 1e-4, True]
    adamw = optimiser_of(net, RECIPE.override(optimizer="adamw", momentum=0.8))
    assert isinstance(adamw, torch.optim.AdamW)
    assert [adamw.defaults[name] for name in ("lr", "betas", "weight_decay")] == [pytest.approx(0.004), (0.8, 0.999), pytest.approx(0.01)]


def test_labels_are_smoothed_in_the_loss_of_training_alone() -> None:
    """The first loss is that of PyTorch's smoothed cross-entropy; a head without classes refuses before anything is trained."""
    mine = task()
    outputs, y = torch.randn(50, 2), torch.from_numpy(mine.train.y)
    torch.testing.assert_close(mine.loss(outputs, y, 0.2), functional.cross_entropy(outputs, y, label_smoothing=0.2))
    recipe = RECIPE.override(smoothing=0.2)
    smooth, plain = evaluate(NORMED, mine, recipe=recipe).evaluations[0], evaluate(NORMED, mine).evaluations[0]
    assert smooth.losses[0] is not None
    assert plain.losses[0] is not None
    assert smooth.losses[0] > plain.losses[0]
    with pytest.raises(SettingError, match=r"smoothing 0.2 is for the labels of a Classification: the head Regression\(outputs=1"):
        TaskObjective(task("regression"), recipe)
    with pytest.raises(SettingError, match=r"smoothing 0.3 is for the labels"):
        evaluate("[relu relu]", task("regression"), changes={"smoothing": 0.3})


def test_the_average_is_scored_with_statistics_of_its_own() -> None:
    """The weights in the end are the moving average over all steps, and batch norm has the mean over the samples under these weights."""
    (x, y), net, free = samples(64), network(), network()
    recipe = RECIPE.override(averaging=0.8, momentum=0.0)
    average: list[Tensor] = []

    class Recorded(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, given: Tensor) -> Tensor:
            outputs: Tensor = self.inner(given)
            return outputs

    step = torch.optim.SGD.step

    def recorded(self: torch.optim.SGD, closure: None = None) -> None:
        step(self, closure)
        now = [weight.detach().clone() for weight in self.param_groups[0]["params"]]
        average[:] = now if not average else [0.8 * old + 0.2 * new for old, new in zip(average, now, strict=True)]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(torch.optim.SGD, "step", recorded)
        torch.manual_seed(1)
        train(Recorded(net), x, y, recipe, 2, torch.Generator().manual_seed(0))
    for mine, theirs in zip(net.parameters(), average, strict=True):
        torch.testing.assert_close(mine, theirs)
    torch.manual_seed(1)
    train(free, x, y, RECIPE.override(momentum=0.0), 2, torch.Generator().manual_seed(0))
    assert not torch.allclose(net[0].weight, free[0].weight)  # type: ignore[index]
    features = net[0](x)  # type: ignore[index]
    torch.testing.assert_close(net[1].running_mean, features.mean((0, 2, 3)), rtol=0, atol=1e-5)  # type: ignore[index]
    assert net[1].momentum == 0.1  # type: ignore[index]


def test_the_weights_that_are_kept_are_those_that_were_scored(tmp_path: Path) -> None:
    """A network with averaged weights, read back from its file, scores what the evaluation says, batch norm included."""
    mine, file = task(), tmp_path / "w.safetensors"
    found = TaskObjective(mine, RECIPE.override(averaging=0.9)).evaluate(_text(mine), Context(files=file))
    net = build(_text(mine), mine.head)
    net.load_state_dict(load_file(file))
    x, y = mine.tensors(["valid"])
    assert mine.score(predict(net, x, 16), y) == found.value
