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

MISSING = "PostgreSQL's initdb and pg_ctl are neither on PATH nor in /usr/lib/postgresql/*/bin: `make services` installs them on Debian"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, None where there is none."""
    folders = [Path(found).parent] if (found := shutil.which("initdb")) else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextmanager
def server() -> Iterator[str | None]:
    """The address of a server that lives as long as the block; None where its programs are not installed."""
    folder = programs()
    if folder is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="einspace-postgres-") as name:
        home = Path(name)
        user = _user()
        if user is not None:  # PostgreSQL refuses to run as root
            os.chown(home, pwd.getpwnam(user).pw_uid, -1)
        port = _free_port()
        data, log = home / "data", home / "log"

        def call(program: str, *arguments: str) -> None:
            command = [str(folder / program), *arguments]
            done = subprocess.run(command, cwd=home, user=user, capture_output=True, text=True, timeout=120, check=False)
            if done.returncode != 0:
                said = log.read_text() if log.exists() else ""
                raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}{said}")

        call("initdb", "-D", str(data), "-U", "einspace", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k {home} -c max_connections=200 -c fsync=on"
        call("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://einspace@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


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
