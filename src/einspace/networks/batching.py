"""Whether branches run faster batched is measured, on the device and at the batch size that count."""

import time
from statistics import median

import torch
from torch import Tensor, nn

from einspace.networks.emit import build
from einspace.networks.heads import Head
from einspace.space import Architecture

STEPS, UNCOUNTED = 7, 2
"""Steps of each form, and how many of them only warm up."""


def batching_pays(architecture: Architecture, x: Tensor, head: Head | None = None) -> bool:
    """Whether forward and backward pass on this batch are faster with `batch_branches`: medians of steps of both forms in turn."""
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
