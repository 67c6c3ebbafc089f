"""Devices: the devices that workers train on, checked before a worker starts."""

import logging
from collections.abc import Sequence

import torch

from einspace.errors import SettingError
from einspace.quantities import counted

_LOG = logging.getLogger("einspace")


def check_devices(devices: str | Sequence[str]) -> tuple[str, ...]:
    """The devices by their full names, such as "cuda:0"; raises SettingError for one that this machine has not.

    CUDA is asked how many devices there are, but not started in this process.
    """
    names = (devices,) if isinstance(devices, str) else tuple(devices)
    if not names:
        raise SettingError('devices must name at least one, such as "cpu" or "cuda:0"')
    return tuple(_check(name) for name in names)


def share_devices(devices: tuple[str, ...], workers: int) -> list[str]:
    """A device for each worker, in turn; a device that none of them gets is named in the log."""
    taken = [devices[number % len(devices)] for number in range(workers)]
    idle = [device for device in devices if device not in taken]
    if idle:
        said = (counted(workers, "worker"), ", ".join(idle), len(devices))
        _LOG.warning("%s: nothing is trained on %s, for which there must be %s workers", *said)
    return taken


def is_cuda(device: str) -> bool:
    """True if a device has memory of its own that PyTorch can limit."""
    return device.startswith("cuda")


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
