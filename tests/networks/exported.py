"""What an exported file has to hold: the outputs of the network that it was made from, at any batch size."""

from collections.abc import Callable, Iterable
from pathlib import Path

import onnxruntime
import torch
from torch import nn

from einspace import Architecture, Classification, Dense, MultiLabel, build
from einspace.networks import Head
from einspace.networks.export import export_file

HEADS: list[Head | None] = [Classification(10), Dense(2, (5, 6)), MultiLabel(3), None]


def trained(architecture: Architecture, head: Head | None) -> nn.Module:
    """A network whose batch norms have seen data."""
    network = build(architecture, head).train()
    if architecture.input.elements > 1:
        network(torch.randn(4, *architecture.input.shape) + 1)
    return network.eval()


def loaded(path: Path, shape: tuple[int, ...]) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network in a file, read by PyTorch or onnxruntime alone."""
    if path.suffix == ".pt2":
        return torch.export.load(path).module()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["batch", *shape]
    return lambda x: torch.from_numpy(session.run(None, {"input": x.numpy()})[0])


NAMES = {"torch": "network.pt2", "onnx": "network.onnx"}
"""The files of programs; an ONNX model, which is translated from a program, takes three times as long to make."""


def check_files(architecture: Architecture, head: Head | None, folder: Path, formats: Iterable[str] = NAMES, optimize: bool = True) -> None:
    """Write the files, and hold what they compute against the network."""
    network = trained(architecture, head)
    for format in formats:
        name = NAMES[format]
        written = export_file(architecture, folder / name, format, head=head, weights_from=network, optimize=optimize)
        assert written.bytes == (folder / name).stat().st_size
        other = loaded(folder / name, architecture.input.shape)
        for batch in (1, 2, 5):
            x = torch.randn(batch, *architecture.input.shape)
            with torch.no_grad():
                expected = network(x)
            scale = max(1.0, float(expected.abs().max()))
            torch.testing.assert_close(other(x), expected, rtol=0, atol=1e-4 * scale)
