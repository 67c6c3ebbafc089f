"""Optimisation: the optimiser, the schedule of its rate and the average of the weights that a recipe asks for, all of them PyTorch's."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, SequentialLR
from torch.optim.swa_utils import get_ema_multi_avg_fn, update_bn

from einspace.tasks.recipe import Recipe

ADAMW_RATE = 0.04
"""The factor from the learning rate of a recipe, which is that of SGD, to AdamW's: 0.05 becomes 0.002."""

ADAMW_DECAY = 100.0
"""The factor of its weight decay: decoupled from the gradient, 5e-4 becomes 0.05."""

SECOND_BETA = 0.999
"""The second beta of AdamW, which is PyTorch's default; the first one is the momentum of the recipe."""


def optimiser_of(network: nn.Module, recipe: Recipe) -> Optimizer:
    """SGD or AdamW over all weights of a network; AdamW on the CPU as one operation for all of them, for which small networks are faster.

    SGD is the paper's, bit by bit, which that operation is not.
    """
    if recipe.optimizer == "adamw":
        fused = True if all(weight.device.type == "cpu" for weight in network.parameters()) else None
        rate, decay = ADAMW_RATE * recipe.learning_rate, ADAMW_DECAY * recipe.weight_decay
        return AdamW(network.parameters(), lr=rate, betas=(recipe.momentum, SECOND_BETA), weight_decay=decay, fused=fused)
    return SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
    )


DECAY = 0.2
"""The share of the steps over which a rate that was constant decays."""


def schedule_of(optimiser: Optimizer, recipe: Recipe, steps: int, stable: bool = False) -> LRScheduler:
    """The rate of each of `steps` steps: a linear rise over the share `warmup` of them, then a cosine to zero over the others.

    Step number i of a rise over w steps, from 1, has i / (w + 1) of the rate. Where the rate is to be `stable`, it stays as it is after the
    rise, and falls to zero along a line over the last `DECAY` of the steps (warm-up, stable, decay): before these it does not depend on the
    number of steps.
    """
    rising = min(round(recipe.warmup * steps), steps - 1)
    if stable:
        falling = min(max(1, round(DECAY * steps)), steps - rising)
        return LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / (rising + 1), (steps - step) / falling))
    if rising == 0:
        return CosineAnnealingLR(optimiser, T_max=steps)
    rise = LinearLR(optimiser, start_factor=1 / (rising + 1), total_iters=rising)
    return SequentialLR(optimiser, [rise, CosineAnnealingLR(optimiser, T_max=steps - rising)], milestones=[rising])


class Averaged:
    """The exponential moving average of a network's weights over the steps of its training.

    The average starts with the weights after the first step.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._update = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self._weights: list[Tensor] = list(network.parameters())
        self._average: list[Tensor] = []
        self._buffers: list[Tensor] = list(network.buffers())

    @torch.no_grad()
    def step(self) -> None:
        """Take the weights of now into the average."""
        if self._average:
            self._update(self._average, self._weights, len(self._average))
        else:
            self._average = [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def put(self, batches: Iterable[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Give the network the average in place of its weights, and give back what it had, for `restore`.

        The statistics of batch norm are measured anew, over the samples of the batches: those that were gathered in training are of other
        weights. Chance that the network draws meanwhile, for dropout, does not count in the training.
        """
        had = [tensor.detach().clone() for tensor in (*self._weights, *self._buffers)]
        for weight, average in zip(self._weights, self._average, strict=True):
            weight.copy_(average)
        with torch.random.fork_rng([weight.device for weight in self._weights[:1] if weight.is_cuda]):
            update_bn(batches, self._network)
        return had

    @torch.no_grad()
    def restore(self, had: list[Tensor]) -> None:
        """Give the network the weights and the statistics that it trains with."""
        for tensor, value in zip((*self._weights, *self._buffers), had, strict=True):
            tensor.copy_(value)
