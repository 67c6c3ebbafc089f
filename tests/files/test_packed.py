"""Packed files of others: what is damaged is named, and a bomb of any kind is refused before it fills the memory."""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from einspace.errors import DataError
from einspace.files import guarded, members, read, read_mat, read_npz, read_pickle, unpack

ZEROS = bytes(5_000_000)
LIMIT = 1_000_000


def tar(path: Path, mode: str, **files: bytes) -> Path:
    with tarfile.open(path, mode) as tape:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(f"/top/folder/{name}")
            entry.size = len(content)
            tape.addfile(entry, io.BytesIO(content))
    return path


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(f"../top/folder/{name}", content)
    return path


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.whl"])
def test_archives(tmp_path: Path, name: str) -> None:
    """Members are found by the end of their path, in tar and in zip; a cut-off archive, another one and a missing one are named."""
    path = tmp_path / name
    content = bytes(range(256)) * 20
    if name == "a.whl":
        zipped(path, file=content, other=b"x")
    else:
        tar(path, f"w:{path.suffix[1:]}" if path.suffix != ".tar" else "w", file=content, other=b"x")
    assert members(path, ("folder/file",)) == {"folder/file": content}
    with pytest.raises(DataError, match=f"{name}: holds no other/file"):
        members(path, ("other/file",))
    (tmp_path / "cut").write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"cut: cannot be read as an archive: "):
        members(tmp_path / "cut", ("file",))
    with pytest.raises(DataError, match=r"none.tar: there is no such file"):
        members(tmp_path / "none.tar", ("file",))


def test_gzip(tmp_path: Path) -> None:
    """A packed file is unpacked; one that is cut off, damaged or none is named, and so is a folder."""
    path = tmp_path / "a.gz"
    whole = gzip.compress(bytes(range(256)) * 40)
    path.write_bytes(whole)
    assert read(path) == unpack(whole, "x") == bytes(range(256)) * 40
    for content in (whole[:-9], b"plain text", whole[:30] + b"\xff\xff\xff" + whole[33:], whole[:-8] + bytes(8)):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.gz: cannot be read as a gzip file: "):
            read(path)
        with pytest.raises(DataError, match=r"x: cannot be read as a gzip file: "):
            unpack(content, "x")
    with pytest.raises(DataError, match="cannot be read as a file: Is a directory"):
        read(tmp_path)


def save_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, x=np.zeros(10**6))


def save_mat(path: Path) -> None:
    from scipy.io import savemat

    savemat(path, {"coeff": np.zeros((700, 700))}, do_compression=True)


BOMBS: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "gzip": (lambda path: path.write_bytes(gzip.compress(ZEROS)), lambda path: read(path, LIMIT)),
    "gzip in memory": (lambda path: path.write_bytes(gzip.compress(ZEROS)), lambda path: unpack(path.read_bytes(), path, LIMIT)),
    "many gzips in one": (lambda path: path.write_bytes(gzip.compress(bytes(600_000)) * 2), lambda path: read(path, LIMIT)),
    "gzipped pickle": (lambda path: path.write_bytes(gzip.compress(pickle.dumps(ZEROS))), lambda path: read_pickle(path, LIMIT)),
    "gzipped lists": (lambda path: path.write_bytes(gzip.compress(b"]" * 500_000 + b".")), lambda path: read_pickle(path, LIMIT)),
    "tar.gz": (lambda path: tar(path, "w:gz", file=ZEROS), lambda path: members(path, ("file",), LIMIT)),
    "tar.bz2": (lambda path: tar(path, "w:bz2", file=ZEROS), lambda path: members(path, ("file",), LIMIT)),
    "tar.xz": (lambda path: tar(path, "w:xz", file=ZEROS), lambda path: members(path, ("file",), LIMIT)),
    "tar.gz, another member": (lambda path: tar(path, "w:gz", big=ZEROS, file=b"x"), lambda path: members(path, ("file",), LIMIT)),
    "zip": (lambda path: zipped(path, file=ZEROS), lambda path: members(path, ("file",), LIMIT)),
    "zip of many": (lambda path: zipped(path, a=bytes(600_000), b=bytes(600_000)), lambda path: members(path, ("a", "b"), LIMIT)),
    "npz": (save_npz, lambda path: read_npz(path, LIMIT)),
    "mat": (save_mat, lambda path: read_mat(path, ("coeff",), LIMIT)),
}


@pytest.mark.parametrize(("write", "read_it"), BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused(tmp_path: Path, write: Callable[[Path], object], read_it: Callable[[Path], object]) -> None:
    """One message with the file, the sizes and what to do, and no more was unpacked than is allowed."""
    path = tmp_path / "bomb.gz"
    write(path)
    with pytest.raises(DataError, match=r"bomb\.gz: would unpack from [\d,]+ to [\d,]+ bytes or more, but at most 1,000,000 are read: \w+"):
        read_it(path)


def test_the_bound_is_what_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory that is available, but 32 GiB at most."""
    memory = psutil.virtual_memory()
    for available, bound in ((5_000, 5_000), (2**40, 32 * 2**30)):
        monkeypatch.setattr(psutil, "virtual_memory", lambda available=available: memory._replace(available=available))
        assert guarded.bound() == bound


def test_a_sparse_member_is_its_whole_size(tmp_path: Path) -> None:
    """Holes of a file in a tar take no bytes there, but do when they are read."""
    entry = tarfile.TarInfo("file")
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = b"%011o\0" % 2**32
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "holes.tar").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(DataError, match=r"holes\.tar: would unpack from 1,536 to 4,29"):
        members(tmp_path / "holes.tar", ("file",), LIMIT)


def lying(path: Path, size: int) -> Path:
    """A zip whose member says that it is of another size than it is."""
    zipped(path, file=ZEROS)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", len(ZEROS)), struct.pack("<I", size)))
    return path


def test_a_zip_that_lies(tmp_path: Path) -> None:
    """A member is never read beyond what it says: one that says less than it is, is damaged; one that says more is counted as that."""
    with pytest.raises(DataError, match=r"less\.zip: cannot be read as an archive: Bad CRC-32"):
        members(lying(tmp_path / "less.zip", 1000), ("file",), LIMIT)
    with pytest.raises(DataError, match=r"more\.zip: would unpack from .* to 4,000,000,000"):
        members(lying(tmp_path / "more.zip", 4_000_000_000), ("file",), LIMIT)


def test_encrypted_members(tmp_path: Path) -> None:
    """A member that needs a password is told as such."""
    path = zipped(tmp_path / "a.zip", file=b"x")
    content = bytearray(path.read_bytes())
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + flags] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"a\.zip: cannot be read as an archive: .*password"):
        members(path, ("file",))


def test_a_stream_without_an_end_is_bounded(tmp_path: Path) -> None:
    """What has no size, such as a device, is not read at all."""
    if not Path("/dev/zero").exists():
        pytest.skip("there is no /dev/zero")
    with pytest.raises(DataError, match="/dev/zero: cannot be read as a file: it is not a regular file"):
        read(Path("/dev/zero"), LIMIT)


@pytest.mark.parametrize("packer", [bz2.compress, lzma.compress])
def test_packings_that_are_no_tar(tmp_path: Path, packer: Callable[[bytes], bytes]) -> None:
    """A packed file that holds no tar is not an archive."""
    (tmp_path / "a").write_bytes(packer(b"no tar" * 1000))
    with pytest.raises(DataError, match="a: cannot be read as an archive: "):
        members(tmp_path / "a", ("file",))
