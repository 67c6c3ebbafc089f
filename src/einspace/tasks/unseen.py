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
"""Table 4."""

SPLITS = ("train", "valid", "test")
ARRAYS = tuple(f"{split}_{axis}.npy" for split in SPLITS for axis in "xy")
"""The official files of a task."""

CHESSERACT_PADDING = 5
"""Pixels of zeros around a board (B.2)."""


def read_splits(entry: Entry, folder: Path) -> list[Split]:
    """The three splits as they lie in the files; raises TaskError that names the file and what is expected."""
    shape = entry.stored or entry.input.shape
    classes = entry.classes
    told = entry.metadata(folder).get("num_classes", classes)
    if told != classes:
        raise TaskError(f"{folder / 'metadata'}: tells of {told} classes, but {entry.title} has {classes}")
    splits = []
    for split in SPLITS:
        x = as_samples(read_npy(folder / f"{split}_x.npy"), shape, str(folder / f"{split}_x.npy"))
        y = as_labels(np.asarray(read_npy(folder / f"{split}_y.npy")), len(x), classes, str(folder / f"{split}_y.npy"))
        splits.append(Split(x, y))
    return splits


def built(entry: Entry, folder: Path) -> bool:
    """Whether the metadata say that the files were made anew."""
    return bool(entry.metadata(folder).get("built", False))


def read_unseen(entry: Entry, folder: Path) -> Task:
    """A task of Unseen NAS, normalised by the train split's mean and deviation per channel."""
    return entry.task(read_splits(entry, folder), folder, built=built(entry, folder)).normalised()


def read_chesseract(entry: Entry, folder: Path) -> Task:
    """Chesseract: boards (12, 8, 8) with five zeros on each side."""
    splits = [Split(_padded(split.x), split.y) for split in read_splits(entry, folder)]
    return entry.task(splits, folder, built=built(entry, folder)).normalised()


def _padded(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(x, ((0, 0), (0, 0), *((CHESSERACT_PADDING, CHESSERACT_PADDING),) * 2))


def _entry(
    title: str,
    shape: tuple[int, int, int],
    classes: int,
    sizes: tuple[int, int, int],
    description: str,
    article: int | None,
    stored: tuple[int, ...] = (),
    labels: tuple[str, ...] = (),
) -> Entry:
    name = title.lower()
    where = f"published at Newcastle University's figshare (data.ncl.ac.uk) as article {article}: unpack it into the folder {name}"
    none = "not distributed, because of the licence of the recordings: files of your own in the official format are read"
    return Entry(
        name,
        title,
        Feature(shape),
        classes,
        sizes,
        ACCURACY,
        RECIPE,
        ("resnet18",),
        description,
        read_chesseract if stored else read_unseen,
        ARRAYS,
        (),
        stored,
        none if article is None else where,
        PUBLISHED[name],
        labels=labels,
    )


_GEO = "Satellite images; which of ten European countries is it?"
_AUTHORS = ("Aquinas", "Confucius", "Hawthorne", "Plato", "Shakespeare", "Tolstoy")
_LANGUAGES = ("en", "nl", "de", "es", "fr", "pt", "sw", "zu", "fi", "sv")
_ERAS = "Spectrograms of five seconds of music; which of four eras was it composed in?"

UNSEEN = (
    _entry("AddNIST", (3, 28, 28), 20, (45_000, 15_000, 10_000), "Three digits of MNIST as channels; their sum less 1.", 24574354),
    _entry("Language", (1, 24, 24), 10, (50_000, 10_000, 10_000), "Four words of six letters; their language.", 24574729, (), _LANGUAGES),
    _entry("MultNIST", (3, 28, 28), 10, (50_000, 10_000, 10_000), "Three digits of MNIST; their product mod 10.", 24574678),
    _entry("CIFARTile", (3, 64, 64), 4, (45_000, 15_000, 10_000), "Four images of CIFAR-10 in a square; of how many classes?", 24551539),
    _entry("Gutenberg", (1, 27, 18), 6, (45_000, 15_000, 6_000), "Three words of a book; its author.", 24574753, (), _AUTHORS),
    _entry("Isabella", (1, 64, 128), 4, (50_000, 10_000, 10_000), _ERAS, None),
    _entry("GeoClassing", (3, 64, 64), 10, (43_821, 8_758, 8_751), _GEO, 24050256),
    _entry(
        "Chesseract",
        (12, 18, 18),
        3,
        (49_998, 9_999, 9_999),
        "A position from the end of a game of chess; who won?",
        24118743,
        (12, 8, 8),
        ("White", "draw", "Black"),
    ),
)
"""One entry each."""
