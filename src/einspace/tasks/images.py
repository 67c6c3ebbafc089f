"""Images of one's own: a folder with a folder for each class, or with `train`, `valid` and `test` above those. Needs Pillow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files.border import reading

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""What counts as an image."""

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Names of folders that are splits."""

Found = dict[str, list[tuple[Path, str]]]
"""Files with their classes, by split."""


def read_images(folder: Path, size: tuple[int, int] | None = None) -> dict[str, tuple[NDArray[Any], NDArray[np.str_]]]:
    """Images (N, C, H, W) of one or three channels and the names of their classes (N,), by split; grey ones may have 16 bits or more.

    `size` scales every image to a height and a width. Raises TaskError naming the image that is of another size than the first, or that
    cannot be read.
    """
    _check_pillow()
    found = _find(folder)
    first = next(iter(found.values()))[0][0]
    colours = any(_colour(path) for files in found.values() for path, _ in files)
    wanted = size or _read(first, None, colours).shape[1:]
    pools = {}
    for split, files in found.items():
        images = []
        for path, _ in files:
            image = _read(path, size, colours)
            if image.shape[1:] != wanted:
                raise TaskError(
                    f"{path}: is {image.shape[1]} x {image.shape[2]}, but {first} is {wanted[0]} x {wanted[1]}: "
                    "all images must be of one size, or be scaled to one (size=)"
                )
            images.append(image)
        pools[split] = (np.stack(images), np.array([label for _, label in files]))
    return pools


def _find(folder: Path) -> Found:
    """The images of a folder, sorted by name; raises TaskError where there is no folder for each class."""
    if not folder.is_dir():
        raise TaskError(f"{folder}: there is no such folder")
    children = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    splits = {SPLITS[path.name.lower()]: path for path in children if path.name.lower() in SPLITS}
    if splits and "train" not in splits:
        raise TaskError(f"{folder}: there are folders {', '.join(path.name for path in splits.values())}, but none is train")
    if splits and len(splits) < len(children):
        raise TaskError(f"{folder}: holds {', '.join(path.name for path in children)}: either splits or classes, not both")
    found: Found = {}
    for split, root in (splits or {"train": folder}).items():
        files = [
            (path, label.name)
            for label in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
            for path in sorted(label.rglob("*"))
            if path.suffix.lower() in SUFFIXES
        ]
        if not files:
            raise TaskError(f"{root}: there are no images; they are expected as {root}/CLASS/IMAGE ({', '.join(SUFFIXES)})")
        found[split] = files
    return found


def _colour(path: Path) -> bool:
    """Whether an image has colours; looks at its header only."""
    with _opened(path) as image:
        return is_colour(image)


def _read(path: Path, size: tuple[int, int] | None, colours: bool) -> NDArray[Any]:
    """One image (C, H, W)."""
    with _opened(path) as image:
        return pixels(image, colours, size)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from PIL import Image

    with decoding(path), Image.open(path) as image:
        yield image


@contextmanager
def decoding(where: object) -> Iterator[None]:
    """Raise DataError where the block cannot read an image, or where it is one of billions of pixels."""
    from PIL import Image

    with reading(where, "an image"):
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ValueError(str(error)) from None


def is_colour(image: Any) -> bool:
    """Whether one of Pillow's images has colours."""
    return not image.mode.startswith(("I", "F")) and image.mode not in ("1", "L", "LA", "La")


def pixels(image: Any, colours: bool, size: tuple[int, int] | None = None) -> NDArray[Any]:
    """One of Pillow's images (C, H, W): bytes, but float32 for a grey one of more than 8 bits, which bytes would cut off."""
    converted = image.convert("RGB" if colours else "F" if image.mode.startswith(("I", "F")) else "L")
    array = np.asarray(converted if size is None else converted.resize((size[1], size[0])))
    return np.ascontiguousarray(array.transpose(2, 0, 1)) if colours else array[None]


def _check_pillow() -> None:
    """Raise TaskError that says what to install."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise TaskError("images are read with Pillow: pip install 'einspace[images]'") from None
