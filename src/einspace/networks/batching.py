"""Batching measured: whether a network runs faster with batched branches, on its device and at its batch size."""

import time
from statistics import median

import torch
from torch import Tensor, nn

from einspace.networks.emit import build
from einspace.networks.heads import Head
from einspace.space import Architecture

STEPS, UNCOUNTED = 7, 2
"""Steps of each form, and the first of them, which only warm up."""


def batching_pays(architecture: Architecture, x: Tensor, head: Head | None = None) -> bool:
    """True if a forward and backward pass on this batch is faster with `batch_branches`, by medians of alternating steps of both forms."""
    graphs = architecture.graph(), architecture.graph(batch_branches=True)
    if graphs[0] == graphs[1]:
        return False
    forms = [build(architecture, head, batch_branches=batched).to(x.device) for batched in (False, True)]
    seconds = [[_step(network, x) for network in forms] for _ in range(STEPS)][UNCOUNTED:]
    separate, batched = (median(column) for column in zip(*seconds, strict=True))
    return bool(batched < separate)


def _step(network: nn.Module, x: Tensor) -> float:
    _wait(x.device)
    start = time.perf_counter()
    result = network(x)
    if result.requires_grad:
        result.sum().backward()
    _wait(x.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
