"""Export: a network into a file that was checked against it before it is written."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from einspace.errors import ExportError, SettingError, UnknownNameError
from einspace.features import Feature
from einspace.networks.emit import build
from einspace.networks.export.facts import Facts
from einspace.networks.export.files import check_target, write_file
from einspace.networks.export.programs import check_onnx, export_program, load_program, onnx_bytes, program_bytes, run_onnx
from einspace.networks.export.source import load_source, source
from einspace.networks.export.weights import load_weights, weights
from einspace.networks.heads import Head
from einspace.networks.raw import RawNetwork
from einspace.networks.state import convert_state
from einspace.space import Architecture

FORMATS = {
    "source": "one Python file that imports torch only, without weights",
    "torch": "a torch.export program (.pt2) with weights",
    "onnx": "an ONNX model with weights; needs the extra onnx",
    "safetensors": "the weights alone, by name",
}
"""Every format, with a description in words."""

SUFFIXES = {"source": ".py", "torch": ".pt2", "onnx": ".onnx", "safetensors": ".safetensors"}
"""The end of a file's name by format."""

Around = Callable[[nn.Module], RawNetwork]
"""Puts the normalisation of raw samples around a network, as `Preprocessing.around` does."""

BATCHES = (1, 3)
"""Batch sizes that a file is checked with."""

TOLERANCE = 1e-4
"""Largest difference of the outputs of a program or an ONNX model from ours, in parts of the largest of ours, or of 1 if that is more."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Args:
        path: The file.
        format: One of `FORMATS`.
        bytes: Its size in bytes.
        sha256: Its SHA-256, in hexadecimal.
        parameters: Trainable parameters of the network with its head.
    """

    path: Path
    format: str
    bytes: int
    sha256: str
    parameters: int


def export_file(
    architecture: Architecture,
    path: str | os.PathLike[str],
    format: str,
    *,
    head: Head | None = None,
    weights_from: str | os.PathLike[str] | nn.Module | None = None,
    seed: int = 0,
    optimize: bool = True,
    around: Around | None = None,
    facts: Facts | None = None,
) -> Exported:
    """Write an architecture with its head in one of `FORMATS`, for any batch size and in evaluation mode.

    Before the file is written, its content is read back and run on random inputs beside the network: source must give the same outputs
    bit by bit, a program and ONNX up to `TOLERANCE`. The file is written whole or not at all.

    Args:
        architecture: The backbone.
        path: The file.
        format: One of `FORMATS`.
        head: The head that is put behind the backbone.
        weights_from: A safetensors file or another network of the same architecture, whose weights are taken; None: fresh weights.
        seed: Decides fresh weights.
        optimize: Whether the graph is simplified and faster; otherwise the network has one module per operation, as derived.
        around: Puts the normalisation around the network, so that the file takes raw samples and gives predictions in the targets' units.
            Its constants are in the file, in `safetensors` under names of their own beside the weights, in `source` as buffers.
        facts: JSON values by name, which are written into the metadata of an ONNX model, the header of a safetensors file, the docstring of
            a source, and beside a program as `einspace.json`.

    Raises:
        ExportError: The target cannot be written, an extra is missing, or a format cannot hold a layer.
        NetworkError: The weights or the head do not fit.
        SettingError: A source is asked for with weights, which it cannot hold.
        UnknownNameError: There is no such format.
    """
    target = Path(path)
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    if format == "source" and weights_from is not None:
        raise SettingError("a source file holds no weights: write them with the format safetensors, and load them into its Network")
    check_target(target)
    if format == "onnx":
        check_onnx(architecture.parameters)
    if head is not None:
        head.output(architecture.output)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(architecture, head, optimize).eval()
        if isinstance(weights_from, nn.Module):
            convert_state(weights_from, network)
        elif weights_from is not None:
            load_weights(network, weights_from)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        whole = network if around is None else around(network).eval()
        content = _content(architecture, whole, format, head, optimize, around, facts or {})
    write_file(target, content)
    return Exported(target, format, len(content), hashlib.sha256(content).hexdigest(), parameters)


def _content(
    architecture: Architecture, network: nn.Module, format: str, head: Head | None, optimize: bool, around: Around | None, facts: Facts
) -> bytes:
    """The content of the file, checked."""
    inputs = architecture.input
    if format == "safetensors":
        notes = {"architecture": str(architecture), "input": ",".join(map(str, inputs.shape)), "head": str(head), **facts}
        content = weights(_state(network), notes)
        stored = safetensors.torch.load(content)
        if any(not torch.equal(value.nan_to_num(), stored[name].nan_to_num()) for name, value in _state(network).items()):
            raise ExportError("the weights do not come back as they were written")
        return content
    if format == "source":
        text = source(architecture, head, optimize, around, facts)
        other = load_source(text).eval()
        other.load_state_dict(_state(network))
        _compare(network, other, inputs, 0.0, "source")
        return text.encode()
    program = export_program(network, inputs, network.dtype if isinstance(network, RawNetwork) else torch.float32)
    if format == "torch":
        content = program_bytes(program, facts)
        _compare(network, load_program(content), inputs, TOLERANCE, "program")
        return content
    content = onnx_bytes(program, facts)
    _compare(network, lambda x: run_onnx(content, x), inputs, TOLERANCE, "ONNX model")
    return content


def _state(network: nn.Module) -> Mapping[str, Tensor]:
    """All tensors of a file, under the names that they have in the network alone."""
    return network.flat_state() if isinstance(network, RawNetwork) else network.state_dict()


def _compare(network: nn.Module, other: Callable[[Tensor], Tensor], inputs: Feature, tolerance: float, what: str) -> None:
    """Run both; raises ExportError where they differ. Predictions in the targets' units are compared in deviations of these."""
    for batch in BATCHES:
        x = torch.randn(batch, *inputs.shape)
        raw = network if isinstance(network, RawNetwork) else None
        with torch.no_grad():
            x = x if raw is None else raw.before(x)
            ours, theirs = network(x), other(x)
            if raw is not None and ours.shape == theirs.shape:
                ours, theirs = raw.inside(ours), raw.inside(theirs)
        scale = max(1.0, float(ours.abs().nan_to_num(0.0, 0.0, 0.0).max()))
        same = torch.isclose(ours, theirs, rtol=0.0, atol=tolerance * scale, equal_nan=True) if ours.shape == theirs.shape else None
        if same is None or not bool(same.all()):
            raise ExportError(f"the {what} does not compute what the network computes, so it was not written")
