"""Options and sources in every type that people give: NumPy's numbers, names of classes in any form, PyTorch's data sets."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from einspace import Task
from einspace.errors import SettingError, TaskError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2, 6, 5)).astype(np.float32)
Y = np.arange(60) % 3


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("kind", 3, "kind must be a text, not 3"),
        ("name", None, "name must be a text, not None"),
        ("shares", 0.5, "shares must be three numbers"),
        ("shares", "abc", "shares must be three numbers"),
        ("shares", (0.5, "a", 0.2), "shares must be three numbers"),
        ("seed", 1.5, "seed must be a whole number of at least 0, not 1.5"),
        ("seed", True, "seed must be a whole number"),
        ("seed", -1, "at least 0"),
        ("metric", 3, "metric must be the name of a metric"),
        ("recipe", {"epochs": 3}, "recipe must be a Recipe"),
        ("baselines", "resnet8", "baselines must be names of baselines"),
        ("baselines", (1,), "baselines must be names of baselines"),
        ("labels", "abc", "labels must be names of classes"),
        ("labels", 3, "labels must be names of classes"),
        ("class_weights", "yes", "class_weights must be True or False"),
        ("class_weights", 1, "class_weights must be True or False"),
        ("normalise", None, "normalise must be True or False"),
        ("flip", 1, "flip must be True or False"),
        ("crop", True, "crop must be a whole number of at least 0"),
        ("crop", -1, "crop must be a whole number of at least 0"),
        ("axes", ("N", "C"), "axes must be a text"),
        ("description", b"words", "description must be a text"),
    ],
)
def test_a_value_of_another_type_is_refused(option: str, value: Any, words: str) -> None:
    """By the option's name, before anything is read."""
    with pytest.raises(SettingError, match=words):
        Task.from_arrays(X, Y, **{option: value})


def test_numbers_of_numpy_are_numbers() -> None:
    """Seeds, shares and booleans as NumPy has them."""
    options: dict[str, Any] = {"seed": np.int64(3), "shares": np.array([0.5, 0.25, 0.25]), "class_weights": np.bool_(True)}
    said = Task.from_arrays(X, Y, **options)
    plain = Task.from_arrays(X, Y, seed=3, shares=(0.5, 0.25, 0.25), class_weights=True)
    assert np.array_equal(said.train.x, plain.train.x)
    assert said.head == plain.head


@pytest.mark.parametrize(
    ("labels", "y", "expected"),
    [
        (np.array(["a", "b", "c"]), Y, ("a", "b", "c")),
        (np.array(["a", "b", "c"], dtype=object), Y, ("a", "b", "c")),
        ({0: "a", 1: "b", 2: "c"}, Y, ("a", "b", "c")),
        ({7: "c", 1: "a", 3: "b"}, np.array([1, 3, 7])[Y], ("a", "b", "c")),
        ({np.int64(1): "a", np.int64(2): "b", np.int64(3): "c"}, Y + 1, ("a", "b", "c")),
        ({"a": 0, "b": 1, "c": 2}, Y, ("a", "b", "c")),
        (["c", "a", "b"], np.array(["c", "a", "b"])[Y], ("c", "a", "b")),
        (None, Y, ("0", "1", "2")),
    ],
)
def test_names_of_classes_in_any_form(labels: Any, y: np.ndarray, expected: tuple[str, ...]) -> None:
    """Arrays, mappings from number to name or back, and the names themselves as labels."""
    task = Task.from_arrays(X, y, labels=labels, valid=(X, y), test=(X, y))
    assert task.labels == expected
    assert np.array_equal(task.train.y, Y)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({0: "a", 1: "b"}, "labels must be 0 to 1, but sample 2 has 2"),
        ({1: "a", 5: "b", 2: "c"}, "labels must be one of 1, 2, 5, but sample 0 has 0"),
        ({0.5: "a"}, "names of classes are by number"),
        (("a", "a", "b"), "two classes have the name 'a'"),
    ],
)
def test_names_that_do_not_fit_are_refused(labels: Any, words: str) -> None:
    """By the sample, or by the name."""
    with pytest.raises(TaskError, match=words):
        Task.from_arrays(X, Y, labels=labels)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (Y.astype(object), "classification"),
        (np.array([np.int64(value) for value in Y], dtype=object), "classification"),
        (np.array(["a", "b", "c"], dtype=object)[Y], "classification"),
        ((Y == 0).astype(object), "classification"),
        (RNG.normal(size=60).astype(object), "regression"),
        ([torch.tensor(value) for value in Y], "classification"),
        (list(RNG.integers(0, 2, (60, 6, 5))), "mask"),
    ],
)
def test_labels_in_arrays_of_objects(y: Any, kind: str) -> None:
    """Python's or NumPy's numbers and words, whatever holds them; and lists of arrays and tensors."""
    assert Task.from_arrays(X, y).kind == kind


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_words_and_something_else(missing: Any) -> None:
    """A label that is missing among words is named, not made a class of its own."""
    y = np.array([["cat", "dog", missing][number % 3] for number in range(60)], dtype=object)
    with pytest.raises(TaskError, match=r"number 2|sample 2 has no label"):
        Task.from_arrays(X, y)
    with pytest.raises(TaskError, match="number 1"):
        Task.from_arrays(X, ["1", 2] * 30)


class Pairs(Dataset[Any]):
    """A data set without an end for whoever asks for its items until there are none."""

    def __init__(self, item: Any = None, length: int = 60) -> None:
        self.item, self.length = item, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return (X[index % 60], Y[index % 60]) if self.item is None else self.item(index)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        while True:
            yield X[0], 0


@pytest.mark.parametrize(
    "given",
    [
        lambda: Pairs(),
        lambda: TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)),
        lambda: DataLoader(Pairs(), batch_size=7, shuffle=True),
        lambda: DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))),
        lambda: Pairs(lambda index: {"image": torch.from_numpy(X[index]), "label": torch.tensor(Y[index])}),
        lambda: [(X[index], int(Y[index])) for index in range(60)],
    ],
)
def test_data_sets_and_loaders_of_pytorch(given: Any) -> None:
    """Whole, in order, whatever the loader shuffles: the same task as of the arrays."""
    task, plain = Task.from_dataset(given(), normalise=False), Task.from_arrays(X, Y, normalise=False)
    assert np.array_equal(task.train.x, plain.train.x)
    assert np.array_equal(task.test.y, plain.test.y)


def test_what_a_loader_can_draw() -> None:
    """A subset is the subset; names of classes and other splits are taken; masks and images are arrays."""
    assert sum(map(len, Task.from_dataset(Subset(Pairs(), range(30))).splits.values())) == 30
    assert sum(map(len, Task.from_dataset(DataLoader(Pairs(), sampler=SubsetRandomSampler(range(24)))).splits.values())) == 24
    named = Pairs()
    named.classes = ["zebra", "ant", "bee"]  # type: ignore[attr-defined]
    task = Task.from_dataset(named, valid=Subset(Pairs(), range(12)), test=Pairs())
    assert (task.labels, [len(split) for split in task.splits.values()]) == (("zebra", "ant", "bee"), [60, 12, 60])
    pillow = pytest.importorskip("PIL.Image")
    pixels = RNG.integers(0, 255, (60, 6, 5, 3), dtype=np.uint8)
    images = Pairs(lambda index: (pillow.fromarray(pixels[index]), pillow.fromarray((pixels[index, :, :, 0] > 99).astype(np.uint8))))
    task = Task.from_dataset(images, normalise=False)
    assert (task.kind, task.input.shape, task.output) == ("mask", (3, 6, 5), (1, 6, 5))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: Stream(), "an IterableDataset may have no end"),
        (lambda: DataLoader(Stream()), "an IterableDataset may have no end"),
        (
            lambda: DataLoader(Pairs(), sampler=WeightedRandomSampler([1.0] * 60, 60)),
            "the sampler WeightedRandomSampler does not say which",
        ),
        (lambda: DataLoader(Pairs(), collate_fn=lambda items: items), "a collate_fn of its own"),
        (lambda: DataLoader(Pairs(), batch_sampler=BatchSampler(SequentialSampler(range(9)), 3, True)), "a batch_sampler of its own"),
        (lambda: Pairs(lambda index: (torch.randn(2, 6, 5), 0)), "item 0 differs when it is read again: take random transforms out"),
        (
            lambda: Pairs(lambda index: (X[0], 0, 1)),
            r"^the data set, item 0: a sample and .*, \(x, y\), not a tuple of 3",
        ),
        (lambda: Pairs(lambda index: X[0]), "item 0: a sample and its target are needed"),
        (lambda: Pairs(lambda index: {"picture": X[0]}), "a mapping with a sample"),
        (lambda: Pairs(lambda index: (X[0], {"boxes": [1]})), "item 0: an array, a tensor or a list is needed, not dict of boxes"),
        (lambda: Pairs(lambda index: (X[0, :, : 6 - index % 2], 0)), r"item 1: is \(2, 5, 5\), but item 0 is \(2, 6, 5\)"),
        (lambda: Pairs(length=0), "there are no items"),
        (lambda: iter([1]), "a map-style Dataset or a DataLoader of PyTorch is needed, not list_iterator"),
        (lambda: None, "a map-style Dataset or a DataLoader of PyTorch is needed, not NoneType"),
        (lambda: 3, "a map-style Dataset or a DataLoader of PyTorch is needed, not int"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(given: Any, words: str) -> None:
    """In one line that says what to do."""
    with pytest.raises(TaskError, match=words):
        Task.from_dataset(given())


@pytest.mark.parametrize("given", [Pairs(), Stream(), DataLoader(Pairs()), {"x": X}, "x.npy", 3, None, iter(X), (x for x in X), object()])
def test_arrays_are_arrays(given: Any) -> None:
    """NumPy would ask an object for its items without end: anything else is refused at once, with the function that reads it."""
    with pytest.raises(TaskError, match="an array, a tensor or a list is needed, not") as caught:
        Task.from_arrays(given, Y)
    assert ("Task.from_dataset" in str(caught.value)) is isinstance(given, Dataset | DataLoader)
    with pytest.raises(TaskError, match="is needed"):
        Task.from_arrays(X, given)
    with pytest.raises(TaskError, match="item 0 is"):
        Task.from_arrays([Pairs()] * 3, Y[:3])


def test_masked_arrays() -> None:
    """Values that are masked are not samples; without any it is an array."""
    x = np.ma.masked_array(X, np.zeros(X.shape, bool))
    assert Task.from_arrays(x, Y).input.shape == (2, 6, 5)
    x[3, 0, 0, 0] = np.ma.masked
    with pytest.raises(TaskError, match="1 values are masked"):
        Task.from_arrays(x, Y)
