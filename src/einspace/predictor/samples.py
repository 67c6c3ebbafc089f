"""Samples: the data that a predictor gets, read and checked piece by piece, or refused with a message about what was expected."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from narwhals.dependencies import is_pandas_series
from numpy.typing import NDArray

from einspace.echo import escaped
from einspace.errors import TaskError
from einspace.files import Member
from einspace.predictor.about import About
from einspace.reading.archives import Loose, open_loose
from einspace.reading.arrays import as_array
from einspace.reading.axes import AXES, arranged
from einspace.reading.frames import FRAMES, framed, is_frame
from einspace.reading.images import classes_of, find_images, read_image, suffixes
from einspace.reading.pictures import WHITE, Looks, are_pictures, is_picture, pixels_of
from einspace.reading.rows import open_rows
from einspace.reading.scanning import not_finite
from einspace.reading.tables import TEXTS, in_rows

Pieces = Callable[[int], Iterator[NDArray[Any]]]
"""Raw samples from the first to the last, at most so many at a time, in the order of axes that was given."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples that are read when their turn comes; those of files may take more than the memory.

    `where` names them in errors, `single` says that one sample was given without an axis of samples, `names` are what rows of
    predictions are called, and `targets` gives the targets that lie beside the samples; None where there are none.
    """

    where: str
    count: int
    pieces: Pieces
    about: About
    single: bool = False
    names: Sequence[str] | None = None
    targets: Callable[[], NDArray[Any]] | None = None

    def batches(self, size: int) -> Iterator[NDArray[Any]]:
        """Batches (n, C, H, W) or (n, S, D), raw, finite, in the type that the network takes; raises TaskError that names a bad sample."""
        dtype, start = np.dtype(self.about.preprocessing.dtype), 0
        for raw in self.pieces(size):
            if raw.shape[1:] != self.about.given_shape:
                raise TaskError(f"{self.where}: {self.about.expectation()}, and got {raw.shape[1:]} in sample {start}")
            found = not_finite(raw)
            if found is not None:
                raise TaskError(
                    f"{self.where}: {self.about.expectation()}, all finite numbers, and got a value that is not finite in float32 in "
                    f"sample {start + found[1]}"
                )
            start += len(raw)
            yield np.require(arranged(raw, self.about.order), dtype, ["C", "W"])


def samples_of(given: Any, about: About, split: str | None = None) -> Samples:
    """Samples that were given, understood as the training data were.

    Args:
        given: An array (N, ...) or one sample, of any library, in the axes of the training data; one of Pillow's images or a list of
            them; a data frame, or rows of one; or a path to a folder or a file of images, to a table, or to arrays.
        about: What the predictor was trained on.
        split: Of arrays in files that hold several: train, valid or test.

    Raises:
        TaskError: For anything else; the line says what the predictor was trained on, and what it got.
    """
    if isinstance(given, str) and not given:
        raise TaskError("the path of the samples is empty")
    if isinstance(given, str | Path):
        return _of_path(Path(given), about, split)
    if split is not None:
        raise TaskError("split chooses among the arrays of a file, and says nothing of samples that are given as they are")
    if is_frame(given):
        return _of_table(given, "table", about)
    rows = list(given) if isinstance(given, list | tuple) else [given]
    if rows and all(_is_row(row, about) for row in rows):
        return replace(_of_table(framed(rows), "table", about), single=not isinstance(given, list | tuple))
    if is_picture(given) or are_pictures(given):
        return _of_pictures(given, about)
    return _of_array(as_array(given, "samples"), "samples", about)


def _of_path(path: Path, about: About, split: str | None) -> Samples:
    suffix = path.suffix.lower()
    if not path.exists():
        raise TaskError(f"{escaped(str(path), keep='')}: there is no such file or folder")
    several = suffix == ".npz" or (path.is_dir() and any(path.glob("*.npy")))
    if split is not None and not several:
        raise TaskError(f"{path}: split chooses among the arrays of a .npz archive or a folder of .npy files")
    if several or suffix == ".npy":
        x, y = open_loose(path, split)
        found = _of_array(x, str(path), about)
        return found if y is None else replace(found, targets=y.read if isinstance(y, Member) else lambda: np.asarray(y))
    if path.is_dir():
        return _of_images(find_images(path), path, about)
    if suffix in (*TEXTS, *FRAMES):
        return _of_table(path, str(path), about)
    if suffix in suffixes():
        return _of_images([path], path.parent, about)
    raise TaskError(f"{path}: {about.expectation()}, which lie in a folder, an image, a .npz or .npy file or a table, not in {suffix!r}")


def _of_array(x: Loose, where: str, about: About) -> Samples:
    signals, shape = about.preprocessing.signals, about.given_shape
    if x.dtype.kind not in "biuf":
        raise TaskError(f"{where}: {about.expectation()}, and got values of the type {x.dtype}")
    in_a_row = signals is not None and signals.in_a_row(shape) and x.ndim in (1, 2) and x.shape[-1] == len(signals.columns)
    single = x.ndim == 1 if in_a_row else x.shape == shape  # rows of one step have the shape of a sample
    if not single and not in_a_row and x.shape[1:] != shape:
        raise TaskError(f"{where}: {about.expectation()}, and got {x.dtype} of the shape {x.shape}{_hint(x.shape, about)}")
    if not single and not len(x):
        raise TaskError(f"{where}: {about.expectation()}, and got no sample at all")
    whole = _read(x)[None] if single else x

    def pieces(size: int) -> Iterator[NDArray[Any]]:
        for piece in _in_pieces(whole, size):
            yield piece if signals is None or not in_a_row else in_rows(piece, signals.channels, signals.layout)

    return Samples(where, len(whole), pieces, about, single)


def _in_pieces(x: Loose, size: int) -> Iterator[NDArray[Any]]:
    return x.pieces(size) if isinstance(x, Member) else (np.asarray(x[start : start + size]) for start in range(0, len(x), size))


def _read(x: Loose) -> NDArray[Any]:
    return x.read() if isinstance(x, Member) else x


def _hint(shape: tuple[int, ...], about: About) -> str:
    """The order of axes in which samples would fit, where there is one."""
    signals = about.preprocessing.signals
    if signals is not None and len(signals.columns) == 1 == len(shape):
        return "; they would fit as rows of one number: x.reshape(-1, 1)"
    for order in AXES:
        if order != about.order and len(order) in (len(shape), len(shape) + 1):
            one = np.broadcast_to(np.float32(0), (1, *shape[len(shape) - len(order) + 1 :]))
            if arranged(one, order).shape[1:] == about.input:
                return f"; they would fit if their axes were {order}: bring them to {about.order}"
    return ""


def _of_table(given: Any, where: str, about: About) -> Samples:
    signals = about.preprocessing.signals
    if signals is None:
        raise TaskError(f"{where}: {about.expectation()}, which were no table, and got a table")
    rows = open_rows(given, signals)
    return Samples(where, len(rows), rows.series, about, targets=rows.labels)


def _is_row(given: Any, about: About) -> bool:
    """Whether an object is a row of a data frame of pandas, whose index has the names of columns that the training data had."""
    signals = about.preprocessing.signals
    if signals is None or not signals.named or not is_pandas_series(given):
        return False
    return all(isinstance(name, str) for name in given.index) or set(signals.columns) <= set(map(str, given.index))


def _of_images(files: list[Path], root: Path, about: About) -> Samples:
    if about.order != "NCHW" or about.input[0] not in (1, 3):
        raise TaskError(f"{root}: {about.expectation()}, which were no files of images, and got {len(files)} of those")
    looks = _looks(about)

    def pieces(size: int) -> Iterator[NDArray[Any]]:
        for start in range(0, len(files), size):
            found = [
                (file, read_image(file, looks.colours, about.preprocessing.size, looks.shallow)) for file in files[start : start + size]
            ]
            for file, image in found:
                if image.shape != about.input:
                    raise TaskError(f"{file}: {about.expectation()}, and got an image of {' x '.join(map(str, image.shape))}")
            yield np.stack([image for _, image in found])

    names = [str(file.relative_to(root)) for file in files]
    return Samples(str(root), len(files), pieces, about, False, names, lambda: np.array(classes_of(files, root)))


def _of_pictures(given: Any, about: About) -> Samples:
    """Pillow's images, or one of them, as files of images are read, in the axes of the training data."""
    if len(about.input) != 3 or about.input[0] not in (1, 3):
        return _of_array(as_array(given, "samples"), "samples", about)
    arrays = pixels_of([given] if is_picture(given) else given, _looks(about), "samples", about.preprocessing.size)
    x = as_array(arrays, "samples")
    x = x.transpose(0, 2, 3, 1) if about.order == "NHWC" else x[:, 0] if about.order == "NHW" else x
    return _of_array(x[0] if is_picture(given) else x, "samples", about)


def _looks(about: About) -> Looks:
    """The common form of the images of the training data; where it was not recorded, the numbers of arrays say how many bits they had."""
    known = about.preprocessing
    shallow = known.shallow
    if shallow is None and known.given == "uint8":
        shallow = True
    if shallow is None and known.given.startswith(("int", "uint")) and known.high is not None and known.high.max() > WHITE:
        shallow = False
    return Looks(about.input[0] == 3, shallow)
