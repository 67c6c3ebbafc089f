"""Training: SGD with momentum and a cosine to zero (appendix B.1), or as a recipe has it, for data that lie on the device as a whole."""

from collections.abc import Callable, Container
from math import isfinite

import torch
from torch import Tensor, nn

from einspace.evaluation.batches import Batches
from einspace.evaluation.optimisation import Averaged, optimiser_of, schedule_of
from einspace.evaluation.outcome import NotANumber
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.recipe import Recipe


def train(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    recipe: Recipe,
    epochs: int,
    generator: torch.Generator,
    on_epoch: Callable[[int, float], None] | None = None,
    *,
    loss_of: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    augmentation: Augmentation | None = None,
    scored: Container[int] = (),
    stable: bool = False,
) -> list[float]:
    """Train in place on the loss of outputs and labels, and give the mean loss of each epoch.

    Network, samples `x` (N, ...) and targets `y` (N, ...) are on one device; `generator` is on the CPU, shuffles and draws what an
    `augmentation` does to the samples (see `Batches`). The device is waited for once an epoch. `on_epoch(epoch, loss)` is
    called after each epoch, counted from 1; it may leave the network in evaluation mode, and what it raises ends the training. Where the
    recipe averages the weights, the network has the average in the end, and during `on_epoch` too after the epochs that are `scored`. A
    rate that is `stable` is no cosine (see `schedule_of`). Raises NotANumber for a loss that is not finite, and TaskError for fewer than
    two samples.
    """
    batches = Batches(x, y, recipe.batch_size, augmentation)
    optimiser = optimiser_of(network, recipe)
    schedule = schedule_of(optimiser, recipe, epochs * len(batches), stable)
    average = Averaged(network, recipe.averaging) if recipe.averaging else None
    losses: list[float] = []
    for epoch in range(1, epochs + 1):
        network.train()
        total = torch.zeros((), device=x.device)
        for inputs, targets in batches.epoch(generator):
            loss = loss_of(network(inputs), targets)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            if recipe.clip:
                nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            optimiser.step()
            schedule.step()
            if average is not None:
                average.step()
            total += loss.detach() * len(inputs)
        losses.append(float(total) / batches.samples)
        if not isfinite(losses[-1]):
            raise NotANumber(tuple(losses))
        shown = average is not None and (epoch in scored or epoch == epochs)
        had = average.put(batches.epoch(_copy(generator))) if average is not None and shown else []
        if on_epoch is not None:
            on_epoch(epoch, losses[-1])
        if average is not None and shown and epoch < epochs:
            average.restore(had)
    return losses


def _copy(generator: torch.Generator) -> torch.Generator:
    """A copy of a generator, which draws the same numbers and leaves the original as it is."""
    return torch.Generator().set_state(generator.get_state())


def predict(network: nn.Module, x: Tensor, batch_size: int) -> Tensor:
    """Outputs (N, ...) for the samples `x`, on their device and in their order; leaves the network in evaluation mode."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(batch) for batch in torch.split(x, batch_size)])
