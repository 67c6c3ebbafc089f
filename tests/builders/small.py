"""Small sources in the official formats, written by the tests, and what every built folder is read back with."""

import gzip
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier

from einspace.tasks.unseen import SPLITS

Split = tuple[NDArray[Any], NDArray[Any]]


def splits(folder: Path) -> dict[str, Split]:
    """Samples and labels of each split, mapped from the disk."""
    return {split: (np.load(folder / f"{split}_x.npy", "r"), np.load(folder / f"{split}_y.npy")) for split in SPLITS}


def check_format(folder: Path, shape: tuple[int, ...], sizes: tuple[int, int, int]) -> dict[str, Split]:
    """The official format: float32 (N, *shape), int64 (N,), of the sizes asked for; returns the splits."""
    found = splits(folder)
    for (x, y), size in zip(found.values(), sizes, strict=True):
        assert (x.dtype.name, x.shape) == ("float32", (size, *shape))
        assert (y.dtype.name, y.shape) == ("int64", (size,))
    return found


def linear_accuracy(found: dict[str, Split], train: int = 2_000, test: int = 1_500) -> float:
    """Accuracy on test of a linear model, by least squares, that was trained on a part of train."""
    (x, y), (held, truth) = found["train"], found["test"]
    known, asked = (np.asarray(part[:size]).reshape(min(size, len(part)), -1) for part, size in ((x, train), (held, test)))
    model = RidgeClassifier(alpha=10 * known.var() * len(known)).fit(known, y[:train])
    return float(model.score(asked, truth[:test]))


def rows(x: NDArray[Any], axes: int) -> Iterator[bytes]:
    """The bytes of every part of x with its last `axes` axes."""
    for part in np.ascontiguousarray(x).reshape(-1, *x.shape[-axes:]):
        yield part.tobytes()


def write_idx(folder: Path, train: int = 300, test: int = 200, packed: bool = False) -> Path:
    """Digits as bright squares at a place of their own, noise around them, in four IDX files."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for stem, size in (("train", train), ("t10k", test)):
        y = np.arange(size, dtype=np.uint8) % 10
        x = rng.integers(0, 60, (size, 28, 28), dtype=np.uint8)
        for image, digit in zip(x, y, strict=True):
            image[4 + 10 * (digit // 5) :][:6, 4 + 4 * (digit % 5) :][:, :4] = 250
        write_pair(folder, stem, x, y, packed)
    return folder


def write_pair(folder: Path, stem: str, x: NDArray[np.uint8], y: NDArray[Any], packed: bool = False) -> None:
    """Images (N, 28, 28) and their digits, in two IDX files."""
    images = struct.pack(">4I", 2051, *x.shape) + x.tobytes()
    labels = struct.pack(">2I", 2049, len(y)) + y.astype(np.uint8).tobytes()
    for name, content in ((f"{stem}-images-idx3-ubyte", images), (f"{stem}-labels-idx1-ubyte", labels)):
        (folder / (name + ".gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)


def write_cifar(folder: Path, names: tuple[str, ...], key: str, classes: int, each: int) -> Path:
    """Batches in CIFAR's format: the first pixel of an image is its class, the others are noise about a shade of the class."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name in names:
        y = np.arange(each) % classes
        x = (rng.integers(0, 40, (each, 3072)) + 2 * y[:, None]).astype(np.uint8)
        x[:, 0] = y
        batch = {b"data": x, key.encode(): y.tolist(), b"batch_label": name.encode()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def write_words(folder: Path) -> Path:
    """A list of own words for each language: its third letter tells which it is."""
    folder.mkdir()
    rng = np.random.default_rng(2)
    for number, language in enumerate(("en", "nl", "de", "es", "fr", "pt", "sw", "zu", "fi", "sv")):
        letters = rng.integers(0, 24, (60, 6))
        letters[:, 2] = number
        words = ["".join("abcdefghijklmnopqrstuvwx"[letter] for letter in row) for row in letters]
        (folder / f"{language}.txt").write_text("\n".join([*words, "Berlin", "lazily", "short", "élevés"]) + "\n", encoding="utf-8")
    return folder
