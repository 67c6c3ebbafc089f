"""People's own data: what they are is recognised, divided, normalised, trained on, and refused in words that name the place."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
import torch

from einspace import Classification, Dense, Mask, MultiLabel, Regression, Task
from einspace.errors import EinspaceError, TaskError, UnknownNameError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.tasks import METRICS, Augmentation, Recipe
from einspace.tasks.options import DEFAULTS, Options
from einspace.tasks.split import stratified

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(60, 2, 6, 5))
ONE = Recipe(epochs_search=1, epochs_final=1, batch_size=16, learning_rate=0.01, weight_decay=0.0)


def word(count: int) -> np.ndarray:
    return np.array(["cat", "dog", "owl"])[np.arange(count) % 3]


CASES = {
    "words": (word(60), "classification", Classification(3)),
    "integers with gaps": (np.array([3, 7])[np.arange(60) % 2], "classification", Classification(2)),
    "bools": (np.arange(60) % 2 == 0, "classification", Classification(2)),
    "one-hot": (np.eye(4)[np.arange(60) % 4], "classification", Classification(4)),
    "column": (np.arange(60)[:, None] % 3, "classification", Classification(3)),
    "labels": (RNG.integers(0, 2, size=(60, 5)), "multi-label", MultiLabel(5)),
    "numbers": (RNG.normal(size=60), "regression", Regression(1)),
    "many whole floats": (np.arange(60) * 1000.0, "regression", Regression(1)),
    "rows of numbers": (RNG.normal(size=(60, 3)), "regression", Regression(3)),
    "mask": (RNG.integers(0, 2, size=(60, 6, 5)), "mask", Mask(1, (6, 5))),
    "mask with ignored": (RNG.choice([0, 1, 255], size=(60, 6, 5)).astype(np.uint8), "mask", Mask(1, (6, 5))),
    "fields": (RNG.normal(size=(60, 3, 4, 7)), "dense", Dense(3, (4, 7))),
}


@pytest.mark.parametrize(("y", "kind", "head"), CASES.values(), ids=CASES)
def test_kinds_are_recognised_and_trained(y: np.ndarray, kind: str, head: object) -> None:
    """From the targets alone: kind, head and metric; and each kind trains to a score, through the same evaluation."""
    task = Task.from_arrays(X, y, recipe=ONE)
    assert (task.kind, task.head) == (kind, head)
    assert sum(map(len, task.splits.values())) == 60
    evaluation = evaluate("[[linear(d=16) norm] relu]", task, recipe=ONE).evaluations[0]
    assert evaluation.outcome is Outcome.OK
    assert evaluation.value is not None
    for line in (kind, "images of 6 x 5 with 2 channels", task.metric.name, "train", "mean 0 and deviation 1", "learning rate 0.01"):
        assert line in task.summary()


def test_kind_can_be_said() -> None:
    """Integers as numbers, a mask as a field; what cannot be is refused with what it is."""
    ages = np.arange(60) % 3
    assert Task.from_arrays(X, ages, kind="regression").head == Regression(1)
    assert Task.from_arrays(X, CASES["mask"][0], kind="dense").head == Dense(1, (6, 5))
    with pytest.raises(UnknownNameError, match="did you mean classification"):
        Task.from_arrays(X, ages, kind="clasification")
    for kind, y, words in (
        ("multi-label", ages, "rows"),
        ("regression", word(60), "not words"),
        ("mask", CASES["fields"][0], "sample 0"),
        ("dense", ages, r"\(N, H, W\)"),
        ("classification", RNG.normal(size=(60, 3)), "a single 1"),
    ):
        with pytest.raises(TaskError, match=words):
            Task.from_arrays(X, y, kind=kind)


@pytest.mark.parametrize(
    ("source", "given", "words"),
    [
        (
            lambda **options: Task.from_arrays(X, word(60), **options),
            "class_weigths",
            "from_arrays 'class_weigths': did you mean class_weights",
        ),
        (lambda **options: Task.from_csv("none.csv", **options), "lable", "from_csv 'lable': did you mean label"),
        (lambda **options: Task.from_folder("none", **options), "sizes", "from_folder 'sizes': did you mean size"),
        (lambda **options: Task.from_npz("none.npz", **options), "channels", r"from_npz 'channels':.* Known: kind, name"),
        (lambda **options: Task.from_huggingface({}, **options), "z", r"from_huggingface 'z': Known: x, y, kind"),
    ],
)
def test_unknown_options(source: Callable[..., Task], given: str, words: str) -> None:
    """An option that is not an option is refused before anything is read, with the nearest of those that the source takes."""
    with pytest.raises(UnknownNameError, match=f"unknown option of Task.{words}"):
        source(**{given: None})


def test_every_source_takes_the_same_options() -> None:
    """What is said of data has one meaning wherever they come from: each option changes the task of arrays as it says."""
    said: Options = {
        "kind": "classification",
        "name": "mine",
        "shares": (0.5, 0.25, 0.25),
        "seed": 3,
        "metric": METRICS["0-1 error"],
        "recipe": ONE,
        "baselines": ("resnet8",),
        "description": "what it is",
        "labels": ("a", "b", "c"),
        "class_weights": True,
        "normalise": False,
        "crop": 1,
        "flip": True,
        "axes": "NHWC",
        "target_axes": None,
    }
    assert said.keys() == DEFAULTS.keys() == Options.__annotations__.keys()
    task = Task.from_arrays(X, np.arange(60) % 3, **said)
    assert [len(split) for split in task.splits.values()] == [30, 15, 15]
    assert (task.name, task.metric.name, task.recipe, task.baselines) == ("mine", "0-1 error", ONE, ("resnet8",))
    assert (task.description, task.labels, task.kind) == ("what it is", ("a", "b", "c"), "classification")
    assert task.head.weights  # type: ignore[attr-defined]
    assert task.augmentation == Augmentation(crop=1, flip=True)
    assert task.train.x.mean() > 2
    assert task.input.shape == (X.shape[3], *X.shape[1:3])


def test_torch_tensors_and_series() -> None:
    """Tensors, also those that want a gradient, are taken as arrays; (N, S, D) is a series, normalised per channel."""
    x = torch.randn(40, 20, 3, requires_grad=True) * torch.tensor([1.0, 10.0, 100.0])
    task = Task.from_arrays(x, torch.arange(40) % 2)
    assert (task.input.shape, task.input.mode) == ((20, 3), "Col")
    assert np.abs(task.train.x.std(axis=(0, 1)) - 1).max() < 1e-4
    assert "series of 20 steps with 3 channels" in task.summary()
    evaluation = evaluate("[linear(d=16) relu]", task, recipe=ONE).evaluations[0]
    assert evaluation.outcome is Outcome.OK


def test_scores_are_in_the_targets_units() -> None:
    """Targets are normalised for training; the metric is of what they were: predicting the mean scores the variance."""
    y = RNG.normal(500, 20, size=60)
    task = Task.from_arrays(X, y)
    _, normalised = task.tensors(["train"])
    assert abs(float(normalised.mean())) < 1e-5
    assert task.score(torch.zeros_like(normalised), normalised) == pytest.approx(float(np.var(task.train.y)) * np.var(y), rel=0.5)
    assert task.score(normalised, normalised) == 0
    assert task.score(normalised + 1, normalised) > 100


def test_splits_are_by_class_and_seed() -> None:
    """The same seed is the same division, classes are divided alike."""
    y = np.repeat([0, 1], [40, 20])
    first, second, other = (Task.from_arrays(X, y, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.train.x, second.train.x)
    assert not np.array_equal(first.train.x, other.train.x)
    assert [np.bincount(split.y).tolist() for split in first.splits.values()] == [[24, 12], [8, 4], [8, 4]]


def test_given_test_split_is_untouched() -> None:
    """Samples and order of a given split stay; train is divided into train and valid only."""
    y = np.arange(60) % 2
    task = Task.from_arrays(X[:40], y[:40], test=(X[40:], y[40:]), normalise=False)
    assert np.array_equal(task.test.x, X[40:].astype(np.float32))
    assert (len(task.train), len(task.valid)) == (30, 10)
    both = Task.from_arrays(X[:40], y[:40], valid=(X[40:50], y[40:50]), test=(X[50:], y[50:]))
    assert [len(split) for split in both.splits.values()] == [40, 10, 10]
    assert "valid and test as given" in both.summary()


def test_small_classes_are_in_every_split() -> None:
    """Three samples are enough to be in all three."""
    parts = stratified(np.repeat([0, 1, 2], [20, 3, 4]), (0.6, 0.2, 0.2), 0)
    y = np.repeat([0, 1, 2], [20, 3, 4])
    assert [set(y[part]) for part in parts] == [{0, 1, 2}] * 3


def test_class_weights_balance_the_loss() -> None:
    """With three times as many of one class, the other counts three times as much, and the loss is that of PyTorch with weights."""
    y = np.repeat([0, 1], [45, 15])
    task = Task.from_arrays(X, y, class_weights=True)
    weights = task.head.weights  # type: ignore[attr-defined]
    assert weights[1] / weights[0] == pytest.approx(3, rel=1e-5)
    logits, labels = torch.randn(8, 2), torch.arange(8) % 2
    expected = torch.nn.functional.cross_entropy(logits, labels, torch.tensor(weights))
    torch.testing.assert_close(task.head.loss(logits, labels), expected)
    assert "each class counts the same" in task.summary()
    with pytest.raises(TaskError, match="class weights"):
        Task.from_arrays(X, RNG.normal(size=60), class_weights=True)


def changed(index: int, value: float) -> np.ndarray:
    x = X.copy()
    x[index, 0, 0, 0] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (changed(17, nan), word(60), "^mine: 1 of 60 .*sample 17"),
        (changed(5, -inf), word(60), "sample 5"),
        (changed(8, 1e300), word(60), "sample 8"),
        (X.astype(str), word(60), "must be numbers, not <U"),
        (X.astype(complex), word(60), "complex128"),
        (X[:, 0, 0], word(60), r"x\[:, :, None\]"),
        (X, word(59), "one target a sample"),
        (X, np.arange(60) + 0j, "numbers or words"),
        (X, np.where(np.arange(60) == 9, nan, 1.5), "that of sample 9"),
        (X, np.arange(60), "60 different labels among 60 samples.*kind='regression'"),
        (X, np.zeros(60, int), "every sample is of class 0"),
        (X, np.where(np.arange(60) < 2, "rare", word(60)), "split test: no sample of class rare"),
        (X, np.zeros((60, 6, 5)), "no pixel of 1"),
        (X, np.hstack([np.zeros((60, 1)), RNG.integers(0, 2, (60, 2))]), "no sample has label 0"),
        ([np.zeros((2, 3, 3)), np.zeros((2, 4, 4))], [0, 1], "the same shape"),
        (np.zeros((0, 1, 2, 2)), np.zeros(0), "no samples"),
    ],
)
def test_bad_arrays(x: np.ndarray, y: np.ndarray, words: str) -> None:
    """Name, split, index and what was expected."""
    with pytest.raises(TaskError, match=words):
        Task.from_arrays(x, y, name="mine")


def test_labels_outside_the_range() -> None:
    """With names for the classes, the labels are their numbers."""
    with pytest.raises(TaskError, match="labels must be 0 to 1, but sample 2 has 2"):
        Task.from_arrays(X, np.arange(60) % 3, labels=("no", "yes"))
    assert Task.from_arrays(X, np.arange(60) % 2, labels=("no", "yes")).labels == ("no", "yes")


def test_splits_of_different_shapes() -> None:
    """A split whose samples are of another shape than train's is named."""
    with pytest.raises(TaskError, match=r"split test: samples are \(2, 6, 4\)"):
        Task.from_arrays(X, word(60), test=(X[:, :, :, :4], word(60)))


def test_a_task_without_classes_says_so() -> None:
    """Asking a regression for its classes is answered with what it is."""
    with pytest.raises(EinspaceError, match="kind is regression"):
        _ = Task.from_arrays(X, RNG.normal(size=60)).classes
    task = Task.from_arrays(X, word(60))
    with pytest.raises(TaskError, match="two classes or more"):
        replace(task, target=1)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (torch.tensor(X).to_sparse(), "sparse: x.to_dense()"),
        (torch.empty(X.shape, device="meta"), "without values"),
    ],
)
def test_tensors_without_plain_numbers(given: torch.Tensor, what: str) -> None:
    """They are refused in one line, and not by the library's exception."""
    with pytest.raises(TaskError, match=re.escape(f"a tensor of plain numbers is needed, but this one is {what}")):
        Task.from_arrays(given, word(60))


def test_a_tensor_that_is_a_negated_view() -> None:
    """Its values are those that it shows."""
    shown = torch.complex(torch.tensor(X), torch.tensor(X)).conj().imag
    found, wanted = (Task.from_arrays(x, word(60), normalise=False).train.x for x in (shown, -X))
    assert np.array_equal(found, wanted)


def test_classes_that_look_alike() -> None:
    """Two spellings of one letter are two classes, which is said."""
    found = Task.from_arrays(X, np.array(["\u00e9", "e\u0301"])[np.arange(60) % 2])
    assert "\u00e9 and e\u0301 are read as different classes" in found.summary() or "e\u0301 and \u00e9 are read" in found.summary()


@pytest.mark.parametrize(
    "y", [["cat\0", "cat", "dog", "dog"] * 10, np.array(["cat\0", "cat", "dog", "dog"] * 10, object), [b"cat\0", b"dog"] * 20]
)
def test_a_label_does_not_end_in_nul(y: Any) -> None:
    """NumPy would cut it off, and make one class of two; so too of the names of classes."""
    with pytest.raises(TaskError, match=r"targets: b?'cat\\x00' ends in the character NUL, which a word cannot: item 0"):
        Task.from_arrays(RNG.normal(size=(40, 8, 1)), y)
    for labels in (["cat", "cat\0"], {0: "cat", 1: "cat\0"}):
        with pytest.raises(TaskError, match="ends in the character NUL"):
            Task.from_arrays(RNG.normal(size=(40, 8, 1)), np.arange(40) % 2, labels=labels)


def test_a_division_looks_at_each_class_once() -> None:
    """Where there are as many classes as samples, no class is a pass over all samples, which took a minute for 100,000."""
    compared = 0

    class Counting(np.ndarray):
        def __eq__(self, other: object) -> Any:
            nonlocal compared
            compared += 1
            return super().__eq__(other)

    first, second = stratified((np.arange(400) // 2).view(Counting), (0.5, 0.5), seed=0)
    assert sorted([*first, *second]) == list(range(400))
    assert compared == 0
