"""Memory: the limit of each worker, and the bound that makes an allocation fail in a worker before the machine runs out."""

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Literal

import psutil
import torch

from einspace import machine
from einspace.executors.devices import is_cuda

SHARE = 0.9
"""The part of a memory that workers share among them, if they are limited automatically."""

TOP_PAD, TRIM_THRESHOLD, MMAP_MAX = -2, -1, -4
"""Parameters of `mallopt` of the C library of GNU, by their numbers in its `malloc.h`."""

PAD, MOST = 64 * 2**20, 2**31 - 1
"""Bytes by which its heap grows at least, and the largest value of a parameter."""

MemoryLimit = int | Literal["auto"] | None
"""Bytes for each worker; "auto" divides 90% of the memory there is; None is no limit."""


def share_memory(limit: MemoryLimit, devices: Sequence[str], number: int) -> tuple[int | None, float | None]:
    """The memory limit of worker `number`, where the workers have these devices: in bytes, or as a share of a CUDA device's memory.

    How much a device has is known only to a process that has started it.
    """
    if limit != "auto":
        return limit, None
    device = devices[number]
    if is_cuda(device):
        return None, SHARE / devices.count(device)
    return int(SHARE * machine.memory() / len(devices)), None


def limit_memory(device: str, limit: int | None, share: float | None) -> Callable[[], None]:
    """Bound the memory of this process, and return a function that removes the bound.

    On CUDA it is the device's memory, in bytes or as a share; the device becomes the current one, and the bound stays as long as the
    process. Elsewhere it is addresses, in bytes on top of what the process maps now, on Linux alone.
    """
    if is_cuda(device):
        _limit_device(device, limit, share)
    elif limit is not None and sys.platform == "linux":
        return _limit_addresses(limit)
    return lambda: None


def _limit_device(device: str, limit: int | None, share: float | None) -> None:
    torch.cuda.set_device(device)
    if limit is not None:
        share = min(1.0, limit / torch.cuda.get_device_properties(device).total_memory)
    if share is not None:
        torch.cuda.set_per_process_memory_fraction(share, device)


def _limit_addresses(limit: int) -> Callable[[], None]:
    """Bound the addresses of this process, never above a bound that it has already."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [bound for bound in before if bound != resource.RLIM_INFINITY]
    wanted = min([int(psutil.Process().memory_info().vms) + limit, *bounds])
    resource.setrlimit(resource.RLIMIT_AS, (wanted, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_AS, before)


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for later allocations of this process, where it is that of GNU.

    Each step of a training frees its tensors and takes others of the same sizes. The library hands those of over 32 MiB back to the kernel,
    which fills their pages with zeros when the next step takes them.
    """
    for parameter, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, MOST), (TOP_PAD, PAD)):
        _c_library("mallopt", parameter, value)


def return_freed_memory() -> None:
    """Hand the memory that `keep_freed_memory` keeps back to the kernel."""
    _c_library("malloc_trim", 0)


def _c_library(function: str, *arguments: int) -> None:
    """Call a function of the C library of GNU; other libraries need not have it."""
    if sys.platform == "linux":
        called = getattr(ctypes.CDLL(None), function, None)
        if called is not None:
            called(*arguments)
