"""Adaptive average pooling in ONNX, which has no such operation.

PyTorch's exporter writes one addition for each pixel of the largest window, thousands of nodes and minutes of work for the dense head of
a wide feature. The windows of an axis do not depend on those of the other, so pooling is a product with a small matrix on either side.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def windows(size: int, pooled: int) -> NDArray[np.float32]:
    """The matrix (pooled, size) that averages an axis as `torch.nn.AdaptiveAvgPool2d` does: floor(i s / p) to ceil((i + 1) s / p).

    >>> windows(3, 2).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    matrix = np.zeros((pooled, size), np.float32)
    for i in range(pooled):
        start, end = i * size // pooled, -(-(i + 1) * size // pooled)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def adaptive_average(x: Any, output_size: Sequence[int]) -> Any:
    """What takes the place of `aten.adaptive_avg_pool2d` in an ONNX model: (n, c, h, w) to (n, c, *output_size)."""
    import onnx_ir
    from onnxscript import opset18

    rows, columns = (windows(int(size), pooled) for size, pooled in zip(x.shape[-2:], output_size, strict=True))
    constants: list[Any] = [onnx_ir.tensor(matrix) for matrix in (rows, np.ascontiguousarray(columns.T))]
    left, right = (opset18.Constant(value=constant) for constant in constants)
    return opset18.MatMul(opset18.MatMul(left, x), right)
