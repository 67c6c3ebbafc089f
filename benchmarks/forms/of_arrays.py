"""Forms of arrays: axes, precision, kinds of targets and targets for each pixel."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from benchmarks.forms.base import (
    BYTES,
    CLASSES,
    IMAGES,
    MASK,
    PIXEL_CLASSES,
    RNG,
    SERIES,
    SIGNALS,
    TWO,
    WORDS,
    Endless,
    Form,
    N,
    arrays,
)

from einspace import Task
from einspace.tasks import METRICS


def _offset(value: float, deviation: float) -> Any:
    x = IMAGES.copy()
    x[:, 1] = value + deviation * x[:, 1]
    return x


def _keeps(channel: int) -> Callable[[Task], bool]:
    return lambda task: len(np.unique(task.train.x[:, channel])) > 1_000


ARRAYS = [
    Form("arrays", "images, classes as words", arrays(IMAGES, WORDS)),
    Form("arrays", "tensors of bfloat16", arrays(torch.from_numpy(IMAGES).bfloat16(), torch.from_numpy(CLASSES))),
    Form("arrays", "lists of lists", arrays(IMAGES.tolist(), WORDS.tolist())),
    Form("arrays", "a list of tensors that want a gradient", arrays([torch.tensor(x, requires_grad=True) for x in IMAGES], CLASSES)),
    Form("arrays", "bytes, channels last", arrays(BYTES, CLASSES)),
    Form("arrays", "channels last with alpha, 32 x 32", arrays(RNG.random((N, 32, 32, 4)), CLASSES), input=(4, 32, 32)),
    Form("arrays", "13 channels last, 32 x 32", arrays(RNG.random((N, 32, 32, 13)), CLASSES), input=(13, 32, 32), said="axes NCHW"),
    Form("arrays", "13 channels last, 10 x 12", arrays(RNG.random((N, 20, 22, 13)), CLASSES), input=(13, 20, 22), said="axes NCHW"),
    Form("arrays", "three axes of one size", arrays(RNG.random((N, 8, 8, 8)), CLASSES), input=(8, 8, 8), said="axes NHWC"),
    Form("arrays", "grey bytes without a channel", arrays(BYTES[..., 0], CLASSES), input=(1, 8, 9), said="axes NSD"),
    Form("arrays", "grey numbers, square", arrays(RNG.random((N, 8, 8)), CLASSES), input=(8, 8), said="axes NHW"),
    Form("arrays", "series", arrays(SERIES, CLASSES), input=(12, 4)),
    Form("arrays", "series, channels first", arrays(SERIES.transpose(0, 2, 1), CLASSES), input=(4, 12), said="axes NDS"),
    Form("arrays", "a matrix (N, D)", arrays(SIGNALS, CLASSES), refused="Task.from_table"),
    Form("arrays", "samples along the last axis", arrays(np.moveaxis(IMAGES, 0, -1), CLASSES), refused="numpy.moveaxis"),
    Form("arrays", "an object without end", arrays(Endless(), CLASSES), refused="an array, a tensor or a list is needed"),
    Form("arrays", "complex numbers", arrays(IMAGES + 0j, CLASSES), refused="must be numbers"),
    Form("arrays", "a masked array", arrays(np.ma.masked_less(IMAGES, -2), CLASSES), refused="values are masked"),
    Form(
        "arrays", "not a number in one sample", arrays(np.where(IMAGES[7, 0, 0, 0] == IMAGES, np.nan, IMAGES), CLASSES), refused="sample 7"
    ),
    Form("arrays", "images of two sizes in a list", arrays([IMAGES[0], IMAGES[1, :, :7]], [0, 1]), refused="item 1 is (3, 7, 9)"),
]

PRECISION = [
    Form("precision", "seconds since 1970 as a channel", arrays(_offset(1.7e9, 40), CLASSES), holds=_keeps(1)),
    Form("precision", "pressure 101325 +- 0.002", arrays(_offset(101_325, 0.002), CLASSES), holds=_keeps(1)),
    Form("precision", "Julian dates", arrays(_offset(2_460_000.5, 0.01), CLASSES), holds=_keeps(1)),
    Form("precision", "not normalised", arrays(_offset(1.7e9, 1), CLASSES, normalise=False), refused="are equal in float32"),
    Form(
        "precision",
        "nanoseconds as whole numbers",
        arrays(np.int64(1_700_000_000 * 10**9) + RNG.integers(0, 90, IMAGES.shape), CLASSES),
        refused="are equal in float32",
    ),
    Form(
        "precision",
        "an outlier of 1e25",
        arrays(np.where(IMAGES.max((2, 3), keepdims=True) == IMAGES, 1e25, IMAGES), CLASSES),
        holds=None,
        refused="are equal in float32",
    ),
    Form(
        "precision",
        "targets near 1.7e9",
        arrays(IMAGES, 1.7e9 + RNG.random(N)),
        kind="regression",
        holds=lambda task: len(np.unique(task.train.y)) == len(task.train),
    ),
    Form("precision", "constant targets", arrays(IMAGES, np.full(N, 0.5)), refused="there is nothing to learn"),
]

TARGETS = [
    Form("targets", "one-hot rows", arrays(IMAGES, np.eye(3)[CLASSES])),
    Form("targets", "booleans in an array of objects", arrays(IMAGES, (TWO == 0).astype(object))),
    Form("targets", "classes from 1", arrays(IMAGES, CLASSES + 1), said="if they are amounts, say kind regression"),
    Form("targets", "ratings with R2", arrays(IMAGES, CLASSES + 1, metric="R2"), kind="regression"),
    Form("targets", "classes as floats", arrays(IMAGES, CLASSES * 1.0), said="say kind regression"),
    Form("targets", "ages, all different", arrays(IMAGES, np.arange(N)), refused="kind='regression'"),
    Form("targets", "prices", arrays(IMAGES, RNG.random(N)), kind="regression"),
    Form("targets", "several labels", arrays(IMAGES, RNG.integers(0, 2, (N, 4))), kind="multi-label"),
    Form("targets", "words and numbers", arrays(IMAGES, ["cat", 1, "dog"] * 20), refused="number 1"),
    Form("targets", "a missing word", arrays(IMAGES, np.where(np.arange(N) == 4, "", WORDS)), refused="sample 4 has no label"),
    Form("targets", "Cat and cat", arrays(IMAGES, np.where(TWO == 0, "cat", "Cat")), said="spell them alike"),
    Form(
        "targets",
        "names by number",
        arrays(IMAGES, CLASSES * 2, labels={0: "a", 2: "b", 4: "c"}),
        holds=lambda t: t.labels == ("a", "b", "c"),
    ),
    Form(
        "targets",
        "names as an array",
        arrays(IMAGES, CLASSES, labels=np.array(["a", "b", "c"])),
        holds=lambda t: t.labels == ("a", "b", "c"),
    ),
    Form("targets", "dates", arrays(IMAGES, np.datetime64("2024-01-01") + np.arange(N)), refused="must be numbers or words"),
    Form("targets", "accuracy of masks", arrays(IMAGES, MASK, metric="accuracy"), refused="the metric accuracy is for classification"),
    Form("targets", "accuracy of numbers", arrays(IMAGES, RNG.random(N), metric=METRICS["accuracy"]), refused="the metric accuracy is for"),
    Form("targets", "macro F1 of booleans", arrays(IMAGES, TWO == 0, metric="macro F1")),
]

PIXELS = [
    Form(
        "pixels",
        "masks of 0 and 255",
        arrays(IMAGES, (MASK * 255).astype(np.uint8)),
        kind="mask",
        said="255 is yes",
        holds=lambda task: set(np.unique(task.train.y)) == {0, 1},
    ),
    Form(
        "pixels", "masks with 255 ignored", arrays(IMAGES, np.array([0, 1, 255], np.uint8)[CLASSES[:, None, None] + 0 * MASK]), kind="mask"
    ),
    Form("pixels", "class numbers", arrays(IMAGES, PIXEL_CLASSES), kind="segmentation"),
    Form(
        "pixels",
        "class numbers 0, 7, 21, 40",
        arrays(IMAGES, np.array([0, 7, 21, 40])[PIXEL_CLASSES]),
        kind="segmentation",
        said="kind dense",
    ),
    Form("pixels", "one channel a class", arrays(IMAGES, np.eye(4)[PIXEL_CLASSES]), kind="segmentation", said="kind mask"),
    Form("pixels", "classes by colour", arrays(IMAGES, BYTES[PIXEL_CLASSES, 0, 0]), refused="classes by colour"),
    Form("pixels", "pure colours", arrays(IMAGES, np.uint8(255) * np.eye(4, 3, dtype=np.uint8)[PIXEL_CLASSES]), refused="kind='mask'"),
    Form(
        "pixels",
        "grey levels up to 255",
        arrays(IMAGES, np.array([0, 85, 170, 255], np.uint8)[PIXEL_CLASSES]),
        kind="segmentation",
        said="255 is ignored; if it is a class",
    ),
    Form("pixels", "depths", arrays(IMAGES, RNG.random((N, 8, 9))), kind="dense"),
    Form(
        "pixels",
        "targets last, images first",
        arrays(IMAGES, IMAGES.transpose(0, 2, 3, 1)),
        kind="dense",
        holds=lambda task: task.output == (3, 8, 9),
    ),
    Form(
        "pixels",
        "targets first, images last",
        arrays(IMAGES.transpose(0, 2, 3, 1), IMAGES[:, :2]),
        kind="dense",
        holds=lambda task: task.output == (2, 8, 9),
    ),
    Form("pixels", "height and width swapped", arrays(IMAGES, MASK.transpose(0, 2, 1)), refused="swap the two last axes"),
]
