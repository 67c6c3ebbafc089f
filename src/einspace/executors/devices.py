"""Devices: which ones the workers train on, checked before any of them starts."""

from collections.abc import Sequence
from typing import Literal

import psutil
import torch

from einspace.errors import SettingError

SHARE = 0.9
"""The part of a memory that workers share among them, if they are limited automatically."""

MemoryLimit = int | Literal["auto"] | None
"""Bytes for each worker; "auto" divides 90% of the memory there is; None is no limit."""


def check_devices(devices: str | Sequence[str]) -> tuple[str, ...]:
    """The devices by their full names, such as "cuda:0"; raises SettingError for one that this machine has not.

    CUDA is asked how many devices there are, but not started in this process.
    """
    names = (devices,) if isinstance(devices, str) else tuple(devices)
    if not names:
        raise SettingError('devices must name at least one, such as "cpu" or "cuda:0"')
    return tuple(_check(name) for name in names)


def share_devices(devices: tuple[str, ...], workers: int) -> list[str]:
    """A device for each worker, in turn."""
    return [devices[number % len(devices)] for number in range(workers)]


def share_memory(limit: MemoryLimit, devices: Sequence[str | None], number: int) -> tuple[int | None, float | None]:
    """The memory limit of one of the workers, whose devices these are: in bytes, or as a share of a CUDA device's memory.

    How much a device has is known only to a process that has started it.
    """
    if limit != "auto":
        return limit, None
    device = devices[number]
    if is_cuda(device):
        return None, SHARE / devices.count(device)
    return int(SHARE * psutil.virtual_memory().total / len(devices)), None


def is_cuda(device: str | None) -> bool:
    """Whether it has memory of its own that PyTorch can limit."""
    return device is not None and device.startswith("cuda")


def limit_device_memory(device: str, limit: int | None, share: float | None) -> None:
    """In a worker: make a CUDA device the current one, and bound what this process may take of its memory."""
    torch.cuda.set_device(device)
    if limit is not None:
        share = min(1.0, limit / torch.cuda.get_device_properties(device).total_memory)
    if share is not None:
        torch.cuda.set_per_process_memory_fraction(share, device)


def _check(name: str) -> str:
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        raise SettingError(f'a device is named such as "cpu", "cuda:0" or "mps", not {name!r}') from None
    if device.type == "cuda":
        count = torch.cuda.device_count()
        number = device.index or 0
        if number < count:
            return f"cuda:{number}"
        have = "none" if count == 0 else "cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        raise SettingError(f"there is no device {name!r} on this machine; of CUDA devices it has {have}")
    if device.type == "cpu" and not device.index:
        return "cpu"
    if device.type == "mps" and not device.index and torch.backends.mps.is_available():
        return "mps"
    raise SettingError(f"there is no device {name!r} on this machine that a network can be trained on")
