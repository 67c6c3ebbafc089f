"""Weights in safetensors files: tensors by name and nothing that is executed."""

import json
import os
from collections.abc import Mapping
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from einspace.disk.regular import size_of
from einspace.errors import ExportError, NetworkError
from einspace.machine import free_memory
from einspace.networks.export.facts import ENTRY
from einspace.networks.raw import CONSTANTS
from einspace.networks.state import fill_state


def weights(state: Mapping[str, Tensor], notes: Mapping[str, Any] | None = None) -> bytes:
    """The content of a safetensors file with a state dict, and notes as JSON under `einspace` in its header.

    One entry, because the library writes several in an order of chance, and equal weights should be equal files.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    return safetensors.torch.save(tensors, metadata={ENTRY: json.dumps(dict(notes or {}))})


def load_weights(network: nn.Module, path: str | os.PathLike[str]) -> None:
    """Fill a network from a safetensors file, of the plain or of the optimised form of the same architecture.

    The constants of a normalisation (see `networks.raw`) are left aside where the network has no place for them.

    Args:
        network: The network, whose weights are overwritten.
        path: The file.

    Raises:
        NetworkError: Entries are missing, extra or of another shape; they are named.
        ExportError: The file cannot be read.
    """
    asked = network.state_dict().keys()
    tensors = {name: value for name, value in read_state(path).items() if name in asked or name not in CONSTANTS}
    try:
        fill_state(network, tensors)
    except NetworkError as error:
        raise NetworkError(f"{os.fspath(path)}: {error}") from None


def read_state(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name, in no order that means anything; raises ExportError for one that cannot be read."""
    try:
        if size_of(path) > free_memory():
            raise ExportError(f"cannot read weights from {os.fspath(path)}: the file is larger than the memory that is free")
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise ExportError(f"cannot read weights from {os.fspath(path)}: {reason}") from None


def read_notes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The notes in the header of a safetensors file, empty where it has none; raises ExportError for one that cannot be read."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            notes = json.loads((file.metadata() or {}).get(ENTRY, "{}"))
    except (OSError, SafetensorError, ValueError) as error:
        raise ExportError(f"cannot read the header of {os.fspath(path)}: {str(error).splitlines()[0]}") from None
    return notes if isinstance(notes, dict) else {}
