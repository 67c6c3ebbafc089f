"""Averages: the windows of a feature that a head averages over, on every device."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


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


def averaged(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """The means of so many windows along the last axis (..., s), or along the last two (..., h, w): (..., *size).

    PyTorch's own pooling of the device mps takes only windows of one length, so others are products with matrices there.
    """
    if isinstance(x, Tensor) and x.device.type == "mps":  # while a network is traced, x is not a tensor
        lengths = x.shape[-len(size) :]
        if any(length % parts for length, parts in zip(lengths, size, strict=True)):
            for axis, (length, parts) in enumerate(zip(lengths, size, strict=True), -len(size)):
                x = (x.transpose(axis, -1) @ x.new_tensor(windows(length, parts).T)).transpose(axis, -1)
            return x
    return functional.adaptive_avg_pool2d(x, size) if len(size) == 2 else functional.adaptive_avg_pool1d(x, size[0])
