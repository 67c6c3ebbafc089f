"""Targets for each pixel: masks of 0 and 255, class numbers, channels of classes, and fields of numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.networks.exported import check_files

from einspace import Dense, Mask, Segmentation, Task, build
from einspace.errors import NetworkError, TaskError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.features import Feature
from einspace.networks.export import source
from einspace.space import EinSpace
from einspace.tasks import METRICS, Recipe

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2, 6, 5))
YES = RNG.integers(0, 2, (60, 6, 5))
CLASSES = RNG.integers(0, 3, (60, 6, 5))
ONE = Recipe(epochs_search=2, epochs_final=2, batch_size=16, learning_rate=0.01, weight_decay=0.0)


def kept(y: np.ndarray, **options: object) -> Task:
    """A task whose train is all there is."""
    return Task.from_arrays(X, y, valid=(X, y), test=(X, y), **options)  # type: ignore[arg-type]


def test_masks_of_0_and_255() -> None:
    """255 is yes where there is nothing but 0 beside it, and ignored where there is 1."""
    task = kept((YES * 255).astype(np.uint8))
    assert (task.kind, task.head) == ("mask", Mask(1, (6, 5)))
    assert np.array_equal(task.train.y[:, 0], YES)
    assert "masks of 0 and 255: 255 is yes" in task.doubts[0]
    both = YES.astype(np.uint8)
    both[:, 0] = 255
    task = kept(both)
    assert (task.train.y[:, 0, 0] == -1).all()
    assert "some pixels are ignored, those of 255" in task.summary()


PURE = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], np.uint8)


BLACK_AND_WHITE = np.array([[0, 0, 0], [255, 255, 255], [255, 255, 255]], np.uint8)


@pytest.mark.parametrize("palette", [PURE, PURE[[0, 0, 2]], BLACK_AND_WHITE, np.pad(PURE, ((0, 0), (0, 1)))])
@pytest.mark.parametrize("axis", [1, -1])
def test_pure_colours_are_no_masks(palette: np.ndarray, axis: int) -> None:
    """Black, red and green in three channels of 0 and 255 are classes by colour as any others are; the error names both other readings."""
    y = np.moveaxis(palette[CLASSES], -1, axis)
    with pytest.raises(TaskError, match=r"may be classes by colour: .* or say kind='mask' for a mask in each channel, or kind='dense'"):
        kept(y)
    assert kept(y, kind="mask").head == Mask(palette.shape[1], (6, 5))
    assert kept(y // 255).kind == "mask" or (y.sum(axis=axis) == 255).all()


def test_255_beside_numbers_with_gaps_may_be_a_class() -> None:
    """Of grey levels 0, 85, 170 and 255 the last would never be learnt; beside 0, 1, 2 it is ignored as usual."""
    levels = np.array([0, 85, 170, 255], np.uint8)[RNG.integers(0, 4, (60, 6, 5))]
    for kind in (None, "segmentation"):
        task = kept(levels, kind=kind)
        said = "255 is ignored; if it is a class, give the names of all, as labels={0: '...', 85: '...', ..., 255: '...'}"
        assert said in task.doubts
        assert task.head == Segmentation(3, (6, 5))
    assert any("3 different whole numbers are read as classes" in doubt for doubt in kept(levels).doubts)
    told = kept(levels, labels={0: "0", 85: "85", 170: "170", 255: "255"})
    assert (told.head, (told.train.y == -1).any()) == (Segmentation(4, (6, 5)), False)
    for values in ([0, 1, 2, 255], [0, 1, 2, -1], [0, 7, 21, -1]):
        y = np.array(values)[RNG.integers(0, 4, (60, 6, 5))]
        assert not any("if it is a class" in doubt for doubt in kept(y).doubts)


@pytest.mark.parametrize(
    ("y", "classes", "ignored"),
    [
        (CLASSES, 3, 0),
        (CLASSES.astype(np.uint8)[:, None], 3, 0),
        (CLASSES.astype(np.float32), 3, 0),
        (np.array([0, 7, 21])[CLASSES], 3, 0),
        (np.array([0, 1, 2, 255], np.uint8)[RNG.integers(0, 4, (60, 6, 5))], 3, 1),
        (np.array([0, 1, 2, -1])[RNG.integers(0, 4, (60, 6, 5))], 3, 1),
        (np.array([0, 128, 255], np.uint8)[CLASSES], 2, 1),
        (np.eye(3, dtype=int)[CLASSES].transpose(0, 3, 1, 2), 3, 0),
        (np.eye(3)[CLASSES], 3, 0),
    ],
)
def test_class_numbers_are_classes(y: np.ndarray, classes: int, ignored: int) -> None:
    """They train a classification of each pixel, not squared error on the numbers; what the classes are is said."""
    task = kept(y, recipe=ONE)
    assert (task.kind, task.head, task.metric.name) == ("segmentation", Segmentation(classes, (6, 5)), "mean IoU")
    assert task.train.y.dtype == np.int64
    assert task.train.y.shape == (60, 6, 5)
    assert bool((task.train.y == -1).any()) is bool(ignored)
    assert "if they are amounts, say kind dense" in task.summary() or "for masks say kind mask" in task.summary()


def test_classes_of_pixels_are_trained_and_scored() -> None:
    """A network that sees the classes in its input learns them; mean IoU and pixel accuracy near 1."""
    x = np.eye(3)[CLASSES].transpose(0, 3, 1, 2) + 0.01 * RNG.normal(size=(60, 3, 6, 5))
    recipe = Recipe(epochs_search=30, epochs_final=1, batch_size=8, learning_rate=0.3, weight_decay=0.0)
    for metric in ("mean IoU", "pixel accuracy"):
        task = Task.from_arrays(x, CLASSES, recipe=recipe, metric=metric, labels=("sky", "road", "tree"))
        assert task.labels == ("sky", "road", "tree")
        evaluation = evaluate("[linear(d=8) relu]", task, recipe=recipe).evaluations[0]
        assert evaluation.outcome is Outcome.OK
        assert evaluation.value is not None
        assert evaluation.value > 0.95


def test_kind_says_the_other_reading() -> None:
    """Class numbers as amounts, and amounts as classes where they are whole."""
    assert kept(CLASSES, kind="dense").head == Dense(1, (6, 5))
    assert kept(YES, kind="segmentation").head == Segmentation(2, (6, 5))
    assert kept(np.eye(3)[CLASSES], kind="mask").head == Mask(3, (6, 5))
    assert kept(RNG.integers(0, 200, (60, 6, 5))).kind == "dense"
    with pytest.raises(TaskError, match="at most 64 different whole numbers"):
        kept(RNG.normal(size=(60, 6, 5)), kind="segmentation")


def test_what_cannot_be_learnt_is_refused() -> None:
    """A class that train lacks, pixels of one class, a split that is ignored as a whole, and classes by colour."""
    rare = CLASSES.copy()
    rare[:40][rare[:40] == 2] = 1
    with pytest.raises(TaskError, match="split train: no sample of class 2; it has to be in train"):
        Task.from_arrays(X[:40], rare[:40], test=(X[40:], rare[40:]))
    with pytest.raises(TaskError, match="every pixel is of class 4"):
        kept(np.full((60, 6, 5), 4), kind="segmentation")
    with pytest.raises(TaskError, match="all pixels are ignored"):
        Task.from_arrays(X, CLASSES, valid=(X, np.full((60, 6, 5), -1)))
    colours = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], np.uint8)[CLASSES]
    with pytest.raises(TaskError, match="of few colours may be classes by colour"):
        kept(colours)


def test_the_head_is_that_of_each_pixel() -> None:
    """B.1's dense layer with a channel for each class; cross-entropy over the pixels that count."""
    head = Segmentation(3, (4, 4))
    layer = head.layer(Feature((2, 8, 8)))
    logits, targets = layer(torch.randn(5, 2, 8, 8)), torch.randint(0, 3, (5, 4, 4))
    assert logits.shape == (5, *head.output(Feature((2, 8, 8)))) == (5, 3, 4, 4)
    torch.testing.assert_close(head.loss(logits, targets), torch.nn.functional.cross_entropy(logits, targets))
    targets[0] = -1
    torch.testing.assert_close(head.loss(logits, targets), torch.nn.functional.cross_entropy(logits[1:], targets[1:]))
    empty = head.loss(logits, torch.full_like(targets, -1))
    empty.backward()  # type: ignore[no-untyped-call]
    assert float(empty.detach()) == 0
    assert head.layer(Feature((5, 7)))(torch.randn(2, 5, 7)).shape == (2, 3, 4, 4)
    with pytest.raises(NetworkError, match="at least two classes"):
        Segmentation(1, (4, 4))
    with pytest.raises(NetworkError, match="a height and a width"):
        Segmentation(3, (4,))  # type: ignore[arg-type]


def test_the_scores_of_pixels_by_hand() -> None:
    """Of four pixels that count, three are right: IoU 1/2 and 2/3; a class in neither is left out."""
    said = torch.tensor([[[0, 1], [1, 1]], [[0, 0], [0, 0]]])
    logits = torch.nn.functional.one_hot(said, 3).permute(0, 3, 1, 2).float()
    truth = torch.tensor([[[0, 0], [1, 1]], [[-1, -1], [-1, -1]]])
    assert METRICS["pixel accuracy"](logits, truth) == pytest.approx(3 / 4)
    assert METRICS["mean IoU"](logits, truth) == pytest.approx((1 / 2 + 2 / 3) / 2)
    yes = torch.tensor([[[[1.0, 1.0], [-1.0, -1.0]]]])
    assert METRICS["mean IoU"](yes, torch.tensor([[[[1.0, 0.0], [0.0, -1.0]]]])) == pytest.approx(1 / 2)
    assert METRICS["pixel accuracy"](yes, torch.tensor([[[[1.0, 0.0], [0.0, -1.0]]]])) == pytest.approx(2 / 3)
    for name in ("mean IoU", "pixel accuracy"):
        assert np.isnan(METRICS[name](logits, torch.full_like(truth, -1)))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(3, 5)])
def test_the_head_is_exported(tmp_path: Path, size: tuple[int, int]) -> None:
    """As PyTorch source, a program and ONNX, which give the same logits of each class and pixel."""
    pytest.importorskip("onnxruntime")
    architecture = EinSpace((3, 8, 8)).parse("[[im2col(k=3,s=2,p=1) linear(d=16) identity] relu]")
    head = Segmentation(3, size)
    check_files(architecture, head, tmp_path)
    namespace: dict[str, Any] = {}
    exec(source(architecture, head), namespace)
    theirs, ours = namespace["Network"](), build(architecture, head)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(theirs.eval()(x), ours.eval()(x))
