"""Folders of images: a folder for each class, or with `train`, `valid` and `test` above those. Needs Pillow."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import DataError, TaskError
from einspace.machine import free_memory
from einspace.reading.archives import ARRAYS
from einspace.reading.pictures import decoding, is_clear, is_colour, is_cut, is_deep, pixels
from einspace.reading.png import check_rows
from einspace.reading.source import SPLITS, Source

REFUSED = ("EPS", "HDF5", "GRIB", "BUFR", "MPEG", "WMF", "FITS")
"""Formats of Pillow's that it opens only with another program (EPS is one), or that are not pictures."""

RUBBISH = ("__macosx", "thumbs.db", "desktop.ini")
"""Names that systems leave in folders, besides hidden ones."""

USUAL = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""Suffixes of images that are known without Pillow."""


@dataclass
class _Found:
    """Files of images with their classes by split, and how many other files there are of each suffix."""

    images: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    deeper: int = 0


def read_images(folder: Path, size: tuple[int, int] | None = None) -> Source:
    """Images (N, C, H, W) of one or three channels and the names of their classes (N,), by split; grey ones may have 16 bits or more.

    `size` scales every image to a height and a width. Raises TaskError naming the image that is of another size than the first, or that
    cannot be read, and a class without images.
    """
    _check_pillow()
    if size is not None and (len(size) != 2 or any(isinstance(axis, bool) or not isinstance(axis, int | np.integer) for axis in size)):
        raise TaskError(f"{folder}: size is a height and a width in pixels, as (32, 32), not {size!r}")
    found = _find(folder)
    every = [path for files in found.images.values() for path, _ in files]
    looks = {path: _look(path) for path in every}
    colours = any(look.colours for look in looks.values())
    shallow = colours or not all(look.deep for look in looks.values())
    if size is None:
        _check_sizes(every, looks)
    _check_sum(folder, list(looks.values()), size, colours, shallow)
    pools = {}
    for split, files in found.images.items():
        images = [_read(path, size, colours, shallow) for path, _ in files]
        pools[split] = (np.stack(images), np.array([label for _, label in files]))
    doubts, notes = _remarks(found, list(looks.values()), shallow)
    return Source(pools, notes=notes, doubts=doubts, size=size, shallow=shallow)


def find_images(folder: Path) -> list[Path]:
    """The images at or below a folder, sorted by name, whatever folders they lie in; raises TaskError where there are none."""
    _check_pillow()
    found = [path for path, _ in _files(folder) if path.suffix.lower() in suffixes()]
    if not found:
        raise TaskError(f"{folder}: there are no images")
    return found


def classes_of(images: Sequence[Path], folder: Path) -> list[str]:
    """The class of each image below a folder: the uppermost folder that it lies in, or where those are splits, the next one.

    An image that lies in no such folder is of the class of its own name, which no other is of. Raises TaskError as `read_images` does
    where splits and classes lie side by side.
    """
    depth = 1 if _splits(folder) else 0
    parts = [path.relative_to(folder).parts for path in images]
    return [(part[depth:] or part)[0] for part in parts]


def read_image(path: Path, colours: bool, size: tuple[int, int] | None = None, shallow: bool | None = True) -> NDArray[Any]:
    """One image (C, H, W), as `read_images` reads it; for `shallow` see `pictures.pixels`. Raises DataError."""
    _check_pillow()
    return _read(path, size, colours, shallow)


@dataclass(frozen=True)
class _Look:
    """Properties in the header of an image: whether it has colours, more than 8 bits, transparent parts and several pictures.

    `cut` says that it has more than 8 bits, and is read with 8.
    """

    height: int
    width: int
    colours: bool
    deep: bool
    cut: bool
    clear: bool
    frames: int


def _remarks(found: _Found, looks: list[_Look], shallow: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Doubts and notes about a folder."""
    doubts, notes = [], []
    if found.others:
        kinds = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in found.others.most_common(5))
        doubts.append(f"files that are left out, since they are not images in a folder of a class: {kinds}")
    if found.deeper:
        doubts.append(f"images that lie deeper than CLASS/IMAGE, whose class is the uppermost folder: {found.deeper}")
    several = sum(look.frames > 1 for look in looks)
    if several:
        doubts.append(f"images with several pictures or pages, of which the first is taken: {several}")
    clear = sum(look.clear for look in looks)
    if clear:
        notes.append(f"transparent images, laid on white: {clear}")
    deep = sum(look.deep for look in looks)
    if deep:
        notes.append(f"images of 16 bits, {'brought to 0 to 255, as the others' if shallow else 'with the values that they have'}: {deep}")
    cut = sum(look.cut for look in looks)
    if cut:
        notes.append(f"images of 16 bits in each of several channels, of which the upper 8 are read: {cut}")
    return tuple(doubts), tuple(notes)


def _check_sizes(paths: list[Path], looks: dict[Path, _Look]) -> None:
    first = paths[0]
    wanted = looks[first]
    for path in paths:
        look = looks[path]
        if (look.height, look.width) != (wanted.height, wanted.width):
            raise TaskError(
                f"{path}: is {look.height} x {look.width}, but {first} is {wanted.height} x {wanted.width}: "
                "all images must be of one size, or be scaled to one (size=)"
            )


def _check_sum(folder: Path, looks: list[_Look], size: tuple[int, int] | None, colours: bool, shallow: bool) -> None:
    """Raise TaskError where all images of a folder, and one as it is decoded, take more memory than is free."""
    each = (3 if colours else 1) * (1 if shallow else 4)
    areas = [look.height * look.width for look in looks]
    kept = sum(areas) if size is None else len(looks) * int(size[0]) * int(size[1])
    needed, free = 2 * kept * each + 8 * max(areas), free_memory()  # once alone and once stacked
    if needed > free:
        raise TaskError(
            f"{folder}: {len(looks):,} images of {max(areas):,} pixels or fewer need about {needed:,} bytes of memory, but {free:,} are "
            "free: scale them (size=), or read fewer"
        )


def _visible(folder: Path) -> list[Path]:
    """The entries of a folder, by name, without hidden ones and those that systems leave there."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name.lower() not in RUBBISH)


def _files(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[tuple[Path, int]]:
    """The files below a folder, with how deep they lie; raises DataError for a link back to what it lies in, which has no end."""
    above = (*above, folder.resolve())
    for path in _visible(folder):
        if not path.is_dir():
            yield path, len(above) - 1
        elif path.is_symlink() and any(each.is_relative_to(path.resolve()) for each in above):
            raise DataError(f"{path}: is a link to a folder that it lies in: delete the link")
        else:
            yield from _files(path, above)


@cache
def suffixes() -> frozenset[str]:
    """Suffixes of the formats that Pillow opens here; without Pillow the usual ones, so that it is asked for where an image is read."""
    try:
        from PIL import Image
    except ImportError:
        return frozenset(USUAL)
    Image.init()
    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN and kind not in REFUSED)


def _splits(folder: Path) -> dict[str, Path]:
    """The folders in a folder that are splits, all or none; raises TaskError where two are the same one, and where others are classes."""
    children = [path for path in _visible(folder) if path.is_dir()]
    splits: dict[str, Path] = {}
    for path in children:
        split = SPLITS.get(path.name.lower())
        if split in splits:
            raise TaskError(f"{folder}: {splits[split].name} and {path.name} are both {split}")
        if split is not None:
            splits[split] = path
    if splits and len(splits) < len(children):
        raise TaskError(f"{folder}: holds {', '.join(path.name for path in children)}: either splits or classes, not both")
    return splits


def _find(folder: Path) -> _Found:
    """The images of a folder, sorted by name; raises TaskError where there is no folder for each class, or an empty one."""
    if not folder.is_dir():
        raise TaskError(f"{folder}: there is no such folder")
    splits = _splits(folder)
    if splits and "train" not in splits:
        raise TaskError(f"{folder}: there are folders {', '.join(path.name for path in splits.values())}, but none is train")
    found = _Found()
    for root in {folder, *splits.values()}:
        found.others.update(path.suffix.lower() for path in _visible(root) if not path.is_dir())
    for split, root in (splits or {"train": folder}).items():
        files: list[tuple[Path, str]] = []
        classes = [path for path in _visible(root) if path.is_dir()]
        _check_classes(root, [path.name for path in classes])
        for label in classes:
            before = len(files)
            for path, depth in _files(label):
                if path.suffix.lower() in suffixes():
                    files.append((path, label.name))
                    found.deeper += depth > 0
                else:
                    found.others[path.suffix.lower()] += 1
            if len(files) == before:
                raise TaskError(f"{label}: there are no images of this class: delete the folder, or put them in")
        if not files:
            raise TaskError(f"{root}: there are no images; they are expected as {root}/CLASS/IMAGE (.png, .jpg and whatever Pillow opens)")
        found.images[split] = files
    return found


def _check_classes(root: Path, names: list[str]) -> None:
    """Raise TaskError where folders are called like samples and like their targets, or each like a split, and not all like one."""
    if {ARRAYS.get(name.lower()) for name in names} == {"x", "y"}:
        raise TaskError(
            f"{root}: holds {' and '.join(names)}, which are samples and their targets, no classes: targets of pixels are read with "
            "from_arrays; if these are classes, give the folders other names"
        )
    words = [re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) for name in names]
    splits = [{SPLITS[word.lower()] for word in name if word.lower() in SPLITS} for name in words]
    if all(splits) and len(set[str]().union(*splits)) > 1:
        raise TaskError(
            f"{root}: holds {' and '.join(names[:8])}, which are splits, no classes: they are expected as train/CLASS/IMAGE and so on; "
            "if these are classes, give the folders other names"
        )


def _look(path: Path) -> _Look:
    """The header of an image, with its sides turned as its camera was held."""
    with _opened(path) as image:
        cut = is_cut(image)  # first: the rest may decode it
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = image.size[::-1] if turned else image.size
        return _Look(height, width, is_colour(image), is_deep(image), cut, is_clear(image), getattr(image, "n_frames", 1))


def _read(path: Path, size: tuple[int, int] | None, colours: bool, shallow: bool | None) -> NDArray[Any]:
    """One image (C, H, W)."""
    with _opened(path) as image:
        if image.format == "PNG":
            check_rows(path, image)
        return pixels(image, colours, size, shallow)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from PIL import Image

    with decoding(path), Image.open(path) as image:
        yield image


def _check_pillow() -> None:
    """Raise TaskError, with the command that installs Pillow, where it is missing."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise TaskError("images are read with Pillow: pip install 'einspace[images]'") from None
