"""Weights in safetensors files: tensors by name and nothing that is executed."""

import json
import os
from collections.abc import Mapping

import psutil
import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import nn

from einspace.errors import ExportError, NetworkError
from einspace.networks.state import fill_state
from einspace.regular import size_of


def weights(network: nn.Module, notes: Mapping[str, str] | None = None) -> bytes:
    """The content of a safetensors file with the state dict of a network, and notes as JSON under `einspace` in its header.

    One entry, because the library writes several in an order of chance, and equal weights should be equal files.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    return safetensors.torch.save(tensors, metadata={"einspace": json.dumps(dict(notes or {}))})


def load_weights(network: nn.Module, path: str | os.PathLike[str]) -> None:
    """Fill a network from a safetensors file, of the plain or of the optimised form of the same architecture.

    Raises NetworkError that names missing, extra and mis-shaped entries, and ExportError for a file that cannot be read.
    """
    try:
        if size_of(path) > psutil.virtual_memory().available:
            raise ExportError(f"cannot read weights from {os.fspath(path)}: the file is larger than the memory that is free")
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ExportError(f"cannot read weights from {os.fspath(path)}: {reason}") from None
    try:
        fill_state(network, tensors)
    except NetworkError as error:
        raise NetworkError(f"{os.fspath(path)}: {error}") from None
