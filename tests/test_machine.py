"""How much of the machine a process may use, read from control groups that the tests write."""

import os
from pathlib import Path

import psutil
import pytest

from einspace import machine

GIB = 2**30


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


TWO = {
    "proc/self/cgroup": "0::/slice/job",
    "sys/fs/cgroup/slice/job/memory.max": "max",
    "sys/fs/cgroup/slice/job/memory.events": "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2",
    "sys/fs/cgroup/slice/memory.max": str(GIB),
    "sys/fs/cgroup/slice/memory.events": "oom_kill 9",
    "sys/fs/cgroup/slice/job/cpu.max": "max 100000",
    "sys/fs/cgroup/slice/cpu.max": "350000 100000",
}
"""Version 2: the group has no limit, but the one that it is in does."""

CONTAINER = {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": str(GIB), "sys/fs/cgroup/cpu.max": "350000 100000"}
CONTAINER["sys/fs/cgroup/memory.events"] = "oom_kill 2"
"""Version 2 from inside of a container, which sees its own group as the root."""

ONE = {
    "proc/self/cgroup": "9:name=systemd:/\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": str(GIB),
    "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "350000",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
}
"""Version 1 from inside of a container, which has the folder of its group as the root, and its path in the host."""

NO_LIMIT = {
    "proc/self/cgroup": "4:memory:/\n1:cpu:/",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    "proc/vmstat": "nr_free_pages 5\noom_kill 2",
}


@pytest.mark.parametrize(
    ("used", "version"),
    [
        ({"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 800\ninactive_file 50"}, "0::/job"),
        ({"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "900", "memory.stat": "total_inactive_file 50"}, "4:memory:/job"),
    ],
)
def test_free_memory(tmp_path: Path, used: dict[str, str], version: str) -> None:
    """What a group may still take, with what it keeps of files, counts where it is less than what the machine has."""
    assert machine.free_memory(tmp_path) > 1000
    folder = "sys/fs/cgroup/job" if version.startswith("0") else "sys/fs/cgroup/memory/job"
    root = write(tmp_path, {"proc/self/cgroup": version} | {f"{folder}/{name}": text for name, text in used.items()})
    assert machine.free_memory(root) == 150


@pytest.mark.parametrize("files", [TWO, CONTAINER, ONE])
def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    """Memory and processors are those of the group or of one that it is in; a quota of 3.5 processors is 3; kills are the group's own."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    root = write(tmp_path, files)
    assert (machine.memory(root), machine.cpus(root), machine.memory_kills(root)) == (GIB, 3, 2)


@pytest.mark.parametrize("files", [NO_LIMIT, {}])
def test_no_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    """Without limits there is what the machine has, to the affinity of the process; kills are the machine's."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5}, raising=False)
    root = write(tmp_path, files)
    assert (machine.memory(root), machine.cpus(root)) == (psutil.virtual_memory().total, 2)
    assert machine.memory_kills(root) == (2 if files else 0)


@pytest.mark.parametrize(("workers", "asked", "count"), [(1, None, 3), (2, None, 1), (8, None, 1), (1, "2", 2), (1, "9,1", 3), (1, "x", 3)])
def test_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, asked: str | None, count: int) -> None:
    """Workers share the processors; OMP_NUM_THREADS may take from that, not add."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert machine.threads(workers, write(tmp_path, TWO)) == count


def test_killed_first(tmp_path: Path) -> None:
    """The score is written where Linux reads it, and where it cannot be nothing happens."""
    machine.prefer_to_kill(write(tmp_path, {"proc/self/oom_score_adj": "0"}))
    assert (tmp_path / "proc/self/oom_score_adj").read_text() == "1000"
    machine.prefer_to_kill(tmp_path / "nothing")
