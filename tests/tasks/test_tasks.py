"""Tasks: the registry, the checks, the splits and what is stacked from digits."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
import torch

from einspace.errors import SettingError, TaskError, UnknownNameError
from einspace.features import Feature
from einspace.tasks import ACCURACY, TASKS, Metric, Recipe, Split, Task, load_task
from einspace.tasks.digits import SIZES, base_triples
from einspace.tasks.split import stratified
from einspace.tasks.task import RECIPE


def small(x: object = None, y: object = None) -> Split:
    return Split(
        np.zeros((4, 2, 3, 3), np.float32) if x is None else x,  # type: ignore[arg-type]
        np.array([0, 1, 0, 1]) if y is None else y,  # type: ignore[arg-type]
    )


def task_of(valid: Split) -> Task:
    return Task(name="small", input=Feature((2, 3, 3)), target=2, train=small(), valid=valid, test=small(), metric=ACCURACY, recipe=RECIPE)


PACKAGED = [name for name, entry in TASKS.items() if not entry.files]
"""Tasks that need no files."""


@pytest.mark.parametrize("name", PACKAGED)
def test_every_task_loads(name: str) -> None:
    """Every registered task loads under its own name, normalised, described, with every class in every split."""
    task = load_task(name)
    assert task.name == name
    assert task.description
    assert task.baselines
    for split in task.splits.values():
        if task.kind == "multi-label":
            assert split.y.any(axis=0).all()
        else:
            assert set(split.y.tolist()) == set(range(task.classes))
    axes = (0, 2, 3) if task.input.mode == "Im" else (0, 1)
    x = task.train.x.astype(np.float64)
    assert np.abs(x.mean(axis=axes)).max() < 1e-3
    assert np.abs(x.std(axis=axes) - 1).max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKAGED)
def test_tasks_are_deterministic(name: str) -> None:
    """The same name is the same data."""
    first, second = load_task(name), load_task(name)
    for one, other in zip(first.splits.values(), second.splits.values(), strict=True):
        assert np.array_equal(one.x, other.x)
        assert np.array_equal(one.y, other.y)


def test_unknown_name() -> None:
    """A misspelt name is answered with the nearest."""
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        load_task("digts")


@pytest.mark.parametrize(("name", "classes"), [("adddigits", 20), ("multdigits", 10)])
def test_stacked_digits(name: str, classes: int) -> None:
    """No image of a digit is in two splits, classes are balanced, labels follow the rule, and it is not sold as the original."""
    from sklearn.datasets import load_digits

    digit = load_digits().target
    triples = base_triples(name, classes)
    used = [set(rows.ravel().tolist()) for rows, _ in triples]
    assert not used[0] & used[1]
    assert not used[0] & used[2]
    assert not used[1] & used[2]
    task = load_task(name)
    assert task.input.shape == (3, 8, 8)
    assert f"not {name.removesuffix('digits').title()}NIST" in task.description
    for (rows, labels), split, size in zip(triples, task.splits.values(), SIZES, strict=True):
        expected = [int(sum(digit[row])) - 1 if name == "adddigits" else int(np.prod(digit[row])) % 10 for row in rows]
        assert labels.tolist() == expected == split.y.tolist()
        assert np.bincount(split.y).tolist() == [size // classes] * classes


def test_digits_as_series_are_the_same_digits() -> None:
    """Row by row, in the same splits with the same labels, so that what an image tells and what a series tells can be compared."""
    images, series = load_task("digits"), load_task("seqdigits")
    for split in ("train", "valid", "test"):
        assert np.allclose(series.splits[split].x.reshape(-1, 1, 8, 8), images.splits[split].x, atol=1e-6)
        assert np.array_equal(series.splits[split].y, images.splits[split].y)
    assert series.input.shape == (64, 1)


def test_stratified() -> None:
    """Parts are disjoint, complete and divide each class alike."""
    y = np.repeat(np.arange(3), [100, 50, 10])
    parts = stratified(y, (0.6, 0.2, 0.2), seed=1)
    assert sorted(np.concatenate(parts).tolist()) == list(range(160))
    assert [np.bincount(y[part]).tolist() for part in parts] == [[60, 30, 6], [20, 10, 2], [20, 10, 2]]


@pytest.mark.parametrize(
    ("valid", "words"),
    [
        (small(x=np.full((4, 2, 3, 3), nan, np.float32)), "4 of 4 samples"),
        (small(x=np.full((4, 2, 3, 3), inf, np.float32)), "not finite"),
        (small(y=np.array([0, 1, 2, 1])), "labels run from 0 to 2"),
        (small(y=np.array([0, 1, -1, 1])), "labels run from -1"),
        (small(y=np.array([0, 1, 1])), "one label a sample"),
        (small(x=np.zeros((4, 2, 3, 4), np.float32)), "samples are"),
        (small(x=np.zeros((4, 2, 3, 3))), "float32"),
        (small(x=np.zeros((0, 2, 3, 3), np.float32), y=np.zeros(0, np.int64)), "no samples"),
    ],
)
def test_checks_name_the_split(valid: Split, words: str) -> None:
    """Data that cannot be used are refused with the split and what is wrong with it."""
    with pytest.raises(TaskError, match=f"split valid.*{words}"):
        task_of(valid)


def test_normalised_constant_channel() -> None:
    """A constant channel becomes zero, not nan; mean and deviation are those of train."""
    x = np.random.default_rng(0).normal(5, 3, (8, 2, 3, 3)).astype(np.float32)
    x[:, 1] = 7
    task = replace(task_of(small(x=np.full((4, 2, 3, 3), 7, np.float32))), train=Split(x, np.arange(8) % 2)).normalised()
    assert not task.train.x[:, 1].any()
    assert abs(float(task.train.x[:, 0].std()) - 1) < 1e-5
    assert task.valid.x[0, 0, 0, 0] == pytest.approx((7 - x[:, 0].mean()) / x[:, 0].std(), abs=1e-5)


def test_a_task_is_shown_in_one_line() -> None:
    """Its name, kind, shapes, sizes and metric, and none of its numbers."""
    x, y = np.zeros((40, 8, 3), np.float32), np.arange(40) % 2
    x[:, 0, 0] = np.arange(40)
    task = Task.from_arrays(x, y, name="mine", axes="NSD")
    assert repr(task) == "<Task mine: classification, (8, 3) -> (2); 24 train, 8 valid, 8 test; accuracy>"


def test_from_arrays() -> None:
    """One's own arrays, whole numbers in floats included, become a task; others are refused."""
    x = np.random.default_rng(0).random((40, 5, 4))
    task = Task.from_arrays(x, np.arange(40) % 4 * 1.0, name="own")
    assert (task.input.shape, task.classes, len(task.train)) == ((5, 4), 4, 24)
    with pytest.raises(TaskError, match="whole numbers"):
        Task.from_arrays(x, np.arange(40) / 3, kind="classification")
    with pytest.raises(TaskError, match="add up to 1"):
        Task.from_arrays(x, np.arange(40) % 4, shares=(0.5, 0.2, 0.2))
    with pytest.raises(TaskError, match="split valid: there are no samples"):
        Task.from_arrays(x[:2], np.array([0, 1]))


def test_accuracy() -> None:
    """Accuracy is the share of right samples, and nan as soon as one output is nan."""
    outputs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 0])
    assert ACCURACY(outputs, labels) == 0.75
    outputs[0, 0] = nan
    assert np.isnan(ACCURACY(outputs, labels))


@pytest.mark.parametrize("higher", [True, False])
def test_nan_is_never_better(higher: bool) -> None:
    """Whichever way a metric points, nan and None lose to every number."""
    metric = Metric("m", higher, ACCURACY.function)
    for bad in (nan, None):
        assert metric.better(0.5, bad)
        assert not metric.better(bad, 0.5)
        assert not metric.better(bad, bad)
    assert metric.better(0.9, 0.1) is higher
    assert not metric.better(0.5, 0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs_search": 0},
        {"batch_size": 1},
        {"learning_rate": nan},
        {"learning_rate": 0.0},
        {"weight_decay": -1.0},
        {"momentum": 1.0},
        {"warmup": 1.0},
        {"clip": -0.5},
        {"nesterov": 1},
        {"nesterov": True, "momentum": 0.0},
        {"nesterov": True, "optimizer": "adamw"},
        {"smoothing": 1.0},
        {"averaging": nan},
        {"optimizer": "adam"},
    ],
)
def test_recipe_checks(changes: dict[str, Any]) -> None:
    """A value that makes no sense is named."""
    with pytest.raises((SettingError, UnknownNameError), match=next(iter(changes))):
        RECIPE.override(**changes)


def test_recipe_override() -> None:
    """Overriding keeps what is not named, or None, and refuses unknown names."""
    assert RECIPE.override(epochs_search=None, epochs_final=2) == replace(RECIPE, epochs_final=2)
    with pytest.raises(SettingError, match="no 'epoch'"):
        RECIPE.override(epoch=3)
    assert isinstance(RECIPE, Recipe)
