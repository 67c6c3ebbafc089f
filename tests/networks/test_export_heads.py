"""Heads with a grid and dropout in exported files: they compute what the network computes, in every format."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.architectures import BULK
from tests.networks.exported import NAMES, check_files, trained

from einspace import Classification, EinSpace, MultiLabel, Regression
from einspace.networks import Head
from einspace.networks.export import export_file, load_source, source

TEXTS = {(3, 9, 8): "[[im2col(k=3,s=1,p=1) linear(d=8) col2im] [norm relu]]", (7, 5): "[linear(d=6) relu]"}
HEADS: list[Head] = [Classification(4), Classification(4, pool="paper"), MultiLabel(3), Regression(2)]


@pytest.mark.parametrize("shape", TEXTS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("grid", [1, 2, 4])
@pytest.mark.parametrize("head", HEADS)
def test_source_has_the_grid(head: Head, grid: int, dropout: float, shape: tuple[int, ...], tmp_path: Path) -> None:
    """The same outputs bit by bit, of as many parameters as the file says."""
    architecture = EinSpace(shape).parse(TEXTS[shape])
    changed = replace(head, grid=grid, dropout=dropout)  # type: ignore[type-var]
    network = trained(architecture, changed)
    standalone = load_source(source(architecture, changed)).eval()
    standalone.load_state_dict(network.state_dict())
    x = torch.randn(3, *shape)
    assert torch.equal(standalone(x), network(x))
    written = export_file(architecture, tmp_path / "network.py", "source", head=changed)
    assert written.parameters == sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "head", "name"),
    [
        ((3, 9, 8), Classification(4, grid=2, dropout=0.3), "onnx"),
        ((3, 9, 8), Regression(2, grid=4), "torch"),
        ((7, 5), MultiLabel(3, grid=4, dropout=0.3), "onnx"),
        ((7, 5), Classification(4, pool="paper", grid=2), "torch"),
    ],
)
def test_programs_and_onnx_have_the_grid(shape: tuple[int, ...], head: Head, name: str, tmp_path: Path) -> None:
    """Windows of unequal sizes, in both modes, for any batch; in bulk, every head in both formats."""
    torch.manual_seed(0)
    check_files(EinSpace(shape).parse(TEXTS[shape]), head, tmp_path, [name] if BULK == 1 else NAMES)
