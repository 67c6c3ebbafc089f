"""Random architectures as programs and ONNX models."""

from pathlib import Path

import pytest
import torch
from tests.architectures import BULK, SHAPES, sampled
from tests.networks.exported import HEADS, NAMES, check_files

from einspace import Limits

LIMITS = Limits(operations=24, parameters=300_000, activation_bytes=2**21)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(SHAPES)), ids=[str(shape) for shape in SHAPES])
def test_random_architectures_as_program_and_onnx(number: int, tmp_path: Path) -> None:
    """One at each input or more, in both modes, with every head, optimised and plain.

    By turns it is written as a program and as an ONNX model; in bulk, as both.
    """
    torch.manual_seed(0)
    for i, architecture in enumerate(sampled(SHAPES[number], BULK, LIMITS, seed=number)):
        formats = list(NAMES)[number % 2 :: 2] if BULK == 1 else NAMES
        check_files(architecture, HEADS[(i + number) % 4], tmp_path, formats, optimize=(i + number) % 3 > 0)
