"""Files of arrays: a header is not believed."""

import random
import struct
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace.errors import DataError
from einspace.files import read_mat, read_npy, read_npz
from einspace.files.arrays import npz_members


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


NUMBERS = np.random.default_rng(0).normal(0, 50, size=(5, 4, 3))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_matlab_s_numbers(tmp_path: Path, kind: str, packed: bool) -> None:
    """Numbers of every type come back as SciPy reads them, packed or not, in one to three axes and where nothing or little is in them."""
    from scipy.io import loadmat, savemat

    whole = NUMBERS.astype(kind)
    written = {"coeff": whole, "matrix": whole[0], "few": whole[0, 0, :1], "none": whole[:0], "text": "words", "flags": whole > 0}
    savemat(tmp_path / "a.mat", written, do_compression=packed)
    names = tuple(name for name in written if name != "text")
    read, expected = read_mat(tmp_path / "a.mat", names), loadmat(tmp_path / "a.mat")
    for name in names:
        assert (read[name].dtype, read[name].shape) == (expected[name].dtype, expected[name].shape)
        assert np.array_equal(read[name], expected[name])


def test_matlab_s_other_order(tmp_path: Path) -> None:
    """A file of a machine that writes the high byte first."""
    from scipy.io import loadmat

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack(">II", kind, len(content)) + content + bytes(-len(content) % 8)

    flags, sizes, name = element(6, struct.pack(">II", 6, 0)), element(5, struct.pack(">ii", 2, 3)), element(1, b"sol")
    content = element(3, np.arange(-2, 4, dtype=">i2").tobytes())
    (tmp_path / "a.mat").write_bytes(b"x".ljust(124) + b"\x01\x00MI" + element(14, flags + sizes + name + content))
    read = read_mat(tmp_path / "a.mat", ("sol",))["sol"]
    assert read.tolist() == [[-2, 0, 2], [-1, 1, 3]] == loadmat(tmp_path / "a.mat")["sol"].tolist()

    endless = element(9, np.array([np.nan, 3.0], ">f8").tobytes())
    (tmp_path / "a.mat").write_bytes(b"x".ljust(124) + b"\x01\x00MI" + element(14, flags + endless + name + content))
    with pytest.raises(DataError, match=r"cannot be read as a file of MATLAB's: there is no array of the sizes \(nan, 3.0\)"):
        read_mat(tmp_path / "a.mat", ("sol",))


def test_bad_files_of_matlab(tmp_path: Path) -> None:
    """What is missing, no number, of another format or broken is told, by name."""
    from scipy.io import savemat

    path = tmp_path / "a.mat"
    savemat(path, {"coeff": NUMBERS, "words": "text", "parts": {"a": 1}, "waves": NUMBERS * 1j}, do_compression=True)
    for name, words in (("sol", "hold sol, an array"), ("words", "class 4"), ("parts", "class 2"), ("waves", "not of complex ones")):
        with pytest.raises(DataError, match=rf"a\.mat.*: must .*{words}"):
            read_mat(path, (name,))
    whole = path.read_bytes()
    for content in (whole[:140], whole[:400], b"MATLAB 5.0", b"", whole[:150] + b"\xff" * 20 + whole[170:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.mat: (cannot be read as a file of MATLAB's|must hold)"):
            read_mat(path, ("coeff",))
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(500))
    with pytest.raises(DataError, match=r"a\.mat: is of MATLAB's format 7\.3"):
        read_mat(path, ("coeff",))


def test_one_byte_ends_scipy_s_reader(tmp_path: Path) -> None:
    """A byte of a file that names another type of numbers lets `scipy.io.loadmat` read foreign memory; here it is one message.

    What lies there differs between processes: SciPy's reader ends by a signal for some bytes, and raises ZeroDivisionError for others.
    While one byte ends the process, MATLAB's format 5 is read here. Should none, SciPy's reader may do.
    """
    from scipy.io import savemat

    path = tmp_path / "a.mat"
    savemat(path, {"coeff": NUMBERS})
    content = bytearray(path.read_bytes())
    code = "import sys; from scipy.io import loadmat; loadmat(sys.argv[1])"
    ended = False
    for kind in range(20, 256, 6):
        content[193] = kind
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.mat: cannot be read as a file of MATLAB's: there is an element of type"):
            read_mat(path, ("coeff",))
        if not ended:
            ended = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False, timeout=100).returncode < 0
    assert ended, "a signal ended it"


@pytest.mark.slow
def test_random_damage_of_matlab_s_files(tmp_path: Path) -> None:
    """Bytes that are changed at random, which make SciPy's reader leave its memory, are read or refused."""
    from scipy.io import savemat

    chance = random.Random(0)
    outcomes = set()
    for packed in (False, True):
        savemat(tmp_path / "a.mat", {"coeff": NUMBERS}, do_compression=packed)
        whole = (tmp_path / "a.mat").read_bytes()
        for _ in range(400):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(120, 220)] = chance.randrange(256)
            (tmp_path / "b.mat").write_bytes(damaged)
            try:
                assert read_mat(tmp_path / "b.mat", ("coeff",), limit=10_000_000)["coeff"].nbytes <= 10_000_000
                outcomes.add("read")
            except DataError:
                outcomes.add("refused")
    assert outcomes == {"read", "refused"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    """An archive with two arrays of one name is refused: either could be meant."""
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as archive:
        for value in (0, 1):
            content = BytesIO()
            np.save(content, np.full(3, value))
            archive.writestr("x.npy", content.getvalue())
    for read in (npz_members, read_npz):
        with pytest.raises(DataError, match=r"twice.npz, x.npy: two members of the archive have this name$"):
            read(tmp_path / "twice.npz")
