"""Samples: what people give a predictor, read and checked piece by piece as the network's input, or refused with what was expected."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.predictor.about import About
from einspace.reading.archives import read_loose
from einspace.reading.arrays import as_array
from einspace.reading.axes import AXES, arranged
from einspace.reading.frames import FRAMES
from einspace.reading.images import find_images, read_image, suffixes
from einspace.reading.scanning import not_finite
from einspace.reading.tables import TEXTS, in_rows, read_rows

Pieces = Callable[[slice], NDArray[Any]]
"""Raw samples by their numbers, in the order of axes that was given."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples that are read when their turn comes.

    `where` names them in errors, `single` says that one sample was given without an axis of samples, `names` are what rows of
    predictions are called, and `targets` gives the targets that lie beside the samples; None where there are none.
    """

    where: str
    count: int
    read: Pieces
    about: About
    single: bool = False
    names: Sequence[str] | None = None
    targets: Callable[[], NDArray[Any]] | None = None

    def batches(self, size: int) -> Iterator[NDArray[Any]]:
        """Batches (n, C, H, W) or (n, S, D), raw, finite, in the type that the network takes; raises TaskError that names a bad sample."""
        dtype = np.dtype(self.about.preprocessing.dtype)
        for start in range(0, self.count, size):
            raw = self.read(slice(start, min(self.count, start + size)))
            found = not_finite(raw)
            if found is not None:
                raise TaskError(
                    f"{self.where}: {self.about.expectation()}, all finite numbers, and got a value that is not finite in float32 in "
                    f"sample {start + found[1]}"
                )
            yield np.ascontiguousarray(arranged(raw, self.about.order), dtype)


def samples_of(given: Any, about: About, split: str | None = None) -> Samples:
    """What was given, understood as the training data were.

    Args:
        given: An array (N, ...) or one sample, of any library, in the axes of the training data; a data frame; or a path to a folder or
            a file of images, to a table, or to arrays.
        about: What the predictor was trained on.
        split: Of arrays in files that hold several: train, valid or test.

    Raises:
        TaskError: For anything else; the line says what the predictor was trained on, and what it got.
    """
    if isinstance(given, str | Path):
        return _of_path(Path(given), about, split)
    if split is not None:
        raise TaskError("split chooses among the arrays of a file, and says nothing of samples that are given as they are")
    if isinstance(nw.from_native(given, pass_through=True), nw.DataFrame | nw.LazyFrame):
        return _of_table(given, "table", about)
    return _of_array(as_array(given, "samples"), "samples", about)


def _of_path(path: Path, about: About, split: str | None) -> Samples:
    suffix = path.suffix.lower()
    if not path.exists():
        raise TaskError(f"{path}: there is no such file or folder")
    if suffix in (".npz", ".npy") or (path.is_dir() and any(path.glob("*.npy"))):
        x, y = read_loose(path, split)
        found = _of_array(x, str(path), about)
        return found if y is None else Samples(found.where, found.count, found.read, about, found.single, targets=lambda: y)
    if split is not None:
        raise TaskError(f"{path}: split chooses among the arrays of a .npz archive or a folder of .npy files")
    if path.is_dir():
        return _of_images(find_images(path), path, about)
    if suffix in (*TEXTS, *FRAMES):
        return _of_table(path, str(path), about)
    if suffix in suffixes():
        return _of_images([path], path.parent, about)
    raise TaskError(f"{path}: {about.expectation()}, which lie in a folder, an image, a .npz or .npy file or a table, not in {suffix!r}")


def _of_array(x: NDArray[Any], where: str, about: About) -> Samples:
    signals, shape = about.preprocessing.signals, about.given_shape
    if x.dtype.kind not in "biuf":
        raise TaskError(f"{where}: {about.expectation()}, and got values of the type {x.dtype}")
    if signals is not None and x.ndim in (1, 2) and x.shape[-1] == len(signals.columns):
        x = in_rows(x.reshape(-1, x.shape[-1]), signals.channels, signals.layout).reshape(*x.shape[:-1], *shape)
    if x.shape != shape and x.shape[1:] != shape:
        raise TaskError(f"{where}: {about.expectation()}, and got {x.dtype} of the shape {x.shape}{_hint(x, about)}")
    single = x.shape == shape
    if not single and not len(x):
        raise TaskError(f"{where}: {about.expectation()}, and got no sample at all")
    whole = x[None] if single else x
    return Samples(where, len(whole), lambda rows: np.asarray(whole[rows]), about, single)


def _hint(x: NDArray[Any], about: About) -> str:
    """The order of axes in which samples would fit, where there is one."""
    for order in AXES:
        if order != about.order and len(order) in (x.ndim, x.ndim + 1):
            batch = x if len(order) == x.ndim else x[None]
            if arranged(batch[:1], order).shape[1:] == about.input:
                return f"; they would fit if their axes were {order}: bring them to {about.order}"
    return ""


def _of_table(given: Any, where: str, about: About) -> Samples:
    signals = about.preprocessing.signals
    if signals is None:
        raise TaskError(f"{where}: {about.expectation()}, which were no table, and got a table")
    x, _ = read_rows(given, signals, with_labels=False)
    found = _of_array(x, where, about)

    def labels() -> NDArray[Any]:
        y = read_rows(given, signals, with_labels=True)[1]
        assert y is not None
        return y

    return Samples(where, found.count, found.read, about, targets=labels)


def _of_images(files: list[Path], root: Path, about: About) -> Samples:
    if about.order != "NCHW" or about.input[0] not in (1, 3):
        raise TaskError(f"{root}: {about.expectation()}, which were no files of images, and got {len(files)} of those")
    colours, shallow = about.input[0] == 3, about.preprocessing.given != "float32"

    def read(rows: slice) -> NDArray[Any]:
        found = [(file, read_image(file, colours, about.preprocessing.size, shallow)) for file in files[rows]]
        for file, image in found:
            if image.shape != about.input:
                raise TaskError(f"{file}: {about.expectation()}, and got an image of {' x '.join(map(str, image.shape))}")
        return np.stack([image for _, image in found])

    names = [str(file.relative_to(root)) for file in files]
    return Samples(str(root), len(files), read, about, False, names, lambda: np.array([Path(name).parts[-2:][0] for name in names]))
