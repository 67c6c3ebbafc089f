"""Training: SGD with momentum and a cosine to zero (appendix B.1), for data that lie on the device as a whole."""

from collections.abc import Callable
from math import isfinite

import torch
from torch import Tensor, nn

from einspace.errors import TaskError
from einspace.evaluation.outcome import NotANumber
from einspace.tasks.recipe import Recipe


def train(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    recipe: Recipe,
    epochs: int,
    generator: torch.Generator,
    on_epoch: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train in place with cross-entropy and give the mean loss of each epoch.

    Network, samples `x` (N, ...) and labels `y` (N,) are on one device; `generator` is on the CPU and shuffles. The device is waited for
    once an epoch. A last batch of a single sample is left out: batch norm on a 1 x 1 image cannot take it. `on_epoch(epoch, loss)` is
    called after each epoch, counted from 1; it may leave the network in evaluation mode, and what it raises ends the training. Raises
    NotANumber for a loss that is not finite, and TaskError for fewer than two samples.
    """
    starts = [start for start in range(0, len(x), recipe.batch_size) if len(x) - start > 1]
    if not starts:
        raise TaskError(f"training needs two samples or more, not {len(x)}")
    optimiser = torch.optim.SGD(network.parameters(), lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs * len(starts))
    losses: list[float] = []
    for epoch in range(1, epochs + 1):
        network.train()
        order = torch.randperm(len(x), generator=generator).to(x.device)
        total = torch.zeros((), device=x.device)
        for start in starts:
            batch = order[start : start + recipe.batch_size]
            loss = nn.functional.cross_entropy(network(x[batch]), y[batch])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += loss.detach() * len(batch)
        trained = min(len(x), starts[-1] + recipe.batch_size)
        losses.append(float(total) / trained)
        if not isfinite(losses[-1]):
            raise NotANumber(tuple(losses))
        if on_epoch is not None:
            on_epoch(epoch, losses[-1])
    return losses


def predict(network: nn.Module, x: Tensor, batch_size: int) -> Tensor:
    """Outputs (N, ...) for the samples `x`, on their device and in their order; leaves the network in evaluation mode."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(batch) for batch in torch.split(x, batch_size)])
