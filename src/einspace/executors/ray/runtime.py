"""Runtime: this process's connection to Ray, an optional library."""

import importlib
import os
import socket
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path
from typing import Any

from einspace.echo import masked
from einspace.errors import RunError, SettingError
from einspace.evaluation.outcome import first_line

REACHING = 10.0
"""Seconds that an address gets to answer; Ray itself would try for minutes."""

_lock = threading.Lock()
_users = 0
_ours = False
"""True if this module made the connection, so that its last user ends it."""


def load_ray() -> Any:
    """The library; raises SettingError where it is not installed."""
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise SettingError("evaluations on Ray need the library ray, which is not installed: pip install 'einspace[ray]'") from None


class Runtime:
    """A user of the connection to Ray.

    A connection that the process has already is used and left as it is. Otherwise this one connects to the cluster at `address`, or at
    RAY_ADDRESS of the environment; and where there is neither, it starts Ray on this machine alone, without a dashboard and without
    statistics of use. What was connected or started here ends with its last user. Raises SettingError or RunError.
    """

    def __init__(self, address: str | None) -> None:
        global _users, _ours
        self.ray = load_ray()
        self._open = True
        with _lock:
            if self.ray.is_initialized():
                self._check_same(address)
            else:
                _connect(self.ray, address or os.environ.get("RAY_ADDRESS"))
                _ours, _users = True, 0
            _users += 1

    def close(self) -> None:
        """Use the connection no longer; may be called twice."""
        global _users, _ours
        with _lock:
            if self._open:
                self._open = False
                _users -= 1
                if _ours and _users == 0:
                    _ours = False
                    self.ray.shutdown()

    def _check_same(self, address: str | None) -> None:
        """Raise SettingError for another address than that of the one connection that a process can have."""
        there = self.ray.get_runtime_context().gcs_address
        if address not in (None, "auto", there):
            raise SettingError(f"this process is connected to Ray at {there} already, and so cannot use the one at {masked(address)}")

    def check_room(self, wanted: dict[str, float]) -> None:
        """Raise SettingError if no node could ever run an evaluation that needs so many of Ray's resources, such as {"CPU": 2.0}."""
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        if any(all(node.get(name, 0.0) >= amount for name, amount in wanted.items()) for node in nodes):
            return
        asked = ", ".join(f"{name} {amount:g}" for name, amount in wanted.items() if amount)
        have = "; ".join(", ".join(f"{name} {node.get(name, 0.0):g}" for name in wanted) for node in nodes)
        raise SettingError(f"no node of the Ray cluster has room for one evaluation, which needs {asked}; the nodes have {have}")


def _connect(ray: Any, address: str | None) -> None:
    """Connect to a cluster, or start one of this machine."""
    try:
        with tempfile.TemporaryDirectory(prefix="einspace-ray-") as empty:
            options = {"log_to_driver": False, "logging_level": "ERROR", "runtime_env": _environment(empty)}
            if address is None or address == "local":
                os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
                ray.init("local", include_dashboard=False, **options)
            else:
                _reach(address)
                ray.init(address, **options)
    except Exception as error:  # noqa: BLE001 - Ray raises ConnectionError, RuntimeError, ValueError and more for one and the same
        ray.shutdown()
        if address is None or address == "local":
            raise RunError(f"Ray cannot be started on this machine: {first_line(error)}") from None
        raise RunError(masked(f"there is no Ray cluster at {address}: {first_line(error)}; `ray start --head` starts one")) from None


def _environment(empty: str) -> dict[str, Any] | None:
    """The environment of Ray's workers, whose import path is that of this process.

    Without a working directory Ray puts the current folder before everything else, and a `struct.py` that lies beside the data would be
    run. `empty` takes its place. A job that was submitted to Ray has a working directory already.
    """
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        return None
    return {"working_dir": empty, "env_vars": {"PYTHONPATH": os.pathsep.join(own_path())}}


def own_path() -> list[str]:
    """The folders of this process's import path but for Python's own and those of installed packages, which every node has itself."""
    library = Path(sysconfig.get_path("stdlib"))
    folders = [Path(entry).absolute() for entry in sys.path]
    own = [folder for folder in folders if not folder.is_relative_to(library) and folder.name not in ("site-packages", "dist-packages")]
    return list(dict.fromkeys(str(folder) for folder in own if folder.is_dir()))


def _reach(address: str) -> None:
    """Raise OSError if nobody listens at an address such as "10.0.0.1:6379" or "ray://10.0.0.1:10001"."""
    host, colon, port = address.rpartition("//")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), REACHING).close()
