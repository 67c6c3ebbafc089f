"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, on a free port of this machine only."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MISSING = "PostgreSQL's initdb and pg_ctl are neither on PATH nor in /usr/lib/postgresql/*/bin: `make services` installs them on Debian"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, None where there is none."""
    folders = [Path(found).parent] if (found := shutil.which("initdb")) else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


class Server:
    """A running server; `url` is its address, which stays when it is stopped and started."""

    def __init__(self, programs: Path, home: Path) -> None:
        self._programs = programs
        self._home = home
        self._user = _user()
        self._log = home / "log"
        if self._user is not None:  # PostgreSQL refuses to run as root
            os.chown(home, pwd.getpwnam(self._user).pw_uid, -1)
        port = _free_port()
        self.url = f"postgresql+psycopg://einspace@127.0.0.1:{port}/postgres"
        self._options = f"-h 127.0.0.1 -p {port} -k {home} -c max_connections=200 -c fsync=on"
        self._call("initdb", "-U", "einspace", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._call("pg_ctl", "-l", str(self._log), "-w", "-o", self._options, "start")

    def stop(self) -> None:
        """End it at once, as a power cut would."""
        self._call("pg_ctl", "-m", "immediate", "-w", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._home / "data"), *arguments]
        done = subprocess.run(command, cwd=self._home, user=self._user, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            said = self._log.read_text() if self._log.exists() else ""
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}{said}")


@contextmanager
def server() -> Iterator[Server | None]:
    """A server that lives as long as the block; None where its programs are not installed."""
    folder = programs()
    if folder is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="einspace-postgres-") as name:
        found = Server(folder, Path(name))
        try:
            yield found
        finally:
            found.stop()


def required() -> Iterator[Server]:
    """What a fixture yields: a server; where one should be and is not, that is a failure."""
    with server() as found:
        if found is None and os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        if found is None:
            pytest.skip(MISSING)
        yield found


def _user() -> str | None:
    """Who runs the server: None for whoever runs the tests, or a system user in root's place."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
