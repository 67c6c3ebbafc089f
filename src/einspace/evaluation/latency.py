"""Latency: how long a trained network takes for one sample, on the device that it was trained on."""

from time import perf_counter

import torch
from torch import Tensor, nn

from einspace.evaluation.outcome import first_line

WARM_UP = 3
"""Passes that come first and are not counted."""

PASSES = 30
"""Passes that are counted, at most."""

BUDGET = 0.25
"""Seconds after which no further pass begins; a slower network is measured twice, and the second pass counts."""


def latency(network: nn.Module, sample: Tensor) -> float:
    """Seconds of the fastest of several forward passes of a batch of one, `sample` (1, ...), which lies on the network's device.

    In evaluation mode, without gradients, with the threads that this process has, and until the device is done. The fastest pass is the
    one that was disturbed least by whatever else the machine does. Leaves the network in evaluation mode; raises what the network raises.
    """
    network.eval()
    start = perf_counter()
    seconds: list[float] = []
    with torch.no_grad():
        for number in range(1, WARM_UP + PASSES + 1):
            _wait_for(sample.device)
            begun = perf_counter()
            network(sample)
            _wait_for(sample.device)
            seconds.append(perf_counter() - begun)
            if number > 1 and perf_counter() - start > BUDGET:
                break
    return min(seconds[min(WARM_UP, len(seconds) - 1) :])


def measured(network: nn.Module, sample: Tensor) -> tuple[float | None, str]:
    """The latency, or None and one line with the reason: a network that was trained on batches may fail on a single sample."""
    try:
        return latency(network, sample), ""
    except (RuntimeError, MemoryError) as error:
        return None, f"the latency was not measured: {first_line(error)}"


def _wait_for(device: torch.device) -> None:
    """Wait until an accelerator has done its work, which runs asynchronously."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
