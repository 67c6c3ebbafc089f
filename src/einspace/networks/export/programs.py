"""Programs: a network as a `torch.export` program and as an ONNX model, both for any batch size."""

import io
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from einspace.errors import ExportError
from einspace.features import Feature
from einspace.networks.export.facts import ENTRY, Facts, properties
from einspace.networks.heads.averages import windows

EXTRA = ("onnx", "onnxscript", "onnxruntime")
"""The packages of the extra `onnx`."""

LARGEST_ONNX = 2 * 2**30
"""Bytes that a single ONNX file holds at most."""


def export_program(network: nn.Module, inputs: Feature, dtype: torch.dtype = torch.float32) -> torch.export.ExportedProgram:
    """Export the network in evaluation mode as a program that takes any number of samples.

    Args:
        network: The network, which is left in evaluation mode.
        inputs: The feature of one sample, (C, H, W) or (S, D).
        dtype: The type of the samples.

    Raises:
        ExportError: A layer depends on data; the message has PyTorch's reason.
    """
    network.eval()
    example = torch.zeros(2, *inputs.shape, dtype=dtype)
    batch = torch.export.Dim("batch", min=1)
    try:
        with _quiet():
            return torch.export.export(network, (example,), dynamic_shapes=({0: batch},))
    except Exception as error:
        raise ExportError(f"the network cannot be exported by torch.export: {_reason(error)}") from error


def program_bytes(program: torch.export.ExportedProgram, facts: Facts | None = None) -> bytes:
    """The content of a .pt2 file, as `torch.export.save` writes it, with the facts as the extra file `einspace.json`."""
    buffer = io.BytesIO()
    with _quiet():
        torch.export.save(program, buffer, extra_files={f"{ENTRY}.json": json.dumps(facts)} if facts else None)
    return buffer.getvalue()


def load_program(content: bytes) -> nn.Module:
    """The network in a .pt2 file."""
    with _quiet():
        module: nn.Module = torch.export.load(io.BytesIO(content)).module()
    return module


def check_onnx(parameters: int) -> None:
    """Raise ExportError where the packages for ONNX are missing, or the weights are more than one file holds."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise ExportError(f"the format onnx needs {', '.join(missing)}: pip install 'einspace[onnx]'")
    if 4 * parameters >= LARGEST_ONNX:
        raise ExportError(f"an ONNX file holds at most 2 GiB, and {parameters:,} parameters are more: use the format torch or safetensors")


def onnx_bytes(program: torch.export.ExportedProgram, facts: Facts | None = None) -> bytes:
    """The content of an .onnx file: input `input` (batch, ...), output `output`, facts as metadata.

    Raises ExportError with the exporter's reason.
    """
    try:
        with _quiet():
            exported = torch.onnx.export(
                program,
                dynamo=True,
                external_data=False,
                verbose=False,
                input_names=["input"],
                output_names=["output"],
                dynamic_shapes=({0: "batch"},),  # the axis is free already: this is its name
                custom_translation_table={torch.ops.aten.adaptive_avg_pool2d.default: _adaptive_average},
            )
            assert exported is not None
            model = exported.model_proto
            for name, text in properties(facts or {}).items():
                model.metadata_props.add(key=name, value=text)
            content: bytes = model.SerializeToString()
    except Exception as error:
        raise ExportError(f"the network cannot be exported to ONNX: {_reason(error)}") from error
    return content


def run_onnx(content: bytes, x: Tensor) -> Tensor:
    """The output of an ONNX model for a batch, by onnxruntime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input": x.numpy()})
    return torch.from_numpy(output)


def _adaptive_average(x: Any, output_size: Sequence[int]) -> Any:
    """A replacement of `aten.adaptive_avg_pool2d` for ONNX, which has no such operation: (n, c, h, w) to (n, c, *output_size).

    PyTorch's exporter writes one addition for each pixel of the largest window, thousands of nodes and minutes of work for the dense head
    of a wide feature. The windows of an axis do not depend on those of the other, so pooling is a product with a small matrix on either
    side.
    """
    import onnx_ir
    from onnxscript import opset18

    rows, columns = (windows(int(size), pooled) for size, pooled in zip(x.shape[-2:], output_size, strict=True))
    constants: list[Any] = [onnx_ir.tensor(matrix) for matrix in (rows, np.ascontiguousarray(columns.T))]
    left, right = (opset18.Constant(value=constant) for constant in constants)
    return opset18.MatMul(opset18.MatMul(left, x), right)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the warnings of PyTorch and onnxscript about their own future and about torchvision."""
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registration.level
    registration.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*LeafSpec", FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(torch|onnx|onnxscript|onnx_ir|google)\b")
            yield
    finally:
        registration.setLevel(level)


def _reason(error: Exception) -> str:
    """The first line of a message that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
