"""Machine: how many processors and how much memory this process may use, which in a container is less than there is."""

import os
from collections.abc import Iterator
from math import inf
from pathlib import Path

import psutil

ROOT = Path("/")


def threads(workers: int, root: Path = ROOT) -> int:
    """Threads for each of some workers: their share of the processors, no more than OMP_NUM_THREADS."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    share = max(1, cpus(root) // workers)
    return min(share, int(asked)) if asked.isdigit() and int(asked) > 0 else share


def cpus(root: Path = ROOT) -> int:
    """Processors that this process may use: its affinity and the quota of its control groups, 1 or more."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas: list[float] = []
    for folder in _groups(root, "cpu"):
        quota, *period = _words(folder / "cpu.max") or _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us") or ["max"]
        if quota.isdigit() and period and int(period[0]) > 0:  # "max" and "-1" are not quotas
            quotas.append(int(quota) / int(period[0]))
    return max(1, int(min([count, *quotas])))


def memory(root: Path = ROOT) -> int:
    """Bytes that this process and its children may use: those of the machine, or the limit of a control group."""
    limits: list[float] = [psutil.virtual_memory().total]
    for folder in _groups(root, "memory"):
        words = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        limits.append(int(words[0]) if words and words[0].isdigit() else inf)
    return int(min(limits))


def free_memory(root: Path = ROOT) -> int:
    """Bytes that this process can still take: those that the machine has available, or what is left of a control group's limit.

    What a group keeps of files that were not used lately is given back when it is needed.
    """
    free = [int(psutil.virtual_memory().available)]
    for folder in _groups(root, "memory"):
        limit = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        used = _words(folder / "memory.current") or _words(folder / "memory.usage_in_bytes")
        if limit and limit[0].isdigit() and used and used[0].isdigit():
            kept = _words(folder / "memory.stat")
            idle = next((int(kept[kept.index(name) + 1]) for name in ("total_inactive_file", "inactive_file") if name in kept), 0)
            free.append(max(0, int(limit[0]) - int(used[0]) + idle))
    return min(free)


def memory_kills(root: Path = ROOT) -> int:
    """The number of processes that the kernel killed because memory ran out: in this process's control group, else on the machine."""
    for folder in _groups(root, "memory"):
        for name in ("memory.events", "memory.oom_control"):
            words = _words(folder / name)
            if "oom_kill" in words:
                return int(words[words.index("oom_kill") + 1])
    words = _words(root / "proc/vmstat")
    return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0


def prefer_to_kill(root: Path = ROOT) -> None:
    """Let the kernel kill this process before others when memory runs out."""
    try:
        (root / "proc/self/oom_score_adj").write_text("1000")
    except OSError:
        return  # not Linux, or not allowed


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control groups that have a controller, version 2 or 1, each followed by those that it is in."""
    for line in _lines(root / "proc/self/cgroup"):
        _, names, path = line.split(":", 2)
        mounts = [name for name in ("", "unified") if not names] or [names, controller] * (controller in names.split(","))
        for mount in mounts:
            inside = Path(path.lstrip("/"))
            for folder in dict.fromkeys([inside, *inside.parents]):
                yield root / "sys/fs/cgroup" / mount / folder


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()
