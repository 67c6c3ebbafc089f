"""Files of arrays: a header is not believed."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace.errors import DataError
from einspace.files import read_mat, read_npy, read_npz


def header(shape: Any, kind: str = "<f4") -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}"
    return raw(text)


def raw(text: str) -> bytes:
    length = -(-(len(text) + 11) // 64) * 64
    return b"\x93NUMPY\x01\x00" + (length - 10).to_bytes(2, "little") + text.ljust(length - 11).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header((10**12, 4)) + bytes(16), r"is cut off: \(1000000000000, 4\) of float32 are 16,000,000,000,000 bytes, but 16 are there"),
        (header((2**40, 0, 2**40)), "cannot be read as an array: .*too (big|large)"),
        (header((-4,)) + bytes(16), r"no array of the shape \(-4,\)"),
        (header((4,), "|O") + bytes(32), "Python objects"),
        (header((2**50,), "|S0"), "type \\|S0, which are neither"),
        (header((2**50,), "|V0"), "which are neither numbers nor words"),
        (header((4,), "<M8[s]") + bytes(32), "neither numbers nor words"),
        (header("(4, 'x')") + bytes(16), "cannot be read as an array"),
        (raw("(" * 3000), "cannot be read as an array"),
        (raw("-" * 9000 + "1"), "cannot be read as an array"),
        (raw("__import__('os').mkdir('made')"), "cannot be read as an array"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "version .9, 0."),
        (b"\x93NUM", "cannot be read as an array"),
        (b"", "cannot be read as an array"),
    ],
)
def test_bad_arrays(tmp_path: Path, content: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes, types and texts that lie are refused by name, alone and in an archive, before memory is asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(DataError, match=rf"a\.npy: .*({words})"):
        read_npy(tmp_path / "a.npy")
    with pytest.raises(DataError, match=rf"a\.npz.*: .*({words.replace('an array', 'an archive of arrays')})"):
        read_npz(tmp_path / "a.npz")
    assert not (tmp_path / "made").exists()


def test_a_zip_with_something_else(tmp_path: Path) -> None:
    """An archive of arrays holds nothing else, and a pickle in it is not read."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.pkl", b"")
    with pytest.raises(DataError, match=r"a\.npz, x\.pkl: an archive of arrays holds \.npy members only"):
        read_npz(tmp_path / "a.npz")


def test_bad_files_of_matlab(tmp_path: Path) -> None:
    """What is missing, no number, of the newer format or broken is told, by name; numbers come back."""
    from scipy.io import savemat

    path = tmp_path / "a.mat"
    savemat(path, {"coeff": np.arange(6.0).reshape(2, 3), "words": "text", "parts": {"a": 1}}, do_compression=True)
    assert read_mat(path, ("coeff",))["coeff"].tolist() == [[0, 1, 2], [3, 4, 5]]
    for name, words in (("sol", "not nothing"), ("words", "not char"), ("parts", "not struct")):
        with pytest.raises(DataError, match=rf"a\.mat: must hold {name}, an array of numbers, {words}"):
            read_mat(path, (name,))
    whole = path.read_bytes()
    stream = io.BytesIO(whole)
    for content in (stream.read(140), b"MATLAB 5.0", b"", whole[:150] + b"\xff" * 20 + whole[170:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.mat: (cannot be read as a file of MATLAB's|must hold)"):
            read_mat(path, ("coeff",))
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(500))
    with pytest.raises(DataError, match=r"a\.mat: is of MATLAB's format 7\.3"):
        read_mat(path, ("coeff",))
